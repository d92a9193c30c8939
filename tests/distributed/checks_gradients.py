"""Averaged gradients: equal to those of one process, whatever each rank's graph is."""

from __future__ import annotations

import numpy as np
from harness import OPTIMIZERS, check, close, data, mine, network, raises, run, same

import autograd_core
import nn
import optim
from autograd_core import gradients
from nn.distributed import DataParallel, SyncBatchNorm, launch

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
