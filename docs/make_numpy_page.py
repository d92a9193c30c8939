"""Write docs/numpy.md from the registry: what becomes of each overridable NumPy function."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
MODULES = ("numpy", "numpy.linalg", "numpy.fft", "numpy.emath", "numpy.lib.stride_tricks")
TEXT = ("numpy.strings", "numpy.char", "numpy.rec", "numpy.lib.recfunctions")
BORDERS = """\
## Keywords

Every keyword of a supported function is honoured, or it is an error that names the keyword and
says what to write instead. A tracked value passed as a keyword is differentiated or refused. These
are refused:

- `out=`: a plain array cannot carry a derivative. Use the returned value.
- `where=` of a ufunc, whose other elements are whatever was in memory: write `np.where(condition,
  np.log(x), 0)`. Reductions take `where=` and `initial=`, and ufuncs `dtype=`.
- `order="K"` and `order="A"` of `ravel` and `reshape`, for two axes or more: they depend on how the
  elements are laid out in memory, and a traced value does not promise a layout.
- `bins="auto"` and other rules that choose the bins of a histogram. The edges of a histogram
  carry a derivative; the counts do not.

## Where NumPy does not ask

NumPy calls the engine only if it checks the argument that holds the traced value. Some functions
and arguments are never checked:

- Functions that create arrays: `np.array([x[0], x[1]])`, `np.asarray(x)`, `np.full(2, x)`,
  `np.arange(x)`, `np.r_[x, y]`, `np.vectorize`, `np.fromiter`. With
  `import autograd_core.numpy as np` they work, in every mode: [the list](numpy-idioms.md).
- Writing into a plain array: `plain[0] = x`, `np.full_like(plain, x)`. Make it with
  `np.zeros_like(x)` or `autograd_core.numpy.zeros(shape)`.
- Some arguments of functions that are otherwise supported: `left=` in
  `np.interp(x, xp, fp, left=t)`, if `x` is plain.
- Coefficients of `numpy.polynomial`'s classes and functions, and parameters of `numpy.random`'s
  draws. `np.polynomial` and `np.random` of `autograd_core.numpy` take them: see the same list.

Inside a transform, each of these is an error. With a tracked Tensor made by hand, most are errors
too. The exceptions are the places where NumPy takes `float(x)`: `plain[0] = x`, `np.fromiter` and
`np.interp`'s `left=` get the number without its derivative, as in PyTorch. Of these, `plain[0] = x`
warns.

## Memory

A result is a view where NumPy's is. A write through it reaches the underlying array, together with
its derivative. Four things differ:

- `np.diagonal` and `np.diag` of a matrix are views that may be written to.
- Where elements share memory (`np.broadcast_to`, `sliding_window_view`), writing is refused.
- `x.shape = ...`, `x.strides`, `x.flat` and `x.view` are refused; the error names a replacement.
- Inside a transform, an argument is never written to: `x += 1` changes only the traced value.

## Half precision

NumPy's own functions keep NumPy's values: a float16 `np.sum` along an axis may stop at 2048.
Sums that the engine computes itself (gradients, `var`, `std`, the nan statistics, `average`,
`cov`, `logsumexp`) are added in float32 and rounded once.
"""


def overridable(modules: tuple[str, ...] = MODULES) -> Iterator[tuple[str, Callable[..., Any]]]:
    """Yield every public function that NumPy lets other arrays take over, under its first name."""
    seen = set()
    for label in modules:
        module = np.emath if label == "numpy.emath" else import_module(label)
        for name in sorted(dir(module)):
            if name.startswith("_"):
                continue
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                function = getattr(module, name)
            protocol = isinstance(function, np.ufunc) or hasattr(function, "_implementation")
            if protocol and function not in seen:
                seen.add(function)
                own = function.__name__
                known = getattr(module, own, None) is function
                yield f"{label}.{own if known else name}", function


def classify(function: Callable[..., Any]) -> tuple[str, str]:
    """Return (kind, reason) of a function; kind "" if nothing is known of it."""
    import autograd_core  # noqa: F401 - fills the registry
    from autograd_core.operations.primitive import REGISTRY, Constant
    from autograd_core.rules.refused import REASONS

    if function in REASONS:
        return "refused", REASONS[function]
    run = REGISTRY.get(function)
    if run is None:
        return "", ""
    return ("locally constant", "") if isinstance(run, Constant) else ("differentiable", "")


def page() -> str:
    """Return the text of the page."""
    found: dict[str, list[str]] = {}
    reasons: dict[str, list[str]] = {}
    for name, function in overridable():
        kind, reason = classify(function)
        if kind == "refused":
            reasons.setdefault(reason, []).append(name)
        found.setdefault(kind, []).append(name)
    counts = {kind: len(names) for kind, names in found.items()}
    lines = [
        "# NumPy, function by function",
        "",
        "Every function that NumPy lets other array types override. The page is generated from",
        "the registry by `python docs/make_numpy_page.py`. A test fails if it is out of date, or",
        "if NumPy has a function that is not classified here.",
        "",
        f"- **{counts['differentiable']} differentiable**, in both modes and to any order.",
        f"- **{counts['locally constant']} locally constant**: positions, comparisons, counts,"
        " shapes. The result is a constant.",
        f"- **{counts['refused']} refused**, each with an error that gives the reason.",
        "- `numpy.strings`, `numpy.char`, `numpy.rec` and `numpy.lib.recfunctions` work on text",
        "  and records; none of their functions takes a traced value.",
        "",
        "Supported methods of ufuncs: `reduce`, `reduceat`, `accumulate` and `outer` of every",
        "binary ufunc (except `reduce` of power and arctan2, whose values in NumPy depend on the",
        "machine), and `at` of the usual ones. `out=` of plain arrays is refused.",
        "",
        *BORDERS.splitlines(),
    ]
    for kind in ("differentiable", "locally constant"):
        lines += ["", f"## {kind.capitalize()}", ""]
        by_module: dict[str, list[str]] = {}
        for name in found[kind]:
            module, _, short = name.rpartition(".")
            by_module.setdefault(module, []).append(short)
        for module, names in by_module.items():
            lines += [f"**{module}**: " + ", ".join(f"`{n}`" for n in names), ""]
        lines.pop()
    lines += ["", "## Refused", "", "| Functions | Why |", "|---|---|"]
    lines += [f"| {', '.join(f'`{n}`' for n in names)} | {why} |" for why, names in reasons.items()]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    (HERE / "numpy.md").write_text(page(), encoding="utf-8")
