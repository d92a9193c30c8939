"""numpy.random, whose draws keep the derivatives of parameters that an exact formula has.

``rng.normal(mu, sigma)`` is ``mu + sigma * z``, where the noise z does not depend on the
parameters.  So the draw has derivatives (D. Kingma and M. Welling, "Auto-encoding variational
Bayes", 2014).  NumPy's draws are compiled and ask nobody, hence this module (decision 207).  With
constants they are NumPy's own; with traced parameters the numbers are NumPy's too, to the last
bit and in the same order.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

import numpy

from autograd_core.base import errors
from autograd_core.base.source import Location
from autograd_core.numpy.names import named
from autograd_core.operations.nested_sequences import holds
from autograd_core.operations.primitive import Boxed, innermost_array
from autograd_core.transforms.random_sources import put_back, state_of
from autograd_core.transforms.randomness import draw

_asarray: Any = named("asarray")
_REQUIRED = object()


class _Rule(NamedTuple):
    """A distribution: its parameters, noise that does not depend on them, and a formula of both."""

    defaults: dict[str, Any]
    noise: Callable[..., Any]  # of a source, a shape, and the parameters without derivative
    formula: Callable[..., Any]
    constants: tuple[str, ...] = ()  # parameters without derivative, which the noise depends on


def _moved(name: str) -> _Rule:
    """Return the rule of a distribution that has a location and a scale."""
    return _Rule(
        {"loc": 0.0, "scale": 1.0},
        lambda source, n: getattr(source, name)(size=n),
        lambda z, loc, scale: loc + scale * z,
    )


def _uniform(source: Any, n: Any) -> Any:
    return source.random(n)


def _exponential(source: Any, n: Any) -> Any:
    return source.standard_exponential(n)


def _triangular(u: Any, left: Any, mode: Any, right: Any) -> Any:
    base, below, above = right - left, mode - left, right - mode
    first = u * base <= below
    root = numpy.sqrt(numpy.where(first, u * below, (1.0 - u) * above) * base)
    return numpy.where(first, left + root, right - root)


_RULES = {
    "normal": _moved("normal"),
    "laplace": _moved("laplace"),
    "logistic": _moved("logistic"),
    "gumbel": _moved("gumbel"),
    "lognormal": _Rule(
        {"mean": 0.0, "sigma": 1.0},
        lambda source, n: source.standard_normal(n),
        lambda z, mean, sigma: numpy.exp(mean + sigma * z),
    ),
    "uniform": _Rule(
        {"low": 0.0, "high": 1.0}, _uniform, lambda u, low, high: low + (high - low) * u
    ),
    "triangular": _Rule(dict.fromkeys(("left", "mode", "right"), _REQUIRED), _uniform, _triangular),
    "exponential": _Rule({"scale": 1.0}, _exponential, lambda e, scale: scale * e),
    "rayleigh": _Rule(
        {"scale": 1.0}, lambda source, n: source.rayleigh(size=n), lambda z, scale: scale * z
    ),
    "weibull": _Rule({"a": _REQUIRED}, _exponential, lambda e, a: e ** (1.0 / a)),
    "pareto": _Rule({"a": _REQUIRED}, _exponential, lambda e, a: numpy.expm1(e / a)),
    "power": _Rule(
        {"a": _REQUIRED}, _exponential, lambda e, a: (-numpy.expm1(-e)) ** (1.0 / a)
    ),
    "gamma": _Rule(
        {"shape": _REQUIRED, "scale": 1.0},
        lambda source, n, shape: source.standard_gamma(shape, n),
        lambda z, shape, scale: scale * z,
        ("shape",),
    ),
}  # fmt: skip


# --- numbers that are NumPy's own -----------------------------------------------------------------


def _bits(source: Any) -> Any:
    return source.bit_generator if isinstance(source, numpy.random.Generator) else (
        source._bit_generator
    )  # fmt: skip


def _is_number(value: Any, parameter: Any) -> bool:
    """Whether a value is plain numbers: no batch, and nothing that `compile` writes down."""
    return not isinstance(value, Boxed) and numpy.ndim(value) == numpy.ndim(parameter)


def _exact(
    source: Any,
    numpys: Callable[..., Any],
    parameters: list[Any],
    noise: Callable[[], Any],
    formula: Callable[..., Any],
) -> Any:
    """Return the formula of noise, moved by its rounding to the number that NumPy draws."""
    numbers = [innermost_array(p) for p in parameters]
    if not all(map(_is_number, numbers, parameters)):
        return formula(noise(), *parameters)
    with _bits(source).lock:
        before = state_of(source)
        wanted = numpys(*numbers)  # it also refuses what is out of range
        after = state_of(source)
        put_back(source, before)
        try:
            z = noise()
        finally:
            put_back(source, after)
    made = formula(z, *parameters)
    found = innermost_array(made)
    if numpy.shape(found) != numpy.shape(wanted):  # one draw for each example of a batch
        return made
    rounding = numpy.subtract(wanted, found)
    return made + rounding if numpy.any(rounding) and numpy.isfinite(rounding).all() else made


def _size(size: Any) -> tuple[int, ...]:
    return () if size is None else (size,) if numpy.ndim(size) == 0 else tuple(size)


def _drawn(name: str, numpys: Callable[..., Any], source: Any, *args: Any, **keywords: Any) -> Any:
    """Draw from one of the distributions of `_RULES`."""
    rule = _RULES[name]
    names = (*rule.defaults, "size")
    given = {**rule.defaults, "size": None, **dict(zip(names, args, strict=False)), **keywords}
    size = given.pop("size")
    untraced = not any(map(holds, given.values()))
    odd = len(args) > len(names) or given.keys() != rule.defaults.keys()
    if untraced or odd or any(v is _REQUIRED for v in given.values()):
        return numpys(source, *args, **keywords)
    for k in rule.constants:
        if holds(given[k]):
            raise errors.ConversionError(
                f"{name}: what is drawn is no exact formula of {k} and of noise. Pass a constant "
                f"{k} (x.detach()), or differentiate the logarithm of the density.",
                Location.of_caller(),
            )
    parameters = [_asarray(v) if holds(v) else v for v in given.values()]
    shapes = [numpy.shape(p) for p in parameters]
    shape = None if size is None else _size(size)
    try:
        wide = numpy.broadcast_shapes(*shapes, *([] if shape is None else [shape]))
    except ValueError:
        wide = None
    if wide is None or (shape is not None and wide != shape):
        raise errors.ShapeError(
            f"{name}: parameters of shapes {', '.join(map(str, shapes))} do not fit into "
            f"size={size}." if size is not None else
            f"{name}: parameters of shapes {', '.join(map(str, shapes))} do not broadcast.",
            Location.of_caller(),
        )  # fmt: skip
    fixed = [given[k] for k in rule.constants]
    return _exact(
        source,
        lambda *numbers: numpys(source, *numbers, size=size),
        parameters,
        lambda: draw(lambda n: rule.noise(source, n, *fixed), wide, name),
        rule.formula,
    )


def _multivariate_normal(
    numpys: Callable[..., Any],
    source: Any,
    mean: Any,
    cov: Any,
    size: Any = None,
    check_valid: str = "warn",
    tol: float = 1e-8,
    **more: Any,
) -> Any:
    if not (holds(mean) or holds(cov)):
        return numpys(source, mean, cov, size, check_valid, tol, **more)
    mean, cov = _asarray(mean), _asarray(cov)
    method = more.get("method", "svd")

    def formula(z: Any, mean: Any, cov: Any) -> Any:
        if isinstance(source, numpy.random.RandomState):
            _, s, v = numpy.linalg.svd(cov)
            return z @ (numpy.sqrt(s)[:, None] * v) + mean
        if method == "cholesky":
            factor = numpy.linalg.cholesky(cov)
        elif method == "eigh":
            s, u = numpy.linalg.eigh(cov)
            factor = u * numpy.sqrt(s)
        else:
            u, s, _ = numpy.linalg.svd(cov)
            factor = u * numpy.sqrt(s)
        return mean + z @ factor.T

    shape = (*_size(size), mean.shape[0])
    return _exact(
        source,
        lambda *numbers: numpys(source, *numbers, size, check_valid, tol, **more),
        [mean, cov],
        lambda: draw(source.standard_normal, shape, "multivariate_normal"),
        formula,
    )


# --- draws of elements, whose places are constants ------------------------------------------------


def _places(name: str, call: Callable[[], Any]) -> Any:
    """Return the places that are drawn: of a batch one drawing for each example, if asked."""

    def sample(lead: tuple[int, ...]) -> Any:
        if not lead:
            return call()
        drawings = [call() for _ in range(int(numpy.prod(lead)))]
        return numpy.reshape(drawings, (*lead, *numpy.shape(drawings[0])))

    return draw(sample, (), name)


def _choice(
    numpys: Callable[..., Any], source: Any, a: Any, size: Any = None, replace: bool = True,
    p: Any = None, axis: int = 0, **more: Any,
) -> Any:  # fmt: skip
    if holds(p):
        raise errors.ConversionError(
            "choice: an element that is drawn has no derivative to its probabilities p: pass "
            "constants (x.detach()), and differentiate the logarithm of its probability.",
            Location.of_caller(),
        )
    if not holds(a):
        more = {**more, "axis": axis} if axis else more
        return numpys(source, a, size, replace, p, **more)
    a = _asarray(a)
    if isinstance(source, numpy.random.RandomState) and a.ndim != 1:
        raise errors.ShapeError(
            f"choice: of a RandomState, a must be a vector, not of shape {a.shape}; a Generator "
            "has axis=.",
            Location.of_caller(),
        )
    found = _places("choice", lambda: numpys(source, a.shape[axis], size, replace, p, **more))
    return numpy.take(a, found, axis=axis)


def _permutation(numpys: Callable[..., Any], source: Any, x: Any, axis: int = 0) -> Any:
    if not holds(x):
        return numpys(source, x, axis) if axis else numpys(source, x)
    x = _asarray(x)
    found = _places("permutation", lambda: numpys(source, x.shape[axis]))
    return numpy.take(x, found, axis=axis)


def _shuffle(numpys: Callable[..., Any], source: Any, x: Any, axis: int = 0) -> None:
    if holds(x):
        x[...] = _permutation(type(source).permutation, source, x, axis)
    else:
        numpys(source, x, *([axis] if axis else []))


def _permuted(numpys: Callable[..., Any], source: Any, x: Any, **how: Any) -> Any:
    if not holds(x) or how.get("out") is not None:
        return numpys(source, x, **how)
    x, axis = _asarray(x), how.get("axis")
    places = numpy.arange(x.size) if axis is None else numpy.arange(x.shape[axis])
    shape = [1 if axis is not None and k != axis % x.ndim else n for k, n in enumerate(x.shape)]
    places = numpy.broadcast_to(places.reshape(shape), x.shape)
    found = _places("permuted", lambda: numpys(source, places, **how))
    return numpy.ravel(x)[found] if axis is None else numpy.take_along_axis(x, found, axis)


_OTHERS: dict[str, Callable[..., Any]] = {
    "multivariate_normal": _multivariate_normal, "choice": _choice, "permutation": _permutation,
    "shuffle": _shuffle, "permuted": _permuted,
}  # fmt: skip


# --- NumPy's classes and functions ----------------------------------------------------------------


def _method(kind: Any, name: str) -> Callable[..., Any]:
    """Return a method of Generator or RandomState that keeps derivatives."""
    numpys = getattr(kind, name)
    other = _OTHERS.get(name)

    @wraps(numpys)
    def method(self: Any, *args: Any, **keywords: Any) -> Any:
        if other is not None:
            return other(numpys, self, *args, **keywords)
        return _drawn(name, numpys, self, *args, **keywords)

    summary = (numpys.__doc__ or "").partition("\n\n")[2].partition("\n\n")[0].strip()
    method.__doc__ = f"{summary}  As numpy.random's; its parameters may be traced."
    return method


class Generator(numpy.random.Generator):
    """NumPy's Generator, whose draws keep the derivatives of traced parameters.

    Parameters
    ----------
    bit_generator : numpy.random.BitGenerator
        As NumPy's. `default_rng(seed)` makes one of a seed.

    Examples
    --------
    >>> import autograd_core.numpy as np
    >>> from autograd_core import grad
    >>> draw = lambda sigma: np.random.default_rng(0).normal(1.0, sigma)
    >>> round(draw(2.0), 6), round(grad(draw)(2.0), 6)
    (1.25146, 0.12573)
    """

    def __reduce__(self) -> Any:
        return type(self), (self.bit_generator,)


class RandomState(numpy.random.RandomState):
    """NumPy's RandomState, whose draws keep the derivatives of traced parameters.

    Parameters
    ----------
    seed : int, array or numpy.random.BitGenerator, optional
        As NumPy's.

    Examples
    --------
    >>> import autograd_core.numpy as np
    >>> from autograd_core import grad
    >>> draw = lambda scale: np.random.RandomState(0).exponential(scale)
    >>> round(draw(2.0), 6), round(grad(draw)(2.0), 6)
    (1.591749, 0.795875)
    """

    def __reduce__(self) -> Any:
        return type(self), (self._bit_generator,), self.get_state(legacy=False)


_SHARED: Any = numpy.random.mtrand._rand
for _name in (*_RULES, *_OTHERS):
    setattr(Generator, _name, _method(numpy.random.Generator, _name))
    if hasattr(numpy.random.RandomState, _name):
        setattr(RandomState, _name, _method(numpy.random.RandomState, _name))


def _function(name: str) -> Callable[..., Any]:
    """Return a function of the module: it draws from the source that NumPy's functions share."""
    method = vars(RandomState)[name]

    @wraps(method)
    def function(*args: Any, **keywords: Any) -> Any:
        return method(_SHARED, *args, **keywords)

    function.__module__ = __name__
    return function


def default_rng(seed: Any = None) -> Generator:
    """Return a Generator, as numpy.random.default_rng does.

    Parameters
    ----------
    seed : int, array, SeedSequence, BitGenerator, Generator or RandomState, optional
        As NumPy's.

    Returns
    -------
    Generator
        It draws the numbers that NumPy's draws of the same seed.

    Examples
    --------
    >>> import autograd_core.numpy as np
    >>> round(np.random.default_rng(0).normal(), 6)
    0.12573
    """
    made = numpy.random.default_rng(seed)
    return made if isinstance(made, Generator) else Generator(made.bit_generator)


_FUNCTIONS = {name: _function(name) for name in (*_RULES, *_OTHERS) if name in vars(RandomState)}
__all__ = ["Generator", "RandomState", "default_rng"]


def __getattr__(name: str) -> Any:
    return _FUNCTIONS[name] if name in _FUNCTIONS else getattr(numpy.random, name)


def __dir__() -> list[str]:
    return sorted({*__all__, *numpy.random.__all__})
