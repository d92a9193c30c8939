"""A statement in a neutral form: one line of text for each engine, or a block of statements."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

Rng = np.random.Generator
DIALECTS = ("numpy", "torch", "jax")

# What is spelt otherwise in PyTorch; a family gives the text itself where this does not do.
_TORCH = [
    (r"np\.linalg\.", "torch.linalg."), (r"np\.fft\.", "torch.fft."), (r"np\.max\(", "torch.amax("),
    (r"np\.min\(", "torch.amin("), (r"np\.rint\(", "torch.round("), (r"np\.abs\(", "torch.abs("),
    (r"np\.conj\(", "torch.conj("), (r"np\.expand_dims\(", "torch.unsqueeze("),
    (r"np\.array_split\(", "torch.tensor_split("), (r"np\.transpose\(", "torch.permute("),
    (r"\.astype\(", ".to("), (r"np\.", "torch."),
]  # fmt: skip


def in_torch(text: str) -> str:
    for pattern, spelt in _TORCH:
        text = re.sub(r"(?<![\w.])" + pattern if pattern[0] == "n" else pattern, spelt, text)
    return text


@dataclass(frozen=True)
class Statement:
    """``v{out} = text``, where ``{0}`` is the first input.

    ``kind``: "value"; "write" (nothing is returned); "grad", "vmap", "jvp", "checkpoint" (a
    function of `param`, whose result is ``body[-1].out``); "for", "while", "if" (in text too).
    """

    text: str
    inputs: tuple[int, ...]
    torch: str | None = None
    jax: str | None = None
    out: int = -1
    kind: str = "value"
    owned: bool = False  # fresh memory, or a view of it, that may be written into
    body: tuple[Statement, ...] = ()
    param: int = -1

    def line(self, dialect: str) -> str:
        """The text in an engine's words, its inputs by name."""
        text = self.text
        if dialect in ("torch", "noisy"):
            text = in_torch(text) if self.torch is None else self.torch
        elif dialect == "jax":
            text = re.sub(r"(?<![\w.])np\.", "jnp.", text) if self.jax is None else self.jax
        name = "noise(v{})" if dialect == "noisy" and self.noisy() else "v{}"
        return text.format(*(name.format(k) for k in self.inputs))

    def noisy(self) -> bool:
        """Whether noise may be put into it: not where memory is shared."""
        return self.kind == "value" and not self.owned

    def lines(self, dialect: str, indent: str = "    ") -> list[str]:
        """All its lines."""
        deep, out = indent + "    ", f"v{self.out}"
        inside = [line for s in self.body for line in s.lines(dialect, deep)]
        if self.kind == "value":
            text = self.line(dialect)
            noisy = dialect == "noisy" and self.noisy()
            return [f"{indent}{out} = noise({text})" if noisy else f"{indent}{out} = {text}"]
        if self.kind == "write":
            return [indent + self.line(dialect)]
        if self.kind in ("for", "while", "if"):
            start = [f"{indent}{out} = v{self.inputs[0]}"]
            last = [f"{deep}{out} = v{self.body[-1].out}"]
            again = [f"{deep}v{self.param} = {out}"]
            return [*start, f"{indent}{self.line(dialect)}:", *again, *inside, *last]
        head = f"{indent}def g{self.out}(v{self.param}):"
        x, last = f"v{self.inputs[0]}", [f"{deep}return v{self.body[-1].out}"]
        call = f"jvp(g{self.out}, ({x},), ({x} * 0 + 1,))[1]"
        if self.kind != "jvp":
            call = f"{self.kind}(g{self.out})({x})"
        return [head, *inside, *last, f"{indent}{out} = {call}"]

    def walk(self) -> Iterator[Statement]:
        """The statement and those in its body."""
        yield self
        for s in self.body:
            yield from s.walk()

    def reads(self) -> set[int]:
        """Every value that is read here, those from outside of the body among them."""
        return {k for s in self.walk() for k in s.inputs} - {s.out for s in self.body}

    def renamed(self, old: int, new: int) -> Statement:
        """Read `new` where `old` was read."""
        inputs = tuple(new if k == old else k for k in self.inputs)
        return replace(self, inputs=inputs, body=tuple(s.renamed(old, new) for s in self.body))


@dataclass
class Program:
    """Arguments (an array each), captured constants, statements, and what is returned."""

    arguments: dict[int, Any]
    constants: dict[int, Any]
    statements: list[Statement]
    outputs: list[int]
    seed: int = -1
    kept: dict[int, Any] = field(default_factory=dict, repr=False)  # every value at the point

    def text(self, dialect: str) -> str:
        """The function f in an engine's words."""
        head = f"def f({', '.join(f'v{k}' for k in self.arguments)}):"
        body = [line for s in self.statements for line in s.lines(dialect)]
        return "\n".join([head, *body, f"    return ({', '.join(f'v{k}' for k in self.outputs)},)"])

    def every(self) -> list[Statement]:
        """All statements, those in bodies too."""
        return [inner for s in self.statements for inner in s.walk()]

    def in_jax(self) -> bool:
        """Whether JAX has all of it: writes only where nothing else sees the memory."""
        return not any(s.jax == "" for s in self.every())

    def single(self) -> bool:
        """Whether anything is in single precision."""
        arrays: Sequence[Any] = [*self.arguments.values(), *self.constants.values()]
        named = any("float32" in s.text or "complex64" in s.text for s in self.every())
        return named or any(a.dtype.char in "fF" for a in arrays)
