"""A killed run ends bit for bit where it would have ended, or it was said what is not kept."""

from __future__ import annotations

import collections
import functools
import itertools
import os
import random
import secrets
import threading
import warnings
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import nn
import optim
from autograd_core import checkpoint, grad
from nn.random import own_sources, restore_source, source_state

Source = Callable[[], Any]


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch: Any) -> None:
    monkeypatch.setattr(os, "fsync", lambda number: None)


class Killed(BaseException):
    pass


class Layer(nn.Module):
    """Adds what some function of its own draws."""

    def __init__(self, draw: Any) -> None:
        super().__init__()
        self.draw = draw

    def forward(self, x: Any) -> Any:
        return x + 0.1 * np.float32(self.draw())


class Data:
    def __init__(self, draw: Any) -> None:
        self.x = np.linspace(-1, 1, 12, dtype=np.float32)[:, None]
        self.draw = draw

    def __len__(self) -> int:
        return 12

    def __getitem__(self, k: int) -> Any:
        return self.x[k] + np.float32(0.1 * self.draw()), self.x[k]


class Shaking(nn.Callback):
    def __init__(self, draw: Any) -> None:
        self.draw = draw

    def on_backward(self, trainer: Any) -> None:
        for p in trainer.model.parameters():
            p.grad.data[...] += 0.1 * self.draw()


def zero() -> float:
    return 0.0


def build(
    path: Any, layer: Any = zero, data: Any = zero, metric: Any = zero, loss: Any = zero,
    callback: Any = zero, validation: Any = zero, transform: Any = None,
) -> tuple[Any, Any, Any]:  # fmt: skip
    nn.manual_seed(0)
    np.random.seed(0)
    random.seed(0)
    model = nn.Sequential(nn.Linear(1, 3), Layer(layer), nn.Dropout(0.2), nn.Linear(3, 1))
    mse = nn.MSELoss()
    trainer = nn.Trainer(
        model,
        lambda output, target: mse(output, target) * np.float32(1 + 0.1 * loss()),
        optim.Adam(model.parameters(), lr=0.01),
        metrics={"m": lambda output, target: metric()},
        callbacks=[Shaking(callback)],
        checkpoint=path,
        checkpoint_batches=1,
    )
    loader = nn.DataLoader(Data(data), 4, shuffle=True, transform=transform)
    return trainer, loader, Data(validation)


def kill(trainer: Any, at: int) -> None:
    """Let the process die in an update."""
    real, count = trainer.optimizer.step, 0

    def step() -> None:
        nonlocal count
        count += 1
        if count > at:
            raise Killed
        real()

    trainer.optimizer.step = step


def check_resumes(make: Callable[[Any], Any], tmp_path: Any, epochs: int = 2) -> None:
    whole, loader, tests = make(tmp_path / "whole")
    whole.fit(loader, tests, epochs=epochs)
    for at in (1, 4):
        path = tmp_path / f"killed at {at}"
        broken, loader, tests = make(path)
        kill(broken, at)
        with pytest.raises(Killed):
            broken.fit(loader, tests, epochs=epochs)
        np.random.rand(3)
        resumed, loader, tests = make(path)
        resumed.fit(loader, tests, epochs=epochs)
        np.testing.assert_equal(resumed.state_dict(), whole.state_dict())


# --- where a source may be ------------------------------------------------------

GLOBAL = np.random.default_rng(0)
MODULE = SimpleNamespace(inner=SimpleNamespace(rng=random.Random(0)))


def from_a_global() -> float:
    return float(GLOBAL.random())


class Holder:
    """Keeps its source in every way that an object can."""

    shared = np.random.default_rng(1)

    def __init__(self) -> None:
        self.parts: Any = [{"a": (np.random.RandomState(1),)}]
        self.queue = collections.deque([random.Random(2)])
        self.user = collections.UserDict(a=np.random.default_rng(3))
        self.table = np.array([np.random.default_rng(4), None], object)
        self.local = threading.local()
        self.local.rng = np.random.default_rng(5)

    @property
    def drawn(self) -> float:
        return float(GLOBAL.random())

    @staticmethod
    def still() -> float:
        return MODULE.inner.rng.random()

    @functools.cache  # noqa: B019 - so that it is one
    def cached(self, k: int) -> float:
        return float(GLOBAL.random())

    def __call__(self) -> float:
        return (
            self.parts[0]["a"][0].rand()
            + self.queue[0].random()
            + self.user["a"].random()
            + self.table[0].random()
            + self.local.rng.random()
            + self.shared.random()
            + self.drawn
            + self.still()
        )


class Slots:
    __slots__ = ("rng",)

    def __init__(self) -> None:
        self.rng = np.random.RandomState(1)

    def __call__(self) -> float:
        return self.rng.rand()


class FromBits:
    def __init__(self) -> None:
        self.bits = np.random.Philox(1)

    def __call__(self) -> float:
        return np.random.Generator(self.bits).random()


class FromSeeds:
    def __init__(self) -> None:
        self.seeds = np.random.SeedSequence(1)

    def __call__(self) -> float:
        return np.random.default_rng(self.seeds.spawn(1)[0]).random()


def closure() -> Any:
    rng = np.random.default_rng(2)
    return lambda: rng.random()


def default() -> Any:
    def draw(rng: Any = random.Random(1), *, other: Any = np.random.RandomState(2)) -> float:  # noqa: B008
        return rng.random() + other.rand()

    return draw


def wrapped() -> Any:
    """Claims to be of the standard library."""
    rng = np.random.default_rng(6)

    @functools.wraps(os.getcwd)
    def draw() -> float:
        return rng.random()

    return draw


def spawning() -> Any:
    rng = np.random.default_rng(2)
    return lambda: rng.spawn(1)[0].random()


HOLDERS: dict[str, Source] = {
    "RandomState's method": lambda: np.random.RandomState(1).rand,
    "Random's method": lambda: random.Random(1).random,
    "Generator's method": lambda: np.random.default_rng(1).random,
    "SFC64": lambda: np.random.Generator(np.random.SFC64(1)).random,
    "MT19937": lambda: np.random.Generator(np.random.MT19937(1)).standard_normal,
    "RandomState's pair": lambda: np.random.RandomState(1).randn,  # keeps the second number
    "Random's pair": lambda: functools.partial(random.Random(1).gauss, 0.0, 1.0),
    "partial": lambda: functools.partial(lambda rng: rng.random(), np.random.default_rng(1)),
    "numpy": lambda: np.random.rand,
    "python": lambda: random.random,
    "nn": lambda: nn.random.generator().random,
    "global": lambda: from_a_global,
    "everywhere": Holder,
    "slots": Slots,
    "bits": FromBits,
    "seeds": FromSeeds,
    "spawning": spawning,
    "closure": closure,
    "wrapped": wrapped,
    "defaults": default,
}


def reset() -> None:
    global GLOBAL
    GLOBAL = np.random.default_rng(0)
    MODULE.inner.rng = random.Random(0)
    Holder.shared = np.random.default_rng(1)


@pytest.mark.slow
@pytest.mark.parametrize("holder", HOLDERS)
def test_a_layers_sources_are_kept(holder: str, tmp_path: Any) -> None:
    def make(path: Any) -> Any:
        reset()
        return build(path, layer=HOLDERS[holder]())

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_resumes(make, tmp_path)


@pytest.mark.parametrize("place", ["data", "metric", "loss", "callback", "validation"])
def test_sources_of_all_that_a_training_calls(place: str, tmp_path: Any) -> None:
    check_resumes(
        lambda path: build(path, **{place: random.Random(3).random}),
        tmp_path,
    )


def test_a_transform_with_a_source_of_its_own(tmp_path: Any) -> None:
    def make(path: Any) -> Any:
        own = np.random.RandomState(3)
        return build(path, transform=lambda x, rng: x + np.float32(own.rand() + rng.random()))

    check_resumes(make, tmp_path)


def test_a_state_loaded_before_the_data_are_known(tmp_path: Any) -> None:
    """Sources of the data are put back when `fit` names the data."""
    draw = random.Random(3)
    path = tmp_path / "run"
    whole, loader, tests = build(path, data=draw.random)
    whole.fit(loader, tests, epochs=2)
    os.replace(path, tmp_path / "early")
    whole.fit(loader, tests, epochs=3)
    early, loader, tests = build(None, data=random.Random(3).random)
    expected = nn.load_checkpoint(path)
    early.load(tmp_path / "early")
    early.fit(loader, tests, epochs=3)
    np.testing.assert_equal(early.state_dict(), expected)


def test_other_sources_are_refused_by_name(tmp_path: Any) -> None:
    path = tmp_path / "run"
    trainer, loader, tests = build(path, layer=random.Random(3).random)
    trainer.fit(loader, tests, epochs=1)
    for found, words in (
        (
            build(path),
            r"the checkpoint has the random source model\.1\.draw, this training has not",
        ),
        (
            build(path, layer=random.Random(3).random, data=random.Random(3).random),
            r"this training has the random source data\.draw, the checkpoint has not",
        ),
    ):
        trainer, loader, tests = found
        before = trainer.model.state_dict()["0.weight"].copy()
        with pytest.raises(nn.StateDictError, match=words):
            trainer.fit(loader, tests, epochs=2)
        np.testing.assert_array_equal(trainer.model.state_dict()["0.weight"], before)


# --- what cannot be kept ---------------------------------------------------------


def stream() -> Any:
    rng = random.Random(1)
    while True:
        yield rng.random()


class TorchLike:
    """Stands for a generator of PyTorch's."""


TorchLike.__name__, TorchLike.__module__ = "Generator", "torch._C"

UNKEPT: dict[str, tuple[Source, str]] = {
    "system": (lambda: random.SystemRandom().random, "SystemRandom"),
    "stream": (lambda: stream().__next__, "a generator, whose place is not known"),
    "cycle": (lambda: itertools.cycle([1, 2]).__next__, "a cycle, whose place is not known"),
    "urandom": (lambda: lambda: os.urandom(1)[0], "the system's random numbers"),
    "secrets": (lambda: lambda: secrets.randbelow(3), "the system's random numbers"),
    "set": (
        lambda: functools.partial(lambda s: 0.0, {random.Random(1), random.Random(2)}),
        "several in a set, which has no order",
    ),
    "torch": (lambda: functools.partial(lambda g: 0.0, TorchLike()), r"torch\.Generator"),
}


@pytest.mark.parametrize("kind", UNKEPT)
def test_what_a_checkpoint_cannot_hold_is_named_once(kind: str, tmp_path: Any) -> None:
    make, words = UNKEPT[kind]
    trainer, loader, tests = build(tmp_path / "run", layer=make())
    with pytest.warns(RuntimeWarning, match=rf"does not keep model\.1\.draw.* \({words}"):
        trainer.fit(loader, tests, epochs=1)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        trainer.fit(loader, tests, epochs=2)
        trainer, loader, tests = build(None, layer=make())  # nothing to keep it in
        trainer.fit(loader, tests, epochs=1)


def test_a_seed_sequence_knows_no_way_back() -> None:
    seeds = np.random.SeedSequence(1)
    rng = np.random.default_rng(seeds)
    states = source_state(rng), source_state(seeds)
    rng.spawn(2)
    for source, state in zip((rng, seeds), states, strict=True):
        with pytest.raises(ValueError, match="has spawned 2 children, and cannot go back to 0"):
            restore_source(source, state)


def test_a_generator_over_bits_without_a_seed_sequence_goes_back() -> None:
    rng = np.random.Generator(np.random.RandomState(3)._bit_generator)  # type: ignore[attr-defined]
    assert rng.bit_generator.seed_seq is None
    state = source_state(rng)
    drawn = rng.random(5)
    restore_source(rng, state)
    np.testing.assert_array_equal(rng.random(5), drawn)


def test_two_in_one_place_of_a_set_are_not_taken_for_each_other() -> None:
    found, unkept = own_sources({"a": {random.Random(1), random.Random(2)}, "b": random.Random(3)})
    assert list(found) == ["b"]
    assert list(unkept) == ["a{}"]


def test_the_nearest_name_is_given_and_nothing_of_the_engine() -> None:
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Dropout(0.1))
    model[0].rng = rng
    model[0].register_forward_hook(lambda module, args, output: rng.random() and None)
    derivative = grad(checkpoint(lambda x: x * rng.random()))
    found, unkept = own_sources({"m": model, "f": derivative, "none": [(np.ones(2), 1)]})
    assert list(found) == ["m.0.rng"]
    assert not unkept


# --- two calls of fit, and a kill in the second -----------------------------------


def best_weights(path: Any, restore: bool = True) -> Any:
    nn.manual_seed(0)
    x = np.random.default_rng(0).standard_normal((24, 2)).astype(np.float32)
    model = nn.Sequential(nn.Linear(2, 8), nn.Dropout(0.3), nn.Linear(8, 1))
    trainer = nn.Trainer(
        model,
        nn.MSELoss(),
        optim.Adam(model.parameters(), lr=0.1),
        callbacks=[nn.EarlyStopping("loss", patience=50, restore_best=restore)],
        checkpoint=path,
        checkpoint_batches=1,
    )
    return trainer, (x, x[:, :1] * x[:, 1:])


def script(path: Any, at: int | None = None) -> Any:
    trainer, data = best_weights(path)
    if at is not None:
        kill(trainer, at)
    for epochs in (3, 6):
        trainer.fit(data, epochs=epochs, batch_size=8)
    return trainer


@pytest.mark.parametrize("at", [0, 5, 8, 9, 10, 14, 17])
def test_two_calls_of_fit_and_a_kill(at: int, tmp_path: Any) -> None:
    """The end of the first call puts the best weights back, unless it lies in the past."""
    whole = script(tmp_path / "whole")
    with pytest.raises(Killed):
        script(tmp_path / "run", at)
    np.testing.assert_equal(script(tmp_path / "run").state_dict(), whole.state_dict())
    np.testing.assert_equal(script(tmp_path / "run").state_dict(), whole.state_dict())


def test_early_stopping_leaves_the_weights_of_a_training_that_can_go_on(tmp_path: Any) -> None:
    whole = script(None)
    trainer, data = best_weights(None)
    trainer.fit(data, epochs=3, batch_size=8)
    kill(trainer, 5)
    with pytest.raises(Killed):
        trainer.fit(data, epochs=6, batch_size=8)
    assert not trainer.finished
    trainer.optimizer.step = type(trainer.optimizer).step.__get__(trainer.optimizer)
    trainer.fit(data, epochs=6, batch_size=8)
    assert trainer.finished
    np.testing.assert_equal(trainer.state_dict(), whole.state_dict())
