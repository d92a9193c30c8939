"""Write docs/numpy-idioms.md: what NumPy does not ask about, in every mode.

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

from cases.draws import KEPT, OF_GENERATORS, Q  # noqa: E402
from cases.idioms import IDIOMS  # noqa: E402
from cases.polynomials import CLASSES, USES  # noqa: E402

X = np.array([1.7, 0.8, 2.4, 1.1])
STEP = 1e-4
HEAD = """\
# Where NumPy does not ask, in every mode

`make pages` writes this page, and tests run the same rows. NumPy does not look for traced numbers
inside of lists, and cannot be told to; its polynomials and its random draws do not ask either. So
`import autograd_core.numpy as np` is NumPy with the functions that create arrays, `np.polynomial`
and `np.random` replaced by some that do; every other name is NumPy's own. With plain NumPy, where
it does not ask the engine, the error names the remedy.

- **right**: the value and the derivative agree with central differences of NumPy's values.
- **error**: one of the engine's own errors, with your line and what to write instead.

Neither column has a wrong number in it. Each row is a function of a vector `x`; its sum is
differentiated, in six modes: `grad`, `jvp`, `hessian`, `vmap`, `compile`, `gradcheck`.

## Joining and filling

W is a constant vector. `filled` writes `out[0] = x[0] * x[1]` and `out[1:] += x[1] ** 2`; `objects`
puts two traced numbers into an array of dtype object (`tests/rules/test_numpy_creation.py`).

The same 65 with other engines, each with its own module in NumPy's place, in one run on 2026-11-30
(`python -m benchmarks.idioms`): HIPS autograd gives 41 right gradients, 7 other numbers and 17
errors; JAX 22, 5 and 38; PyTorch, which has no such module, 65 errors.

"""
POLYNOMIALS = """
## Polynomials

`np.polynomial` here is NumPy's own code, run on traced values. P is one of its six classes, in turn
from row to row; `tests/rules/test_polynomial_classes.py` runs every row with every class, and the
modules' functions too. C, T, Y, DOMAIN, WINDOW and R are constants. An object of NumPy's own class
takes traced places, and no traced coefficients.

"""
DRAWS = """
## Random draws

A draw that is an exact formula of its parameters and of noise has the derivatives of the formula:
`normal(mu, sigma)` is `mu + sigma * z`. `default_rng`, `Generator`, `RandomState` and the functions
of `np.random` give NumPy's numbers of the same seed, to the last bit. What is no such formula is
refused, with the reason: gamma's shape, `beta`, `chisquare`, `dirichlet`, `f`, `standard_t`,
`vonmises`, `wald`, whole numbers (`poisson`, `binomial`, ...), and the probabilities of `choice`.
For these, differentiate the logarithm of the probability instead.

Under `vmap` say what is meant: `randomness="different"` or `"same"` (`"same"` in this table).
`compile` takes a source that the function makes of a seed; NumPy's `RandomState` it refuses. Here r
is `np.random.default_rng(3)`; `tests/rules/test_random_draws.py` runs the rows with `RandomState`
too. `multivariate_normal` differentiates the factorization that NumPy uses: at equal eigenvalues of
the covariance choose `method="cholesky"`.

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


def slopes(f: Callable[[Any], Any], x: Any) -> Any:
    """Return the gradient by central differences of two sizes."""

    def differences(h: float) -> Any:
        return np.array([(f(x + h * d) - f(x - h * d)) / (2 * h) for d in np.eye(len(x))])

    return (4 * differences(STEP / 2) - differences(STEP)) / 3


def ways(f: Callable[[Any], Any], plain: Any, x: Any) -> dict[str, Callable[[], bool]]:
    """Return for each mode whether it is right; each raises where the engine refuses."""
    import autograd_core as ac

    wanted = slopes(plain, x)
    v = np.cos(np.arange(len(x)))

    def right(found: Any, expected: Any = wanted) -> bool:
        return bool(np.allclose(found, expected, rtol=1e-5, atol=1e-6))

    def second() -> bool:
        steps = STEP * np.eye(len(x))
        curved = np.array([(ac.grad(f)(x + d) - ac.grad(f)(x - d)) / (2 * STEP) for d in steps])
        return right(ac.hessian(f)(x), curved)

    return {
        "grad": lambda: right(ac.grad(f)(x)),
        "jvp": lambda: right(ac.jvp(f, (x,), (v,))[1], wanted @ v),
        "hessian": second,
        "vmap": lambda: right(ac.vmap(ac.grad(f), randomness="same")(np.stack([x, x]))[1]),
        "compile": lambda: right(ac.compile(f)(x)[1]),
        "gradcheck": lambda: bool(ac.gradcheck(f, x)),
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


def total(made: Any, namespace: Any) -> Any:
    """Return the sum of a result, of all of its parts."""
    if isinstance(made, tuple):
        return sum(total(part, namespace) for part in made)
    return namespace.sum(made)


def joined(name: str, k: int, namespace: Any) -> Callable[[Any], Any]:
    """Return a row on joining, as a function of a vector, written with a NumPy namespace."""
    return lambda x: total(IDIOMS[name](namespace, x), namespace)


def polynomial(name: str, k: int, namespace: Any) -> Callable[[Any], Any]:
    """Return a row on polynomials, with the class that is its turn."""
    kind = getattr(namespace.polynomial, CLASSES[k % len(CLASSES)])
    return lambda x: total(USES[name](namespace, kind, x), namespace)


def drawn(name: str, k: int, namespace: Any) -> Callable[[Any], Any]:
    """Return a row on random draws, from a source of its own."""
    draw = {**KEPT, **OF_GENERATORS}[name]
    return lambda x: total(draw(namespace.random.default_rng(3), x) ** 2, namespace)


def sources(file: str) -> dict[str, str]:
    """Return each row of a file of cases as it is written."""
    found = {}
    for node in ast.parse((TESTS / "cases" / file).read_text(encoding="utf-8")).body:
        if not (isinstance(node, ast.AnnAssign) and isinstance(node.value, ast.Dict)):
            continue
        for key, value in zip(node.value.keys, node.value.values, strict=True):
            assert isinstance(key, ast.Constant)
            assert isinstance(value, ast.Lambda)
            text = ast.unparse(value.body).replace("|", r"\|")
            found[key.value] = text.replace("ours.", "np.")
    return found


def table(file: str, row: Any, x: Any, word: str) -> str:
    """Return the counts and the rows of one file of cases."""
    import autograd_core.numpy as ours

    lines, counts = [], {"ours": Counter[str](), "plain": Counter[str]()}
    for k, (name, text) in enumerate(sources(file).items()):
        cells = [f"`{text}`"]
        for kind, namespace in (("ours", ours), ("plain", np)):
            found = outcomes(row(name, k, namespace), row(name, k, np), x)
            counts[kind].update(found.values())
            same = set(found.values())
            cells.append(same.pop() if len(same) == 1 else ", ".join(
                f"{mode} {word}" for mode, word in found.items() if word != "right"))  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    told = [f"Of {len(lines)} rows in {len(found)} modes ({len(lines) * len(found)} cells):\n"]
    for kind, label in (("ours", "`autograd_core.numpy`"), ("plain", "plain NumPy")):
        c = counts[kind]
        told.append(f"- {label}: {c['right']} right, {c['error']} errors, {c['wrong']} wrong.")
    head = f"\n\n| {word} | `autograd_core.numpy` | plain NumPy |\n|---|---|---|\n"
    return "\n".join(told) + head + "\n".join(lines) + "\n"


def page() -> str:
    """Return the page."""
    others = OTHERS.format("\n".join(f"| {' | '.join(map(str, row))} |" for row in MEASURED))
    first = table("idioms.py", joined, X[:2], "idiom")
    counts, _, rows = first.partition("\n\n| idiom")
    return "".join([
        HEAD, counts, "\n", others, "\n| idiom", rows,
        POLYNOMIALS, table("polynomials.py", polynomial, X, "use"),
        DRAWS, table("draws.py", drawn, Q, "draw"),
    ])  # fmt: skip


def outcomes(f: Callable[[Any], Any], plain: Any, x: Any) -> dict[str, str]:
    """Return right, error or wrong for each mode."""
    return {mode: outcome(way) for mode, way in ways(f, plain, x).items()}


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
        wanted = slopes(joined(name, 0, ours), X[:2])
        try:
            found = gradient(lambda x, n=name: namespace.sum(IDIOMS[n](namespace, x)))(X[:2])
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
