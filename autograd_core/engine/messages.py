"""Messages: what an operation sends back, made to fit what it is the gradient of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.engine.node import PART, Node
from autograd_core.engine.node import record as record_node
from autograd_core.operations.primitive import Boxed, bare, like_tuple, numeric
from autograd_core.rules.shapes import sum_to

_float64 = np.float64


def fit(g: Any, x: Any, node: Node, index: int) -> Any:
    """Return a gradient with the shape and dtype of what it is the gradient of.

    The one place where broadcast axes are summed and dtypes are kept.
    """
    shape = getattr(g, "shape", None)
    if shape is None or g.dtype.kind not in "fc":
        got = type(g).__name__ if shape is None else f"an array of {g.dtype}"
        raise errors.RuleError(
            f"{node.name}: the rule for argument {index} returned {got}; "
            "it must return a floating-point array.",
            node.location,
        )
    if shape != x.shape:
        try:
            g = sum_to(g, x.shape)
        except (ValueError, IndexError) as error:
            raise errors.RuleError(
                f"{node.name}: the rule for argument {index} returned shape {shape}, "
                f"but the argument has shape {x.shape}.",
                node.location,
            ) from error
    if g.dtype != x.dtype:
        if g.dtype.kind == "c" and x.dtype.kind != "c":
            _check_real(node, index)
            g = g.real
        g = g.astype(x.dtype)
    return g


def _check_real(node: Node, index: int) -> None:
    """Refuse a complex gradient where nothing complex went in or came out.

    Beside complex numbers its real part is the gradient of a real argument (the convention of
    docs/decisions/010); without them it can only be a rule's mistake.
    """
    around = [node.output, *(node.inputs or ())]
    values = [v.output if isinstance(v, Node) else v for v in around]
    flat = [part for v in values for part in (v if isinstance(v, tuple) else (v,))]
    of_complex = node.primitive is not None and node.primitive.category == "fft"
    if not of_complex and not any(np.result_type(bare(v)).kind == "c" for v in flat if numeric(v)):
        raise errors.RuleError(
            f"{node.name}: the rule for argument {index} returned complex numbers, but the "
            "arguments and the result are real; return np.real(...) if that is meant.",
            node.location,
        )


def freed(node: Node) -> Exception:
    """Return the error for a node whose saved values are gone."""
    return errors.FreedGraphError(
        f"{node.name}: this part of the graph was already swept (perhaps by a sweep that "
        "failed), and its saved values were freed; pass retain_graph=True to the first backward().",
        node.location,
    )


def pull_all(node: Node, g: Any, y: Any, args: list[Any]) -> Sequence[Any]:
    """Run a rule that gives every argument's gradient at once."""
    primitive = node.primitive
    assert primitive is not None
    assert node.inputs is not None
    pulled = primitive.pull(g, y, args, node.params)
    if len(pulled) != len(args):
        raise errors.RuleError(
            f"{node.name}: the vjp returned {len(pulled)} gradients for {len(args)} arguments.",
            node.location,
        )
    return pulled


def whole(node: Node, parts: list[Any]) -> Any:
    """Return the gradient of a tuple, zeros (or None) for the parts that were not used."""
    assert node.primitive is not None
    zeros = not node.primitive.none_if_unused
    filled = [
        np.zeros_like(value) if g is None and zeros else g
        for value, g in zip(node.output, parts, strict=True)
    ]
    return like_tuple(node.output, filled)


def wrapped_output(node: Node, wrap: Callable[[Node], Any]) -> Any:
    """Return the output as a Tensor of its trace; of a tuple, as its recorded parts."""
    if node.primitive is not None and node.primitive.multiple:
        parts = [
            wrap(record_node(PART, (node,), {"index": k}, part, node.level))
            for k, part in enumerate(node.output)
        ]
        return like_tuple(node.output, parts)
    return wrap(node)


def run_hooks(node: Node, g: Any) -> Any:
    """Return the gradient that a node's hooks make of the one that arrived."""
    hooks = node.watch.hooks if node.watch is not None else None
    for hook in list((hooks or {}).values()):
        # a copy: a hook that writes into what it is given changes nothing else
        answer = hook(conjugated(g).copy())
        if answer is not None:
            answer = conjugated(answer)
            new = bare(answer) if isinstance(answer, Boxed) and not answer._level else answer
            if np.shape(bare(new)) != np.shape(bare(g)):
                raise errors.SeedError(
                    f"hook of {node.name}: it returned shape {np.shape(bare(new))} for a gradient "
                    f"of shape {np.shape(bare(g))}.",
                    node.location,
                )
            new = new if hasattr(new, "dtype") else np.asarray(new)[()]
            g = new if new.dtype == g.dtype else _cast(new, g.dtype)
    return g


def _cast(value: Any, dtype: Any) -> Any:
    """Return a value in another dtype; of a complex one for a real place, the real part."""
    return (value.real if dtype.kind != "c" else value).astype(dtype)


def conjugated(g: Any) -> Any:
    """Turn a gradient between the rules' convention and PyTorch's; real ones are the same.

    The rules pair without conjugates, Re(g dy), as JAX does; ``.grad``,
    `gradients` and hooks hold the direction of steepest ascent, as PyTorch does.
    """
    return g if g.__class__ is _float64 or g.dtype.kind != "c" else np.conj(g)
