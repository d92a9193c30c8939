"""What must not hang: ranks that differ, fail or do something else end in an error of all."""

from __future__ import annotations

import os

import harness
import numpy as np
from harness import check, data, mine, network, raises, renewed, trainer

import nn
from nn.distributed import DataParallel, all_reduce, launch


@check
def models_that_differ():
    rank = launch.get_rank()
    for make, words in (
        (lambda: nn.Linear(3 + rank, 2), ("weight, shape (2, 3)", "weight, shape (2, 4)")),
        (lambda: nn.Linear(3, 2, dtype="f4" if rank else "f8"), ("float32", "float64")),
        (lambda: nn.Linear(3, 2, bias=rank == 0), ("bias, shape (2,)", "nothing more")),
        (lambda: (nn.ReLU if rank else nn.Tanh)(), ("wraps a ReLU", "wraps a Tanh")),
    ):
        group = renewed()
        text = raises(nn.DistributedError, lambda make=make: DataParallel(make()), *words)
        assert "rank 0" in text
        assert "1" in text
        assert "checks_errors.py" in text
        raises(nn.DistributedError, lambda group=group: group.sum(np.ones(1)), *words)


@check
def ranks_that_do_different_things():
    x, y = data()
    rank = launch.get_rank()

    def sweep(ranks, again=1):
        for _ in range(again):
            nn.CrossEntropyLoss()(ranks(mine(x)), mine(y)).backward()

    def more_batches():
        ranks = DataParallel(network())
        sweep(ranks, again=1 + (rank == 0))
        launch.world().agree("has finished the epoch")

    def frozen_here():
        ranks = DataParallel(network())
        if rank:
            ranks.module[0].requires_grad_(False)
        sweep(ranks)

    def failed_sweep():
        ranks = DataParallel(network())
        loss = nn.CrossEntropyLoss()(ranks(mine(x)), mine(y))
        if rank:
            handle = ranks.module[0].bias.register_hook(lambda g: 1 / 0)
            try:
                loss.backward()
            except ZeroDivisionError:
                assert all(p.grad is None for p in ranks.parameters())
                handle.remove()
        sweep(ranks)

    def other_layers():
        nn.SyncBatchNorm(2 + rank)(np.ones((4, 2 + rank)))

    def more_layers():
        for _ in range(1 + rank):
            nn.SyncBatchNorm(2)(np.random.default_rng(0).normal(size=(4, 2)))
        launch.world().agree("has finished")

    def other_shapes():
        all_reduce(np.ones(3 + rank))

    def other_dtypes():
        all_reduce(np.ones(3, np.float32 if rank else np.float64))

    def drifted():
        ranks = DataParallel(network())
        ranks.module[3].weight.data[0, 0] += rank * 1e-16
        ranks.check_replicas()

    def only_one_evaluates():
        ranks = trainer(DataParallel(network()))
        if rank == 0:
            ranks.predict(x)  # exchanges nothing
        if rank:
            ranks.evaluate((x, y))
        else:
            ranks.save(harness.FOLDER / "never.safetensors")

    for function, words in (
        (more_batches, ("sweep 2", "has finished the epoch")),
        (frozen_here, ("0.weight", "3.weight")),
        (failed_sweep, ("sweep 1", "has failed")),
        (other_layers, ("(3, 2)", "(3, 3)")),
        (more_layers, ("gathers an array", "has finished")),
        (other_shapes, ("(3,)", "(4,)")),
        (other_dtypes, ("float32", "float64")),
        (drifted, ("3.weight with the checksum",)),
        (only_one_evaluates, ("gathers objects", "sums an array")),
    ):
        renewed()
        try:
            raises(nn.DistributedError, function, *words)
        except BaseException as error:
            raise AssertionError(function.__name__) from error


@check
def errors_of_rank_0_are_errors_of_all():
    group, rank = launch.world(), launch.get_rank()
    kind = nn.DistributedError if rank else ZeroDivisionError
    text = raises(kind, lambda: group.on_main("divides", lambda: 1 / 0), "division by zero")
    assert rank == 0 or "rank 0, which divides" in text
    assert group.on_main("adds", lambda: [rank]) == [0]  # and they can go on
    assert group.broadcast(rank) == 0
    if os.fork() == 0:  # a child may not speak for its parent
        code = 1
        try:
            group.sum(np.ones(1))
        except nn.DistributedError as error:
            code = 0 if "child" in str(error) else 2
        os._exit(code)
    assert os.wait()[1] == 0
    import copy
    import pickle

    model = DataParallel(network())
    for made in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert made.group is model.group
        nn.CrossEntropyLoss()(made(mine(data()[0])), mine(data()[1])).backward()
        assert all(p.grad is not None for p in made.parameters())
        assert all(p.grad is None for p in model.parameters())
