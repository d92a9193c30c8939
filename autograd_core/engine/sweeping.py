"""The sweep: all derivatives of one output, backward from dF/dF = 1.

Gradients live in the sweep, in a dictionary from node to gradient, not on the
nodes: a second sweep never sees the first one's.

Why sorting by tick is a topological order: an operation's inputs exist before
its output does, so every node's tick is higher than its inputs' ticks.  Of the
nodes that have been sent something the one with the highest tick is visited
next, and its gradient is complete then: all its uses came later and have been
passed already.  So nothing has to be collected or sorted before.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from heapq import heappop, heappush, heappushpop
from operator import attrgetter
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.engine.forgetting import LARGE, forgot, let_go
from autograd_core.engine.node import NO_PARAMS, PART, Node
from autograd_core.engine.node import record as record_node
from autograd_core.engine.outer_products import Messages, Pending, add_all, added, put_off
from autograd_core.engine.overwrites import OVERWRITES, check_saved
from autograd_core.engine.recalling import recall
from autograd_core.operations.anomaly import check_backward
from autograd_core.operations.declare import copied
from autograd_core.operations.modes import current
from autograd_core.operations.primitive import Boxed, bare, like_tuple, numeric
from autograd_core.rules.shapes import sum_to

_ndarray = np.ndarray
_float64 = np.float64
_by_tick = attrgetter("tick")

Observer = Callable[[Node, Any, int, Any], None]


def collect(
    outputs: Iterable[Node], oldest: int = 0, freed: list[Node] | None = None
) -> list[Node]:
    """Return the nodes that the outputs reach, latest first; a list and a set, no recursion.

    Nodes before the tick `oldest` are taken as leaves: seen, not entered.  Those
    whose saved values are gone are noted in `freed`; without it, values that the tape did not
    keep are computed again.
    """
    found = list(dict.fromkeys(outputs))
    seen = set(found)
    add, append = seen.add, found.append
    for node in found:  # grows while it is walked
        if oldest and node.tick < oldest:
            continue
        inputs = node.inputs
        if inputs is None:
            if freed is not None:
                freed.append(node)
            continue
        for parent in inputs:
            if parent.__class__ is Node and parent not in seen:
                add(parent)
                append(parent)
    found.sort(key=_by_tick, reverse=True)  # nearly in order already
    if freed is None and forgot():  # somebody will look at the values
        recall(reversed(found))
    return found


def reaching(order: Sequence[Node], wanted: Collection[Node]) -> tuple[set[Node], set[Node]]:
    """Return the nodes that lead to a wanted node, and those of them that do so by an input.

    `order` is latest first.  The first set includes the wanted nodes themselves.
    """
    found = set(wanted)
    through: set[Node] = set()
    for node in reversed(order):
        if node.inputs and not found.isdisjoint(p for p in node.inputs if p.__class__ is Node):
            through.add(node)
            found.add(node)
    return found, through


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


def sweep(
    outputs: Sequence[Node],
    seeds: Sequence[Any],
    wanted: Collection[Node] | None = None,
    *,
    retain: bool,
    all_lead: bool = False,
    wrap: Callable[[Node], Any] | None = None,
    oldest: int = 0,
    observe: Observer | None = None,
) -> dict[Node, Any]:
    """Sweep back from the outputs and return the gradients.

    Parameters
    ----------
    outputs, seeds
        Where to start, and with what.
    wanted : collection of Node, optional
        The nodes whose gradients to return, and all that is computed; default
        every leaf.
    retain : bool
        Keep the saved values for another sweep.
    all_lead : bool
        Whether every node that the outputs reach leads to a wanted one, as in the trace
        of a transform: then nothing is collected to find those that do.
    wrap : callable, optional
        What makes a Tensor of a node: the rules then run on Tensors, so that the sweep
        itself is recorded.
    oldest : int
        Stop at nodes recorded before this tick.
    observe : callable, optional
        Called with each message: ``observe(node, g, index, contribution)``.

    Returns
    -------
    dict
        From node to gradient.
    """
    gradients: dict[Node, Any] = {}
    pending: Pending = []  # those that are still to be visited
    for output, seed in zip(outputs, seeds, strict=True):
        old = gradients.get(output)
        gradients[output] = seed if old is None else old + seed
        if old is None:
            heappush(pending, (-output.tick, output))
    needed = through = None
    if wanted is not None and not all_lead:
        freed: list[Node] = []
        order = collect(outputs, oldest, freed)
        for node in freed:
            if node not in wanted or node.output is None:
                raise _freed(node)
        needed, through = reaching(order, wanted)
    overwritten = OVERWRITES.latest
    anomaly = current().anomaly
    watched = anomaly or observe is not None
    usual = not watched and wrap is None
    freeing = usual and not retain
    if not usual:
        collect(outputs)  # these look at all values
    bounded = oldest > 0 or through is not None
    tuples: set[Node] = set()  # nodes whose gradient is a list of parts
    waiting: dict[Node, Messages] = {}  # outer products that are still to be added
    owned: set[Node] = set()  # gradients that the sweep itself has allocated
    get, pop = gradients.get, gradients.pop
    hooking = False
    # A chain's next node gets what it is sent here, past the heap and the dictionary.
    following: Node | None = None
    carried: Any = None
    try:
        while True:
            if following is not None and not (pending and pending[0][0] <= -following.tick):
                node, g, following = following, carried, None
            else:
                if following is not None:
                    gradients[following] = carried
                    node = heappushpop(pending, (-following.tick, following))[1]
                    following = None
                elif pending:
                    node = heappop(pending)[1]
                else:
                    break
                if pending and pending[0][1] is node:  # for what waits and what was sent directly
                    heappop(pending)
                g = pop(node, None)
                if waiting and node in waiting:
                    g = added(g, waiting.pop(node))
                if tuples and node in tuples:
                    g = _whole(node, g)
            watch = node.watch
            if watch is not None:
                if watch.hooks:
                    add_all(waiting, gradients)  # a hook may write into the vectors that wait
                    hooking = True
                    g = _run_hooks(node, g)
                    hooking = False
                if wanted is None and watch.owner is not None:
                    gradients[node] = g
            if wanted is not None and node in wanted:
                gradients[node] = g
            inputs = node.inputs
            if not inputs:
                if inputs is None and needed is None:
                    raise _freed(node)
                continue
            if bounded:
                if node.tick < oldest:
                    gradients[node] = g
                    continue
                if through is not None and node not in through:
                    continue
            primitive = node.primitive
            rules = primitive.vjps  # type: ignore[union-attr]
            params = node.params
            y = node.output
            if y.__class__ is _ndarray and y.size >= LARGE and freeing:
                y = let_go(node)
            arity = primitive.arity  # type: ignore[union-attr]
            if usual and not params and rules is not None and (arity == 2 or arity == 1):
                # The usual case spelt out: the loop below without its loop, a quarter faster.
                # What adds stands here three times: a function for it costs small programs 4 %.
                if arity == 1:
                    (first,) = inputs
                    a = first.output
                    if node.tick < overwritten:
                        check_saved(node, [a], g, needed)
                        y = node.output
                    c = rules[0](g, y, a)  # type: ignore[misc]  # a rule of None never gets here
                    shaped = primitive.shaped  # type: ignore[union-attr]
                else:
                    first, second = inputs
                    a = first.output if first.__class__ is Node else first
                    b = second.output if second.__class__ is Node else second
                    if node.tick < overwritten:
                        check_saved(node, [a, b], g, needed)
                        y = node.output
                    if a is first or (needed is not None and first not in needed):
                        first = None
                    to_second = b is not second and (needed is None or second in needed)
                    shaped = False
                    if primitive.outer and first is not None:  # type: ignore[union-attr]
                        c = put_off(node, g, a, b, first, waiting, gradients, pending)
                        if c is not None:  # the second one's gradient: all that is still to send
                            shaped = True
                            first = second if to_second else None
                            a = b
                    if not shaped:
                        if to_second:
                            rule = rules[1]
                            c = g if rule is copied else rule(g, y, a, b)  # type: ignore[misc]
                            kind = c.__class__
                            if kind is not b.__class__ or (
                                kind is not _float64
                                and (c.shape != b.shape or c.dtype is not b.dtype)
                            ):
                                c = fit(c, b, node, 1)
                            old = get(second)
                            if old is None:
                                gradients[second] = c
                                heappush(pending, (-second.tick, second))
                            elif kind is _ndarray and second in owned:
                                old += c
                            else:
                                gradients[second] = c = old + c
                                if c.__class__ is _ndarray:
                                    owned.add(second)
                        if first is not None:
                            rule = rules[0]
                            c = g if rule is copied else rule(g, y, a, b)  # type: ignore[misc]
                if first is not None:
                    kind = c.__class__
                    if kind is not a.__class__ or (
                        kind is not _float64
                        and ((not shaped and c.shape != a.shape) or c.dtype is not a.dtype)
                    ):
                        c = fit(c, a, node, 0)
                    old = get(first)
                    if old is None:
                        following, carried = first, c
                    elif kind is _ndarray and first in owned:
                        old += c
                    else:
                        gradients[first] = c = old + c
                        if c.__class__ is _ndarray:
                            owned.add(first)
                if not retain:
                    node.inputs = None
                    if watch is None:
                        node.output = None
                continue
            args = [i.output if i.__class__ is Node else i for i in inputs]
            if node.tick < overwritten:
                check_saved(node, args, g, needed, wrap is not None)
                y = node.output
            if wrap is not None:
                args = [wrap(i) if i.__class__ is Node else i for i in inputs]
                y = _wrapped_output(node, wrap)
            pulled = None
            if rules is None:
                if node.primitive is PART:
                    _collect_part(gradients, node, g, tuples, pending)
                    continue
                rules = pulled = _pull_all(node, g, y, args)
            index = -1
            for rule in rules:
                index += 1
                parent = inputs[index]
                if parent.__class__ is not Node or (needed is not None and parent not in needed):
                    continue
                if pulled is not None:
                    if rule is None:
                        continue
                    c = rule
                elif params:
                    c = rule(g, y, *args, **params)  # type: ignore[misc]
                else:
                    c = rule(g, y, *args)  # type: ignore[misc]
                x = parent.output
                kind = c.__class__
                if kind is not x.__class__ or (
                    kind is not _float64 and (c.shape != x.shape or c.dtype is not x.dtype)
                ):
                    c = fit(c, x, node, index)
                if watched:
                    if anomaly:
                        check_backward(node, g, c)
                    if observe is not None:
                        observe(node, g, index, c)
                old = get(parent)
                if old is None:
                    gradients[parent] = c
                    heappush(pending, (-parent.tick, parent))
                elif kind is _ndarray and parent in owned:
                    old += c
                else:
                    gradients[parent] = c = old + c
                    if c.__class__ is _ndarray:
                        owned.add(parent)
            if not retain:
                node.inputs = None
                node.params = NO_PARAMS  # a fused kernel keeps its saved arrays there
                if watch is None:
                    node.output = None
                args = []
                pulled = rules = c = x = y = None  # nor may these keep large arrays
    except Exception as error:
        if hooking:
            raise
        if needed is None:  # what was swept before has no value left: the rule got None
            for i in node.inputs or ():
                if i.__class__ is Node and i.inputs is None:
                    raise _freed(i) from None
        if isinstance(error, (errors.AutogradError, FloatingPointError)):
            raise
        raise errors.RuleError(
            f"{node.name}: its derivative rule raised {type(error).__name__}: {error}",
            node.location,
        ) from error
    return gradients


def _freed(node: Node) -> Exception:
    return errors.FreedGraphError(
        f"{node.name}: this part of the graph was already swept (perhaps by a sweep that "
        "failed), and its saved values were freed; pass retain_graph=True to the first backward().",
        node.location,
    )


def _pull_all(node: Node, g: Any, y: Any, args: list[Any]) -> Sequence[Any]:
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


def _whole(node: Node, parts: list[Any]) -> Any:
    """Return the gradient of a tuple, zeros (or None) for the parts that were not used."""
    assert node.primitive is not None
    zeros = not node.primitive.none_if_unused
    filled = [
        np.zeros_like(value) if g is None and zeros else g
        for value, g in zip(node.output, parts, strict=True)
    ]
    return like_tuple(node.output, filled)


def _wrapped_output(node: Node, wrap: Callable[[Node], Any]) -> Any:
    """Return the output as a Tensor of its trace; of a tuple, as its recorded parts."""
    if node.primitive is not None and node.primitive.multiple:
        parts = [
            wrap(record_node(PART, (node,), {"index": k}, part, node.level))
            for k, part in enumerate(node.output)
        ]
        return like_tuple(node.output, parts)
    return wrap(node)


def _collect_part(
    gradients: dict[Node, Any],
    node: Node,
    g: Any,
    tuples: set[Node],
    pending: Pending,
) -> None:
    """Put the gradient of one part into its place of the tuple's gradient."""
    assert node.inputs is not None
    whole = node.inputs[0]
    parts = gradients.get(whole)
    if parts is None:
        parts = gradients[whole] = [None] * len(whole.output)
        heappush(pending, (-whole.tick, whole))
    index = node.params["index"]
    old = parts[index]  # a recorded sweep makes a second node for a part
    parts[index] = g if old is None else old + g
    tuples.add(whole)


def _run_hooks(node: Node, g: Any) -> Any:
    assert node.watch is not None
    for hook in list(node.watch.hooks.values()):
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
    return np.conj(g) if g.dtype.kind == "c" else g
