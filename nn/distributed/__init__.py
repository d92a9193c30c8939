"""Training on several processes, which MPI starts: ``mpiexec -n 4 python train.py``.

Each process, a *rank*, runs the whole script on its share of each batch. `nn.DataParallel` averages
the gradients, so that all of them do the same update. Without mpiexec the same script runs alone.
"""

from .collectives import all_gather, all_reduce, barrier
from .launch import get_rank, get_world_size, is_main_process
from .parallel import DataParallel
from .shards import shard
from .sync_batch_norm import SyncBatchNorm

__all__ = [
    "DataParallel",
    "SyncBatchNorm",
    "all_gather",
    "all_reduce",
    "barrier",
    "get_rank",
    "get_world_size",
    "is_main_process",
    "shard",
]


def __dir__() -> list[str]:
    return sorted(__all__)
