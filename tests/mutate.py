"""Plant faults in the derivative rules, one at a time, and see whether the table notices.

    python tests/mutate.py [--limit N] [--report docs/mutation.md]

A fault changes one place in one rule of `autograd_core/rules`: a sign turned, a factor
forgotten, a term dropped, arguments swapped, a constant changed, sin for cos.  The module is
compiled anew with it, its rules are put into the living primitives, and the rows of the table
that use that primitive are checked at first and second order, until one fails.  No files change.
"""

from __future__ import annotations

import argparse
import ast
import copy
import inspect
import sys
import textwrap
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "rules")]

import numpy as np  # noqa: E402
import test_kinks as kinks  # noqa: E402
import test_table_derivatives as checks  # noqa: E402
from cases import EVERY  # noqa: E402
from cases.case import Case  # noqa: E402
from cases.kinks import KINKS  # noqa: E402

from autograd_core import Tensor  # noqa: E402
from autograd_core.base import tree  # noqa: E402
from autograd_core.engine.sweeping import collect  # noqa: E402

MODULES = (
    "elementwise", "reductions", "shapes", "indexing", "joining", "products", "linalg", "special",
    "fft", "eigen", "systems", "calculus", "choosing", "scans", "statistics", "parts",
    "polynomials", "histograms",
)  # fmt: skip
SWAPPED = {"sin": "cos", "cos": "sin", "sinh": "cosh", "cosh": "sinh", "tril": "triu",
           "triu": "tril", "exp": "exp2", "log": "log2", "floor": "ceil"}  # fmt: skip
# Faults that change no result: a sign may divide or multiply; y is infinite where its log is;
# the Bessel function I of order -n is that of order n.
EQUIVALENT = {
    "np.sign(a) * np.copysign(1.0, b) (other operator)",
    "y * log (dropped left side)",
    "y * np.where((y == 0) | (a == 0) & (b == 0), np.zeros_like(y (dropped left side)",
    "n + 1 (other operator)",
}
OPPOSITE = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult}


class _Sites(ast.NodeVisitor):
    """The derivative rules of a module: lambdas and functions whose first argument is g or t.

    What the viewer writes (``formulas=``) is no rule: tests/viewer/test_captions.py computes it.
    """

    def __init__(self) -> None:
        self.rules: list[ast.AST] = []

    def _visit(self, node: Any) -> None:
        names = [a.arg for a in node.args.args]
        partial = names[:1] == ["y"] and len(names) > 1
        if isinstance(node, ast.FunctionDef):  # not a NumPy function of y, nor a cost
            partial &= not node.decorator_list and "flops" not in node.name
            partial &= not node.name.endswith("_formula")
        if partial or names[:1] in (["g"], ["t"], ["ts"]):
            self.rules.append(node)
        else:
            self.generic_visit(node)

    def visit_Call(self, node: Any) -> None:
        """With ``times=`` the partial derivative is only documentation."""
        spelt = [k.value for k in node.keywords if k.arg == "times"]
        for part in spelt or list(ast.iter_child_nodes(node)):
            if getattr(part, "arg", "") != "formulas":
                self.visit(part)

    visit_FunctionDef = _visit
    visit_Lambda = _visit


def faults(rule: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield (kind, the node, a function that returns what stands there instead)."""
    body = rule.body if isinstance(rule.body, list) else [rule.body]  # not the default values
    for node in (n for part in body for n in ast.walk(part)):
        if isinstance(node, ast.BinOp) and type(node.op) in OPPOSITE:
            other = OPPOSITE[type(node.op)]
            yield "other operator", node, lambda n, o=other: ast.BinOp(n.left, o(), n.right)
            yield "dropped right side", node, lambda n: n.left
            yield "dropped left side", node, lambda n: n.right
        elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            yield "swapped factors", node, lambda n: ast.BinOp(n.right, ast.MatMult(), n.left)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            yield "lost sign", node, lambda n: n.operand
        elif isinstance(node, ast.Attribute) and node.attr in SWAPPED:
            other = SWAPPED[node.attr]
            yield (
                f"{node.attr} -> {other}",
                node,
                lambda n, o=other: ast.Attribute(n.value, o, n.ctx),
            )
        elif isinstance(node, ast.Attribute) and node.attr in ("mT", "T"):
            yield "lost transpose", node, lambda n: n.value
        elif isinstance(node, ast.Constant) and isinstance(node.value, float):
            yield "other constant", node, lambda n: ast.Constant(n.value + 0.5)
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.Gt, ast.Lt)):
            if isinstance(node.comparators[0], ast.Constant):
                continue  # a switch between ways of equal result
            other = ast.Lt if isinstance(node.ops[0], ast.Gt) else ast.Gt
            yield (
                "turned comparison",
                node,
                lambda n, o=other: ast.Compare(n.left, [o()], n.comparators),
            )


class _Replace(ast.NodeTransformer):
    def __init__(self, target: ast.AST, make: Any) -> None:
        self.target, self.make = target, make

    def visit(self, node: ast.AST) -> Any:
        if node is self.target:
            return self.make(node)
        return self.generic_visit(node)


def used_by() -> dict[str, list[Case]]:
    """For each primitive's name, the cases whose derivative (either order) runs its rules."""
    found: dict[str, list[Case]] = {}
    for case in EVERY:
        result = case.f(*[Tensor(x, requires_grad=True) for x in case.arguments()])
        nodes = [o._node for o in tree.leaves(result) if isinstance(o, Tensor) and o._node]
        for name in {n.name for n in collect(nodes) if n.primitive is not None}:
            found.setdefault(name, []).append(case)
    return found


def passes(case: Case) -> bool:
    """Whether the table's checks of a case hold."""
    try:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            checks.test_first_order(case)
            if case.order > 1:
                checks.test_second_order(case)
    except Exception:  # any complaint counts: that is what a test run would show
        return False
    return True


def kinks_pass() -> bool:
    """Whether every row of the table of kinks and ties holds."""
    try:
        for kink in KINKS:
            kinks.test_both_modes_answer_as_the_table_says(kink)
    except Exception:
        return False
    return True


def _primitives(module: Any) -> dict[str, Any]:
    """Return the operations that have rules: a constant's function changes with its module."""
    from autograd_core.operations.primitive import Constant, Primitive

    return {
        k: v
        for k, v in vars(module).items()
        if isinstance(v, Primitive) and not isinstance(v, Constant)
    }


SLOTS = ("vjps", "jvps", "vjp", "jvp")


def run(limit: int | None) -> tuple[list[str], int, dict[str, int]]:
    """Plant every fault; return the survivors, the number planted, and the count by kind."""
    from importlib import import_module

    from autograd_core.operations.primitive import BUILT_IN, REGISTRY

    guarded = set(BUILT_IN)
    BUILT_IN.clear()  # the faulty copies may declare the engine's own operations again
    cases = used_by()
    survivors: list[str] = []
    kinds: dict[str, int] = {}
    planted = 0
    for name in MODULES:
        module = import_module(f"autograd_core.rules.{name}")
        source = textwrap.dedent(inspect.getsource(module))
        whole = ast.parse(source)
        sites = _Sites()
        sites.visit(whole)
        originals = _primitives(module)
        plans = [(rule, k) for rule in sites.rules for k in range(len(list(faults(rule))))]
        for position, (rule, k) in enumerate(plans):
            if limit is not None and position % max(1, len(plans) * len(MODULES) // limit):
                continue
            tree_copy = copy.deepcopy(whole)
            again = _Sites()
            again.visit(tree_copy)
            twin = again.rules[sites.rules.index(rule)]
            kind, node, make = list(faults(twin))[k]
            where = f"{name}.py:{node.lineno}: {ast.unparse(node)[:60]} ({kind})"
            changed = ast.fix_missing_locations(_Replace(node, make).visit(tree_copy))
            registry = dict(REGISTRY)
            namespace = dict(vars(module))
            exec(compile(changed, f"<mutant of {name}>", "exec"), namespace)
            REGISTRY.clear()
            REGISTRY.update(registry)
            saved = {key: [getattr(p, s) for s in SLOTS] for key, p in originals.items()}
            affected: list[Case] = []
            for key, p in originals.items():
                mutant = namespace[key]
                namespace[key] = p  # recursion goes through the living primitive
                for slot in SLOTS:
                    object.__setattr__(p, slot, getattr(mutant, slot))  # not as users may
                if _differs(p, rule, name):
                    affected += cases.get(p.name, [])
            # a helper used by several rules: every primitive of the module is in question
            affected = affected or [c for p in originals.values() for c in cases.get(p.name, [])]
            unique = list({c.name: c for c in affected}.values())
            caught = any(not passes(c) for c in unique) or not kinks_pass()
            for key, values in saved.items():
                for slot, value in zip(SLOTS, values, strict=True):
                    object.__setattr__(originals[key], slot, value)
            planted += 1
            kinds[kind.split(" ->")[0]] = kinds.get(kind.split(" ->")[0], 0) + 1
            if not caught and where.partition(": ")[2] in EQUIVALENT:
                planted -= 1
            elif not caught:
                survivors.append(where)
                print("survived:", where, flush=True)
    BUILT_IN.update(guarded)
    return survivors, planted, kinds


def _differs(p: Any, rule: Any, module: str) -> bool:
    """Whether the mutated rule is (or is wrapped by) one of this primitive's rules."""
    stack = [getattr(p, s) for s in SLOTS]
    while stack:
        value = stack.pop()
        if isinstance(value, (tuple, list)):
            stack += value
        elif inspect.isfunction(value):
            code = value.__code__
            if code.co_firstlineno == rule.lineno and module in code.co_filename:
                return True
            stack += [c.cell_contents for c in value.__closure__ or () if _callable(c)]
    return False


def _callable(cell: Any) -> bool:
    try:
        return isinstance(cell.cell_contents, (tuple, list)) or inspect.isfunction(
            cell.cell_contents
        )
    except ValueError:
        return False


def main() -> int:
    """Run, print and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--limit", type=int, default=None)
    parser.add_argument("--report", type=Path, default=None)
    options = parser.parse_args()
    survivors, planted, kinds = run(options.limit)
    lines = [
        "# Mutation",
        "",
        "`make mutation` plants faults in the derivative rules, one at a time, and runs the rows",
        "of the table that use the changed rule (tests/mutate.py). Every fault has to be noticed.",
        "",
        f"Planted {planted}, caught {planted - len(survivors)}, survived {len(survivors)}.",
        "",
        "| Fault | Planted |",
        "|---|---|",
        *(f"| {kind} | {n} |" for kind, n in sorted(kinds.items(), key=lambda item: -item[1])),
    ]
    if survivors:
        lines += ["", "Survivors:", "", *(f"- `{s}`" for s in survivors)]
    text = "\n".join(lines) + "\n"
    print(text)
    if options.report:
        options.report.write_text(text, encoding="utf-8")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
