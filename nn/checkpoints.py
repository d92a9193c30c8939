"""Checkpoints: any nest of arrays and plain values in one safetensors file, whole or not at all.

Arrays become the file's tensors, named by their path; everything else, and
how it hangs together, is JSON in the file's metadata.  Nothing is pickled, so
reading a checkpoint never runs code.
"""

from __future__ import annotations

import glob
import json
import os
from typing import Any

import numpy as np

from nn.serialization import SerializationError, read, save

_KEY = "autograd_core.checkpoint"


def pack(nest: Any, arrays: dict[str, Any], path: str = "") -> Any:
    """Return a nest as JSON values, its arrays moved into `arrays`.

    Examples
    --------
    >>> arrays = {}
    >>> pack({"w": np.ones(2), "betas": (0.9, 0.99)}, arrays)
    {'w': {'$array': 'w'}, 'betas': {'$tuple': [0.9, 0.99]}}
    >>> list(arrays)
    ['w']
    """
    if isinstance(nest, np.generic):
        nest = nest.item()
    if nest is None or isinstance(nest, (bool, int, float, str)):
        return nest
    dot = path + "." if path else ""
    if isinstance(nest, np.ndarray):
        if nest.dtype.kind == "c":
            pair = np.stack([nest.real, nest.imag])
            return {"$complex": pack(pair, arrays, path)["$array"]}
        arrays[path] = nest
        return {"$array": path}
    if isinstance(nest, dict):
        if all(isinstance(key, str) and not key.startswith("$") for key in nest):
            return {key: pack(value, arrays, dot + key) for key, value in nest.items()}
        return {"$items": [[k, pack(v, arrays, f"{dot}{k}")] for k, v in nest.items()]}
    if isinstance(nest, (list, tuple)):
        made = [pack(value, arrays, f"{dot}{k}") for k, value in enumerate(nest)]
        return made if isinstance(nest, list) else {"$tuple": made}
    raise SerializationError(
        f"checkpoint: {path or 'the value'} is a {type(nest).__name__}; a checkpoint holds arrays, "
        "numbers, text, None, and lists, tuples and dicts of them."
    )


def unpack(packed: Any, arrays: dict[str, Any]) -> Any:
    """Return the nest that `pack` took apart."""
    if isinstance(packed, list):
        return [unpack(value, arrays) for value in packed]
    if not isinstance(packed, dict):
        return packed
    if len(packed) == 1:
        ((key, value),) = packed.items()
        if key == "$array":
            return arrays[value]
        if key == "$complex":
            return arrays[value][0] + 1j * arrays[value][1]
        if key == "$tuple":
            return tuple(unpack(v, arrays) for v in value)
        if key == "$items":
            return {k: unpack(v, arrays) for k, v in value}
    return {key: unpack(value, arrays) for key, value in packed.items()}


def save_checkpoint(nest: Any, path: str | os.PathLike[str]) -> None:
    """Write a nest into a file, atomically.

    Parameters
    ----------
    nest : nest
        Arrays, numbers, text, None; lists, tuples and dicts of them.
    path : path
        The file.

    Raises
    ------
    SerializationError
        If something in it cannot be written.

    Examples
    --------
    >>> import os, tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "run.safetensors")
    >>> save_checkpoint({"epoch": 3, "w": np.ones(2)}, path)
    >>> load_checkpoint(path)
    {'epoch': 3, 'w': array([1., 1.])}
    """
    arrays: dict[str, Any] = {}
    text = json.dumps(pack(nest, arrays), separators=(",", ":"))
    save(arrays, path, {_KEY: text})


def load_checkpoint(path: str | os.PathLike[str]) -> Any:
    """Read a nest that `save_checkpoint` wrote.

    Raises
    ------
    SerializationError
        If the file is damaged, or no checkpoint.
    """
    arrays, metadata = read(path)
    if _KEY not in metadata:
        raise SerializationError(
            f"{os.fspath(path)}: no checkpoint of a Trainer; for weights alone use nn.load()."
        )
    try:
        return unpack(json.loads(metadata[_KEY]), arrays)
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        raise SerializationError(
            f"{os.fspath(path)}: the checkpoint is damaged ({error})."
        ) from error


def remove_leftovers(path: str | os.PathLike[str]) -> None:
    """Remove the half-written files that killed runs have left beside a checkpoint."""
    for leftover in glob.glob(glob.escape(os.fspath(path)) + ".*.tmp"):
        os.unlink(leftover)
