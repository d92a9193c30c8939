"""Write docs/numpy-idioms.md: everyday ways to join traced numbers, in every mode.

``python docs/make_idioms_page.py --other jax`` (or ``hips``) prints that library's counts.
"""

from __future__ import annotations

import ast
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
TESTS = HERE.parent / "tests"
sys.path[:0] = [str(HERE.parent), str(TESTS)]

from cases.idioms import IDIOMS  # noqa: E402

X = np.array([1.7, 0.8])
V = np.array([0.3, -0.6])
STEP = 1e-4
HEAD = """\
# Joining and filling, in every mode

`make pages` writes this page; `tests/rules/test_numpy_creation.py` runs the same rows. NumPy does
not look for traced numbers inside of lists, and cannot be told to. So
`import autograd_core.numpy as np` is NumPy with the functions that create arrays replaced by some
that do; every other name is NumPy's own. With plain NumPy, where it does not ask the engine, the
error names the remedy.

- **right**: the value and the derivative agree with central differences of NumPy's values.
- **error**: one of the engine's own errors, with your line and what to write instead.

Neither column has a wrong number in it. Each row is a function of `x = [1.7, 0.8]`; its sum is
differentiated. W is a constant vector. `filled` writes `out[0] = x[0] * x[1]` and
`out[1:] += x[1] ** 2`; `objects` puts two traced numbers into an array of dtype object.

"""
OTHERS = """
The same rows with other libraries, through `grad`, and their own NumPy namespaces
(`python docs/make_idioms_page.py --other hips`, `jax`), measured on 2026-11-29:

| library | right | an error | wrong |
|---|---|---|---|
{}
"""
# What --other printed: HIPS autograd 1.9.1 with autograd.numpy, JAX 0.10.2 with jax.numpy.
MEASURED = (("HIPS autograd", 41, 17, 7), ("JAX", 22, 38, 5))


def slopes(f: Callable[[Any], Any]) -> Any:
    """Return the gradient by central differences of two sizes."""

    def differences(h: float) -> Any:
        return np.array([(f(X + h * d) - f(X - h * d)) / (2 * h) for d in np.eye(2)])

    return (4 * differences(STEP / 2) - differences(STEP)) / 3


def ways(f: Callable[[Any], Any]) -> dict[str, Callable[[], bool]]:
    """Return for each mode whether it is right; each raises where the engine refuses."""
    import autograd_core as ac

    wanted = slopes(f)

    def right(found: Any, expected: Any = wanted) -> bool:
        return bool(np.allclose(found, expected, rtol=1e-5, atol=1e-6))

    def second() -> bool:
        curved = np.array(
            [(ac.grad(f)(X + STEP * d) - ac.grad(f)(X - STEP * d)) / (2 * STEP) for d in np.eye(2)]
        )
        return right(ac.hessian(f)(X), curved)

    return {
        "grad": lambda: right(ac.grad(f)(X)),
        "jvp": lambda: right(ac.jvp(f, (X,), (V,))[1], wanted @ V),
        "hessian": second,
        "vmap": lambda: right(ac.vmap(ac.grad(f))(np.stack([X, X]))[1]),
        "compile": lambda: right(ac.compile(f)(X)[1]),
        "gradcheck": lambda: bool(ac.gradcheck(f, X)),
    }


def outcome(way: Callable[[], bool]) -> str:
    """Return right, error or wrong."""
    from autograd_core import AutogradError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return "right" if way() else "wrong"
    except AutogradError:
        return "error"


def summed(name: str, namespace: Any) -> Callable[[Any], Any]:
    """Return the sum of an idiom's result, written with a NumPy namespace."""
    return lambda x: np.sum(IDIOMS[name](namespace, x))


def sources() -> dict[str, str]:
    """Return each idiom as it is written."""
    text = (TESTS / "cases" / "idioms.py").read_text(encoding="utf-8")
    table = next(
        node.value
        for node in ast.parse(text).body
        if isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict)
    )
    found = {}
    for key, value in zip(table.keys, table.values, strict=True):
        assert isinstance(key, ast.Constant)
        assert isinstance(value, ast.Lambda)
        found[key.value] = ast.unparse(value.body).replace("|", r"\|")
    return found


def page() -> str:
    """Return the page."""
    import autograd_core.numpy as ours

    modes = list(ways(summed("mean", ours)))
    lines, counts = [], {"ours": Counter[str](), "plain": Counter[str]()}
    for name, text in sources().items():
        cells = [f"`{text}`"]
        for kind, namespace in (("ours", ours), ("plain", np)):
            found = outcomes(summed(name, namespace))
            counts[kind].update(found.values())
            same = set(found.values())
            cells.append(same.pop() if len(same) == 1 else ", ".join(
                f"{mode} {word}" for mode, word in found.items() if word != "right"))  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    total = len(lines) * len(modes)
    told = [f"Modes: {', '.join(f'`{m}`' for m in modes)}. Of {len(lines)} rows in {len(modes)} "
            f"modes ({total} cells):\n"]  # fmt: skip
    for kind, label in (("ours", "`autograd_core.numpy`"), ("plain", "plain NumPy")):
        c = counts[kind]
        told.append(f"- {label}: {c['right']} right, {c['error']} errors, {c['wrong']} wrong.")
    head = "\n\n| idiom | `autograd_core.numpy` | plain NumPy |\n|---|---|---|\n"
    others = OTHERS.format("\n".join(f"| {' | '.join(map(str, row))} |" for row in MEASURED))
    return HEAD + "\n".join(told) + "\n" + others + head.lstrip("\n") + "\n".join(lines) + "\n"


def outcomes(f: Callable[[Any], Any]) -> dict[str, str]:
    """Return right, error or wrong for each mode."""
    return {mode: outcome(way) for mode, way in ways(f).items()}


def other(library: str) -> None:
    """Print how many idioms another library differentiates, through its own namespace."""
    import autograd_core.numpy as ours

    if library == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
        namespace, gradient = jax.numpy, jax.grad
    else:
        import autograd

        namespace, gradient = autograd.numpy, autograd.grad
    counts: Counter[str] = Counter()
    for name in IDIOMS:
        wanted = slopes(summed(name, ours))
        try:
            found = gradient(lambda x, n=name: namespace.sum(IDIOMS[n](namespace, x)))(X)
            word = "right" if np.allclose(found, wanted, rtol=1e-5, atol=1e-6) else "wrong"
        except Exception:
            word = "error"
        counts[word] += 1
        if word == "wrong":
            print(name, found, wanted)
    print(library, dict(counts))


if __name__ == "__main__":
    if "--other" in sys.argv:
        other(sys.argv[-1])
    else:
        (HERE / "numpy-idioms.md").write_text(page(), encoding="utf-8")
