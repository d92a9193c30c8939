"""How data-parallel training scales: measured on 1, 2, 4 ranks, and a model for 8 to 1,024.

    python -m benchmarks.scaling [--report docs/distributed.md] [--quick]

Measured, each number of ranks in one mpiexec start: the time of a training step without and with
the averaging of gradients (median over the steps), and of sums over the ranks from 4 kB to 16 MB.
To the sums the alpha-beta model of a ring is fitted (Thakur et al., 2005): p ranks that each send
2 (p - 1) messages of M / p bytes need

    T(p, M) = 2 (p - 1) alpha + 2 (p - 1) / p * M / beta

with the latency alpha of a message and the bandwidth beta.  A step of p ranks then takes

    compute / p + T(p, M)          if nothing overlaps (strong scaling: one batch, shared out)
    max(compute, ...)              if the sums run beside the sweep, two thirds of the computing

The model has no congestion and no slow ranks in it: it says where averaging stops paying at the
latest.  Ranks beyond the processor's cores share them, so measured points with more ranks than
cores show the averaging, not the computing.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import models
from benchmarks.harness import table

RANKS = (1, 2, 4)
LARGE = (8, 16, 32, 64, 128, 256, 512, 1024)
SIZES = tuple(4096 * 4**k for k in range(7))  # bytes
SWEEP = 2 / 3  # the part of a step's computing beside which sums can run
BEGIN, END = "<!-- scaling: begin -->", "<!-- scaling: end -->"

# the model, one image's shape, the batch of all ranks together
CASES: dict[str, tuple[Callable[[Any], Any], tuple[int, ...], int]] = {
    "mlp": (models.mlp, (784,), 1024),
    "lenet": (models.lenet, (1, 28, 28), 256),
    "conv net": (models.convnet, (3, 32, 32), 64),
    "residual block": (models.residual_block, (17, 9, 9), 32),
}


# --- the model -----------------------------------------------------------------------------------


def ring(p: float, size: float, alpha: float, beta: float) -> float:
    """Return the seconds of a sum of so many bytes over p ranks."""
    return 2 * (p - 1) * alpha + 2 * (p - 1) / p * size / beta


def fitted(points: list[tuple[int, int, float]]) -> tuple[float, float]:
    """Return alpha and beta by least squares of the relative errors; points are (p, bytes, s)."""
    rows, ones = [], []
    for p, size, seconds in points:
        rows.append([2 * (p - 1) / seconds, 2 * (p - 1) / p * size / seconds])
        ones.append(1.0)
    alpha, inverse = np.linalg.lstsq(np.array(rows), np.array(ones), rcond=None)[0]
    if alpha <= 0 or inverse <= 0:  # noise: one of the two does not show
        (a, b), y = np.array(rows).T, np.array(ones)
        alpha = max(alpha, 1e-3 * float(a @ y / (a @ a)))
        inverse = max(inverse, 1e-3 * float(b @ y / (b @ b)))
    return float(alpha), float(1 / inverse)


def step(p: int, compute: float, size: int, alpha: float, beta: float, overlap: bool) -> float:
    """Return the seconds of a step of p ranks that share a batch which takes one `compute`."""
    own, total = compute / p, ring(p, size, alpha, beta)
    return own + max(0.0, total - SWEEP * own) if overlap else own + total


def best(compute: float, size: int, alpha: float, beta: float) -> tuple[int, float]:
    """Return the number of ranks of the fastest step without overlap, and how much faster it is."""
    steps = {p: step(p, compute, size, alpha, beta, False) for p in (1, 2, 4, *LARGE)}
    p = min(steps, key=lambda k: steps[k])
    return p, steps[1] / steps[p]


# --- what the ranks measure ----------------------------------------------------------------------


def measure(quick: bool) -> dict[str, Any]:
    """Measure on the ranks that are here."""
    import nn
    import optim

    group = nn.distributed.launch.world()
    found: dict[str, Any] = {"sums": [], "steps": {}}
    rounds = 5 if quick else 30
    for size in SIZES[: 4 if quick else None]:
        array = np.ones(size // 4, np.float32)
        found["sums"].append([group.size, size, median(lambda a=array: group.sum(a), rounds)])
    for name, (make, shape, batch) in CASES.items():
        if quick and name not in ("mlp", "lenet"):
            continue
        nn.manual_seed(0)
        model = nn.DataParallel(make(nn), broadcast_buffers=False)
        optimizer = optim.SGD(model.parameters(), lr=1e-3)
        rows = max(1, batch // group.size)
        rng = np.random.default_rng(group.rank)
        x = rng.normal(size=(rows, *shape)).astype(np.float32)

        def one(model: Any = model, optimizer: Any = optimizer, x: Any = x) -> None:
            optimizer.zero_grad()
            (model(x) ** 2).mean().backward()
            optimizer.step()

        def alone(model: Any = model, one: Any = one) -> None:
            with model.no_sync():
                one()

        for _ in range(3):
            one()
        size = sum(p.data.nbytes for p in model.parameters())
        found["steps"][name] = [median(alone, rounds), median(one, rounds), size]
    return found


def median(run: Callable[[], Any], rounds: int) -> float:
    """Return the median seconds of a call; all ranks begin each together."""
    import nn

    times = []
    for _ in range(rounds):
        nn.distributed.barrier()
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def on_ranks(ranks: int, quick: bool) -> dict[str, Any]:
    """Measure on so many ranks, each on one thread and by NumPy alone."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "found.json"
        mpiexec = Path(sys.executable).with_name("mpiexec")
        start = [] if ranks == 1 else [str(mpiexec), "-n", str(ranks)]
        subprocess.run(
            [*start, sys.executable, "-m", "benchmarks.scaling", "--write", path]
            + ["--quick"] * quick,
            check=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "NN_COMPILED": "0"},
        )
        found: dict[str, Any] = json.loads(path.read_text())
        return found


# --- the report ----------------------------------------------------------------------------------


def report(found: dict[int, dict[str, Any]]) -> str:
    """Return the tables."""
    points = [tuple(p) for n, f in found.items() if n > 1 for p in f["sums"]]
    alpha, beta = fitted(points)
    sums = [["bytes", *(f"{n} ranks: measured, model (ms)" for n in found if n > 1)]]
    for k, (_, size, _) in enumerate(found[2]["sums"]):
        cells = [
            f"{1e3 * f['sums'][k][2]:.2f}, {1e3 * ring(n, size, alpha, beta):.2f}"
            for n, f in found.items()
            if n > 1
        ]
        sums.append([f"{size:,}", *cells])
    steps = [["model, batch, gradients", *(f"{n}: alone, averaged (ms)" for n in found)]]
    ahead = [["model", "best ranks", "times as fast", *(f"{n:,}" for n in LARGE)]]
    for name in found[1]["steps"]:
        size = found[1]["steps"][name][2]
        cells = [", ".join(f"{1e3 * t:.1f}" for t in f["steps"][name][:2]) for f in found.values()]
        steps.append([f"{name}, {CASES[name][2]}, {size / 1e6:.2f} MB", *cells])
        compute = found[1]["steps"][name][0]
        ranks, times = best(compute, size, alpha, beta)
        share = [
            f"{100 * compute / (p * step(p, compute, size, alpha, beta, False)):.0f} to "
            f"{100 * compute / (p * step(p, compute, size, alpha, beta, True)):.0f}"
            for p in LARGE
        ]
        ahead.append([name, str(ranks), f"{times:.1f}", *share])
    measured = (
        f"Measured on {os.cpu_count()} cores. Of a message the latency is {1e6 * alpha:.0f} µs and "
        f"the bandwidth {beta / 1e9:.2f} GB/s, fitted to these sums over the ranks:"
    )
    computed = "A training step: each rank computing its share alone, and with averaged gradients."
    modelled = (
        "The model for more ranks, each on a core of its own, sharing the same batch: the number "
        "of ranks with the fastest step, how much faster it is than one rank's, and the percentage "
        "of the ranks' time that is spent computing, without and with overlap."
    )
    parts = ((measured, sums), (computed, steps), (modelled, ahead))
    return "\n\n".join(f"{textwrap.fill(text, 100)}\n\n{table(rows)}" for text, rows in parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--report", type=Path, help="a page with the marks to write between")
    parser.add_argument("--write", type=Path, help="measure on the ranks here, and write this")
    options = parser.parse_args()
    if options.write is not None:
        import nn

        found = measure(options.quick)
        if nn.distributed.is_main_process():
            options.write.write_text(json.dumps(found))
        return
    text = report({n: on_ranks(n, options.quick) for n in RANKS})
    print(text)
    if options.report is not None:
        head, rest = options.report.read_text(encoding="utf-8").split(BEGIN)
        tail = rest.split(END)[1]
        options.report.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
