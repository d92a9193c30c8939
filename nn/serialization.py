"""Saving and loading weights: safetensors files, written completely or not at all.

Nothing in such a file is ever executed, and PyTorch, JAX and others read and
write it.  `nn.safetensors` has the format; here are the files.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np

from autograd_core import OperandError, SettingError
from autograd_core.extend import Location, explains_wrong_calls, host

from .errors import SerializationError
from .files import write_atomically
from .module import Module
from .safetensors import (
    CODES,
    KINDS,
    WIDTHS,
    Entry,
    check_cover,
    check_start,
    make_header,
    parse_header,
    shown,
    widening,
)
from .values import is_traced, raw

_LONGEST_HEADER = 25_000_000  # 100,000 arrays take 10 MB; the format itself allows 100 MB
_PIECE = 1 << 18  # elements that are converted at a time
_empty = np.empty


def _refuse(path: str, reason: str) -> SerializationError:
    return SerializationError(f"{path}: {reason}", Location.of_caller())


def _text_of(path: Any, function: str) -> str:
    """Return a path as text; refuse what cannot be one."""
    if not isinstance(path, (str, bytes, os.PathLike)):
        hint = "; give file.name" if hasattr(path, "read") else ""
        raise OperandError(
            f"{function}: the path must be text or a Path, not {type(path).__name__}{hint}.",
            Location.of_caller(),
        )
    text = os.fsdecode(path)
    try:
        possible = b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        possible = False
    if not possible:
        raise _refuse(ascii(text), "no file can have this name.")
    return text


@explains_wrong_calls
def save(obj: Any, path: str | os.PathLike[str], metadata: Mapping[str, str] | None = None) -> None:
    """Write a module's state, or any mapping from names to arrays, as a safetensors file.

    The file appears complete or not at all: it is written under another name, synced to disk, then
    renamed.  The arrays are not copied as a whole, whatever their layout.

    Parameters
    ----------
    obj : Module or mapping
        A mapping's values may be arrays or Tensors; all come back as arrays.
    path : path
        The file.
    metadata : mapping of str to str, optional
        Kept in the header.

    Raises
    ------
    SerializationError
        If a value is not an array of numbers, or a name or the metadata is not text.

    Examples
    --------
    >>> import nn, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "line.safetensors")
    >>> model = nn.Linear(3, 2)
    >>> nn.save(model, path)
    >>> model.load_state_dict(nn.load(path))
    IncompatibleKeys(missing_keys=[], unexpected_keys=[])
    """
    path = _text_of(path, "save")
    state = obj.state_dict() if isinstance(obj, Module) else obj
    if not isinstance(state, Mapping):
        raise _refuse(path, f"save() takes a Module or a mapping, not {type(obj).__name__}.")
    if metadata is not None and not (
        isinstance(metadata, Mapping) and all(map(_is_text, (*metadata, *metadata.values())))
    ):
        raise _refuse(path, "metadata must map str to str, without lone surrogates.")
    arrays: dict[str, Any] = {}
    for name, value in state.items():
        if name in arrays:
            raise _refuse(path, f"{shown(name)} is there twice.")
        if not _is_text(name) or name == "__metadata__":
            raise _refuse(
                path,
                f"{shown(name)} cannot name an array; a file holds numbers under text names, "
                "without lone surrogates, other than __metadata__.",
            )
        arrays[name] = _numbers(path, name, value)
    text, order = make_header(arrays, metadata)
    if len(text) > _LONGEST_HEADER:
        raise _refuse(
            path,
            f"the names, the metadata and everything that is not an array take {len(text)} "
            "bytes; there is "
            f"no room for more than {_LONGEST_HEADER}. Save long lists and texts as arrays.",
        )
    pieces = (piece for name in order for piece in _pieces(arrays[name]))
    write_atomically(path, itertools.chain((len(text).to_bytes(8, "little"), text), pieces))


def _is_text(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _numbers(path: str, name: str, value: Any) -> Any:
    """Return a value as an array of a dtype that the format has."""
    array = raw(value) if is_traced(value) else value
    if isinstance(array, np.ma.MaskedArray):
        raise _refuse(
            path, f"{shown(name)} is a masked array; save value.filled(...), or two arrays."
        )
    try:
        array = np.asarray(host(array))
    except (ValueError, TypeError, RuntimeError) as error:
        raise _refuse(path, f"{shown(name)} is not an array of numbers: {error}") from error
    if array.dtype.kind in "biufc" and array.dtype.newbyteorder("<") in KINDS:
        return array
    remedy = {
        "c": "of complex ones complex64: save value.astype(np.complex64), its real and imaginary "
        "parts, or a checkpoint",
        "f": "at most float64: save value.astype(np.float64)",
        "M": "no dates: save value.astype(np.int64)",
        "m": "no times: save value.astype(np.int64)",
    }.get(array.dtype.kind, "and booleans: save value.astype(np.float32), or its parts")
    raise _refuse(path, f"{shown(name)} holds {array.dtype}; a file holds numbers, {remedy}.")


def _pieces(array: Any) -> Iterator[Any]:
    """Yield an array's bytes in C order, little-endian; only a piece of it is ever copied."""
    little = array.dtype.newbyteorder("<")
    if array.flags.c_contiguous and array.dtype == little:
        yield array.reshape(-1).view(np.uint8)
        return
    flags = ["external_loop", "buffered", "zerosize_ok"]
    with np.nditer(  # type: ignore[call-overload]  # NumPy's types misspell contig
        array,
        flags,
        [["readonly", "contig"]],
        [little],
        order="C",
        casting="equiv",
        buffersize=_PIECE,
    ) as pieces:
        for piece in pieces:
            yield piece.view(np.uint8)


@explains_wrong_calls
def load(
    path: str | os.PathLike[str],
    names: Iterable[str] | None = None,
    max_header: int = _LONGEST_HEADER,
) -> dict[str, Any]:
    """Read a safetensors file.

    Everything that the file says about itself is checked before memory is allocated, so the file
    may come from a stranger. Loading takes the memory of the arrays and little more.

    Parameters
    ----------
    path : path
        The file.
    names : iterable of str, optional
        Read only these arrays.
    max_header : int, optional
        Refuse a header with more bytes than this; default 25 MB, enough for 200,000 arrays.

    Returns
    -------
    dict
        Arrays by name, which no longer depend on the file.  Floats that NumPy lacks (bfloat16 and
        8-bit floats) are converted to float32, exactly.

    Raises
    ------
    SerializationError
        If the file is truncated, damaged, or says impossible things; if it changes
        while it is read; if an array is missing, or has a dtype that NumPy lacks.

    Examples
    --------
    >>> import nn, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "two.safetensors")
    >>> nn.save({"a": np.zeros(2), "b": np.ones(2)}, path)
    >>> nn.load(path, names=["b"])
    {'b': array([1., 1.])}
    """
    return read(path, names, max_header)[0]


@explains_wrong_calls
def load_metadata(
    path: str | os.PathLike[str], max_header: int = _LONGEST_HEADER
) -> dict[str, str]:
    """Return the metadata in a file's header, without reading the arrays.

    Parameters
    ----------
    path : path
        The safetensors file.
    max_header : int
        Bytes; longer headers are refused.

    Returns
    -------
    dict of str
        The texts by name.

    Raises
    ------
    SerializationError
        If the header is damaged.

    Examples
    --------
    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "weights.st")
    ...     save({"w": np.zeros(2)}, path, metadata={"made by": "hand"})
    ...     print(load_metadata(path))
    {'made by': 'hand'}
    """
    return read(path, (), max_header)[1]


def read(
    path: str | os.PathLike[str],
    names: Iterable[str] | None = None,
    max_header: int = _LONGEST_HEADER,
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the arrays and the metadata of a file, everything checked first."""
    path = _text_of(path, "load")
    if type(max_header) is not int or max_header < 2:
        raise SettingError(
            f"load: max_header is a number of bytes, not {max_header!r}.", Location.of_caller()
        )
    with _opened(path) as file:
        before = os.fstat(file.fileno())
        entries, metadata = _header(path, file, before.st_size, max_header)
        start = file.tell()
        chosen = entries if names is None else _chosen(path, entries, names)
        arrays = dict.fromkeys(chosen)
        for name in sorted(chosen, key=lambda name: entries[name].begin):
            file.seek(start + entries[name].begin)
            arrays[name] = _array(path, file, name, entries[name])
        after = os.fstat(file.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise _refuse(path, "the file was changed while it was read; load it again.")
    return arrays, metadata


@contextlib.contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    """Open a file, and nothing else: a pipe would wait, a device would never end."""
    flags = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
    with open(path, "rb", opener=lambda name, mode: os.open(name, mode | flags)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise _refuse(path, "this is not a regular file, but a device or a pipe.")
        try:
            yield file
        except OSError as error:  # a failing disk: the system does not say which file
            error.filename = error.filename or path
            raise


def _header(
    path: str, file: BinaryIO, size: int, longest: int
) -> tuple[dict[str, Entry], dict[str, str]]:
    start = file.read(8)
    if len(start) < 8:
        raise _refuse(path, f"{size} bytes are too few for a safetensors file.")
    length = int.from_bytes(start, "little")
    if length > size - 8:
        raise _refuse(
            path,
            f"the header claims {length} bytes, the file has {size}: truncated, or not "
            "safetensors.",
        )
    try:
        first = file.read(min(length, 1))
        check_start(first)
        if length > longest:
            raise ValueError(
                f"the header claims {length} bytes, more than {longest}. If you trust the file, "
                f"give max_header={length}."
            )
        entries, metadata = parse_header(first + file.read(length - 1))
        check_cover(entries, size - 8 - length)
    except ValueError as error:
        raise _refuse(path, str(error)) from None
    return entries, metadata


def _chosen(path: str, entries: Mapping[str, Entry], names: Iterable[str]) -> list[str]:
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise OperandError(
            f"load: names must be a list of names, such as names=[{shown(names)}].",
            Location.of_caller(),
        )
    wanted = list(names)
    for name in wanted:
        if not isinstance(name, str) or name not in entries:
            held = shown(list(itertools.islice(entries, 9)))
            raise _refuse(path, f"the file has no array {shown(name)}; it has {held}.")
    return [name for name in entries if name in set(wanted)]


def _array(path: str, file: BinaryIO, name: str, entry: Entry) -> Any:
    """Read one array; the file stands at its place."""
    code = CODES.get(entry.kind)
    if code is None and WIDTHS[entry.kind] < 8:
        raise _refuse(
            path,
            f"{shown(name)}: NumPy has no dtype for {entry}; read the others with names=[...].",
        )
    try:
        array = _empty(entry.shape, code or "<f4")
    except MemoryError as error:
        raise _refuse(
            path,
            f"{shown(name)}: {entry} takes {entry.end - entry.begin} bytes, more memory than "
            "there is; read a part of the file with names=[...].",
        ) from error
    flat = array.reshape(-1)
    if code is None:
        _read_widened(path, file, entry.kind, flat)
    else:
        _fill(path, file, flat)
    if entry.kind == "BOOL" and flat.view(np.uint8).max(initial=0) > 1:
        raise _refuse(path, f"{shown(name)}: a boolean is neither 0 nor 1.")
    return array


def _fill(path: str, file: BinaryIO, flat: Any) -> None:
    if file.readinto(flat.view(np.uint8)) != flat.nbytes:  # type: ignore[attr-defined]
        raise _refuse(path, "the file became shorter while it was read.")


def _read_widened(path: str, file: BinaryIO, kind: str, flat: Any) -> None:
    """Read floats that NumPy lacks into float32, a piece at a time."""
    table = widening(kind)
    piece = np.empty(min(_PIECE, flat.size), "<u2" if table is None else "|u1")
    for k in range(0, flat.size, _PIECE):
        target = flat[k : k + _PIECE]
        codes = piece[: target.size]
        _fill(path, file, codes)
        if table is None:  # bfloat16: the upper half of a float32
            np.left_shift(codes, 16, out=target.view("<u4"), dtype=np.uint32)
        else:
            np.take(table, codes, out=target)
