"""Loading a state: all of it is taken on, or nothing is changed."""

from __future__ import annotations

import copy
import random
from typing import Any

import numpy as np
import pytest

import nn
import optim
from attacks import mutated
from autograd_core import AutogradError, Tensor
from optim import lr_scheduler as schedules


class Everything(nn.Module):
    """Parameters and buffers of several dtypes."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(2, 2)
        self.norm = nn.BatchNorm1d(2)
        self.z = nn.Parameter(np.ones(2, complex))
        self.register_buffer("half", np.ones(2, np.float16))
        self.register_buffer("flag", np.array([True, False]))
        self.register_buffer("small", np.zeros(2, np.int8))
        self.register_buffer("byte", np.zeros(2, np.uint8))
        self.register_buffer("count", np.zeros(()))
        self.count = 3.5  # plain numbers become arrays, so that they can be saved

    def forward(self, x: Any) -> Any:
        return self.norm(self.first(x))


WRONG_ARRAYS: dict[str, Any] = {
    "complex": lambda a: a + 1j,
    "float": lambda a: a + 0.5,
    "long": lambda a: np.full(a.shape, 2**40),
    "negative": lambda a: np.full(a.shape, -300),
    "huge": lambda a: np.full(a.shape, 1e300),
    "half": lambda a: np.full(a.shape, 1e30, np.float32),
    "text": lambda a: np.full(a.shape, "a"),
    "object": lambda a: np.full(a.shape, None),
    "date": lambda a: np.zeros(a.shape, "M8[D]"),
    "masked": lambda a: np.ma.masked_array(a, np.ones(a.shape, bool)),
    "shape": lambda a: np.zeros((*a.shape, 1), a.dtype),
    "ragged": lambda a: [[1], [1, 2]],
    "nothing": lambda a: None,
}

NUMBERS = ("complex", "float", "long", "negative", "huge", "half")


def contents(state: Any) -> Any:
    return copy.deepcopy(state)


def equal(a: Any, b: Any) -> bool:
    np.testing.assert_equal(a, b)
    return True


@pytest.mark.parametrize("kind", WRONG_ARRAYS)
@pytest.mark.parametrize("name", list(Everything().state_dict()))
def test_a_module_takes_all_or_nothing(name: str, kind: str) -> None:
    model = Everything()
    before = contents(model.state_dict())
    good = {key: value + 1 if value.dtype != bool else ~value for key, value in before.items()}
    value = WRONG_ARRAYS[kind](good[name])
    for given in ({**good, name: value}, dict(reversed({**good, name: value}.items()))):
        try:
            model.load_state_dict(given)
        except nn.StateDictError as error:
            message = str(error)
            found = name in message and "nothing was changed" in message
            assert found and equal(model.state_dict(), before)  # noqa: PT018
        else:  # some of these do fit some of the dtypes; then the numbers are there
            assert kind in NUMBERS
            target = model.state_dict()[name]
            np.testing.assert_allclose(target, value, rtol=1e-3)
            assert np.isfinite(target).all()
            model.load_state_dict(before)
    model.load_state_dict(good)
    assert equal(model.state_dict(), good)


def test_a_module_whose_own_arrays_cannot_be_written_or_overlap() -> None:
    model = nn.Module()
    model.register_buffer("a", np.zeros(2))
    model.register_buffer("b", np.broadcast_to(np.zeros(1), (2,)))
    with pytest.raises(nn.StateDictError, match="b: the module's array is read-only"):
        model.load_state_dict({"a": np.ones(2), "b": np.ones(2)})
    assert equal(model.a, np.zeros(2))
    pair = nn.Module()
    pair.register_buffer("a", np.array([1.0, 2.0]))
    pair.register_buffer("b", np.array([3.0, 4.0]))
    state = pair.state_dict()
    pair.load_state_dict({"a": state["b"][::-1], "b": state["a"]})  # its own memory, crossed over
    assert equal(pair.a, [4.0, 3.0])
    assert equal(pair.b, [1.0, 2.0])


def test_complex_parameters_load_save_and_train(tmp_path: Any) -> None:
    model, other = Everything(), Everything()
    other.load_state_dict({**model.state_dict(), "z": np.array([1j, 2])})
    assert equal(other.z.data, [1j, 2])
    nn.save_checkpoint(other.state_dict(), tmp_path / "z")
    model.load_state_dict(nn.load_checkpoint(tmp_path / "z"))
    assert equal(model.z.data, [1j, 2])

    class Line(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.z = nn.Parameter(np.array([1 + 1j]))

        def forward(self, x: Any) -> Any:
            return x * self.z

    x = np.linspace(0, 1, 8)[:, None]
    for targets in (x * (2 - 1j), (x * (2 - 1j)).astype(np.complex64)):
        line = Line()
        trainer = nn.Trainer(
            line,
            lambda y, t: np.mean(np.abs(y - t) ** 2),
            optim.SGD(line.parameters(), lr=0.5),
            checkpoint=tmp_path / f"run{targets.dtype}",
        )
        history = trainer.fit((x, targets), epochs=60, batch_size=8)
        assert history["loss"][-1] < 1e-3
        np.testing.assert_allclose(line.z.data, [2 - 1j], atol=0.05)
        np.testing.assert_allclose(trainer.predict(x), x * line.z.data)


# --- optimizers and schedules -----------------------------------------------

OPTIMIZERS = ["SGD", "Adam", "AdamW", "Adamax", "NAdam", "RAdam", "RMSprop", "Adagrad", "Adadelta",
              "Lion"]  # fmt: skip


def optimizer(name: str) -> Any:
    p = [Tensor(np.ones(2, np.float32), requires_grad=True) for _ in range(2)]
    settings = {"momentum": 0.9} if name in ("SGD", "RMSprop") else {}
    made = getattr(optim, name)([{"params": p[:1]}, {"params": p[1:]}], lr=0.1, **settings)
    for one in p:
        one.grad = np.ones(2, np.float32)
    made.step()
    return made


def broken(state: Any, path: tuple[Any, ...] = ()) -> Any:
    """Yield a nest with one thing spoiled, at each place and in each way."""
    for wrong in (object(), "text", 3, [1], None, {"a": 1}, np.ones(7), 1j, np.nan):
        yield path, wrong
    inner = state.items() if isinstance(state, dict) else ()
    inner = enumerate(state) if isinstance(state, list) else inner
    for key, value in inner:
        yield from broken(value, (*path, key))


def spoiled(state: Any, path: tuple[Any, ...], wrong: Any) -> Any:
    if not path:
        return wrong
    made = dict(state) if isinstance(state, dict) else list(state)
    made[path[0]] = spoiled(state[path[0]], path[1:], wrong)
    return made


def everything_of(thing: Any) -> Any:
    held = {k: v for k, v in vars(thing).items() if k not in ("optimizer", "_scratch", "_loader")}
    parts = held.pop("_schedulers", [])
    held.pop("lr_lambdas", None)
    state = held.pop("state", {})
    held["state"] = {id(p): contents(value) for p, value in state.items()}
    held["param_groups"] = [
        {k: v for k, v in group.items() if k != "params"} for group in held.get("param_groups", ())
    ]
    return contents(held), [everything_of(part) for part in parts]


def check_all_or_nothing(thing: Any) -> None:
    good = contents(thing.state_dict())
    refused = 0
    for path, wrong in broken(good):
        before = everything_of(thing)
        try:
            thing.load_state_dict(spoiled(good, path, wrong))
        except AutogradError:
            refused += 1
            assert equal(everything_of(thing), before)
        else:
            thing.load_state_dict(good)
    keys = list(good)
    for key in keys:
        before = everything_of(thing)
        for given in ({k: good[k] for k in keys if k != key}, {**good, "another": 1}):
            with pytest.raises(AutogradError):
                thing.load_state_dict(given)
        assert equal(everything_of(thing), before)
    assert refused > 5


@pytest.mark.slow
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_takes_all_or_nothing(name: str) -> None:
    check_all_or_nothing(optimizer(name))


def test_numbers_too_large_for_an_optimizers_state() -> None:
    adam = optimizer("Adam")
    state = adam.state_dict()
    state["state"][1]["exp_avg_sq"] = np.full(2, 1e300)
    before = everything_of(adam)
    with pytest.raises(nn.StateDictError, match="too large for float32"):
        adam.load_state_dict(state)
    assert equal(everything_of(adam), before)
    state = adam.state_dict()
    state["param_groups"][1]["params"] = [0]
    with pytest.raises(nn.StateDictError, match="twice"):
        adam.load_state_dict(state)


SCHEDULES = {name: make for name, make in mutated.SCHEDULES.items() if name != "none"}


def test_all_schedules_are_walked() -> None:
    others = {"LRScheduler", "linear_scaling"}
    assert set(SCHEDULES) == set(schedules.__all__) - others


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_takes_all_or_nothing(name: str) -> None:
    schedule = SCHEDULES[name](optimizer("Adam"))
    check_all_or_nothing(schedule)
    other = SCHEDULES[name](optimizer("Adam"))
    state = schedule.state_dict()
    other.load_state_dict(state)
    for key, value in vars(other).items():
        assert not isinstance(value, list) or value is not state.get(key)


def test_a_part_that_raises_undoes_the_parts_before_it() -> None:
    class Stubborn(schedules.ConstantLR):
        def load_state_dict(self, state_dict: Any) -> None:
            raise RuntimeError("no")

    o = optimizer("Adam")
    inner = schedules.ChainedScheduler([schedules.ConstantLR(o)])
    outer = schedules.ChainedScheduler([inner, Stubborn(o)])
    state = contents(outer.state_dict())
    outer.step()
    before = everything_of(outer)
    with pytest.raises(RuntimeError, match="no"):
        outer.load_state_dict(state)
    assert equal(everything_of(outer), before)


# --- callbacks and the trainer ----------------------------------------------


class Stubborn(nn.Callback):
    """Refuses every state, after it has taken on half of it."""

    def __init__(self, error: Exception) -> None:
        self.error, self.seen = error, 0

    def load_state_dict(self, state_dict: Any) -> None:
        self.seen = 7
        raise self.error


def trainer(*more: Any) -> Any:
    nn.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Dropout(0.2), nn.Linear(3, 1))
    model[2].rng = np.random.default_rng(1)
    adam = optim.Adam(model.parameters(), lr=0.01)
    callbacks = [nn.EarlyStopping("loss", restore_best=True), nn.Annealing("loss"),
                 nn.GradientClipping(1.0), nn.LayerStatistics(), *more]  # fmt: skip
    made = nn.Trainer(
        model, nn.MSELoss(), adam, schedules.StepLR(adam, 1, 0.9), callbacks=callbacks
    )
    x = np.random.default_rng(0).normal(size=(8, 2)).astype(np.float32)
    made.fit((x, x[:, :1]), epochs=1, batch_size=4)
    return made


def world(t: Any) -> Any:
    return contents(
        [t.state_dict(), [p.grad.data for p in t.model.parameters()], t._loaded]
        + [{k: v for k, v in vars(c).items() if k != "error"} for c in t.callbacks]
    )


@pytest.mark.slow
def test_a_trainer_takes_all_or_nothing() -> None:
    source, target = trainer(), trainer()
    x = np.random.default_rng(3).normal(size=(8, 2)).astype(np.float32)
    source.fit((x, x[:, :1]), epochs=3, batch_size=4)
    good = contents(source.state_dict())
    random.random()
    np.random.random()  # the old interface's state is a part of a checkpoint
    before = contents(target.state_dict())
    refused = 0
    places = [(path, wrong) for path, wrong in broken(good) if len(path) <= 3]
    for path, wrong in places[::7]:
        if path[:1] == ("history",) or "records" in path:
            continue
        target.load_state_dict(before)
        try:
            target.load_state_dict(spoiled(good, path, wrong))
        except AutogradError:
            refused += 1
            assert equal(target.state_dict(), before)
    assert refused > 30
    target.load_state_dict(good)
    assert equal(target.state_dict(), good)


@pytest.mark.parametrize("error", [RuntimeError("no"), ValueError("no"), KeyError("no")])
def test_a_callback_that_raises_undoes_everything(error: Exception) -> None:
    source, target = trainer(Stubborn(error)), trainer(Stubborn(error))
    state = contents(source.state_dict())
    for array in state["model"].values():
        array += 1
    before = world(target)
    kind = RuntimeError if isinstance(error, RuntimeError) else nn.StateDictError
    with pytest.raises(kind, match="no"):
        target.load_state_dict(state)
    assert equal(world(target), before)


def test_a_callback_takes_all_or_nothing() -> None:
    for callback in trainer().callbacks:
        good = contents(callback.state_dict())
        for given in ([], {**good, "another": 1}, {k: good[k] for k in list(good)[1:]}):
            with pytest.raises(nn.StateDictError):
                callback.load_state_dict(given)
            assert equal(callback.state_dict(), good)
        callback.load_state_dict(good)
        for key, value in callback.state_dict().items():
            assert not isinstance(value, (list, dict)) or value is not good[key]
