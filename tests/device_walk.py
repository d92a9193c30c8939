"""Rows of the operation table on the double of CuPy's array: right, or refused and why."""

from __future__ import annotations

import textwrap
import types
from collections import Counter
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import numpy as np
from cases import TABLE
from cases.case import Case
from cupy_double import Missing, asarray, ndarray
from table import directions, outputs, weighted

from autograd_core import grad, jvp
from autograd_core.base import errors
from autograd_core.operations.primitive import bare

# What a refusal is about, by what its message says; the first that fits.
REASONS = {
    "no implementation found": "CuPy has no such function",
    "all returned NotImplemented": "CuPy has no such function",
    "is not supported yet": "CuPy has no such method of the ufunc",
    "there is no keyword": "CuPy's function has no such keyword",
    "Unsupported type": "an array of NumPy's stands beside it: the row's own, or a rule's",
    "Implicit conversion": "it computes on the host",
}


def down(x: Any) -> Any:
    """Return an array of the device, under any trace, as NumPy's."""
    x = bare(x)
    return x.get() if isinstance(x, ndarray) else x


def on_device(f: Any, depth: int = 3, move: Callable[[Any], Any] = asarray) -> Any:
    """Return a function whose own arrays (globals, closure, defaults) lie on the device too."""
    if not isinstance(f, types.FunctionType) or not depth:
        return f

    def _constant(value: Any) -> Any:
        plain = type(value) is np.ndarray and value.dtype.kind in "fcb"
        return move(value) if plain else value

    cells = []
    for cell in f.__closure__ or ():
        inside = cell.cell_contents
        cells.append(types.CellType(on_device(_constant(inside), depth - 1, move)))
    outside = {name: _constant(value) for name, value in f.__globals__.items()}
    made = types.FunctionType(f.__code__, outside, f.__name__, f.__defaults__, tuple(cells))
    if f.__defaults__:
        made.__defaults__ = tuple(map(_constant, f.__defaults__))
    if f.__kwdefaults__:
        made.__kwdefaults__ = {k: _constant(v) for k, v in f.__kwdefaults__.items()}
    return made


def slope_of_gradient(s: Callable[..., Any], v: list[Any]) -> Callable[..., Any]:
    """Return the slope of the gradient along v, as a scalar function: for second order."""
    every = tuple(range(len(v)))

    def along(*xs: Any) -> Any:
        total: Any = 0.0
        for g, d in zip(grad(s, every)(*xs), v, strict=True):
            total = total + np.sum(g * d)
        return total

    return along


def same_everywhere(f: Any, moved_f: Any, xs: list[Any], orders: int = 2) -> None:
    """Compare value, gradient, slope and both second orders on the device with NumPy's."""
    ws = [np.asarray(w, complex if w.dtype.kind == "c" else float)
          for w in directions(outputs(f(*xs)), 6)]  # fmt: skip
    vs, every = directions(xs, 7), tuple(range(len(xs)))
    s, moved_s = weighted(f, ws), weighted(moved_f, [asarray(w) for w in ws])
    if any(w.dtype.kind == "c" for w in ws):
        s, moved_s = _real(s), _real(moved_s)
    moved, along = [asarray(x) for x in xs], [asarray(v) for v in vs]

    def same(found: Iterable[Any], expected: Iterable[Any]) -> None:
        for a, b in zip(found, expected, strict=True):
            assert isinstance(bare(a), ndarray), f"came back as {type(bare(a)).__name__}"
            np.testing.assert_allclose(down(a), b, rtol=1e-9, atol=1e-9)

    same(grad(moved_s, every)(*moved), grad(s, every)(*xs))
    same(jvp(moved_s, tuple(moved), tuple(along)), jvp(s, tuple(xs), tuple(vs)))
    if orders > 1:
        expected = grad(slope_of_gradient(s, vs), every)(*xs)
        same(grad(slope_of_gradient(moved_s, along), every)(*moved), expected)
        expected = jvp(grad(s, every), tuple(xs), tuple(vs))[1]
        same(jvp(grad(moved_s, every), tuple(moved), tuple(along))[1], expected)


def _real(s: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *xs: np.real(s(*xs))


def outcome(case: Case) -> str:
    """Return "right", or the reason why it is refused; a wrong number is an AssertionError."""
    xs = case.arguments()
    try:
        same_everywhere(case.f, on_device(case.f), xs, case.order)
    except (errors.AutogradError, Missing) as error:
        return next(reason for text, reason in REASONS.items() if text in str(error))
    return "right"


@cache
def outcomes(family: str) -> dict[str, str]:
    """Return the outcome of each row of a family."""
    with np.errstate(all="ignore"):
        return {case.name: outcome(case) for case in TABLE[family]}


def table() -> str:
    """Return the table of docs/gpu.md."""
    lines = ["| family | right | refused | why |", "|---|---|---|---|"]
    for family in TABLE:
        found = outcomes(family)
        whys = Counter(why for why in found.values() if why != "right")
        reasons = "; ".join(f"{why} ({count})" for why, count in sorted(whys.items()))
        lines.append(f"| {family} | {len(found) - whys.total()} | {whys.total()} | {reasons} |")
    rows = ["", "The refused rows, but for those of SciPy's functions:", ""]
    for family in TABLE:
        refused = [f"`{name}`" for name, why in outcomes(family).items() if why != "right"]
        if refused and family != "scipy_functions":
            line = f"- {family}: {', '.join(refused)}"
            rows += textwrap.wrap(line, 100, subsequent_indent="  ", break_on_hyphens=False)
    return "\n".join(lines + rows)
