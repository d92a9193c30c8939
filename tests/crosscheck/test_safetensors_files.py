"""Weights beside the reference implementation of safetensors: both read and refuse alike."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn

reference = pytest.importorskip("safetensors")
numpy_files = pytest.importorskip("safetensors.numpy")

NAMES = ["", "a.b", "ä", "重み", "😀", "\0", "\n", '"\\', "a" * 3000]
CODES = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?", "c8"]
SHAPES: list[tuple[int, ...]] = [(), (0,), (3,), (2, 3), (0, 4), (1, 1, 1, 2)]


def samples() -> dict[str, Any]:
    rng = np.random.default_rng(0)
    made = {name: np.full(2, k) for k, name in enumerate(NAMES)}
    for code in CODES:
        for shape in SHAPES:
            high = 2 if code == "?" else 256
            data = rng.integers(0, high, (*shape, np.dtype(code).itemsize), np.uint8)
            made[f"{code}{shape}"] = data.view(code).reshape(shape)
    return made


def assert_same(found: Any, expected: Any) -> None:
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].dtype == value.dtype
        assert found[name].shape == value.shape
        assert found[name].tobytes() == value.tobytes()


def test_files_go_both_ways(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    nn.save(samples(), path, {"ü": "é😀"})
    assert_same(numpy_files.load_file(path), samples())
    with reference.safe_open(path, "np") as file:
        assert file.metadata() == {"ü": "é😀"}
    numpy_files.save_file(samples(), path, {"ü": "é😀"})
    assert_same(nn.load(path), samples())
    assert nn.load_metadata(path) == {"ü": "é😀"}


def test_dtypes_of_pytorch(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    files = pytest.importorskip("safetensors.torch")
    path = tmp_path / "a.safetensors"
    kinds = ["float8_e4m3fn", "float8_e5m2", "float8_e4m3fnuz", "float8_e5m2fnuz", "bfloat16"]
    codes = {kind: torch.arange(256, dtype=torch.uint8) for kind in kinds[:-1]}
    codes["bfloat16"] = torch.from_numpy(np.arange(65536, dtype=np.uint16).view(np.uint8).copy())
    tensors = {kind: code.view(getattr(torch, kind)) for kind, code in codes.items()}
    files.save_file(tensors, path)
    for kind, found in nn.load(path).items():
        expected = tensors[kind].float().numpy()
        np.testing.assert_array_equal(found, expected)
        number = ~np.isnan(expected)
        np.testing.assert_array_equal(np.signbit(found)[number], np.signbit(expected)[number])
    nn.save(samples(), path)
    assert_same({k: v.numpy() for k, v in files.load_file(path).items()}, samples())


# Where the reference takes what the format's description, or NumPy, does not.
STRICTER = (
    "exactly dtype", "twice", "JSON object", "only spaces", "larger than", "natural numbers",
    "not a mapping", "boolean", "NumPy has no dtype",
)  # fmt: skip


TRIES = 3_000  # 100,000 were tried once, in seven minutes


def mutated(rng: np.random.Generator, content: bytes) -> bytes:
    length = int.from_bytes(content[:8], "little")
    text, data = bytearray(content[8 : 8 + length]), content[8 + length :]
    pieces = [b"}", b"{", b'"', b",", b":", b"0", b"9", b"-", b"[", b"]", b" ", b"\n", b"\0", b"e1",
              b"F64", b"BF16", b"F4", b"F8_E8M0", rb"\ud800", b"\xff", b"null", b"1.0"]  # fmt: skip
    for _ in range(rng.integers(1, 4)):
        place, kind = int(rng.integers(0, len(text) + 1)), rng.integers(0, 4)
        if kind == 0:
            del text[place : place + int(rng.integers(1, 4))]
        elif kind == 1:
            text[place:place] = pieces[rng.integers(0, len(pieces))]
        elif kind == 2 and place < len(text):
            text[place] = rng.integers(0, 256)
        else:  # one part in another's place
            other = int(rng.integers(0, len(text) + 1))
            text[place : place + 5] = text[other : other + int(rng.integers(1, 60))]
    if rng.random() < 0.1:
        data = data[: rng.integers(0, len(data) + 1)]
    claimed = len(text) + int(rng.integers(-3, 4)) * (rng.random() < 0.1)
    return max(claimed, 0).to_bytes(8, "little") + bytes(text) + data


def attempt(read: Any) -> Any:
    try:
        return read()
    except (nn.SerializationError, reference.SafetensorError) as error:
        return error


def test_mutated_files_are_taken_and_refused_alike(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    path = tmp_path / "a.safetensors"
    arrays = {"a": np.ones((2, 3), "f4"), "b.w": np.zeros(4, "u1"), "c": np.ones((0, 2), "f8")}
    nn.save(arrays, path, {"k": "v"})
    whole = path.read_bytes()
    taken = 0
    for _ in range(TRIES):
        content = mutated(rng, whole)
        path.write_bytes(content)
        theirs = attempt(lambda content=content: dict(reference.deserialize(content)))
        ours = attempt(lambda: nn.load(path))
        if isinstance(ours, nn.SerializationError):
            refused = isinstance(theirs, reference.SafetensorError)
            assert refused or any(s in str(ours) for s in STRICTER), (content, ours)
            continue
        assert isinstance(theirs, dict), content
        taken += 1
        assert ours.keys() == theirs.keys()
        for name, value in ours.items():
            assert list(value.shape) == theirs[name]["shape"]
            if theirs[name]["dtype"] == np.dtype(value.dtype).str:
                assert value.tobytes() == bytes(theirs[name]["data"])
    assert taken > TRIES / 100
