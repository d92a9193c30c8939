"""Weights from strangers: every rule of the format is checked, at a cost that is bounded."""

from __future__ import annotations

import itertools
import json
import os
import socket
import stat
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_nn_files_and_errors import entry, made

import nn
import nn.serialization
from autograd_core import AutogradError

ONE = entry()  # one array of two float32
EIGHT = b"\0" * 8


def text_of(header: Any) -> bytes:
    return json.dumps(header).encode()


def with_shape(*shape: int) -> bytes:
    return made(entry(shape=shape, offsets=[0, 0]))


HOSTILE = {
    # how the header is encoded
    "UTF-8 with a byte-order mark": (made(b"\xef\xbb\xbf" + text_of(ONE), EIGHT), "JSON object"),
    **{
        code: (made(text_of(ONE).decode().encode(code), EIGHT), "JSON")
        for code in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le")
    },
    "latin-1": (made('{"ä":1}'.encode("latin-1")), "not valid JSON"),
    "surrogates in UTF-8": (made(b'{"\xed\xa0\x80":1}'), "not valid JSON"),
    "overlong UTF-8": (made(b'{"\xc0\x80":1}'), "not valid JSON"),
    "a lone surrogate, escaped": (made(rb'{"\ud800":' + text_of(ONE["x"]) + b"}", EIGHT), "JSON"),
    "a control character": (made(b'{"\x01":' + text_of(ONE["x"]) + b"}", EIGHT), "JSON"),
    "no header": (made(b""), "JSON object"),
    "white space before": (made(b" " + text_of(ONE), EIGHT), "JSON object"),
    "line feed after": (made(text_of(ONE) + b"\n", EIGHT), "after the header"),
    "NUL after": (made(text_of(ONE) + b"\0", EIGHT), "after the header"),
    "two objects": (made(text_of(ONE) * 2, EIGHT), "after the header"),
    "unclosed": (made(text_of(ONE)[:-1], EIGHT), "not valid JSON"),
    "unclosed string": (made(b'{"x'), "not valid JSON"),
    "comma at the end": (made(text_of(ONE)[:-1] + b",}", EIGHT), "not valid JSON"),
    "two commas": (made(b'{,"x":1}'), "not valid JSON"),
    "no colon": (made(b'{"x" {}}'), "not valid JSON"),
    "bare name": (made(b"{x:{}}"), "not valid JSON"),
    "a comment": (made(b"{/**/}"), "not valid JSON"),
    # names
    "name twice": (made(b'{"x":%s,"x":%s}' % ((text_of(ONE["x"]),) * 2), EIGHT), "'x' .*twice"),
    "name twice, spelt differently": (
        made(rb'{"x":%s,"\u0078":%s}' % ((text_of(ONE["x"]),) * 2), EIGHT), "'x' .*twice",
    ),
    "field twice": (
        made(b'{"x":{"dtype":"F32","shape":[2],"shape":[2],"data_offsets":[0,8]}}', EIGHT), "'x'",
    ),
    "metadata twice": (made(b'{"__metadata__":{},"__metadata__":{}}'), "twice"),
    "metadata's name twice": (made(b'{"__metadata__":{"a":"1","a":"2"}}'), "twice"),
    # entries
    "a field more": (made({"x": {**ONE["x"], "more": 1}}, EIGHT), "exactly dtype, shape"),
    "a field less": (made({"x": {"dtype": "F32", "shape": [2]}}, EIGHT), "exactly dtype, shape"),
    "an entry as a list": (made({"x": ["F32", [2], [0, 8]]}, EIGHT), "exactly dtype, shape"),
    "a nested entry": (made({"x": ONE}, EIGHT), "'x'"),
    "an entry of null": (made({"x": None}), "exactly dtype, shape"),
    "shape null": (made(entry(shape=None), EIGHT), "natural numbers"),
    "shape a number": (made(entry(shape=2), EIGHT), "natural numbers"),
    "shape of text": (made(entry(shape=["2"]), EIGHT), "natural numbers"),
    "shape of NaN": (made(b'{"x":{"dtype":"F32","shape":[NaN],"data_offsets":[0,8]}}'), "natural"),
    "shape of 2e0": (made(b'{"x":{"dtype":"F32","shape":[2e0],"data_offsets":[0,8]}}'), "natural"),
    "minus zero": (made(b'{"x":{"dtype":"F32","shape":[0],"data_offsets":[-0,0]}}'), "natural"),
    "leading zero": (made(b'{"x":{"dtype":"F32","shape":[02],"data_offsets":[0,8]}}'), "'x'"),
    "one offset": (made(entry(offsets=[8]), EIGHT), "natural numbers"),
    "three offsets": (made(entry(offsets=[0, 4, 8]), EIGHT), "natural numbers"),
    "offsets null": (made(entry(offsets=None), EIGHT), "natural numbers"),
    "digits without end": (
        made(b'{"x":{"dtype":"F32","shape":[%s],"data_offsets":[0,8]}}' % (b"9" * 5000)), "'x'",
    ),
    "65 axes": (made(entry(shape=[2] + [1] * 64), EIGHT), "natural numbers, at most 64"),
    "dtype null": (made(entry(kind=None), EIGHT), "dtype None"),
    "dtype in small letters": (made(entry(kind="f32"), EIGHT), "dtype 'f32'"),
    "dtype of another format": (made(entry(kind="C128"), EIGHT), "dtype 'C128'"),
    # shapes: products are whole, whatever their size
    "2**64 elements, which is 0 in 64 bits": (with_shape(2**32, 2**32), "takes"),
    "2**66 bytes": (with_shape(2**62, 4), "takes"),
    "2**32 elements, which is 0 in 32 bits": (with_shape(2**16, 2**16), "takes"),
    "zero after an overflow": (with_shape(2**40, 2**40, 0), "larger than"),
    "zero before an overflow": (with_shape(0, 2**40, 2**40), "larger than"),
    "2**63 of nothing": (with_shape(0, 2**63), "natural numbers"),
    "2**64 + 2 elements": (made(entry(shape=[2**64 + 2]), EIGHT), "natural numbers"),
    "many large axes": (with_shape(*[2**62] * 64), "takes"),
    "four bits, odd": (made(entry("F4", [3], [0, 1]), b"\0"), "takes"),
    # offsets
    "beyond the end": (made(entry(offsets=[2**62, 2**62 + 8]), EIGHT), "expected"),
    "end before begin": (made(entry(shape=[0], offsets=[8, 0]), EIGHT), "takes 0 bytes, not -8"),
    "two in one place": (made({"a": ONE["x"], "b": ONE["x"]}, EIGHT), "expected"),
    "nothing inside of another": (
        made({"a": ONE["x"], "b": entry(shape=[0], offsets=[4, 4])["x"]}, EIGHT), "expected",
    ),
    "nothing beyond the end": (
        made({"a": ONE["x"], "b": entry(shape=[0], offsets=[9, 9])["x"]}, EIGHT), "expected",
    ),
    "data without an array": (made({}, b"\0"), "the file has 1"),
    # metadata
    "metadata null": (made({"__metadata__": None}), "metadata"),
    "metadata a list": (made({"__metadata__": ["a"]}), "metadata"),
    "metadata text": (made({"__metadata__": "a"}), "metadata"),
    "metadata of null": (made({"__metadata__": {"a": None}}), "metadata"),
    "metadata of dicts": (made({"__metadata__": {"a": {"b": "c"}}}), "metadata"),
    "metadata of an entry": (made({"__metadata__": ONE["x"]}, EIGHT), "metadata"),
    "metadata of lone surrogates": (made(rb'{"__metadata__":{"a":"\udc00"}}'), "JSON"),
    # values that NumPy would take for other ones
    "a boolean of 2": (made(entry("BOOL", [8]), b"\1\0\1\2\0\0\0\0"), "boolean"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_file(case: str, tmp_path: Path) -> None:
    content, reason = HOSTILE[case]
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    readers = [nn.load, nn.load_checkpoint]
    if case != "a boolean of 2":  # the metadata can be read without the numbers
        readers.append(nn.load_metadata)
    for reader in readers:
        with pytest.raises(nn.SerializationError, match=reason) as caught:
            reader(path)
        message = str(caught.value)
        assert message.startswith(str(path))
        assert "test_nn_safetensors.py" in message  # the user's line


ACCEPTED = {
    "empty": (made(b"{}"), {}),
    "empty, padded": (made(b"{}      "), {}),
    "white space between": (
        made(b'{ "x"\n:\t{"dtype" :"F32", "shape":[ 2 ],\r"data_offsets":[0,8] } }', EIGHT),
        {"x": [0, 0]},
    ),
    "indented": (made(json.dumps(ONE, indent=4).encode(), EIGHT), {"x": [0, 0]}),
    "fields in another order": (
        made({"x": dict(reversed(ONE["x"].items()))}, EIGHT), {"x": [0, 0]},
    ),
    "escaped names": (made(rb'{"\ud83d\ude00\n":%s}' % text_of(ONE["x"]), EIGHT), {"😀\n": [0, 0]}),
    "names of nothing and NUL": (
        made({"": entry("U8", [1], [0, 1])["x"], "\0": entry("U8", [1], [1, 2])["x"]}, b"\1\2"),
        {"": [1], "\0": [2]},
    ),
    "a name of braces": (made({'}{":,"': ONE["x"]}, EIGHT), {'}{":,"': [0, 0]}),
    "in another order than their data": (
        made({"b": entry("U8", [1], [1, 2])["x"], "a": entry("U8", [1], [0, 1])["x"]}, b"\1\2"),
        {"b": [2], "a": [1]},
    ),
    "not aligned": (
        made({"a": entry("U8", [1], [0, 1])["x"], "b": entry("F64", [1], [1, 9])["x"]},
             b"\7" + np.float64(0.1).tobytes()),
        {"a": [7], "b": [0.1]},
    ),
    "nothing, anywhere that is a border": (
        made({"a": ONE["x"], "b": entry(shape=[0, 3], offsets=[8, 8])["x"],
              "c": entry(shape=[0], offsets=[0, 0])["x"]}, EIGHT),
        {"a": [0, 0], "b": np.zeros((0, 3)), "c": []},
    ),
    "no axes": (made(entry("F64", [], [0, 8]), np.float64(3.5).tobytes()), {"x": 3.5}),
    "64 axes": (made(entry(shape=[1] * 63 + [2]), EIGHT), {"x": np.zeros([1] * 63 + [2])}),
    "a large axis of nothing": (with_shape(0, 2**40), {"x": np.zeros((0, 2**40))}),
    "metadata alone": (made({"__metadata__": {"a": "}{", "": ""}}), {}),
}  # fmt: skip


@pytest.mark.parametrize("case", ACCEPTED)
def test_unusual_but_right(case: str, tmp_path: Path) -> None:
    content, expected = ACCEPTED[case]
    (tmp_path / "a").write_bytes(content)
    found = nn.load(tmp_path / "a")
    assert list(found) == list(expected)
    for name, value in expected.items():
        np.testing.assert_array_equal(found[name], value)
        assert found[name].shape == np.shape(value)
        assert found[name].flags.writeable
        assert found[name].flags.owndata
        assert found[name].flags.aligned


# --- what it costs ----------------------------------------------------------


def cost(path: Path, reader: Any = nn.load, **keywords: Any) -> tuple[int, str]:
    """Return the peak of memory in reading a file that is refused, and the message."""
    tracemalloc.start()
    try:
        with pytest.raises(nn.SerializationError) as caught:
            reader(path, **keywords)
        return tracemalloc.get_traced_memory()[1], str(caught.value)
    finally:
        tracemalloc.stop()


LONG = {
    "lists": lambda n: b'{"x":' + b"[" * n,
    "short lists": lambda n: b'{"x":[' + b"[]," * (n // 3),
    "objects": lambda n: b'{"x":[' + b"{}," * (n // 3),
    "nested objects": lambda n: b'{"x":' * (n // 5),
    "entries of nothing": lambda n: b'{"x":{},' + b'"y":{},' * (n // 7),
    "metadata of lists": lambda n: b'{"__metadata__":{"x":[' + b"[]," * (n // 3),
    "numbers": lambda n: b'{"x":{"dtype":"F32","shape":[' + b"1," * (n // 2),
    "spaces": lambda n: b"{" + b" " * n,
    "NULs": lambda n: bytes(n),
    "a name": lambda n: b'{"' + b"x" * n + b'":1}',
    "text": lambda n: b'{"x":"' + b"x" * n + b'"}',
}


@pytest.mark.parametrize("case", LONG)
def test_a_long_header_costs_no_more_than_itself(case: str, tmp_path: Path) -> None:
    path = tmp_path / "long.safetensors"
    path.write_bytes(made(LONG[case](3_000_000)))
    peak, message = cost(path)
    assert peak < 4 * 3_000_000  # the bytes, the text, and one name of it
    assert len(message) < 2000


def test_a_header_of_99_mb_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "long.safetensors"
    with open(path, "wb") as file:
        file.write((99_000_000).to_bytes(8, "little") + b"{")
        file.truncate(8 + 99_000_000)  # a sparse file
    for reader in (nn.load, nn.load_metadata, nn.load_checkpoint):
        peak, message = cost(path, reader)
        assert peak < 1_000_000
        assert "99000000" in message
        assert "max_header" in message
    with open(path, "r+b") as file:
        file.seek(8)
        file.write(b"[")
    peak, message = cost(path, max_header=100_000_000)
    assert "JSON object" in message
    assert peak < 1_000_000  # its first byte is looked at before the others are read


def test_a_header_may_be_as_long_as_the_caller_says(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    nn.save({"w": np.ones(2)}, path, {"text": "x" * 2000})
    assert list(nn.load(path, max_header=3000)) == ["w"]
    assert nn.load_metadata(path, max_header=3000) == {"text": "x" * 2000}
    for reader in (nn.load, nn.load_metadata):
        with pytest.raises(nn.SerializationError, match="max_header"):
            reader(path, max_header=1000)
        for wrong in (0, -1, 1e6, "1", None, True):
            with pytest.raises(AutogradError, match="max_header is a number of bytes"):
                reader(path, max_header=wrong)


def test_a_sparse_file_is_not_read_where_the_header_does_not_cover_it(tmp_path: Path) -> None:
    path = tmp_path / "sparse.safetensors"
    path.write_bytes(made(ONE, EIGHT))
    os.truncate(path, 6 * 2**30)
    peak, message = cost(path)
    assert peak < 1_000_000
    assert "the file has" in message


def test_arrays_larger_than_memory_are_refused_by_name_and_the_others_can_be_read(
    tmp_path: Path,
) -> None:
    path = tmp_path / "sparse.safetensors"
    size = 2**46  # no system gives so much
    huge = {"huge": entry("U8", [size], [8, 8 + size])["x"], **ONE}
    path.write_bytes(made(huge, np.float32([1, 2]).tobytes()))
    try:
        os.truncate(path, path.stat().st_size + size)
    except OSError:
        size = 2**43
        huge["huge"] = entry("U8", [size], [8, 8 + size])["x"]
        path.write_bytes(made(huge, np.float32([1, 2]).tobytes()))
        os.truncate(path, path.stat().st_size + size)
    with pytest.raises(nn.SerializationError, match=r"'huge'.*U8.*memory.*names="):
        nn.load(path)
    np.testing.assert_array_equal(nn.load(path, names=["x"])["x"], [1, 2])
    assert nn.load_metadata(path) == {}


PEAKS = """
import os, sys
import numpy as np, nn

def kilobytes(what):
    with open("/proc/self/status") as file:
        return int(next(line for line in file if line.startswith(what)).split()[1])

path, *actions = sys.argv[1:]
made = {str(k): np.full((1000, 2000), k, np.float32) for k in range(8)}
for action in actions:
    if not os.fork():  # a process of its own
        # which has to map the code's pages anew; they are no memory of ours
        nn.save({"w": np.ones(3)}, path + ".small")
        nn.load(path + ".small")
        before = kilobytes("VmRSS")
        exec(action)
        print((kilobytes("VmHWM") - before) / 1000, flush=True)
        os._exit(0)
    os.wait()
"""


@pytest.mark.alone
@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="reads Linux's /proc")
def test_loading_and_saving_peak_at_the_files_size(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    nn.save({f"w{k}": np.full(2_000_000, k, np.float32) for k in range(8)}, path)  # 64 MB
    limits = {
        "kept = nn.load(path)": 64 * 1.05 + 4,
        "kept = nn.load(path, names=['w3'])": 8 + 4,
        "kept = nn.load_metadata(path)": 4,
        "nn.save(made, path + '.c')": 4,
        "nn.save({k: v.T for k, v in made.items()}, path + '.t')": 8,
        "nn.save({k: v.T.view('>f4') for k, v in made.items()}, path + '.b')": 8,
        "nn.save({k: v[::2, ::3] for k, v in made.items()}, path + '.s')": 8,
    }
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PEAKS, str(path), *limits],
        capture_output=True, text=True, env=environment, check=True,
    )  # fmt: skip
    peaks = [float(line) for line in done.stdout.split()]
    assert len(peaks) == len(limits)
    too_high = {a: p for (a, limit), p in zip(limits.items(), peaks, strict=True) if p > limit}
    assert not too_high


# --- what is no file --------------------------------------------------------


def test_what_is_no_file_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    devices = [p for p in ("/dev/zero", "/dev/null", "/dev/random") if os.path.exists(p)]
    for path in (fifo, *devices):
        for reader in (nn.load, nn.load_metadata, nn.load_checkpoint):
            with pytest.raises(nn.SerializationError, match="not a regular file") as caught:
                reader(path)
            assert str(path) in str(caught.value)
    with pytest.raises(IsADirectoryError, match=str(tmp_path)):
        nn.load(tmp_path)
    with pytest.raises(FileNotFoundError, match="nowhere"):
        nn.load(tmp_path / "nowhere")
    with pytest.raises(NotADirectoryError, match="fifo"):
        nn.load(fifo / "a")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="loop"):
        nn.load(tmp_path / "loop")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(tmp_path)  # a socket's path has at most 108 bytes
        server.bind("socket")
        with pytest.raises(OSError, match="socket"):
            nn.load("socket")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:  # pragma: no cover
    path = tmp_path / "a"
    nn.save({"w": np.ones(3)}, path)
    path.chmod(0)
    with pytest.raises(PermissionError, match=str(path)):
        nn.load(path)


@pytest.mark.parametrize("given", [3, None, 1.5, ["a"], {"w": 1}, object])
def test_what_is_no_path(given: Any) -> None:
    for reader in (nn.load, nn.load_metadata):
        with pytest.raises(AutogradError, match="path") as caught:
            reader(given)
        assert isinstance(caught.value, TypeError)
    with pytest.raises(AutogradError, match="path"):
        nn.save({"w": np.ones(1)}, given)
    with pytest.raises(AutogradError, match="path"):
        nn.save({"w": np.array(["text"])}, given)


def test_paths_of_every_kind(tmp_path: Path) -> None:
    nn.save({"w": np.ones(1)}, tmp_path / "a")
    for path in (tmp_path / "a", str(tmp_path / "a"), os.fsencode(tmp_path / "a")):
        assert list(nn.load(path)) == ["w"]
    (tmp_path / "b").symlink_to("a")
    assert list(nn.load(tmp_path / "b")) == ["w"]
    raw = os.fsdecode(bytes(tmp_path) + b"/\xff")
    for path in (tmp_path / "ä", os.fsencode(tmp_path / "c"), raw):
        nn.save({"w": np.ones(1)}, path)
        assert list(nn.load(path)) == ["w"]
    for wrong in ("a\0b", b"a\0b", "\ud800", Path("\ud800")):
        with pytest.raises(nn.SerializationError, match="no file can have this name"):
            nn.load(wrong)
        with pytest.raises(nn.SerializationError, match="no file can have this name"):
            nn.save({"w": np.ones(1)}, wrong)
    with (
        open(tmp_path / "a", "rb") as file,
        pytest.raises(AutogradError, match=r"path.*file\.name"),
    ):
        nn.load(file)  # type: ignore[arg-type]


# --- a file that changes ----------------------------------------------------


class Meanwhile:
    """Stands for NumPy's empty(): something happens when the first array is made."""

    def __init__(self, action: Any) -> None:
        self.action = action

    def __call__(self, *args: Any) -> Any:
        self.action()
        return np.zeros(*args)


@pytest.mark.parametrize("size", [100, 100_000])
def test_a_file_that_changes_while_it_is_read(size: int, tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "a.safetensors"

    def shorter() -> None:
        os.truncate(path, 300)

    def written() -> None:
        with open(path, "r+b") as file:
            file.seek(-1, os.SEEK_END)
            file.write(b"\1")
        os.utime(path, (1, 1))

    def longer() -> None:
        with open(path, "ab") as file:
            file.write(b"\1")

    def replaced() -> None:
        nn.save({"w": np.zeros(3)}, path)

    for action, message in (
        (shorter, "shorter|changed"), (longer, "changed"), (written, "changed"), (replaced, None),
    ):  # fmt: skip
        nn.save({"w": np.ones(size)}, path)
        with monkeypatch.context() as patch:
            patch.setattr(nn.serialization, "_empty", Meanwhile(action))
            if message:
                with pytest.raises(nn.SerializationError, match=message):
                    nn.load(path)
            else:  # a new file in its place: the old one is read to its end
                np.testing.assert_array_equal(nn.load(path)["w"], np.ones(size))


@pytest.mark.skipif(not os.path.exists("/proc/self/mem"), reason="Linux's /proc")
def test_a_file_that_the_system_cannot_read_is_named() -> None:
    for path in ("/proc/self/mem", "/proc/self/maps", "/proc/self/environ"):
        with pytest.raises((OSError, nn.SerializationError), match=path):
            nn.load(path)


def test_what_was_loaded_stays_when_the_file_goes(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    nn.save({"w": np.arange(100_000.0), "v": np.ones(3)}, path)
    found = nn.load(path)
    os.truncate(path, 0)
    path.unlink()
    found["v"] += 1
    np.testing.assert_array_equal(found["w"], np.arange(100_000.0))
    np.testing.assert_array_equal(found["v"], np.full(3, 2.0))


# --- some of the arrays -----------------------------------------------------


def test_some_of_the_arrays(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    arrays = {name: np.full(3, k) for k, name in enumerate("abcd")}
    nn.save(arrays, path)
    assert {k: v[0] for k, v in nn.load(path, names=["d", "b"]).items()} == {"b": 1, "d": 3}
    assert list(nn.load(path, names=iter("aa"))) == ["a"]
    assert nn.load(path, names=[]) == {}
    with pytest.raises(nn.SerializationError, match=r"no array 'wieght'"):
        nn.load(path, names=["a", "wieght"])
    with pytest.raises(nn.SerializationError, match=r"no array 3"):
        nn.load(path, names=[3])  # type: ignore[list-item]
    with pytest.raises(AutogradError, match=r"names=\['ab'\]"):
        nn.load(path, names="ab")
    with pytest.raises(AutogradError, match=r"names must be a list"):
        nn.load(path, names=3)  # type: ignore[arg-type]


# --- dtypes -----------------------------------------------------------------


def narrow(kind: str, codes: Any, folder: Path) -> Any:
    data = np.asarray(codes, np.uint16 if kind == "BF16" else np.uint8)
    (folder / "a").write_bytes(made(entry(kind, [len(data)], [0, data.nbytes]), data.tobytes()))
    found = nn.load(folder / "a")["x"]
    assert found.dtype == np.float32
    return found


# The numbers in the papers and standards that define these formats.
NARROW = {
    "BF16": {0x3F80: 1, 0xC020: -2.5, 0x7F80: np.inf, 0xFF80: -np.inf, 0x7FC0: np.nan,
             0x0001: 2.0**-133, 0x7F7F: 2.0**127 * (2 - 2**-7), 0x8000: -0.0},
    "F8_E4M3": {0x38: 1, 0xB8: -1, 0x7E: 448, 0xFE: -448, 0x7F: np.nan, 0xFF: np.nan, 0x01: 2.0**-9,
                0x08: 2.0**-6, 0x07: 0.875 * 2.0**-6, 0x80: -0.0, 0x40: 2, 0x44: 3},
    "F8_E5M2": {0x3C: 1, 0xBC: -1, 0x7B: 57344, 0x7C: np.inf, 0xFC: -np.inf, 0x7D: np.nan,
                0x01: 2.0**-16, 0x04: 2.0**-14, 0x80: -0.0, 0x3E: 1.5},
    "F8_E4M3FNUZ": {0x40: 1, 0x7F: 240, 0xFF: -240, 0x80: np.nan, 0x01: 2.0**-10, 0x08: 2.0**-7},
    "F8_E5M2FNUZ": {0x40: 1, 0x7F: 57344, 0xFF: -57344, 0x80: np.nan, 0x01: 2.0**-17,
                    0x04: 2.0**-15},
    "F8_E8M0": {0x7F: 1, 0x00: 2.0**-127, 0xFE: 2.0**127, 0xFF: np.nan, 0x80: 2},
}  # fmt: skip


@pytest.mark.parametrize("kind", NARROW)
def test_narrow_floats_come_as_float32(kind: str, tmp_path: Path) -> None:
    codes, values = zip(*NARROW[kind].items(), strict=True)
    found = narrow(kind, codes, tmp_path)
    np.testing.assert_array_equal(found, np.float32(values))
    np.testing.assert_array_equal(
        np.signbit(found[found == 0]), np.signbit([v for v in values if v == 0])
    )
    long = np.resize(codes, 600_001)  # in several pieces
    np.testing.assert_array_equal(
        narrow(kind, long, tmp_path), np.resize(np.float32(values), 600_001)
    )
    assert narrow(kind, [], tmp_path).shape == (0,)


@pytest.mark.parametrize("kind", ["F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ"])
def test_narrow_floats_grow_with_their_codes(kind: str, tmp_path: Path) -> None:
    found = narrow(kind, np.arange(256), tmp_path)
    for half, sign in ((found[:128], 1), (found[128:], -1)):
        finite = half[np.isfinite(half)] * sign
        assert (np.diff(finite) > 0).all()
    both = np.isfinite(found[1:128])
    np.testing.assert_array_equal(found[1:128][both], -found[129:][both])


@pytest.mark.parametrize(("kind", "size"), [("F4", 2), ("F6_E2M3", 3), ("F6_E3M2", 3)])
def test_dtypes_that_numpy_lacks_are_named(kind: str, size: int, tmp_path: Path) -> None:
    path = tmp_path / "a"
    both = {"w": entry(kind, [4], [0, size])["x"], "v": entry("U8", [1], [size, size + 1])["x"]}
    path.write_bytes(made(both, b"\1" * (size + 1)))
    with pytest.raises(nn.SerializationError, match=rf"'w'.*{kind}.*names="):
        nn.load(path)
    np.testing.assert_array_equal(nn.load(path, names=["v"])["v"], [1])


# --- writing ----------------------------------------------------------------

REFUSED: dict[str, tuple[Any, str]] = {
    "lone surrogate": ({"\ud800": np.ones(1)}, "surrogate|Unicode"),
    "a number": ({1: np.ones(1)}, "text names"),
    "the metadata's name": ({"__metadata__": np.ones(1)}, "__metadata__"),
    "ragged": ({"w": [[1], [1, 2]]}, "'w' is not an array"),
    "text": ({"w": "abc"}, "'w'.*<U3"),
    "bytes": ({"w": b"abc"}, "'w'.*S3"),
    "text of any length": (
        {"w": np.array(["a"], getattr(np.dtypes, "StringDType", lambda: "U1")())},
        "'w'",
    ),
    "a set": ({"w": {1}}, "'w'.*object"),
    "a large integer": ({"w": 2**70}, "'w'.*object"),
    "objects": ({"w": [object()]}, "'w'.*object"),
    "None": ({"w": None}, "'w'.*object"),
    "dates": ({"w": np.zeros(2, "M8[s]")}, "'w'.*datetime64"),
    "records": ({"w": np.zeros(2, [("a", "f4")])}, "'w'"),
    "complex128": ({"w": np.zeros(2, complex)}, "complex64"),
    "longdouble": ({"w": np.zeros(2, np.longdouble)}, "'w'.*float64"),
    "masked": ({"w": np.ma.masked_array([1.0])}, "masked"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_file_cannot_hold(case: str, tmp_path: Path) -> None:
    if case == "longdouble" and np.longdouble == np.float64:
        pytest.skip("float64 here")
    state, message = REFUSED[case]
    with pytest.raises(nn.SerializationError, match=message) as caught:
        nn.save(state, tmp_path / "a")
    assert not list(tmp_path.iterdir())
    assert "test_nn_safetensors.py" in str(caught.value)


@pytest.mark.parametrize(
    "metadata", [{"a": 1}, {1: "a"}, {"a": None}, ["a"], "a", 3, {"a": "\ud800"}, {"\udfff": "a"}]
)
def test_metadata_is_text(metadata: Any, tmp_path: Path) -> None:
    with pytest.raises(nn.SerializationError, match="metadata"):
        nn.save({"w": np.ones(1)}, tmp_path / "a", metadata)
    assert not list(tmp_path.iterdir())


class Twice(dict):  # type: ignore[type-arg]
    def items(self) -> Any:
        return [("w", np.ones(1)), ("w", np.zeros(1))]


def test_a_mapping_that_gives_a_name_twice(tmp_path: Path) -> None:
    with pytest.raises(nn.SerializationError, match=r"'w'.*twice"):
        nn.save(Twice(), tmp_path / "a")


def test_names_and_metadata_of_every_language(tmp_path: Path) -> None:
    names = ["", " ", "ä.ß", "重み", "😀", "\0", "\n", '"\\', "a" * 5000, "µ", "μ", "ℎ", "\ufeff"]
    nn.save({n: np.full(1, k) for k, n in enumerate(names)}, tmp_path / "a", {n: n for n in names})
    found = nn.load(tmp_path / "a")
    assert list(found) == names
    assert [v[0] for v in found.values()] == list(range(len(names)))
    assert nn.load_metadata(tmp_path / "a") == {n: n for n in names}


LAYOUTS = {
    "C": lambda a: a,
    "Fortran": np.asfortranarray,
    "transposed": lambda a: np.ascontiguousarray(a.T).T,
    "strided": lambda a: np.repeat(a, 2, axis=-1)[..., ::2],
    "reversed": lambda a: np.ascontiguousarray(a[::-1, ::-1])[::-1, ::-1],
    "big-endian": lambda a: a.astype(a.dtype.newbyteorder(">")),
    "big-endian and transposed": lambda a: np.ascontiguousarray(
        a.T.astype(a.dtype.newbyteorder(">"))).T,
    "read-only": lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape),
    "not aligned": lambda a: np.frombuffer(b"x" + a.tobytes(), a.dtype, offset=1).reshape(a.shape),
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_in_pieces(layout: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for shape in ((3, 5), (400, 901), (1, 1), (0, 4), (4, 0)):
        for code in ("f4", "?") if shape[0] == 400 else ("f8", "f4", "f2", "i8", "u2", "?", "c8"):
            size = np.dtype(code).itemsize
            values = rng.integers(0, 2 if code == "?" else 256, (*shape, size), np.uint8)
            array = values.view(code).reshape(shape)
            nn.save({"w": LAYOUTS[layout](array)}, tmp_path / "a")
            assert nn.load(tmp_path / "a")["w"].tobytes() == array.tobytes()


def test_one_memory_under_two_names_and_one_number_many_times(tmp_path: Path) -> None:
    a = np.arange(6.0)
    shared = {"a": a, "b": a, "c": a[::-1], "d": a.reshape(2, 3), "e": np.broadcast_to(a[:1], (4,))}
    nn.save(shared, tmp_path / "a")
    found = nn.load(tmp_path / "a")
    for name, value in shared.items():
        np.testing.assert_array_equal(found[name], value)
    for one, other in itertools.combinations(found.values(), 2):
        assert not np.shares_memory(one, other)


def test_data_are_aligned_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    kinds = ["u1", "f8", "?", "f2", "c8", "i4", "u1", "f8"]
    arrays = {f"{k}.{kind}": np.ones(k + 1, kind) for k, kind in enumerate(kinds)}
    nn.save(arrays, path)
    content = path.read_bytes()
    length = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + length])
    assert list(header) == list(arrays) == list(nn.load(path))
    for name, array in arrays.items():
        assert (8 + length + header[name]["data_offsets"][0]) % array.itemsize == 0


def test_many_arrays(tmp_path: Path) -> None:
    arrays = {f"layer{k}.weight": np.full(1, k, np.int32) for k in range(5_000)}
    nn.save(arrays, tmp_path / "a")
    found = nn.load(tmp_path / "a")
    assert list(found) == list(arrays)
    assert all(v[0] == k for k, v in enumerate(found.values()))


def test_a_file_may_be_saved_over_itself_while_it_is_mapped(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.arange(1000.0))
    mapped = np.load(path, mmap_mode="r")
    nn.save({"w": mapped}, path)
    np.testing.assert_array_equal(nn.load(path)["w"], np.arange(1000.0))
    assert stat.S_ISREG(path.stat().st_mode)


# --- a file of strange names, loaded into a module --------------------------


def test_strange_names_in_the_error_of_a_module(tmp_path: Path) -> None:
    path = tmp_path / "a"
    escape = "\x1b[2J\u202e"  # clears a terminal, turns the reading direction
    nn.save({escape: np.ones(1), **{f"k{n}": np.ones(1) for n in range(3000)}}, path)
    model = nn.Sequential(*(nn.Linear(1, 1) for _ in range(30)))
    with pytest.raises(nn.StateDictError, match="and 2801 more") as caught:
        model.load_state_dict(nn.load(path))
    message = str(caught.value)
    assert escape not in message
    assert r"\x1b[2J\u202e" in message
    assert "29.bias" in message  # what is missing is told whole
    assert len(message) < 5000
    nn.save({"0.bias" * 1000: np.ones(1)}, path)
    with pytest.raises(nn.StateDictError, match=r"unknown: 0\.bias") as caught:
        nn.Linear(1, 1).load_state_dict(nn.load(path))
    assert len(str(caught.value)) < 1000
