"""Loops of many steps differentiated with few states in memory: binomial checkpointing.

A reverse sweep through l steps needs the states in opposite order.  With s
snapshots the fewest steps are taken again when each stretch is cut at binomial
places; the number is t(l, s) = r l - C(s + r, s + 1), where r is the least with
l <= C(s + r, s).  (A. Griewank, "Achieving logarithmic growth of temporal and
spatial complexity in reverse automatic differentiation", 1992; A. Griewank and
A. Walther, "Algorithm 799: revolve", ACM TOMS 26, 2000.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from math import comb
from typing import Any, NamedTuple

import numpy as np

from autograd_core.base import errors, tree
from autograd_core.base.source import Location
from autograd_core.operations.declare import primitive
from autograd_core.operations.modes import no_grad
from autograd_core.operations.primitive import Boxed, bare
from autograd_core.transforms.derivatives import pushed as jvp
from autograd_core.transforms.derivatives import transpose as vjp


class Action(NamedTuple):
    """One move of a schedule.

    Attributes
    ----------
    kind : str
        "advance" from state `start` to state `stop`; "snapshot": keep state
        `start`; "restore" it; "reverse": differentiate the step from `start` to
        `stop`; "free" its snapshot.
    start, stop : int
        States, counted in steps from the beginning.
    """

    kind: str
    start: int
    stop: int


def _repetitions(steps: int, snapshots: int) -> int:
    """Return the least r with steps <= C(snapshots + r, snapshots)."""
    r = 0
    while comb(snapshots + r, snapshots) < steps:
        r += 1
    return r


def advances(steps: int, snapshots: int) -> int:
    """Return the fewest forward steps with which a loop can be reversed.

    Not counted are the recorded ones, one for each step, that the reversal
    itself takes.

    Parameters
    ----------
    steps : int
        Length of the loop, l.
    snapshots : int
        States that fit into memory, s; the first one is one of them.

    Returns
    -------
    int
        t(l, s) = r l - C(s + r, s + 1).

    Examples
    --------
    >>> advances(10, 1), advances(10, 3), advances(10, 10)
    (45, 15, 9)
    >>> advances(10_000, 100)                     # two and a half times through
    24747
    """
    _check(steps, snapshots)
    r = _repetitions(steps, snapshots)
    return r * steps - (comb(snapshots + r, snapshots + 1) if r else 0)


def _check(steps: int, snapshots: int) -> None:
    if steps < 1 or snapshots < 1:
        raise errors.ShapeError(
            f"revolve: {steps} steps with {snapshots} snapshots; at least one of each is needed.",
            Location.of_caller(),
        )


def _cut(steps: int, snapshots: int) -> int:
    """Return how far to advance before the next snapshot."""
    r = _repetitions(steps, snapshots)
    farthest = comb(snapshots + r - 1, snapshots)
    return max(1, min(farthest, steps - comb(snapshots + r - 2, snapshots - 1)))


def schedule(steps: int, snapshots: int) -> Iterator[Action]:
    """Yield the moves of an optimal reversal; state 0 is in the first snapshot.

    Parameters
    ----------
    steps, snapshots : int
        As for `advances`.

    Yields
    ------
    Action
        Each step is reversed once, from the last to the first, at most
        `snapshots` states are kept at a time, and `advances` steps are taken.

    Examples
    --------
    >>> for action in schedule(3, 2):
    ...     print(action.kind, action.start, action.stop)
    advance 0 1
    snapshot 1 1
    advance 1 2
    reverse 2 3
    restore 1 1
    reverse 1 2
    free 1 1
    restore 0 0
    reverse 0 1
    """
    _check(steps, snapshots)
    stack = [(0, steps, snapshots, False)]  # reverse start..stop with so many snapshots
    fresh = True  # whether the current state is that stretch's first
    while stack:
        start, stop, left, done = stack.pop()
        if done:  # everything after start is reversed: its snapshot is no longer needed
            yield Action("free", start, start)
            fresh = False
            continue
        if not fresh:
            yield Action("restore", start, start)
        fresh = False
        length = stop - start
        if length == 1:
            yield Action("reverse", start, stop)
            continue
        if left == 1:
            yield Action("advance", start, stop - 1)
            yield Action("reverse", stop - 1, stop)
            stack.append((start, stop - 1, 1, False))
            continue
        middle = start + _cut(length, left)
        yield Action("advance", start, middle)
        stack.append((start, middle, left, False))
        if stop - middle == 1:
            yield Action("reverse", middle, stop)
            continue
        yield Action("snapshot", middle, middle)
        stack.append((middle, middle, 0, True))
        stack.append((middle, stop, left - 1, False))
        fresh = True


class Counts:
    """How many steps a loop has taken.

    Attributes
    ----------
    evaluated : int
        Steps taken without recording, in evaluations and in reversals.
    reversed : int
        Steps recorded and differentiated.
    kept : int
        Most snapshots in memory at a time.
    """

    def __init__(self) -> None:
        self.evaluated = self.reversed = self.kept = 0

    def __repr__(self) -> str:
        return f"Counts(evaluated={self.evaluated}, reversed={self.reversed}, kept={self.kept})"


class _Loop:
    """One run of a loop: its pytrees, and the snapshots that its evaluation left behind."""

    def __init__(self, owner: Revolve, state: Any, args: Any) -> None:
        self.owner = owner
        self.state = tree.map_leaves(lambda v: 0, state)
        self.args = tree.map_leaves(lambda v: 0, args)
        self.width = len(tree.leaves(state))
        self.snapshots: dict[int, list[Any]] = {}

    def step(self, k: int, flat: Sequence[Any]) -> list[Any]:
        """Take step k from flat = state and arguments; return the next state's leaves."""
        state = tree.like(self.state, flat[: self.width])
        made = self.owner.step(state, k, *tree.like(self.args, flat[self.width :]))
        if not tree.same_structure(self.state, made):
            raise errors.ShapeError(
                f"revolve: step {k} returned arrays nested differently from those it was given; "
                "the state must keep its structure.",
                Location.of_caller(),
            )
        return tree.leaves(made)

    def advance(self, start: int, stop: int, state: list[Any], args: Sequence[Any]) -> list[Any]:
        with no_grad():
            for k in range(start, stop):
                state = self.step(k, [*state, *args])
        self.owner.counts.evaluated += stop - start
        return state

    def evaluate(self, *flat: Any) -> tuple[Any, ...]:
        """Run the loop; keep the snapshots that the reversal will want first."""
        state, args = list(flat[: self.width]), flat[self.width :]
        place = 0
        actions = schedule(self.owner.steps, self.owner.snapshots)
        for action in takewhile(lambda a: a.kind in ("advance", "snapshot"), actions):
            if action.kind == "advance":
                state = self.advance(place, action.stop, state, args)
                place = action.stop
            else:
                self.snapshots[place] = state
        if place:
            self.snapshots[place] = state  # the reversal starts from here
        return tuple(self.advance(place, self.owner.steps, state, args))

    def pull(self, g: Sequence[Any], flat: Sequence[Any]) -> tuple[Any, ...]:
        """Sweep back through the steps by the schedule."""
        counts = self.owner.counts
        first, args = list(flat[: self.width]), list(flat[self.width :])
        plain = not any(isinstance(v, Boxed) for v in flat)
        found, self.snapshots = (self.snapshots if plain else {}), {}
        kept: dict[int, list[Any]] = {0: first}
        state, place = first, 0
        adjoint = list(g)
        total: list[Any] = [None] * len(args)
        for action in schedule(self.owner.steps, self.owner.snapshots):
            if action.kind == "advance":
                target = action.stop
                if target in found:  # the evaluation left it behind
                    state, place = found.pop(target), target
                elif plain:
                    state, place = self.advance(place, target, state, args), target
                else:
                    for k in range(place, target):
                        state = self.step(k, [*state, *args])
                    place = target
            elif action.kind == "snapshot":
                kept[place] = state
                counts.kept = max(counts.kept, len(kept))
            elif action.kind == "restore":
                place = action.start
                state = kept[place]
            elif action.kind == "free":
                del kept[action.start]
            else:
                counts.reversed += 1
                back = self._reverse(action.start, [*state, *args], adjoint)
                adjoint = list(back[: self.width])
                for j, c in enumerate(back[self.width :]):
                    total[j] = c if total[j] is None else total[j] + c
        return (*adjoint, *total)

    def _reverse(self, k: int, flat: list[Any], adjoint: list[Any]) -> Sequence[Any]:
        _, pullback = vjp(lambda *flat: tuple(self.step(k, flat)), *flat)
        back: Sequence[Any] = pullback(tuple(adjoint))
        return back


def _push(ts: Any, y: Any, *flat: Any, loop: _Loop) -> Any:
    def run(*flat: Any) -> Any:
        state = list(flat[: loop.width])
        for k in range(loop.owner.steps):
            state = loop.step(k, [*state, *flat[loop.width :]])
        return tuple(state)

    return jvp(run, flat, tuple(ts))[1]


_revolved = primitive(
    lambda *flat, loop: loop.evaluate(*flat),
    vjp=lambda g, y, *flat, loop: loop.pull(g, flat),
    jvp=_push,
    name="revolve",
    arity=None,
    multiple=True,
    category="checkpoint",
)


class Revolve:
    """A loop ``state = step(state, k, *args)`` that keeps a given number of states; see `revolve`.

    Attributes
    ----------
    counts : Counts
        Steps taken so far, over all runs.
    """

    def __init__(self, step: Callable[..., Any], steps: int, snapshots: int) -> None:
        _check(steps, snapshots)
        self.step, self.steps, self.snapshots = step, steps, snapshots
        self.counts = Counts()

    def __call__(self, state: Any, *args: Any) -> Any:
        """Return the state after all steps."""
        loop = _Loop(self, state, args)
        flat = [_floating(v) for v in (*tree.leaves(state), *tree.leaves(args))]
        if not loop.width:
            raise errors.ShapeError("revolve: the state holds no array.", Location.of_caller())
        made = _revolved(*flat, loop=loop)
        return tree.like(loop.state, made)


def _floating(value: Any) -> Any:
    if isinstance(value, Boxed):
        return value
    made = value if hasattr(value, "dtype") else np.asarray(value, dtype=float)[()]
    if bare(made).dtype.kind not in "fc":
        raise errors.DTypeError(
            f"revolve: an argument of {made.dtype}; give floating-point values, and keep integers "
            "in a closure.",
            Location.of_caller(),
        )
    return made


def revolve(step: Callable[..., Any], steps: int, snapshots: int) -> Revolve:
    """Return a loop of many steps whose derivative keeps few states in memory.

    Parameters
    ----------
    step : callable
        ``step(state, k, *args)`` returns the next state: a pytree of arrays of
        the same structure.  It is called again for some steps, so it must give
        the same each time.
    steps : int
        How many.
    snapshots : int
        States kept at a time, the first included.

    Returns
    -------
    Revolve
        ``loop(state, *args)`` returns the last state; differentiable in both,
        in every mode.  ``loop.counts`` says how many steps were taken.

    Raises
    ------
    ShapeError
        If there is no step or no snapshot, or the state changes its structure.

    Examples
    --------
    >>> from autograd_core import grad
    >>> from autograd_core.revolve import advances, revolve
    >>> loop = revolve(lambda x, k, a: x + 0.001 * np.sin(a * x), 1000, 10)
    >>> g = grad(lambda a: loop(1.0, a))(2.0)
    >>> loop.counts
    Counts(evaluated=3637, reversed=1000, kept=10)
    >>> advances(1000, 10) + 1                  # the evaluation's last step is the one more
    3637
    """
    return Revolve(step, steps, snapshots)
