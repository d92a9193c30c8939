"""A checkpoint from somebody else is harmless: it is taken on whole, or refused unchanged."""

from __future__ import annotations

import copy
import json
import random
import subprocess
import sys
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
import optim
from attacks.mutated import (
    BITS,
    CALLBACKS,
    Users,
    X,
    Y,
    attack,
    checkpoint,
    frozen,
    mutated,
    training,
)
from autograd_core import NonFiniteError, Tensor
from nn.random_states import checked_random_state
from optim import lr_scheduler as schedules
from optim.restoring import UnlikeError, like

# --- files ----------------------------------------------------------------------------------------

FAMILIES = [
    ("Adam", "StepLR", "stopping", "PCG64"),
    ("momentum", "OneCycleLR", "saving", "MT19937"),
    ("NAdam", "ReduceLROnPlateau", "looking", "Philox"),
    ("RMSprop", "SequentialLR", "users", "SFC64"),
    ("Adadelta", "CosineAnnealingWarmRestarts", "none", "PCG64DXSM"),
    ("Lion", "PolynomialLR", "users", "PCG64"),
]


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: "-".join(f[:3]))
def test_a_changed_file_does_no_harm(family: tuple[str, str, str, str]) -> None:
    names, bits = family[:3], family[3]
    content = checkpoint(names, bits)
    assert attack(names, content, "unchanged", bits) == "went on"
    ends = [
        attack(names, *mutated(content, random.Random(f"{family} {k}")), bits) for k in range(40)
    ]
    assert ends.count("refused") > 15
    assert "went on" in ends


def test_a_resumed_run_ends_where_the_first_one_does(tmp_path: Path) -> None:
    for rule, schedule, callbacks, bits in FAMILIES:
        names = rule, schedule, callbacks
        whole = training(names, tmp_path, bits)
        whole.fit((X, Y), epochs=4, batch_size=4)
        path = tmp_path / "run.st"
        path.write_bytes(checkpoint(names, bits))
        second = training(names, tmp_path, bits)
        second.load(path)
        second.fit((X, Y), epochs=4, batch_size=4)
        assert frozen(second.state_dict()) == frozen(whole.state_dict())


def test_damage_is_noticed_wherever_it_is(tmp_path: Path) -> None:
    path = tmp_path / "run.st"
    nn.save_checkpoint({"w": np.arange(3.0), "k": [1, 2.5, "a"], "n": np.zeros((0, 2))}, path)
    content, good = path.read_bytes(), frozen(nn.load_checkpoint(path))
    for place in range(len(content)):
        for bit in (0, 6):
            changed = bytearray(content)
            changed[place] ^= 1 << bit
            path.write_bytes(changed)
            try:
                found = nn.load_checkpoint(path)
            except nn.SerializationError as error:
                assert "run.st" in str(error)  # noqa: PT017
            else:  # a space, or the name under which the checksum stands
                assert frozen(found) == good


HOSTILE = {
    "a key twice": '{"a":1,"a":2}',
    "an item twice": '{"$items":[[1,2],[1,3]]}',
    "a key that is a list": '{"$items":[[{"a":1},2]]}',
    "memory without end": '{"$scalar":["V1000000000000",1000000000000]}',
    "objects": '{"$scalar":["O",1]}',
    "objects laid out": '{"$laid out":["O","C",{"$array":"w"}]}',
    "another dtype": '{"$laid out":[">f4","C",{"$array":"w"}]}',
    "an unknown order": '{"$laid out":[">f8","K",{"$array":"w"}]}',
    "laid out in layers": '{"$laid out":[">f8","C",{"$laid out":[">f8","C",{"$array":"w"}]}]}',
    "no such array": '{"$array":"v"}',
    "an array by number": '{"$array":0}',
    "one part of a complex number": '{"$complex":"w"}',
    "a number of text": '{"$number":["1","2"]}',
    "a number of one part": '{"$number":[1.0]}',
    "a flag as a float": '{"$scalar":["<f8",true]}',
    "two numbers for one": '{"$scalar":["<f8",1.0,2.0,3.0]}',
    "a tuple of text": '{"$tuple":"abc"}',
    "bytes of numbers": '{"$bytes":5}',
    "an unknown mark": '{"$code":"import os"}',
    "no JSON": "{",
    "too deep": "[" * 100_000,
    "too many digits": "1" * 5000,
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_contents_are_refused(case: str, tmp_path: Path) -> None:
    path = tmp_path / "hostile.st"
    nn.save({"w": np.ones(3)}, path, {"autograd_core.checkpoint": HOSTILE[case]})
    with pytest.raises(nn.SerializationError, match=r"hostile\.st: the checkpoint is damaged"):
        nn.load_checkpoint(path)


def test_a_file_without_a_checksum_is_read(tmp_path: Path) -> None:
    nn.save({}, tmp_path / "older", {"autograd_core.checkpoint": '{"a":[1,NaN]}'})
    assert repr(nn.load_checkpoint(tmp_path / "older")) == "{'a': [1, nan]}"


# --- callbacks ------------------------------------------------------------------------------------


def test_a_callbacks_state_changes_neither_settings_nor_methods(tmp_path: Path) -> None:
    for make in CALLBACKS.values():
        for callback in make(tmp_path):
            good = callback.state_dict()
            before = frozen(vars(callback))
            for extra in (
                {"path": str(tmp_path / "elsewhere")}, {"on_backward": 5}, {"patience": 10**9},
                {"monitor": "lr"}, {"mode": "max"}, {"state_dict": None}, {"__class__": "x"},
                {"saved": {}}, {"max_norm": 1e300}, {7: 1},
            ):  # fmt: skip
                if set(extra) & set(good):
                    continue
                with pytest.raises(nn.StateDictError, match="unknown key"):
                    callback.load_state_dict({**good, **extra})
            assert frozen(vars(callback)) == before


class Own(nn.Callback):
    """Returns more than may be restored."""

    kept = 0
    __slots__ = ("slot",)

    def __init__(self, count: int = 0, target: str = "a.st") -> None:
        self.count, self.target = count, target
        self.log_path = "log.txt"
        self.names: list[Any] = []
        self.best: Any = None
        self.words = ["a"]
        self.pair = (1, "b")
        self.mixed = [1, "b"]
        self.flag = False
        self.z = 1j
        self.table: dict[str, Any] = {}
        self.ordered = OrderedDict(a=1)
        self.array = np.zeros(2)
        self.empty = np.zeros(0)
        self.point = np.zeros(())
        self.number = np.float32(1)
        self.slot = 1

    def state_dict(self) -> dict[str, Any]:
        kept = {name: copy.deepcopy(value) for name, value in vars(self).items()}
        return {"kept": self.kept, "slot": self.slot, **kept}


TAKEN = {
    "kept": 3, "slot": 2, "names": [1, 2.5], "best": {"w": np.ones(3), "k": (1, None)},
    "words": ["b", "c"], "pair": [2, "x"], "mixed": [2, "x"], "flag": True, "z": 2.5,
    "table": {"a": [1]}, "ordered": {"a": 1, "b": 2}, "array": np.ones(2), "empty": np.ones(7),
    "point": 2, "number": 2,
}  # fmt: skip
REFUSED = {
    "count": (1, "it is a setting"), "target": ("b.st", "it is a setting"),
    "log_path": ("b.txt", "it is a setting"), "names": (["a"], "numbers, arrays"),
    "best": ("b.st", "numbers, arrays"), "words": ([1], "of type str"), "pair": ((1,), "2 values"),
    "mixed": ([1], "2 values"), "flag": (1, "True or False"), "z": ("1j", "of type complex"),
    "table": ({"a": "b"}, "numbers, arrays"), "ordered": ({}, "with the keys"),
    "array": (np.ones(3), r"shape \(2,\)"), "empty": (np.ones((1, 1)), r"shape \(0,\)"),
    "point": ("a", r"shape \(\)"), "number": (2**64, "64 bits"), "kept": (np.nan, "finite number"),
    "slot": ([], "a number"),
}  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_a_users_callback_restores_data_of_the_same_kind(name: str) -> None:
    callback = Own()
    callback.load_state_dict({**callback.state_dict(), name: TAKEN[name]})
    np.testing.assert_equal(
        getattr(callback, name), tuple(TAKEN[name]) if name == "pair" else TAKEN[name]
    )
    assert type(getattr(callback, name)) is type(getattr(Own(), name)) or name in (
        "best", "point", "number", "z",
    )  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_users_callback_restores_nothing_else(name: str) -> None:
    callback = Own()
    value, words = REFUSED[name]
    with pytest.raises(nn.StateDictError, match=words) as caught:
        callback.load_state_dict({**callback.state_dict(), name: value})
    assert f"Own.load_state_dict: {name!r}" in str(caught.value)
    assert "test_nn_harmless.py" in str(caught.value)
    assert frozen(callback.state_dict()) == frozen(Own().state_dict())


def test_settings_may_be_nests_and_must_be_as_they_are() -> None:
    class Set(nn.Callback):
        def __init__(self, sizes: Any = (1, 2.0), table: Any = None, scale: Any = None) -> None:
            self.sizes = list(sizes)
            self.table = {"a": np.nan, "b": 1.0} if table is None else table
            self.scale = np.ones(2) if scale is None else scale

        def state_dict(self) -> dict[str, Any]:
            return copy.deepcopy(vars(self))

    callback = Set()
    good = callback.state_dict()
    callback.load_state_dict(good)
    for changed in (
        {"sizes": [1, 3]}, {"sizes": [1]}, {"table": {"a": 1.0, "b": 1.0}},
        {"table": {"a": np.nan, "b": 1.0, "c": 2.0}}, {"scale": np.zeros(2)},
    ):  # fmt: skip
        with pytest.raises(nn.StateDictError, match="it is a setting"):
            callback.load_state_dict({**good, **changed})
        assert frozen(vars(callback)) == frozen(good)


class Unprintable:
    def __repr__(self) -> str:
        raise RuntimeError("no")


def test_what_cannot_be_shown_is_refused_all_the_same() -> None:
    callback = Own()
    with pytest.raises(nn.StateDictError, match="'kept' is a Unprintable"):
        callback.load_state_dict({**callback.state_dict(), "kept": Unprintable()})
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(nn.StateDictError, match="at most 64 levels"):
        callback.load_state_dict({**callback.state_dict(), "names": endless})


def test_a_model_and_a_schedule_with_a_load_of_their_own(tmp_path: Path) -> None:
    class Odd(nn.Sequential):
        def load_state_dict(self, state_dict: Any, strict: bool = True) -> Any:
            return super().load_state_dict({k.removeprefix("m."): v for k, v in state_dict.items()})

    class Free:
        def step(self) -> None: ...

        def state_dict(self) -> Any:
            return [1]

        def load_state_dict(self, state: Any) -> None:
            assert state == [1]

    def make() -> Any:
        nn.manual_seed(0)
        model = Odd(nn.Linear(2, 1))
        rule = optim.SGD(model.parameters(), lr=0.1)
        return nn.Trainer(model, nn.MSELoss(), rule, Free(), progress=False)

    first, second = make(), make()
    first.fit((X, Y), epochs=1, batch_size=4)
    state = copy.deepcopy(first.state_dict())
    state["model"] = {"m." + name: value for name, value in state["model"].items()}
    second.load_state_dict(state)
    assert frozen(second.model.state_dict()) == frozen(first.model.state_dict())
    before = frozen(second.state_dict())
    state["schedule"] = [2]
    with pytest.raises(nn.StateDictError, match="AssertionError"):
        second.load_state_dict(state)
    assert frozen(second.state_dict()) == before


class Halving:
    """A rule that shares nothing with those here but the names."""

    def __init__(self, parameters: Any) -> None:
        self.param_groups = [{"params": list(parameters), "lr": 0.5}]
        self.steps = 0

    def zero_grad(self) -> None:
        for p in self.param_groups[0]["params"]:
            p.grad = None

    def step(self) -> None:
        self.steps += 1
        for p in self.param_groups[0]["params"]:
            p.data[...] -= np.float32(0.5) * p.grad.data

    def state_dict(self) -> Any:
        return {"steps": self.steps}

    def load_state_dict(self, state: Any) -> None:
        self.steps = int(state["steps"])


def test_an_optimizer_and_a_metric_of_the_users_own(tmp_path: Path) -> None:
    def make(rule: Any, **more: Any) -> Any:
        nn.manual_seed(0)
        model = nn.Linear(2, 1)
        return nn.Trainer(
            model, nn.MSELoss(), rule(model.parameters()), progress=False,
            metrics={"odd": lambda output, target: np.nan}, **more,
        )  # fmt: skip

    class Ends(nn.Callback):
        def on_backward(self, trainer: Any) -> None:
            if trainer.batch == 2:
                raise KeyboardInterrupt

    own, ours = make(Halving), make(lambda parameters: optim.SGD(parameters, lr=0.5))
    for trainer in (own, ours):
        trainer.fit((X, Y), epochs=2, batch_size=4)
    assert frozen(own.model.state_dict()) == frozen(ours.model.state_dict())
    assert own.optimizer.steps == 2 * -(-len(X) // 4)
    path = tmp_path / "run.st"
    cut = make(Halving, checkpoint=path, checkpoint_batches=1, callbacks=[Ends()])
    with pytest.raises(KeyboardInterrupt):
        cut.fit((X, Y), epochs=2, batch_size=4)
    again = make(Halving, callbacks=[nn.Callback()])
    again.load(path)  # in mid-epoch, and the metric's sum is NaN
    assert (again.batch, again.optimizer.steps) == (2, 2)
    assert np.isnan(again._sums["odd"])
    again.fit((X, Y), epochs=2, batch_size=4)
    assert frozen(again.model.state_dict()) == frozen(own.model.state_dict())
    assert again.optimizer.steps == own.optimizer.steps
    state = own.state_dict()
    with pytest.raises(nn.StateDictError, match=r"KeyError: 'steps'.*nothing was changed"):
        own.load_state_dict({**state, "optimizer": {}})


def test_an_interrupt_while_a_state_is_loaded_changes_nothing(tmp_path: Path) -> None:
    class Interrupted(nn.Callback):
        def load_state_dict(self, state_dict: Any) -> None:
            raise KeyboardInterrupt

    first, second = (training(("Adam", "StepLR", "none"), tmp_path) for _ in range(2))
    first.callbacks.append(nn.Callback())
    first.fit((X, Y), epochs=1, batch_size=4)
    second.callbacks.append(Interrupted())
    before = frozen(second.state_dict())
    with pytest.raises(KeyboardInterrupt):
        second.load_state_dict(first.state_dict())
    assert frozen(second.state_dict()) == before


def test_an_array_in_many_places_is_copied_once() -> None:
    array, callback = np.ones(3), Own()
    callback.load_state_dict({**callback.state_dict(), "best": [array] * 1000})
    assert callback.best[0] is callback.best[-1]
    assert callback.best[0] is not array


def test_what_a_class_names_is_restored_within_its_check() -> None:
    class Counting(nn.Callback):
        saved = {"count": (0, optim.checks.whole)}  # noqa: RUF012

        def __init__(self, count: int = 0) -> None:
            self.count = count

        def state_dict(self) -> dict[str, Any]:
            return {"count": self.count}

    callback = Counting()
    callback.load_state_dict({"count": 5})
    assert callback.count == 5
    for wrong in (-1, "5", 0.5, None, 2**60):
        with pytest.raises(nn.StateDictError, match="count"):
            callback.load_state_dict({"count": wrong})
    assert callback.count == 5


def test_what_is_no_attribute_is_not_restored() -> None:
    class Odd(nn.Callback):
        def __init__(self) -> None:
            self.seen = {1, 2}

        @property
        def size(self) -> int:
            return len(self.seen)

        key: Any = "size"

        def state_dict(self) -> dict[Any, Any]:
            return {self.key: 2}

    for key, words in (
        ("size", "a method or a property"), ("on_backward", "a method or a property"),
        ("nothing", "name of an attribute"), ("__doc__", "a method or a property"),
        ("seen", "a set, which no file can hold"), (5, "name of an attribute"),
    ):  # fmt: skip
        callback = Odd()
        callback.key = key
        with pytest.raises(nn.StateDictError, match=words):
            callback.load_state_dict({key: 2})
        assert vars(callback) == {"seen": {1, 2}, "key": key}


def test_a_load_of_the_users_own_is_theirs(tmp_path: Path) -> None:
    class Listing(Users):
        def load_state_dict(self, state_dict: Any) -> None:
            self.patience = int(state_dict["patience"])

    trainer = training(("SGD", "none", "none"), tmp_path)
    trainer.callbacks.append(Listing(9))
    state = trainer.state_dict()
    trainer.callbacks[-1] = Listing(1)
    trainer.load_state_dict(state)
    assert trainer.callbacks[-1].patience == 9


def test_a_load_of_the_users_own_may_leave_the_rest_to_the_base(tmp_path: Path) -> None:
    class Counting(nn.EarlyStopping):
        def __init__(self) -> None:
            super().__init__("loss", restore_best=True)
            self.seen: set[int] = set()

        def on_epoch_start(self, trainer: Any) -> None:
            self.seen.add(trainer.epoch)

        def state_dict(self) -> dict[str, Any]:
            return {**super().state_dict(), "seen": sorted(self.seen)}

        def load_state_dict(self, state_dict: Any) -> None:
            rest = dict(state_dict)
            seen = {int(k) for k in rest.pop("seen")}
            super().load_state_dict(rest)
            self.seen = seen

    first = training(("SGD", "none", "none"), tmp_path)
    first.callbacks.append(Counting())
    first.fit((X, Y), epochs=2, batch_size=4)
    first.save(tmp_path / "run.st")
    second = training(("SGD", "none", "none"), tmp_path)
    second.callbacks.append(Counting())
    second.load(tmp_path / "run.st")
    assert second.callbacks[-1].seen == {0, 1}
    assert frozen(second.state_dict()["callbacks"]) == frozen(first.state_dict()["callbacks"])
    state = second.callbacks[-1].state_dict()
    with pytest.raises(nn.StateDictError, match="'waited' is 'a'"):
        second.callbacks[-1].load_state_dict({**state, "waited": "a"})
    with pytest.raises(nn.StateDictError, match="unknown key 'path'"):
        second.callbacks[-1].load_state_dict({**state, "path": "a"})


def test_what_a_users_load_has_changed_in_place_is_put_back(tmp_path: Path) -> None:
    class Careless(nn.Callback):
        def __init__(self) -> None:
            self.rows, self.marks, self.table = [[1], (2, [3])], {1}, {"a": np.zeros(2)}
            self.fixed = np.zeros(2)
            self.fixed.flags.writeable = False

        def load_state_dict(self, state_dict: Any) -> None:
            self.rows[0].append(5)
            self.rows[1][1].clear()
            self.rows.reverse()
            self.marks.add(2)
            self.table["a"] += 1
            self.table["b"] = 1
            raise LookupError("nothing here")

    trainer = training(("SGD", "none", "none"), tmp_path)
    trainer.callbacks.append(Careless())
    with pytest.raises(nn.StateDictError, match="nothing here"):
        trainer.load_state_dict(trainer.state_dict())
    callback = trainer.callbacks[-1]
    assert callback.rows == [[1], (2, [3])]
    assert callback.marks == {1}
    np.testing.assert_equal(callback.table, {"a": np.zeros(2)})


def test_the_best_weights_must_be_the_models(tmp_path: Path) -> None:
    trainer = training(("SGD", "none", "stopping"), tmp_path)
    trainer.fit((X, Y), epochs=1, batch_size=4)
    good = trainer.state_dict()
    for weights in ({}, {"0.weight": np.ones(7)}, {1: np.ones(2)}, [1.0], 3):
        state = copy.deepcopy(good)
        state["callbacks"][0]["best_weights"] = weights
        with pytest.raises(nn.StateDictError, match="best_weights"):
            trainer.load_state_dict(state)
        assert frozen(trainer.state_dict()) == frozen(good)


def test_anything_like_itself_is_like() -> None:
    for value in TAKEN.values():
        assert frozen(like(value, value)) == frozen(value)
    for live, new in (([1, 2], "ab"), ({}, []), ((), 3), (1.0, True), (b"a", "a"), (set(), set())):
        with pytest.raises(UnlikeError):
            like(live, new)


# --- random sources -------------------------------------------------------------------------------

SOURCES: dict[str, Any] = {
    **{name: lambda n=name: np.random.Generator(getattr(np.random, n)(3)) for name in BITS},
    "RandomState": lambda: np.random.RandomState(3),
    "RandomState of SFC64": lambda: np.random.RandomState(np.random.SFC64(3)),
    "random.Random": lambda: random.Random(3),
}


def state_of(source: Any) -> Any:
    if isinstance(source, random.Random):
        return source.getstate()
    legacy = isinstance(source, np.random.RandomState)
    return source.get_state(legacy=False) if legacy else source.bit_generator.state


def spoiled(state: Any) -> Any:
    """Yield a state with one number, or one array of it, replaced."""
    if isinstance(state, dict):
        for key, value in state.items():
            yield from ({**state, key: new} for new in spoiled(value))
            yield {k: v for k, v in state.items() if k != key}
        yield {**state, "another": 1}
        yield []
    elif isinstance(state, np.ndarray):
        one = state.astype(object)
        one[0] = 2**64
        short, wide, real = state[:-1], state.reshape(1, -1), state.astype(float)
        yield from (short, wide, real, one, np.full(state.shape, -1), np.zeros(0, state.dtype), "a")
    elif isinstance(state, tuple):
        yield from (state[:2], (2, *state[1:]), (3, state[1][:-1], None), (True, *state[1:]), "abc")
        for value in (-1, 625, 10**6, 2**32, 1.0, True, None):
            yield (3, (*state[1][:-1], value), state[2])
        for value in (-1, 2**32, 1.0, True, None):
            yield (3, (value, *state[1][1:]), state[2])
        yield from ((3, (0,) * 624 + (1,), None), (3, state[1], "a"), (3, state[1], np.nan))
    elif isinstance(state, float):
        yield from (np.nan, np.inf, 100.0, 1, "1", None, [1.0])
    elif isinstance(state, str):
        yield from ("MT", "", 5, None)
    else:
        yield from (-1, 10**40, 1.5, np.nan, "1", None, True, [1])


@pytest.mark.parametrize("name", SOURCES)
def test_a_random_state_is_whole_and_in_its_range(name: str) -> None:
    source = SOURCES[name]()
    _ = source.gauss(0, 1) if isinstance(source, random.Random) else source.normal()
    good = state_of(source)
    assert frozen(checked_random_state("it", good, good)) == frozen(good)
    count = 0
    for wrong in spoiled(good):
        count += 1
        with pytest.raises(nn.StateDictError, match="it: "):
            checked_random_state("it", good, wrong)
    assert count > 15


def test_states_of_zeros_and_even_increments_are_refused() -> None:
    twister, pcg = np.random.MT19937(0).state, np.random.PCG64(0).state
    twister["state"]["key"][:] = 0
    twister["state"]["key"][0] = 2**31 - 1  # bits that the sequence does not look at
    with pytest.raises(nn.StateDictError, match="only zeros come"):
        checked_random_state("it", twister, twister)
    twister["state"]["key"][0] = 2**31
    checked_random_state("it", twister, twister)
    pcg["state"]["inc"] += 1
    with pytest.raises(nn.StateDictError, match="an odd integer"):
        checked_random_state("it", pcg, pcg)


def test_sources_that_are_not_known_are_refused_and_children_are_counted() -> None:
    state = np.random.PCG64(0).state
    assert checked_random_state("it", state, {**state, "spawned": 3})["spawned"] == 3
    assert checked_random_state("it", {"spawned": 0}, {"spawned": 5}) == {"spawned": 5}
    for wrong in ({"spawned": 10**9}, {"spawned": -1}, {}, 5):
        with pytest.raises(nn.StateDictError):
            checked_random_state("it", {"spawned": 0}, wrong)
    with pytest.raises(nn.StateDictError, match="a Mine is none of"):
        checked_random_state("it", {**state, "bit_generator": "Mine"}, state)
    with pytest.raises(nn.StateDictError, match=r"Python's random\.Random"):
        checked_random_state("it", (1, 2), (1, 2))


def test_the_shared_source_refuses_what_would_read_foreign_memory() -> None:
    before = nn.get_rng_state()
    with pytest.raises(nn.StateDictError, match="set_rng_state: has_uint32 is 2"):
        nn.set_rng_state({**before, "has_uint32": 2})
    assert nn.get_rng_state() == before


def test_no_accepted_state_crashes_python() -> None:
    script = """
import sys, warnings, numpy as np, random
sys.path[:0] = ["tests", "tests/networks"]
import test_nn_harmless as t
rng = np.random.default_rng(0)
for name, make in t.SOURCES.items():
    for pos in (-1, 0, 1, 3, 4, 5, 623, 624, 625, 10**6, -10**6):
        source = make()
        state = t.state_of(source)
        if isinstance(state, tuple):
            state = (3, (*state[1][:-1], pos), None)
        else:
            state = dict(state)
            state["state"] = {k: pos if k == "pos" else v for k, v in state["state"].items()}
            if "buffer_pos" in state:
                state["buffer_pos"] = pos
        try:
            state = t.checked_random_state(name, t.state_of(source), state)
        except t.nn.StateDictError:
            continue
        if isinstance(state, tuple):
            source.setstate(state)
            [source.gauss(0, 1) for _ in range(99)]
            continue
        if isinstance(source, np.random.Generator):
            source.bit_generator.state = state
        else:
            source.set_state(state)
        source.normal(size=2000), source.bytes(99), source.permutation(9)
print("alive")
"""
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert found.stdout.strip() == "alive", found.stderr[-2000:]


# --- a training's own numbers ---------------------------------------------------------------------

PLACES: list[tuple[tuple[Any, ...], Any, str]] = [
    (("version",), True, "of this version"),
    (("epoch",), -1, "'epoch' is -1"),
    (("epoch",), 2.0, "'epoch' is 2.0"),
    (("epoch",), True, "'epoch' is True"),
    (("epoch",), 2**60, "'epoch' is"),
    (("epoch",), 1, "2 rows after 1 epochs"),
    (("history",), [{"epoch": 2, "loss": 0.5}], "1 rows after 2 epochs"),
    (("batch",), 4, "has 3 batches"),
    (("batch",), "1", "'batch' is '1'"),
    (("stopped",), 5, "'stopped' is 5"),
    (("sums",), {}, "this training measures loss, rows, size"),
    (("sums",), [], "'sums' is"),
    (("sums", "rows"), 0, "'rows' of 'sums' is 0"),
    (("sums", "loss"), np.nan, "'loss' of 'sums' is nan"),
    (("sums", "size"), "a", "'size' of 'sums'"),
    (("history",), {}, "'history' is"),
    (("history",), [5], "row 0 of 'history'"),
    (("history",), [{"loss": 1.0}], "row 0 of 'history'"),
    (("history", 0, "loss"), "low", "'loss' in row 0"),
    (("history", 0, "size"), object(), "'size' in row 0"),
    (("history", 0, "size"), 10**400, "'size' in row 0.*128 bits"),
    (("data",), 5, "'data' is 5"),
    (("data", "seed"), {}, "'seed' of 'data'"),
    (("data", "seed"), 10**5000, "'seed' of 'data' is a int"),
    (("data", "rows"), 13, "made with rows = 13"),
    (("callbacks",), 5, "other callbacks"),
    (("callbacks",), [], "other callbacks"),
    (("schedule",), None, "another schedule"),
    (("model", "0.weight"), np.full((3, 2), np.nan), "0.weight holds NaN"),
    (("optimizer", "state", 0, "step"), -1, "must be an integer from 0"),
    (("optimizer", "state", 0, "exp_avg_sq"), -np.ones((3, 2)), "negative numbers"),
    (("optimizer", "param_groups", 0, "lr"), "0.1", "lr of group 0 is '0.1'"),
    (("random", "own"), {}, "this training has the random source"),
    (("random", "own"), [], "random.own holds"),
    (("random", "own", "model.2.rng", "state", "inc"), 4, "random.own.*an odd integer"),
    (("random", "numpy", "state", "pos"), 10**6, "random.numpy.*pos is 1000000"),
    (("random",), {}, "random holds"),
    (("random", "nn"), None, "random.nn"),
]  # fmt: skip


@pytest.fixture(scope="module")
def saved(tmp_path_factory: Any) -> tuple[Any, dict[str, Any]]:
    folder = tmp_path_factory.mktemp("run")
    path = folder / "run.st"
    path.write_bytes(checkpoint(("Adam", "StepLR", "users")))
    trainer = training(("Adam", "StepLR", "users"), folder)
    trainer.fit((X, Y), epochs=1, batch_size=4)
    return trainer, nn.load_checkpoint(path)


@pytest.mark.parametrize("place", PLACES, ids=lambda p: f"{'.'.join(map(str, p[0]))}-{p[2]:.20}")
def test_each_number_is_checked_before_anything_changes(place: Any, saved: Any) -> None:
    trainer, good = saved
    path, value, words = place
    before, state = frozen(trainer.state_dict()), copy.deepcopy(good)
    holder = state
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    with pytest.raises(nn.StateDictError, match=words):
        trainer.load_state_dict(state)
    assert frozen(trainer.state_dict()) == before


def test_rows_may_hold_what_callbacks_note(tmp_path: Path) -> None:
    class Notes(nn.Callback):
        def on_epoch_end(self, trainer: Any, row: Any) -> None:
            row |= {"phase": "warm-up", "spread": np.ones(2), "val_none": None, "nan": np.nan}

    trainer = training(("SGD", "none", "none"), tmp_path)
    trainer.callbacks.append(Notes())
    trainer.fit((X, Y), epochs=1, batch_size=4)
    trainer.save(tmp_path / "run.st")
    assert "warm-up" in str(trainer.history)
    again = training(("SGD", "none", "none"), tmp_path)
    again.callbacks.append(Notes())
    again.load(tmp_path / "run.st")
    assert frozen(again.history.rows) == frozen(trainer.history.rows)


def test_the_file_is_named_when_the_training_that_goes_on_from_it_breaks(tmp_path: Path) -> None:
    trainer = training(("SGD", "none", "none"), tmp_path)
    trainer.fit((X, Y), epochs=1, batch_size=4)
    state = trainer.state_dict()
    state["model"]["0.weight"][:] = 3e38  # finite, but no product of it is
    nn.save_checkpoint(state, tmp_path / "huge.st")
    trainer.load(tmp_path / "huge.st")
    with np.errstate(all="ignore"), pytest.raises(NonFiniteError, match=r"huge\.st"):
        trainer.fit((X, Y), epochs=3, batch_size=4)


def test_data_that_do_not_fit_a_file_loaded_before_them_are_told_with_its_name(
    tmp_path: Path,
) -> None:
    trainer = training(("SGD", "none", "none"), tmp_path)
    trainer.fit((X, Y), epochs=1, batch_size=4)
    trainer.save(tmp_path / "four.st")
    other = training(("SGD", "none", "none"), tmp_path)
    other.load(tmp_path / "four.st")
    with pytest.raises(nn.StateDictError, match=r"four\.st.*batch_size = 4"):
        other.fit((X, Y), epochs=2, batch_size=6)


# --- optimizers and schedules ---------------------------------------------------------------------


def sgd() -> Any:
    return optim.SGD([Tensor([0.0, 1.0], requires_grad=True)], lr=0.1, momentum=0.9)


RANGES: list[tuple[Any, str, Any]] = [
    (lambda o: schedules.StepLR(o, 2), "step_size", 0),
    (lambda o: schedules.StepLR(o, 2), "gamma", -1.0),
    (lambda o: schedules.StepLR(o, 2), "last_epoch", -2),
    (lambda o: schedules.StepLR(o, 2), "last_epoch", 0.5),
    (lambda o: schedules.StepLR(o, 2), "base_lrs", [-0.1]),
    (lambda o: schedules.StepLR(o, 2), "_last_lr", [np.nan]),
    (lambda o: schedules.MultiStepLR(o, [2, 5]), "milestones", [2.5]),
    (schedules.ConstantLR, "factor", 0.0),
    (schedules.LinearLR, "end_factor", 2.0),
    (schedules.LinearLR, "total_iters", 0),
    (schedules.PolynomialLR, "power", np.inf),
    (lambda o: schedules.CosineAnnealingLR(o, 5), "T_max", 0),
    (lambda o: schedules.CosineAnnealingWarmRestarts(o, 5), "T_i", 0),
    (lambda o: schedules.CosineAnnealingWarmRestarts(o, 5), "T_cur", np.nan),
    (lambda o: schedules.OneCycleLR(o, 0.1, 9), "corners", []),
    (lambda o: schedules.OneCycleLR(o, 0.1, 9), "corners", [(1.0, "top")]),
    (lambda o: schedules.OneCycleLR(o, 0.1, 9), "cycle_momentum", False),
    (lambda o: schedules.OneCycleLR(o, 0.1, 9), "momenta", [{"start": 2, "max": 1, "end": 1}]),
    (lambda o: schedules.OneCycleLR(o, 0.1, 9), "lrs", [{"start": 1.0}]),
    (schedules.ReduceLROnPlateau, "mode", "most"),
    (schedules.ReduceLROnPlateau, "best", np.nan),
    (schedules.ReduceLROnPlateau, "patience", -1),
    (schedules.ReduceLROnPlateau, "factor", 1.0),
    (
        lambda o: schedules.SequentialLR(o, [schedules.ConstantLR(o) for _ in range(3)], [2, 4]),
        "_milestones",
        [4, 2],
    ),
    (lambda o: schedules.ChainedScheduler([schedules.ConstantLR(o)]), "_schedulers", 5),
]


@pytest.mark.parametrize("case", RANGES, ids=lambda c: f"{c[1]}={c[2]}")
def test_a_schedules_numbers_have_ranges(case: Any) -> None:
    make, key, value = case
    schedule = make(sgd())
    good = copy.deepcopy(schedule.state_dict())
    schedule.load_state_dict(good)
    with pytest.raises(nn.StateDictError, match="nothing was changed"):
        schedule.load_state_dict({**good, key: value})
    assert frozen(schedule.state_dict()) == frozen(good)


def test_powers_that_underflow_end_at_zero() -> None:
    for make in (lambda o: schedules.PolynomialLR(o, 3, 1e9), lambda o: schedules.LinearLR(
        o, 5e-324, 0.0, 3
    )):  # fmt: skip
        optimizer = sgd()
        schedule = make(optimizer)
        for _ in range(5):
            schedule.step()
        assert schedule.get_last_lr()[0] == 0.0


GROUPS = {
    "lr": ("0.1", -0.1, np.nan, np.inf, True, None, [0.1], 10**400),
    "momentum": (-1.0, "0.9", np.nan, None),
    "nesterov": (1, "yes", None),
    "weight_decay": (-1.0, np.inf, "0"),
    "initial_lr": (-1.0, "a"),
}


@pytest.mark.parametrize("key", GROUPS)
def test_an_optimizers_settings_have_ranges(key: str) -> None:
    optimizer = sgd()
    good = optimizer.state_dict()
    for value in GROUPS[key]:
        state = copy.deepcopy(good)
        state["param_groups"][0][key] = value
        with pytest.raises(nn.StateDictError, match=key):
            optimizer.load_state_dict(state)
        assert frozen(optimizer.state_dict()) == frozen(good)


NUMBERS = {
    "step": (-1, 1.5, np.nan, 2**60, True, "1", np.ones(2), None),
    "mu_product": (-0.1, 1.5, np.nan, "a", 1j),
    "exp_avg": (np.full(2, np.nan), np.ones(3), "a", np.array(["a", "b"]), np.ones(2, "M8[D]")),
    "exp_avg_sq": (-np.ones(2), np.full(2, np.nan)),
}


@pytest.mark.parametrize("key", NUMBERS)
def test_an_optimizers_state_has_ranges(key: str) -> None:
    p = Tensor([0.0, 1.0], requires_grad=True)
    optimizer = optim.NAdam([p])
    p.grad = np.ones(2)
    optimizer.step()
    good = optimizer.state_dict()
    for value in NUMBERS[key]:
        state = copy.deepcopy(good)
        state["state"][0][key] = value
        with pytest.raises(nn.StateDictError, match=r"NAdam\.load_state_dict"):
            optimizer.load_state_dict(state)
        assert frozen(optimizer.state_dict()) == frozen(good)
    state = copy.deepcopy(good)
    state["state"][0] |= {"step": np.array(1.0), "mu_product": np.float32(0.5)}  # as PyTorch's
    optimizer.load_state_dict(json.loads(json.dumps(good["param_groups"])) and state)
    assert optimizer.state[p]["step"] == 1
