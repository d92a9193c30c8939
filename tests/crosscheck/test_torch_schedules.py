"""Fifty epochs of every schedule beside PyTorch's: drawn settings, chained, and continued."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np
import pytest

import optim
from autograd_core import Tensor

torch = pytest.importorskip("torch")
EPOCHS, DRAWS = 50, 6
RATES = [0.3, 0.07]


def settings(name: str, rng: Any) -> dict[str, Any]:
    """Return settings of a schedule, drawn."""
    whole = lambda low, high: int(rng.integers(low, high))
    share = lambda: float(rng.uniform(0.3, 0.99))
    curves = [lambda t: 1 / (1 + t), lambda t: 0.9 ** (t // 3), lambda t: 1 + math.sin(t)]
    curve = curves[whole(0, 3)]
    kind = {
        "StepLR": lambda: {"step_size": whole(1, 9), "gamma": share()},
        "MultiStepLR": lambda: {"milestones": sorted(map(int, rng.integers(0, 40, 4)))},
        "ExponentialLR": lambda: {"gamma": share()},
        "PolynomialLR": lambda: {"total_iters": whole(1, 60), "power": float(rng.uniform(0.5, 3))},
        "ConstantLR": lambda: {"factor": share(), "total_iters": whole(0, 20)},
        "LinearLR": lambda: {
            "start_factor": share(), "end_factor": share(), "total_iters": whole(1, 20)
        },
        "LambdaLR": lambda: {"lr_lambda": [curve, curves[0]]},
        "MultiplicativeLR": lambda: {"lr_lambda": lambda t: 1 - 0.5 / (t + 1)},
        "CosineAnnealingLR": lambda: {"T_max": whole(2, 60), "eta_min": 0.001 * whole(0, 9)},
        "CosineAnnealingWarmRestarts": lambda: {
            "T_0": whole(1, 12), "T_mult": whole(1, 3), "eta_min": 0.001 * whole(0, 9)
        },
        "OneCycleLR": lambda: {
            "max_lr": [0.5, 0.9], "total_steps": EPOCHS + 10, "pct_start": share() / 2,
            "anneal_strategy": ["cos", "linear"][whole(0, 2)], "three_phase": bool(whole(0, 2)),
            "div_factor": 20.0 * share(), "final_div_factor": 100.0 * share(),
            "cycle_momentum": bool(whole(0, 2)),
        },
        "CyclicLR": lambda: {
            "base_lr": [0.01, 0.02], "max_lr": 0.4, "step_size_up": whole(1, 9),
            "step_size_down": whole(1, 9), "gamma": share(),
            "mode": ["triangular", "triangular2", "exp_range"][whole(0, 3)],
            "cycle_momentum": bool(whole(0, 2)),
        },
        "SWALR": lambda: {
            "swa_lr": [0.05, 0.01], "anneal_epochs": whole(0, 12),
            "anneal_strategy": ["cos", "linear"][whole(0, 2)],
        },
    }  # fmt: skip
    return kind[name]()


NAMES = [
    "StepLR", "MultiStepLR", "ExponentialLR", "PolynomialLR", "ConstantLR", "LinearLR", "LambdaLR",
    "MultiplicativeLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "OneCycleLR",
    "CyclicLR", "SWALR",
]  # fmt: skip
# those that multiply the rate that stands there, so that several may run at once
CHAINED = [n for n in NAMES if n not in ("CosineAnnealingWarmRestarts", "OneCycleLR", "CyclicLR",
                                         "LambdaLR", "SWALR")]  # fmt: skip


class Both:
    """An optimizer of two groups in both libraries."""

    def __init__(self, rates: Any = RATES, first: Any = None) -> None:
        self.p = [Tensor(np.ones(2), requires_grad=True) for _ in RATES]
        self.q = [torch.nn.Parameter(torch.ones(2)) for _ in RATES]
        mine = [{"params": [p], "lr": lr} for p, lr in zip(self.p, rates, strict=True)]
        its = [{"params": [q], "lr": lr} for q, lr in zip(self.q, rates, strict=True)]
        for groups in (mine, its):
            for group, more in zip(groups, first or [{}, {}], strict=True):
                group.update(more)
        self.a = optim.SGD(mine, lr=0.1, momentum=0.9)
        self.b = torch.optim.SGD(its, lr=0.1, momentum=0.9)

    def step(self, *schedules: Any) -> None:
        for p, q in zip(self.p, self.q, strict=True):
            p.grad, q.grad = np.ones(2), torch.ones(2)
        self.a.step()
        self.b.step()
        for one in schedules:
            one.step()

    def check(self, what: Any, other: Both | None = None) -> None:
        """Compare ours with PyTorch's, or with that of another pair."""
        theirs = (other or self).b.param_groups
        for mine, its in zip(self.a.param_groups, theirs, strict=True):
            for key in ("lr", "momentum"):
                assert float(mine[key]) == pytest.approx(float(its[key]), rel=1e-10, abs=1e-14), (
                    what, key
                )  # fmt: skip


def build(name: str, given: dict[str, Any], both: Both, **more: Any) -> tuple[Any, Any]:
    theirs = torch.optim.swa_utils if name == "SWALR" else torch.optim.lr_scheduler
    return (
        getattr(optim.lr_scheduler, name)(both.a, **given, **more),
        getattr(theirs, name)(both.b, **given, **more),
    )


@pytest.fixture(autouse=True)
def _quiet() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("draw", range(DRAWS))
@pytest.mark.parametrize("name", NAMES)
def test_fifty_epochs(name: str, draw: int) -> None:
    both, given = Both(), settings(name, np.random.default_rng(draw))
    pair = build(name, given, both)
    for epoch in range(EPOCHS):
        both.check((name, given, epoch))
        assert pair[0].get_last_lr() == pytest.approx([float(x) for x in pair[1].get_last_lr()])
        assert pair[0].last_epoch == pair[1].last_epoch
        both.step(*pair)
    both.check((name, given, EPOCHS))


@pytest.mark.parametrize("draw", range(3 * DRAWS))
def test_chained(draw: int) -> None:
    """Two at once, by hand and by ChainedScheduler."""
    rng = np.random.default_rng(draw)
    names = [CHAINED[k] for k in rng.integers(0, len(CHAINED), 2)]
    given = [settings(name, rng) for name in names]
    by_hand, chained = Both(), Both()
    schedules = [build(n, g, by_hand) for n, g in zip(names, given, strict=True)]
    parts = [build(n, g, chained) for n, g in zip(names, given, strict=True)]
    whole = (
        optim.lr_scheduler.ChainedScheduler([p[0] for p in parts]),
        torch.optim.lr_scheduler.ChainedScheduler([p[1] for p in parts]),
    )
    for epoch in range(EPOCHS):
        by_hand.check((names, given, epoch))
        chained.check((names, given, epoch))
        by_hand.step(*(one for pair in schedules for one in pair))
        chained.step(*whole)


@pytest.mark.parametrize("draw", range(3 * DRAWS))
def test_one_after_the_other(draw: int) -> None:
    rng = np.random.default_rng(100 + draw)
    names = [NAMES[k] for k in rng.integers(0, len(NAMES) - 3, 3)]
    names[draw % 3] = "MultiplicativeLR" if draw < 6 else names[draw % 3]
    given = [settings(name, rng) for name in names]
    milestones = sorted(rng.choice(np.arange(1, 40), 2, replace=False).tolist())
    both = Both()
    parts = [build(n, g, both) for n, g in zip(names, given, strict=True)]
    pair = (
        optim.lr_scheduler.SequentialLR(both.a, [p[0] for p in parts], milestones),
        torch.optim.lr_scheduler.SequentialLR(both.b, [p[1] for p in parts], milestones),
    )
    for epoch in range(EPOCHS):
        both.check((names, given, milestones, epoch))
        both.step(*pair)


@pytest.mark.parametrize("draw", range(3 * DRAWS))
def test_plateaus(draw: int) -> None:
    rng = np.random.default_rng(draw)
    given = {
        "mode": ["min", "max"][draw % 2], "factor": float(rng.uniform(0.2, 0.9)),
        "patience": int(rng.integers(0, 4)), "threshold": float(rng.uniform(0, 0.3)),
        "threshold_mode": ["rel", "abs"][draw // 2 % 2], "cooldown": int(rng.integers(0, 3)),
        "min_lr": [0.01, 0.0], "eps": float(rng.choice([1e-8, 1e-2])),
    }  # fmt: skip
    both = Both()
    pair = build("ReduceLROnPlateau", given, both)
    for epoch in range(EPOCHS):
        value = math.sin(epoch / 5) + float(rng.normal()) / 5
        for one in pair:
            one.step(value)
        both.check((given, epoch))


CONTINUED = [n for n in NAMES if n not in ("SWALR",)]


@pytest.mark.parametrize("draw", range(DRAWS))
@pytest.mark.parametrize("name", CONTINUED)
def test_continued_at_an_epoch(name: str, draw: int) -> None:
    """With last_epoch=k, and the groups as they were: the rates of PyTorch's undisturbed run."""
    rng = np.random.default_rng(200 + draw)
    given, k = settings(name, rng), int(rng.integers(0, 30))
    whole = Both()
    pair = build(name, given, whole)
    for _ in range(k):
        whole.step(*pair)
    names = {"lr", "initial_lr", "max_lr", "min_lr", "momentum", "max_momentum", "base_momentum"}
    again = Both(
        first=[{key: group[key] for key in names & group.keys()} for group in whole.b.param_groups]
    )
    mine = getattr(optim.lr_scheduler, name)(again.a, **given, last_epoch=k)
    for epoch in range(k + 1, EPOCHS):
        whole.step(*pair)
        again.check((name, given, k, epoch), whole)
        for p in again.p:
            p.grad = np.ones(2)
        again.a.step()
        mine.step()
