"""Mutated files: weights for `nn.load`, checkpoints for a training that goes on from them.

A file loads, or is refused by name with nothing changed; a training that goes on from one writes
nowhere else, and the process lives.
"""

from __future__ import annotations

import copy
import json
import os
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import nn
from attacks import training
from attacks.harness import Finding
from attacks.mutated import mutated
from attacks.training import Run, Setup
from attacks.uses import digest
from autograd_core import AutogradError

KEY = "autograd_core.checkpoint"
SECONDS = 5.0  # that reading a file may take
MEMORY = 800 << 20  # the longest one has 94 MB, and is made here
ODD: tuple[Any, ...] = (
    None, True, -1, 0, 1, 10**6, 2**31, 2**63, 2**64, 10**400, -0.5, 1e308, float("nan"),
    float("inf"), "", "x", "evil", "../evil", "\x00", "\ud800", [], [0], {}, {"evil": 1},
    "__class__",
)  # fmt: skip


def split(data: bytes) -> tuple[Any, bytes]:
    """Return a safetensors file's header and its numbers."""
    length = int.from_bytes(data[:8], "little")
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def joined(header: Any, numbers: bytes) -> bytes:
    """Return the file again."""
    text = json.dumps(header).encode("utf-8", "surrogatepass")
    return len(text).to_bytes(8, "little") + text + numbers


def place(nest: Any, rng: np.random.Generator) -> tuple[Any, Any]:
    """Return a container inside a nest of JSON, and one of its keys; every level is as likely."""
    while True:
        keys = list(nest) if isinstance(nest, dict) else range(len(nest))
        key = keys[rng.integers(len(keys))]
        if rng.random() < 0.2 or not (isinstance(nest[key], (dict, list)) and nest[key]):
            return nest, key
        nest = nest[key]


def _change(nest: Any, rng: np.random.Generator) -> str:
    """Change one place of a nest; return what was done."""
    parent, key = place(nest, rng)
    kind, old = int(rng.integers(7)), parent[key]
    if kind == 0:
        del parent[key]
    elif kind == 1 and isinstance(parent, dict):
        parent[str(ODD[rng.integers(len(ODD))])] = parent.pop(key)
    elif kind == 2:
        other, there = place(nest, rng)
        parent[key] = copy.copy(other[there])
    elif kind == 3 and isinstance(old, (int, float)) and not isinstance(old, bool):
        parent[key] = old * int(rng.choice([-1, 2, 1000])) + int(rng.integers(-1, 2))
    elif kind == 4:
        for _ in range(int(rng.choice([1, 3, 300, 3000]))):
            old = [old]
        parent[key] = old
    elif kind == 5 and isinstance(parent, list):
        parent.append(old)
    else:
        parent[key] = ODD[rng.integers(len(ODD))]
    return f"change {kind} at {key!r}"


def structure(data: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    """Change one or two places of the header."""
    header, numbers = split(data)
    done = [_change(header, rng) for _ in range(1 + int(rng.integers(2))) if header]
    try:
        return joined(header, numbers), "; ".join(done)
    except (ValueError, RecursionError):
        return (4).to_bytes(8, "little") + b"[[[[" + numbers, "cut"


def stated(data: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    """Change what a checkpoint says, checksum and all: it is believed until it is looked at."""
    return mutated(data, random.Random(int(rng.integers(2**32))))


def raw(data: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    """Flip, cut, repeat or overwrite bytes, without a thought of what they mean."""
    held, kind = bytearray(data), int(rng.integers(6))
    at = int(rng.integers(len(held))) if rng.integers(2) else int(rng.integers(min(400, len(held))))
    if kind == 0:
        held[at] ^= 1 << int(rng.integers(8))
    elif kind == 1:
        del held[at:]
    elif kind == 2:
        held[at:at] = rng.bytes(int(rng.choice([1, 8, 4096])))
    elif kind == 3:
        held[at : at + 16] = bytes(16)
    elif kind == 4:
        held += held[at:]
    else:
        del held[at : at + int(rng.choice([1, 8, 64]))]
    return bytes(held), f"bytes, kind {kind} at {at}"


def hostile(data: bytes, rng: np.random.Generator) -> tuple[bytes, str]:
    """Return a file from the table of hostile ones."""
    name = list(HOSTILE)[rng.integers(len(HOSTILE))]
    return HOSTILE[name](), name


def _one(entry: Any, numbers: bytes = b"") -> bytes:
    return joined({"a": entry}, numbers)


def _text(text: bytes, claimed: int | None = None) -> bytes:
    return (len(text) if claimed is None else claimed).to_bytes(8, "little") + text


def _entry(shape: list[int], end: int, kind: str = "F32") -> Any:
    return {"dtype": kind, "shape": shape, "data_offsets": [0, end]}


SPARSE = _text(b"{}" + b" " * 14)
HOSTILE: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "seven bytes": lambda: bytes(7),
    "no header": lambda: bytes(8),
    "a header beyond the end": lambda: _text(b"{}", 2**62),
    "a negative length": lambda: _text(b"{}", 2**64 - 1),
    "shapes whose product overflows": lambda: _one(_entry([2**32, 2**32], 0)),
    "a huge shape with a zero": lambda: _one(_entry([2**62, 0, 2**62], 0)),
    "64 axes": lambda: _one(_entry([1] * 64, 4), bytes(4)),
    "65 axes": lambda: _one(_entry([1] * 65, 4), bytes(4)),
    "BOM": lambda: _text(b"\xef\xbb\xbf{}"),
    "UTF-16": lambda: _text("{}".encode("utf-16")),
    "a name twice": lambda: _text(b'{"a":' + json.dumps(_entry([], 4)).encode() + b',"a":1}'),
    "NaN for a number": lambda: _text(b'{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,4]}}'),
    "a float for a number": lambda: _one({**_entry([1], 4), "shape": [1.0]}, bytes(4)),
    "true for a number": lambda: _one({**_entry([1], 4), "shape": [True]}, bytes(4)),
    "negative sizes": lambda: _one(_entry([-1, -1], 4), bytes(4)),
    "overlap": lambda: joined({"a": _entry([1], 4), "b": _entry([1], 4)}, bytes(4)),
    "numbers that belong to none": lambda: joined({}, bytes(100)),
    "objects": lambda: _one(_entry([1], 8, "O"), bytes(8)),
    "deep": lambda: _text(b'{"a":' * 50_000),
    "deep metadata": lambda: joined({"__metadata__": {KEY: "[" * 100_000}}, b""),
    "a long integer": lambda: _text(b'{"a":' + b"9" * 100_000 + b"}"),
    "metadata that is no text": lambda: joined({"__metadata__": {"a": 5}}, b""),
    "a pickle": lambda: b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00cos\nsystem\n.",
    "a long header": lambda: _text(b'{"a":[' + b"[]," * (30 << 20) + b"[]]}"),
    "6 GB that nobody wrote": lambda: SPARSE,
    "many names": lambda: joined({str(k): _entry([0], 0) for k in range(20_000)}, b""),
}


def weights() -> bytes:
    """Return a file of weights."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "w")
        kinds = ("f4", "f8", "i8", "u1", "?", "c8", "f2")
        nn.save({k: np.arange(6).reshape(2, 3).astype(k) for k in kinds}, path, {"who": "me"})
        return Path(path).read_bytes()


def checkpoint(setup: Setup) -> bytes:
    """Return the checkpoint of a training that has done two epochs of three."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Setup(**{**vars(setup), "plan": (2,)}), Path(folder))
        run.fit()
        return (Path(folder) / "run.st").read_bytes()


MUTATIONS = (structure, structure, structure, raw, raw, hostile)  # of weights
OF_CHECKPOINTS = (stated, stated, stated, stated, structure, raw, hostile)
_files: dict[Setup | None, bytes] = {}


def attack(seed: int) -> str:
    """Mutate a file, and read it."""
    rng = np.random.default_rng(seed)
    setup = Setup.drawn(int(rng.integers(12))) if seed % 3 else None
    kinds = MUTATIONS if setup is None else OF_CHECKPOINTS
    mutate = kinds[rng.integers(len(kinds))]
    if setup not in _files:
        _files[setup] = weights() if setup is None else checkpoint(setup)
    data, done = mutate(_files[setup], rng)
    start, peak = time.perf_counter(), _peak()
    try:
        with tempfile.TemporaryDirectory() as folder, np.errstate(all="ignore"):
            end = _load(Path(folder), data) if setup is None else _resume(setup, Path(folder), data)
    except Finding as finding:
        raise Finding(f"{finding}\n  {mutate.__name__} ({done}), {setup or 'weights'}") from finding
    if time.perf_counter() - start > SECONDS:
        raise Finding(f"{mutate.__name__} ({done}): took {time.perf_counter() - start:.0f} s")
    if _peak() - peak > MEMORY:
        raise Finding(f"{mutate.__name__} ({done}): took {(_peak() - peak) >> 20} MB")
    return end


def _peak() -> int:
    """Return the most memory that this process has held, where the system tells."""
    try:
        import resource
    except ImportError:
        return 0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _refused(error: Exception, name: str) -> str:
    """Return the kind of a refusal; a raw error, or one that does not name the file, is none."""
    if not isinstance(error, AutogradError):
        raise Finding(f"a raw {type(error).__name__}: {str(error)[:200]}") from error
    if name not in str(error):
        raise Finding(f"the file is not named: {str(error)[:200]}") from error
    return f"{type(error).__name__}"


def _load(folder: Path, data: bytes) -> str:
    path = folder / "weights.st"
    path.write_bytes(data)
    if data == SPARSE:
        os.truncate(path, 6 << 30)  # of which the disk holds nothing
    try:
        found = nn.load(path)
        nn.load_metadata(path)
    except Exception as error:
        return "load: " + _refused(error, "weights.st")
    for array in found.values():
        if not isinstance(array, np.ndarray) or array.dtype.kind not in "biufc":
            raise Finding(f"loads a {type(array).__name__}")
        array.sum()
        array[...] = 0
    return "load: read"


class _Started:
    """A loss that notes that the file was read, and that training has begun."""

    def __init__(self, loss: Any) -> None:
        self.loss, self.yes = loss, False

    def __call__(self, output: Any, target: Any) -> Any:
        """Return the loss."""
        self.yes = True
        return self.loss(output, target)


def _everything(run: Run) -> str:
    """Return a digest of all that a failed load must leave as it was."""
    nest = [run.state(), repr(nn.get_rng_state()), repr(random.getstate())]
    return digest([nest, repr(np.random.get_state()), repr(run.trainer._sums)])


def _resume(setup: Setup, folder: Path, data: bytes) -> str:
    run = Run(setup, folder)
    started = run.trainer.loss = _Started(run.trainer.loss)
    before = _everything(run)
    (folder / "run.st").write_bytes(data)
    here = set(os.listdir())
    try:
        run.fit()
    except Exception as error:
        if started.yes:
            if isinstance(error, AutogradError):
                return f"resume: {type(error).__name__} while training"
            raise Finding(f"a raw {type(error).__name__} while training: {error}") from error
        end = "resume: " + _refused(error, "run.st")
        if _everything(run) != before:
            raise Finding("refused, but something was changed") from error
        return end
    finally:
        if more := (set(os.listdir()) - here) | set(training.leftovers(folder)):
            raise Finding(f"writes {', '.join(sorted(more))}")
    if len(run.trainer.history.rows) != run.trainer.epoch:
        raise Finding(f"epoch {run.trainer.epoch} of {len(run.trainer.history.rows)} rows")
    return "resume: trained on"
