"""Which saved values a rule reads, found from its bytecode.

So that changing in place what nobody needs is allowed, and so that what is kept
for the sweep can be told.
"""

from __future__ import annotations

import dis
import inspect
from collections.abc import Callable, Sequence
from typing import Any


def reader(rules: Sequence[Any], skip: int) -> Callable[[], tuple[frozenset[int], ...]]:
    """Return a function that finds, from the bytecode, which saved values each rule reads.

    ``skip`` leading parameters are not saved values.  Looking at ``.shape`` and
    its like is not reading.
    """
    return lambda: tuple(values_read(rule, skip) for rule in rules)


def values_read(rule: Any, skip: int) -> frozenset[int]:
    """Return the saved values that one rule reads, counted from the first after `skip`."""
    stated = getattr(rule, "reads", None)  # by a rule that is handed on
    if stated is not None:
        return frozenset(stated)
    code = getattr(rule, "__code__", None)
    if code is None:
        return frozenset() if not callable(rule) else frozenset(range(64))
    names = code.co_varnames[skip : code.co_argcount]
    found: set[int] = set()
    instructions = list(dis.get_instructions(code))
    for instruction, following in zip(instructions, [*instructions[1:], None], strict=True):
        name = instruction.opname  # from Python 3.13 on also STORE_FAST_LOAD_FAST and its like
        if "LOAD_FAST" not in name and name not in ("LOAD_CLOSURE", "LOAD_DEREF"):
            continue
        loaded = instruction.argval
        metadata = (
            following is not None
            and following.opname == "LOAD_ATTR"
            and following.argval in ("shape", "ndim", "size", "dtype")
        )
        together = loaded if isinstance(loaded, tuple) else (loaded,)  # fused loads: two names
        for k, variable in enumerate(together):
            if variable in names and not (metadata and k == len(together) - 1):
                found.add(names.index(variable))
    if code.co_flags & inspect.CO_VARARGS:
        return frozenset(range(64))
    return frozenset(found)
