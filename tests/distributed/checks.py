"""Checks that run on all ranks of one mpiexec, since starting processes takes longer than they do.

    mpiexec -n 2 python tests/distributed/checks.py REPORT FOLDER [check ...]

writes to REPORT, for each check and rank, the traceback or nothing.  What one process would compute
with the whole batch is computed by each rank beside it.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import traceback
from importlib import import_module
from pathlib import Path

import harness
import numpy as np

import nn
from nn.distributed import launch

MODULES = ("checks_gradients", "checks_statistics", "checks_training", "checks_errors")


def main():
    comm = import_module("mpi4py.MPI").COMM_WORLD
    nn.set_default_dtype(np.float64)
    harness.FOLDER = Path(sys.argv[2])
    for name in MODULES:
        import_module(name)
    report = {}
    for name in sys.argv[3:] or list(harness.CHECKS):
        harness.renewed()
        try:
            harness.CHECKS[name]()
            text, what = "", "has finished the check"
        except BaseException as error:
            text, what = traceback.format_exc(), f"has failed with {error!r}"
        try:
            launch.world().agree(what)
        except nn.DistributedError:
            if name not in harness.BREAKING and not text:
                text = traceback.format_exc()
        found = comm.gather(text)
        if comm.rank == 0:
            report[name] = found
            Path(sys.argv[1]).write_text(json.dumps(report))
    sys.stdout.flush()
    comm.Barrier()
    os._exit(0)  # some checks have left messages behind that nobody receives


if __name__ == "__main__":
    if "STACKS" in os.environ:
        faulthandler.dump_traceback_later(float(os.environ["STACKS"]))
    main()
