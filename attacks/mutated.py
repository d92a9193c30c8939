"""Checkpoints that somebody has changed, by accident or on purpose, and what becomes of them.

`mutated` changes one thing in a checkpoint's bytes: bits of the file, or a key, a value, an array
of what it says.  `attack` resumes from the result.  Either the training goes on, or there is an
error of ours that names the file, and model, optimizer, callbacks, random sources and history are
untouched to the bit.  Anything else is a `FindingError`.
"""

from __future__ import annotations

import copy
import json
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import nn
import optim
from autograd_core import AutogradError
from nn.checkpoints import _CHECKSUM, _KEY, checksum
from optim import lr_scheduler as schedules


class FindingError(AssertionError):
    """A changed file that did harm, or ended in an error that is not ours."""


# --- trainings ------------------------------------------------------------------------------------

X = np.random.default_rng(0).normal(size=(12, 2)).astype(np.float32)
Y = X[:, :1] * X[:, 1:]

OPTIMIZERS: dict[str, Callable[[Any], Any]] = {
    "SGD": lambda p: optim.SGD(p, 0.01),
    "momentum": lambda p: optim.SGD(p, 0.01, 0.9, nesterov=True),
    "Adam": lambda p: optim.Adam(p, 0.01, amsgrad=True),
    "AdamW": lambda p: optim.AdamW(p, 0.01),
    "Adamax": lambda p: optim.Adamax(p, 0.01),
    "NAdam": lambda p: optim.NAdam(p, 0.01),
    "RAdam": lambda p: optim.RAdam(p, 0.01),
    "RMSprop": lambda p: optim.RMSprop(p, 0.01, momentum=0.5, centered=True),
    "Adagrad": lambda p: optim.Adagrad(p, 0.01),
    "Adadelta": lambda p: optim.Adadelta(p, 0.1),
    "Lion": lambda p: optim.Lion(p, 0.01),
}

SCHEDULES: dict[str, Callable[[Any], Any]] = {
    "none": lambda o: None,
    "StepLR": lambda o: schedules.StepLR(o, 2),
    "MultiStepLR": lambda o: schedules.MultiStepLR(o, [2, 5]),
    "ConstantLR": schedules.ConstantLR,
    "LinearLR": schedules.LinearLR,
    "ExponentialLR": lambda o: schedules.ExponentialLR(o, 0.9),
    "PolynomialLR": schedules.PolynomialLR,
    "LambdaLR": lambda o: schedules.LambdaLR(o, lambda k: 1 / (k + 1)),
    "MultiplicativeLR": lambda o: schedules.MultiplicativeLR(o, lambda k: 0.9),
    "CosineAnnealingLR": lambda o: schedules.CosineAnnealingLR(o, 5),
    "CosineAnnealingWarmRestarts": lambda o: schedules.CosineAnnealingWarmRestarts(o, 2, 2),
    "OneCycleLR": lambda o: schedules.OneCycleLR(
        o, 0.02, total_steps=20, cycle_momentum="betas" in o.defaults
    ),
    "CyclicLR": lambda o: schedules.CyclicLR(o, 0.001, 0.02, 3, cycle_momentum=False),
    "SWALR": lambda o: schedules.SWALR(o, 0.005, 4),
    "ReduceLROnPlateau": lambda o: schedules.ReduceLROnPlateau(o, patience=0),
    "SequentialLR": lambda o: schedules.SequentialLR(
        o, [schedules.ConstantLR(o), schedules.ExponentialLR(o, 0.9)], [2]
    ),
    "ChainedScheduler": lambda o: schedules.ChainedScheduler(
        [schedules.ConstantLR(o), schedules.ExponentialLR(o, 0.9)]
    ),
}


class Users(nn.Callback):
    """A callback as users write them: a state, and nothing that says how to restore it."""

    total = 0.0

    def __init__(self, patience: int = 3) -> None:
        self.patience = patience
        self.seen: dict[str, int] = {"batches": 0}
        self.means = np.zeros(2)
        self.last: Any = None
        self.phase = "first"

    def on_backward(self, trainer: Any) -> None:
        self.seen["batches"] += 1
        self.total += 0.5
        self.means += 1
        self.last = [trainer.batch, 0.5]

    def state_dict(self) -> dict[str, Any]:
        names = ("seen", "means", "last", "total", "phase", "patience")
        return {name: copy.deepcopy(getattr(self, name)) for name in names}


CALLBACKS: dict[str, Callable[[Path], list[Any]]] = {
    "none": lambda folder: [],
    "stopping": lambda folder: [nn.EarlyStopping("loss", restore_best=True), nn.Annealing("loss")],
    "saving": lambda folder: [
        nn.SaveBest(folder / "best.st", "loss"), nn.Perturbation("loss", patience=1),
    ],
    "looking": lambda folder: [nn.LayerStatistics(every=1), nn.GradientClipping(1.0)],
    "users": lambda folder: [Users()],
}  # fmt: skip

BITS = ("PCG64", "MT19937", "Philox", "SFC64", "PCG64DXSM")


class Copying(nn.Callback):
    """Keeps the checkpoint that is written in the middle of an epoch."""

    kept = b""

    def on_loss(self, trainer: Any, loss: Any) -> Any:
        if trainer.checkpoint and (trainer.epoch, trainer.batch) == (2, 2):
            self.kept = Path(trainer.checkpoint).read_bytes()
        return loss


def training(names: tuple[str, str, str], folder: Path, bits: str = "PCG64") -> Any:
    """Return a new training: optimizer, schedule and callbacks by name, one bit generator."""
    rule, schedule, callbacks = names
    nn.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Dropout(0.2), nn.Linear(3, 1))
    model[2].rng = np.random.Generator(getattr(np.random, bits)(1))
    optimizer = OPTIMIZERS[rule](model.parameters())
    return nn.Trainer(
        model,
        nn.MSELoss(),
        optimizer,
        SCHEDULES[schedule](optimizer),
        metrics={"size": lambda output, target: float(np.abs(output).mean())},
        callbacks=[*CALLBACKS[callbacks](folder), Copying()],
        monitor="loss",
        progress=False,
    )


def checkpoint(names: tuple[str, str, str], bits: str = "PCG64") -> bytes:
    """Return the checkpoint of a training in the middle of its third epoch."""
    with tempfile.TemporaryDirectory() as folder:
        trainer = training(names, Path(folder), bits)
        trainer.checkpoint, trainer.checkpoint_batches = Path(folder, "run.st"), 1
        trainer.fit((X, Y), epochs=3, batch_size=4)
        return bytes(trainer.callbacks[-1].kept)


# --- changing a file ------------------------------------------------------------------------------

NUMBERS = (
    0, 1, -1, 2, 3.5, -0.5, 624, 625, 10**6, -(10**6), 2**31, 2**63, 2**64, -(2**63), 2**128,
    10**400, 1e308, -1e308, 1e-320, float("nan"), float("inf"), -float("inf"), True, False,
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    *NUMBERS, None, "", "text", "../../elsewhere", "nan", [], {}, [1], [[]], {"a": 1}, "1e5",
    {"$tuple": []}, {"$tuple": [1, 2]}, {"$number": [1.0, 2.0]}, {"$number": ["x"]},
    {"$bytes": "00ff"}, {"$bytes": 5}, {"$scalar": ["<f4", 1.5]}, {"$scalar": ["O", 1]},
    {"$scalar": ["V1000000000000", 10**12]}, {"$scalar": []}, {"$array": "none"}, {"$array": []},
    {"$laid out": ["O", "C", {"$array": "model.0.weight"}]}, {"$unknown": 1}, {"$complex": "x"},
    {"$laid out": [">f4", "F", {"$array": "model.0.weight"}]}, {"$items": [[[], 1]]},
    {"$items": [[1, 2], [1, 3]]}, {"$ordered": [["a", 1]]}, {"$items": 5},
)  # fmt: skip
NAMES = (
    "path", "on_backward", "load_state_dict", "monitor", "mode", "patience", "__class__", "state",
    "lr", "", "$array", "saved", "best_weights",
)  # fmt: skip


def mutated(content: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Return a checkpoint with one thing changed, and what that is."""
    if rng.random() < 0.2:
        return _damaged(content, rng)
    with tempfile.NamedTemporaryFile(suffix=".st") as file:
        Path(file.name).write_bytes(content)
        arrays, metadata = nn.load(file.name), nn.load_metadata(file.name)
    if rng.random() < 0.25:
        text, told = metadata[_KEY], _change_array(arrays, rng)
    else:
        text, told = _changed(json.loads(metadata[_KEY]), rng)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "changed.st")
        nn.save(arrays, path, {_KEY: text, _CHECKSUM: checksum(text, arrays)})
        return path.read_bytes(), told


def _damaged(content: bytes, rng: random.Random) -> tuple[bytes, str]:
    """Change bytes of the file itself; its checksum stays as it was."""
    made, kind = bytearray(content), rng.choice(("flip", "write", "cut", "remove", "insert"))
    place = rng.randrange(len(made))
    if kind == "flip":
        made[place] ^= 1 << rng.randrange(8)
    elif kind == "write":
        made[place] = rng.randrange(256)
    elif kind == "cut":
        del made[place:]
    elif kind == "remove":
        del made[place : place + rng.randrange(1, 9)]
    else:
        made[place:place] = rng.randbytes(rng.randrange(1, 9))
    return bytes(made), f"{kind} at {place}"


def _change_array(arrays: dict[str, Any], rng: random.Random) -> str:
    name, other = rng.choice(list(arrays)), rng.choice(list(arrays))
    array = arrays[name]
    kind = rng.choice(("swap", "shape", "dtype", "flat", "fill", "remove", "number"))
    if kind == "swap":
        arrays[name], arrays[other] = arrays[other], array
    elif kind == "shape":
        arrays[name] = np.resize(array, rng.choice(((0,), (), (1,), (7,), (2, 2), (3, 1), (624,))))
    elif kind == "flat":
        arrays[name] = array.reshape(-1)[: rng.randrange(array.size + 1)]
    elif kind == "remove":
        del arrays[name]
    else:
        dtype = rng.choice(("f2", "f4", "f8", "i8", "u8", "u4", "i1", "?", "c8"))
        value = rng.choice((0, 1, -1, 1e30, np.nan, np.inf, -np.inf, 2.0**63))
        with np.errstate(all="ignore"):
            if kind == "dtype":
                arrays[name] = array.astype(dtype)
            elif kind == "fill":
                arrays[name] = np.full(array.shape, value).astype(array.dtype)
            elif array.size:
                arrays[name] = np.array(array)
                arrays[name].flat[rng.randrange(array.size)] = np.array(value).astype(array.dtype)
    return f"array {name}: {kind}"


def _places(nest: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the paths of all values in a nest; a random state's 624 numbers count as four."""
    items: list[tuple[Any, Any]] = list(nest.items()) if isinstance(nest, dict) else []
    if isinstance(nest, list):
        items = list(enumerate(nest))
        items = items[:3] + items[-1:] if len(items) > 20 else items
    inner = [place for key, value in items for place in _places(value, (*path, key))]
    return [path, *inner]


def _at(nest: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        nest = nest[key]
    return nest


def _changed(nest: Any, rng: random.Random) -> tuple[str, str]:
    """Return the text of a nest with one value or key changed."""
    top = rng.choice(list(nest))  # each part as often as the others, however long it is
    places = [path for path in _places(nest) if path and path[0] == top]
    path = rng.choice(places)
    holder, key, old = _at(nest, path[:-1]), path[-1], _at(nest, path)
    kinds = ["value"] * 6 + ["drop", "add", "swap", "deep", "same", "near"]
    kind = rng.choice(kinds + ["rename", "twice"] * isinstance(holder, dict))
    if kind == "drop":
        del holder[key]
    elif kind == "rename":
        holder[rng.choice(NAMES)] = holder.pop(key)
    elif kind == "add" and isinstance(old, dict):
        old[rng.choice(NAMES)] = copy.deepcopy(rng.choice(VALUES))
    elif kind == "add":
        holder[key] = [old, old]
    elif kind == "swap":
        other = rng.choice(places)
        holder[key] = copy.deepcopy(_at(nest, other))
    elif kind == "near" and type(old) in (int, float):
        holder[key] = rng.choice((-old, old + 1, old - 1, old * 2, old / 2, old * 1e9))
    elif kind == "same" and isinstance(holder, list):
        holder.append(copy.deepcopy(old))
    elif kind == "deep":
        holder[key] = "@deep@"
    else:
        holder[key] = copy.deepcopy(rng.choice(VALUES))
    text = json.dumps(nest, separators=(",", ":"))
    if kind == "deep":
        start, end = rng.choice((("[", "]"), ('{"a":', "}"), ('{"$tuple":[', "]}")))
        levels = rng.choice((1, 3, 150, 300, 900, 100_000))
        text = text.replace('"@deep@"', start * levels + "1" + end * levels)
    if kind == "twice":
        mark = json.dumps(key) + ":"
        text = text.replace(mark, mark + json.dumps(rng.choice(VALUES)) + "," + mark, 1)
    return text, f"{'.'.join(map(str, path))}: {kind}"


# --- resuming from it -----------------------------------------------------------------------------


def frozen(nest: Any) -> Any:
    """Return a nest in which equal means equal to the bit."""
    if isinstance(nest, dict):
        return [(key, frozen(value)) for key, value in nest.items()]
    if isinstance(nest, (list, tuple)):
        return [frozen(value) for value in nest]
    if isinstance(nest, np.ndarray):
        return nest.shape, nest.dtype.str, nest.tobytes()
    return repr(nest)


def world(trainer: Any) -> Any:
    """Return everything that a load could change."""
    return frozen(
        [trainer.state_dict(), trainer._loaded, trainer.history.rows]
        + [vars(callback) for callback in trainer.callbacks]
        + [p.data for p in trainer.model.parameters()]
    )


def attack(names: tuple[str, str, str], content: bytes, told: str, bits: str = "PCG64") -> str:
    """Resume from a file; return "refused" or "went on", or raise a `FindingError`."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "from-a-stranger.st"
        path.write_bytes(content)
        trainer = training(names, folder, bits)
        before = world(trainer)
        where = f"{'/'.join(names)}, {bits}, {told}"
        try:
            trainer.load(path)
        except AutogradError as error:
            if path.name not in str(error):
                raise FindingError(f"{where}: the error does not name the file: {error}") from error
            if world(trainer) != before:
                raise FindingError(f"{where}: refused, but something was changed") from error
            return "refused"
        except Exception as error:
            raise FindingError(f"{where}: load raised {type(error).__name__}: {error}") from error
        if any(callable(getattr(type(c), k, None)) for c in trainer.callbacks for k in vars(c)):
            raise FindingError(f"{where}: a method was replaced")
        try:
            with np.errstate(all="ignore"):
                trainer.fit((X, Y), epochs=5, batch_size=4)
            str(trainer.history)
            trainer.save(folder / "next.st")
        except AutogradError:
            pass
        except Exception as error:
            raise FindingError(
                f"{where}: training raised {type(error).__name__}: {error}"
            ) from error
        written = {p.name for p in folder.iterdir()} - {path.name, "next.st", "best.st"}
        if written:
            raise FindingError(f"{where}: {written} was written")
        return "went on"


def families(rng: random.Random) -> tuple[tuple[str, str, str], str]:
    """Return a kind of training by chance, and its bit generator."""
    names = tuple(rng.choice(list(table)) for table in (OPTIMIZERS, SCHEDULES, CALLBACKS))
    return names, rng.choice(BITS)  # type: ignore[return-value]
