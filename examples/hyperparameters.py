"""Settings by grid, random and Bayesian search; the largest rate that lowers the loss (C7, E2).

    python -m examples.hyperparameters [--quick] [--out out]

Four settings of a classifier (rate, weight decay, width, batch size) are searched by 81 trials:
three values each on a grid, at random, and by Optuna's Bayesian sampler (a tree-structured Parzen
estimator).  A trial is a cross-validation of the estimator; what a search has chosen is then fitted
and judged on held-out images.  The rate by itself is found in two more ways: by the largest
constant rate that still lowers the loss, and by a rate that grows from step to step.
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from sklearn.model_selection import cross_val_score
from sklearn.neural_network import MLPClassifier
from tqdm import tqdm

import nn
import optim
from examples import common

COUNT, EPOCHS, FOLDS = 200, 6, 3
# name: (lowest, highest, whether whole), all on a logarithmic scale
SPACE = {
    "lr": (1e-4, 1.0, False),
    "weight_decay": (1e-6, 1e-1, False),
    "width": (4, 64, True),
    "batch_size": (8, 128, True),
}


def estimator(setting: dict[str, Any]) -> Any:
    """Return the classifier with a setting."""
    return nn.NeuralNetClassifier(
        hidden_layer_sizes=(setting["width"],),
        optimizer="Adam",
        lr=setting["lr"],
        weight_decay=setting["weight_decay"],
        batch_size=setting["batch_size"],
        max_epochs=EPOCHS,
        random_state=0,
    )


def score(setting: dict[str, Any], images: Any, labels: Any) -> float:
    """Return the cross-validated accuracy of a setting; 0 where training diverges."""
    found = cross_val_score(estimator(setting), images, labels, cv=FOLDS, error_score=0.0)
    return float(np.mean(found))


def grid(each: int) -> list[dict[str, Any]]:
    """Return all settings on a grid, in an order at random."""
    axes = []
    for low, high, whole in SPACE.values():
        places = (np.arange(each) + 0.5) / each  # the middles of as many equal parts
        values = low * (high / low) ** places
        axes.append([round(v) if whole else float(v) for v in values])
    settings = [dict(zip(SPACE, point, strict=True)) for point in itertools.product(*axes)]
    order = np.random.default_rng(0).permutation(len(settings))
    return [settings[k] for k in order]


def suggested(trial: Any) -> dict[str, Any]:
    """Return the setting that a sampler of Optuna's suggests."""
    found: dict[str, Any] = {}
    for name, (low, high, whole) in SPACE.items():
        suggest = trial.suggest_int if whole else trial.suggest_float
        found[name] = suggest(name, low, high, log=True)
    return found


def search(sampler: Any, trials: int, images: Any, labels: Any, bar: Any) -> list[Any]:
    """Return the trials of one search, in order: pairs of score and setting."""
    study = optuna.create_study(sampler=sampler, direction="maximize")
    found = []
    for _ in range(trials):
        trial = study.ask()
        setting = suggested(trial)
        found.append((score(setting, images, labels), setting))
        study.tell(trial, found[-1][0])
        bar.update()
    return found


def searches(images: Any, labels: Any, each: int, seeds: int) -> dict[str, list[Any]]:
    """Run all searches; return for each method its runs."""
    trials = each ** len(SPACE)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    found: dict[str, list[Any]] = {"grid": [[]], "random": [], "Bayesian": []}
    with tqdm(total=trials * (1 + 2 * seeds), desc="trials", unit="trial") as bar:
        for setting in grid(each):
            found["grid"][0].append((score(setting, images, labels), setting))
            bar.update()
        for seed in range(seeds):
            for name, sampler in (
                ("random", optuna.samplers.RandomSampler(seed=seed)),
                ("Bayesian", optuna.samplers.TPESampler(seed=seed)),
            ):
                found[name].append(search(sampler, trials, images, labels, bar))
    return found


def best_so_far(run: list[Any]) -> Any:
    """Return the best score after each trial."""
    return np.maximum.accumulate([value for value, _ in run])


def judged(run: list[Any], split: Any) -> float:
    """Return the accuracy on held-out images of the best setting of a search."""
    images, held_out, labels, held_out_labels = split
    _, setting = max(run, key=lambda pair: pair[0])
    return float(estimator(setting).fit(images, labels).score(held_out, held_out_labels))


def trainer(rate: float) -> nn.Trainer:
    """Return a training by plain gradient descent at a constant rate."""
    nn.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 30), nn.Tanh(), nn.Linear(30, 10))
    return nn.Trainer(
        model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=rate),
        metrics={"accuracy": nn.accuracy}, progress=False,
    )  # fmt: skip


def rates(split: Any, steps: int, epochs: int) -> dict[str, Any]:
    """Find the largest rate; train at parts and multiples of it."""
    images, held_out, labels, held_out_labels = split
    data = images, labels
    threshold = nn.lr_threshold(trainer(0.1), data, 0.1, num_training=steps)
    grown = nn.lr_find(trainer(0.1), data, 1e-3, 1e3)
    factors = (1 / 32, 1 / 8, 1 / 2, 1, 2, 8)
    rows = []
    for factor in tqdm(factors, desc="constant rates", unit="run"):
        made = trainer(factor * threshold.lr)
        made.fit(data, (held_out, held_out_labels), epochs=epochs)
        rows.append((factor, made.history["loss"][-1], made.history["val_accuracy"][-1]))
    return {"threshold": threshold, "grown": grown, "rows": np.array(rows)}


def picture(path: Path, found: dict[str, list[Any]], rate: dict[str, Any]) -> Path:
    """Draw the searches' progress, the growing rate, and the constant ones."""
    plt = common.pyplot()
    figure, axes = plt.subplots(1, 3, figsize=(16, 4.6))
    looks = ((common.GREY, ":"), (common.ORANGE, "--"), (common.BLUE, "-"))
    for (name, runs), (colour, style) in zip(found.items(), looks, strict=True):
        curves = np.array([best_so_far(run) for run in runs])
        trials = np.arange(1, curves.shape[1] + 1)
        axes[0].plot(trials, curves.mean(axis=0), color=colour, ls=style, label=name)
        axes[0].fill_between(
            trials, curves.min(axis=0), curves.max(axis=0), color=colour, alpha=0.1
        )
    end = [run[-1] for runs in found.values() for run in map(best_so_far, runs)]
    axes[0].set(xlabel="trials", ylabel="best cross-validated accuracy so far", xscale="log",
                ylim=(min(end) - 0.15, 1.0), title="Searches in four dimensions")  # fmt: skip
    axes[0].legend(loc="lower right")
    rate["grown"].plot(axes[1])
    axes[1].axvline(rate["threshold"].lr, color=common.GREEN, ls="--", lw=1)
    axes[1].set_title("A rate that grows")
    rate["threshold"].plot(axes[2])
    axes[2].set_title("Constant rates")
    return common.save(
        figure,
        path,
        "Left: mean over seeds, the band from the worst to the best. Middle and right: the loss "
        "falls up to a rate and then no longer; the dashed green line is the threshold of "
        "the right-hand picture.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    images, held_out, labels, held_out_labels = common.digits()
    few, few_labels = images[:COUNT], labels[:COUNT]
    split = few, held_out, few_labels, held_out_labels
    found = searches(few, few_labels, 2 if options.quick else 3, 1 if options.quick else 3)
    theirs = MLPClassifier(random_state=0, max_iter=1000).fit(few, few_labels)
    beside = (
        f"scikit-learn's MLPClassifier with its own settings, the same images: "
        f"{theirs.score(held_out, held_out_labels):.1%}"
    )
    results = []
    for name, runs in found.items():
        best = np.mean([best_so_far(run)[-1] for run in runs])
        quarter = np.mean([best_so_far(run)[len(run) // 4] for run in runs])
        shares = [judged(run, split) for run in runs]
        results.append(
            common.Result(
                "C7, E2",
                name,
                f"{name} search, {len(runs[0])} trials of 4 settings, {COUNT} digits: best of "
                "cross-validation",
                float(best),
                f"{best:.1%} (after a quarter of the trials {quarter:.1%}); on held-out images "
                f"{np.mean(shares):.1%}",
                beside,
            )
        )
    rate = rates((images, held_out, labels, held_out_labels), 100, 3 if options.quick else 10)
    rows = rate["rows"]
    told = ", ".join(f"{factor:g}: {share:.1%}" for factor, _, share in rows)
    best_factor = rows[np.argmax(rows[:, 2]), 0]
    results.append(
        common.Result(
            "C7, E2",
            "threshold",
            "largest constant rate that lowers the loss in 100 steps; held-out digits read right "
            "when trained at parts and multiples of it",
            float(best_factor),
            f"{rate['threshold'].lr:.2g}; {told}",
            f"steepest fall with a growing rate: {rate['grown'].suggestion():.2g}",
        )
    )
    written = [picture(options.out / "hyperparameters.png", found, rate)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
