"""Saving and loading weights: safetensors files, written whole or not at all.

The format: 8 bytes (little-endian) with the length of a JSON header, the header
(name -> dtype, shape, offsets), then the numbers.  Nothing in such a file is
ever executed, and PyTorch, JAX and others read and write it.
See https://huggingface.co/docs/safetensors.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from typing import Any

import numpy as np

from autograd_core import AutogradError
from autograd_core.source import Location
from nn.files import write_atomically
from nn.module import Module
from nn.values import is_traced, raw

_DTYPES = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "|i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "|u1", "BOOL": "|b1",
    "C64": "<c8",
}  # fmt: skip
_NAMES = {np.dtype(code): name for name, code in _DTYPES.items() if name != "BF16"}
_LONGEST_HEADER = 100_000_000  # the format's own limit


class SerializationError(AutogradError, ValueError):
    """A file that is damaged or hostile, or values that a file cannot hold."""


def _refuse(path: Any, reason: str) -> SerializationError:
    return SerializationError(f"{os.fspath(path)}: {reason}", Location.of_caller())


def save(obj: Any, path: str | os.PathLike[str], metadata: Mapping[str, str] | None = None) -> None:
    """Write a module's state, or any mapping from names to arrays, as a safetensors file.

    The file appears whole or not at all: it is written beside its place, forced
    to the disk, then renamed.

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
        If a value is no array of numbers, or a name or the metadata no text.

    Examples
    --------
    >>> import nn, os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "line.safetensors")
    >>> model = nn.Linear(3, 2)
    >>> nn.save(model, path)
    >>> model.load_state_dict(nn.load(path))
    IncompatibleKeys(missing_keys=[], unexpected_keys=[])
    """
    state = obj.state_dict() if isinstance(obj, Module) else obj
    if not isinstance(state, Mapping):
        raise _refuse(path, f"save() takes a Module or a mapping, not {type(obj).__name__}.")
    header: dict[str, Any] = {}
    if metadata is not None:
        if not all(isinstance(k, str) and isinstance(v, str) for k, v in metadata.items()):
            raise _refuse(path, "metadata must map str to str.")
        header["__metadata__"] = dict(metadata)
    arrays = []
    offset = 0
    for name, value in state.items():
        array = raw(value) if is_traced(value) else value
        if isinstance(array, np.ma.MaskedArray):
            raise _refuse(
                path, f"{name!r} is a masked array; save value.filled(...), or two arrays."
            )
        array = np.asarray(array)
        kind = _NAMES.get(array.dtype.newbyteorder("<"))
        if kind is None or not isinstance(name, str) or name == "__metadata__":
            raise _refuse(
                path,
                f"{name!r} holds {array.dtype}; a file holds numbers under text names"
                + (", and of complex ones complex64." if array.dtype.kind == "c" else "."),
            )
        array = np.ascontiguousarray(array.astype(_DTYPES[kind], copy=False)).reshape(array.shape)
        end = offset + array.nbytes
        header[name] = {"dtype": kind, "shape": list(array.shape), "data_offsets": [offset, end]}
        arrays.append(array)
        offset = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    if len(text) > _LONGEST_HEADER:
        raise _refuse(
            path, f"the names and metadata take {len(text)} bytes; the format has no room."
        )
    write_atomically(path, [len(text).to_bytes(8, "little"), text, *(a.data for a in arrays)])


def load(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a safetensors file.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    dict
        Arrays by name; bfloat16 comes as float32.

    Raises
    ------
    SerializationError
        If the file is truncated, damaged, or says impossible things.
    """
    return read(path)[0]


def load_metadata(path: str | os.PathLike[str]) -> dict[str, str]:
    """Return the metadata in a file's header."""
    return read(path)[1]


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the arrays and the metadata of a file, everything checked first."""
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(8)
        if len(start) < 8:
            raise _refuse(path, f"{size} bytes are too few for a safetensors file.")
        length = int.from_bytes(start, "little")
        if length > min(size - 8, _LONGEST_HEADER):
            raise _refuse(
                path,
                f"the header claims {length} bytes, the file has {size}: truncated, "
                "or not safetensors.",
            )
        header = _parse(path, file.read(length))
        metadata = header.pop("__metadata__", {})
        if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
            raise _refuse(path, "the metadata is not a mapping from text to text.")
        data_size = size - 8 - length
        entries = {name: _check_entry(path, name, entry) for name, entry in header.items()}
        _check_cover(path, entries, data_size)
        data = bytearray(data_size)
        if file.readinto(data) != data_size:
            raise _refuse(path, "the file became shorter while it was read.")
    arrays = {}
    for name, (kind, shape, begin, end) in entries.items():
        flat = np.frombuffer(memoryview(data)[begin:end], dtype=_DTYPES[kind])
        if kind == "BF16":
            flat = (flat.astype(np.uint32) << 16).view(np.float32)
        arrays[name] = flat.reshape(shape).copy()
    return arrays, metadata


def _parse(path: Any, text: bytes) -> dict[str, Any]:
    def no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            raise ValueError("a name appears twice")
        return found

    try:
        header = json.loads(text, object_pairs_hook=no_duplicates)
    except (ValueError, RecursionError) as error:
        raise _refuse(path, f"the header is not valid JSON: {error}") from error
    if not isinstance(header, dict):
        raise _refuse(path, "the header is not a JSON object.")
    return header


def _whole(values: Any) -> bool:
    return isinstance(values, list) and all(type(v) is int and 0 <= v < 2**63 for v in values)


def _check_entry(path: Any, name: str, entry: Any) -> tuple[str, tuple[int, ...], int, int]:
    if not isinstance(entry, dict) or entry.keys() != {"dtype", "shape", "data_offsets"}:
        raise _refuse(path, f"{name!r}: an entry needs exactly dtype, shape and data_offsets.")
    kind, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(kind, str) or kind not in _DTYPES:
        raise _refuse(path, f"{name!r}: the dtype {kind!r} is none of {', '.join(_DTYPES)}.")
    if not _whole(shape) or len(shape) > 64 or not _whole(offsets) or len(offsets) != 2:
        raise _refuse(path, f"{name!r}: shape or data_offsets are not lists of natural numbers.")
    begin, end = offsets
    expected = math.prod(shape) * np.dtype(_DTYPES[kind]).itemsize
    if end - begin != expected:
        raise _refuse(
            path,
            f"{name!r}: {kind} of shape {tuple(shape)} takes {expected} bytes, not {end - begin}.",
        )
    return kind, tuple(shape), begin, end


def _check_cover(path: Any, entries: dict[str, Any], size: int) -> None:
    """Require that the arrays fill the data exactly: no overlap, no gap, nothing beyond the end."""
    place = 0
    for name, (_, _, begin, end) in sorted(entries.items(), key=lambda item: item[1][2:]):
        if begin != place:
            raise _refuse(path, f"{name!r}: its data begin at {begin}, where {place} was expected.")
        place = end
    if place != size:
        raise _refuse(
            path, f"the header describes {place} bytes of data, the file has {size}: truncated?"
        )
