"""Checks that run on all ranks of one mpiexec, since starting processes takes longer than they do.

    mpiexec -n 2 python tests/distributed/checks.py REPORT FOLDER

writes to REPORT, for each check and rank, the traceback or nothing.  What one process would compute
with the whole batch is computed by each rank beside it.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from pathlib import Path

import numpy as np
from mpi4py import MPI

import autograd_core
import nn
import optim
from autograd_core import Tensor, gradients, jvp
from nn.distributed import DataParallel, SyncBatchNorm, all_gather, all_reduce, launch, shard
from nn.distributed.group import Group

CHECKS = {}
BREAKING = ("models_that_differ", "ranks_that_do_different_things")
FOLDER = Path(sys.argv[2]) if len(sys.argv) > 2 else Path()
nn.set_default_dtype(np.float64)


def check(function):
    CHECKS[function.__name__] = function
    return function


def close(a, b, tolerance=1e-12):
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def renewed():
    """A group of its own for each check, which may break it."""
    launch.FOUND[:] = [Group(MPI, MPI.COMM_WORLD, watched=False)]
    return launch.FOUND[0]


def data(rows=24, seed=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, 1, 6, 6)), rng.integers(0, 3, rows)


def network(norm=None, dropout=0.0, seed=0):
    nn.manual_seed(seed)
    # before a normalization a bias has no gradient but rounding errors
    layers = [nn.Conv2d(1, 4, 3, bias=norm is None), *([norm(4)] if norm else [])]
    layers += [nn.ReLU(), nn.Flatten()]
    layers += [nn.Linear(64, 8), nn.Tanh(), *([nn.Dropout(dropout)] if dropout else [])]
    return nn.Sequential(*layers, nn.Linear(8, 3))


def mine(array):
    k, n = launch.get_rank(), launch.get_world_size()
    return array[k * len(array) // n : (k + 1) * len(array) // n]


OPTIMIZERS = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=1e-3),
    "nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "adam": lambda p: optim.Adam(p, lr=0.01),
    "adamw": lambda p: optim.AdamW(p, lr=0.01, weight_decay=0.1),
    "rmsprop": lambda p: optim.RMSprop(p, lr=0.01),
    "lion": lambda p: optim.Lion(p, lr=0.003),
}


def run(model, optimizer, x, y, steps=5, clip=None):
    for _ in range(steps):
        loss = nn.CrossEntropyLoss()(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        if clip:
            optim.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
    return model


def same(model, other, tolerance=1e-12):
    for (name, a), b in zip(model.state_dict().items(), other.state_dict().values(), strict=True):
        assert a.dtype == b.dtype, name
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance, err_msg=name)


def raises(kind, function, *words):
    """The error, which must come on every rank, and soon."""
    begin = time.monotonic()
    try:
        function()
    except kind as error:
        text = str(error)
    else:
        raise AssertionError(f"no {kind.__name__}")
    assert time.monotonic() - begin < 10
    for word in words:
        assert word in text, text
    return text


# --- the truth: k ranks with a batch are one process with it -------------------------------------


@check
def every_optimizer_equals_one_process():
    x, y = data()
    for name, make in OPTIMIZERS.items():
        for norm in (None, nn.BatchNorm2d):
            alone = network(norm)
            run(alone, make(alone.parameters()), x, y)
            ranks = DataParallel(SyncBatchNorm.convert_sync_batchnorm(network(norm)))
            run(ranks, make(ranks.parameters()), mine(x), mine(y))
            # Lion takes signs: what differs in the last bit near 0 differs by a step
            same(ranks, alone, 1e-11 if name in ("rmsprop", "adam", "adamw") else 1e-12)
            ranks.check_replicas()


@check
def the_same_sum_is_the_same_to_the_bit():
    x, y = data()
    ranks, alone, parts = DataParallel(network()), network(), launch.get_world_size()
    a, b = (optim.SGD(m.parameters(), lr=0.1, momentum=0.9) for m in (ranks, alone))
    for _ in range(4):
        run(ranks, a, mine(x), mine(y), steps=1)
        found = []
        for k in range(parts):
            share = slice(k * len(x) // parts, (k + 1) * len(x) // parts)
            alone.zero_grad()
            nn.CrossEntropyLoss()(alone(x[share]), y[share]).backward()
            found.append([p.grad.data for p in alone.parameters()])
        for p, *gs in zip(alone.parameters(), *found, strict=True):
            p.grad = sum(gs[1:], gs[0]) / parts
        b.step()
    if parts == 2:  # with more ranks MPI chooses the order
        for p, q in zip(ranks.parameters(), alone.parameters(), strict=True):
            assert np.array_equal(p.data, q.data)
    same(ranks, alone, 1e-14)


@check
def clipping_is_by_the_norm_of_the_average():
    x, y = data()
    alone, ranks = network(), DataParallel(network())
    run(alone, optim.SGD(alone.parameters(), lr=1.0), x, y, clip=0.05)
    run(ranks, optim.SGD(ranks.parameters(), lr=1.0), mine(x), mine(y), clip=0.05)
    same(ranks, alone)


@check
def accumulation_without_sync():
    x, y = data(36)
    alone, ranks = network(), DataParallel(network())
    nn.CrossEntropyLoss()(alone(x), y).backward()
    a, b = mine(x), mine(y)
    thirds = [slice(k, None, 3) for k in range(3)]
    reducer_sweeps = []
    for k, rows in enumerate(thirds):
        loss = nn.CrossEntropyLoss()(ranks(a[rows]), b[rows]) / 3
        if k < 2:
            with ranks.no_sync():
                loss.backward()
        else:
            before = [p.grad.data.copy() for p in ranks.parameters()]
            loss.backward()
        reducer_sweeps.append(ranks._reducer and ranks._reducer._sweeps)
    assert reducer_sweeps == [None, None, 1]
    for p, q, own in zip(ranks.parameters(), alone.parameters(), before, strict=True):
        close(p.grad.data, q.grad.data)
        assert not np.allclose(own, q.grad.data)
    # a second sweep adds to what is averaged already
    loss = nn.CrossEntropyLoss()(ranks(a), b)
    loss.backward(retain_graph=True)
    loss.backward()
    for p, q in zip(ranks.parameters(), alone.parameters(), strict=True):
        close(p.grad.data, 3 * q.grad.data)


@check
def dropout_has_a_stream_for_each_rank():
    x, y = data()
    nn.manual_seed(7)
    start = nn.get_rng_state()
    model = network(dropout=0.5)
    model[5].rng = np.random.default_rng(5)
    ranks = DataParallel(model)
    streams = launch.world().gather(nn.random.source_state(model[5].rng))
    shared = launch.world().gather(nn.get_rng_state())
    assert len({str(s) for s in streams}) == len(streams) == len({str(s) for s in shared})
    assert str(streams[0]) == str(nn.random.source_state(np.random.default_rng(5)))
    assert start != nn.get_rng_state()
    run(ranks, optim.SGD(ranks.parameters(), lr=0.1), mine(x), mine(y))
    alone = network(dropout=0.5)
    sources = [np.random.default_rng(0) for _ in streams]
    for source, state in zip(sources, streams, strict=True):
        source.bit_generator.state = state
    optimizer, parts = optim.SGD(alone.parameters(), lr=0.1), len(streams)
    for _ in range(5):
        optimizer.zero_grad()
        for k, source in enumerate(sources):
            alone[5].rng = source
            share = slice(k * len(x) // parts, (k + 1) * len(x) // parts)
            (nn.CrossEntropyLoss()(alone(x[share]), y[share]) / parts).backward()
        optimizer.step()
    same(ranks, alone)


@check
def kinds_of_parameters():
    """Two precisions, halves, complex numbers, no axes, another order of memory; tiny buckets."""

    class Mixed(nn.Module):
        def __init__(self):
            super().__init__()
            rng = np.random.default_rng(launch.get_rank())  # unlike: rank 0's are taken
            self.a = nn.Parameter(rng.normal(size=(3, 4)))
            self.b = nn.Parameter(rng.normal(size=5).astype("f4"))
            self.c = nn.Parameter(rng.normal(size=(2, 2)).astype("f2"))
            self.d = nn.Parameter(rng.normal(size=2) + 1j * rng.normal(size=2))
            self.e = nn.Parameter(rng.normal())
            self.f = nn.Parameter(np.asfortranarray(rng.normal(size=(4, 3))))
            self.g = nn.Parameter(np.zeros((0, 3)))
            self.register_buffer("seen", np.zeros((), int))
            self.register_buffer("table", np.asfortranarray(rng.normal(size=(2, 3))))

        def forward(self, t):
            self.seen += 1 + launch.get_rank()
            total = np.sum(self.a**2) * t + np.sum(self.b) * t + np.sum(self.c) * t
            total = total + np.sum(np.abs(self.d) ** 2) * t + self.e**3 * t
            return total + np.sum(self.f * t) + np.sum(self.g)

    for capacity in (1e-6, 1e-4, 4.0):
        model = Mixed()
        ranks = DataParallel(model, bucket_cap_mb=capacity)
        ranks.check_replicas()
        assert len({a.tobytes() for a in launch.world().gather(model.table)}) == 1
        size = launch.get_world_size()
        ranks(float(launch.get_rank() + 1)).backward()
        mean = (size + 1) / 2
        close(model.a.grad.data, 2 * model.a.data * mean)
        assert model.b.grad.dtype == np.float32
        np.testing.assert_allclose(model.b.grad.data, mean, rtol=1e-6)
        assert model.c.grad.dtype == np.float16
        np.testing.assert_allclose(model.c.grad.data, mean, rtol=1e-3)
        close(model.d.grad.data, 2 * model.d.data * mean)
        close(model.e.grad.data, 3 * model.e.data**2 * mean)
        close(model.f.grad.data, np.full((4, 3), mean))
        assert model.g.grad.shape == (0, 3)
        assert model.seen == 1  # rank 0's


# --- the sweep and the messages ------------------------------------------------------------------


@check
def messages_leave_while_the_sweep_goes_on():
    ranks = DataParallel(network(), bucket_cap_mb=1e-4)
    x, y = data()
    order = []
    ranks(mine(x))
    nn.CrossEntropyLoss()(ranks(mine(x)), mine(y)).backward()
    reducer = ranks._reducer
    begun = reducer._send

    def noted():
        before = reducer._next
        begun()
        order.extend(["sent"] * (reducer._next - before))

    reducer._send = noted
    hidden = []
    model = ranks.module
    handle = model[0].register_forward_hook(lambda m, a, out: hidden.append(out))
    loss = nn.CrossEntropyLoss()(ranks(mine(x)), mine(y))
    hidden[0].register_hook(lambda g: order.append("convolution"))
    loss.backward()
    handle.remove()
    at = order.index("convolution")
    assert 0 < at < len(order) - 1, order
    assert len(order) == len(reducer._buckets) + 1 >= 4


@check
def parameters_that_a_rank_does_not_use():
    class Towers(nn.Module):
        def __init__(self):
            super().__init__()
            self.trunk = nn.Linear(3, 3)
            self.heads = nn.ModuleList([nn.Linear(3, 1) for _ in range(launch.get_world_size())])
            self.never = nn.Linear(3, 1)

        def forward(self, x, head):
            return self.heads[head](np.tanh(self.trunk(x))).sum()

    nn.manual_seed(0)
    model = Towers()
    for capacity in (1e-5, 4.0):
        ranks = DataParallel(model, bucket_cap_mb=capacity)
        size, rank = launch.get_world_size(), launch.get_rank()
        x = np.random.default_rng(1).normal(size=(size, 4, 3))
        ranks(x[rank], rank).backward()
        found = [None if p.grad is None else p.grad.data.copy() for p in model.parameters()]
        model.zero_grad()
        (sum(model(x[k], k) for k in range(size)) / size).backward()
        for (name, p), g in zip(model.named_parameters(), found, strict=True):
            if name.startswith("never"):
                assert g is None
                assert p.grad is None
            else:
                close(g, p.grad.data)
        model.zero_grad()
    before = np.ones((1, 3))
    model.never.weight.grad = before
    ranks(x[rank], rank).backward()
    close(model.never.weight.grad.data, before)


@check
def a_model_that_is_wrapped_again():
    model = network()
    first = DataParallel(model)
    x, y = data()
    nn.CrossEntropyLoss()(first(mine(x)), mine(y)).backward()
    before = [p.grad.data.copy() for p in model.parameters()]
    model.zero_grad()
    second = DataParallel(nn.Sequential(model))
    nn.CrossEntropyLoss()(second(mine(x)), mine(y)).backward()
    for p, g in zip(model.parameters(), before, strict=True):
        assert np.array_equal(p.grad.data, g)
    raises(autograd_core.UnsupportedError, lambda: first(mine(x)), "another DataParallel")


@check
def each_rank_may_record_a_graph_of_its_own():
    """Other orders, repeated uses, more operations: the buckets' order is the same."""
    nn.manual_seed(0)
    model = nn.ModuleList([nn.Linear(4, 4) for _ in range(5)])
    ranks = DataParallel(model, bucket_cap_mb=1e-4)

    def value(rank, x):
        order = list(range(5))[:: 1 if rank % 2 == 0 else -1] + [0] * rank
        for k in order:
            x = np.tanh(model[k](x))
        return (x**2).sum()

    model.forward = lambda rank, x: value(rank, x)
    size, rank = launch.get_world_size(), launch.get_rank()
    x = np.random.default_rng(2).normal(size=(size, 3, 4))
    for _ in range(3):
        ranks(rank, x[rank]).backward()
        found = [p.grad.data.copy() for p in model.parameters()]
        model.zero_grad()
        (sum(value(k, x[k]) for k in range(size)) / size).backward()
        for p, g in zip(model.parameters(), found, strict=True):
            close(g, p.grad.data)
        model.zero_grad()


@check
def two_models_in_one_sweep():
    nn.manual_seed(0)
    a, b = nn.Linear(3, 3), nn.Linear(3, 1)
    first, second = DataParallel(a), DataParallel(b)
    x = np.random.default_rng(4).normal(size=(6, 3))
    for _ in range(2):
        (second(np.tanh(first(mine(x)))) ** 2).mean().backward()
        found = [p.grad.data.copy() for m in (a, b) for p in m.parameters()]
        a.zero_grad()
        b.zero_grad()
        (b(np.tanh(a(x))) ** 2).mean().backward()
        for p, g in zip([*a.parameters(), *b.parameters()], found, strict=True):
            close(g, p.grad.data)
        a.zero_grad()
        b.zero_grad()


@check
def freezing_and_thawing():
    x, y = data()
    alone, ranks = network(), DataParallel(network())
    for frozen in ((), (0,), (0, 3), (), (5,)):
        for model in (alone, ranks.module):
            model.requires_grad_(True)
            for k in frozen:
                model[k].requires_grad_(False)
            model.zero_grad()
        nn.CrossEntropyLoss()(alone(x), y).backward()
        nn.CrossEntropyLoss()(ranks(mine(x)), mine(y)).backward()
        for p, q in zip(ranks.parameters(), alone.parameters(), strict=True):
            assert (p.grad is None) == (q.grad is None)
            if p.grad is not None:
                close(p.grad.data, q.grad.data)
    ranks.module.to(np.float32)
    nn.CrossEntropyLoss()(ranks(mine(x).astype("f4")), mine(y)).backward()
    assert next(ranks.parameters()).grad.dtype == np.float32


@check
def what_is_not_a_sweep_into_grad_exchanges_nothing():
    x, y = data()
    ranks = DataParallel(network())
    if launch.get_rank() == 0:  # on one rank only
        loss = nn.CrossEntropyLoss()(ranks.module(x), y)
        found = gradients(loss, list(ranks.parameters()))
        assert all(g is not None for g in found)
    launch.world().agree("goes on")
    loss = nn.CrossEntropyLoss()(ranks(mine(x)), mine(y))
    text = "create_graph=True"
    raises(autograd_core.UnsupportedError, lambda: loss.backward(create_graph=True), text)
    assert all(p.grad is None for p in ranks.parameters())
    nn.CrossEntropyLoss()(ranks(mine(x)), mine(y)).backward()  # all have failed alike: go on
    assert all(p.grad is not None for p in ranks.parameters())


# --- synchronized statistics ---------------------------------------------------------------------


@check
def batch_norm_over_all_ranks():
    rng = np.random.default_rng(5)
    size, rank = launch.get_world_size(), launch.get_rank()
    for shape, settings in (
        ((7, 3), {}),
        ((5, 2, 4, 3), {"momentum": None}),
        ((1, 2, 6), {"affine": False}),
        ((6, 2, 4), {"bias": False, "eps": 1e-3}),
        ((9, 3), {"track_running_stats": False}),
    ):
        plain = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d}[len(shape)]
        alone, sync = (kind(shape[1], **settings) for kind in (plain, SyncBatchNorm))
        x = rng.normal(1e3, 2, size=shape)
        w = rng.normal(size=shape)
        ends = [0, *sorted(rng.integers(0, len(x) + 1, size - 1)), len(x)]  # uneven, even empty
        part = slice(ends[rank], ends[rank + 1])
        for _ in range(2):
            a = Tensor(x, requires_grad=True)
            b = Tensor(x[part], requires_grad=True)
            whole, y = alone(a), sync(b)
            (whole * w).sum().backward()
            (y * w[part]).sum().backward()
            close(y.detach().data, whole.detach().data[part], 1e-9)
            close(b.grad.data, a.grad.data[part], 1e-9)
            for name, p in alone.named_parameters():
                total = all_reduce(sync.get_parameter(name).grad.data)
                close(total, p.grad.data, 1e-9)
            alone.zero_grad()
            sync.zero_grad()
        for u, v in zip(alone.buffers(), sync.buffers(), strict=True):
            close(u, v)
        alone.eval()
        sync.eval()
        if settings.get("track_running_stats", True):  # eval exchanges nothing
            close(np.asarray(alone(Tensor(x)).detach())[part], sync(Tensor(x[part])).detach().data)
    half = SyncBatchNorm(3).to(np.float16)
    out = half(rng.normal(300, 100, size=(40, 3)).astype(np.float16))
    assert out.dtype == np.float16
    assert np.isfinite(out.detach().data.astype(float)).all()
    one = SyncBatchNorm(2)
    x = np.ones((1, 2)) * (rank + 1.0)  # one value on each rank, several together
    assert np.isfinite(one(x).detach().data).all()


@check
def sums_over_ranks_have_derivatives():
    size, rank = launch.get_world_size(), launch.get_rank()
    x = Tensor(np.arange(3.0) + rank, requires_grad=True)
    y = all_reduce(x * x)
    close(y.detach().data, sum((np.arange(3.0) + k) ** 2 for k in range(size)))
    (y * (rank + 1.0)).sum().backward()  # of the sum of all ranks' outputs
    close(x.grad.data, 2 * x.data * size * (size + 1) / 2)
    z = all_gather(np.array([rank, rank + 0.5]))
    close(z, [[k, k + 0.5] for k in range(size)])
    _, tangent = jvp(lambda v: all_reduce(v**2), (x.data,), (np.ones(3) * (rank + 1),))
    close(tangent, sum(2 * (np.arange(3.0) + k) * (k + 1) for k in range(size)))
    t = Tensor(np.ones(2) * (rank + 1), requires_grad=True)
    (first,) = gradients(all_reduce(t**3).sum(), [t], create_graph=True)
    (second,) = gradients(first.sum(), [t])
    close(first.detach().data, 3 * (rank + 1) ** 2 * size)
    close(second.data, 6 * (rank + 1) * size)
    assert all_reduce(np.ones(2, np.float16)).dtype == np.float16
    assert all_reduce(np.array(3)).item() == 3 * size
    assert all_gather(np.zeros((0, 2))).shape == (size, 0, 2)
    raises(autograd_core.AutogradError, lambda: all_reduce(np.array(["a"])), "numbers")


# --- shares of the data --------------------------------------------------------------------------


@check
def shares_are_the_whole_in_one_order():
    size = launch.get_world_size()
    for rows in (12 * size, 12 * size + 1, 12 * size + size // 2, size - 1):
        whole = nn.DataLoader(np.arange(rows), 4 * size, shuffle=True, seed=2)
        own = shard(nn.DataLoader(np.arange(rows), 4 * size, shuffle=True, seed=2), uneven=True)
        for _ in range(2):  # epochs
            for (a,), (b,) in zip(whole, own, strict=True):
                parts = launch.world().gather(b)
                if len(a) >= size:
                    assert np.array_equal(np.concatenate(parts), a)
                    assert max(map(len, parts)) - min(map(len, parts)) <= 1
                else:
                    assert all(np.array_equal(part, a) for part in parts)
    if size > 1:
        raises(
            autograd_core.SettingError, lambda: shard(np.arange(4 * size + 1), 4 * size), "evenly"
        )
        raises(autograd_core.SettingError, lambda: shard(np.arange(99), 4 * size + 1), "multiple")
        raises(autograd_core.SettingError, lambda: shard(own), "already")
    drawn = shard(
        nn.DataLoader(
            np.zeros((4 * size, 2)), 2 * size, transform=lambda a, rng: a + rng.normal(size=2)
        )
    )
    seen = launch.world().gather(next(iter(drawn))[0][0].tolist())
    assert len({str(s) for s in seen}) == size


@check
def weighted_losses_make_uneven_shares_exact():
    x, y = data(13)
    alone, ranks = network(), DataParallel(network())
    a, b = (optim.SGD(m.parameters(), lr=0.1, momentum=0.9) for m in (alone, ranks))
    loader = nn.DataLoader((x, y), 4, shuffle=True)
    for _ in range(2):
        for inputs, targets in loader:
            run(alone, a, inputs, targets, steps=1)
    loader = shard(nn.DataLoader((x, y), 4, shuffle=True), uneven=True)
    for _ in range(2):
        for inputs, targets in loader:
            loss = nn.CrossEntropyLoss()(ranks(inputs), targets)
            b.zero_grad()
            ranks.weighted(loss, len(targets)).backward()
            b.step()
    same(ranks, alone)


# --- the Trainer ---------------------------------------------------------------------------------


def trainer(model, **settings):
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    return nn.Trainer(
        model,
        nn.CrossEntropyLoss(),
        optimizer,
        optim.lr_scheduler.StepLR(optimizer, 2, 0.5),
        metrics={"accuracy": nn.accuracy},
        progress=True,
        **settings,
    )


@check
def a_trainer_equals_one_process():
    x, y = data(30)
    held = data(11, seed=9)  # no multiple of anything

    def callbacks():
        return [
            nn.GradientClipping(max_norm=0.5),
            nn.Regularization(lambda m: nn.l2_penalty(m, 1e-3)),
            nn.EarlyStopping(patience=1, monitor="val_loss", restore_best=True),
        ]

    for rows in (30, 25, 24 + launch.get_world_size() - 1):
        part = (x[:rows], y[:rows])
        # of a batch that all ranks compute whole, a running variance's n / (n - 1) is another
        few = 0 < rows % 6 < launch.get_world_size()
        norm = None if few else nn.BatchNorm2d
        alone = trainer(network(norm), callbacks=callbacks())
        alone.progress = False
        one = alone.fit(part, held, epochs=6, batch_size=6)
        model = DataParallel(SyncBatchNorm.convert_sync_batchnorm(network(norm)))
        ranks = trainer(model, callbacks=callbacks())
        history = ranks.fit(part, held, epochs=6, batch_size=6)
        assert history.columns == one.columns
        for a, b in zip(history.rows, one.rows, strict=True):
            for name in b:
                np.testing.assert_allclose(a[name], b[name], 1e-9, 1e-9, err_msg=f"{name} {a} {b}")
        same(model, alone.model, 1e-9)
        assert ranks.epoch == alone.epoch
        found = ranks.evaluate(held)
        for name, value in alone.evaluate(held).items():
            close(found[name], value, 1e-9)
        close(ranks.predict(held[0]), alone.predict(held[0]), 1e-9)


@check
def a_loss_that_is_not_finite_on_one_rank():
    x, y = data(24)
    model = DataParallel(network())
    ranks = trainer(model)
    before = {k: v.copy() for k, v in model.state_dict().items()}

    def loss(output, target):
        value = nn.CrossEntropyLoss()(output, target)
        return value * np.nan if launch.get_rank() == 1 else value

    ranks.loss = loss
    raises(
        autograd_core.NonFiniteError, lambda: ranks.fit((x, y), epochs=1, batch_size=8), "batch 1"
    )
    for name, value in model.state_dict().items():
        assert np.array_equal(value, before[name])
    ranks.loss = nn.CrossEntropyLoss()
    ranks.fit((x, y), epochs=1, batch_size=8)  # all together can go on
    model.check_replicas()


@check
def resumed_to_the_bit_and_written_by_one():
    x, y = data(26)
    rank = launch.get_rank()

    class Stops(nn.Callback):
        stops = False

        def on_backward(self, trainer):
            if self.stops and (trainer.epoch, trainer.batch) == (2, 3):
                raise KeyboardInterrupt

    def made(name, **more):
        folder = FOLDER / name
        if rank == 0:
            folder.mkdir()
        launch.world().agree("has a folder")
        model = DataParallel(network(dropout=0.5))
        path = folder / "run.safetensors" if rank == 0 else Path("/nowhere/run.safetensors")
        best = nn.SaveBest(folder / "best.safetensors" if rank == 0 else "/nowhere/best")
        return trainer(
            model, checkpoint=path, checkpoint_batches=2, callbacks=[best, Stops()], **more
        )

    undisturbed = made("undisturbed")
    undisturbed.fit((x, y), (x, y), epochs=4, batch_size=6)
    assert not (FOLDER / "nowhere").exists()
    cut = made("cut")
    cut.callbacks[1].stops = True
    try:
        cut.fit((x, y), (x, y), epochs=4, batch_size=6)
    except KeyboardInterrupt:
        pass
    else:
        raise AssertionError("it was not cut")
    path = FOLDER / "cut" / "run.safetensors"
    if rank == 0:
        assert sorted(p.name for p in path.parent.iterdir()) == ["best.safetensors", path.name]
        state = nn.load_checkpoint(path)
        assert len(state["ranks"]) == launch.get_world_size() - 1
    again = made("again")
    again.checkpoint = path
    again.fit((x, y), (x, y), epochs=4, batch_size=6)
    for a, b in zip(again.model.parameters(), undisturbed.model.parameters(), strict=True):
        assert np.array_equal(a.data, b.data)
    assert again.history.rows == undisturbed.history.rows
    assert nn.random.same_state(again._state()["random"], undisturbed._state()["random"])


@check
def reasons_of_one_rank_count_for_all():
    x, y = data(24)

    class Late(nn.Callback):
        def on_epoch_end(self, trainer, row):
            if trainer.epoch == 1 and launch.get_rank() == 1:
                trainer.stop("the time is up")

    model = DataParallel(network())
    shaken = nn.Perturbation(monitor="loss", patience=1, scale=0.1, mode="max")
    ranks = trainer(model, callbacks=[Late(), shaken])
    ranks.fit((x, y), epochs=5, batch_size=8)
    assert (ranks.epoch, ranks.stopped) == (2, "the time is up")
    model.check_replicas()


@check
def batches_that_grow_with_the_ranks():
    x, y = data(24)
    size = launch.get_world_size()
    alone, model = network(), DataParallel(network(), scale_batch=True)
    one = trainer(alone)
    one.progress = False
    one.fit((x, y), epochs=2, batch_size=4 * size)
    ranks = trainer(model)
    ranks.fit((x, y), epochs=2, batch_size=4)
    same(model, alone, 1e-10)
    state = ranks.state_dict()
    assert state["data"]["batch_size"] == 4
    cut = {**state, "batch": 0, "ranks": [state["random"]] * 5}
    ranks.load_state_dict(cut)
    assert ranks.batch == 0
    halfway = {**state, "batch": 1, "sums": {"loss": 1.0, "accuracy": 1.0, "rows": 24}}
    if 6 % size == 0:
        ranks.load_state_dict({**halfway, "ranks": [state["random"]] * 5})
        assert ranks.batch == 6 // size
    raises(
        nn.StateDictError,
        lambda: ranks.load_state_dict({**halfway, "ranks": [state["random"]] * 6}),
        "7 ranks",
    )
    raises(nn.StateDictError, lambda: ranks.load_state_dict({**state, "ranks": 3}), "list")


# --- what must not hang --------------------------------------------------------------------------


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
        assert "checks.py" in text
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
            ranks.save(FOLDER / "never.safetensors")

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


def main():
    comm = MPI.COMM_WORLD
    report = {}
    wanted = sys.argv[3:] or list(CHECKS)
    for name in wanted:
        renewed()
        try:
            CHECKS[name]()
            text, what = "", "has finished the check"
        except BaseException as error:
            text, what = traceback.format_exc(), f"has failed with {error!r}"
        try:
            launch.world().agree(what)
        except nn.DistributedError:
            if name not in BREAKING and not text:
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
        import faulthandler

        faulthandler.dump_traceback_later(float(os.environ["STACKS"]))
    main()
