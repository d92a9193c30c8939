"""How a program is drawn: statement by statement, each run in NumPy before it is kept."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from fuzzing_cross import arrays, layers
from fuzzing_cross.engines import prelude
from fuzzing_cross.pool import SHAPES, Pool, away
from fuzzing_cross.statements import Program, Rng, Statement

BIG, HIGH = 150, 50.0  # no more numbers in a value, none larger


class Drawer:
    """Draws one program; numbers are given out here, so that every value has its own."""

    def __init__(self, seed: int) -> None:
        self.rng: Rng = np.random.default_rng(seed)
        self.scope = prelude("numpy")
        self.count = 0
        self.live: set[int] = set()
        kinds = self.rng.random()
        self.families = [*arrays.FAMILIES, *[self.block] * 2]
        if kinds < 0.4:
            self.families += layers.FAMILIES * 2
        elif kinds < 0.6:
            self.families += [self.write] * 8
        self.dtype: Any = np.float32 if self.rng.random() < 0.1 else np.float64
        self.shapes = [SHAPES[i] for i in self.rng.permutation(len(SHAPES))[:3]]

    def new(self) -> int:
        self.count += 1
        return self.count - 1

    def array(self) -> Any:
        shape = self.shapes[int(self.rng.integers(3))]
        x = self.rng.uniform(-2, 2, shape)
        if self.dtype is np.float64 and self.rng.random() < 0.08:
            return np.asarray(x + 1j * self.rng.uniform(-2, 2, shape))
        return np.asarray(x.astype(self.dtype))

    def program(self, seed: int) -> Program:
        """Arguments, constants, up to nine statements, outputs that depend on an argument."""
        arguments = {self.new(): self.array() for _ in range(int(self.rng.integers(1, 4)))}
        constants = {self.new(): self.array() for _ in range(int(self.rng.integers(3)))}
        self.scope.update({f"v{k}": a for k, a in {**arguments, **constants}.items()})
        self.live |= set(arguments)
        pool = Pool(self.rng, self.scope, [*arguments, *constants])
        length = int(self.rng.integers(2, 10))
        statements: list[Statement] = []
        for _ in range(4 * length):
            if len(statements) < length and (made := self.statement(pool)):
                statements.append(made)
        made_here = [s.out for s in statements if s.out in self.live]
        if not made_here:
            return self.program(seed)
        used = {k for s in statements for k in s.inputs}
        loose = [k for k in made_here if k not in used] or made_here[-1:]
        kept = {k: np.copy(self.scope[f"v{k}"]) for k in pool.seen}
        return Program(arguments, constants, statements, loose[-3:], seed, kept)

    def statement(self, pool: Pool) -> Statement | None:
        """Draw one; run it; keep it if its value is an array of moderate numbers."""
        families = self.families if not pool.depth else arrays.FAMILIES
        made = families[int(self.rng.integers(len(families)))](pool)
        if made is None or None in made.inputs:
            return None
        if made.kind == "write":
            return made
        if made.out < 0:
            made = replace(made, out=self.new())
        if not self.run([made]):
            return None
        here = self.scope[f"v{made.out}"]
        number = isinstance(here, np.generic) and made.text.startswith("{0}[")
        read = pool[made.inputs[0]] if number else here  # a number here is a view in PyTorch
        if not made.owned and any(np.shares_memory(read, pool[k]) for k in pool.owned):
            return None  # whether flip or rot90 give a view is each library's own
        pool.seen.append(made.out)
        if self.live & made.reads():
            self.live.add(made.out)
        if made.owned:
            pool.owned.append(made.out)
        return made

    def run(self, statements: Iterable[Statement]) -> bool:
        """Run them where they belong; whether the last value will do."""
        text = "\n".join(line for s in statements for line in s.lines("numpy", ""))
        last = f"v{self.count - 1}"
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                exec(text, self.scope)
                last = next(line.split(" = ")[0] for line in reversed(text.split("\n"))
                            if line.startswith("v") and " = " in line)  # fmt: skip
                value = self.scope[last]
                if not isinstance(value, np.ndarray | np.generic) or not value.size:
                    return False
                return value.dtype.kind in "fc" and value.size <= BIG and bool(
                    np.all(np.abs(value) < HIGH))  # fmt: skip
            except Exception:
                return False

    def write(self, pool: Pool) -> Statement | None:
        """A fresh array, a view of one, or a change of either in place."""
        if pool.depth:
            return None
        owned = [k for k in pool.owned if pool[k].ndim]
        if not owned or pool.chance(0.15):
            a = pool.pick(lambda x: x.ndim)
            alive = a in self.live  # NumPy's own array takes no traced value in
            return pool.value("{0} * 1.0", a, owned=True) if alive else None
        k = owned[int(self.rng.integers(len(owned)))]
        x = pool[k]
        if pool.chance(0.3):
            text = pool.choose(["{0}[1:]", "{0}[..., 0]", "{0}.reshape(-1)", "{0}.mT", "{0}[None]",
                                "{0}[:, 1:]", "{0}[::2]", "{0}.swapaxes(0, -1)"])  # fmt: skip
            if x.ndim < 2 and any(s in text for s in ("mT", ", 1:")):
                return None
            jax = ""  # a write through a view reaches what it is a view of
            return pool.value(text, k, owned=np.shares_memory(eval(text.format("x")), x), jax=jax)
        where, c = pool.index(x), pool.number()
        try:
            part = eval(f"x[{where}]", {"I": np.array, "x": x})
        except IndexError:
            return None
        b = pool.pick(
            lambda y: y.dtype == x.dtype and not np.shares_memory(x, y)
            and y.ndim <= np.ndim(part) and Pool.broadcast(y, part)
            and np.broadcast_shapes(y.shape, np.shape(part)) == np.shape(part)
        )  # fmt: skip
        if "I([" in where and not isinstance(part, np.generic) and "-" in where:
            return None  # a place may be named twice
        options = [f"{{0}}[{where}] = {c}", f"{{0}}[{where}] *= {c}", f"{{0}}[{where}] += {c}",
                   f"{{0}} *= {c}", f"{{0}} += {c}"]  # fmt: skip
        if b is not None:
            options += [f"{{0}}[{where}] = {{1}}", f"{{0}}[{where}] += {{1}}",
                        f"{{0}}[{where}] *= {{1}}"] * 2  # fmt: skip
        text = pool.choose(options)
        made = Statement(text, (k, b) if "{1}" in text else (k,), kind="write", jax="")
        if _named_twice(where):
            return None
        exec("\n".join(made.lines("numpy", "")), self.scope)
        if self.live & made.reads():
            self.live |= {o for o in pool.owned if np.shares_memory(pool[o], x)}
        return made

    def block(self, pool: Pool) -> Statement | None:
        """A loop, a branch, or a function that is differentiated or mapped here."""
        if pool.depth:
            return None
        kind = pool.choose(["grad", "grad", "vmap", "vmap", "jvp", "checkpoint", "for", "while",
                            "if"])  # fmt: skip
        a = pool.pick(lambda x: x.dtype.kind == "f" and (x.ndim or kind != "vmap"))
        if a is None:
            return None
        param, x = self.new(), pool[a]
        if kind == "jvp" and x.dtype != float:
            return None  # PyTorch's tangents of zero are in double precision
        self.scope[f"v{param}"] = x[0] if kind == "vmap" else x
        inner = Pool(self.rng, self.scope, [*pool.seen, param], depth=1)
        body = [made for _ in range(6) if (made := self.statement(inner))][:3]
        last = body[-1].out if body else param
        final = self.new()
        if kind in ("for", "while", "if"):  # what is carried keeps its shape and dtype
            alike = inner[last].shape == x.shape and inner[last].dtype == x.dtype
            text = "np.tanh({0}) * {1} * 0.5" if alike else "{1} * 0.5"  # so that a while ends
            if kind != "while" and not alike:
                text = "{1} * 0.5 + np.sum(np.real({0})).astype({1}.dtype) * 0.1"
            body.append(Statement(text, (last, param), out=final))
        elif kind == "grad":
            text = "np.sum(np.real({0}) * 1.5) + np.sum({1} * {1})"
            body.append(Statement(text, (last, param), out=final))
        else:
            body.append(Statement("{0} * 1.0", (last,), out=final))
        c = (
            abs(pool.number()) + 0.50371
        )  # no sum of whole numbers, so that rounding decides nothing
        text = {"for": f"for _ in range({int(self.rng.integers(4))})",
                "while": f"while 1e6 > np.sum(np.abs(v{{out}})) > {c}",  # elsewhere it may be inf
                "if": f"if np.sum({{0}}) > {c}"}.get(kind, "")  # fmt: skip
        out = self.new()
        text = text.replace("{out}", str(out))
        if kind == "if" and not away(np.sum(x), c):
            return None
        return Statement(text, (a,), out=out, kind=kind, body=tuple(body), param=param)


def _named_twice(where: str) -> bool:
    for part in where.split("I(")[1:]:
        ks = part.split(")")[0].strip("[]").replace("[", "").replace("]", "").split(", ")
        if "True" not in part and "False" not in part and len(set(ks)) < len(ks):
            return True
    return False


def draw(seed: int) -> Program:
    """The program of a seed."""
    return Drawer(seed).program(seed)
