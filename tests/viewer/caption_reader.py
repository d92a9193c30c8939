"""A reader of captions: it computes what a page's formula says, from the text and the numbers."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from autograd_core import Graph, Tensor
from autograd_core.base import tree
from autograd_core.engine.node import PART, Node
from autograd_core.viewer.formulas import Call, Formula

POWERS = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻"
WORDS = re.compile(r"\b(index|window|largest)\b")  # an index that is told in words


def python(text: str) -> str:
    """Return the formula of a caption as Python."""
    text = re.sub(
        f"[{POWERS}]+",
        lambda m: f"**({m[0].translate(str.maketrans(POWERS, '0123456789-'))})",
        text,
    )
    return text.replace("×", "*").replace("−", "-").replace("ᵀ", ".mT").replace("π", "pi")


def read(formula: Formula, values: dict[str, Any]) -> Any:
    """Compute what a formula's text says of these values; in its own shape."""
    text = formula.text
    if formula.kind == "chain":  # the sum over Jacobian elements, by the forward rule
        assert text.startswith("Σ upstream × ∂")
        return formula.values["chain"](values["upstream"])
    scope = {name: getattr(np, name) for name in re.findall(r"[a-z_0-9]+(?=\()", text)
             if hasattr(np, name)}  # fmt: skip
    scope |= {k: v for k, v in formula.values.items() if k not in ("x", "y", "a", "b", "c")}
    scope |= {"pi": np.pi, "nan": np.nan, "inf": np.inf} | values
    text, _, definitions = text.partition(", where ")
    with np.errstate(all="ignore"):
        for one in reversed(re.split(r", (?=[a-z] = )", definitions)):
            if one:
                name, _, value = one.partition(" = ")
                scope[name] = eval(python(value), scope)
        placed = re.fullmatch(r"zeros\[(.*)\] \+= (.*)", text)
        cleared = re.fullmatch(r"(.*) with \[(.*)\] = 0", text)
        if placed:
            value = eval(python(placed[2]), scope)
            if WORDS.search(placed[1]):
                index = formula.values.get("winner", formula.values.get("index"))
                return formula.values["place"](value, index)
            made = np.zeros(formula.shape, np.result_type(value, float))
            np.add.at(made, eval(f"np.s_[{python(placed[1])}]", {"np": np}), value)
            return made
        if cleared:
            made = np.array(eval(python(cleared[1]), scope))
            index = formula.values["index"]
            if not WORDS.search(cleared[2]):
                index = eval(f"np.s_[{python(cleared[2])}]", {"np": np})
            made[index] = 0
            return made
        if formula.kind == "slope":
            slope = formula.shown["slope"]
            assert text == f"upstream × {slope}"
            return values["upstream"] * formula.values["slope"]
        if WORDS.search(text):
            text = re.sub(r"\[[^]]*\bindex\b[^]]*\]", "[index]", text)
        return eval(python(text), scope)


def into_shape(value: Any, shape: tuple[int, ...], real: bool) -> Any:
    """Sum over broadcast axes, or copy; by the rules of broadcasting alone."""
    value = np.asarray(value)
    value = value.real if real else value
    joint = np.broadcast_shapes(value.shape, shape)
    value = np.broadcast_to(value, joint)
    lead = len(joint) - len(shape)
    value = value.sum(axis=tuple(range(lead)))
    axes = tuple(k for k, n in enumerate(shape) if n == 1 != value.shape[k])
    return value.sum(axis=axes, keepdims=True)


def messages(outputs: Any) -> list[tuple[Call, Any, Any]]:
    """Sweep back from some results: each operation's call, its upstream, and what it sent."""
    found = [o for o in tree.leaves(outputs) if isinstance(o, Tensor) and o.requires_grad]
    if not found:
        return []
    rng = np.random.default_rng(0)
    total: Any = 0.0
    for out in found:
        if np.iscomplexobj(out.data):
            out = np.real(out * (1 + 0.5j))
        total = total + np.sum(out * rng.uniform(0.5, 1.5, out.shape))
    graph, seen = Graph(total), []

    def shown(g: Any) -> Any:
        if isinstance(g, (tuple, list)):
            return tuple(None if p is None else np.conj(np.array(p)) for p in g)
        return np.conj(np.array(g))[()]

    def observe(node: Node, g: Any, index: int, sent: Any) -> None:
        if node.primitive is not PART:
            names = [f"x{k}" for k in range(len(node.inputs or ()))]
            seen.append((Call.of(node, index, names, "y"), shown(g), shown(sent)))

    graph.gradients(None, None, observe)
    return seen
