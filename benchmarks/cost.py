"""Costs of derivatives, beside PyTorch where PyTorch has the same: paired medians, one thread.

Run with one BLAS thread, as both libraries then do the same work:

    OMP_NUM_THREADS=1 python benchmarks/cost.py
"""

# ruff: noqa: N803, N806, E731 - matrices have capital letters, small functions stand at their use

import time
from statistics import median

import numpy as np

from autograd_core import cost, grad, hessian, hvp, jacobian, vmap
from autograd_core.adjoints import implicit
from autograd_core.elimination import compare_orders
from autograd_core.matrix_chain import matrix_chain
from autograd_core.revolve import advances, revolve
from autograd_core.rounding import rounding
from autograd_core.sparse import sparse_hessian, sparse_jacobian

RNG = np.random.default_rng(0)


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def paired(runs, rounds=15, warm=False):
    """Return the median milliseconds of each, the runs taken in turn.

    Every round begins with another one, so that none always runs after the same.
    `warm` runs each once more before the clock, so that none pays for the
    memory that the one before it handed back to the system.
    """
    times = [[] for _ in runs]
    for run in runs:
        run()
    for first in range(rounds):
        for step in range(len(runs)):
            k = (first + step) % len(runs)
            if warm:
                runs[k]()
            start = time.perf_counter()
            runs[k]()
            times[k].append(time.perf_counter() - start)
    return [1e3 * median(t) for t in times]


def row(name, ours, theirs=None, other=""):
    text = f"{name:<44} {ours:9.3f} ms"
    if theirs is not None:
        text += f"  {other} {theirs:9.3f} ms  ratio {ours / theirs:.2f}"
    print(text)


def against_torch():
    try:
        import torch
    except ImportError:
        print("(PyTorch is not installed: no comparison)")
        return
    torch.set_num_threads(1)
    functional = torch.autograd.functional
    print("against torch.autograd.functional, the faster of its two ways")
    W, x = RNG.normal(size=(200, 200)) / 14, RNG.normal(size=200)
    Wt, xt = torch.tensor(W), torch.tensor(x)
    ours, loop, vectorized = paired(
        [
            lambda: jacobian(lambda x: np.tanh(W @ np.tanh(W @ x)))(x),
            lambda: functional.jacobian(lambda x: torch.tanh(Wt @ torch.tanh(Wt @ x)), xt),
            lambda: functional.jacobian(
                lambda x: torch.tanh(Wt @ torch.tanh(Wt @ x)), xt, vectorize=True
            ),
        ]
    )
    row("Jacobian 200 by 200 of tanh(W tanh(W x))", ours, min(loop, vectorized), "torch")
    W, x = RNG.normal(size=(100, 100)) / 10, RNG.normal(size=100)
    Wt, xt = torch.tensor(W), torch.tensor(x)
    cases = {
        "sum tanh(W tanh(W x))**2": (
            lambda x: np.sum(np.tanh(W @ np.tanh(W @ x)) ** 2),
            lambda x: torch.sum(torch.tanh(Wt @ torch.tanh(Wt @ x)) ** 2),
        ),
        "log sum exp(W x)": (
            lambda x: np.log(np.sum(np.exp(W @ x))),
            lambda x: torch.logsumexp(Wt @ x, 0),
        ),
        "Rosenbrock": (rosenbrock, rosenbrock),
    }
    for name, (f, g) in cases.items():
        ours, loop, vectorized = paired(
            [
                lambda f=f: hessian(f)(x),
                lambda g=g: functional.hessian(g, xt),
                lambda g=g: functional.hessian(g, xt, vectorize=True),
            ]
        )
        row(f"Hessian 100 by 100 of {name}", ours, loop, "torch (default)")
        row("", ours, vectorized, "torch (vectorize)")
    n = 10_000
    x, v, A = RNG.normal(size=n), RNG.normal(size=n), RNG.normal(size=(50, n)) / 100
    xt, vt, At = torch.tensor(x), torch.tensor(v), torch.tensor(A)
    cases = {
        "Rosenbrock": (rosenbrock, rosenbrock),
        "sum tanh(A x)**2": (
            lambda x: np.sum(np.tanh(A @ x) ** 2),
            lambda x: torch.sum(torch.tanh(At @ x) ** 2),
        ),
        "sum sin(x) exp(-x x)": (
            lambda x: np.sum(np.sin(x) * np.exp(-x * x)),
            lambda x: torch.sum(torch.sin(x) * torch.exp(-x * x)),
        ),
    }
    for name, (f, g) in cases.items():
        ours, theirs = paired(
            [lambda f=f: hvp(f, (x,), (v,)), lambda g=g: functional.hvp(g, xt, vt)], 41
        )
        row(f"HVP, n = 10,000, of {name}", ours, theirs, "torch")


def mode_grid():
    print("\njacobian(mode='auto') against the better mode, B tanh(A x) with 64 between")
    sizes = (1, 3, 10, 32, 100, 316, 1000)
    worst = 0.0
    print("   n \\ m " + "".join(f"{m:>8}" for m in sizes))
    for n in sizes:
        cells = []
        for m in sizes:
            A, B = RNG.normal(size=(64, n)) / np.sqrt(n), RNG.normal(size=(m, 64)) / 8
            x = RNG.normal(size=n)
            f = lambda x, A=A, B=B: B @ np.tanh(A @ x)
            runs = [
                lambda k=k, f=f, x=x: jacobian(f, mode=k)(x) for k in ("auto", "forward", "reverse")
            ]
            auto, forward, reverse = paired(runs, 15, warm=True)
            cells.append(f"{auto / min(forward, reverse):8.2f}")
            worst = max(worst, auto / min(forward, reverse))
        print(f"{n:>8} " + "".join(cells))
    print(f"worst ratio {worst:.2f} (the bound is 1.20)")


def the_rest():
    print("\none graph for each input, or one for each output")
    print(cost(rosenbrock, RNG.normal(size=10_000)).modes())
    print("\nvmap of a gradient, 256 examples")
    w, X = RNG.normal(size=50), RNG.normal(size=(256, 50))
    g = grad(lambda w, x: np.tanh(w @ x) ** 2)
    ours, loop = paired(
        [lambda: vmap(g, (None, 0))(w, X), lambda: np.stack([g(w, x) for x in X])], 7
    )
    row("gradient of each of 256 examples", ours, loop, "loop")
    print("\nsparse")
    x = RNG.normal(size=10_000)
    tridiagonal = lambda x: np.concatenate([x[:1], x[1:-1] ** 2 - x[:-2] * x[2:], x[-1:]])
    _, plan = sparse_jacobian(tridiagonal, "forward", format="triples", return_plan=True)(x)
    print(plan)
    row(
        "its time",
        *paired([lambda: sparse_jacobian(tridiagonal, "forward", format="triples")(x)], 3),
    )
    u = RNG.normal(size=(40, 40))
    energy = lambda u: np.sum((u[1:] - u[:-1]) ** 2) + np.sum((u[:, 1:] - u[:, :-1]) ** 2)
    _, plan = sparse_hessian(energy, format="triples", return_plan=True)(u)
    print(plan)
    print("\nelimination orders: four inputs, a waist of four vertices, four outputs")
    waist = lambda x: np.array([1.0, 2.0, 3.0, 4.0]) * np.exp(np.tanh(np.sin(np.prod(x))))
    print(compare_orders(waist, RNG.normal(size=4)))
    print("\nmatrix chain")
    print(matrix_chain((1, 100), (100, 100), (100, 1000)))
    print("\nadjoint of a fixed point against differentiating its 200 iterations")
    W, b = RNG.normal(size=(50, 50)) / 15, RNG.normal(size=50)
    step = lambda x, W, b: np.tanh(W @ x + b)

    def iterate(W, b):
        x = np.zeros(50)
        for _ in range(200):
            x = step(x, W, b)
        return x

    fixed = implicit(step, iterate, fixed_point=True)
    ours, theirs = paired(
        [
            lambda: grad(lambda b: np.sum(fixed(W, b)))(b),
            lambda: grad(lambda b: np.sum(iterate(W, b)))(b),
        ],
        7,
    )
    row("gradient", ours, theirs, "iteration")
    print("\nrevolve: 10,000 steps, 100 snapshots")
    loop = revolve(lambda x, k, a: x + 1e-3 * np.sin(a * x), 10_000, 100)
    start = time.perf_counter()
    grad(lambda a: loop(1.0, a))(1.3)
    row("gradient", 1e3 * (time.perf_counter() - start))
    print(f"{loop.counts}; the published count is {advances(10_000, 100):,} + 1")
    print("\nrounding")
    print(rounding(lambda x: (1 - np.cos(x)) / x**2, 1e-3, dtype=np.float32))


if __name__ == "__main__":
    against_torch()
    mode_grid()
    the_rest()
