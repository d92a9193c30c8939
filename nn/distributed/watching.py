"""Who has died: a small process on each machine to which all ranks there are connected.

MPI's launcher kills all ranks within milliseconds when one dies, and some launchers say only which
process it was.  No rank has the time to say more, so somebody else must: `watchman`, a process of
its own.  A rank that dies closes its connection; which one was closed first, epoll tells.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

_LAUNCHERS = ("mpiexec", "mpirun", "orterun", "prterun", "hydra_pmi_proxy")


class Watched:
    """A rank's connection to the watchman of its machine; nothing where there can be none.

    Parameters
    ----------
    mpi : module
        ``mpi4py.MPI``.
    comm : Comm
        All ranks; they start one watchman on each machine together.
    """

    def __init__(self, mpi: Any, comm: Any) -> None:
        self._socket: socket.socket | None = None
        machine = comm.Split_type(mpi.COMM_TYPE_SHARED, key=comm.rank)
        folder = ""
        if machine.rank == 0 and hasattr(select, "epoll") and hasattr(socket, "AF_UNIX"):
            with contextlib.suppress(OSError):
                folder = _start(machine.size)
        folder = machine.bcast(folder)
        if folder:
            with contextlib.suppress(OSError):
                self._socket = socket.socket(socket.AF_UNIX)
                self._socket.connect(os.path.join(folder, "watchman"))
                self._socket.sendall(f"{comm.rank} {os.getpid()}\n".encode())
        machine.Barrier()  # all are connected: the place can be removed
        if machine.rank == 0 and folder:
            shutil.rmtree(folder, ignore_errors=True)
        machine.Free()

    def leave(self, interrupted: bool = False) -> None:
        """Say that this rank ends now, and not by an accident; or that others wait for it."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.sendall(b"cut" if interrupted else b"bye")
            self._socket.close()
            self._socket = None


def _start(ranks: int) -> str:
    """Start a watchman for so many ranks; return the folder of its socket."""
    folder = tempfile.mkdtemp(prefix="ranks-")
    try:
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(os.path.join(folder, "watchman"))
            listening.listen(ranks)
            said = _launchers_stderr()
            subprocess.Popen(
                [
                    sys.executable, "-S", "-E", str(Path(__file__).with_name("watchman.py")),
                    str(listening.fileno()), str(ranks), socket.gethostname(), said,
                ],
                pass_fds=[listening.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL if said else None,
                start_new_session=True,  # the launcher does not end it with the ranks
            )  # fmt: skip
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return folder


def _launchers_stderr() -> str:
    """Return the path of the launcher's standard error, which is open after the ranks' are not."""
    found, process = "", os.getpid()
    with contextlib.suppress(OSError, ValueError):
        while process > 1:
            name, _, rest = Path(f"/proc/{process}/stat").read_text().rpartition(")")
            if any(launcher in name for launcher in _LAUNCHERS):
                found = f"/proc/{process}/fd/2"
            process = int(rest.split()[1])
    return found if os.access(found, os.W_OK) else ""
