"""Steps that write in place, that nest a derivative inside of the program, or that are wrong."""

from __future__ import annotations

from typing import Any

import numpy as np

import autograd_core as ac
from autograd_core.operations.modes import BASE
from autograd_core.operations.primitive import Boxed
from fuzzing.drawing import Rng, Step, a_number, an_index, chance, pick


def _kept(change: Any) -> Any:
    """A function of arrays that changes its first argument and returns it."""

    def f(x: Any, *others: Any) -> Any:
        change(x, *others)
        return x

    return f


def _update(operation: str, other: Any) -> Any:
    def f(x: Any, *others: Any) -> Any:
        method = getattr(x, operation)
        method(others[0] if others else other)
        return x

    return f


def write(rng: Rng, x: Any) -> Step:
    """In place; on 0-d values NumPy has no such thing (they are numbers there)."""
    if not x.ndim:
        return Step("0-d += 1", lambda x: x + 1)
    where, c = an_index(rng, x), a_number(rng)
    name = pick(rng, ["__iadd__", "__isub__", "__imul__", "__itruediv__", "__ipow__", "__imod__"])
    if chance(rng, 0.2):
        return Step(f"x.{name}(y)", _update(name, None), 2, writes=True)

    def assign(x: Any, v: Any) -> None:
        x[where] = v

    def add_to(x: Any) -> None:
        x[where] += c

    def from_itself(x: Any) -> None:
        x[...] = np.flip(x) * 2

    return pick(
        rng,
        [
            Step(f"x.{name}({c})", _update(name, c), writes=True),
            Step(f"x[{where!r}] = y", _kept(assign), 2, writes=True),
            Step(f"x[{where!r}] = {c}", _kept(lambda x: assign(x, c)), writes=True),
            Step(f"x[{where!r}] += {c}", _kept(add_to), writes=True),
            Step("x[...] = flip(x)", _kept(from_itself), writes=True),
            Step("x[0] = x[-1]", _kept(lambda x: x.__setitem__(0, x[-1] * 2)), writes=True),
            Step("x.sort()", _kept(lambda x: x.sort()), writes=True),
            Step("x.fill", _kept(lambda x: x.fill(0.5)), writes=True),
            Step("put", _kept(lambda x: np.put(x, [0, -1], [1.5, 2.0])), writes=True),
            Step("place", _kept(lambda x: np.place(x, x > 0, [0.5])), writes=True),
            Step("putmask", _kept(lambda x: np.putmask(x, x > 0, -x)), writes=True),
            Step("copyto", _kept(lambda a, b: np.copyto(a, b)), 2, writes=True),
            Step("fill_diagonal", _kept(lambda x: np.fill_diagonal(x, 2.0)), writes=True),
            Step("add.at", _kept(lambda x: np.add.at(x, [0, 0], 1.0)), writes=True),
        ],
    )


def view(rng: Rng, x: Any) -> Step:
    """A view, so that later writes have something to share memory with."""
    if not x.ndim:
        return Step("copy", np.copy)
    return pick(
        rng,
        [
            Step("x[1:]", lambda x: x[1:]),
            Step("x[::-1]", lambda x: x[::-1]),
            Step("x.T", lambda x: x.T),
            Step("x.ravel()", lambda x: x.ravel()),
            Step("x.reshape(-1)", lambda x: x.reshape(-1)),
            Step("x[None]", lambda x: x[None]),
            Step("x[..., 0]", lambda x: x[..., 0]),
            Step("x * 1", lambda x: x * 1),
        ],
    )


def _differentiated(f: Any, closed: Any) -> Any:
    """The engine's derivative where the value is followed, the closed form on plain arrays."""
    return lambda x: f(x) if isinstance(x, Boxed) and x.dtype.kind == "f" else closed(x)


def nested(rng: Rng, x: Any) -> Step:
    """A transform inside of the program; NumPy gets the derivative by hand."""

    def total(x: Any) -> Any:
        return np.sum(np.sin(x) * x)

    def slope(x: Any) -> Any:
        return np.cos(x) * x + np.sin(x)

    def curve(x: Any) -> Any:
        return 2 * np.cos(x) - x * np.sin(x)

    def by_tape(x: Any) -> Any:
        if x._level == BASE:  # made by hand itself: a Tensor of it is a copy without history
            return ac.grad(total)(x)
        inner = ac.Tensor(x, requires_grad=True)
        total(inner).backward(create_graph=True)
        return inner.grad

    def by_dual(x: Any) -> Any:
        return ac.Dual(x, np.ones_like(x)).primal * 1.0

    def along(x: Any) -> Any:
        return ac.jvp(lambda z: np.sin(z) * z, (x,), (np.ones_like(x),))[1]

    def product(x: Any) -> Any:
        return ac.hvp(total, (x,), (np.ones_like(x),))

    def looped(x: Any) -> Any:
        return ac.vmap(slope)(x) if x.ndim and len(x) else slope(x)

    return pick(
        rng,
        [
            Step("grad(sin x)", _differentiated(ac.grad(total), slope)),
            Step("jvp(x sin x)", _differentiated(along, slope)),
            Step("hvp(x sin x)", _differentiated(product, curve)),
            Step("vjp", _differentiated(lambda x: ac.vjp(total, x)[1](1.0), slope)),
            Step("linearize", _differentiated(
                lambda x: ac.linearize(lambda z: np.sin(z) * z, x)[1](np.ones_like(x)), slope)),
            Step("grad(grad)", _differentiated(
                ac.grad(lambda x: np.sum(ac.grad(total)(x))), curve)),
            Step("tape in a trace", _differentiated(by_tape, slope)),
            Step("Dual in a trace", _differentiated(by_dual, lambda x: x * 1.0)),
            Step("checkpoint", _differentiated(ac.checkpoint(slope), slope)),
            Step("vmap(rows)", _differentiated(looped, slope)),
            Step("plus(branch)", _differentiated(
                lambda x: ac.plus(*ac.branch(x, 3)), lambda x: x + x + x)),
            Step("logsumexp", _differentiated(
                lambda x: ac.logsumexp(x) if x.size else np.sum(x) - np.inf,
                lambda x: np.log(np.sum(np.exp(x))))),
        ],
    )  # fmt: skip


def wrong(rng: Rng, x: Any) -> Step:
    """Calls that NumPy refuses, most of them for a reason of their own."""
    nothing: Any = None
    return pick(
        rng,
        [
            Step("x + None", lambda x: x + nothing),
            Step("x + 'a'", lambda x: x + "a"),
            Step("x @ 2", lambda x: x @ 2),
            Step("sum(axis='a')", lambda x: np.sum(x, axis="a")),
            Step("sum(axis=1.5)", lambda x: np.sum(x, axis=1.5)),
            Step("sum(axis=(0, 0))", lambda x: np.sum(x, axis=(0, 0))),
            Step("x + object()", lambda x: x + object()),
            Step("reshape(-1, -1)", lambda x: np.reshape(x, (-1, -1))),
            Step("reshape('a')", lambda x: np.reshape(x, "a")),
            Step("transpose((0, 0))", lambda x: np.transpose(x, (0, 0))),
            Step("x[1.5]", lambda x: x[1.5]),
            Step("x['a']", lambda x: x["a"]),
            Step("x[None, 9, 9, 9]", lambda x: x[None, 9, 9, 9]),
            Step("x & x", lambda x: x & x),
            Step("~x", lambda x: ~x),
            Step("x << 1", lambda x: np.left_shift(x, 1)),
            Step("exp(x, x, x)", lambda x: np.exp(x, x, x)),
            Step("exp()", lambda x: np.exp()),
            Step("sum(nonsense=1)", lambda x: np.sum(x, nonsense=1)),
            Step("concatenate([])", lambda x: np.concatenate([])),
            Step("concatenate(x, 1, 2)", lambda x: np.concatenate([x, 1.0, 2.0])),
            Step("stack ragged", lambda x: np.stack([x, np.ones((7, 7))])),
            Step("einsum('ijk,kl')", lambda x: np.einsum("ijkl,kl", x)),
            Step("einsum('a->bc')", lambda x: np.einsum("i->bc", x)),
            Step("tensordot(9)", lambda x: np.tensordot(x, x, 9)),
            Step("moveaxis(9)", lambda x: np.moveaxis(x, 9, 0)),
            Step("clip(a)", lambda x: np.clip(x, "a", None)),
            Step("astype(nonsense)", lambda x: x.astype("nonsense")),
            Step("pad(nonsense)", lambda x: np.pad(x, 1, mode="nonsense")),
            Step("quantile(2)", lambda x: np.quantile(x, 2.0)),
            Step("repeat(-1)", lambda x: np.repeat(x, -1)),
            Step("split(0)", lambda x: np.split(x, 0)),
            Step("solve(x, ones(9))", lambda x: np.linalg.solve(x, np.ones(9))),
            Step("fft(0)", lambda x: np.fft.fft(x, 0)),
            Step("gradient(edge)", lambda x: np.gradient(x, edge_order=5)),
            Step("diff(-1)", lambda x: np.diff(x, -1)),
            Step("take(9)", lambda x: np.take(x, 99)),
            Step("roll('a')", lambda x: np.roll(x, "a")),
            Step("float(x)", lambda x: x * float(np.sum(np.ones(3)))),
            Step("where(1, 2)", lambda x: np.where(x > 0, x)),
            Step("interp(short)", lambda x: np.interp(x, [0.0, 1.0], [1.0])),
            Step("bool(x)", lambda x: x if x else -x),
            Step("len(x)", lambda x: x * len(x)),
            Step("x.nonsense", lambda x: x.nonsense),
            Step("x()", lambda x: x()),
            Step("x in x", lambda x: x * (0.5 in x)),
        ],
    )


WRITING = [write, write, view]
FAMILIES = [nested, nested, wrong]
