"""Twenty steps of every optimizer and schedule beside PyTorch, from the same start."""

import math

import numpy as np
import pytest

import optim
from autograd_core import Tensor
from optim import lr_scheduler as ours

torch = pytest.importorskip("torch")
theirs = torch.optim.lr_scheduler


@pytest.fixture
def rng():
    return np.random.default_rng(4)


SHAPES = [(3, 4), (4,), (), (2, 1, 3)]
STEPS = 20

OPTIONS = {
    "SGD": [
        {"lr": 0.1},
        {"lr": 0.1, "weight_decay": 0.01},
        {"lr": 0.1, "momentum": 0.9},
        {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1},
        {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
        {"lr": 0.01, "momentum": 0.5, "maximize": True, "weight_decay": 0.2},
    ],
    "Adagrad": [
        {"lr": 0.1},
        {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.5},
        {"lr": 0.1, "maximize": True, "eps": 1e-3},
    ],
    "Adadelta": [{}, {"lr": 0.5, "rho": 0.8, "eps": 1e-3, "weight_decay": 0.1}, {"maximize": True}],
    "RMSprop": [
        {"lr": 0.01},
        {"lr": 0.01, "alpha": 0.9, "momentum": 0.8, "weight_decay": 0.1, "eps": 1e-4},
        {"lr": 0.01, "centered": True},
        {"lr": 0.01, "centered": True, "momentum": 0.8, "maximize": True},
    ],
    "Adam": [
        {},
        {"lr": 0.1, "betas": (0.8, 0.95), "eps": 1e-3, "weight_decay": 0.1},
        {"lr": 0.1, "amsgrad": True, "betas": (0.5, 0.6)},
        {"lr": 0.1, "maximize": True, "weight_decay": 0.1},
        {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True},
    ],
    "AdamW": [{"lr": 0.1}, {"lr": 0.1, "weight_decay": 0.3, "amsgrad": True}, {"maximize": True}],
    "Adamax": [{}, {"lr": 0.1, "weight_decay": 0.1, "eps": 1e-3}, {"maximize": True}],
    "NAdam": [
        {},
        {"lr": 0.1, "weight_decay": 0.1, "momentum_decay": 0.1},
        {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True},
    ],
    "RAdam": [
        {},
        {"lr": 0.1, "betas": (0.8, 0.9), "weight_decay": 0.1},
        {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True},
    ],
    "Rprop": [
        {},
        {"lr": 0.1, "etas": (0.6, 1.3), "step_sizes": (1e-3, 0.3)},
        {"maximize": True},
    ],
    "ASGD": [
        {},
        {"lr": 0.1, "lambd": 0.1, "alpha": 0.5, "t0": 5.0, "weight_decay": 0.1},
        {"maximize": True, "t0": 3.0},
    ],
    "Adafactor": [
        {},
        {"lr": 0.3, "beta2_decay": -0.5, "eps": (1e-6, 1e-2), "d": 1.5, "weight_decay": 0.1},
        {"maximize": True},
    ],
}
CASES = [(name, options) for name, table in OPTIONS.items() for options in table]


def swa(module):
    return getattr(module, "SWALR", None) or torch.optim.swa_utils.SWALR


class Pair:
    """The same parameters in both libraries."""

    def __init__(self, rng, name, options, groups=1):
        start = [rng.standard_normal(s) for s in SHAPES]
        self.targets = [rng.standard_normal(s) for s in SHAPES]
        self.mine = [Tensor(a, requires_grad=True) for a in start]
        self.other = [torch.nn.Parameter(torch.tensor(a)) for a in start]
        mine, other = self.mine, self.other
        if groups == 2:
            mine = [{"params": mine[:2]}, {"params": mine[2:], "lr": 0.03}]
            other = [{"params": other[:2]}, {"params": other[2:], "lr": 0.03}]
        self.a = getattr(optim, name)(mine, **options)
        self.b = getattr(torch.optim, name)(other, **options)

    def step(self):
        self.a.zero_grad()
        self.b.zero_grad()
        loss = 0.0
        for p, target in zip(self.mine, self.targets, strict=True):
            loss = loss + np.sum(np.sqrt(1 + (p - target) ** 2) + np.sin(p))
        loss.backward()
        loss = 0.0
        for q, target in zip(self.other, self.targets, strict=True):
            loss = loss + torch.sum(torch.sqrt(1 + (q - torch.tensor(target)) ** 2) + torch.sin(q))
        loss.backward()
        self.a.step()
        self.b.step()

    def check(self):
        for p, q in zip(self.mine, self.other, strict=True):
            np.testing.assert_allclose(p.data, q.detach().numpy(), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize(("name", "options"), CASES, ids=str)
def test_twenty_steps_equal_those_of_pytorch(rng, name, options):
    pair = Pair(rng, name, options)
    for _ in range(STEPS):
        pair.step()
        pair.check()


@pytest.mark.parametrize("name", OPTIONS)
def test_state_travels_both_ways(rng, name):
    """PyTorch's state continues here, ours there: ten steps each."""
    options = OPTIONS[name][1]
    pair = Pair(rng, name, options)
    for _ in range(10):
        pair.step()
    given = pair.b.state_dict()
    pair.a.load_state_dict(given)
    for _ in range(5):
        pair.step()
    pair.check()
    mine = pair.a.state_dict()
    packed = {
        "state": {
            k: {
                key: torch.tensor(v, dtype=torch.float32 if key == "step" else torch.float64)
                for key, v in entry.items()
            }
            for k, entry in mine["state"].items()
        },
        "param_groups": [
            {**theirs_, **mine_}
            for theirs_, mine_ in zip(given["param_groups"], mine["param_groups"], strict=True)
        ],
    }
    for entry in packed["state"].values():
        if name == "SGD":
            entry.pop("step", None)
    pair.b.load_state_dict(packed)
    for _ in range(5):
        pair.step()
    pair.check()


@pytest.mark.parametrize("name", OPTIONS)
def test_groups_equal_those_of_pytorch(rng, name):
    pair = Pair(rng, name, OPTIONS[name][1], groups=2)
    for _ in range(STEPS):
        pair.step()
    pair.check()


@pytest.mark.parametrize("name", ["SGD", "Adam", "RMSprop", "Adagrad"])
def test_complex_parameters_equal_those_of_pytorch(rng, name):
    start = rng.standard_normal(5) + 1j * rng.standard_normal(5)
    p = Tensor(start, requires_grad=True)
    q = torch.nn.Parameter(torch.tensor(start))
    a = getattr(optim, name)([p], lr=0.1, weight_decay=0.1)
    b = getattr(torch.optim, name)([q], lr=0.1, weight_decay=0.1)
    for _ in range(STEPS):
        g = rng.standard_normal(5) + 1j * rng.standard_normal(5)
        p.grad, q.grad = g, torch.tensor(g)
        a.step()
        b.step()
    np.testing.assert_allclose(p.data, q.detach().numpy(), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("search", [None, "strong_wolfe"])
@pytest.mark.parametrize("lr", [1.0, 0.1])
def test_lbfgs_takes_the_steps_of_pytorch(rng, search, lr):
    start = rng.standard_normal(3)
    x = Tensor(start, requires_grad=True)
    t = torch.tensor(start, requires_grad=True)
    options = {"lr": lr, "max_iter": 7, "history_size": 4, "line_search_fn": search}
    a, b = optim.LBFGS([x], **options), torch.optim.LBFGS([t], **options)

    def loss(v, sin):
        return 10 * (v[1] - v[0] ** 2) ** 2 + (1 - v[0]) ** 2 + sin(v[2]) * v[0] + v[2] ** 2

    def closure(optimizer, v, sin):
        def compute():
            optimizer.zero_grad()
            value = loss(v, sin)
            value.backward()
            return value

        return compute

    mine, its = closure(a, x, np.sin), closure(b, t, torch.sin)
    for k in range(5):
        np.testing.assert_allclose(float(a.step(mine)), b.step(its).item(), rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(x.data, t.detach().numpy(), rtol=1e-5, atol=1e-7)
        assert a.state_dict()["state"][0]["func_evals"] == b.state[t]["func_evals"]
        if k == 2:  # a state of PyTorch's goes on here
            a = optim.LBFGS([x], **options)
            state = b.state_dict()["state"][0]
            packed = {
                key: [np.asarray(v) for v in value] if isinstance(value, list) else value
                for key, value in state.items()
                if key != "al"
            }
            a.load_state_dict(
                {"state": {0: packed}, "param_groups": b.state_dict()["param_groups"]}
            )
            mine = closure(a, x, np.sin)


@pytest.mark.parametrize("adjust", [None, "original", "match_rms_adamw"])
@pytest.mark.parametrize("nesterov", [True, False])
def test_muon_to_the_digits_of_bfloat16(rng, adjust, nesterov):
    """PyTorch orthogonalizes in bfloat16, whose numbers have three digits."""
    start = rng.standard_normal((6, 4))
    p, q = Tensor(start, requires_grad=True), torch.nn.Parameter(torch.tensor(start))
    options = {"lr": 0.1, "nesterov": nesterov, "adjust_lr_fn": adjust}
    a, b = optim.Muon([p], **options), torch.optim.Muon([q], **options)
    for _ in range(5):
        g = rng.standard_normal((6, 4))
        p.grad, q.grad = g, torch.tensor(g)
        a.step()
        b.step()
    moved = np.abs(p.data - start).max()
    assert np.abs(p.data - q.detach().numpy()).max() < 0.02 * moved
    buffers = [a.state[p]["momentum_buffer"], b.state[q]["momentum_buffer"].numpy()]
    np.testing.assert_allclose(*buffers, rtol=1e-12)


@pytest.mark.parametrize(
    "options", [{}, {"lr": 0.1, "betas": (0.8, 0.9), "maximize": True}], ids=str
)
def test_sparse_adam_moves_the_rows_that_were_looked_up(rng, options):
    """PyTorch knows them from sparse gradients; after ten steps its state goes on here."""
    start, target = rng.standard_normal((9, 4)), rng.standard_normal((9, 4))
    p = Tensor(start, requires_grad=True)
    q = torch.nn.Embedding.from_pretrained(torch.tensor(start), freeze=False, sparse=True)
    a = optim.SparseAdam([p], **options)
    b = torch.optim.SparseAdam([q.weight], **options)
    for k in range(STEPS):
        rows = rng.integers(0, 8, (2, 3))  # some twice, the last never
        a.zero_grad()
        b.zero_grad()
        np.sum((p[rows] - target[rows]) ** 4).backward()
        ((q(torch.tensor(rows)) - torch.tensor(target[rows])) ** 4).sum().backward()
        a.step()
        b.step()
        np.testing.assert_allclose(p.data, q.weight.detach().numpy(), rtol=1e-9)
        if k == 9:
            a = optim.SparseAdam([p], **options)
            a.load_state_dict(b.state_dict())


SCHEDULES = {
    "cyclic": lambda m, o: m.CyclicLR(o, 0.01, [0.5, 0.7], 3, 5),
    "cyclic, halved": lambda m, o: m.CyclicLR(
        o, 0.01, 0.5, 3, mode="triangular2", base_momentum=0.6, max_momentum=0.95
    ),
    "cyclic, exponential": lambda m, o: m.CyclicLR(o, 0.01, 0.5, 4, mode="exp_range", gamma=0.9),
    "cyclic, by a function": lambda m, o: m.CyclicLR(
        o, 0.01, 0.5, 4, scale_fn=lambda t: 1 / (1 + t), scale_mode="iterations"
    ),
    "averaging": lambda m, o: swa(m)(o, 0.02, anneal_epochs=7),
    "averaging, linear": lambda m, o: swa(m)(o, 0.02, anneal_epochs=4, anneal_strategy="linear"),
    "averaging at once": lambda m, o: swa(m)(o, 0.02, anneal_epochs=0),
    "step": lambda m, o: m.StepLR(o, 3, gamma=0.5),
    "multistep": lambda m, o: m.MultiStepLR(o, [2, 5, 5, 11], gamma=0.5),
    "exponential": lambda m, o: m.ExponentialLR(o, 0.9),
    "polynomial": lambda m, o: m.PolynomialLR(o, 7, power=2.0),
    "constant": lambda m, o: m.ConstantLR(o, factor=0.5, total_iters=4),
    "linear": lambda m, o: m.LinearLR(o, start_factor=0.1, end_factor=0.8, total_iters=6),
    "lambda": lambda m, o: m.LambdaLR(o, lambda t: 1 / (1 + t)),
    "multiplicative": lambda m, o: m.MultiplicativeLR(o, lambda t: 1 - 0.5 / t),
    "cosine": lambda m, o: m.CosineAnnealingLR(o, 20, eta_min=0.01),
    "cosine over the end": lambda m, o: m.CosineAnnealingLR(o, 6, eta_min=0.01),
    "restarts": lambda m, o: m.CosineAnnealingWarmRestarts(o, 3, 2, eta_min=0.001),
    "restarts of one length": lambda m, o: m.CosineAnnealingWarmRestarts(o, 4),
    "one cycle": lambda m, o: m.OneCycleLR(o, [0.5, 0.7], total_steps=25),
    "one cycle, linear": lambda m, o: m.OneCycleLR(
        o, 0.5, epochs=5, steps_per_epoch=5, anneal_strategy="linear", pct_start=0.4
    ),
    "one cycle, three phases": lambda m, o: m.OneCycleLR(
        o, 0.5, total_steps=22, three_phase=True, div_factor=10.0, base_momentum=0.6
    ),
    "sequential": lambda m, o: m.SequentialLR(
        o,
        [m.LinearLR(o, 0.1, total_iters=4), m.ExponentialLR(o, 0.9), m.CosineAnnealingLR(o, 9)],
        [4, 10],
    ),
    "chained": lambda m, o: m.ChainedScheduler(
        [m.LinearLR(o, 0.1, total_iters=4), m.ExponentialLR(o, 0.9), m.StepLR(o, 5)]
    ),
    "chained cosine": lambda m, o: m.ChainedScheduler(
        [m.ConstantLR(o, 0.1, total_iters=3), m.CosineAnnealingLR(o, 30)]
    ),
}


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
@pytest.mark.parametrize("schedule", SCHEDULES)
def test_schedules_equal_those_of_pytorch(rng, schedule, optimizer):
    options = {"lr": 0.2, "momentum": 0.9} if optimizer == "SGD" else {"lr": 0.2}
    pair = Pair(rng, optimizer, options, groups=2)
    a = SCHEDULES[schedule](ours, pair.a)
    b = SCHEDULES[schedule](theirs, pair.b)
    for _ in range(STEPS):
        assert a.get_last_lr() == pytest.approx([float(x) for x in b.get_last_lr()], rel=1e-11)
        pair.step()
        pair.check()
        a.step()
        b.step()
        for mine, other in zip(pair.a.param_groups, pair.b.param_groups, strict=True):
            for key in ("lr", "momentum"):
                if key in other:
                    assert mine[key] == pytest.approx(other[key], rel=1e-11, abs=1e-14)
            if "betas" in other:
                assert mine["betas"] == pytest.approx(other["betas"], rel=1e-11)


PLATEAUS = [
    {"patience": 1},
    {"patience": 2, "factor": 0.5, "cooldown": 2},
    {"mode": "max", "patience": 1, "threshold": 0.3, "min_lr": 0.005},
    {"threshold_mode": "abs", "threshold": 0.2, "patience": 0, "min_lr": [0.01, 0.02]},
]


@pytest.mark.parametrize("options", PLATEAUS, ids=str)
def test_plateau_equals_that_of_pytorch(rng, options):
    pair = Pair(rng, "SGD", {"lr": 0.2}, groups=2)
    a = ours.ReduceLROnPlateau(pair.a, **options)
    b = theirs.ReduceLROnPlateau(pair.b, **options)
    for t in range(30):
        value = math.sin(t / 4) + rng.standard_normal() / 5
        a.step(value)
        b.step(value)
        assert a.get_last_lr() == pytest.approx(b.get_last_lr(), rel=1e-12)


@pytest.mark.parametrize("order", [1.0, 2.0, 3.0, math.inf])
@pytest.mark.parametrize("limit", [0.5, 100.0])
def test_clipping_equals_that_of_pytorch(rng, order, limit):
    pair = Pair(rng, "SGD", {"lr": 0.1})
    for p, q in zip(pair.mine, pair.other, strict=True):
        g = rng.standard_normal(p.shape)
        p.grad, q.grad = g, torch.tensor(g)
    a = optim.clip_grad_norm_(pair.mine, limit, order)
    b = torch.nn.utils.clip_grad_norm_(pair.other, limit, order)
    assert a == pytest.approx(float(b), rel=1e-12)
    for p, q in zip(pair.mine, pair.other, strict=True):
        np.testing.assert_allclose(p.grad.data, q.grad.numpy(), rtol=1e-12)
