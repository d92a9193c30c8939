"""What is counted over all ranks: batch statistics, sums, shares of the data."""

from __future__ import annotations

import numpy as np
from harness import check, close, data, network, raises, run, same

import autograd_core
import nn
import optim
from autograd_core import Tensor, gradients, jvp
from nn.distributed import DataParallel, SyncBatchNorm, all_gather, all_reduce, launch, shard

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
