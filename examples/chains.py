"""The derivative of every node, and the chains that it sums over (A1, A4, A5, A6, A7, A12).

    python -m examples.chains [--quick] [--out out]

A net of two layers reads real digits.  One backward sweep gives the derivative of its loss
with respect to every node; each is held against the complex step, which knows no chain rule:
a node is moved by i h, the rest of the program runs on, and the loss has the derivative as its
imaginary part.  Then all chains are counted, and on small graphs added up one by one; the rules
of branch and plus are looked at in the sweep's own messages; Strang's derivatives of b + A v
are checked, and a net whose bias stands in its matrix is trained beside the usual one.  At last
programs with loops, branches of Python and cycles that are unrolled in time.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from autograd_core import Graph, Tensor, branch, grad, gradients, jacobian, plus, stop_gradient
from examples import common

STEP = 1e-30  # of the complex step: nothing is subtracted, so nothing is lost
HIDDEN = 12
Move = Callable[
    [str, Any], Any
]  # the name of a node and its value; returns the value to go on with


def loss(weights: Any, images: Any, labels: Any, move: Move) -> Any:
    """Return the cross-entropy of a net of two layers, every step of it by itself."""
    first, bias, second, other = (
        move(n, w) for n, w in zip(("A1", "b1", "A2", "b2"), weights, strict=True)
    )
    z = move("z1", move("A1 v", images @ first.T) + bias)
    v = move("v1", np.tanh(z))
    y = move("z2", move("A2 v", v @ second.T) + other)
    shifted = move("shifted", y - stop_gradient(np.max(y.real, axis=1, keepdims=True)))
    powers = move("exp", np.exp(shifted))
    total = move("sum", np.sum(powers, axis=1))
    norm = move("log", np.log(total))
    right = move("right", shifted[np.arange(len(labels)), labels])
    return move("loss", np.mean(move("each", norm - right)))


def start(seed: int) -> list[Any]:
    """Return weights of a net with 64 inputs and 10 outputs."""
    rng = np.random.default_rng(seed)
    return [
        rng.normal(size=(HIDDEN, 64)) / 8, rng.normal(size=HIDDEN),
        rng.normal(size=(10, HIDDEN)) / HIDDEN**0.5, rng.normal(size=10),
    ]  # fmt: skip


def every_node(images: Any, labels: Any, directions: int) -> dict[str, Any]:
    """Compare each node's derivative with the complex step, along random directions."""
    rng = np.random.default_rng(0)
    seen: dict[str, Tensor] = {}

    def note(name: str, value: Any) -> Any:
        seen[name] = value
        return value

    leaves = [Tensor(w, requires_grad=True) for w in start(0)]
    end = loss(leaves, images, labels, note)
    graph = Graph(end)
    found = graph.gradients()  # one sweep
    differences = {}
    for name, value in seen.items():
        g = np.asarray(found[graph.node(value)])
        worst = 0.0
        for _ in range(directions):
            d = rng.normal(size=np.shape(g))

            def moved(n: str, v: Any, d: Any = d, wanted: str = name) -> Any:
                return v + 1j * STEP * d if n == wanted else v

            slope = loss(start(0), images, labels, moved).imag / STEP
            worst = max(worst, abs(slope - np.sum(g * d)) / max(abs(slope), np.abs(g * d).sum()))
        differences[name] = worst
    shaped = sum(g.shape == np.shape(seen[n]) for n, g in zip(
        seen, gradients(end, list(seen.values())), strict=True))  # fmt: skip
    return {"differences": differences, "nodes": len(graph), "shaped": shaped, "named": len(seen)}


def doublings(layers: int) -> tuple[Tensor, Graph]:
    """Return x and the graph of y = sin(y) + cos(y), again and again: 2^layers chains."""
    x = Tensor(0.3, requires_grad=True)
    y = x * 1.0
    for _ in range(layers):
        y = np.sin(y) + np.cos(y)
    return x, Graph(y)


def chains(small: int, large: int) -> dict[str, Any]:
    """Add up all chains of growing graphs, count those of a large one, and time the sweeps."""
    sizes, summed, swept, worst = list(range(2, small + 1, 2)), [], [], 0.0
    for layers in sizes:
        x, graph = doublings(layers)
        begin = time.process_time()
        total = float(graph.sum_over_paths(x))
        summed.append(time.process_time() - begin)
        begin = time.process_time()
        g = float(graph.gradients()[graph.node(x)])
        swept.append(time.process_time() - begin)
        worst = max(worst, abs(total - g) / abs(g))
    x, graph = doublings(large)
    counted = graph.paths(x)
    return {
        "sizes": sizes, "summed": summed, "swept": swept, "worst": worst, "paths": counted,
        "exact": counted == 2**large,
    }  # fmt: skip


def branch_and_plus(images: Any, copies: int) -> dict[str, float]:
    """Look at the messages of a sweep: copies come back added, and a sum hands out copies."""
    x = Tensor(images, requires_grad=True)
    apart = branch(x, copies)
    rng = np.random.default_rng(1)
    weights = rng.normal(size=(copies, *images.shape))
    end = np.sum(plus(*(np.sin(c) * w for c, w in zip(apart, weights, strict=True))))
    back = [np.asarray(g) for g in gradients(end, [*apart, x])]
    y = Tensor(images, requires_grad=True)  # the same without saying so: a value used K times
    implicit = np.sum(sum(np.sin(y) * w for w in weights))
    uses = Graph(np.sum(sum(np.sin(y + k) for k in range(copies)))).branches
    parts = [Tensor(images + k, requires_grad=True) for k in range(copies)]
    seed = rng.normal(size=images.shape)
    handed = gradients(plus(*parts), parts, seed=seed)
    return {
        "branch": float(np.abs(sum(back[:-1]) - back[-1]).max()),
        "implicit": float(np.abs(np.asarray(gradients(implicit, [y])[0]) - back[-1]).max()),
        "plus": float(max(np.abs(np.asarray(g) - seed).max() for g in handed)),
        "uses": float(next(iter(uses.values()))),
    }


def combined(images: Any, labels: Any, steps: int) -> tuple[float, float]:
    """Train b + A v and M = [b A] with a fixed 1 on top; return the weights' and dw/dM's gap."""

    def cost(first: Any, bias: Any, second: Any) -> Any:
        v = np.maximum(images @ first.T + bias, 0)
        return np.mean((v @ second.T - np.eye(10)[labels]) ** 2)

    def whole(matrix: Any, second: Any) -> Any:
        ones = np.concatenate([np.ones((len(images), 1)), images], axis=1)
        top = np.eye(1, 65)  # the row that hands the 1 on: ReLU(1) = 1
        v = np.maximum(ones @ np.concatenate([top, matrix]).T, 0)
        return np.mean((v[:, 1:] @ second.T - np.eye(10)[labels]) ** 2)

    a, b, c, _ = start(1)
    m, d = np.concatenate([b[:, None], a], axis=1), c
    for _ in range(steps):
        ga, gb, gc = grad(cost, argnums=(0, 1, 2))(a, b, c)
        gm, gd = grad(whole, argnums=(0, 1))(m, d)
        a, b, c, m, d = a - ga, b - gb, c - gc, m - gm, d - gd
    gap = max(np.abs(m[:, 1:] - a).max(), np.abs(m[:, 0] - b).max(), np.abs(c - d).max())
    v, first, bias = images[0], start(1)[0], start(1)[1]
    slopes = jacobian(lambda b, a: b + a @ v, argnums=(0, 1))(bias, first)
    deltas = np.eye(HIDDEN), np.einsum("ij,k->ijk", np.eye(HIDDEN), v)
    return float(gap), float(max(np.abs(s - d).max() for s, d in zip(slopes, deltas, strict=True)))


def program(weights: Any, x: Any, seed: int, sizes: Any) -> Any:
    """Run a random program: loops, branches of Python, a cyclic net unrolled in time."""
    rng = np.random.default_rng(seed)
    units = len(weights)
    wires = rng.random((units, units)) < 0.4  # any wire, backwards ones and loops to itself too
    state = [x[k % len(x)] * 1.0 for k in range(units)]
    total = 0.0
    for step in range(int(rng.integers(3, sizes))):
        new = []
        for k in range(units):
            incoming = [weights[k][j] * state[j] for j in range(units) if wires[k, j]]
            z = sum(incoming) + x[(step + k) % len(x)]
            # Python decides by the value, as far as it is real
            new.append(np.tanh(z) if z.real > 0 else np.sin(z) * weights[k][k])
        state = new
        if step % 2:
            total = total + state[step % units] ** 2
    return total + sum(state)


def programs(count: int, sizes: int) -> float:
    """Return the largest distance of gradients of random programs from the complex step."""
    rng, worst = np.random.default_rng(2), 0.0
    for seed in range(count):
        w, x = 0.5 * rng.normal(size=(5, 5)), rng.normal(size=7)  # no chaos
        g = grad(lambda w, x, seed=seed: program(w, x, seed, sizes))(w, x)
        d = rng.normal(size=w.shape)
        slope = program(w + 1j * STEP * d, x, seed, sizes).imag / STEP
        worst = max(worst, abs(slope - np.sum(g * d)) / np.abs(g * d).sum())
    return float(worst)


def picture(path: Path, found: dict[str, Any], nodes: dict[str, float]) -> Path:
    """Draw the time of adding up all chains beside a sweep's, and the distances of every node."""
    figure, (left, right) = common.pyplot().subplots(1, 2, figsize=(11, 4.2))
    paths = [2.0**k for k in found["sizes"]]
    left.loglog(paths, found["summed"], "o-", color=common.ORANGE, label="chains, one by one")
    left.loglog(paths, found["swept"], "s-", color=common.BLUE, label="one backward sweep")
    left.set(xlabel="chains from x to F", ylabel="seconds")
    left.legend()
    right.barh(list(nodes), np.maximum(list(nodes.values()), 1e-18), color=common.BLUE)
    right.set(xscale="log", xlabel="relative distance from the complex step")
    right.invert_yaxis()
    return common.save(
        figure,
        path,
        "Left: a graph in which the number of chains doubles with each step. The sweep's time "
        "grows with the number of steps. Right: the derivative of a digit reader's loss with "
        "respect to every node, as one sweep gives them.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    quick = options.quick
    images, _, labels, _ = common.digits()
    images, labels = images[:60].astype(np.float64), labels[:60]
    nodes = every_node(images, labels, 1 if quick else 10)
    worst = max(nodes["differences"].values())
    added = chains(8 if quick else 12, 200)
    both = branch_and_plus(images, 5)
    trained, deltas = combined(images, labels, 50 if quick else 1000)
    apart = programs(20 if quick else 300, 12 if quick else 25)
    rounding = "one rounding of float64 is 1e-16"
    results = [
        common.Result(
            "A1", "nodes",
            f"digits, one backward sweep: the loss's derivative with respect to each of "
            f"{nodes['named']} steps of the program",
            worst, f"relative distance at most {worst:.0e}",
            "the complex step, a run of the program for each direction",
        ),
        common.Result(
            "A4", "chains",
            f"sums over all chains one by one, up to {2 ** added['sizes'][-1]:,} chains, against "
            "the sweep",
            added["worst"],
            f"relative distance at most {added['worst']:.0e}; {added['summed'][-1]:.2g} s",
            f"{rounding}; the sweep {added['swept'][-1] * 1e3:.1g} ms",
        ),
        common.Result(
            "A4", "paths", "chains counted in a graph of 600 steps", float(added["exact"]),
            f"{added['paths']:.3g}, exactly" if added["exact"] else f"{added['paths']:.3g}",
            "2^200 = 1.61e+60",
        ),
        common.Result(
            "A5", "branch",
            "branch into 5 copies: what comes back, less the sum over the copies; the same where "
            "the value is only used 5 times",
            max(both["branch"], both["implicit"]),
            f"{both['branch']:.0e}; {both['implicit']:.0e}; the graph shows {both['uses']:.0f} "
            "uses",
            "0 but for rounding; 5 uses",
        ),
        common.Result(
            "A5", "plus", "plus of 5 values: what each gets back, less what came in",
            both["plus"], f"{both['plus']:.0e}", "0: copies",
        ),
        common.Result(
            "A6", "shapes", "gradients that have the shape of their argument",
            nodes["shaped"] / nodes["named"], f"{nodes['shaped']} of {nodes['named']}",
            "all of them",
        ),
        common.Result(
            "A7", "deltas",
            f"Jacobian of w = b + A v, {HIDDEN} by {HIDDEN} and {HIDDEN} by {HIDDEN} by 64, "
            "against delta_ij and delta_ij v_k",
            deltas, f"differ by at most {deltas:.0e}", "0: no rounding is needed",
        ),
        common.Result(
            "A7", "combined",
            f"b and A in one matrix with a fixed 1 on top: weights after {50 if quick else 1000} "
            "steps on digits, against b and A apart",
            trained, f"differ by at most {trained:.0e}", "0 but for rounding",
        ),
        common.Result(
            "A12", "programs",
            f"{20 if quick else 300} random programs with loops, branches of Python and cyclic "
            "nets unrolled in time: gradients",
            apart, f"relative distance at most {apart:.0e}", "the complex step",
        ),
    ]  # fmt: skip
    written = [picture(options.out / "chains.png", added, nodes["differences"])]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
