"""What is demanded of a program, by means that know nothing of the derivative rules.

NumPy alone says what the value is, and whether there is one.  Differences of NumPy's values say
what the first derivative is, at a point without ties; differences of first derivatives that were
checked so say what the second is.  The two modes and the transforms must agree with each other.
"""

from __future__ import annotations

import re
import signal
import warnings
from typing import Any

import numpy as np

import autograd_core as ac
from autograd_core import AutogradError, Tensor
from fuzzing.drawing import chance, pick
from fuzzing.programs import Program, TooLarge, draw

LIMIT = 20.0  # seconds a program may take


class Finding(AssertionError):
    """Something that must not happen."""


class Skip(Exception):
    """The question cannot be put to this program."""


# What goes through singular vectors or eigenvectors.
DECOMPOSED = re.compile(r"norm\(-?2|nuc|svd|eig|cond|pinv|lstsq")


def check(seed: int) -> str:
    """Run one program; return how it ended, or raise `Finding`."""
    rng = np.random.default_rng(seed)
    program, expected = draw(rng)
    told = f"seed {seed}: {program}"
    signal.signal(signal.SIGVTALRM, _too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, LIMIT)
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            kept = [a.copy() for a in program.arrays]
            end = _value(told, program, expected, rng)
            for now, before in zip(program.arrays, kept, strict=True):
                if not np.array_equal(now, before, equal_nan=True):
                    raise Finding(f"{told}: an argument was written into")
            return end
    except (Finding, Skip):
        raise
    except TooLarge:
        return "too large"  # an angle of a 0-d array of truth values has half precision
    except AutogradError as error:
        raise Finding(
            f"{told}: {type(error).__name__} where the same ran before: {error}"
        ) from error
    except Exception as error:
        raise Finding(f"{told}: {type(error).__name__}: {error}") from error
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)


def _too_long(*_: Any) -> None:
    raise Finding(f"a program took longer than {LIMIT} s")


def _value(told: str, program: Program, expected: Any, rng: Any) -> str:
    """Compare the value with NumPy's; go on to the derivatives where there are any."""
    tracked = [Tensor(a, requires_grad=True) for a in program.arrays]
    try:
        found = program(*tracked)
    except AutogradError as error:
        if isinstance(expected, Exception):
            return "both refuse"
        return f"refused: {type(error).__name__}"
    except RecursionError as error:
        raise Finding(f"{told}: recursion") from error
    except Exception as error:
        if type(error) is type(expected) and (
            str(error) == str(expected)
            or isinstance(error, AttributeError)
            or "not callable" in str(error)
        ):
            return "both refuse"  # by NumPy's own signature, before the engine is asked
        raise Finding(f"{told}: {type(error).__name__}: {error}") from error
    if isinstance(expected, ValueError) and "read-only" in str(expected):
        return "a copy was written"  # NumPy's diagonal is a view that refuses writing
    if isinstance(expected, ValueError) and "(0,newaxis)" in str(expected):
        return "no numbers"  # NumPy's median of none over no axis trips over its own reshape
    if isinstance(expected, Exception):
        raise Finding(f"{told}: NumPy raises {expected!r}, the engine gave {found!r}")
    value = found.detach().data if isinstance(found, Tensor) else np.asarray(found)
    expected = np.asarray(expected)
    if value.shape != expected.shape or value.dtype != expected.dtype:
        raise Finding(
            f"{told}: {value.shape} {value.dtype}, NumPy {expected.shape} {expected.dtype}"
        )
    if not _same(value, expected, told):
        if _fragile(program, expected, told, rng):
            return "rounding decides"
        raise Finding(f"{told}: value {value!r}, NumPy {expected!r}")
    if not isinstance(found, Tensor) or not found.requires_grad or found.dtype.kind not in "fc":
        return "constant"
    w = rng.uniform(0.5, 1.5, value.shape)
    try:
        found.backward(w.astype(value.dtype))
    except AutogradError as error:
        return f"refused backward: {type(error).__name__}"
    for t in tracked:
        if t.grad is not None and (t.grad.shape != t.shape or t.grad.dtype != t.dtype):
            raise Finding(f"{told}: .grad is {t.grad.shape} {t.grad.dtype} for {t.shape} {t.dtype}")
    return Derivatives(told, program, w, tracked, value.dtype.kind == "f", rng).check()


def _same(value: Any, expected: Any, told: str) -> bool:
    if value.dtype.kind not in "fc":
        return bool(np.array_equal(value, expected))
    single = value.dtype.char in "fF" or "float32" in told or "f4" in told
    rtol = 1e-3 if single else 1e-8
    size = np.abs(expected[np.isfinite(expected)])
    scale = float(np.max(size)) if size.size else 1.0
    if np.allclose(value, expected, rtol=rtol, atol=rtol * max(scale, 1e-3), equal_nan=True):
        return True
    # what a library makes of NaN and infinities is its own: 0 * NaN is 0 in a BLAS
    finite = np.isfinite(value) & np.isfinite(expected)
    return not finite.all() and bool(
        np.allclose(value[finite], expected[finite], rtol=rtol, atol=rtol * max(scale, 1e-3))
    )


def _fragile(program: Program, expected: Any, told: str, rng: Any) -> bool:
    """Whether rounding decides the value: equal numbers compared, a floor of a whole number."""
    if np.max(np.abs(expected[np.isfinite(expected)]), initial=0) > 1e12:
        return True  # the noise in an eigenvalue that is 0, divided by
    size = 1e-6 if any(s in told for s in ("float32", "f4", "complex64")) else 1e-14
    for _ in range(16):
        near = [a * (1 + size * rng.choice([-1, 0, 1], a.shape)).astype(a.dtype)
                for a in program.arrays]  # fmt: skip
        try:
            again = np.asarray(program(*[np.asarray(a)[()] for a in near]))
        except Exception:
            return True
        if again.shape != expected.shape or not _same(again, expected, told):
            return True
    return False


class Derivatives:
    """All that is asked about a program's derivatives."""

    def __init__(
        self, told: str, program: Program, w: Any, tracked: Any, real: bool, rng: Any
    ) -> None:
        self.real = real
        self.told, self.program, self.w, self.rng = told, program, w, rng
        self.tracked = tracked
        self.every = tuple(range(len(tracked)))
        self.single = any(s in told for s in ("float32", "f4", "complex64"))

    def s(self, *arrays: Any) -> Any:
        """The program as a real number."""
        y = self.program(*arrays)
        # the imaginary part counts too, so that nothing of a complex value goes unseen
        return np.sum(np.real(y) * self.w) + np.sum(np.imag(y) * (self.w * 0.5))

    def finding(self, what: str, *values: Any) -> Finding:
        return Finding(f"{self.told}: {what}: {', '.join(map(repr, values))}")

    def check(self) -> str:
        xs = self.program.arrays
        try:
            here = self._both_modes(xs)
        except AutogradError as error:
            return f"refused transform: {type(error).__name__}"
        if here is None:
            return "not finite"
        if self.real and not any(t.dtype.kind == "c" for t in self.tracked):
            for t, g in zip(self.tracked, here[0], strict=True):
                grad = np.zeros(t.shape) if t.grad is None else t.grad.data
                self._close("backward() and grad()", grad, g, np.max(np.abs(g), initial=1.0))
        if self.single or any(x.dtype.char in "fF" for x in xs):
            return self._like_double(xs, here[0])
        point = [self._generic(x) for x in xs]
        try:
            result = self._both_modes(point)
        except AutogradError as error:
            return f"refused transform: {type(error).__name__}"
        if result is None:
            return "not finite"
        gradients, vs = result
        if not self._differences(point, gradients, vs):
            return "not smooth"
        return self._second(point, gradients, vs)

    def _generic(self, x: Any) -> Any:
        """A point near x (or far from it, where x is not finite) that stands on no tie."""
        x = np.where(np.isfinite(x), x, 0.7)
        noise = self.rng.uniform(0.01, 0.09, x.shape) * self.rng.choice([-1, 1], x.shape)
        return np.asarray(x + noise)

    def _direction(self, x: Any) -> Any:
        v = self.rng.uniform(-1, 1, x.shape)
        if x.dtype.kind == "c":
            v = v + 1j * self.rng.uniform(-1, 1, x.shape)
        return np.asarray(v.astype(x.dtype))

    def _close(self, what: str, a: Any, b: Any, scale: float, rtol: float = 1e-7) -> None:
        rtol = 2e-3 if self.single else rtol
        if not np.all(np.abs(np.subtract(a, b)) <= rtol * max(1.0, float(scale))):
            raise self.finding(what, a, b)

    def _both_modes(self, xs: Any) -> Any:
        """Return the gradients and a direction, or None where something is not finite."""
        vs = [self._direction(x) for x in xs]
        gradients = ac.grad(self.s, self.every)(*xs)
        value, pushed = ac.jvp(self.s, tuple(xs), tuple(vs))
        for g, x in zip(gradients, xs, strict=True):
            if np.shape(g) != x.shape or g.dtype != x.dtype:
                raise self.finding("the gradient's kind", np.shape(g), g.dtype, x.shape, x.dtype)
        back = _pair(gradients, vs)
        scale = sum(float(np.sum(np.abs(g))) for g in gradients)
        if not (np.isfinite(back) and np.isfinite(pushed) and np.isfinite(value) and scale < 1e8):
            return None
        single = self.single or any(x.dtype.char in "fF" for x in xs)
        self._close("reverse, forward", back, pushed, scale, 2e-3 if single else 1e-7)
        return gradients, vs

    def _like_double(self, xs: Any, gradients: Any) -> str:
        """Single precision: the gradients are those of the same program in double."""
        wide = [x.astype(complex if x.dtype.kind == "c" else float) for x in xs]
        try:
            double = ac.grad(self.s, self.every)(*wide)
        except AutogradError as error:
            return f"refused transform: {type(error).__name__}"
        s, t = self.s(*wide), self.s(*xs)
        if abs(s - t) > 1e-4 * max(1.0, abs(s)):
            return "rounding decides"  # a comparison or a floor that comes out differently
        scale = max(1.0, sum(float(np.sum(np.abs(g))) for g in double))
        for g, d in zip(gradients, double, strict=True):
            if not np.all(np.abs(g - d) <= 2e-2 * scale):
                return "rounding decides"
        return "single precision"

    def _differences(self, xs: Any, gradients: Any, vs: Any) -> bool:
        """Compare with differences of NumPy's values, along a direction and element by element."""
        smooth = self._along(xs, gradients, vs)
        for k, x in enumerate(xs):
            places = self.rng.permutation(x.size)[:3]
            for place in places:
                e = [np.zeros_like(z) for z in xs]
                e[k].flat[place] = 1.0 if x.dtype.kind != "c" or chance(self.rng, 0.5) else 1j
                smooth &= self._along(xs, gradients, e)
        return smooth

    def _along(self, xs: Any, gradients: Any, vs: Any) -> bool:
        """Whether differences along vs say anything; they must say what the gradients say."""

        def at(t: float) -> float:
            return float(self.s(*[(x + t * v)[()] for x, v in zip(xs, vs, strict=True)]))

        wanted = _pair(gradients, vs)
        try:
            middle = at(0.0)
            found = []
            for h in (1e-3, 1e-4):
                up, down, far, low = at(h), at(-h), at(2 * h), at(-2 * h)
                slope = (8 * (up - down) - (far - low)) / (12 * h)
                bend = abs(up - 2 * middle + down) / h  # a kink keeps it, a curve shrinks it
                found.append((slope, bend))
        except Exception:
            return False  # the steps leave the domain
        (rough, bend), (slope, less) = found
        size = max(1.0, abs(slope), abs(middle))
        apart = abs(rough - slope)
        if not np.isfinite([rough, slope, bend, less]).all():
            return False
        if apart > 1e-5 * size or (less > 1e-5 * size and less > 0.3 * bend):
            return False  # a kink, a jump, or too curved for the steps
        if abs(slope - wanted) > 1e-6 * size + 10 * apart:
            if self._noise(xs, vs, wanted):
                return False
            raise self.finding("engine, differences", wanted, slope, rough)
        return True

    def _noise(self, xs: Any, vs: Any, wanted: float) -> bool:
        """Whether rounding decides the value, or the gradient, as of a spread of equal numbers."""
        value = self.s(*xs)
        for _ in range(3):
            near = [np.asarray(x * (1 + 1e-14 * self.rng.choice([-1, 1], x.shape))) for x in xs]
            again = _pair(ac.grad(self.s, self.every)(*near), vs)
            if abs(again - wanted) > 1e-4 * max(1.0, abs(wanted)):
                return True
            if not abs(self.s(*near) - value) <= 1e-4 * max(1.0, abs(value)):
                return True  # a floor of what is 0 but for rounding, say: a jump on either side
        return False

    def _second(self, xs: Any, gradients: Any, vs: Any) -> str:
        """Second order in one of its nestings, and one of the other transforms."""
        us = [self._direction(x) for x in xs]
        gradient = ac.grad(self.s, self.every)
        questions = [self._nested, self._nested, self._batched, self._again, self._tape]
        question = pick(self.rng, questions)
        try:
            return question(xs, gradients, vs, us, gradient)
        except AutogradError as error:
            if isinstance(error, ac.ConversionError) and question != self._batched:
                raise  # the first order went well, so that no array is the program's own
            return f"refused second: {type(error).__name__}"

    def _nested(self, xs: Any, gradients: Any, vs: Any, us: Any, gradient: Any) -> str:
        def along(*zs: Any) -> Any:
            total: Any = 0.0
            for g, v in zip(gradient(*zs), vs, strict=True):
                total = total + np.sum(np.real(g * v))
            return total

        def forward(*zs: Any) -> Any:
            return ac.jvp(self.s, zs, tuple(vs))[1]

        way = pick(self.rng, ["rr", "fr", "rf", "ff", "hvp"])
        if way == "rr":
            found = _pair(ac.grad(along, self.every)(*xs), us)
        elif way == "fr":
            found = _pair(ac.jvp(gradient, tuple(xs), tuple(us))[1], vs)
        elif way == "rf":
            found = _pair(ac.grad(forward, self.every)(*xs), us)
        elif way == "ff":
            found = float(ac.jvp(forward, tuple(xs), tuple(us))[1])
        else:
            found = _pair(_tuple(ac.hvp(self.s, tuple(xs), tuple(us))), vs)
        slopes = []
        for h in (1e-4, 1e-5):
            up, down = (
                _pair(gradient(*[x + d * h * u for x, u in zip(xs, us, strict=True)]), vs)
                for d in (1, -1)
            )
            slopes.append((up - down) / (2 * h))
        size = max(1.0, abs(slopes[1]), *(float(np.max(np.abs(g), initial=0)) for g in gradients))
        apart = abs(slopes[0] - slopes[1])
        if not np.isfinite([found, *slopes]).all() or apart > 1e-3 * size:
            return "first order"
        if not abs(found - slopes[1]) <= 1e-4 * size + 10 * apart:
            raise self.finding(f"second order {way}, differences", found, slopes)
        return "second order"

    def _batched(self, xs: Any, gradients: Any, vs: Any, us: Any, gradient: Any) -> str:
        """vmap is the loop."""
        points = [xs, [x + 0.01 * v for x, v in zip(xs, vs, strict=True)]]
        stacked = [np.stack(parts) for parts in zip(*points, strict=True)]
        function = pick(self.rng, [self.program, gradient])
        try:
            wanted = [function(*p) for p in points]
        except Exception as error:  # the other point leaves the domain
            if isinstance(error, AutogradError) or function is self.program:
                return "first order"
            raise
        found = ac.vmap(function)(*stacked)
        for k, whole in enumerate(found if isinstance(found, tuple) else (found,)):
            each = [np.asarray(w[k] if isinstance(w, tuple) else w) for w in wanted]
            if each[0].shape != each[1].shape:
                return "first order"
            scale = np.max(np.abs(each), initial=1.0)
            whole = np.asarray(whole)
            if whole.shape != (2, *each[0].shape):
                raise self.finding("vmap's shape", whole.shape, each[0].shape)
            if np.isfinite(each).all():
                self._close("vmap, loop", whole, np.stack(each), scale, 1e-6)
        return "vmap"

    def _again(self, xs: Any, gradients: Any, vs: Any, us: Any, gradient: Any) -> str:
        """The other ways to the same first derivative."""
        way = int(self.rng.integers(4))
        if way == 0:
            found = ac.grad(ac.checkpoint(self.s), self.every)(*xs)
        elif way == 1:
            found = _tuple(ac.vjp(self.s, *xs)[1](1.0))
        elif way == 2:
            found = ac.value_and_grad(self.s, self.every)(*xs)[1]
        else:
            pushed = ac.linearize(self.s, *xs)[1](*vs)
            self._close("linearize", pushed, _pair(gradients, vs), abs(pushed))
            return "first order again"
        for g, w in zip(found, gradients, strict=True):
            self._close(f"another way ({way})", g, w, np.max(np.abs(w), initial=1.0), 1e-9)
        return "first order again"

    def _tape(self, xs: Any, gradients: Any, vs: Any, us: Any, gradient: Any) -> str:
        """backward() twice, gradients() and create_graph on a tape made by hand."""
        tracked = [Tensor(x, requires_grad=True) for x in xs]
        s = self.s(*tracked)
        first = ac.gradients(s, tracked, create_graph=True)
        total: Any = 0.0
        for g, w, v in zip(first, gradients, vs, strict=True):
            wanted = np.conj(w)  # by hand the convention is PyTorch's
            scale = np.max(np.abs(w), initial=1.0)
            got = np.zeros_like(wanted) if g is None else g.detach().data
            self._close("gradients()", got, wanted, scale)
            if g is not None:
                total = total + np.sum(np.real(g * np.conj(v)))
        if isinstance(total, Tensor) and total.requires_grad:
            found = ac.gradients(total, tracked)
            wanted = ac.jvp(gradient, tuple(xs), tuple(vs))[1]
            for g, w in zip(found, wanted, strict=True):
                got = np.zeros_like(w) if g is None else g.detach().data
                if np.isnan(got).any() and DECOMPOSED.search(str(self.program)):
                    return "equal singular values"  # docs/kinks.md: the second derivative is NaN
                if np.isfinite(w).all():
                    scale = np.max(np.abs(w), initial=1.0)
                    self._close("tape's second order", got, np.conj(w), scale, 1e-6)
        s.backward(retain_graph=True)
        s.backward()
        for t, w in zip(tracked, gradients, strict=True):
            twice = np.zeros_like(w) if t.grad is None else t.grad.data
            scale = np.max(np.abs(w), initial=1.0)
            self._close("two backward()", twice, 2 * np.conj(w), scale)
        return "tape"


def _tuple(found: Any) -> tuple[Any, ...]:
    """Return what a transform gives for one argument as it gives it for several."""
    return found if isinstance(found, tuple) else (found,)


def _pair(gradients: Any, vs: Any) -> float:
    """Return Re <g, v>, the transforms' pairing."""
    return float(sum(np.sum(np.real(g * v)) for g, v in zip(gradients, vs, strict=True)))
