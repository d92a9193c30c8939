"""Watches the ranks of one machine, says which of them died first, and ends the others.

Started by `watching`; it imports nothing of the package, and ends with the ranks.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import sys
import time

PATIENCE = 2.0  # seconds that the launcher has for ending the other ranks


def ranks_of(listening: socket.socket, count: int) -> dict[int, tuple[int, int, socket.socket]]:
    """Return rank, process and connection of all ranks, by file number."""
    found = {}
    listening.settimeout(60)
    for _ in range(count):
        connection, _ = listening.accept()
        line = b""
        while not line.endswith(b"\n"):
            part = connection.recv(1)
            if not part:
                break
            line += part
        rank, process = map(int, line.split() or (-1, 0))
        found[connection.fileno()] = rank, process, connection
    return found


def first_dead(ranks: dict[int, tuple[int, int, socket.socket]]) -> tuple[int, str] | None:
    """Wait until a rank dies; return its file number and what happened; None if all leave well."""
    epoll = select.epoll()
    for number in ranks:
        epoll.register(number, select.EPOLLIN)
    left = set(ranks)
    while left:
        for number, _ in epoll.poll(maxevents=1):  # what happened first comes first
            try:
                said = ranks[number][2].recv(16)
            except OSError:
                said = b""
            if not said:
                return number, "has died"
            if said == b"cut":
                return number, "was interrupted in the middle of an exchange"
            epoll.unregister(number)
            left.discard(number)
    return None


def alive(connection: socket.socket) -> bool:
    """Whether a rank holds its connection still."""
    connection.setblocking(False)
    try:
        return bool(connection.recv(16))
    except BlockingIOError:
        return True
    except OSError:
        return False


def main() -> None:
    """Watch the ranks that connect to the socket named on the command line."""
    number, count, host, path = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
    out = os.open(path, os.O_WRONLY | os.O_APPEND) if path else 2
    ranks = ranks_of(socket.socket(fileno=number), count)
    dead = first_dead(ranks)
    if dead is None:
        return
    number, happened = dead
    rank, process, _ = ranks.pop(number)
    with contextlib.suppress(OSError):
        os.write(
            out,
            f"nn.distributed: rank {rank} (process {process} on {host}) {happened}, and the other "
            "ranks end with it. A training with a checkpoint goes on from there when it is started "
            "again.\n".encode(),
        )
    os.close(out)
    last = time.monotonic() + PATIENCE
    while time.monotonic() < last and any(alive(c) for _, _, c in ranks.values()):
        time.sleep(0.02)
    for _, other, connection in ranks.values():
        if alive(connection):
            with contextlib.suppress(OSError):
                os.kill(other, signal.SIGKILL)


if __name__ == "__main__":
    main()
