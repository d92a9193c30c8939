"""Sparse hidden units, sparse weights, and decay that begins late (C5).

    python -m examples.sparsity [--quick] [--out out]

Nets on a few hundred real digits.  A penalty on the activity of hidden units makes
each unit answer to few images, at the rate that was asked for.  An L1 term makes
weights zero, an L2 term makes them small.  The slides advise to switch weight decay on
"after a couple of epochs": from the first epoch, after some, and never, side by side.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

import nn
import optim
from autograd_core import Tensor, no_grad
from examples import common

FEW, WIDTH, TARGET = 300, 100, 0.1
L1, L2, SMALL = 1e-3, 1e-3, 1e-2  # strengths; a weight below `SMALL` counts as zero


class Sparse(nn.Module):
    """One hidden layer of sigmoids whose mean activity is watched, or kept at a target."""

    def __init__(self, strength: float) -> None:
        super().__init__()
        self.hidden, self.out = nn.Linear(64, WIDTH), nn.Linear(WIDTH, 10)
        self.watched = nn.ActivitySparsity(strength, TARGET)

    def activity(self, x: Any) -> Any:
        """Return the hidden units' activity, shape (n, units)."""
        return self.watched(nn.functional.sigmoid(self.hidden(x)))

    def forward(self, x: Any) -> Any:
        """Return the logits."""
        return self.out(self.activity(x))


def trainer(model: Any, epochs: int, callbacks: list[nn.Callback], seed: int) -> nn.Trainer:
    """Return what trains a model by Adam."""
    return nn.Trainer(
        model,
        nn.CrossEntropyLoss(),
        optim.Adam(model.parameters(), lr=5e-3),
        callbacks=callbacks,
        seed=seed,
        progress=False,
    )


def data(split: Any, seed: int) -> Any:
    """Return a loader of a few digits."""
    images, _, labels, _ = split
    chosen = common.few_of_each(labels, FEW, seed)
    return nn.DataLoader((images[chosen], labels[chosen]), 50, shuffle=True, seed=seed)


def hidden(split: Any, strength: float, epochs: int, seed: int) -> tuple[Any, dict[str, float]]:
    """Train with a penalty on activity; return the held-out activity and what it amounts to."""
    nn.manual_seed(seed)
    model = Sparse(strength)
    penalty = nn.Regularization(lambda m: m.watched.penalty)
    trainer(model, epochs, [penalty], seed).fit(data(split, seed), epochs=epochs)
    with no_grad():
        activity = model.activity(Tensor(split[1])).data
    return activity, {
        "accuracy": common.accuracy(model, split[1], split[3]),
        "mean": float(activity.mean()),
        "active": float(np.mean(activity > 0.5)),
        # of one unit over images: 0 if it answers to all alike, 1 if to a single one
        "selective": float(np.mean(selectivity(activity))),
    }


def selectivity(activity: Any) -> Any:
    """Return Treves and Rolls' sparseness of each unit over the images, in [0, 1]."""
    a = np.mean(activity, axis=0) ** 2 / np.mean(activity**2, axis=0)
    return (1 - a) / (1 - 1 / len(activity))


def weights(split: Any, penalty: Any, after: int, epochs: int, seed: int) -> dict[str, Any]:
    """Train with a penalty on the weights from some epoch on."""
    nn.manual_seed(seed)
    model = nn.Sequential(nn.Linear(64, WIDTH), nn.ReLU(), nn.Linear(WIDTH, 10))
    watchers: list[nn.Callback] = []
    if penalty is not None:
        watchers = [nn.Regularization(penalty, after_epochs=after)]
    history = trainer(model, epochs, watchers, seed).fit(
        data(split, seed), validation=split[1::2], epochs=epochs
    )
    every = np.concatenate([p.data.ravel() for p in model.parameters() if p.ndim > 1])
    return {
        "accuracy": common.accuracy(model, split[1], split[3]),
        "zero": float(np.mean(np.abs(every) < SMALL)),
        "size": float(np.sqrt(np.mean(every**2))),
        "curve": history["val_loss"],
    }


def l1(model: Any) -> Any:
    """Return the L1 term."""
    return nn.l1_penalty(model, L1)


def l2(model: Any) -> Any:
    """Return the L2 term."""
    return nn.l2_penalty(model, L2)


def picture(path: Path, shown: dict[str, Any], curves: dict[str, Any]) -> Path:
    """Draw the activity of hidden units, and the held-out loss with decay from three epochs on."""
    figure, axes = common.pyplot().subplots(1, 3, figsize=(14, 4.4))
    for axis, (name, activity) in zip(axes, shown.items(), strict=False):
        axis.imshow(activity[:100], cmap="gray_r", vmin=0, vmax=1, aspect="auto")
        axis.set(title=name, xlabel="hidden unit", ylabel="held-out image")
    for (name, rows), colour, style in zip(
        curves.items(), (common.GREY, common.BLUE, common.ORANGE), (":", "-", "--"), strict=True
    ):
        axes[2].plot(np.mean(rows, axis=0), style, color=colour, label=name)
    axes[2].set(
        xlabel="epoch", ylabel="held-out loss", yscale="log", title="L2 term on the weights"
    )
    axes[2].legend()
    return common.save(
        figure,
        path,
        "Without a penalty many hidden units are half active for every image (grey). With it each "
        "answers to few images (black on white). On the right: decay from the start, late, never.",
    )


def told(
    units: dict[str, list[Any]],
    found: dict[str, list[Any]],
    linear: list[float],
    late: int,
    epochs: int,
) -> list[common.Result]:
    """Return the results: of penalties on activity, and of terms on the weights."""

    def of(rows: list[Any], key: str) -> Any:
        return np.array([row[key] for row in rows])

    late_name = f"after {late} epochs"
    beside = f"LogisticRegression {common.mean_and_error(linear)}"
    accuracy = {name: of(rows, "accuracy") for name, rows in (units | found).items()}
    results = [
        common.Result(
            "C5",
            "activity",
            f"hidden units kept at an activity of {TARGET:.0%}, {FEW} digits: on held-out images",
            float(of(units["sparse"], "mean").mean()),
            f"{of(units['sparse'], 'mean').mean():.1%}, sparseness "
            f"{of(units['sparse'], 'selective').mean():.2f}",
            f"no penalty {of(units['free'], 'mean').mean():.1%}, "
            f"{of(units['free'], 'selective').mean():.2f}",
        ),
        common.Result(
            "C5",
            "sparse gain",
            f"the same: held-out digits read right, {len(linear)} seeds",
            float(accuracy["sparse"].mean() - accuracy["free"].mean()),
            f"{common.mean_and_error(accuracy['sparse'])}, sparsity buys "
            f"{common.points(accuracy['sparse'], accuracy['free'])}",
            f"no penalty {common.mean_and_error(accuracy['free'])}; {beside}",
        ),
        common.Result(
            "C5",
            "zero weights",
            f"L1 term of {L1}: weights below {SMALL}",
            float(of(found["L1"], "zero").mean()),
            f"{of(found['L1'], 'zero').mean():.0%}; "
            f"{common.mean_and_error(accuracy['L1'])} read right",
            f"L2 {of(found['from the start'], 'zero').mean():.0%}, no term "
            f"{of(found['never'], 'zero').mean():.0%}",
        ),
    ]
    for name in ("from the start", late_name):
        loss = np.array([row["curve"][-1] for row in found[name]])
        never = np.array([row["curve"][-1] for row in found["never"]])
        results.append(
            common.Result(
                "C5",
                "late" if name == late_name else "start",
                f"L2 term {name} of {epochs}" if name == late_name else f"L2 term {name}",
                float(loss.mean() / never.mean()),
                f"{common.mean_and_error(accuracy[name])}, held-out loss {loss.mean():.3f}; over "
                f"no decay {common.points(accuracy[name], accuracy['never'])}",
                f"no decay {common.mean_and_error(accuracy['never'])}, {never.mean():.3f}; "
                + (f"from the start {common.mean_and_error(accuracy['from the start'])}"
                   if name == late_name else beside),
            )
        )  # fmt: skip
    return results


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    split = common.digits()
    epochs, seeds = (30, 2) if options.quick else (100, 5)
    late = epochs // 5
    kinds = {"free": 0.0, "sparse": 0.03}
    ways = {
        "never": (None, 0),
        "from the start": (l2, 0),
        f"after {late} epochs": (l2, late),
        "L1": (l1, 0),
    }
    units: dict[str, list[Any]] = {name: [] for name in kinds}
    found: dict[str, list[Any]] = {name: [] for name in ways}
    shown, linear = {}, []
    for seed in tqdm(range(seeds), desc="nets", unit="seed"):
        for name, strength in kinds.items():
            activity, row = hidden(split, strength, epochs, seed)
            shown["no penalty" if name == "free" else f"aim: {TARGET:.0%} active"] = activity
            units[name].append(row)
        for name, (penalty, after) in ways.items():
            found[name].append(weights(split, penalty, after, epochs, seed))
        chosen = common.few_of_each(split[2], FEW, seed)
        made = LogisticRegression(max_iter=3000).fit(split[0][chosen], split[2][chosen])
        linear.append(made.score(split[1], split[3]))

    results = told(units, found, linear, late, epochs)
    late_name = f"after {late} epochs"
    curves = {k: [row["curve"] for row in found[k]] for k in ("never", "from the start", late_name)}
    written = [picture(options.out / "sparsity.png", shown, curves)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
