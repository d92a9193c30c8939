"""Numbers as people read them: four digits, the root mean square of an array, a dash for none."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autograd_core.operations.kinds import host
from autograd_core.operations.primitive import bare

NONE = "—"
HEATMAP = 16  # arrays up to this many rows and columns can be shown cell by cell


class FreedValue(NamedTuple):
    """Stands for a value that a sweep has freed: its shape and its dtype."""

    shape: tuple[int, ...]
    dtype: str


class Summary(NamedTuple):
    """What a picture shows of a value.

    Attributes
    ----------
    text : str
        The number to four digits, or ``rms 0.871`` for an array.
    number : float or None
        The number itself, or the array's root mean square; None for complex
        scalars and for what is not one array.
    size : int
        Number of elements.
    bad : bool
        Whether it holds NaN or Inf.
    cells : list of list of float or None
        The elements, of an array of at most 16 by 16; of a larger one the root mean squares of
        16 by 16 blocks, or fewer.
    block : str
        The size of such a block, ``4×8``; empty where the cells are the elements.
    """

    text: str
    number: float | None = None
    size: int = 0
    bad: bool = False
    cells: list[list[float]] | None = None
    block: str = ""

    @property
    def marked(self) -> str:
        """The text, with an exclamation mark before NaN and Inf."""
        return ("! " if self.bad else "") + self.text

    @property
    def scalar(self) -> bool:
        """Whether it is one number."""
        return self.size == 1 and self.cells is None


def number_text(value: Any) -> str:
    """Return a number to four significant digits; a true minus sign is not used, so it parses.

    Examples
    --------
    >>> number_text(140.0), number_text(1 / 3), number_text(1e-9)
    ('140', '0.3333', '1e-09')
    """
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, complex) or np.iscomplexobj(value):
        return f"{complex(value):.4g}"
    number = float(value)
    if abs(number) < 1e7 and number == round(number):
        return str(int(number))
    return f"{number:.4g}"


def rms(value: Any) -> float:
    """Return the root mean square of an array, of any kind of number."""
    array = host(value)
    if not array.size:
        return 0.0
    wide = np.complex128 if array.dtype.kind == "c" else np.float64
    with np.errstate(all="ignore"):
        return float(np.sqrt(np.mean(np.abs(array.astype(wide)) ** 2)))


def summarize(value: Any) -> Summary:
    """Return what a picture shows of a value.

    Examples
    --------
    >>> summarize(np.array([3.0, 4.0])).text
    'rms 3.536'
    >>> summarize(None).text
    '—'
    """
    value = bare(value)
    if value is None:
        return Summary(NONE)
    if isinstance(value, FreedValue):
        return Summary("freed")
    if isinstance(value, (tuple, list)):
        return Summary(f"{len(value)} parts")
    array = host(value)
    if array.dtype.kind not in "biufc":
        return Summary(type(value).__name__)
    bad = array.dtype.kind in "fc" and not bool(np.isfinite(array).all())
    if array.ndim == 0:
        item = array[()]
        real = None if array.dtype.kind == "c" else float(item)
        return Summary(number_text(item), real, 1, bad)
    if not array.size:
        return Summary("empty")
    cells, block = None, ""
    if array.dtype.kind != "c":
        rows = array.reshape(1, -1) if array.ndim == 1 else array.reshape(-1, array.shape[-1])
        if array.ndim > 2 or max(rows.shape) > HEATMAP:
            rows, block = _blocks(rows)
        cells = [[float(f"{float(v):.4g}") for v in row] for row in rows]
    size = int(array.size)
    if size == 1:
        return Summary(number_text(array.reshape(-1)[0]), rms(array), size, bad, cells)
    mean = rms(array)
    return Summary(f"rms {number_text(mean)}", mean, size, bad, cells, block)


def _blocks(rows: Any) -> tuple[Any, str]:
    """Return the root mean squares of at most 16 by 16 equal blocks, and a block's size."""
    steps = [-(-n // HEATMAP) for n in rows.shape]
    squares = np.square(rows.astype(np.float64))
    count = np.ones_like(squares)
    for axis, step in enumerate(steps):
        starts = np.arange(0, rows.shape[axis], step)
        squares = np.add.reduceat(squares, starts, axis=axis)
        count = np.add.reduceat(count, starts, axis=axis)
    text = "×".join(map(str, steps)) if max(steps) > 1 else ""
    return (np.sqrt(squares / count) if text else rows), text


def shape_text(value: Any) -> str:
    """Return a shape as ``32×16``; empty for a scalar.

    Examples
    --------
    >>> shape_text(np.zeros((32, 16))), shape_text(1.0)
    ('32×16', '')
    """
    value = bare(value)
    if isinstance(value, FreedValue):
        return "×".join(map(str, value.shape))
    return "" if isinstance(value, (tuple, list)) else "×".join(map(str, np.shape(value)))


def bytes_text(count: float) -> str:
    """Return a number of bytes with a unit.

    Examples
    --------
    >>> bytes_text(12), bytes_text(5_300_000)
    ('12 B', '5.3 MB')
    """
    return scaled(count, "B")


def scaled(count: float, unit: str) -> str:
    """Return a count with k, M or G before its unit."""
    for prefix, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if count >= size:
            return f"{count / size:.3g} {prefix}{unit}"
    return f"{count:.3g} {unit}"
