"""Derivatives of solutions by their adjoint equations: a linear system, an optimum, an ODE (A9).

    python -m examples.adjoints [--quick] [--out out]

Three solvers on real data.  A linear system: ridge regression on diabetes with a strength for
each measurement, and the derivative of the held-out error by all ten.  A root: the optimum of a
logistic regression on breast cancer, and the derivative of the held-out loss by its strength.
A differential equation: the hares and lynxes of Hudson Bay, 1900 to 1920, fitted by the
equations of Lotka and Volterra.  Each derivative is held against the complex step, and beside it
stands the derivative of the iteration itself, which has to be run, and stored, step by step.
(Data: Howard, "Modeling basics", 2009, from the Hudson's Bay Company's pelts, in thousands.
Carpenter, "Predator-prey population dynamics", 2018, fits the same model.)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.linear_model import LogisticRegression, Ridge

import optim
from autograd_core import cost, grad
from autograd_core.adjoints import implicit, linear_solve, odeint
from examples import common

HARES = [30, 47.2, 70.2, 77.4, 36.3, 20.6, 18.1, 21.4, 22, 25.4, 27.1, 40.3, 57, 76.6, 52.3, 19.5,
         11.2, 7.6, 14.6, 16.2, 24.7]  # fmt: skip
LYNXES = [4, 6.1, 9.8, 35.2, 59.4, 41.7, 19, 13, 8.3, 9.1, 7.4, 8, 12.3, 19.5, 45.7, 51.1, 29.7,
          15.8, 9.7, 10.1, 8.6]  # fmt: skip
PELTS = np.array([HARES, LYNXES]).T
PUBLISHED = (0.55, 0.028, 0.80, 0.024)  # Carpenter's posterior means
STEP = 1e-30


def scaled(data: Any) -> tuple[Any, Any, Any, Any]:
    """Return measurements with mean 0 and variance 1, targets; a third of the rows held out."""
    x, y = data.data, data.target.astype(float)
    rows = np.random.default_rng(0).permutation(len(x))
    learn, test = rows[len(x) // 3 :], rows[: len(x) // 3]
    mean, deviation = x[learn].mean(axis=0), x[learn].std(axis=0)
    x = (x - mean) / deviation
    return x[learn], y[learn], x[test], y[test]


class RidgeError:
    """The held-out error of a ridge regression, as a function of the logs of ten strengths."""

    def __init__(self) -> None:
        self.x, self.y, self.x_test, self.y_test = scaled(load_diabetes())
        self.middle = self.y.mean()
        self.gram = self.x.T @ self.x / len(self.x)
        self.right = self.x.T @ (self.y - self.middle) / len(self.x)

    def error(self, w: Any) -> Any:
        """Return the mean of the squares on held-out patients."""
        return np.mean((self.x_test @ w + self.middle - self.y_test) ** 2)

    def by_adjoint(self, logs: Any) -> Any:
        """Solve by conjugate gradients; the derivative solves one more system."""
        penalties = np.exp(logs)
        return self.error(linear_solve(lambda w: self.gram @ w + penalties * w, self.right))

    def by_iteration(self, logs: Any, steps: int) -> Any:
        """Solve by steps of gradient descent, which the engine records one by one."""
        penalties, w = np.exp(logs), self.right * 0.0
        for _ in range(steps):
            w = w - 0.2 * (self.gram @ w + penalties * w - self.right)
        return self.error(w)

    def exact(self, logs: Any) -> Any:
        """Return the gradient by the complex step through NumPy's solver."""
        rows = np.eye(len(logs)) * STEP * 1j + logs
        return np.array([
            self.error(np.linalg.solve(self.gram + np.diag(np.exp(row)), self.right)).imag / STEP
            for row in rows
        ])  # fmt: skip


def linear_system(quick: bool) -> dict[str, Any]:
    """Return both derivatives' distances from the exact one, and the strengths that pay."""
    problem, logs = RidgeError(), np.full(10, -3.0)
    exact = problem.exact(logs)
    found = {"adjoint": np.abs(grad(problem.by_adjoint)(logs) - exact).max() / np.abs(exact).max()}
    lengths = (30, 100) if quick else (30, 100, 300, 1000)
    for steps in lengths:
        g = grad(lambda x, steps=steps: problem.by_iteration(x, steps))(logs)
        found[steps] = np.abs(g - exact).max() / np.abs(exact).max()
    kept = {
        "adjoint": cost(problem.by_adjoint, logs, measure=False).saved_bytes,
        "iteration": cost(
            lambda x: problem.by_iteration(x, lengths[-1]), logs, measure=False
        ).saved_bytes,
    }
    ridge = Ridge(alpha=np.exp(-3.0) * len(problem.x)).fit(problem.x, problem.y)
    theirs = np.mean((ridge.predict(problem.x_test) - problem.y_test) ** 2)
    return {**found, "kept": kept, "steps": lengths[-1],
            "value": abs(problem.by_adjoint(logs) - theirs) / theirs}  # fmt: skip


def softplus(z: Any) -> Any:
    """Return log(1 + exp(z)), for complex numbers too."""
    return np.where(z.real > 0, z, 0) + np.log(1 + np.exp(np.where(z.real > 0, -z, z)))


def root() -> dict[str, float]:
    """Differentiate the optimum of a logistic regression by its strength, and choose that."""
    x, y, x_test, y_test = scaled(load_breast_cancer())
    half = len(x_test) // 2  # one half chooses the strength, the other judges
    x_choose, y_choose, x_judge, y_judge = (
        x_test[:half],
        y_test[:half],
        x_test[half:],
        y_test[half:],
    )

    def residual(w: Any, log: Any) -> Any:  # the gradient of the penalized loss
        return x.T @ (1 / (1 + np.exp(-(x @ w))) - y) / len(x) + np.exp(log) * w

    def solve(log: Any) -> Any:  # Newton's method in plain NumPy
        w = np.zeros(x.shape[1], np.result_type(log, float))
        for _ in range(60):
            p = 1 / (1 + np.exp(-(x @ w)))
            hessian = (x.T * (p * (1 - p))) @ x / len(x) + np.exp(log) * np.eye(len(w))
            w = w - np.linalg.solve(hessian, residual(w, log))
        return w

    optimum = implicit(residual, solve)

    def loss(w: Any, seen: Any, labels: Any) -> Any:
        z = seen @ w
        return np.mean(softplus(z) - labels * z)

    def chooses(log: Any) -> Any:
        return loss(optimum(log), x_choose, y_choose)

    start = np.log(1 / len(x))  # scikit-learn's default, C = 1
    exact = loss(solve(start + 1j * STEP), x_choose, y_choose).imag / STEP
    best = optim.lbfgs(chooses, np.array(start)).x
    model = LogisticRegression(tol=1e-8, max_iter=10_000, fit_intercept=False).fit(x, y)
    return {
        "apart": float(abs(grad(chooses)(start) - exact) / abs(exact)),
        "same": float(np.abs(solve(start) - model.coef_[0]).max()),
        "slope": float(abs(grad(chooses)(best))),
        "chosen": float(loss(solve(float(best)), x_judge, y_judge)),
        "default": float(loss(model.coef_[0], x_judge, y_judge)),
    }


def hunting(state: Any, t: Any, rates: Any) -> Any:
    """Lotka and Volterra: what hares and lynxes gain and lose in a year."""
    a, b, c, d = rates
    hares, lynxes = state
    return np.stack([(a - b * lynxes) * hares, (d * hares - c) * lynxes])


def runge_kutta(rates: Any, begin: Any, years: int, parts: int) -> Any:
    """Return the states of all years by steps that the engine can record."""

    def slope(y: Any) -> Any:
        a, b, c, d = rates
        return np.stack([(a - b * y[1]) * y[0], (d * y[0] - c) * y[1]])

    y, states, h = begin, [begin], 1 / parts
    for _ in range(years - 1):
        for _ in range(parts):
            k1 = slope(y)
            k2 = slope(y + h / 2 * k1)
            k3 = slope(y + h / 2 * k2)
            y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + slope(y + h * k3))
        states.append(y)
    return np.stack(states)


def mismatch(states: Any) -> Any:
    """Return the mean square of the logs' differences from the pelts."""
    return np.mean((np.log(states) - np.log(PELTS)) ** 2)


def equation(quick: bool) -> dict[str, Any]:
    """Compare three derivatives of the mismatch, and fit the equation to the pelts."""
    years = np.arange(len(PELTS), dtype=float)

    def by_adjoint(logs: Any, tolerance: float = 1e-10) -> Any:
        rates, begin = np.exp(logs[:4]), np.exp(logs[4:])
        return mismatch(odeint(hunting, begin, years, rates, rtol=tolerance, atol=tolerance))

    def by_steps(logs: Any, parts: int) -> Any:
        return mismatch(runge_kutta(np.exp(logs[:4]), np.exp(logs[4:]), len(years), parts))

    start = np.log([*PUBLISHED, *PELTS[0]])
    fine = 60
    exact = np.array([
        by_steps(start + 1j * STEP * unit, fine).imag / STEP for unit in np.eye(len(start))
    ])  # fmt: skip
    largest = np.abs(exact).max()
    parts = 5 if quick else 20
    found = {
        "adjoint": np.abs(grad(by_adjoint)(start) - exact).max() / largest,
        "steps": np.abs(grad(lambda x: by_steps(x, parts))(start) - exact).max() / largest,
        "parts": parts,
    }
    guess = np.log([0.5, 0.02, 0.5, 0.02, *PELTS[0]])
    fitted = optim.lbfgs(
        lambda x: by_adjoint(x, 1e-6), guess, tolerance=1e-4, max_iterations=15 if quick else 100
    )
    middle = np.mean((np.log(PELTS) - np.log(PELTS).mean(axis=0)) ** 2)
    states = runge_kutta(np.exp(fitted.x[:4]), np.exp(fitted.x[4:]), len(years), 20)
    return {**found, "rates": np.exp(fitted.x[:4]), "error": float(mismatch(states)) ** 0.5,
            "middle": middle**0.5, "begun": float(by_adjoint(guess, 1e-6)) ** 0.5,
            "x": fitted.x}  # fmt: skip


def picture(path: Path, linear: dict[str, Any], ode: dict[str, Any]) -> Path:
    """Draw the iteration's distance from the exact derivative, and the fitted animals."""
    figure, (left, right) = common.pyplot().subplots(1, 2, figsize=(11, 4.2))
    lengths = [k for k in linear if isinstance(k, int)]
    left.loglog(lengths, [linear[k] for k in lengths], "o-", color=common.ORANGE,
                label="through the steps of the solver")  # fmt: skip
    left.axhline(linear["adjoint"], color=common.BLUE, label="adjoint equation")
    left.set(xlabel="steps of the solver", ylabel="relative distance from the exact derivative")
    left.legend()
    years, x = 1900 + np.arange(len(PELTS)), ode["x"]
    fine = runge_kutta(np.exp(x[:4]), np.exp(x[4:]), len(PELTS), 20)
    for k, (colour, name) in enumerate(((common.BLUE, "hares"), (common.ORANGE, "lynxes"))):
        right.plot(years, PELTS[:, k], "o", color=colour, label=name)
        right.plot(years, fine[:, k], color=colour)
    right.set(xlabel="year", ylabel="pelts, thousands", xticks=years[::5])
    right.legend()
    return common.save(
        figure, path,
        "Left: an iteration's derivative is as good as the iteration. Right: pelts of Hudson Bay, "
        "and the equation of Lotka and Volterra, fitted by gradients of the adjoint equation.",
    )  # fmt: skip


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    linear = linear_system(options.quick)
    optimum = root()
    ode = equation(options.quick)
    a, b, c, d = ode["rates"]
    results = [
        common.Result(
            "A9", "linear",
            "diabetes, held-out error by ten strengths, through a linear system: adjoint equation",
            float(linear["adjoint"]),
            f"relative distance {linear['adjoint']:.0e}, keeps {linear['kept']['adjoint']:,} bytes",
            f"the complex step; through {linear['steps']} steps of gradient descent "
            f"{linear[linear['steps']]:.0e}, keeps {linear['kept']['iteration']:,}",
        ),
        common.Result(
            "A9", "root",
            "breast cancer, held-out loss by the strength, through a root: adjoint equation",
            optimum["apart"], f"relative distance {optimum['apart']:.0e}",
            "the complex step through Newton's method; the root differs from scikit-learn's by "
            f"{optimum['same']:.0e}",
        ),
        common.Result(
            "A9", "chosen", "the strength chosen by that derivative: loss on patients apart",
            optimum["chosen"] / optimum["default"], f"{optimum['chosen']:.4f}",
            f"scikit-learn's LogisticRegression as it comes {optimum['default']:.4f}",
        ),
        common.Result(
            "A9", "ode", "hares and lynxes, mismatch by six numbers: adjoint equation of the ODE",
            float(ode["adjoint"]), f"relative distance {ode['adjoint']:.0e}",
            "the complex step through fine steps; through "
            f"{ode['parts']} Runge-Kutta steps a year {ode['steps']:.0e}",
        ),
        common.Result(
            "A9", "fit", "the same fitted: root mean square of the logs' errors",
            ode["error"] / ode["middle"],
            f"{ode['error']:.3f}; rates {a:.3f}, {b:.4f}, {c:.3f}, {d:.4f}",
            f"before {ode['begun']:.3f}, constants {ode['middle']:.3f}; Carpenter (2018) "
            + ", ".join(f"{r:g}" for r in PUBLISHED),
        ),
    ]  # fmt: skip
    written = [picture(options.out / "adjoints.png", linear, ode)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
