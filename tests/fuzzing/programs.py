"""Drawing a program: it grows step by step while NumPy runs it, so most of it is valid."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fuzzing import changing, elementwise, products, reductions, shaping
from fuzzing.drawing import Rng, Step, an_array, chance, pick

FAMILIES = [
    *(elementwise.FAMILIES * 2),
    *reductions.FAMILIES,
    *shaping.FAMILIES,
    *products.FAMILIES,
    *changing.FAMILIES,
]
LARGEST = 400  # elements of any value


@dataclass(frozen=True)
class Program:
    """A straight-line program and the arrays it starts from."""

    arrays: list[Any]
    steps: list[tuple[Step, tuple[int, ...]]]
    writes: bool

    def __call__(self, *arrays: Any) -> Any:
        """Run on arrays, Tensors, Duals, batches: whatever comes."""
        # what is written into must not be the caller's
        values = [own(a) for a in arrays] if self.writes else list(arrays)
        for step, places in self.steps:
            values.append(advance(step, [values[p] for p in places]))
        return values[-1]

    def __str__(self) -> str:
        start = ", ".join(f"{a.shape} {a.dtype}" for a in self.arrays)
        calls = "; ".join(f"v{len(self.arrays) + k} = {step.name} of {list(places)}"
                          for k, (step, places) in enumerate(self.steps))  # fmt: skip
        return f"[{start}] {'(copies) ' if self.writes else ''}{calls}"


def own(a: Any) -> Any:
    """A copy; of 0-d arrays the number."""
    return np.copy(a) if np.ndim(a) else a[()] if isinstance(a, np.ndarray) else a


class TooLarge(ValueError):
    """A program grew out of proportion, or to nothing."""


def advance(step: Step, values: list[Any]) -> Any:
    """Run one step; of several results the first."""
    made = step.f(*values)
    while isinstance(made, (list, tuple)):
        if not made:
            raise TooLarge("nothing to go on with")
        made = made[0]
    if getattr(made, "dtype", None) == np.float16:
        raise TooLarge("half precision, where rounding decides everything")
    if np.size(made) > LARGEST:
        raise TooLarge("too large for a fuzz program")
    return made


def draw(rng: Rng) -> tuple[Program, Any]:
    """Return a program and what NumPy makes of it: a value, or the exception."""
    arrays = [an_array(rng) for _ in range(int(rng.integers(1, 4)))]
    writes = chance(rng, 0.25)
    families: list[Callable[..., Step]] = FAMILIES + changing.WRITING * 8 if writes else FAMILIES
    length = int(rng.integers(1, 8))
    tolerant = chance(rng, 0.2)  # keeps a step that NumPy refuses, and ends there
    steps: list[tuple[Step, tuple[int, ...]]] = []
    # scalars instead of 0-d arrays, as the engine holds them
    values = [np.array(a, copy=True)[()] for a in arrays]
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for _ in range(6 * length):
            if len(steps) == length:
                break
            last = len(values) - 1
            first = last if chance(rng, 0.7) else int(rng.integers(len(values)))
            step = pick(rng, families)(rng, np.asarray(values[first]))
            places = (first, *(int(rng.integers(len(values))) for _ in range(step.arity - 1)))
            kept = [np.copy(v) if np.ndim(v) else v for v in values] if step.writes else None
            try:
                made = advance(step, [values[p] for p in places])
            except TooLarge:
                pass
            except Exception as error:
                if tolerant:
                    steps.append((step, places))
                    return Program(arrays, steps, writes), error
            else:
                steps.append((step, places))
                values.append(made)
                continue
            if kept is not None:  # half a write may have happened: start again from here
                return Program(arrays, steps, writes), values[-1]
    return Program(arrays, steps, writes), values[-1]
