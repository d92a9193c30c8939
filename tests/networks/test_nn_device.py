"""Layers, losses, optimizers and training on a double of CuPy's array: NumPy's numbers."""

from __future__ import annotations

import copy
import inspect
import pickle
from typing import Any

import cupy_double as xp
import numpy as np
import pytest
from cases.nn_functions import CASES, FUNCTIONS
from cupy_double import asarray, ndarray
from device_walk import down, same_everywhere

import nn
import optim
from autograd_core import Tensor
from autograd_core.base import errors

RNG = np.random.default_rng(0)


def _given(value: Any, device: bool) -> Any:
    if not isinstance(value, np.ndarray):
        return value
    return asarray(value.copy()) if device else value.copy()


@pytest.mark.filterwarnings("ignore::autograd_core.IndependentWarning")
@pytest.mark.parametrize(("name", "k"), CASES, ids=lambda v: str(v))
def test_functions(name: str, k: int) -> None:
    call, function = FUNCTIONS[name][k], getattr(nn.functional, name)
    known = getattr(function, "arrays", ("input",))
    moving = [
        key
        for key in known
        if isinstance(call.get(key), np.ndarray) and call[key].dtype.kind == "f"
    ]

    def run(device: bool) -> Any:
        def on(*values: Any) -> Any:
            given = {key: _given(v, device) for key, v in call.items() if key not in moving}
            if "generator" in given:
                given["generator"] = np.random.default_rng(given["generator"])
            return function(**given, **dict(zip(moving, values, strict=True)))

        return on

    if name == "embedding":
        moving[:] = ["weight"]
    if name == "step":
        assert isinstance(run(True)(asarray(call["input"])), ndarray)
        return
    same_everywhere(run(False), run(True), [call[key] for key in moving])


# LBFGS refuses arrays of other libraries, and Muon takes nothing but matrices
ELSEWHERE = (optim.Optimizer, optim.LBFGS, optim.Muon)
RULES = [
    rule
    for name, rule in sorted(vars(optim).items())
    if isinstance(rule, type) and issubclass(rule, optim.Optimizer) and rule not in ELSEWHERE
]
OPTIONS: list[dict[str, Any]] = [
    {}, {"weight_decay": 0.1, "maximize": True}, {"maximize": True}, {"amsgrad": True},
    {"nesterov": True, "momentum": 0.9}, {"centered": True, "momentum": 0.5},
]  # fmt: skip
STEPS = [
    pytest.param(rule, options, id=f"{rule.__name__}-{'-'.join(options) or 'plain'}")
    for rule in RULES
    for options in OPTIONS
    if options.keys() <= inspect.signature(rule).parameters.keys()
]


@pytest.mark.parametrize(("rule", "options"), STEPS)
def test_optimizers(rule: Any, options: dict[str, Any]) -> None:
    found = []
    for make in (np.array, asarray):
        rng = np.random.default_rng(1)
        shapes: list[tuple[int, ...]] = [(3, 2), (4,), ()]
        params = [Tensor(make(rng.standard_normal(s)), requires_grad=True) for s in shapes]
        optimizer = rule(params, lr=0.05, **options)
        for k in range(4):
            optimizer.zero_grad(set_to_none=k % 2 == 0)
            sum(np.sum(np.sin(p) * p) for p in params).backward()
            optim.clip_grad_norm_(params, 1.5)
            optimizer.step()
            if k == 1:
                state = optimizer.state_dict()
                optimizer = rule(params, lr=0.05, **options)
                optimizer.load_state_dict(state)
        found.append([p.data for p in params])
    for on_host, on_device in zip(*found, strict=True):
        assert isinstance(on_device, ndarray)
        np.testing.assert_array_equal(down(on_device), on_host)


def test_muon() -> None:
    found = []
    for make in (np.array, asarray):
        p = Tensor(make(np.arange(6.0).reshape(3, 2)), requires_grad=True)
        optimizer = optim.Muon([p], lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            np.sum(np.sin(p)).backward()
            optimizer.step()
        found.append(p.data)
    np.testing.assert_allclose(down(found[1]), found[0], rtol=1e-12)
    with pytest.raises(errors.UnsupportedError, match="NumPy arrays"):
        optim.LBFGS([Tensor(asarray(np.ones(2)), requires_grad=True)])


class Reader(nn.Module):
    """A recurrent layer and a linear one."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.layer, self.out = layer(6, 5, batch_first=True, bidirectional=True), nn.Linear(10, 3)

    def forward(self, x: Any) -> Any:
        """Read sequences of two lengths."""
        lengths = np.where(np.arange(len(x)) % 2, 4, 3)
        return self.out(self.layer(x, lengths=lengths)[0].sum(axis=1))


class Attentive(nn.Module):
    """A transformer's layer under a causal mask, and a linear one."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.out = nn.TransformerEncoderLayer(6, 2, 8, dropout=0.1), nn.Linear(6, 3)

    def forward(self, x: Any) -> Any:
        """Attend."""
        return self.out(self.layer(x, is_causal=True)[:, -1])


FLAT, LABELS = RNG.standard_normal((20, 6)), RNG.integers(0, 3, 20)
IMAGES, LINES = RNG.standard_normal((20, 2, 8, 8)), RNG.standard_normal((20, 4, 6))
WORDS = RNG.integers(0, 10, (20, 5))
MODELS: dict[str, tuple[Any, Any]] = {
    "perceptron": (
        lambda: nn.Sequential(
            nn.Linear(6, 8), nn.BatchNorm1d(8), nn.GELU(), nn.Dropout(0.2), nn.LayerNorm(8),
            nn.Linear(8, 3),
        ),
        FLAT,
    ),
    "convolutions": (
        lambda: nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(4, 4, 3, groups=2), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(4, 3),
        ),
        IMAGES,
    ),
    "embedding": (
        lambda: nn.Sequential(nn.Embedding(10, 4, padding_idx=0), nn.Flatten(), nn.Linear(20, 3)),
        WORDS,
    ),
    "lstm": (lambda: Reader(nn.LSTM), LINES),
    "gru": (lambda: Reader(nn.GRU), LINES),
    "rnn": (lambda: Reader(nn.RNN), LINES),
    "attention": (Attentive, LINES),
}  # fmt: skip


def trained(make: Any, data: Any, device: bool) -> Any:
    """Train in the same way on either kind of array; return what was measured, and the model."""
    nn.manual_seed(3)
    model, loss = make().double(), nn.CrossEntropyLoss(np.array([1.0, 2.0, 0.5]))
    if device:
        model.to(xp)
        loss.to(xp)
    trainer = nn.Trainer(
        model,
        loss,
        optim.SGD(model.parameters(), lr=0.05, momentum=0.9),
        metrics={"accuracy": nn.accuracy},
        callbacks=[nn.GradientClipping(max_norm=1.0)],
        progress=False,
    )
    history = trainer.fit((data, LABELS), (data, LABELS), epochs=2, batch_size=8)
    return history.rows, trainer.predict(data), model


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_training(name: str, tmp_path: Any) -> None:
    make, data = MODELS[name]
    (rows, answers, model), (moved_rows, moved_answers, moved) = (
        trained(make, data, device) for device in (False, True)
    )
    for row, other in zip(rows, moved_rows, strict=True):
        assert row == pytest.approx(other, rel=1e-9)
    assert type(moved_answers) is np.ndarray
    np.testing.assert_allclose(moved_answers, answers, rtol=1e-8, atol=1e-10)
    assert all(isinstance(p.data, ndarray) for p in moved.parameters())
    assert all(isinstance(b, ndarray) for b in moved.buffers())
    # there and back, as a copy and as a file
    twin = copy.deepcopy(moved)
    twin.load_state_dict(model.state_dict())
    nn.save(moved, tmp_path / "model.safetensors")
    for place in (twin, make().double()):
        place.load_state_dict(nn.load(tmp_path / "model.safetensors"))
        for p, q in zip(place.to(np).parameters(), moved.parameters(), strict=True):
            assert type(p.data) is np.ndarray
            np.testing.assert_array_equal(p.data, down(q.data))


def test_initializers_and_buffers_keep_the_kind() -> None:
    layer = nn.Linear(4, 3).to(xp)
    nn.manual_seed(0)
    nn.init.xavier_uniform_(layer.weight)
    nn.manual_seed(0)
    wanted = nn.init.xavier_uniform_(np.empty((3, 4), np.float32))
    assert isinstance(layer.weight.data, ndarray)
    np.testing.assert_array_equal(down(layer.weight.data), wanted)
    layer.register_buffer("seen", asarray(np.zeros(2)))
    assert isinstance(layer.seen, ndarray)
    again = pickle.loads(pickle.dumps(layer))
    assert isinstance(again.weight.data, ndarray)
    norm = nn.BatchNorm1d(4, track_running_stats=False).to(xp)  # its statistics are None
    assert isinstance(norm.weight.data, ndarray)
    assert norm.cpu().running_mean is None
    assert type(norm.weight.data) is np.ndarray


def test_what_does_not_fit_is_said() -> None:
    start = asarray(np.ones(2))
    for minimize in (optim.lbfgs, optim.newton, optim.newton_cg, optim.gradient_descent):
        with pytest.raises(errors.OperandError, match="one vector of NumPy's"):
            minimize(lambda x: np.sum(x * x), start)
    layer = nn.Linear(2, 1).double()
    with pytest.raises(errors.OperandError, match="asarray"):
        layer.to(pickle)
    state = nn.Linear(2, 1).double().to(xp).state_dict()
    with pytest.raises(errors.AutogradError, match="the module holds a ndarray"):
        layer.load_state_dict(state)
    p = Tensor(np.ones(2), requires_grad=True)
    rule = optim.Adam([p])
    p.grad = np.ones(2)
    rule.step()
    saved = rule.state_dict()
    saved["state"][0]["exp_avg"] = asarray(np.ones(2))
    with pytest.raises(
        errors.AutogradError, match=r"'exp_avg' of parameter 0 is a ndarray, .* holds a ndarray"
    ):
        rule.load_state_dict(saved)
    layer.to(xp)
    with pytest.raises(errors.OperandError, match=r"np\.asarray"):
        layer(np.ones((3, 2)))
