"""Large batches on several processes: accuracy with and without the recipe (C4, C12).

    python -m examples.large_batch [--quick] [--out out]

The recipe of Goyal et al., "Accurate, large minibatch SGD" (2017): a batch k
times as large gets a rate k times as high, reached by a gradual warm-up; the
last scale of each residual block begins at zero; biases and normalizations
have no weight decay.  A small residual net reads scikit-learn's digits, at
batches of 64 to 1,024 images, for the same number of epochs.  At the largest batch the
warm-up, the zero scales, both of them, or the scaled rate are left out, the rest kept.
The example starts itself by mpiexec on 1, 2 and 4 processes; each run also works alone:

    mpiexec -n 2 python -m examples.large_batch --ranks-write report.json
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

import nn
import optim
from examples import common

BATCHES = (64, 256, 1024)
REFERENCE, RATE, DECAY = 64, 0.008, 1e-3  # the batch that the rate is right for
WHOLE = "recipe"
RECIPES = {  # whether the rate is scaled, whether it is warmed up, whether blocks begin at zero
    WHOLE: (True, True, True),
    "no warm-up": (True, False, True),
    "no zero scales": (True, True, False),
    "neither of both": (True, False, False),
    "the rate of 64": (False, False, True),
}


class Residual(nn.Module):
    """x + two convolutions of it, each with a batch normalization."""

    def __init__(self, channels: int, zero: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm2 = nn.BatchNorm2d(channels)
        if zero:  # the block begins as the identity
            nn.init.zeros_(self.norm2.weight)

    def forward(self, x: Any) -> Any:
        """Apply it: (n, channels, height, width) in and out."""
        y = nn.functional.relu(self.norm1(self.conv1(x)))
        return nn.functional.relu(x + self.norm2(self.conv2(y)))


def network(zero: bool) -> nn.Module:
    """Return the net for images of 8 by 8."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU(),
        Residual(8, zero), nn.MaxPool2d(2), Residual(8, zero), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(32, 10),
    )  # fmt: skip


def groups(model: nn.Module) -> list[dict[str, Any]]:
    """Return the parameters in two groups: weights that decay; biases and norms, which do not."""
    decays = [p for p in model.parameters() if p.ndim > 1]
    return [
        {"params": decays, "weight_decay": DECAY},
        {"params": [p for p in model.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]


def train(batch: int, recipe: str, epochs: int, seed: int = 0) -> dict[str, float]:
    """Train and return what was measured; each rank takes its share of the batches."""
    images, held_out, labels, held_out_labels = common.digits()
    images, held_out = (a.reshape(-1, 1, 8, 8) for a in (images, held_out))
    nn.manual_seed(seed)
    scaled, warmed, zero = RECIPES[recipe]
    warmed = warmed and batch > REFERENCE
    model = network(zero)
    model = nn.DataParallel(nn.SyncBatchNorm.convert_sync_batchnorm(model))
    rate = optim.lr_scheduler.linear_scaling(RATE, batch, REFERENCE) if scaled else RATE
    optimizer = optim.SGD(groups(model), lr=rate, momentum=0.9, nesterov=True)
    loader = nn.DataLoader((images, labels), batch, shuffle=True, seed=seed, last="fill")
    steps, warm = epochs * len(loader), epochs // 6 * len(loader)
    schedule: Any = optim.lr_scheduler.CosineAnnealingLR(optimizer, steps - warm * warmed)
    if warmed:
        begin = optim.lr_scheduler.LinearLR(optimizer, REFERENCE / batch, 1.0, warm)
        schedule = optim.lr_scheduler.SequentialLR(optimizer, [begin, schedule], [warm])
    trainer = nn.Trainer(
        model,
        nn.CrossEntropyLoss(),
        optimizer,
        schedule,
        scheduler_every="batch",
        metrics={"accuracy": nn.accuracy},
        progress=False,
    )
    start = time.perf_counter()
    try:
        trainer.fit(loader, epochs=epochs)
    except nn.errors.AutogradError:  # a loss that is not finite: on all ranks at once
        return {"accuracy": 0.1, "steps_per_second": 0.0}
    seconds = time.perf_counter() - start
    found = trainer.evaluate((held_out, held_out_labels))
    return {"accuracy": found["accuracy"], "steps_per_second": steps / seconds}


def runs(quick: bool, ranks: int) -> list[tuple[int, str, int, int]]:
    """Return what to train: batch, recipe, epochs, seed; several processes train the recipe only.

    What is left out of the recipe is left out at the largest batch.
    """
    batches, epochs, seeds = ((64, 512), 8, 1) if quick else (BATCHES, 20, 3)
    if ranks > 1:
        shared = batches if ranks == 2 else batches[-1:]  # more than two share the cores here
        return [(b, WHOLE, epochs, 0) for b in shared]
    pairs = [(b, WHOLE) for b in batches]
    pairs += [(batches[-1], recipe) for recipe in RECIPES if recipe != WHOLE]
    return [(b, recipe, epochs, seed) for b, recipe in pairs for seed in range(seeds)]


def write(path: Path, quick: bool) -> None:
    """Train all of it on the ranks that are here; the first writes what was found."""
    found = []
    for batch, recipe, epochs, seed in runs(quick, nn.distributed.get_world_size()):
        row = train(batch, recipe, epochs, seed)
        found.append({"batch": batch, "recipe": recipe, "seed": seed, **row})
        if nn.distributed.is_main_process():
            print(f"  batch {batch}, {recipe}, seed {seed}: {row['accuracy']:.1%}", flush=True)
    if nn.distributed.is_main_process():
        path.write_text(json.dumps(found), encoding="utf-8")


def on_ranks(ranks: int, quick: bool) -> list[dict[str, Any]]:
    """Start this file on so many processes and return what they found."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "report.json"
        mpiexec = Path(sys.executable).with_name("mpiexec")
        start = [] if ranks == 1 else [str(mpiexec), "-n", str(ranks)]
        more = ["--quick"] if quick else []
        print(f"{ranks} process{'es' if ranks > 1 else ''}:")
        subprocess.run(
            [*start, sys.executable, "-m", "examples.large_batch", "--ranks-write", path, *more],
            check=True,
            # one thread each; kernels would be compiled by each process at the same time
            env={**os.environ, "OMP_NUM_THREADS": "1", "NN_COMPILED": "0"},
        )
        found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
        return found


def of(rows: list[dict[str, Any]], batch: int, recipe: str, what: str = "accuracy") -> Any:
    """Return what the runs of one kind measured, one value for each seed."""
    return np.array([r[what] for r in rows if (r["batch"], r["recipe"]) == (batch, recipe)])


def picture(found: dict[int, list[dict[str, Any]]], batches: list[int]) -> Any:
    """Return the figure: accuracy against batch, and steps a second against processes."""
    figure, (left, right) = common.pyplot().subplots(1, 2, figsize=(10, 4.4))
    values = [100 * of(found[1], b, WHOLE).mean() for b in batches]
    left.semilogx(batches, values, "o-", color=common.GREEN, label=WHOLE, base=2)
    colours = (common.ORANGE, common.BLUE, "black", common.GREY)
    for recipe, colour, mark in zip(list(RECIPES)[1:], colours, "s^Dv", strict=True):
        value = 100 * of(found[1], batches[-1], recipe).mean()
        left.plot([batches[-1]], [value], mark, color=colour, label=recipe)
    left.set(xlabel="images in a batch, on all processes", ylabel="held-out digits read right, %")
    left.set_xticks(batches, [str(b) for b in batches])
    left.legend()
    for k, batch in enumerate(batches):
        speeds = {n: of(rows, batch, WHOLE, "steps_per_second") for n, rows in found.items()}
        speeds = {n: values[0] for n, values in speeds.items() if len(values)}
        right.loglog(
            list(speeds), list(speeds.values()), "osv^D"[k] + "-", label=f"batch {batch}", base=2
        )
    right.set(xlabel="processes", ylabel="steps a second")
    right.set_xticks(list(found), [str(n) for n in found])
    right.legend(fontsize=8)
    return figure


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    made = common.parser(__doc__)
    made.add_argument("--ranks-write", type=Path, help="train on the ranks here, and write this")
    options = made.parse_args(arguments)
    if options.ranks_write is not None:
        write(options.ranks_write, options.quick)
        return []
    options = common.parse(made, arguments)
    ranks = [1]
    if find_spec("mpi4py") is not None and Path(sys.executable).with_name("mpiexec").exists():
        ranks = [1, 2] if options.quick else [1, 2, 4]
    found = {n: on_ranks(n, options.quick) for n in ranks}
    batches = sorted({row["batch"] for row in found[1]})
    base = of(found[1], batches[0], WHOLE)
    results = []
    for recipe in RECIPES:
        for batch in batches if recipe == WHOLE else batches[-1:]:
            values = of(found[1], batch, recipe)
            gain = "" if batch == batches[0] else f", {common.points(values, base)}"
            rate = RATE * (batch / REFERENCE if RECIPES[recipe][0] else 1)
            results.append(
                common.Result(
                    "C4",
                    f"{recipe}: {batch}",
                    f"batch {batch}, rate {rate:.3g}, "
                    + ("scaled and warmed up" if recipe == WHOLE else recipe),
                    float(values.mean()),
                    common.mean_and_error(values) + gain,
                    f"batch {batches[0]}, rate {RATE}: {common.mean_and_error(base)}",
                )
            )
    for n in ranks[1:]:
        shared = sorted({row["batch"] for row in found[n]})
        apart = max(abs(of(found[1], b, WHOLE)[0] - of(found[n], b, WHOLE)[0]) for b in shared)
        results.append(
            common.Result(
                "C12",
                f"{n} processes",
                f"{n} processes, batches of {', '.join(map(str, shared))}: largest difference of "
                "the accuracy",
                float(apart),
                f"{100 * apart:.2f} points",
                "0 but for rounding: float32 sums in another order, in chaotic training",
            )
        )
    written = [
        common.save(
            picture(found, batches),
            options.out / "large_batch.png",
            "With the rate scaled and warmed up, a large batch reads about as many digits as one "
            "of 64 in the same number of epochs. The marks off the line leave one part of the "
            "recipe out. More processes than cores are no faster.",
        )
    ]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
