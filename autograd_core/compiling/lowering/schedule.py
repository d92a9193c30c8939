"""Which steps run together as loops, and in which order everything runs.

A step only reads, so any order in which values exist before they are read gives the same numbers.
All loops that can run do so at once, then everything else that can, and so on.  What NumPy does
keeps its order beside the guards, which may keep it from running.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush

import numpy as np

from autograd_core.compiling.lowering.kernels import Kernel
from autograd_core.compiling.lowering.loops import Axes, UnfitError
from autograd_core.compiling.lowering.nests import Nest, Work, can_be, nests_of
from autograd_core.compiling.lowering.strides import Lie, is_view, lies
from autograd_core.compiling.program import Program, Step, Value, values_in
from autograd_core.compiling.simplify import LOOPS, drop_unused

CALL = 600.0  # nanoseconds that NumPy takes for an operation, however small
PASS = 0.4  # nanoseconds that NumPy takes for one number of an operation, at least
START = 1500.0  # nanoseconds that calling a kernel takes
LONGEST = 1500  # steps of one kernel: numba's time grows faster than the text


def _reads(step: Step, found: dict[Value, Lie | None], looped: bool) -> list[Value]:
    """Return the values that must exist before a step: for loops, the arrays behind views."""
    if not looped:
        return list(step.uses())
    roots = []
    for value in step.uses():
        lie = found.get(value)
        if lie is not None and lie.value is not None:
            roots.append(lie.value)
    return roots


class Schedule:
    """The steps of a program in groups: each runs as loops, or as NumPy calls.

    Attributes
    ----------
    groups : list
        Pairs of whether it is for loops, and the steps.
    """

    def __init__(self, program: Program, found: dict[Value, Lie | None], exact: bool) -> None:
        steps = program.steps
        self._lies = found
        looped = [can_be(step, found, exact) for step in steps]
        maker = {v: k for k, step in enumerate(steps) for v in step.results if v is not None}
        users: list[list[int]] = [[] for _ in steps]
        waits = [0] * len(steps)

        def after(k: int, earlier: int) -> None:
            users[earlier].append(k)
            waits[k] += 1

        last = None  # the last step that may say something: a guard, or what may raise
        for k, step in enumerate(steps):
            for value in set(_reads(step, found, looped[k])):
                if value in maker:
                    after(k, maker[value])
            if not looped[k] and not is_view(step, found):
                if last is not None:
                    after(k, last)
                last = k
        ready: tuple[list[int], list[int]] = ([], [])
        for k, count in enumerate(waits):
            if not count:
                heappush(ready[looped[k]], k)
        self.groups: list[tuple[bool, list[Step]]] = []
        kind = True
        while ready[0] or ready[1]:
            heap = ready[kind]
            group: list[Step] = []
            while heap and (not kind or len(group) < LONGEST):
                k = heappop(heap)
                group.append(steps[k])
                for user in users[k]:
                    waits[user] -= 1
                    if not waits[user]:
                        heappush(ready[looped[user]], user)
            if group:
                self.groups.append((kind, group))
            if not (kind and heap):
                kind = not kind


def gain(nest: Nest) -> float:
    """Return the nanoseconds that a nest saves, as far as can be said beforehand."""
    saved = 0.0
    for work in nest.works:
        numbers = float(np.prod(nest.shape, dtype=float)) if (
            work.full or work.where
        ) else float(np.size(work.step.result.example))  # fmt: skip
        weight = work.term.scalar.weight if work.term is not None else 0.0
        saved += CALL + numbers * (PASS + weight / 2)
    return saved - PASS * float(np.prod(nest.shape, dtype=float)) - CALL / 2


def _fits(nest: Nest) -> bool:
    """Whether a nest's rows are loops over one stride, and it is worth while."""
    try:
        Axes(nest)
    except UnfitError:
        return False
    return len(nest.works) > 1 or _is_heavy(nest.works[0])


def _is_heavy(work: Work) -> bool:
    return (
        work.term is not None and work.term.scalar.weight > 0 and work.step.result.example.size > 99
    )


class Lowered:
    """A program in which steps are replaced by kernels.

    Attributes
    ----------
    program : Program
    kernels : list of Kernel
    gain : float
        Nanoseconds that a call saves, estimated.
    """

    def __init__(self, program: Program, exact: bool) -> None:
        found = lies(program)
        groups = Schedule(program, found, exact).groups
        units: list[list[Step] | list[Nest]] = []
        self.gain = 0.0
        for looped, steps in groups:
            if looped:
                units += self._pruned(nests_of(steps, found))
            else:
                units.append(steps)
        self.kernels: list[Kernel] = []
        self.program = self._rewritten(program, units, found)

    def _pruned(self, nests: list[Nest]) -> list[list[Step] | list[Nest]]:
        """Return runs of nests that become kernels, and between them steps that stay NumPy's."""
        runs: list[list[Step] | list[Nest]] = []
        run: list[Nest] = []

        def end() -> None:
            saved = sum(map(gain, run)) - START
            if saved > 0:
                self.gain += saved
                runs.append(list(run))
            elif run:
                runs.append([w.step for nest in run for w in nest.works])
            run.clear()

        for nest in nests:
            if _fits(nest):
                run.append(nest)
            else:
                end()
                runs.append([w.step for w in nest.works])
        end()
        return runs

    def _rewritten(
        self, program: Program, units: list[list[Step] | list[Nest]], found: dict[Value, Lie | None]
    ) -> Program:
        loops = [[n for n in unit if isinstance(n, Nest)] for unit in units]
        calls = [[s for s in unit if isinstance(s, Step) and not is_view(s, found)]
                 for unit in units]  # fmt: skip
        read = [_roots_of(nests) for nests in loops]
        readers = Counter(value for values in read for value in values)
        wanted = _wanted(program, calls, found)
        steps: list[Step] = []
        seen: set[Value] = set()
        for k, nests in enumerate(loops):
            if nests:
                made = {w.step.result for n in nests for w in n.works}
                needed = {v for v in made if v in wanted or readers[v] > (v in read[k])}
                kernel = Kernel(nests, needed)
                self.kernels.append(kernel)
                steps.append(_step(kernel, nests))
            for step in calls[k]:
                steps += [*_views(step.uses(), found, seen), step]
        steps += _views(values_in(program.outputs), found, seen)
        rewritten = Program(program.inputs, steps, program.outputs, program.captured)
        drop_unused(rewritten)
        return rewritten


def _behind(value: Value, found: dict[Value, Lie | None]) -> Iterator[Value]:
    """Yield a value, and if it is a view what it is a view of, and so on."""
    yield value
    while value.maker is not None and is_view(value.maker, found):
        value = value.maker.args[0]
        yield value


def _roots_of(nests: list[Nest]) -> set[Value]:
    """Return the values that loops read, their own among them."""
    values = [lie.value for nest in nests for work in nest.works for lie, _ in work.reads]
    return {value for value in values if value is not None}


def _wanted(
    program: Program, calls: list[list[Step]], found: dict[Value, Lie | None]
) -> set[Value]:
    """Return the values that NumPy's calls read or the caller gets, and what is behind them."""
    wanted: set[Value] = set()
    for value in (*values_in(program.outputs), *(v for c in calls for s in c for v in s.uses())):
        wanted.update(_behind(value, found))
    return wanted


def _views(
    values: Iterable[Value], found: dict[Value, Lie | None], seen: set[Value]
) -> Iterator[Step]:
    """Yield the steps of the views that are read next; loops read what is behind them."""
    for value in values:
        for view in reversed(list(_behind(value, found))):
            maker = view.maker
            if maker is not None and is_view(maker, found) and view not in seen:
                seen.add(view)
                yield maker


def _step(kernel: Kernel, nests: list[Nest]) -> Step:
    first = nests[0].works[0].step
    made = set(kernel.made)
    backward = all(w.step.backward for n in nests for w in n.works if w.step.result in made)
    step = Step(LOOPS, list(kernel.given), {"kernel": kernel}, first.where, backward, first.scope)
    step.multiple = True
    step.results = list(kernel.made)
    for value in kernel.made:
        value.maker = step
    return step
