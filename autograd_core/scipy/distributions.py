"""SciPy's distributions: their own values, with derivatives.

For every continuous distribution the derivatives in x, location and scale of the functions of
probability follow from the density: that of cdf is pdf, that of ppf is 1 / pdf.  What follows
from nothing (the score of the density, shape parameters) is declared in `densities`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from autograd_core.operations.declare import elementwise
from autograd_core.operations.primitive import Primitive
from autograd_core.scipy.values import along, is_traced, refuse, refuse_traced

Function = Callable[..., Any]

DENSITIES = ("pdf", "logpdf", "pmf", "logpmf")
PROBABILITIES = ("cdf", "sf", "logcdf", "logsf")
QUANTILES = ("ppf", "isf")
MOMENTS = ("mean", "var", "std", "entropy")


@dataclass(frozen=True)
class Known:
    """What is known of a distribution in standard form, to be differentiated.

    Every entry is a function of z and the shapes (of the shapes alone for moments) whose
    derivative is right inside of the support; its value is never used.
    """

    log: Function | None = None
    cdf: Function | None = None
    mass: Function | None = None  # of counts: the probability, where log's slope is 0/0
    tails: dict[str, Function] = field(default_factory=dict)  # logcdf, logsf, where pdf / cdf is
    # a difference of large logarithms
    moments: dict[str, Function] = field(default_factory=dict)  # mean, var, entropy
    inside: float = 0.5  # a point where log and cdf are smooth whatever the shapes
    fixed: tuple[str, ...] = ()  # shapes that are integers
    largest: Function | None = None  # of counts, by the shapes; None: no bound


class Rules:
    """The partial derivatives of a distribution's methods, for the primitives that stand for them.

    The arguments of a method are ``(x, *shapes, loc, scale)`` (no x for moments, no scale for
    counts); each rule gets the value y, the arguments, and the place k of the one asked for.
    """

    def __init__(self, owner: Any, known: Known) -> None:
        self.of, self.known = owner, known
        self.name, self.counts = owner.name, owner.counts
        self.shapes: tuple[str, ...] = owner.shapes

    def missing(self, method: str, what: str, why: str = "is not known") -> Exception:
        """Return the error for a derivative that there is not."""
        return refuse(
            f"stats.{self.name}.{method}",
            f"the derivative in {what} {why}.",
            "Pass it as a constant (x.detach() on a Tensor).",
        )

    def _split(self, args: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...], Any]:
        """Return the standard argument z, the shapes and the scale."""
        x, rest = args[0], args[1:]
        if self.counts:
            return np.subtract(x, rest[-1]), rest[:-1], 1.0
        return np.subtract(x, rest[-2]) / rest[-1], rest[:-2], rest[-1]

    def _standard(self, f: Function, method: str, valid: Any, args: Any, k: int) -> Any:
        """Return the derivative of f((x - loc) / scale, *shapes) to the k-th argument."""
        z, shapes, scale = self._split(args)
        z = np.where(valid, z, self.known.inside)
        n = len(shapes)
        if 1 <= k <= n:
            if self.shapes[k - 1] in self.known.fixed:
                raise self.missing(method, self.shapes[k - 1], "does not exist (an integer)")
            return along(f, (z, *shapes), k)
        slope = along(f, (z, *shapes), 0)
        return {0: slope, n + 1: -slope, n + 2: -z * slope}[k] / scale

    def _what(self, k: int) -> str:
        names: tuple[str, ...] = ("x", *self.shapes, "loc", "scale")
        return names[k]

    def density(self, method: str, y: Any, args: tuple[Any, ...], k: int) -> Any:
        """Return the slope of pdf, logpdf, pmf, logpmf: 0 outside of the support."""
        logarithm = method.startswith("log")
        steps = self.counts and k in (0, len(self.shapes) + 1)
        if steps:
            raise self.missing(method, self._what(k), "does not exist: counts are integers")
        f = self.known.log
        if f is None:
            raise self.missing(method, self._what(k))
        if self.counts:
            return self._mass(method, y, args, k)
        n = len(self.shapes)
        valid = np.isfinite(y) & ((y != 0) | logarithm)
        made = self._standard(f, method, valid, args, k)
        if k == n + 2:
            made = made - 1.0 / args[-1]
        if not logarithm:
            made = y * made
        return _where_valid(valid, made, y)

    def _mass(self, method: str, y: Any, args: tuple[Any, ...], k: int) -> Any:
        here = self.of.support_holds(*args)
        valid = here & ~np.isnan(y)
        if method == "pmf" and self.known.mass is not None:
            return _where_valid(valid, self._standard(self.known.mass, method, valid, args, k), y)
        made = self._standard(self.known.log, method, valid, args, k)  # type: ignore[arg-type]
        if method == "pmf":
            nothing = y == 0
            made = np.where(nothing, 0, y * np.where(nothing, 0, made))
        return _where_valid(valid, made, y)

    def probability(self, method: str, y: Any, args: tuple[Any, ...], k: int) -> Any:
        """Return the slope of cdf, sf, logcdf, logsf."""
        n = len(self.shapes)
        sign = 1.0 if method.endswith("cdf") else -1.0
        logarithm = method.startswith("log")
        if method in self.known.tails:
            valid = np.isfinite(y) & np.isfinite(self.of.logpdf(*args))
            made = self._standard(self.known.tails[method], method, valid, args, k)
            return _nan_with(y, np.where(valid, made, 0))
        if 1 <= k <= n:
            made = sign * self._in_shape(method, args, k)
            if logarithm:
                made = np.where(made == 0, 0, made / np.exp(np.where(made == 0, 0, y)))
            return _nan_with(y, made)
        if self.counts:
            raise self.missing(method, self._what(k), "does not exist: it is a step function")
        if logarithm:
            density = self.of.logpdf(*args)
            gone = np.isneginf(density) | np.isneginf(y)
            made = np.exp(np.where(gone, -np.inf, density - np.where(gone, 0, y)))
        else:
            made = self.of.pdf(*args)
        z = self._split(args)[0]
        made = np.where(np.isfinite(z), made, 0)
        if k == n + 2:
            made = np.where(made == 0, 0, z) * np.where(z == 0, 0, made)
        return _nan_with(y, (sign if k == 0 else -sign) * made)

    def _in_shape(self, method: str, args: tuple[Any, ...], k: int) -> Any:
        """Return the slope of cdf in a shape."""
        if self.known.cdf is None:
            raise self.missing(method, self._what(k))
        if self.counts:
            z = self._split(args)[0]
            valid = (z >= self.of.scipy.a) & np.isfinite(z)
            if self.known.largest is not None:
                valid = valid & (z < self.known.largest(*args[1:-1]))
        else:
            valid = self.of.pdf(*args) > 0
        made = self._standard(self.known.cdf, method, valid, args, k)
        return np.where(valid, made, 0)

    def quantile(self, method: str, y: Any, args: tuple[Any, ...], k: int) -> Any:
        """Return the slope of ppf and isf."""
        n = len(self.shapes)
        if k == n + 1:
            return _nan_with(y, np.ones_like(y))
        if self.counts:
            raise self.missing(method, self._what(k), "does not exist: it is a step function")
        if k == n + 2:
            return _nan_with(y, (y - args[-2]) / args[-1])
        at = (y, *args[1:])
        density = self.of.pdf(*at)
        if k == 0:
            return (1.0 if method == "ppf" else -1.0) / density
        made = self._in_shape(method, at, k)
        return _nan_with(y, np.where(made == 0, 0, -made / np.where(made == 0, 1, density)))

    def moment(self, method: str, y: Any, args: tuple[Any, ...], k: int) -> Any:
        """Return the slope of mean, var, std, entropy; no x among the arguments."""
        n = len(self.shapes)
        scale = 1.0 if self.counts else args[-1]
        if k == n:  # loc
            return np.ones_like(y) if method == "mean" else np.zeros_like(y)
        if k == n + 1:
            by = {"mean": y - args[n], "var": 2.0 * y, "std": y, "entropy": np.ones_like(y)}
            return by[method] / scale
        f = self.known.moments.get("var" if method == "std" else method)
        if f is None:
            raise self.missing(method, self.shapes[k])
        if self.shapes[k] in self.known.fixed:
            raise self.missing(method, self.shapes[k], "does not exist (an integer)")
        made = along(f, args[:n], k)
        factor = {"mean": scale, "var": scale * scale, "entropy": 1.0, "std": scale * scale}
        made = factor[method] * made
        return _nan_with(y, made / (2.0 * y) if method == "std" else made)


def _where_valid(valid: Any, slope: Any, y: Any) -> Any:
    """Return the slope; 0 where the value is that of nothing, NaN where there is no value."""
    return np.where(valid, slope, np.where(np.isneginf(y) | (y == 0), 0.0, np.nan))


def _nan_with(y: Any, slope: Any) -> Any:
    return np.where(np.isnan(y), np.nan, slope)


def _partial(rule: Function, method: str, k: int) -> Function:
    def partial(y: Any, *args: Any) -> Any:
        with np.errstate(all="ignore"):  # what is not taken may be 0 / 0; SciPy is silent too
            return rule(method, y, args, k)

    return partial


class Distribution:
    """One of SciPy's distributions; its methods take what SciPy's take, and traced values.

    Parameters
    ----------
    distribution : scipy.stats.rv_continuous or rv_discrete
        SciPy's own, which computes every value.
    known : Known, optional
        Declared densities; without them only what follows from the density is differentiable.
    """

    def __init__(self, distribution: Any, known: Known | None = None) -> None:
        self.scipy = distribution
        self.name = distribution.name
        self.counts = hasattr(distribution, "pmf")
        shapes = distribution.shapes
        self.shapes = tuple(s.strip() for s in shapes.split(",")) if shapes else ()
        self._rules = Rules(self, known or Known())
        self._made: dict[str, Primitive] = {}
        self.__doc__ = distribution.__doc__

    def __repr__(self) -> str:
        return f"<scipy.stats.{self.name}, differentiable>"

    def __getattr__(self, name: str) -> Any:
        if name == "scipy":  # while a copy is being made
            raise AttributeError(name)
        method = getattr(self.scipy, name)  # SciPy's AttributeError, if it has none
        if name.startswith("_") or not callable(method):
            return method
        if name in PROBABILITIES + DENSITIES + QUANTILES + MOMENTS:
            return self._bound(name, method)

        def own(*args: Any, **keywords: Any) -> Any:
            remedy = "Pass constants (x.detach() on a Tensor)."
            refuse_traced(f"stats.{self.name}.{name}", remedy, args, keywords)
            return method(*args, **keywords)

        return own

    def _bound(self, name: str, method: Function) -> Function:
        def call(*args: Any, **keywords: Any) -> Any:
            if not is_traced(args, keywords):
                return method(*args, **keywords)
            given = inspect.signature(method).bind(*args, **keywords)
            first = [v for v in given.args[:1] if name not in MOMENTS]
            rest = given.args[len(first) :]
            shapes, loc, *scale = self.scipy._parse_args(*rest, **given.kwargs)
            return self._primitive(name)(*first, *shapes, loc, *(() if self.counts else scale))

        call.__name__ = name
        call.__doc__ = method.__doc__
        return call

    def _primitive(self, name: str) -> Primitive:
        if name not in self._made:
            first = () if name in MOMENTS else ("x",)
            names = (*first, *self.shapes, "loc", *(() if self.counts else ("scale",)))
            rule = self._rules.density
            for methods, r in (
                (PROBABILITIES, self._rules.probability),
                (QUANTILES, self._rules.quantile),
                (MOMENTS, self._rules.moment),
            ):
                rule = r if name in methods else rule
            method = getattr(self.scipy, name)
            self._made[name] = elementwise(
                lambda *args: np.asarray(method(*args))[()],
                *(_partial(rule, name, k) for k in range(len(names))),
                name=f"{self.name}.{name}",
            )
        return self._made[name]

    def support_holds(self, x: Any, *rest: Any) -> Any:
        """Whether counts are whole and in the support."""
        z = np.subtract(x, rest[-1])
        held = (np.floor(z) == z) & (z >= self.scipy.a) & np.isfinite(z)
        largest = self._rules.known.largest
        return held if largest is None else held & (z <= largest(*rest[:-1]))

    def rvs(self, *args: Any, **keywords: Any) -> Any:
        """Draw samples, as SciPy does; they carry no derivative, so no argument may be traced."""
        remedy = (
            "For samples that follow their parameters draw standard ones and write "
            "loc + scale * sample, or ppf of uniform numbers."
        )
        refuse_traced(f"stats.{self.name}.rvs", remedy, args, keywords)
        return self.scipy.rvs(*args, **keywords)

    def median(self, *args: Any, **keywords: Any) -> Any:
        """Return the median."""
        return self.ppf(0.5, *args, **keywords)

    def interval(self, confidence: Any, *args: Any, **keywords: Any) -> Any:
        """Return the interval of equal tails that holds a sample with this probability."""
        if not is_traced(confidence, args, keywords):
            return self.scipy.interval(confidence, *args, **keywords)
        low, high = (1.0 - confidence) / 2, (1.0 + confidence) / 2
        return self.ppf(low, *args, **keywords), self.ppf(high, *args, **keywords)

    def stats(self, *args: Any, **keywords: Any) -> Any:
        """Return mean ("m") and variance ("v"); skew ("s") and kurtosis ("k") of constants only."""
        if not is_traced(args, keywords):
            return self.scipy.stats(*args, **keywords)
        moments = keywords.pop("moments", "mv")
        if set(moments) - set("mv"):
            refuse_traced(f"stats.{self.name}.stats", "Of 'mvsk' use 'm' and 'v'.", args, keywords)
        both = {"m": self.mean, "v": self.var}
        made: tuple[Any, ...] = tuple(both[m](*args, **keywords) for m in "mv" if m in moments)
        return made[0] if len(made) == 1 else made

    def __call__(self, *args: Any, **keywords: Any) -> Frozen:
        """Return the distribution with its parameters held."""
        return Frozen(self, args, keywords)

    freeze = __call__


class Frozen:
    """A distribution with its parameters; they may be traced."""

    def __init__(self, dist: Distribution, args: tuple[Any, ...], keywords: dict[str, Any]) -> None:
        self.dist, self.args, self.kwds = dist, args, keywords
        if not is_traced(args, keywords):
            self._scipy = dist.scipy(*args, **keywords)  # SciPy checks the arguments
        else:
            self._scipy = None
            dist.scipy._parse_args(*args, **keywords)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name in ("dist", "args", "kwds"):
            raise AttributeError(name)
        method = getattr(self.dist, name)
        if not callable(method) or (self._scipy is not None and name == "random_state"):
            return getattr(self._scipy or self.dist, name)
        if name in ("rvs", "expect") and self._scipy is not None:
            return getattr(self._scipy, name)

        def call(*args: Any, **keywords: Any) -> Any:
            if self._scipy is not None and not is_traced(args, keywords):
                return getattr(self._scipy, name)(*args, **keywords)
            if name == "stats" and args:
                keywords = {**keywords, "moments": args[0]}
            if name in (*MOMENTS, "median", "stats", "support"):
                return method(*self.args, **self.kwds, **keywords)
            return method(*args, *self.args, **self.kwds, **keywords)

        call.__name__ = name
        return call

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "random_state":
            self._scipy.random_state = value
        else:
            object.__setattr__(self, name, value)
