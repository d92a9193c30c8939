"""Where a derivative does not exist, or is not one number: what the engine answers.

``KINKS``: (expression, as the page shows it; arguments; expected gradients;
whether PyTorch's answer is the same; why).  docs/kinks.md is made of it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from autograd_core import grad

inf, nan = np.inf, np.nan


class Kink(NamedTuple):
    family: str
    text: str
    f: Any
    at: tuple[Any, ...]
    gradient: tuple[Any, ...]
    torch: Any  # the same in PyTorch, or None where it has no such function or another answer
    why: str


def row(family, text, f, at, gradient, torch=None, why=""):
    return Kink(family, text, f, at, gradient, torch, why)


KINKS: list[Kink] = [
    row("kink", "abs(x) at 0", np.abs, (0.0,), (0.0,), "abs", "the middle of [-1, 1]"),
    row("kink", "fabs(x) at 0", np.fabs, (0.0,), (0.0,), "abs", "as abs"),
    row("kink", "sign(x) at 0", np.sign, (0.0,), (0.0,), "sign", "locally constant elsewhere"),
    row("kink", "floor(x) at 1", np.floor, (1.0,), (0.0,), "floor", "locally constant elsewhere"),
    row("kink", "ceil(x) at 1", np.ceil, (1.0,), (0.0,), "ceil", "locally constant elsewhere"),
    row("kink", "trunc(x) at 1", np.trunc, (1.0,), (0.0,), "trunc", "locally constant elsewhere"),
    row("kink", "round(x) at 0.5", np.round, (0.5,), (0.0,), "round", "locally constant elsewhere"),
    row("kink", "rint(x) at 0.5", np.rint, (0.5,), (0.0,), "round", "locally constant elsewhere"),
    row(
        "kink",
        "heaviside(x, 0.5) at 0",
        lambda x: np.heaviside(x, 0.5),
        (0.0,),
        (0.0,),
        None,
        "a step; its value at the step is a constant",
    ),
    row(
        "kink",
        "clip(x, 0, 1) at 0",
        lambda x: np.clip(x, 0.0, 1.0),
        (0.0,),
        (1.0,),
        "clamp01",
        "the edge belongs to the inside",
    ),
    row(
        "kink",
        "clip(x, 0, 1) at 1",
        lambda x: np.clip(x, 0.0, 1.0),
        (1.0,),
        (1.0,),
        "clamp01",
        "the edge belongs to the inside",
    ),
    row(
        "kink",
        "remainder(x, 1) at 2",
        lambda x: np.remainder(x, 1.0),
        (2.0,),
        (1.0,),
        "remainder1",
        "from the right",
    ),
    row(
        "kink",
        "fmod(x, 1) at 2",
        lambda x: np.fmod(x, 1.0),
        (2.0,),
        (1.0,),
        "fmod1",
        "away from the jump",
    ),
    row(
        "kink",
        "copysign(x, 1) at 0",
        lambda x: np.copysign(x, 1.0),
        (0.0,),
        (0.0,),
        "copysign1",
        "as abs",
    ),
    row(
        "kink",
        "linalg.norm(x) at 0",
        np.linalg.norm,
        ([0.0, 0.0],),
        ([0.0, 0.0],),
        "norm",
        "the smallest subgradient",
    ),
    row(
        "kink",
        "linalg.norm(x, p) at 0, any p but 0",
        lambda x: np.linalg.norm(x, 3),
        ([0.0, 0.0],),
        ([0.0, 0.0],),
        "norm3",
        "a subgradient",
    ),
    row(
        "kink",
        "second derivative of hypot(x, 0) ** 2 at 0",
        lambda x: grad(lambda z: np.hypot(z, 0.0) ** 2)(x),
        (0.0,),
        (nan,),
        None,
        "lengths (norm, hypot, std) have none at 0; of their squares use sum(x ** 2), var(x)",
    ),
    row(
        "kink",
        "linalg.norm(x, axis=1), one row 0",
        lambda x: np.sum(np.linalg.norm(x, axis=1)),
        ([[0.0, 0.0], [3.0, 4.0]],),
        ([[0.0, 0.0], [0.6, 0.8]],),
        "norm_rows",
        "the smallest subgradient",
    ),
    row(
        "kink",
        "linalg.norm(x, 1) at 0",
        lambda x: np.linalg.norm(x, 1),
        ([0.0, 2.0],),
        ([0.0, 1.0],),
        "norm1",
        "as abs",
    ),
    row(
        "kink",
        "hypot(x, y) at the origin",
        np.hypot,
        (0.0, 0.0),
        (0.0, 0.0),
        None,
        "as norm; PyTorch answers NaN",
    ),
    row(
        "kink",
        "arctan2(y, x) at the origin",
        np.arctan2,
        (0.0, 0.0),
        (0.0, 0.0),
        "atan2",
        "no direction: 0",
    ),
    row(
        "kink",
        "std(x) of constants",
        np.std,
        ([2.0, 2.0, 2.0],),
        ([0.0, 0.0, 0.0],),
        "std",
        "the smallest subgradient",
    ),
    row(
        "kink",
        "abs(z) at complex 0",
        lambda x: np.real(np.abs(x + 0j)),
        (0.0,),
        (0.0,),
        None,
        "as norm",
    ),
    row(
        "tie", "maximum(x, y) at x = y", np.maximum, (1.0, 1.0), (0.5, 0.5), "maximum", "ties share"
    ),
    row(
        "tie", "minimum(x, y) at x = y", np.minimum, (1.0, 1.0), (0.5, 0.5), "minimum", "ties share"
    ),
    row(
        "tie",
        "maximum(x, 0) at 0",
        lambda x: np.maximum(x, 0.0),
        (0.0,),
        (0.5,),
        "maximum0",
        "a tie; relu is another function, with relu'(0) = 0",
    ),
    row(
        "tie", "fmax(x, y) at x = y", np.fmax, (1.0, 1.0), (1.0, 0.0), "fmax", "the first of equals"
    ),
    row(
        "tie", "fmin(x, y) at x = y", np.fmin, (1.0, 1.0), (1.0, 0.0), "fmin", "the first of equals"
    ),
    row(
        "tie",
        "fmax(x, NaN)",
        lambda x: np.fmax(x, nan),
        (1.0,),
        (1.0,),
        "fmax_nan",
        "the number wins",
    ),
    row(
        "tie",
        "max(x) with two largest",
        np.max,
        ([1.0, 3.0, 3.0],),
        ([0.0, 0.5, 0.5],),
        "amax",
        "ties share",
    ),
    row(
        "tie",
        "min(x) with three smallest",
        np.min,
        ([1.0, 1.0, 1.0],),
        ([1 / 3] * 3,),
        "amin",
        "ties share",
    ),
    row(
        "tie",
        "maximum.accumulate(x) with ties",
        lambda x: np.sum(np.maximum.accumulate(x)),
        ([2.0, 2.0, 1.0],),
        ([1.0, 2.0, 0.0],),
        "cummax",
        "the latest of equals",
    ),
    row(
        "tie",
        "sort(x) with ties",
        lambda x: np.sum(np.sort(x) * np.array([1.0, 2.0, 3.0])),
        ([5.0, 5.0, 1.0],),
        ([2.0, 3.0, 1.0],),
        "sort",
        "equals keep their order",
    ),
    row(
        "tie",
        "median(x) of equals",
        np.median,
        ([2.0, 2.0, 2.0],),
        ([0.0, 1.0, 0.0],),
        None,
        "the middle one in order; PyTorch shares",
    ),
    row(
        "tie",
        "unique(x) with repeats",
        lambda x: np.sum(np.unique(x)),
        ([3.0, 1.0, 3.0],),
        ([1.0, 1.0, 0.0],),
        None,
        "the first occurrence",
    ),
    row("limit", "sqrt(x) at 0", np.sqrt, (0.0,), (inf,), "sqrt", "the limit is infinite"),
    row("limit", "log(x) at 0", np.log, (0.0,), (inf,), "log", "the limit is infinite"),
    row(
        "limit",
        "1 / x at 0",
        lambda x: 1.0 / x,
        (0.0,),
        (-inf,),
        "reciprocal",
        "the limit is infinite",
    ),
    row("limit", "cbrt(x) at 0", np.cbrt, (0.0,), (inf,), None, "the limit is infinite"),
    row("limit", "sinc(x) at 0", np.sinc, (0.0,), (0.0,), "sinc", "the limit"),
    row("limit", "x ** 0 at 0", lambda x: x**0, (0.0,), (0.0,), "pow0", "constant 1"),
    row("limit", "x ** 1 at 0", lambda x: x**1, (0.0,), (1.0,), "pow1", "the limit"),
    row("limit", "x ** 2.0 at 0", lambda x: x**2.0, (0.0,), (0.0,), "pow2", "the limit"),
    row(
        "limit", "x ** y at x = 0, y = 2", np.power, (0.0, 2.0), (0.0, 0.0), "pow", "0 ** y stays 0"
    ),
    row("limit", "0.0 ** y at 2", lambda y: 0.0**y, (2.0,), (0.0,), "zero_pow", "0 ** y stays 0"),
    row(
        "limit",
        "logaddexp(x, y) at -inf, -inf",
        np.logaddexp,
        (-inf, -inf),
        (0.0, 0.0),
        None,
        "both are 0 in the sum; PyTorch answers NaN",
    ),
    row(
        "limit",
        "logaddexp(x, y) at 0, -inf",
        np.logaddexp,
        (0.0, -inf),
        (1.0, 0.0),
        "logaddexp",
        "the limit",
    ),
    row(
        "limit",
        "prod(x) with one 0",
        np.prod,
        ([2.0, 0.0, 3.0],),
        ([0.0, 6.0, 0.0],),
        "prod",
        "exact: products of the others, no division",
    ),
    row(
        "limit",
        "prod(x) with two 0",
        np.prod,
        ([2.0, 0.0, 0.0],),
        ([0.0, 0.0, 0.0],),
        "prod",
        "exact",
    ),
    row(
        "limit",
        "cumprod(x) with a 0",
        lambda x: np.sum(np.cumprod(x)),
        ([2.0, 0.0, 3.0],),
        ([1.0, 8.0, 0.0],),
        "cumprod",
        "exact",
    ),
    row(
        "limit",
        "linalg.det(A), A singular",
        np.linalg.det,
        ([[1.0, 2.0], [2.0, 4.0]],),
        ([[4.0, -2.0], [-2.0, 1.0]],),
        None,
        "the cofactors are finite; PyTorch answers 0",
    ),
    row(
        "mask",
        "where(c, x, NaN)",
        lambda x: np.where(np.array([True, False]), x, nan),
        ([1.0, 2.0],),
        ([1.0, 0.0],),
        "where_nan",
        "the masked side gets an exact 0",
    ),
    row(
        "mask",
        "where(x > 0, x, 0 / 0)",
        lambda x: np.where(x > 0, x * x, nan * x),
        (2.0,),
        (nan,),
        "where_poison",
        "0 times NaN inside the other branch is NaN: mask its argument too",
    ),
    row(
        "mask", "nansum(x) at NaN", np.nansum, ([1.0, nan],), ([1.0, 0.0],), "nansum", "skipped: 0"
    ),
    row(
        "mask",
        "nan_to_num(x) at NaN",
        np.nan_to_num,
        (nan,),
        (0.0,),
        "nan_to_num",
        "a constant stands there",
    ),
    row(
        "degenerate",
        "linalg.eigvalsh(A), equal eigenvalues",
        lambda a: np.sum(np.linalg.eigvalsh((a + a.T) / 2)),
        ([[2.0, 0.0], [0.0, 2.0]],),
        ([[1.0, 0.0], [0.0, 1.0]],),
        None,
        "what does not depend on the vectors is right",
    ),
    row(
        "degenerate",
        "linalg.norm(A, 'nuc'), equal singular values",
        lambda a: np.linalg.norm(a, "nuc"),
        ([[2.0, 0.0], [0.0, 2.0]],),
        ([[1.0, 0.0], [0.0, 1.0]],),
        "nuc",
        "what does not depend on the vectors is right",
    ),
    row(
        "degenerate",
        "V exp(w) V.T of w, V = linalg.eigh(A), equal eigenvalues",
        lambda a: (lambda w, v: ((v * np.exp(w)) @ v.T)[0, 1])(*np.linalg.eigh(a)),
        ([[1.0, 0.0], [0.0, 1.0]],),
        ([[nan, nan], [nan, nan]],),
        "eigh_exp",
        "equal eigenvalues' vectors have no derivative; symmetric_function(np.exp, A) has one",
    ),
    row(
        "degenerate",
        "linalg.eigvalsh(A)[0], equal eigenvalues",
        lambda a: np.linalg.eigvalsh(a)[0],
        ([[1.0, 0.0], [0.0, 1.0]],),
        ([[1.0, 0.0], [0.0, 0.0]],),
        "eigvalsh0",
        "v v.T, for the v that came out: one of the subgradients",
    ),
    row(
        "degenerate",
        "linalg.eigvalsh(A)[1]: which triangle",
        lambda a: np.linalg.eigvalsh(a)[1],
        ([[0.0, 1.0], [1.0, 0.0]],),
        ([[0.5, 0.5], [0.5, 0.5]],),
        "eigvalsh1",
        "eigh, eigvalsh and cholesky read one triangle, but their gradient is symmetric",
    ),
]
