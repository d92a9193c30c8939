"""The Taylor model, the Hessian, Newton's step, and how far to go along a line (A11, C3).

    python -m examples.second_order [--quick] [--out out]

A logistic regression on breast cancer, and a net with one hidden layer on two kinds of wine.
Hessians and their products with vectors are held against the formula and against the complex
step of the gradient.  The error of the Taylor model must fall with the third power of the step,
without the Hessian with the second.  Then the same minimum is looked for by gradient descent
with a constant rate and with two line searches, by L-BFGS and by Newton's method.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_wine
from sklearn.linear_model import LogisticRegression

import optim
from autograd_core import grad, hessian, hvp
from examples import common

STRENGTH = 0.01
STEP = 1e-30


def cancer() -> tuple[Any, Any]:
    """Return 30 measurements of each tumour, scaled, with a column of ones, and the labels."""
    x, y = load_breast_cancer(return_X_y=True)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    return np.concatenate([x, np.ones((len(x), 1))], axis=1), y.astype(float)


def logistic(x: Any, y: Any) -> Callable[[Any], Any]:
    """Return the loss of a logistic regression with an L2 term, which spares the bias."""
    sign = 2 * y - 1

    def loss(w: Any) -> Any:
        return np.mean(np.log1p(np.exp(-sign * (x @ w)))) + STRENGTH / 2 * np.sum(w[:-1] ** 2)

    return loss


def network(hidden: int) -> tuple[Callable[[Any], Any], Any]:
    """Return the loss of a tanh net on two kinds of wine, in one vector, and where to start."""
    x, y = load_wine(return_X_y=True)
    x, y = x[y < 2], np.where(y[y < 2] == 0, -1.0, 1.0)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    n = x.shape[1]

    def loss(w: Any) -> Any:
        first, second = w[: n * hidden].reshape(n, hidden), w[n * hidden :]
        z = np.tanh(x @ first) @ second
        return np.mean(np.log1p(np.exp(-y * z))) + STRENGTH / 2 * np.sum(w**2)

    return loss, 0.5 * np.random.default_rng(0).normal(size=n * hidden + hidden)


def exact_hessian(f: Any, w: Any) -> Any:
    """Return the derivatives of the gradient by central differences of four points."""
    g, h = grad(f), 1e-3
    rows = []
    for unit in np.eye(len(w)):
        a, b = (g(w + k * h * unit) - g(w - k * h * unit) for k in (1, 2))
        rows.append((8 * a - b) / (12 * h))
    return np.stack(rows)


def curvature(f: Any, w: Any, x: Any) -> dict[str, float]:
    """Compare Hessian and products with the formula X'SX / n, the net's with differences."""
    h = hessian(f)(w)
    p = 1 / (1 + np.exp(-(x @ w)))
    formula = (x.T * (p * (1 - p))) @ x / len(x) + STRENGTH * np.diag([1.0] * (len(w) - 1) + [0])
    v = np.random.default_rng(1).normal(size=len(w))
    net, start = network(3)
    return {
        "formula": float(np.abs(h - formula).max()),
        "product": float(np.abs(hvp(f, (w,), (v,)) - formula @ v).max()),
        "net": float(np.abs(hessian(net)(start) - exact_hessian(net, start)).max()),
    }


def taylor(f: Any, w: Any) -> tuple[Any, dict[int, Any]]:
    """Return steps, and the Taylor model's error of order one and two at each."""
    d = np.random.default_rng(2).normal(size=len(w))
    d /= np.linalg.norm(d)
    value, slope, bend = f(w), np.sum(grad(f)(w) * d), np.sum(hvp(f, (w,), (d,)) * d)
    steps = np.geomspace(1e-3, 0.1, 15)
    true = np.array([f(w + s * d) for s in steps])
    first = np.abs(true - value - slope * steps)
    return steps, {2: first, 3: np.abs(true - value - slope * steps - bend * steps**2 / 2)}


def constant(f: Any, w: Any, rate: float, tolerance: float, limit: int) -> tuple[Any, int, list]:
    """Descend with a constant rate until no element of the gradient is larger than this."""
    g, values = grad(f), [float(f(w))]
    for k in range(limit):
        slope = g(w)
        if np.abs(slope).max() <= tolerance:
            return w, k, values
        w = w - rate * slope
        values.append(float(f(w)))
    return w, limit, values


def descents(f: Any, w: Any, limit: int) -> dict[str, dict[str, Any]]:
    """Look for the same minimum in six ways."""
    tolerance = 1e-6
    rate = 1 / np.linalg.eigvalsh(hessian(f)(w)).max()  # the curvature is largest at 0
    found: dict[str, dict[str, Any]] = {}
    begin = time.process_time()
    end, steps, values = constant(f, w, rate, tolerance, limit)
    found["constant rate"] = {"x": end, "steps": steps, "evaluations": steps, "values": values,
                              "seconds": time.process_time() - begin}  # fmt: skip
    ways = {
        "Armijo line search": lambda: optim.gradient_descent(
            f, w, "armijo", tolerance, max_iterations=limit),
        "Wolfe line search": lambda: optim.gradient_descent(
            f, w, "wolfe", tolerance, max_iterations=limit),
        "L-BFGS": lambda: optim.lbfgs(f, w, tolerance=tolerance),
        "Newton-CG": lambda: optim.newton_cg(f, w, tolerance=tolerance),
        "Newton": lambda: optim.newton(f, w, tolerance=tolerance),
    }  # fmt: skip
    for name, run in ways.items():
        begin = time.process_time()
        r = run()
        found[name] = {"x": r.x, "steps": r.iterations, "evaluations": r.evaluations,
                       "values": r.values, "seconds": time.process_time() - begin}  # fmt: skip
    return found


def picture(path: Path, steps: Any, errors: dict[int, Any], found: dict[str, Any]) -> Path:
    """Draw the errors of the Taylor models and the descents."""
    figure, (left, right) = common.pyplot().subplots(1, 2, figsize=(11, 4.2))
    for order, colour in ((2, common.ORANGE), (3, common.BLUE)):
        name = "gradient" if order == 2 else "gradient and Hessian"
        left.loglog(steps, errors[order], "o-", color=colour, label=name)
    left.set(xlabel="length of the step", ylabel="error of the Taylor model")
    left.legend()
    lowest = min(min(r["values"]) for r in found.values())
    colours = (common.GREY, common.ORANGE, "black", common.GREEN, "purple", common.BLUE)
    for (name, r), colour in zip(found.items(), colours, strict=True):
        right.loglog(
            1 + np.arange(len(r["values"])), np.maximum(np.array(r["values"]) - lowest, 1e-16),
            color=colour, label=name,
        )  # fmt: skip
    right.set(xlabel="steps + 1", ylabel="loss above its minimum")
    right.legend(fontsize=8)
    return common.save(
        figure, path,
        "Left: with the Hessian, the model's error falls with the third power of the step. Right: "
        "a logistic regression; what each step costs differs.",
    )  # fmt: skip


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    x, y = cancer()
    f = logistic(x, y)
    w = 0.1 * np.random.default_rng(0).normal(size=x.shape[1])
    curved = curvature(f, w, x)
    steps, errors = taylor(f, w)
    powers = {k: float(np.polyfit(np.log(steps), np.log(e), 1)[0]) for k, e in errors.items()}
    found = descents(f, np.zeros(x.shape[1]), 500 if options.quick else 5000)
    theirs = LogisticRegression(C=1 / (STRENGTH * len(x)), tol=1e-10, max_iter=10_000)
    theirs.fit(x[:, :-1], y)
    same = np.abs(found["Newton"]["x"] - [*theirs.coef_[0], theirs.intercept_[0]]).max()

    def told(name: str) -> str:
        r = found[name]
        return f"{r['steps']:,} steps, {r['evaluations']:,} values or gradients"

    known = {"formula": "the formula X'SX / n", "net": "differences of the gradient"}
    results = [
        common.Result(
            "A11", "hessian", "breast cancer, Hessian of 31 weights, and its product with a vector",
            max(curved["formula"], curved["product"]),
            f"differ by at most {curved['formula']:.0e}, {curved['product']:.0e}",
            known["formula"],
        ),
        common.Result(
            "A11", "net", "wine, Hessian of a tanh net of 42 weights", curved["net"],
            f"differs by at most {curved['net']:.0e}", known["net"],
        ),
        common.Result(
            "A11", "power", "error of the Taylor model with the Hessian: power of the step",
            powers[3], f"{powers[3]:.2f}; without it {powers[2]:.2f}", "predicted 3; 2",
        ),
        common.Result(
            "A11", "newton", "Newton's method to a gradient of 1e-6",
            float(found["Newton"]["steps"]),
            f"{told('Newton')}; weights differ by {same:.0e} from scikit-learn's",
            f"L-BFGS {told('L-BFGS')}; Newton-CG {told('Newton-CG')}",
        ),
        *(
            common.Result(
                "C3", name, f"gradient descent, {name}, to the same gradient",
                found[name]["evaluations"] / found["constant rate"]["evaluations"], told(name),
                f"a constant rate of 1 / the largest curvature: {told('constant rate')}",
            )
            for name in ("Armijo line search", "Wolfe line search")
        ),
    ]  # fmt: skip
    written = [picture(options.out / "second_order.png", steps, errors, found)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
