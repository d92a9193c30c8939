"""Checkpoints: nested arrays and plain values in one safetensors file, complete or not at all.

Arrays become the file's tensors, named by their path; everything else, and
how it hangs together, is JSON in the file's metadata.  Nothing is pickled, so
reading a checkpoint never runs code.  What comes back equals what was saved,
types and keys too; what cannot is refused before anything is written.
"""

from __future__ import annotations

import json
import os
import re
from binascii import crc32
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from autograd_core.extend import Location, explains_wrong_calls, renamed_keywords

from .errors import SerializationError
from .serialization import read, save

_KEY = "autograd_core.checkpoint"
_CHECKSUM = "autograd_core.checksum"
_DEEPEST = 200  # levels of a pytree: far from Python's own limit, for writing and for reading


def pack(pytree: Any, arrays: dict[str, Any], path: str = "") -> Any:
    """Return a pytree as JSON values, its arrays moved into `arrays`.

    Examples
    --------
    >>> arrays = {}
    >>> pack({"w": np.ones(2), "betas": (0.9, 0.99)}, arrays)
    {'w': {'$array': 'w'}, 'betas': {'$tuple': [0.9, 0.99]}}
    >>> list(arrays)
    ['w']
    """
    return _Packing(arrays).pack(pytree, path, 0)


class _Packing:
    """One pytree on its way into a file."""

    def __init__(self, arrays: dict[str, Any]) -> None:
        self.arrays = arrays
        self.names: dict[int, str] = {}  # an array that stands in two places is written once

    def pack(self, pytree: Any, path: str, depth: int) -> Any:
        kind = type(pytree)  # subclasses would not come back as what they are
        if pytree is None or kind in (bool, int, float, str):
            return pytree
        if depth > _DEEPEST:
            raise SerializationError(
                f"checkpoint: {path[:40]}... is nested deeper than {_DEEPEST} levels; does "
                "something "
                "contain itself?"
            )
        dot = path + "." if path else ""
        if kind is dict or kind is OrderedDict:
            plain = kind is dict and all(type(k) is str and not k.startswith("$") for k in pytree)
            if plain:
                return {k: self.pack(value, dot + k, depth + 1) for k, value in pytree.items()}
            items = [
                [
                    self.pack(k, f"a key of {path}", depth + 1),
                    self.pack(value, f"{dot}{k}", depth + 1),
                ]
                for k, value in pytree.items()
            ]
            return {"$items" if kind is dict else "$ordered": items}
        if kind in (list, tuple):
            made = [self.pack(value, f"{dot}{k}", depth + 1) for k, value in enumerate(pytree)]
            return made if kind is list else {"$tuple": made}
        if kind is complex:
            return {"$number": [pytree.real, pytree.imag]}
        if kind is bytes:
            return {"$bytes": pytree.hex()}
        if kind is np.ndarray:
            return self.array(pytree, path)
        if isinstance(pytree, np.generic) and (packed := _scalar(pytree)):
            return packed
        raise _refused(path or "the value", pytree)

    def array(self, array: Any, path: str) -> Any:
        """Move an array out, and return what the file does not know of it."""
        known = self.names.get(id(array))
        if known is None:
            known = self.names[id(array)] = self.free(path)
            held = array
            if array.dtype.kind == "c":
                held = np.stack([array.real, array.imag])
            self.arrays[known] = held
        packed = {"$complex" if array.dtype.kind == "c" else "$array": known}
        order = "F" if array.flags.f_contiguous and not array.flags.c_contiguous else "C"
        if array.dtype.isnative and order == "C":
            return packed
        return {"$laid out": [array.dtype.str, order, packed]}

    def free(self, path: str) -> str:
        """Return a name for an array: its path, unless something else has that."""
        path = path.encode(errors="backslashreplace").decode()  # half a surrogate pair is no name
        name, k = path, 1
        while name in self.arrays or name == "__metadata__":
            k += 1
            name = f"{path}#{k}"
        return name


def _refused(where: str, value: Any) -> SerializationError:
    kind = type(value)
    base = next((b for b in (dict, list, tuple, str, int, float) if isinstance(value, b)), None)
    if base is not None:
        remedy = f"it would come back as a {base.__name__}; save {base.__name__}(value)"
    elif isinstance(value, np.ndarray):
        remedy = "only plain arrays come back as they are; save np.asarray(value), or its parts"
    else:
        remedy = "save its numbers"
    return SerializationError(
        f"checkpoint: {where} is a {kind.__name__}; a checkpoint holds arrays, numbers, text, "
        f"bytes, None, and lists, tuples and dicts of them: {remedy}."
    )


def _scalar(value: np.generic) -> Any:
    """Return one of NumPy's numbers with its dtype; None for other kinds."""
    kind, size = value.dtype.kind, value.dtype.itemsize
    if size > (16 if kind == "c" else 8) or kind not in "biufc":
        return None
    if value != value:
        return {"$scalar": [value.dtype.str, value.tobytes().hex()]}  # NaN, to the bit
    if kind == "c":
        return {"$scalar": [value.dtype.str, float(value.real), float(value.imag)]}
    return {"$scalar": [value.dtype.str, value.item()]}


def unpack(packed: Any, arrays: dict[Any, Any]) -> Any:
    """Return the pytree that `pack` took apart."""
    if isinstance(packed, list):
        return [unpack(value, arrays) for value in packed]
    if not isinstance(packed, dict):
        return packed
    if len(packed) == 1:
        ((key, value),) = packed.items()
        if key.startswith("$"):
            if key not in _UNPACKED:
                raise ValueError(f"{key[:40]!r} is not one of a checkpoint's markers")
            return _UNPACKED[key](value, arrays)
    return {key: unpack(value, arrays) for key, value in packed.items()}


def _unpack_key(packed: Any, arrays: dict[Any, Any]) -> Any:
    key = unpack(packed, arrays)
    return tuple(key) if isinstance(key, list) else key  # as older files hold tuples


def _unpack_array(name: str, arrays: dict[Any, Any]) -> Any:
    if not isinstance(name, str) or name not in arrays:
        raise ValueError(f"there is no array {name!r:.80}")
    return arrays[name]


def _unpack_complex(name: str, arrays: dict[Any, Any]) -> Any:
    key = "$complex", name  # made once, as it was written once
    if not isinstance(name, str) or key not in arrays:
        if _unpack_array(name, arrays).shape[:1] != (2,):
            raise ValueError(f"the array {name!r:.80} does not hold two parts")
        real, imaginary = arrays.pop(name)  # so that the numbers are held once
        made = np.empty(np.shape(real), np.result_type(real.dtype, np.complex64))
        made.real, made.imag = real, imaginary  # not real + 1j * imaginary: inf would become nan
        arrays[key] = made
    return arrays[key]


def _unpack_layout(value: list[Any], arrays: dict[Any, Any]) -> Any:
    dtype, order, packed = value
    if not isinstance(packed, dict) or set(packed) not in ({"$array"}, {"$complex"}):
        raise ValueError("what is laid out in another way is an array")
    key = "$laid out", *packed.values()
    if key not in arrays:
        held, kind = unpack(packed, arrays), _dtype(dtype)
        if kind.newbyteorder("=") != held.dtype or order not in ("C", "F"):
            raise ValueError(f"an array of {held.dtype} cannot be laid out as {dtype}, {order!r}")
        ((mark, name),) = packed.items()
        del arrays[name if mark == "$array" else (mark, name)]  # the numbers are held once
        arrays[key] = np.array(held, kind, order=order)
    return arrays[key]


def _dtype(name: Any) -> np.dtype[Any]:
    """Return the dtype of numbers of at most 16 bytes; others can take any amount of memory."""
    if not isinstance(name, str) or not re.fullmatch(r"[<>|=]?[biufc](1|2|4|8|16)", name):
        raise ValueError(f"the dtype {name!r:.40} is not one of numbers")
    return np.dtype(name)


def _unpack_scalar(value: list[Any], arrays: dict[Any, Any]) -> Any:
    name, *parts = value
    dtype = _dtype(name)
    if isinstance(parts[0], str):
        (number,) = np.frombuffer(bytes.fromhex(parts[0]), dtype)
        return number
    if len(parts) == 2:
        return dtype.type(_unpack_number(parts, arrays))
    if isinstance(parts[0], bool) is not (dtype.kind == "b") or len(parts) != 1:
        raise ValueError(f"{parts!r:.80} is not one number of {dtype}")
    return dtype.type(parts[0])


def _unpack_number(parts: list[Any], arrays: dict[Any, Any]) -> complex:
    real, imaginary = parts
    if type(real) is not float or type(imaginary) is not float:
        raise ValueError(f"{parts!r:.80} are not the parts of a complex number")
    return complex(real, imaginary)


def _unpack_items(pairs: list[Any], arrays: dict[Any, Any]) -> dict[Any, Any]:
    return _no_duplicates((_unpack_key(k, arrays), unpack(v, arrays)) for k, v in pairs)


def _no_duplicates(pairs: Iterable[tuple[Any, Any]]) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {key!r:.80} appears twice")
        found[key] = value
    return found


def _unpack_list(values: Any, arrays: dict[Any, Any]) -> list[Any]:
    if not isinstance(values, list):
        raise ValueError(f"{values!r:.80} is not a list")
    return [unpack(value, arrays) for value in values]


_UNPACKED: dict[str, Any] = {
    "$array": _unpack_array,
    "$complex": _unpack_complex,
    "$laid out": _unpack_layout,
    "$scalar": _unpack_scalar,
    "$number": _unpack_number,
    "$bytes": lambda value, arrays: bytes.fromhex(value),
    "$tuple": lambda value, arrays: tuple(_unpack_list(value, arrays)),
    "$items": _unpack_items,
    "$ordered": lambda value, arrays: OrderedDict(_unpack_items(value, arrays)),
}


@renamed_keywords(nest="obj")
def save_checkpoint(obj: Any, path: str | os.PathLike[str]) -> None:
    """Write nested values to a file, atomically.

    Parameters
    ----------
    obj : nested dicts, lists and tuples
        Arrays, numbers (Python's and NumPy's), text, bytes, None; lists, tuples
        and dicts of them, with any of these as keys.
    path : path
        The file.

    Raises
    ------
    SerializationError
        If something in it would come back changed: an instance of a subclass, a masked array, text
        in an array. Then nothing is written.

    Examples
    --------
    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "run.safetensors")
    >>> save_checkpoint({"epoch": 3, "w": np.ones(2)}, path)
    >>> load_checkpoint(path)
    {'epoch': 3, 'w': array([1., 1.])}
    """
    arrays: dict[str, Any] = {}
    try:
        packed = pack(obj, arrays)
        text = json.dumps(packed, separators=(",", ":"))
    except SerializationError:
        raise
    except (ValueError, RecursionError) as error:  # an integer of thousands of digits
        raise SerializationError(f"checkpoint: it cannot be written ({error}).") from error
    save(arrays, path, {_KEY: text, _CHECKSUM: checksum(text, arrays)})


def checksum(text: str, arrays: Mapping[str, Any]) -> str:
    """Return a number of 32 bits that changes when a disk or a transfer has changed the file.

    It is no signature: whoever writes a file can write its checksum too.
    """
    found = crc32(text.encode(errors="backslashreplace"))
    for name, array in sorted(arrays.items()):
        if array.dtype.kind not in "biufc":
            continue  # save() refuses it
        stored: Any = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        stored = stored.reshape(-1).view(np.uint8)
        found = crc32(f"{name!a} {array.shape}".encode(), found)
        found = crc32(stored, found)
    return f"{found:08x}"


@explains_wrong_calls
def load_checkpoint(path: str | os.PathLike[str]) -> Any:
    """Read the nested values that `save_checkpoint` wrote.

    Parameters
    ----------
    path : path
        The file.

    Returns
    -------
    pytree
        What was saved.

    Raises
    ------
    SerializationError
        If the file is damaged (its numbers are compared with a checksum), or no checkpoint.

    Examples
    --------
    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "run.st")
    ...     save_checkpoint({"epoch": 3}, path)
    ...     print(load_checkpoint(path))
    {'epoch': 3}
    """
    arrays, metadata = read(path)
    if _KEY not in metadata:
        raise SerializationError(
            f"{os.fspath(path)}: not a checkpoint of a Trainer; for weights alone use nn.load().",
            Location.of_caller(),
        )
    text = metadata[_KEY]
    if _CHECKSUM in metadata and metadata[_CHECKSUM] != checksum(text, arrays):
        raise SerializationError(
            f"{os.fspath(path)}: the checkpoint is damaged (its checksum does not match its "
            "numbers); resume from another copy, or start again.",
            Location.of_caller(),
        )
    try:
        return unpack(json.loads(text, object_pairs_hook=_no_duplicates), arrays)
    except (
        ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError,
    ) as error:  # fmt: skip
        raise SerializationError(
            f"{os.fspath(path)}: the checkpoint is damaged ({error!s:.200}).", Location.of_caller()
        ) from error
