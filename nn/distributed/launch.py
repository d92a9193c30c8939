"""How this process was started: alone, or by MPI as one of several."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

from autograd_core import UnsupportedError

from ..errors import MissingExtraError
from .alone import ALONE, FOUND, Alone
from .group import Group

# What mpiexec tells each process: MPICH and what is derived from it, Open MPI, MVAPICH.
_SIZES = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE")
# Seconds after which a rank that waits for the others to begin says so, and ends.
_TIMES = {"NN_RANKS_SAY_AFTER": 15, "NN_RANKS_END_AFTER": 600}
_RANKS = ("PMI_RANK", "OMPI_COMM_WORLD_RANK", "MV2_COMM_WORLD_RANK", "PMIX_RANK")


def started_by_mpi() -> bool:
    """Whether mpiexec has started this process, as the environment tells."""
    return any(name in os.environ for name in _RANKS)


def world() -> Alone:
    """Return the group of all processes that were started together.

    MPI is initialized on the first call, if mpiexec has started this process or the script has
    imported mpi4py itself.

    Raises
    ------
    MissingExtraError
        If mpiexec has started several processes, and mpi4py is not installed.
    UnsupportedError
        If mpi4py belongs to another MPI than mpiexec: each process would train alone.
    """
    if not FOUND:
        FOUND.append(_world())
    return FOUND[0]


def _world() -> Alone:
    if not started_by_mpi() and "mpi4py.MPI" not in sys.modules:
        return ALONE
    size = next((int(os.environ[name]) for name in _SIZES if name in os.environ), None)
    try:
        with _patience(size):
            mpi: Any = import_module("mpi4py.MPI")
            return group_of(mpi, size)
    except ImportError as error:
        if size == 1:
            return ALONE
        raise MissingExtraError(
            f"nn.distributed: mpiexec has started {size or 'several'} processes, but mpi4py cannot "
            f"be imported ({error}), so each would train alone. Install the extra: "
            "pip install 'autograd-core[mpi]', or start the script without mpiexec."
        ) from error


@contextmanager
def _patience(size: int | None) -> Iterator[None]:
    """Say it when other ranks do not come, and end when they never do.

    mpiexec does not notice a process that fails before it has begun with MPI, and the others would
    wait for it for ever, inside of MPI.
    """
    rank = next((os.environ[name] for name in _RANKS if name in os.environ), "?")
    who = f"rank {rank} of {size or 'several'}"
    times = [str(os.environ.get(name, default)) for name, default in _TIMES.items()]
    file = str(Path(__file__).with_name("patience.py"))
    try:
        waiting = subprocess.Popen(
            [sys.executable, "-S", "-E", file, who, str(os.getpid()), *times],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
        )
    except OSError:  # then nobody says it
        yield
        return
    try:
        yield
    finally:
        with waiting:  # its input ends, and so does it
            pass


def group_of(mpi: Any, size: int | None) -> Alone:
    """Return the group of MPI's world, which must have as many processes as mpiexec said."""
    world = mpi.COMM_WORLD
    if size is not None and world.size != size:
        raise UnsupportedError(
            f"nn.distributed: mpiexec has started {size} processes, but mpi4py's MPI "
            f"({mpi.Get_library_version().splitlines()[0].strip()}) sees {world.size}, so each "
            "would train alone. mpiexec and mpi4py belong to two MPI libraries: use the mpiexec "
            "that was installed beside mpi4py (in a virtual environment, its bin/mpiexec)."
        )
    return Group(mpi, world) if world.size > 1 else ALONE


def get_rank() -> int:
    """Return this process's number, from 0; 0 if it is alone.

    Returns
    -------
    int

    Examples
    --------
    >>> get_rank()
    0
    """
    return world().rank


def get_world_size() -> int:
    """Return how many processes train together; 1 if this one is alone.

    Returns
    -------
    int

    Examples
    --------
    >>> get_world_size()
    1
    """
    return world().size


def is_main_process() -> bool:
    """Return whether this is rank 0: the process that prints and writes files.

    Returns
    -------
    bool

    Examples
    --------
    >>> if is_main_process():
    ...     print("once")
    once
    """
    return world().is_main
