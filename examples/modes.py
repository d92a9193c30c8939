"""Forward mode takes a pass for each input, reverse mode a sweep for each output (A2, A3).

    python -m examples.modes [--quick] [--out out]

The same program, ordinary NumPy, from n inputs to m outputs: a layer of a digit reader on a
real image.  Its Jacobian is found by dual numbers, one pass for each input, and by backward
sweeps, one for each output, and both are counted and timed over n and m.  The prediction of
the source: the ratio of the costs is n / m.  Then one call, `cost(...).modes()`, says which
mode to use, without running either.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from autograd_core import Tensor, cost, gradients, jvp
from examples import common

SIZES = [1, 4, 16, 64]


class Counted:
    """A layer from n pixels to m numbers, which counts how often it is run."""

    def __init__(self, n: int, m: int) -> None:
        rng = np.random.default_rng(0)
        self.inner = rng.normal(size=(64, n)) / 8
        self.outer = rng.normal(size=(m, 64)) / 8
        self.runs = 0

    def __call__(self, x: Any) -> Any:
        """Run it on an array, a Tensor or a dual number: shape (n,) in, (m,) out."""
        self.runs += 1
        return self.outer @ np.tanh(self.inner @ x)


def by_forward(f: Any, x: Any) -> Any:
    """Return the Jacobian, a column for each pass."""
    return np.stack([jvp(f, (x,), (unit,))[1] for unit in np.eye(len(x))], axis=1)


def by_reverse(f: Any, x: Any, m: int) -> tuple[Any, int]:
    """Return the Jacobian, a row for each sweep, and how many sweeps were made."""
    leaf = Tensor(x, requires_grad=True)
    y = f(leaf)
    rows = [np.asarray(gradients(y, [leaf], seed=unit)[0]) for unit in np.eye(m)]
    return np.stack(rows), len(rows)


def seconds(run: Callable[[], Any], repeats: int) -> float:
    """Return the median of the processor's seconds."""
    found = []
    for _ in range(repeats):
        begin = time.process_time()
        run()
        found.append(time.process_time() - begin)
    return statistics.median(found)


def measured(image: Any, repeats: int) -> dict[str, Any]:
    """Count and time both modes over n and m, and hold both against the complex step."""
    rows, apart, passes = [], 0.0, True
    for n in tqdm(SIZES, desc="inputs"):
        for m in SIZES:
            f, x = Counted(n, m), image[:n]
            forward = by_forward(f, x)
            in_passes, f.runs = f.runs, 0
            reverse, sweeps = by_reverse(f, x, m)
            passes &= (in_passes, f.runs, sweeps) == (n, 1, m)
            exact = np.stack([f(x + 1e-30j * unit).imag / 1e-30 for unit in np.eye(n)], axis=1)
            apart = max(apart, np.abs(forward - exact).max(), np.abs(reverse - exact).max())
            times = [seconds(lambda f=f, x=x: by_forward(f, x), repeats),
                     seconds(lambda f=f, x=x, m=m: by_reverse(f, x, m), repeats)]  # fmt: skip
            modes = cost(f, x, measure=False).modes(measure=False)
            rows.append((n, m, *times, modes.best))
    return {"rows": rows, "apart": apart, "passes": passes}


def fit(rows: Any) -> tuple[float, float, float]:
    """Return the powers of n and of m in the ratio of the times, forward over reverse."""
    n, m, forward, reverse = (np.array(c, float) for c in list(zip(*rows, strict=True))[:4])
    at = np.stack([np.log(n), np.log(m), np.ones(len(n))], axis=1)
    return tuple(np.linalg.lstsq(at, np.log(forward / reverse), rcond=None)[0])


def picture(path: Path, rows: Any) -> Path:
    """Draw the times over n for one output, and over m for one input."""
    figure, axes = common.pyplot().subplots(1, 2, figsize=(10, 4), sharey=True)
    for axis, k, what in ((axes[0], 1, "inputs, one output"), (axes[1], 0, "outputs, one input")):
        chosen = [r for r in rows if r[k] == 1]
        for j, colour, name in ((2, common.ORANGE, "forward"), (3, common.BLUE, "reverse")):
            axis.loglog(
                [r[1 - k] for r in chosen], [1e3 * r[j] for r in chosen], "o-", color=colour,
                label=name,
            )  # fmt: skip
        axis.set(xlabel=f"number of {what}", ylabel="milliseconds")
        axis.legend()
    return common.save(
        figure, path,
        "Forward mode pays for each input, reverse mode for each output. The gradient of one loss "
        "by thousands of weights is the left picture, continued.",
    )  # fmt: skip


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    image = common.digits()[0][0].astype(np.float64) + 0.1
    found = measured(image, 5 if options.quick else 101)
    by_n, by_m, _ = fit(found["rows"])
    wide, narrow = (next(r for r in found["rows"] if r[:2] == size) for size in ((64, 1), (1, 64)))
    uneven = [r for r in found["rows"] if r[0] != r[1]]
    told = sum(best == ("forward" if f < r else "reverse") for _, _, f, r, best in uneven)
    results = [
        common.Result(
            "A2", "passes",
            f"runs of the program for a Jacobian, n and m from {SIZES[0]} to {SIZES[-1]}",
            float(found["passes"]),
            "forward n, reverse 1 and m sweeps" if found["passes"] else "other numbers",
            "n passes; one run and m sweeps",
        ),
        common.Result(
            "A2", "apart", "both Jacobians", found["apart"],
            f"differ by at most {found['apart']:.0e}", "the complex step",
        ),
        common.Result(
            "A3", "power",
            "time of forward over reverse mode: power of n, power of m", by_n - by_m,
            f"{by_n:.2f}, {by_m:.2f}; {wide[2] / wide[3]:.0f} times for 64 inputs and one output, "
            f"{narrow[2] / narrow[3]:.2f} times for one input and 64 outputs",
            "predicted 1, -1; 64 and 1/64 = 0.02 if the first run cost nothing",
        ),
        common.Result(
            "A3", "told", "modes that one call recommends, before any sweep, n not m",
            told / len(uneven), f"{told} of {len(uneven)} took less time",
            "forward if n < m, else reverse",
        ),
    ]  # fmt: skip
    written = [picture(options.out / "modes.png", found["rows"])]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
