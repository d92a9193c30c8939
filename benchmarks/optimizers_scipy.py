"""SciPy's optimizers with and without the engine's derivatives: the table in docs/optimize.md.

Run ``python -m benchmarks.optimizers_scipy``.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.optimize

from autograd_core import hessian
from autograd_core.scipy import optimize

Problem = tuple[str, Callable[[bool], Any], Callable[[Any], float]]


def bundle_adjustment(cameras: int = 4, points: int = 30) -> Problem:
    """Cameras (rotation, translation) and points from their images; one camera is known."""
    rng = np.random.default_rng(0)
    true = {
        "turns": 0.2 * rng.standard_normal((cameras - 1, 3)),
        "moves": 0.3 * rng.standard_normal((cameras - 1, 3)),
        "points": rng.standard_normal((points, 3)) + np.array([0.0, 0.0, 6.0]),
    }

    def images(x: Any) -> Any:
        seen = [x["points"]]
        for k in range(cameras - 1):
            turn = x["turns"][k]
            # Rodrigues' formula
            angle = np.sqrt(np.sum(turn**2) + 1e-12)
            axis, p = turn / angle, x["points"]
            along = np.sum(p * axis, axis=1, keepdims=True) * axis
            p = p * np.cos(angle) + np.cross(axis, p) * np.sin(angle) + along * (1 - np.cos(angle))
            seen.append(p + x["moves"][k])
        return np.concatenate([p[:, :2] / p[:, 2:] for p in seen])

    measured = images(true) + 1e-4 * rng.standard_normal((cameras * points, 2))
    start = {k: v + 0.05 * rng.standard_normal(v.shape) for k, v in true.items()}

    def solve(derivatives: bool) -> Any:
        return optimize.least_squares(
            counted(lambda x: images(x) - measured), start, jac=None if derivatives else "2-point"
        )

    best = optimize.least_squares(
        lambda x: images(x) - measured, start, xtol=1e-15, ftol=1e-15, gtol=1e-15
    ).cost
    return "bundle adjustment, 108 unknowns", solve, lambda r: r.cost / best - 1


def gaussian_process(n: int = 60, inputs: int = 5) -> Problem:
    """The hyper-parameters of a Gaussian process by maximum marginal likelihood."""
    rng = np.random.default_rng(1)
    x = rng.uniform(-1, 1, (n, inputs))
    y = np.sin(3 * x[:, 0]) + 0.5 * x[:, 1] ** 2 + 0.1 * rng.standard_normal(n)
    square = (x[:, None] - x[None]) ** 2

    def loss(p: Any) -> Any:
        scaled = np.sum(square * np.exp(-2 * p["log lengths"]), axis=2)
        kernel = np.exp(2 * p["log scale"] - 0.5 * scaled)
        kernel = kernel + np.exp(2 * p["log noise"]) * np.eye(n)
        half = np.linalg.solve(kernel, y)
        return 0.5 * y @ half + 0.5 * np.linalg.slogdet(kernel)[1]

    start = {"log lengths": np.zeros(inputs), "log scale": 0.0, "log noise": -1.0}
    bounds = [(-5.0, 5.0)] * (inputs + 2)

    def solve(derivatives: bool) -> Any:
        return optimize.minimize(
            counted(loss), start, bounds=bounds, jac=None if derivatives else "2-point"
        )

    best = optimize.minimize(loss, start, method="trust-constr", bounds=bounds, tol=1e-10).fun
    best = min(best, optimize.minimize(loss, start, bounds=bounds, tol=1e-15).fun)
    return "Gaussian process, 7 unknowns", solve, lambda r: r.fun - best


def uncertainties(n: int = 200) -> Problem:
    """Errors of a curve's parameters from the Hessian of the likelihood, outliers allowed for."""
    rng = np.random.default_rng(2)
    t = np.linspace(0, 5, n)
    y = 3 * np.exp(-0.8 * t) * np.cos(2 * t + 0.3) + 0.1 * rng.standard_t(3, n)

    def loss(p: Any) -> Any:
        curve = p[0] * np.exp(-p[1] * t) * np.cos(p[2] * t + p[3])
        scale = np.exp(p[4])
        return n * p[4] + 2 * np.sum(np.log1p(((y - curve) / scale) ** 2 / 3))

    start = np.array([2.5, 1.0, 2.0, 0.0, -2.0])

    def spread(covariance: Any) -> Any:
        return np.sqrt(np.diag(covariance))

    def solve(derivatives: bool) -> Any:
        if not derivatives:
            made = scipy.optimize.minimize(counted(loss), start)
            made.spread = spread(made.hess_inv)
            return made
        made = optimize.minimize(counted(loss), start)
        made.spread = spread(np.linalg.inv(hessian(counted(loss))(made.x)))
        return made

    best = optimize.minimize(loss, start, method="trust-exact", tol=1e-12).x
    exact = spread(np.linalg.inv(hessian(loss)(best)))
    return (
        "curve's uncertainties, 5 unknowns",
        solve,
        lambda r: float(np.max(np.abs(r.spread / exact - 1))),
    )


CALLS = [0]


def counted(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function that counts its calls: plain ones, traced ones, those for differences."""

    def call(x: Any) -> Any:
        CALLS[0] += 1
        return f(x)

    return call


def main() -> None:
    """Print the table."""
    print("| problem | derivatives | evaluations | seconds | error |\n|---|---|---|---|---|")
    for name, solve, error in (bundle_adjustment(), gaussian_process(), uncertainties()):
        for derivatives in (True, False):
            solve(derivatives)
            times = []
            for _ in range(3):
                CALLS[0] = 0
                start = time.perf_counter()
                made = solve(derivatives)
                times.append(time.perf_counter() - start)
            whose = "the engine's" if derivatives else "SciPy's differences"
            print(
                f"| {name} | {whose} | {CALLS[0]} | {min(times):.3f} | {error(made):.1e} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
