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
    from autograd_core.primitive import REGISTRY, Constant
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
        "Every function that NumPy lets other kinds of array take over, made from the registry",
        "by `python docs/make_numpy_page.py`. A test fails when this page is stale, and when NumPy",
        "has a function that is not classified here.",
        "",
        f"- **{counts['differentiable']} differentiable**, in both modes and to any order.",
        f"- **{counts['locally constant']} locally constant**: positions, comparisons, counts,"
        " shapes. The result is a constant.",
        f"- **{counts['refused']} refused**, each with an error that gives the reason.",
        "- `numpy.strings`, `numpy.char`, `numpy.rec` and `numpy.lib.recfunctions` work on text",
        "  and records; none of their functions takes a traced value.",
        "",
        "The methods of ufuncs: `reduce`, `accumulate` and `outer` of every binary one (not",
        "`reduce` of power and arctan2, whose values NumPy itself makes depend on the machine);",
        "`add.at`, `subtract.at`, `add.reduceat`. `out=` and `where=` are refused.",
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
