"""The text of loops over rows that are reduced: of softmax, normalization and their derivatives.

A formula with sums or maxima of rows needs several passes over a row: one up to each reduction that
another one needs, and one for the results.  A row that stays in the cache is read from there.  What
a later pass needs again is computed again, unless that takes long (an exponential): that is kept.

Sums are taken in the array's dtype over some hundred or thousand numbers, in any order, and from
there on in float64.

Each loop writes one array: LLVM runs a loop on vectors only if few pairs of arrays may overlap.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd_core.workers.compiled.generated import MODULE, CannotWriteError, Writer
from autograd_core.workers.formula import REDUCTIONS, Formula, Span, Term

CHUNK = 4096  # numbers that are added in single precision
TILE = 256  # neighbouring rows that are walked at once where they lie across memory
FLUSH = 32  # rows or numbers that are added across memory in single precision
SLOW = frozenset(("exp", "expm1", "log", "log1p", "tanh", "erf"))
_NOW = f"(s * M + m) % {FLUSH} == {FLUSH - 1} or (s == S - 1 and m == M - 1)"

_IMPORTS = (
    "from autograd_core.workers.compiled.memory import added, largest, read, smallest, write\n"
)


class Passes:
    """Which terms are computed in which pass over a row.

    Attributes
    ----------
    level : dict
        For each term the first pass in which it is known.
    count : int
        How many passes there are.
    kept : dict
        The terms that are kept for later passes, with their places.
    """

    def __init__(self, formula: Formula) -> None:
        self.formula = formula
        self.level: dict[Term, int] = {}
        for t in formula.terms:
            below = max((self.level[a] for a in t.args), default=0)
            self.level[t] = below + (t.op in REDUCTIONS)
        self.reductions = [t for t in formula.terms if t.op in REDUCTIONS]
        tops = [self.level[t] for t in formula.outputs if t.span.columns]
        tops += [self.level[t.args[0]] for t in self.reductions]
        self.count = 1 + max(tops, default=0)
        self.kept: dict[Term, int] = {}
        needed = [
            {t for root in self.roots(p) for t in self.within(root)} for p in range(self.count)
        ]
        for t in formula.terms:
            if t.op in SLOW and t.span == Span(True, True) and sum(t in n for n in needed) > 1:
                self.kept[t] = len(self.kept)

    def roots(self, p: int) -> list[Term]:
        """Return the terms that a pass is made for: what it reduces, and results."""
        reduced = [t.args[0] for t in self.reductions if self.level[t.args[0]] == p]
        return reduced + [t for t in self.formula.outputs if t.span.columns and self.level[t] == p]

    def within(self, root: Term, known: Any = ()) -> dict[Term, None]:
        """Return the terms that vary along a row and lead to a root, in order."""
        found: dict[Term, None] = {}

        def visit(t: Term) -> None:
            if t in found or not t.span.columns:
                return
            if t not in known:
                for a in t.args:
                    visit(a)
            found[t] = None

        visit(root)
        return found


class _Text:
    """A kernel's text while it is written."""

    def __init__(
        self, formula: Formula, across: bool, steady: Sequence[bool], summed: Sequence[bool]
    ) -> None:
        self.formula, self.across, self.summed = formula, across, summed
        self.steady = steady  # for each array: whether it is constant along the innermost loop
        self.passes, self.write = Passes(formula), Writer(formula)
        self.lines: list[str] = []
        self.ins, self.outs = len(formula.inputs), len(formula.outputs)
        self.zero = {d: self.write.constant(0.0, d) for d in self._dtypes()}
        for t in formula.terms:
            if t.op == "width":
                self.write.names[t] = "width"
            if t.op == "input":
                self.write.names[t] = f"v{t.value}"
            if across and t.span == Span(True, False) and t.dtype.kind != "f":
                raise CannotWriteError("a truth for each row across memory")

    def _dtypes(self) -> list[Any]:
        found = {t.dtype for t in self.formula.terms if t.dtype is not None and t.dtype.kind == "f"}
        return sorted(found, key=str)

    def put(self, depth: int, *lines: str) -> None:
        self.lines += [f"{'    ' * depth}{line}" for line in lines]

    # --- names of what varies along rows and columns --------------------------

    def load(self, t: Term, index: str) -> str:
        """Return the text that reads an input's number."""
        k = t.value
        at = "0" if self.steady[k] else index
        return f"read({self.zero[t.dtype]}, o{k}, {at})"

    def row_load(self, t: Term) -> str:
        """Return the text that reads a row's number in a loop across memory."""
        return f"read({self.zero[t.dtype]}, q{self.write.names[t]}, k)"

    def row_terms(self) -> list[Term]:
        """Return the terms that are one number a row."""
        return [t for t in self.formula.terms if t.span == Span(True, False)]

    def inner(self, depth: int, roots: Sequence[Term], p: int, kept: set[Term]) -> set[Term]:
        """Write the innermost assignments that lead to the roots; return what is kept."""
        ready = {t for t in self.passes.kept if self.first(t) < p}
        done: dict[Term, None] = {}
        for root in roots:
            done.update(dict.fromkeys(self.passes.within(root, ready)))
        names = self.write.names
        if self.across:
            needed = {a for t in done for a in t.args} | set(roots)
            for t in self.row_terms():
                if t in needed:
                    self.put(depth, f"{names[t]} = {self.row_load(t)}")
        for t in done:
            if t in ready:
                place = self.passes.kept[t]
                self.put(depth, f"{names[t]} = read({self.zero[t.dtype]}, e{place}, k)")
            elif t.op == "input":
                self.put(depth, f"{names[t]} = {self.load(t, 'k')}")
            else:
                self.lines += self.write.lines([t], 4 * depth)
                if t in kept:
                    self.put(depth, f"write(e{self.passes.kept[t]}, k, {names[t]})")
        return kept & set(done)

    def first(self, t: Term) -> int:
        """Return the pass in which a kept term is computed."""
        return next(
            p
            for p in range(self.passes.count)
            if any(t in self.passes.within(root) for root in self.passes.roots(p))
        )

    # --- the loops -------------------------------------------------------------

    def loops(self, roots: list[tuple[str, Any]], p: int) -> None:
        """Write the loops within a row, one after the other in the innermost piece."""
        arrays = range(self.ins + self.outs)
        depth = 2
        for size, column in (("S", 2), ("M", 3)):
            if size == "M" and not self.across:
                break
            name = size.lower()
            self.put(depth, f"for {name} in range({size}):")
            depth += 1
            before = "b" if size == "S" else "p"
            after = "p" if size == "S" else "o"
            self.put(
                depth,
                *(f"{after}{k} = {before}{k} + {name} * steps[{k}, {column}]" for k in arrays),
            )
        if self.across:
            self.put(
                depth,
                "n = lanes",
                *(
                    f"e{k} = kept + (({k} * S + s) * M + m) * {TILE} * 8"
                    for k in range(len(self.passes.kept))
                ),
            )
        else:
            self.put(depth, f"for start in range(0, M, {CHUNK}):")
            depth += 1
            self.put(depth, f"n = min({CHUNK}, M - start)")
            self.put(depth, *(f"o{k} = p{k} + start * steps[{k}, 3]" for k in arrays))
            self.put(
                depth,
                *(
                    f"e{k} = kept + (({k} * S + s) * M + start) * 8"
                    for k in range(len(self.passes.kept))
                ),
            )
        fresh = {t for t in self.passes.kept if self.first(t) == p}
        for group in self.grouped(roots):
            fresh -= self.one_loop(depth, group, p, fresh)

    def grouped(self, roots: list[tuple[str, Any]]) -> list[list[tuple[str, Any]]]:
        """Return which roots share a loop: along memory all that are numbers of a row."""
        if self.across:
            return [[root] for root in roots]
        numbers: list[tuple[str, Any]] = []
        others: list[tuple[str, Any]] = []
        for root in roots:
            kind, what = root
            one = kind == "reduce" or (kind == "sum" and self.steady[self.ins + what])
            (numbers if one else others).append(root)
        return ([numbers] if numbers else []) + [[root] for root in others]

    def one_loop(
        self, depth: int, group: list[tuple[str, Any]], p: int, fresh: set[Term]
    ) -> set[Term]:
        """Write a loop; return which terms it keeps for later passes."""
        formula, names = self.formula, self.write.names
        terms = [r[1].args[0] if r[0] == "reduce" else formula.outputs[r[1]] for r in group]
        for kind, what in group:
            if kind == "reduce" and not self.across:
                self.put(depth, f"u{names[what]} = {self.start(what)}")
            elif kind == "sum" and self.steady[self.ins + what]:
                self.put(depth, f"w{what} = {self.zero[formula.outputs[what].dtype]}")
        self.put(depth, "for k in range(n):")
        stored = self.inner(depth + 1, terms, p, fresh)
        after: list[str] = []
        for (kind, what), term in zip(group, terms, strict=True):
            value = self.write.value(term, term.dtype)
            if kind == "reduce":
                joined = {"sum": "added", "max": "largest", "min": "smallest"}[what.op]
                if self.across:
                    old = f"read({self.zero[what.dtype]}, u{names[what]}, k)"
                    self.put(depth + 1, f"write(u{names[what]}, k, {joined}({old}, {value}))")
                else:
                    u, a = f"u{names[what]}", f"a{names[what]}"
                    self.put(depth + 1, f"{u} = {joined}({u}, {value})")
                    after.append(
                        f"{a} = {a} + np.float64({u})"
                        if what.op == "sum"
                        else f"{a} = {joined}({a}, {u})"
                    )
            elif kind == "store":
                self.put(depth + 1, f"write(o{self.ins + what}, k, {value})")
            elif self.steady[self.ins + what]:
                self.put(depth + 1, f"w{what} = added(w{what}, {value})")
                place = f"total{what}, (o{self.ins + what} - y{what}) // {term.dtype.itemsize}"
                after.append(f"write({place}, read(0.0, {place}) + np.float64(w{what}))")
            else:
                place = f"part{what} + (o{self.ins + what} - y{what}), k"
                self.put(
                    depth + 1, f"write({place}, read({self.zero[term.dtype]}, {place}) + {value})"
                )
                if self.across:
                    after += self.flush(what, "lanes", f"(o{self.ins + what} - y{what})", _NOW)
        self.put(depth, *after)
        return stored

    def start(self, t: Term) -> str:
        """Return what a reduction starts from."""
        return self.write.constant({"sum": 0.0, "max": -np.inf, "min": np.inf}[t.op], t.dtype)

    def roots(self, p: int) -> list[tuple[str, Any]]:
        level = self.passes.level
        found: list[tuple[str, Any]] = [
            ("reduce", t) for t in self.passes.reductions if level[t.args[0]] == p
        ]
        for k, t in enumerate(self.formula.outputs):
            if t.span.columns and level[t] == p:
                found.append(("sum" if self.summed[k] else "store", k))
        return found

    def reduced(self, p: int) -> None:
        """Write one pass, and the numbers of a row that are known after it."""
        names, roots = self.write.names, self.roots(p)
        reductions = [t for kind, t in roots if kind == "reduce"]
        if self.across:
            self.across_pass(reductions, roots, p)
        else:
            for t in reductions:
                self.put(2, f"a{names[t]} = {'0.0' if t.op == 'sum' else self.start(t)}")
            self.loops(roots, p)
            for t in reductions:
                cast = f"np.{t.dtype.name}(a{names[t]})"
                self.put(2, f"{names[t]} = {cast}")
        self.row_numbers(p + 1)

    def across_pass(self, reductions: list[Term], roots: list[tuple[str, Any]], p: int) -> None:
        names = self.write.names
        for t in reductions:
            self.put(2, "for k in range(lanes):", f"    write(u{names[t]}, k, {self.start(t)})")
            self.put(2, "for k in range(lanes):", f"    write(a{names[t]}, k, 0.0)")
        self.loops(roots, p)
        # to float64 from time to time, and at the end
        sums = [t for t in reductions if t.op == "sum"]
        if sums:
            self.put(4, f"if {_NOW}:")
            for t in sums:
                u, a = f"u{names[t]}", f"a{names[t]}"
                zero = self.zero[t.dtype]
                self.put(
                    5, "for k in range(lanes):",
                    f"    write({a}, k, read(0.0, {a}, k) + np.float64(read({zero}, {u}, k)))",
                    "for k in range(lanes):", f"    write({u}, k, {zero})",
                )  # fmt: skip
        for t in reductions:
            source = (f"read(0.0, a{names[t]}, k)" if t.op == "sum"
                      else f"read({self.zero[t.dtype]}, u{names[t]}, k)")  # fmt: skip
            self.put(
                2, "for k in range(lanes):",
                f"    write(q{names[t]}, k, np.{t.dtype.name}({source}))",
            )  # fmt: skip

    def row_numbers(self, level: int) -> None:
        """Write the terms of a row that are known before a pass."""
        terms = [t for t in self.row_terms() if self.passes.level[t] == level]
        names = self.write.names
        for t in terms:
            if t.op in REDUCTIONS:
                continue
            if not self.across:
                if t.op == "input":
                    self.put(2, f"{names[t]} = read({self.zero[t.dtype]}, b{t.value}, 0)")
                else:
                    self.lines += self.write.lines([t], 8)
                continue
            self.put(2, "for k in range(lanes):")
            for a in dict.fromkeys(t.args):
                if a.span.rows:
                    self.put(3, f"{names[a]} = {self.row_load(a)}")
            if t.op == "input":
                at = f"k * (steps[{t.value}, 4] // {t.dtype.itemsize})"
                self.put(3, f"{names[t]} = read({self.zero[t.dtype]}, b{t.value}, {at})")
            else:
                self.lines += self.write.lines([t], 12)
            self.put(3, f"write(q{names[t]}, k, {names[t]})")

    def row_results(self) -> None:
        """Write the results that are one number a row."""
        for k, t in enumerate(self.formula.outputs):
            if t.span.columns:
                continue
            if self.across:
                at = f"k * (steps[{self.ins + k}, 4] // {t.dtype.itemsize})"
                self.put(2, "for k in range(lanes):",
                         f"    write(b{self.ins + k}, {at}, {self.row_load(t)})")  # fmt: skip
            else:
                self.put(2, f"write(b{self.ins + k}, 0, {self.write.names[t]})")

    def text(self, wide: bool) -> str:
        """Return the module, whose loops run in vectors of 512 bits if they are wide."""
        formula, names = self.formula, self.write.names
        arrays = range(self.ins + self.outs)
        if wide:
            self.put(1, "in_wide_vectors()")
        self.put(1, "R, C, S, M, L = sizes[0], sizes[1], sizes[2], sizes[3], sizes[4]",
                 "width = np.float64(S * M)", f"tiles = (L + {TILE - 1}) // {TILE}",
                 "kept = scratch + part * room")  # fmt: skip
        self.put(1, *(f"{names[t]} = np.float64({names[t]})" for t in formula.settings))
        for t in formula.inputs:
            if t.span == Span(False, False):
                self.put(1, f"{names[t]} = read({self.zero[t.dtype]}, x{t.value}, 0)")
        self.lines += self.write.lines(
            (t for t in formula.terms if t.span == Span(False, False) and t.op != "width"), 4
        )
        if self.across:
            self.lane_memory()
        for k in range(self.outs):
            if self.summed[k]:
                self.put(1, f"total{k} = t{k} + part * 8 * extent{k}",
                         f"part{k} = t{k} + (parts + part) * 8 * extent{k}")  # fmt: skip
        self.put(1, "some = mine(part, parts, R * C * tiles)",
                 "for r in range(some.start, some.stop):")  # fmt: skip
        self.put(2, "i, j, tile = r // (C * tiles), r // tiles % C, r % tiles",
                 f"lanes = min({TILE}, L - tile * {TILE})")  # fmt: skip
        for k in arrays:
            base = f"x{k}" if k < self.ins else f"y{k - self.ins}"
            self.put(2, f"b{k} = {base} + i * steps[{k}, 0] + j * steps[{k}, 1]"
                        f" + tile * {TILE} * steps[{k}, 4]")  # fmt: skip
        self.row_numbers(0)
        for p in range(self.passes.count):
            self.reduced(p)
        self.row_results()
        self.flushes()
        given = [f"x{k}" for k in range(self.ins)] + [f"y{k}" for k in range(self.outs)]
        totals = [n for k in range(self.outs) if self.summed[k] for n in (f"t{k}", f"extent{k}")]
        settings = [names[t] for t in formula.settings]
        return MODULE.format(
            imports=_IMPORTS,
            title="Loops over rows that autograd_core wrote from a formula.",
            constants=self.write.heading(),
            arguments=", ".join(
                ("part", "parts", "sizes", "steps", "scratch", "room", *given, *totals, *settings)
            ),
            body="\n".join(self.lines),
        )

    def lane_memory(self) -> None:
        """Give each number of a row memory for a tile of rows, behind what is kept."""
        names = self.write.names
        place = f"kept + {len(self.passes.kept)} * S * M * {TILE} * 8"
        k = 0
        for t in self.row_terms():
            for letter in "qua" if t.op in REDUCTIONS else "q":
                self.put(1, f"{letter}{names[t]} = {place} + {k * TILE * 8}")
                k += 1
        self.lane_arrays = k

    def flush(self, k: int, many: str, offset: str, when: str) -> list[str]:
        """Return the lines that add a part's sums in single precision to those in double."""
        zero = self.zero[self.formula.outputs[k].dtype]
        single = f"part{k} + {offset}"
        double = f"total{k} + {offset} * {8 // self.formula.outputs[k].dtype.itemsize}"
        return [
            f"if {when}:",
            f"    for k in range({many}):",
            f"        added_up = read(0.0, {double}, k) + np.float64(read({zero}, {single}, k))",
            f"        write({double}, k, added_up)",
            f"    for k in range({many}):",
            f"        write({single}, k, {zero})",
        ]

    def flushes(self) -> None:
        """Add sums over rows to float64 from time to time."""
        for k in range(self.outs):
            if self.summed[k] and not self.steady[self.ins + k] and not self.across:
                self.put(2, *self.flush(
                    k, f"extent{k}", "0", f"r % {FLUSH} == {FLUSH - 1} or r == some.stop - 1"
                ))  # fmt: skip


def row_text(
    formula: Formula, across: bool, steady: Sequence[bool], summed: Sequence[bool], wide: bool
) -> tuple[str, int, int]:
    """Return a module's text, how many numbers of a row it keeps, and for how many rows besides.

    Parameters
    ----------
    formula : Formula
        Of float32 and float64.
    across : bool
        Whether neighbours in memory belong to neighbouring rows.
    steady : sequence of bool
        For each input and result, whether it is constant along the innermost loop.
    summed : sequence of bool
        For each result, whether it is a sum over what it is constant along.
    wide : bool
        Whether the innermost loop is long, so that what is left over of wide vectors is little.

    Raises
    ------
    CannotWriteError
        If there is an operation that has no text.
    """
    if any(t.dtype is None or t.dtype.kind != "f" for t in (*formula.inputs, *formula.outputs)):
        raise CannotWriteError("a dtype")
    made = _Text(formula, across, steady, summed)
    text = made.text(wide)
    return text, len(made.passes.kept), getattr(made, "lane_arrays", 0)
