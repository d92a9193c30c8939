"""Which values become lines, and which share memory.

A small value that is used once stands inside of the expression that uses it.
A large one gets a buffer, allocated once and written anew by every call; an
elementwise operation writes over an argument that nobody reads afterwards, so
that a run of them works in one buffer; a buffer that is free again serves the next value.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import numpy as np

from autograd_core.compiling.program import Program, Step, Value, values_in
from autograd_core.compiling.simplify import LOOPS, by_pieces
from autograd_core.compiling.spelling import Spelling, spelling_of

# Bytes from which a buffer pays.  Measured: below, NumPy's own small allocations are
# as fast, and `a * b` is shorter than np.multiply(a, b, out=c).
LARGE = 1 << 14
DEPTH = 4  # operations in one line


class Block:
    """Values that live in the same memory one after the other, under one name.

    Attributes
    ----------
    values : list of Value
        In the order in which they are written.
    buffer : bool
        Whether the memory is kept from call to call.
    shares : Block or None
        The earlier block whose memory this one uses again.
    """

    __slots__ = ("buffer", "end", "shares", "start", "values")

    def __init__(self, first: Value, start: int) -> None:
        self.values = [first]
        self.start = start
        self.end = start
        self.buffer = False
        self.shares: Block | None = None


class Layout:
    """The lines of a program and the memory of their results.

    Parameters
    ----------
    program : Program
        After `simplify`.
    known : collection of Value
        The values that the user's source names: they and their gradients get lines of their own.

    Attributes
    ----------
    lines : list of Step
        The steps that are not part of another's expression.
    inline : set of Value
        The values that stand inside of an expression.
    blocks : dict
        From value to its block.
    copied : list of bool
        For each output, whether it must be copied before it is given away.
    """

    def __init__(self, program: Program, known: Collection[Value]) -> None:
        self.program = program
        self.known = known
        self.spellings = {s: _spelling(s) for s in program.steps if s.operation is not None}
        self.inline = self._find_inline()
        self.lines = [s for s in program.steps if s.operation is None or not self._inlined(s)]
        self.roots: dict[Value, Value | None] = {}
        for value in (*program.inputs, *program.captured):
            self.roots[value] = None
        for step in program.steps:
            self._find_roots(step)
        self._last = self._last_uses()
        self.blocks: dict[Value, Block] = {}
        self._make_blocks()
        self._assign_buffers()
        self.copied = self._copies()

    def spelling(self, step: Step) -> Spelling | None:
        """Return how a step is written; None if by its kernel's name or in several lines."""
        return self.spellings.get(step)

    def reads(self, step: Step) -> Iterator[Value]:
        """Yield the values that a line reads, also inside of its expression."""
        for value in step.uses():
            if value in self.inline:
                assert value.maker is not None
                yield from self.reads(value.maker)
            else:
                yield value

    # --- expressions --------------------------------------------------------

    def _inlined(self, step: Step) -> bool:
        return not step.multiple and step.results[0] in self.inline

    def _find_inline(self) -> set[Value]:
        uses: dict[Value, int] = {}
        for step in self.program.steps:
            for value in step.uses():
                uses[value] = uses.get(value, 0) + 1
        for value in values_in(self.program.outputs):
            uses[value] = uses.get(value, 0) + 2
        depth: dict[Step, int] = {}
        inline: set[Value] = set()
        for step in self.program.steps:
            depth[step] = 1
            if by_pieces(step):
                continue
            for value in step.uses():
                maker = value.maker
                if maker is None or uses[value] > 1 or maker.multiple:
                    continue
                if self.spellings[maker] is None or not self._may_inline(value, maker, step):
                    continue
                if depth[step] + depth[maker] <= DEPTH:
                    depth[step] += depth[maker]
                    inline.add(value)
        return inline

    def _may_inline(self, value: Value, maker: Step, user: Step) -> bool:
        if maker.backward != user.backward or by_pieces(maker):
            return False
        if self._moves_nothing(maker):  # a view costs no memory
            return True
        if getattr(value.example, "nbytes", 0) >= LARGE:
            return False
        if value in self.known or value.gradient_of in self.known:
            return False
        return maker.where.line == user.where.line

    def _moves_nothing(self, step: Step) -> bool:
        assert step.operation is not None
        return step.operation.view or step.operation.name == "broadcast_to"

    # --- memory -------------------------------------------------------------

    def _find_roots(self, step: Step) -> None:
        """Find whose memory each result looks into."""
        operation = step.operation
        if operation is None:
            return
        first: Value | None = None
        for value in step.results:
            if value is None:
                continue
            root: Value | None = value
            if step.multiple and first is not None and _share(value, first):
                root = self.roots[first]
            for argument in step.uses():
                view = self._moves_nothing(step) and argument is step.args[0]
                if view or _share(value, argument):
                    root = self.roots[argument]
                    break
            else:
                if any(_share(value, a) for a in step.args if isinstance(a, np.ndarray)):
                    root = None
            self.roots[value] = root
            first = first or value

    def _last_uses(self) -> dict[Value, int]:
        last: dict[Value, int] = {}
        for k, step in enumerate(self.lines):
            for value in self.reads(step):
                root = self.roots[value]
                if root is not None:
                    last[root] = k
        for value in values_in(self.program.outputs):
            root = self.roots[value]
            if root is not None:
                last[root] = len(self.lines)
        return last

    def _make_blocks(self) -> None:
        for k, step in enumerate(self.lines):
            if step.operation is LOOPS:
                for made in step.results:
                    if made is not None and _is_large(made):
                        self.blocks[made] = Block(made, k)
                        self.blocks[made].end = max(k, self._last.get(made, k))
                continue
            if step.operation is None or step.multiple:
                continue
            value = step.result
            if self.roots[value] is not value or not _is_large(value):
                continue
            over = self._overwritten(step, k)
            if over is not None:
                block = self.blocks[over]
                block.values.append(value)
            else:
                block = Block(value, k)
            self.blocks[value] = block
            block.end = max(block.end, self._last.get(value, k))

    def _overwritten(self, step: Step, k: int) -> Value | None:
        """Return an argument that dies here and whose memory the result can take."""
        spelling = self.spellings[step]
        if spelling is None or not spelling.elementwise or not spelling.into:
            return None
        made = step.result.example
        for argument in step.args:
            if argument.__class__ is not Value or argument not in self.blocks:
                continue
            maker, x = argument.maker, argument.example
            assert maker is not None
            if (
                self._last.get(argument) == k
                and self._own(maker)
                and x.shape == made.shape
                and x.dtype == made.dtype
                and x.strides == made.strides
            ):
                return argument
        return None

    def _own(self, step: Step) -> bool:
        """Whether a step's result is memory that nobody else holds; a kernel may keep its own."""
        return self.spellings[step] is not None or by_pieces(step) or step.operation is LOOPS

    def _assign_buffers(self) -> None:
        given = {self.roots[v] for v in values_in(self.program.outputs)}
        free: dict[Any, list[Block]] = {}
        busy: list[Block] = []
        order = list(dict.fromkeys(self.blocks.values()))
        for block in order:
            for other in [b for b in busy if b.end < block.start]:
                busy.remove(other)
                free.setdefault(_form(other), []).append(other)
            maker = block.values[0].maker
            assert maker is not None
            spelling = self.spellings[maker]
            into = (
                by_pieces(maker)
                or maker.operation is LOOPS
                or (spelling is not None and bool(spelling.into))
            )
            if not into or _order_of(block.values[0].example) is None:
                continue
            if not given.isdisjoint(block.values):
                continue
            block.buffer = True
            places = free.get(_form(block))
            if places:
                earlier = places.pop()
                block.shares = earlier.shares or earlier
            busy.append(block)

    def _copies(self) -> list[bool]:
        given: set[Value | None] = {None}
        made = []
        for out in self.program.outputs:
            if out.__class__ is not Value:
                made.append(isinstance(out, np.ndarray))
            elif isinstance(out.example, np.ndarray):
                root = self.roots[out]
                made.append(root in given)
                given.add(root)
            else:
                made.append(False)
        return made


def _spelling(step: Step) -> Spelling | None:
    assert step.operation is not None
    if step.multiple:
        return None
    return spelling_of(step.operation)


def _is_large(value: Value) -> bool:
    return isinstance(value.example, np.ndarray) and value.example.nbytes >= LARGE


def _share(value: Value, other: Any) -> bool:
    x, y = value.example, other.example if other.__class__ is Value else other
    both = isinstance(x, np.ndarray) and isinstance(y, np.ndarray)
    return both and np.may_share_memory(x, y)


def _order_of(x: Any) -> str | None:
    """Return "C" or "F" for an array without gaps, None for another layout."""
    return "C" if x.flags.c_contiguous else "F" if x.flags.f_contiguous else None


def _form(block: Block) -> Any:
    x = block.values[0].example
    return x.shape, x.dtype, _order_of(x)
