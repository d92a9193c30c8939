"""Says it when the other ranks do not come to MPI, and ends this one when they never do.

Started by `launch` as a process of its own, since MPI's beginning lets no other thread run.  It
imports nothing of the package, and ends when its standard input does.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys


def main() -> None:
    """Wait: for the rank named on the command line, its process, and two times in seconds."""
    who, process, said_after, ended_after = sys.argv[1], *map(float, sys.argv[2:5])
    if select.select([0], [], [], said_after)[0]:
        return
    sys.stderr.write(
        f"nn.distributed: {who} waits for the others to come to nn.distributed; did one of them "
        "fail before?\n"
    )
    sys.stderr.flush()
    if select.select([0], [], [], ended_after - said_after)[0]:
        return
    sys.stderr.write(f"nn.distributed: {who} has waited for {ended_after:.0f} seconds and ends.\n")
    sys.stderr.flush()
    with contextlib.suppress(OSError):
        os.kill(int(process), signal.SIGTERM)


if __name__ == "__main__":
    main()
