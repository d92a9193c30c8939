"""Random programs of public calls: a right answer or one of the engine's own errors, nothing else.

    python tests/fuzz.py [--programs 100000] [--seed 0]

A program draws arrays (any shape, dtype, layout; some empty, some 0-d, some with zeros, infinities
or NaN), applies up to six operations with arguments good and bad, and differentiates the sum.
What is demanded:

- NumPy alone on the same program decides what should happen: where it raises, the engine must
  raise one of its own errors; where it gives numbers, the engine gives the same numbers or one
  of its own errors;
- where the function is smooth nearby and finite, reverse mode, forward mode and central
  differences agree;
- never another exception, a hang, or a recursion error.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import numpy as np  # noqa: E402

from autograd_core import AutogradError, Tensor, grad, jvp  # noqa: E402

Step = tuple[str, Callable[..., Any]]
SHAPES = [
    (),
    (1,),
    (3,),
    (2, 3),
    (3, 2),
    (2, 1),
    (1, 3),
    (2, 2),
    (0,),
    (0, 3),
    (2, 3, 2),
    (1, 1, 3),
]
UNARY = [
    np.exp, np.log, np.sqrt, np.sin, np.cos, np.tanh, np.arctan, np.abs, np.square, np.negative,
    np.reciprocal, np.sign, np.floor, np.cbrt, np.expm1, np.log1p, np.sinc, np.nan_to_num,
    np.positive, np.fabs, np.arcsinh, np.sinh, np.ravel, np.transpose, np.squeeze, np.flip,
    np.atleast_1d, np.atleast_2d, np.copy, np.cumsum, np.cumprod, np.sort, np.diff, np.unique,
    np.conj, np.real, np.isnan, np.argsort, np.median, np.ptp, np.diag, np.tril, np.trace,
    np.gradient, np.trapezoid, np.nansum, np.fft.rfft, np.vander,
    np.linalg.norm, np.linalg.inv, np.linalg.det, np.linalg.svdvals, np.linalg.pinv,
    np.linalg.cholesky, np.linalg.eigvalsh,
]  # fmt: skip
BINARY = [
    np.add, np.subtract, np.multiply, np.divide, np.power, np.maximum, np.minimum, np.hypot,
    np.arctan2, np.logaddexp, np.remainder, np.fmod, np.matmul, np.dot, np.outer, np.inner,
    np.tensordot, np.kron, np.append, np.convolve, np.cross, np.linalg.solve, np.copysign,
    np.greater, np.vdot, np.heaviside, np.floor_divide, np.polyval,
]  # fmt: skip
REDUCE = [np.sum, np.mean, np.prod, np.max, np.min, np.var, np.std, np.cumsum, np.argmax, np.any]
AXES = [None, 0, 1, -1, 2, (0, 1), (0, -1), 7]


def _settings(rng: np.random.Generator) -> list[tuple[str, Callable[[Any], Any]]]:
    """Draw one-argument steps with settings, some of them impossible."""
    axis = AXES[rng.integers(len(AXES))]
    keep = bool(rng.integers(2))
    n = int(rng.integers(-4, 5))
    shape = SHAPES[rng.integers(len(SHAPES))]
    f = REDUCE[rng.integers(len(REDUCE))]
    single = axis if not isinstance(axis, tuple) else 0
    indices: list[Any] = [n, slice(n, None), slice(None, None, -1), (Ellipsis, n), (None, n)]
    indices += [[0, n], np.array([0, 0, n]), np.array([True, False]), (slice(None), n)]
    index = indices[rng.integers(len(indices))]
    return [
        (f"{f.__name__}(axis={axis})", lambda x: f(x, axis=axis)),
        (f"{f.__name__}(axis={axis}, keepdims={keep})", lambda x: f(x, axis=axis, keepdims=keep)),
        (f"reshape{shape}", lambda x: np.reshape(x, shape)),
        (f"broadcast_to{shape}", lambda x: np.broadcast_to(x, shape)),
        (f"[{index}]", lambda x: x[index]),
        (f"roll({n}, {single})", lambda x: np.roll(x, n, single)),
        (f"repeat({n})", lambda x: np.repeat(x, n)),
        (f"tile({n})", lambda x: np.tile(x, abs(n))),
        (f"expand_dims({n})", lambda x: np.expand_dims(x, n)),
        (f"swapaxes(0, {n})", lambda x: np.swapaxes(x, 0, n)),
        (f"moveaxis(0, {n})", lambda x: np.moveaxis(x, 0, n)),
        (f"clip({n})", lambda x: np.clip(x, n / 2, 1.0)),
        (f"** {n}", lambda x: x**n),
        (f"{n} * x + 1", lambda x: n * x + 1),
        (f"split({n})", lambda x: np.split(x, abs(n) or 1)[0]),
        (f"pad({n})", lambda x: np.pad(x, abs(n) // 2, mode="edge")),
        (f"take({n})", lambda x: np.take(x, [0, n], axis=single)),
        (f"quantile({axis})", lambda x: np.quantile(x, abs(n) / 4, axis=axis)),
        (f"delete({n})", lambda x: np.delete(x, n, axis=single)),
        (f"partition({n})", lambda x: np.partition(x, n)[n]),
        (f"where({n})", lambda x: np.where(x > n / 4, x, -x)),
        (f"astype({n})", lambda x: x.astype([np.float32, np.float64][n % 2])),
        (f"concatenate({single})", lambda x: np.concatenate([x, x * 2], axis=single)),
        (f"stack({n})", lambda x: np.stack([x, x], axis=n)),
        (f"einsum({n})", lambda x: np.einsum(["ij->ji", "ij->i", "ii", "i->", "...i->..."][n], x)),
        (f"sum(dtype=float32, {axis})", lambda x: np.sum(x, axis=axis, dtype=np.float32)),
    ]


def draw(rng: np.random.Generator) -> np.ndarray:
    shape = SHAPES[rng.integers(len(SHAPES))]
    x = rng.uniform(-2, 2, shape)
    kind = rng.integers(10)
    if kind == 0:
        x = np.round(x)  # zeros and ties
    elif kind == 1:
        x = x.astype(np.float32)
    elif kind == 2 and x.size:
        x = np.where(rng.random(shape) < 0.3, rng.choice([np.nan, np.inf, -np.inf, 0.0]), x)
    elif kind == 3:
        x = np.asfortranarray(x) if x.ndim else x
    return x


def program(rng: np.random.Generator) -> tuple[list[np.ndarray], list[str], Callable[..., Any]]:
    """Draw arrays and a straight-line program over them."""
    xs = [draw(rng) for _ in range(int(rng.integers(1, 3)))]
    steps: list[tuple[str, Callable[..., Any], tuple[int, ...]]] = []
    for k in range(int(rng.integers(1, 7))):
        pool = len(xs) + k
        last = pool - 1
        which = rng.integers(3)
        if which == 0:
            f = UNARY[rng.integers(len(UNARY))]
            steps.append((f.__name__, f, (last,)))
        elif which == 1:
            f = BINARY[rng.integers(len(BINARY))]
            steps.append((f.__name__, f, (last, int(rng.integers(pool)))))
        else:
            options = _settings(rng)
            name, f = options[rng.integers(len(options))]
            steps.append((name, f, (last,)))

    def run(*arrays: Any) -> Any:
        values = list(arrays)
        for _, f, places in steps:
            made = f(*[values[p] for p in places])
            if isinstance(made, (list, tuple)):
                made = made[0]
            if np.size(made) > 2000:
                raise ValueError("too large for a fuzz program")
            values.append(made)
        return values[-1]

    return xs, [f"{name}{places}" for name, _, places in steps], run


class Finding(AssertionError):
    """Something that must not happen."""


def check(seed: int) -> str:
    """Run one program; return how it ended: "value", "derivative" or the error's name."""
    rng = np.random.default_rng(seed)
    xs, names, run = program(rng)
    told = f"seed {seed}: {[f'{x.shape} {x.dtype}' for x in xs]} {names}"
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            expected = np.asarray(run(*[x[()] for x in xs]))
        except Exception as error:
            expected = error
        tracked = [Tensor(x, requires_grad=True) for x in xs]
        try:
            found = run(*tracked)
            if isinstance(found, Tensor) and found.requires_grad and found.dtype.kind == "f":
                np.sum(found).backward()
        except AutogradError as error:
            if isinstance(expected, Exception):
                return type(error).__name__
            return f"{type(error).__name__} where NumPy has a value"
        except RecursionError as error:
            raise Finding(f"{told}: recursion") from error
        except Exception as error:
            if type(error) is type(expected) and str(error) == str(expected):
                return "refused by NumPy's own signature, or the program"
            raise Finding(f"{told}: {type(error).__name__}: {error}") from error
        if isinstance(expected, Exception):
            raise Finding(f"{told}: NumPy raises {expected!r}, the engine gave a value")
        value = found.detach().data if isinstance(found, Tensor) else np.asarray(found)
        if value.shape == expected.shape and _odd_infinities(told, value, expected):
            return "value"
        if np.shape(value) != expected.shape or not np.allclose(
            value, expected, rtol=1e-4, atol=1e-5, equal_nan=True
        ):
            raise Finding(f"{told}: value {value!r}, NumPy {expected!r}")
        return _derivative(told, run, xs, tracked, expected, rng)


def _odd_infinities(told: str, value: Any, expected: Any) -> bool:
    """NumPy's own answers for NaN and infinities depend on the library: 0 * NaN is 0 in a BLAS."""
    odd = any(name in told for name in ("quantile", "median", "dot", "inner", "matmul", "vdot"))
    kind = np.result_type(value, expected).kind
    return odd and kind in "fc" and not (np.isfinite(value) & np.isfinite(expected)).all()


def _derivative(
    told: str, run: Any, xs: Any, tracked: Any, expected: Any, rng: np.random.Generator
) -> str:
    """Compare reverse, forward and differences where the function is smooth nearby."""
    if expected.dtype.kind != "f" or any(x.dtype != np.float64 for x in xs):
        return "value"
    vs = [rng.uniform(-1, 1, x.shape) for x in xs]

    def s(*arrays: Any) -> Any:
        return np.sum(run(*arrays))

    try:
        gradients = grad(s, tuple(range(len(xs))))(*xs)
        pushed = jvp(s, tuple(xs), tuple(vs))[1]
    except AutogradError as error:
        return type(error).__name__
    back = sum(float(np.sum(g * v)) for g, v in zip(gradients, vs, strict=True))
    scale = max(1.0, sum(float(np.sum(np.abs(g))) for g in gradients))
    if not (np.isfinite(back) and np.isfinite(pushed) and scale < 1e6):
        return "value"
    single = "float32" in told or "astype" in told
    if abs(back - pushed) > (1e-4 if single else 1e-7) * scale:
        raise Finding(f"{told}: reverse {back!r}, forward {pushed!r}")
    if "cholesky" in told or "eigvalsh" in told:
        return "value"  # they read one triangle; their derivative is that of symmetric matrices
    slopes = []
    try:
        for h in (1e-5, 2e-5, 3e-6):
            up, down = (s(*[x + d * h * v for x, v in zip(xs, vs, strict=True)]) for d in (1, -1))
            slopes.append(float(up - down) / (2 * h))
    except Exception:
        return "value"  # the steps leave the domain
    spread = max(slopes) - min(slopes)
    if not np.all(np.isfinite(slopes)) or spread > 1e-4 * scale:
        return "value"  # a kink, a jump or rounding: the differences say nothing
    if abs(slopes[0] - back) > 1e-3 * scale and not _kink(run, xs):
        raise Finding(f"{told}: engine {back!r}, differences {slopes!r}")
    return "derivative"


def _kink(run: Any, xs: Any) -> bool:
    """Whether arguments stand on round numbers, where kinks and ties are."""
    return any(np.any(x == np.round(x)) for x in xs)


def main() -> int:
    """Run many programs and print how they ended."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    ends: dict[str, int] = {}
    findings = []
    start = time.perf_counter()
    for seed in range(options.seed, options.seed + options.programs):
        try:
            end = check(seed)
        except Finding as finding:
            findings.append(str(finding))
            print(finding, flush=True)
            end = "FINDING"
        ends[end] = ends.get(end, 0) + 1
    seconds = time.perf_counter() - start
    print(f"{options.programs} programs from seed {options.seed} in {seconds:.0f} s")
    for end, n in sorted(ends.items(), key=lambda item: -item[1]):
        print(f"  {end}: {n}")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
