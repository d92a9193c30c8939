"""Plain NumPy's random draws with traced parameters: refused, with what to write instead.

The draws are compiled code, which asks a value for its array.  Which one it was stands in the
user's own line only.
"""

from __future__ import annotations

import ast
import dis
import linecache
import sys
import textwrap

from autograd_core.base import errors
from autograd_core.base.source import Location

_MOVED = "loc + scale * rng.{name}(size=n)"
_INSTEAD = {
    "normal": "mu + sigma * rng.standard_normal(n)",
    "lognormal": "np.exp(mu + sigma * rng.standard_normal(n))",
    "uniform": "low + (high - low) * rng.random(n)",
    "exponential": "scale * rng.standard_exponential(n)",
    "rayleigh": "scale * rng.rayleigh(size=n)",
    "laplace": _MOVED,
    "logistic": _MOVED,
    "gumbel": _MOVED,
    "weibull": "rng.standard_exponential(n) ** (1 / a)",
    "pareto": "np.expm1(rng.standard_exponential(n) / a)",
    "power": "(-np.expm1(-rng.standard_exponential(n))) ** (1 / a)",
    "gamma": "scale * rng.standard_gamma(shape, n), with a shape that is a constant",
    "multivariate_normal": "mean + rng.standard_normal((n, d)) @ np.linalg.cholesky(cov).T",
    "choice": "x[rng.choice(len(x), n)]",
    "permutation": "x[rng.permutation(len(x))]",
    "permuted": "x[rng.permutation(len(x))]",
    "shuffle": "x = x[rng.permutation(len(x))]",
}
_WHOLE = frozenset(
    {"binomial", "geometric", "hypergeometric", "integers", "logseries", "multinomial",
     "multivariate_hypergeometric", "negative_binomial", "poisson", "randint", "zipf"}
)  # fmt: skip
_OTHER = frozenset(
    {"beta", "chisquare", "dirichlet", "f", "noncentral_chisquare", "noncentral_f",
     "standard_gamma", "standard_t", "vonmises", "wald"}
)  # fmt: skip


def _running_call() -> str:
    """Return the name of the method that the user's line is calling; "" if it is no method."""
    where = Location.of_caller()
    first, last, start, end = where.span
    lines = [linecache.getline(where.file, k).encode() for k in range(first, last + 1)]
    if not all(lines):
        return ""
    lines[-1] = lines[-1][:end]
    lines[0] = lines[0][start:]
    try:
        call = ast.parse(textwrap.dedent(b"".join(lines).decode()).strip(), mode="eval").body
    except (SyntaxError, ValueError):
        return ""
    return (
        call.func.attr
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)
        else ""
    )


def check_draw() -> None:
    """Refuse if the user's line draws random numbers, of which a parameter is traced."""
    name = _running_call()
    if name in _INSTEAD or name == "triangular":
        remedy = "np.random of `import autograd_core.numpy as np` keeps it."
        if name in _INSTEAD:
            remedy += f" Or draw with constants and write {_INSTEAD[name].format(name=name)}."
    elif name in _WHOLE:
        remedy = (
            "A whole number that is drawn has no derivative to its parameters: pass constants "
            "(x.detach()), and differentiate the logarithm of its probability."
        )
    elif name in _OTHER:
        remedy = (
            "Pass constants (x.detach()): this draw is no exact formula of its parameters and of "
            "noise; differentiate the logarithm of its density instead."
        )
    else:
        return
    raise errors.ConversionError(
        f"{name}: a random draw computes with plain arrays, in which a traced value would lose its "
        f"derivative. {remedy}",
        Location.of_caller(),
    )


def check_shuffle() -> None:
    """Refuse ``x[i] = x[j]`` of compiled code, as in rng.shuffle(x).

    NumPy swaps rows by that; of arrays it copies them first, of other objects it does not.
    """
    frame = sys._getframe(2)  # of `__setitem__`'s caller: compiled code has no frame of its own
    if dis.opname[frame.f_code.co_code[frame.f_lasti]].startswith("CALL"):
        raise errors.ConversionError(
            "shuffle: rows of a traced value would be overwritten before they are moved; write "
            f"{_INSTEAD['shuffle']}.",
            Location.of_caller(),
        )
