"""One row of the table: a function, and how to draw the arguments it is checked at."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Draw = Callable[[np.random.Generator], Any]


@dataclass(frozen=True)
class Case:
    """A function of arrays, written in NumPy, with what is known of it.

    ``forms`` are other spellings (operator, method) that must give the same
    value and derivatives.  ``analytic`` says that the function extends to
    complex numbers, so that the complex step is an independent check.
    ``order`` 1 means that second derivatives do not exist at the drawn points.
    ``float32`` False: the function computes in double precision whatever it gets.
    ``core`` False: not among the operations that every kind of array must support.
    ``agreement``: how closely <Jv, w> = <v, J'w> must hold (looser for solvers).
    """

    name: str
    f: Callable[..., Any]
    draws: tuple[Draw, ...]
    forms: tuple[Callable[..., Any], ...] = ()
    analytic: bool = True
    order: int = 2
    float32: bool = True
    core: bool = True
    rtol: float = 1e-7
    agreement: float = 1e-10

    def arguments(self, seed: int = 0) -> list[Any]:
        """Draw the arguments, the same ones every time."""
        rng = np.random.default_rng([zlib.crc32(self.name.encode()), seed])
        return [np.asarray(draw(rng)) for draw in self.draws]

    def __str__(self) -> str:
        return self.name

    @property
    def operation(self) -> str:
        """What the rows of one operation have in common: the first word of their names, or two."""
        words = self.name.split("-")
        return "-".join(words[: 2 if words[0] in ("scipy", "complex") else 1])


def real(*shape: int) -> Draw:
    """Both signs, magnitudes from 0.3 to 1.7: away from the kinks at 0."""
    return lambda rng: rng.uniform(0.3, 1.7, shape) * rng.choice([-1.0, 1.0], shape)


def positive(*shape: int) -> Draw:
    return lambda rng: rng.uniform(0.4, 2.0, shape)


def unit(*shape: int) -> Draw:
    """Inside (-1, 1), away from 0 and the ends."""
    return lambda rng: rng.uniform(0.15, 0.85, shape) * rng.choice([-1.0, 1.0], shape)


def between(low: float, high: float, *shape: int) -> Draw:
    return lambda rng: rng.uniform(low, high, shape)


def above(low: float, *shape: int) -> Draw:
    return lambda rng: rng.uniform(low, low + 2.0, shape)


def broken(*shape: int) -> Draw:
    """Away from integers and halves, where rounding jumps."""
    return lambda rng: rng.integers(-3, 3, shape) + rng.uniform(0.1, 0.4, shape)


def distinct(*shape: int) -> Draw:
    """No two elements closer than 0.1: orderings do not change under small steps."""
    size = int(np.prod(shape, dtype=int))
    return lambda rng: ((rng.permutation(size) - size / 2 + 0.3) * 0.17).reshape(shape)


def matrix(*shape: int) -> Draw:
    """Square and well-conditioned, not symmetric."""
    n = shape[-1]
    return lambda rng: rng.uniform(-1, 1, shape) + 2.0 * np.eye(n)


def spd(*shape: int) -> Draw:
    """Symmetric positive definite."""

    def draw(rng: np.random.Generator) -> Any:
        a = rng.uniform(-1, 1, shape)
        return a @ np.swapaxes(a, -1, -2) + np.eye(shape[-1])

    return draw


def fixed(value: Any) -> Draw:
    return lambda rng: np.array(value, dtype=float)


NUMPY = tuple(map(int, np.__version__.split(".")[:2]))


def since(version: str, *cases: Case) -> list[Case]:
    """Return cases of what this and later NumPy can do; nothing under an older one."""
    return list(cases) if tuple(map(int, version.split("."))) <= NUMPY else []


def before(version: str, *cases: Case) -> list[Case]:
    """Return cases of what NumPy could do until this version."""
    return [] if since(version, *cases) else list(cases)


def named(name: str, f: Callable[..., Any], *draws: Draw, **known: Any) -> Case:
    return Case(name, f, draws, **known)


def unary(f: Any, draw: Callable[..., Draw] = real, **known: Any) -> list[Case]:
    """The usual shapes of a function of one array, elementwise."""
    name = known.pop("name", getattr(f, "__name__", "f"))
    return [
        Case(f"{name}-matrix", f, (draw(3, 2),), **known),
        Case(f"{name}-scalar", f, (draw(),), **known),
        Case(f"{name}-empty", f, (draw(0, 2),), **known),
    ]


PAIRS: Sequence[tuple[tuple[int, ...], tuple[int, ...]]] = (
    ((2, 3), (2, 3)),
    ((3, 1), (4,)),
    ((), (2, 2)),
    ((2, 1, 3), (2, 1)),
    ((0, 2), (2,)),
    ((), ()),
)


def binary(
    f: Any,
    first: Callable[..., Draw] = real,
    second: Callable[..., Draw] = real,
    pairs: Sequence[tuple[tuple[int, ...], tuple[int, ...]]] = PAIRS,
    **known: Any,
) -> list[Case]:
    """The usual pairs of shapes of a function of two arrays, broadcast."""
    name = known.pop("name", getattr(f, "__name__", "f"))
    return [
        Case(
            f"{name}-{'x'.join(map(str, a)) or '0d'}-{'x'.join(map(str, b)) or '0d'}",
            f,
            (first(*a), second(*b)),
            **known,
        )
        for a, b in pairs
    ]
