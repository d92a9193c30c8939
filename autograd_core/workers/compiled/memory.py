"""Numbers at addresses, and reductions in any order, for kernels that are written as text.

An address with an index is one instruction; an array's slice is a dozen.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from autograd_core.workers.compiled import operation
from autograd_core.workers.compiled.lane import cgutils


def _place(builder: Any, kind: Any, address: Any, index: Any) -> Any:
    return builder.gep(builder.inttoptr(address, kind.as_pointer()), [index])


@operation
def read(typing: Any, like: Any, address: Any, index: Any) -> Any:
    """Return the number at an address, so many numbers on."""

    def made(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = context.get_value_type(signature.return_type)
        return builder.load(_place(builder, kind, args[1], args[2]))

    return like(like, types.int64, types.int64), made


@operation
def write(typing: Any, address: Any, index: Any, value: Any) -> Any:
    """Write a number."""

    def made(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store(args[2], _place(builder, args[2].type, args[0], args[1]))
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, value), made


@operation
def added(typing: Any, total: Any, value: Any) -> Any:
    """Return a sum that may be taken in any order."""

    def made(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fadd(*args, flags=("reassoc", "nsz"))

    return total(total, total), made


def _extreme(name: str) -> Any:
    def typed(typing: Any, best: Any, value: Any) -> Any:
        def made(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            kind = args[0].type
            full = f"llvm.{name}.{'f32' if kind == ir.FloatType() else 'f64'}"
            function = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(kind, [kind, kind]), full
            )
            return builder.call(function, args)

        return best(best, best), made

    return operation(typed)


largest, smallest = _extreme("maximum"), _extreme("minimum")  # NaN where there is one
