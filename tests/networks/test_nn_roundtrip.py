"""What a checkpoint accepts comes back equal, types and keys too; the rest is refused unwritten."""

from __future__ import annotations

import collections
import enum
import json
import math
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nn
from autograd_core import Tensor

DTYPES = ("?", "i1", "u1", "<i2", ">i4", "<i8", ">u8", "<f2", "<f4", ">f4", "<f8", ">f8", "<c8",
          "<c16", ">c16")  # fmt: skip


def same(a: Any, b: Any) -> bool:
    """Tell whether two nests are equal, with types, keys in their order, dtypes and NaN."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        equal = a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
        return equal and a.flags.f_contiguous == (a.flags.f_contiguous and b.flags.f_contiguous)
    if isinstance(a, dict):
        return len(a) == len(b) and all(
            same(x, y) and same(a[x], b[y]) for x, y in zip(a, b, strict=True)
        )
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, float):
        return struct.pack("d", a) == struct.pack("d", b) or (math.isnan(a) and math.isnan(b))
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    if isinstance(a, np.generic):
        return same(np.asarray(a), np.asarray(b))
    return bool(a == b)


def made(dtype: str, shape: tuple[int, ...], seed: int, layout: int) -> Any:
    rng = np.random.default_rng(seed)
    kind = np.dtype(dtype)
    array = np.frombuffer(rng.bytes(int(np.prod((*shape, kind.itemsize)))), kind).reshape(shape)
    if kind.kind == "b":
        array = np.asarray(rng.integers(0, 2, shape), bool)
    if layout == 1:
        return array.T
    return np.asfortranarray(array) if layout == 2 else array[..., ::-1] if shape else array


arrays = st.builds(
    made,
    st.sampled_from(DTYPES),
    st.lists(st.integers(0, 3), max_size=3).map(tuple),
    st.integers(0, 99),
    st.integers(0, 3),
)
names = st.one_of(
    st.sampled_from(["a", "b", "a.b", "a.b#2", ".", "", "$array", "$x", "__metadata__", "0", "1"]),
    st.text(max_size=3),
)
plain = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(2**200), 2**200), st.floats(), names
)
scalars = st.builds(lambda d, s: made(d, (1,), s, 0)[0], st.sampled_from(DTYPES), st.integers(0, 9))
leaves = st.one_of(plain, scalars, arrays, st.complex_numbers(), st.binary(max_size=3))
keys = st.recursive(
    st.one_of(plain, scalars, st.complex_numbers(), st.binary(max_size=2)),
    lambda inner: st.lists(inner, max_size=2).map(tuple),
    max_leaves=3,
)


def nests(inner: Any) -> Any:
    return st.one_of(
        st.lists(inner, max_size=3),
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(names, inner, max_size=4),
        st.dictionaries(keys, inner, max_size=4),
        st.dictionaries(names, inner, max_size=2).map(collections.OrderedDict),
    )


@pytest.mark.slow
@settings(
    max_examples=150,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
@given(nest=st.recursive(leaves, nests, max_leaves=12))
def test_what_is_saved_comes_back(nest: Any, tmp_path_factory: Any) -> None:
    path = tmp_path_factory.getbasetemp() / "nest.safetensors"
    nn.save_checkpoint(nest, path)
    assert same(nest, nn.load_checkpoint(path))


def deep(levels: int) -> Any:
    nest: Any = 1
    for _ in range(levels):
        nest = [nest]
    return nest


CASES: dict[str, Any] = {
    "the same path twice": {"a": {"b": np.ones(1)}, "a.b": np.zeros(1), "a.b#2": np.full(1, 2.0)},
    "1 and '1'": {1: np.ones(1), "1": np.zeros(1), 1.5: np.full(1, 3.0), None: 0, True + 1: 3},
    "tuple keys": {(1, "a"): 2, ((), (None, 1.5)): np.ones(2)},
    "an array alone": np.arange(3),
    "infinite parts": np.array([complex(1, math.inf), complex(math.nan, -0.0), -math.inf]),
    "no dimensions": [np.array(1 + 2j), np.array(True), np.array(3, ">i2")],
    "many dimensions": np.ones((1,) * 64),
    "deep": deep(200),
    "in one place of memory": [np.arange(4)[::2], np.broadcast_to(np.ones(1), (3,))],
    "of no size": [np.ones((0, 2**40)), {}, [], (), "", collections.OrderedDict()],
    "NumPy's numbers": [np.float32(0.1), np.int8(-1), np.bool_(False), np.complex64(1j)],
    "no text": {
        "\ud800": np.ones(1),
        r"\ud800": np.zeros(1),
        1: "\udfff",
        "x": {"\udc00\0": np.ones(2)},
    },
    "metadata": {"__metadata__": np.ones(2), "x": {"__metadata__": np.ones(1)}},
    "tag": {"$array": "w", "x": {"$tuple": [1]}, "y": [{"$complex": np.ones(1)}]},
}


@pytest.mark.parametrize("case", CASES)
def test_particular_nests(case: str, tmp_path: Path) -> None:
    nn.save_checkpoint(CASES[case], tmp_path / "a")
    assert same(CASES[case], nn.load_checkpoint(tmp_path / "a"))


def test_an_array_in_two_places_is_written_once_and_is_one_again(tmp_path: Path) -> None:
    for array in (np.ones(1000), np.ones(1000, complex), np.ones(1000, ">f8")):
        nn.save_checkpoint({"a": array, "b": [array]}, tmp_path / "a")
        assert (tmp_path / "a").stat().st_size < 1.5 * array.nbytes
        found = nn.load_checkpoint(tmp_path / "a")
        assert found["a"] is found["b"][0]


class Colour(enum.IntEnum):
    RED = 1


Point = collections.namedtuple("Point", "x y")
endless: list[Any] = []
endless.append(endless)

REFUSED: dict[str, tuple[Any, str]] = {
    "a set": ({1}, "a set"),
    "an object": (object(), "a object"),
    "a named tuple": ({"p": Point(1, 2)}, r"p is a Point.*save tuple\(value\)"),
    "a named tuple as a key": ({Point(1, 2): 0}, "Point"),
    "a default dict": (collections.defaultdict(int), r"save dict\(value\)"),
    "an enum": ([Colour.RED], "0 is a Colour"),
    "NumPy text": ([np.str_("a")], "str_"),
    "text in an array": (np.array(["a"]), "holds <U1"),
    "objects": (np.array([None]), "holds object"),
    "dates": (np.array(["2020-01-01"], "M8[D]"), "holds datetime64"),
    "a date": (np.datetime64("2020-01-01"), "datetime64"),
    "records": (np.zeros(2, "i4,f4"), "holds"),
    "long numbers": (np.zeros(2, np.longdouble), "holds float128"),
    "a long number": (np.longdouble(1), "longdouble"),
    "a masked array": (np.ma.masked_array([1.0], [True]), "MaskedArray"),
    "a matrix": (np.ones((1, 1)).view(np.matrix), "only plain arrays"),
    "a Tensor": ({"t": Tensor([1.0])}, "t is a Tensor"),
    "a frozen set as a key": ({frozenset(): 1}, "frozenset"),
    "thousands of digits": (10**5000, "cannot be written"),
    "thousands of digits as a key": ({10**5000: 1}, "cannot be written"),
    "itself": (endless, "contain itself"),
    "too deep": (deep(300), "deeper than 200"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_come_back_is_refused_before_writing(case: str, tmp_path: Path) -> None:
    path = tmp_path / "a"
    nn.save_checkpoint({"kept": np.ones(2)}, path)
    before = path.read_bytes()
    nest, message = REFUSED[case]
    with pytest.raises(nn.SerializationError, match=message):
        nn.save_checkpoint(nest, path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_more_text_than_the_format_has_room_for(tmp_path: Path, monkeypatch: Any) -> None:
    nn.save_checkpoint("x" * 500, tmp_path / "a")
    monkeypatch.setattr("nn.serialization._LONGEST_HEADER", 1000)
    with pytest.raises(nn.SerializationError, match="no room"):
        nn.save_checkpoint("x" * 1000, tmp_path / "a")
    assert nn.load_checkpoint(tmp_path / "a") == "x" * 500


def test_files_of_older_versions_are_read(tmp_path: Path) -> None:
    older = {
        "w": {"$array": "w"},
        "c": {"$complex": "c"},
        "t": {"$tuple": [1, {"$array": "t.1"}]},
        "i": {"$items": [[0, {"m": {"$array": "i.0.m"}}], ["$k", None], [[1, 2], 3]]},
    }
    held = {"w": np.ones(2), "c": np.array([[1.0], [2.0]]), "t.1": np.zeros(1), "i.0.m": np.ones(1)}
    nn.save(held, tmp_path / "old", {"autograd_core.checkpoint": json.dumps(older)})
    assert same(
        nn.load_checkpoint(tmp_path / "old"),
        {
            "w": np.ones(2),
            "c": np.array([1 + 2j]),
            "t": (1, np.zeros(1)),
            "i": {0: {"m": np.ones(1)}, "$k": None, (1, 2): 3},
        },
    )
    nn.save({}, tmp_path / "odd", {"autograd_core.checkpoint": '{"$unknown": 1}'})
    with pytest.raises(nn.SerializationError, match="damaged"):
        nn.load_checkpoint(tmp_path / "odd")


@pytest.mark.parametrize("dtype", [d for d in DTYPES if d != "<c16" and d != ">c16"])
def test_weights_come_back(dtype: str, tmp_path: Path) -> None:
    for layout in range(4):
        array = made(dtype, (2, 3), 0, layout)
        nn.save({"a.b": array, "none": array[:0]}, tmp_path / "w")
        found = nn.load(tmp_path / "w")
        np.testing.assert_array_equal(found["a.b"], array)
        assert found["a.b"].dtype == array.dtype.newbyteorder("=")
        assert found["none"].shape == array[:0].shape
    with pytest.raises(nn.SerializationError, match="masked"):
        nn.save({"a": np.ma.masked_array([1.0], [True])}, tmp_path / "w")
    with pytest.raises(nn.SerializationError, match="complex ones complex64"):
        nn.save({"a": np.ones(2, complex)}, tmp_path / "w")


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.complex64, np.complex128])
def test_every_nan_keeps_its_bits(dtype: Any, tmp_path: Any) -> None:
    """Signs and payloads, which Python's numbers lose on the way."""
    bits = np.random.default_rng(0).integers(0, 256, (200, np.dtype(dtype).itemsize), np.uint8)
    numbers = bits.view(dtype).ravel()
    nans = [x for x in numbers if x != x] + [dtype("nan"), -dtype("nan")]
    exponent = np.frombuffer(b"\xff" * np.dtype(dtype).itemsize, dtype)[0]
    nans.append(exponent)
    nn.save_checkpoint(nans, tmp_path / "nans")
    loaded = nn.load_checkpoint(tmp_path / "nans")
    assert [type(x) for x in loaded] == [type(x) for x in nans]
    assert [x.tobytes() for x in loaded] == [x.tobytes() for x in nans]
