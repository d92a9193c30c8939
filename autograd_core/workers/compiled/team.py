"""A team of threads that take parts of a kernel's work without the interpreter's lock.

Waking a thread takes 50 microseconds, and Python's lock changes hands in ten; many kernels are done
by then.  So after its work a helper looks out for more for some tenths of a millisecond, inside
compiled code: `lead` writes a job on the board (which function, where its arguments are) and opens
the gate, everybody takes parts until there is none, and the gate closes.

A kernel takes part like this: ``_pass(part, parts, x, y)`` does its share (`mine`); another, which
is ``lead(board, parts, job(_pass, (parts, x, y)))``, has all of them done.  That other one is
written out each time: what a factory makes around a captured kernel, numba does not find again on
disk (measured: compiled anew in every process).

A helper counts itself in before it looks whether the gate is still open, and the caller closes
it before it waits until nobody is in; each reads what the other wrote before (sequentially
consistent), so nobody reads the arguments of a caller that has gone on.
"""

from __future__ import annotations

import os
from time import perf_counter
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils as _cgutils

from autograd_core.workers import setting, threads
from autograd_core.workers.compiled import inlined, kernel, operation

cgutils: Any = _cgutils
INDEX = ir.IntType(64)
# what stands on the board, a line of cache each
GATE, INSIDE, NEXT, LAST, TAKEN, AWAKE, CALLED = range(0, 56, 8)
ENTRY, PLACE, COUNT, TICKET = range(56, 60)
PATIENCE = 400e-6  # seconds that a helper looks out for more
SHARED = 1 << 16  # numbers of a pass: ten microseconds' work
WORTH = 12e3  # nanoseconds of a pass that threads share

board, nobody = np.zeros((2, 64), np.int64)


def _address(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
    data = context.make_array(kind)(context, builder, array).data
    return builder.gep(data, [at])


@operation
def _read(typing: Any, board: Any, at: Any) -> Any:
    """Return a number on the board, as the last writer left it."""

    def write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _address(context, builder, signature.args[0], *args)
        return builder.load_atomic(place, "seq_cst", 8)

    return types.int64(board, types.int64), write


@operation
def _put(typing: Any, board: Any, at: Any, value: Any) -> Any:
    """Write a number on the board."""

    def write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _address(context, builder, signature.args[0], *args[:2])
        builder.store_atomic(args[2], place, "seq_cst", 8)
        return context.get_dummy_value()

    return types.void(board, types.int64, types.int64), write


@operation
def _add(typing: Any, board: Any, at: Any, value: Any) -> Any:
    """Add to a number on the board and return what it was."""

    def write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _address(context, builder, signature.args[0], *args[:2])
        return builder.atomic_rmw("add", place, args[2], "seq_cst")

    return types.int64(board, types.int64, types.int64), write


@operation
def _pause(typing: Any) -> Any:
    """Let the core's other thread run while this one waits in a loop."""

    def write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if builder.module.triple.startswith(("x86", "amd64", "i686")):
            kind = ir.FunctionType(ir.VoidType(), [])
            name = "llvm.x86.sse2.pause"
            builder.call(cgutils.get_or_insert_function(builder.module, kind, name), [])
        return context.get_dummy_value()

    return types.void(), write


_PART = ir.FunctionType(ir.VoidType(), [INDEX, INDEX])  # where the arguments are, which part


@operation
def _do(typing: Any, entry: Any, place: Any, part: Any) -> Any:
    """Do a part of a job."""

    def write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        function = builder.inttoptr(args[0], _PART.as_pointer())
        builder.call(function, args[1:])
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), write


@operation
def job(typing: Any, function: Any, given: Any) -> Any:
    """Return the addresses of ``place, part -> function(part, *given)`` and of what is given."""
    inner = function.get_call_type(typing, (types.int64, *given), {})

    def write(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        compiled = function.dispatcher.overloads[inner.args]
        context.active_code_library.add_linking_library(compiled.library)
        module = builder.module
        callee = context.declare_function(module, compiled.fndesc)
        part = ir.Function(module, _PART, module.get_unique_name("part"))
        part.linkage = "internal"
        inside = ir.IRBuilder(part.append_basic_block())
        stored = cgutils.alloca_once_value(builder, args[1])
        everything = inside.load(inside.inttoptr(part.args[0], stored.type))
        values = [part.args[1], *cgutils.unpack_tuple(inside, everything)]
        context.call_conv.call_function(
            inside, callee, inner.return_type, inner.args, values, attrs=("noinline",)
        )
        inside.ret_void()
        pair = [builder.ptrtoint(part, INDEX), builder.ptrtoint(stored, INDEX)]
        return context.make_tuple(builder, signature.return_type, pair)

    pair = types.UniTuple(types.int64, 2)  # type: ignore[no-untyped-call]  # numba has no types
    return pair(function, given), write


@kernel
def _work(
    board: Any, entry: int, place: int, count: int, leads: bool
) -> None:  # pragma: no cover - compiled
    """Take parts until none is left: who leads from the first on, helpers from the last on.

    So the next job finds about half of its data in the cache of the core that made them.
    """
    part = 0
    while _add(board, NEXT, 1) < count:
        if leads:
            _do(entry, place, part)
            part += 1
        else:
            _do(entry, place, count - 1 - _add(board, LAST, 1))


@kernel
def lead(board: Any, count: int, work: Any) -> None:  # pragma: no cover - compiled
    """Do a job with whoever is looking out; alone if another thread leads one."""
    entry, place = work
    if _add(board, TAKEN, 1) != 0:
        _add(board, TAKEN, -1)
        for part in range(count):
            _do(entry, place, part)
        return
    board[ENTRY], board[PLACE], board[COUNT] = entry, place, count
    board[TICKET] += 1
    _put(board, NEXT, 0)
    _put(board, LAST, 0)
    _put(board, GATE, board[TICKET])
    _work(board, entry, place, count, True)
    _put(board, GATE, 0)
    while _read(board, INSIDE) != 0:
        _pause()
    _add(board, TAKEN, -1)


@inlined
def mine(part: int, parts: int, count: int) -> slice:  # pragma: no cover - compiled
    """Return a part's share of so many things."""
    return slice(count * part // parts, count * (part + 1) // parts)


@kernel
def _look_out(board: Any, patience: int) -> None:  # pragma: no cover - compiled
    """Help with jobs until none comes for a while, or until called away."""
    _add(board, AWAKE, 1)
    called, last, idle = _read(board, CALLED), 0, 0
    while idle < patience and _read(board, CALLED) == called:
        gate = _read(board, GATE)
        if gate == 0 or gate == last:
            idle += 1
            _pause()
            continue
        _add(board, INSIDE, 1)
        if _read(board, GATE) == gate:
            _work(board, board[ENTRY], board[PLACE], board[COUNT], False)
            last, idle = gate, 0
        _add(board, INSIDE, -1)
    _add(board, AWAKE, -1)


def _patience() -> int:
    """Return how many looks at the board take PATIENCE seconds."""
    looks = 20000
    _look_out(nobody, 1)
    start = perf_counter()
    _look_out(nobody, looks)
    return int(looks * PATIENCE / (perf_counter() - start))


_looks = _patience()


def _linger() -> None:
    _look_out(board, _looks)


def _recall() -> None:
    if board[AWAKE]:
        board[CALLED] += 1


def helped(count: int) -> Any:
    """Return the board for a job of so many parts, helpers on their way to it."""
    if setting("threads") == 1:
        return nobody
    threads.summon(min(setting("threads"), count) - 1, int(board[AWAKE]), _linger, _recall)
    return board


def pieces(numbers: int) -> int:
    """Return into how many parts a pass over so many numbers is divided."""
    return 2 * setting("threads") if numbers >= SHARED and setting("threads") > 1 else 1


def shares(nanoseconds: float) -> int:
    """Return into how many parts a pass of so much work is divided."""
    return 2 * setting("threads") if nanoseconds >= WORTH and setting("threads") > 1 else 1


def together(function: Any, numbers: int, *given: Any) -> None:
    """Call ``function(board, parts, *given)`` for a pass over so many numbers."""
    parts = pieces(numbers)
    function(helped(parts), parts, *given)


def _forget() -> None:  # pragma: no cover - runs in the child
    board[:] = nobody[:] = 0


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_forget)
