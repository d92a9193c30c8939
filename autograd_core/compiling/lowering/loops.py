"""The text of a nest's loops: plain Python that numba compiles.

What a row's loop makes and somebody else needs goes through a scratch array in the cache, so that
the loop writes into one array only and LLVM turns it into vector code.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from autograd_core.compiling.lowering.nests import ALL, ROW, Nest, Work
from autograd_core.compiling.lowering.scalars import KINDS, constant, odd, written
from autograd_core.compiling.lowering.strides import Lie
from autograd_core.compiling.program import Value, example

TILE = 2048  # numbers of a long row that are worked on at once
PARTS = 16  # into which large work is divided, on any number of threads: the same bits
SHARED = 1 << 16  # numbers from which a nest is shared among threads
_SCRATCH = {"float64": "s8", "float32": "s4", "bool_": "s1"}
_HELPERS = {"sum": "sum_of", "mean": "sum_of", "max": "max_of", "min": "min_of"}


class UnfitError(Exception):
    """A nest whose arrays lie so that its rows are no loops over one stride."""


class Axes:
    """A nest's axes, joined where all its arrays lie so that they are one."""

    def __init__(self, nest: Nest) -> None:
        vectors = [w.over for w in nest.works] + [s for w in nest.works for _, s in w.reads]
        kept = [k for k, n in enumerate(nest.shape) if n > 1]
        border = len(nest.shape) if nest.columns is None else len(nest.shape) - nest.columns
        first = nest.works[0]
        leading = first.over if first.reduced is None else first.reads[0][1]
        kept.sort(key=lambda k: -abs(leading[k]))
        rows = self._joined([k for k in kept if k < border], nest.shape, vectors)
        columns = self._joined([k for k in kept if k >= border], nest.shape, vectors)
        if nest.columns is None and rows:
            columns = [rows.pop()]
        if len(columns) > 1:
            raise UnfitError
        self.rows: list[tuple[int, int]] = rows  # an axis, and its length
        self.column: int | None = None
        self.length = 1
        if columns:
            self.column, self.length = columns[0]
        self.count = prod(n for _, n in rows)

    @staticmethod
    def _joined(
        axes: list[int], shape: tuple[int, ...], vectors: list[Any]
    ) -> list[tuple[int, int]]:
        found: list[tuple[int, int]] = []  # the last of the axes that are one, and the length
        for axis in axes:
            if found:
                last, length = found[-1]
                if all(v[last] == v[axis] * shape[axis] for v in vectors):
                    found[-1] = (axis, length * shape[axis])
                    continue
            found.append((axis, shape[axis]))
        return found

    def along(self, strides: tuple[int, ...]) -> int:
        """Return the stride from number to number of a row."""
        return 0 if self.column is None else strides[self.column]

    def of_row(self, strides: tuple[int, ...]) -> str:
        """Return the text of where a row begins."""
        terms = []
        for k, (axis, _) in enumerate(self.rows):
            if strides[axis]:
                index = "r" if len(self.rows) == 1 else f"r{k}"
                terms.append(index if strides[axis] == 1 else f"{index} * {strides[axis]}")
        return " + ".join(terms)

    def indices(self) -> list[str]:
        """Return the lines that find a row's place along each axis."""
        lines = []
        below = 1
        for k, (_, n) in reversed(list(enumerate(self.rows))):
            if len(self.rows) > 1:
                text = "r" if below == 1 else f"r // {below}"
                lines.append(f"r{k} = {text}" + (f" % {n}" if k else ""))
            below *= n
        return lines


class Loops:
    """The text of one nest.

    Parameters
    ----------
    nest : Nest
    outputs : collection of Value
        What it makes that somebody else reads.
    local : collection of Value
        What the kernel makes: a number among them lies in an array.
    name_of : callable
        Gives the name of the flat array, or of the number, that is an operand's root.
    fresh : callable
        Gives a new name with a beginning.
    """

    def __init__(
        self,
        nest: Nest,
        outputs: set[Value],
        local: set[Value],
        name_of: Callable[[Any], str],
        fresh: Callable[[str], str],
    ) -> None:
        self.nest = nest
        self.axes = Axes(nest)
        self.outputs = outputs
        self.local = local
        self.name_of = name_of
        self.fresh = fresh
        self.deep = any(w.where == ROW for w in nest.works)
        length = self.axes.length
        self.width = length if self.deep or length <= 2 * TILE else TILE
        self.tiles = -(-length // self.width)
        self.turns = self.axes.count * self.tiles
        self.numbers = self.axes.count * length
        self.parts = PARTS if self.numbers >= SHARED and self.turns > 1 else 1
        self.partial: list[tuple[Work, str, int]] = []  # sums that end with the nest
        self._slots: dict[str, list[int]] = {array: [] for array in _SCRATCH.values()}
        self._slot: dict[Any, tuple[str, int]] = {}
        self._last: dict[Any, int] | None = None
        self._names: dict[Value, str] = {}
        self._loads: dict[Any, str] = {}
        self._row: list[str] = []
        self._pieces: dict[Any, str] = {}
        self.before: list[str] = []
        self.body = self._written()

    # --- what is read --------------------------------------------------------

    def _load(self, operand: Any, lie: Lie, strides: tuple[int, ...], inner: list[str]) -> str:
        """Return the name of an operand; the lines that read it go where they belong."""
        root = lie.root
        if self.nest.maker(lie) is not None:
            return self._again(root, inner)
        key = (id(root), lie.start, strides)
        name = self._loads.get(key)
        if name is not None:
            return name
        array = self.name_of(root)
        if not np.ndim(example(root)):
            if lie.value in self.local:
                name = self.fresh("x")
                self.before.append(f"{name} = {array}[0]")
                array = name
            self._loads[key] = array
            return array
        name = self.fresh("x")
        begin = self._sum(str(lie.start) if lie.start else "", self.axes.of_row(strides))
        along = self.axes.along(strides)
        if not along:
            place = begin or "0"
            varies = any(strides[axis] for axis, _ in self.axes.rows)
            (self._row if varies else self.before).append(f"{name} = {array}[{place}]")
            self._loads[key] = name  # the same along the row: read once
            return name
        if along == 1:
            inner.append(f"{name} = {self._row_of(lie, strides)}[i]")
        else:
            at = "(lo + i)" if self.tiles > 1 else "i"
            inner.append(f"{name} = {array}[{self._sum(begin, f'{at} * {along}')}]")
        self._passing[key] = name
        self._loads[key] = name
        return name

    def _row_of(self, lie: Lie, strides: tuple[int, ...]) -> str:
        """Return the name of the part of an array that is this row, without gaps."""
        key = (id(lie.root), lie.start, strides)
        piece = self._pieces.get(key)
        if piece is None:
            piece = self._pieces[key] = self.fresh("row")
            begin = self._sum(str(lie.start) if lie.start else "", self.axes.of_row(strides))
            first = self._sum(begin, "lo" if self.tiles > 1 else "")
            last = self._sum(first, self._n)
            self._row.append(f"{piece} = {self.name_of(lie.root)}[{first or 0}:{last}]")
        return piece

    def _again(self, value: Value, inner: list[str]) -> str:
        """Return the name of what this nest makes; a number of an earlier pass is read again."""
        work = self.nest.made[value]
        if work.full and work.level < self._level:
            key = (id(value), "again")
            name = self._loads.get(key)
            if name is None:
                array, slot = self._slot[value]
                name = self._loads[key] = self._passing[key] = self.fresh("x")
                inner.append(f"{name} = {self._at(array, slot)}")
            return name
        return self._names[value]

    @staticmethod
    def _sum(*terms: str) -> str:
        return " + ".join(t for t in terms if t)

    @property
    def _n(self) -> str:
        return "n" if self.tiles > 1 else str(self.width)

    def _at(self, array: str, slot: int) -> str:
        return f"{array}[{self._sum(str(slot * self.width) if slot else '', 'i')}]"

    def _piece(self, array: str, slot: int) -> str:
        first = slot * self.width
        last = str(first + self.width) if self.tiles == 1 else self._sum(
            str(first) if first else "", "n"
        )  # fmt: skip
        return f"{array}[{first}:{last}]"

    # --- what is made --------------------------------------------------------

    def _kept(self) -> set[Any]:
        """Return the values that must be in the scratch: for others, a later pass or a sum."""
        kept = set()
        for work in self.nest.works:
            if work.full and work.step.result in self.outputs:
                kept.add(work.step.result)
            for lie, _ in work.reads:
                maker = self.nest.maker(lie)
                later = work.where is not None or (maker is not None and maker.level < work.level)
                if maker is not None and maker.full and later:
                    kept.add(lie.root)
        return kept

    def _keep(self, key: Any, kind: str, name: str, inner: list[str]) -> None:
        """Store a number in the scratch, where nothing lies that is still read."""
        if key in self._slot:
            return
        array = _SCRATCH[kind]
        until = self._slots[array]  # for each slot the last pass that reads it
        last = max(self._level, self._last_read().get(key, 0))
        for k, passed in enumerate(until):
            if passed < self._level:
                until[k] = last
                break
        else:
            k = len(until)
            until.append(last)
        self._slot[key] = array, k
        inner.append(f"{self._at(array, k)} = {name}")

    def _last_read(self) -> dict[Any, int]:
        """Return the last pass that reads what this nest makes."""
        if self._last is None:
            self._last = {}
            for work in self.nest.works:
                for lie, _ in work.reads:
                    if self.nest.maker(lie) is not None:
                        self._last[lie.root] = max(work.level, self._last.get(lie.root, 0))
        return self._last

    def _statement(self, work: Work, inner: list[str], lines: list[str]) -> None:
        """Write one elementwise step."""
        assert work.term is not None
        texts = []
        for (lie, strides), operand, kind in zip(
            work.reads, work.term.operands, work.term.kinds, strict=True
        ):
            x = example(operand)
            if operand.__class__ is not Value and not np.ndim(x):
                texts.append(str(constant(np.asarray(x)[()], kind)))
                continue
            name = self._load(operand, lie, strides, inner)
            given = KINDS.get(getattr(x, "dtype", None), "float64")
            texts.append(name if given == kind else f"{kind}({name})")
        name = self._names[work.step.result] = self.fresh("v")
        lines.append(f"{name} = {written(work.term.scalar, work.term.kinds[0], texts)}")
        strange = odd(work.term.scalar, work.term.kinds[0], texts[0])
        if strange:
            lines.append(f"odd |= {strange}")

    def _written(self) -> list[str]:
        kept = self._kept()
        levels = range(max(w.level for w in self.nest.works) + 1)
        passes: list[str] = []
        self._passing: dict[Any, str] = {}
        for level in levels:
            self._level = level
            ahead: list[str] = []
            inner: list[str] = []
            after: list[str] = []
            mark = len(self._row)
            for work in self.nest.works:
                if work.level != level:
                    continue
                result = work.step.result
                if work.reduced is not None:
                    self._reduce(work, inner, after)
                elif work.full:
                    self._statement(work, inner, inner)
                    if result in kept:
                        kind = KINDS[result.example.dtype]
                        self._keep(result, kind, self._names[result], inner)
                    if result in self.outputs:
                        after += self._copied_out(work)
                else:
                    self._statement(work, ahead, ahead)
                    if result in self.outputs:
                        ahead.append(self._stored(work, self._names[result]))
            passes += self._row[mark:]
            del self._row[mark:]
            passes += ahead
            if inner:
                passes += [f"for i in range({self._n}):", *(f"    {line}" for line in inner)]
            passes += after
            for key in self._passing:
                self._loads.pop(key, None)
            self._passing = {}
        lines = ["r = q" if self.tiles == 1 else f"r = q // {self.tiles}", *self.axes.indices()]
        if self.tiles > 1:
            lines += [f"lo = (q - r * {self.tiles}) * {self.width}",
                      f"n = min({self.width}, {self.axes.length} - lo)"]  # fmt: skip
        return lines + passes

    def _stored(self, work: Work, name: str) -> str:
        place = self.axes.of_row(work.over) or "0"
        return f"{self.name_of(work.step.result)}[{place}] = {name}"

    def _copied_out(self, work: Work) -> list[str]:
        array, along = self.name_of(work.step.result), self.axes.along(work.over)
        begin = self.axes.of_row(work.over)
        slot = self._slot[work.step.result]
        if along == 1 or self.axes.length == 1:
            first = self._sum(begin, "lo" if self.tiles > 1 else "")
            return [f"{array}[{first or 0}:{self._sum(first, self._n)}] = {self._piece(*slot)}"]
        at = "(lo + i)" if self.tiles > 1 else "i"
        place = self._sum(begin, f"{at} * {along}")
        return [f"for i in range({self._n}):", f"    {array}[{place}] = {self._at(*slot)}"]

    def _reduce(self, work: Work, inner: list[str], after: list[str]) -> None:
        (lie, strides), reduced = work.reads[0], work.reduced
        assert reduced is not None
        kind = KINDS[work.step.args[0].example.dtype]
        made_here = self.nest.maker(lie) is not None
        if not made_here and np.ndim(example(lie.root)) and self.axes.along(strides) == 1:
            piece = self._row_of(lie, strides)
        else:
            name = self._load(work.step.args[0], lie, strides, inner)
            key = lie.root if made_here else (id(lie.root), lie.start, strides)
            self._keep(key, kind, name, inner)
            piece = self._piece(*self._slot[key])
        found = f"{_HELPERS[reduced.how]}({piece})"
        if work.where == ROW:
            made = self._names[work.step.result] = self.fresh("v")
            share = f" / {reduced.count}" if reduced.how == "mean" else ""
            after.append(f"{made} = {kind}({found}{share})")
            if work.step.result in self.outputs:
                after.append(self._stored(work, made))
            return
        partial = self.fresh("p")
        if work.where == ALL:
            self.partial.append((work, partial, self.turns))
            after.append(f"{partial}[q] = {found}")
        else:
            self.partial.append((work, partial, self.parts * self.axes.length))
            share = f"part * {self.axes.length}" if self.parts > 1 else ""
            first = self._sum(share, "lo" if self.tiles > 1 else "")
            last = self._sum(first, self._n)
            after.append(f"add_to({partial}[{first or 0}:{last}], {piece})")

    def begin(self) -> list[str]:
        """Return the lines before the loops: scratch arrays, numbers."""
        lines = []
        for kind, array in _SCRATCH.items():
            if self._slots[array]:
                lines.append(
                    f"{array} = np.empty({len(self._slots[array]) * self.width}, np.{kind})"
                )
        return lines + self.before

    def end(self) -> list[str]:
        """Return the lines that make whole sums of the parts' ones."""
        lines = []
        for work, partial, _ in self.partial:
            assert work.reduced is not None
            array = self.name_of(work.step.result)
            kind = KINDS[work.step.result.example.dtype]
            share = f" / {work.reduced.count}" if work.reduced.how == "mean" else ""
            if work.where == ALL:
                lines.append(f"{array}[0] = {kind}(sum_of({partial}){share})")
                continue
            along = self.axes.along(work.over)
            length = self.axes.length
            lines += [
                f"for i in range({length}):",
                "    total = 0.0",
                f"    for part in range({self.parts}):",
                f"        total += {partial}[part * {length} + i]",
                f"    {array}[i * {along}] = {kind}(total{share})",
            ]
        return lines
