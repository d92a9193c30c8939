"""A finding made small: statements taken away while it still fails, and printed to be run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from fuzzing_cross.statements import Program


def minimised(program: Program, fails: Callable[[Program], bool], tries: int = 200) -> Program:
    """The smallest program found that still fails."""
    again = True
    while again:
        again = False
        for smaller in _smaller(program):
            tries -= 1
            if tries < 0:
                return program
            if fails(smaller):
                program, again = smaller, True
                break
    return program


def _smaller(program: Program) -> Iterator[Program]:
    """One output instead of several; a statement less; its value as an argument instead."""
    if len(program.outputs) > 1:
        for n in program.outputs:
            yield _swept(replace(program, outputs=[n]))
    for k in reversed(range(len(program.statements))):
        s = program.statements[k]
        others = program.statements[:k] + program.statements[k + 1 :]
        if s.kind == "write":
            yield _swept(replace(program, statements=others))
            continue
        value = program.kept[s.out]
        if value.dtype.kind != "f":
            continue
        for n in s.inputs:  # what it was made of stands for it
            of = program.kept.get(n)
            if of is not None and of.shape == value.shape and of.dtype == value.dtype:
                renamed = [o.renamed(s.out, n) for o in others]
                outputs = [n if o == s.out else o for o in program.outputs]
                yield _swept(replace(program, statements=renamed, outputs=outputs))
        arguments = {**program.arguments, s.out: np.copy(value)}
        yield _swept(replace(program, statements=others, arguments=arguments))


def _swept(program: Program) -> Program:
    """Without what nobody reads; writes count as long as their target is read."""
    needed = set(program.outputs)
    statements = program.statements
    while True:
        kept = [s for s in statements if s.out in needed or (
            s.kind == "write" and s.inputs[0] in needed)]  # fmt: skip
        more = needed | {n for s in kept for n in s.reads()}
        more |= {s.out for s in statements if s.owned and set(s.inputs) & more}  # views of it
        if more == needed:
            break
        needed = more
    used = {n for s in kept for n in s.reads()} | set(program.outputs)
    arguments = {k: a for k, a in program.arguments.items() if k in used}
    constants = {k: a for k, a in program.constants.items() if k in used}
    if not arguments:
        arguments = dict(list(program.arguments.items())[:1])
    return replace(program, statements=kept, arguments=arguments, constants=constants)


SNIPPET = """\
# seed {seed}: {kind}
import numpy as np
import autograd_core as ac
import nn.functional as F
from autograd_core import checkpoint, grad, jvp, vmap
from numpy import array, float32
I = np.array
{constants}

{text}

{arguments}
print(ac.grad(lambda *xs: sum(np.sum(np.real(y)) for y in f(*xs)))(*xs))

# in PyTorch:
# {torch}
"""


def snippet(program: Program, kind: str) -> str:
    """The program as text that runs, and PyTorch's beside it."""
    return SNIPPET.format(
        seed=program.seed,
        kind=kind,
        constants="\n".join(f"v{k} = {a!r}" for k, a in program.constants.items()),
        text=program.text("numpy"),
        arguments=f"xs = [{', '.join(repr(a) for a in program.arguments.values())}]",
        torch=program.text("torch").replace("\n", "\n# "),
    )
