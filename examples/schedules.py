"""Minibatches, rules, rates that anneal, when to stop, clipped gradients (C1, C2, C4, C6).

    python -m examples.schedules [--quick] [--out out]

The gradient of a minibatch is the mean of its examples' gradients, to the last digit.  Minibatches
against all images at once, and shuffled ones against images sorted by their digit, for as many
epochs.  The sources' rules, each at its best rate.  Their schedule, hold the rate until the
validation stops improving and then divide it, against a constant rate, steps and a cosine.
Stopping after ten and after twenty epochs without improvement, against a full run.  And a
recurrent net that reads digits row by row, at a rate at which it explodes, with its gradients
clipped.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.neural_network import MLPClassifier

import nn
import optim
from autograd_core import grad, vmap
from examples import common

EPOCHS = 60


def network(seed: int) -> nn.Module:
    """Return a net with one hidden layer."""
    nn.manual_seed(seed)
    return nn.Sequential(nn.Linear(64, 50), nn.ReLU(), nn.Linear(50, 10))


def mean_of_each(images: Any, labels: Any) -> float:
    """Return how far a batch's gradient is from the mean of the gradients of its examples."""
    model = network(0).double()
    names = [name for name, _ in model.named_parameters()]
    values = [p.data for p in model.parameters()]
    loss_of = nn.CrossEntropyLoss()

    def loss(values: Any, x: Any, y: Any) -> Any:
        named = dict(zip(names, values, strict=True))
        return loss_of(nn.functional_call(model, named, (x,)), y)

    each = vmap(grad(loss), in_axes=(None, 0, 0))(values, images[:, None], labels[:, None])
    whole = grad(loss)(values, images, labels)
    return float(max(np.abs(e.mean(axis=0) - w).max() for e, w in zip(each, whole, strict=True)))


def momentum(parameters: Any, rate: float) -> optim.Optimizer:
    """Return the rule that is used where nothing else is said."""
    return optim.SGD(parameters, lr=rate, momentum=0.9)


def fitted(
    data: Any, seed: int, rate: float, epochs: int, *, batch: int = 32, shuffle: bool = True,
    schedule: Any = None, callbacks: Any = (), model: Any = None, rule: Any = momentum,
) -> dict[str, Any]:  # fmt: skip
    """Train by SGD with momentum; return the held-out share, the epochs and their losses."""
    x, y, x_val, y_val, x_test, y_test = data
    model = network(seed) if model is None else model
    optimizer = rule(model.parameters(), rate)
    trainer = nn.Trainer(
        model, nn.CrossEntropyLoss(), optimizer, schedule and schedule(optimizer, epochs),
        callbacks=list(callbacks), progress=False,
    )  # fmt: skip
    loader = nn.DataLoader((x, y), batch, shuffle=shuffle, seed=seed)
    try:
        history = trainer.fit(loader, validation=(x_val, y_val), epochs=epochs)
    except nn.errors.AutogradError:  # a loss that is not finite
        return {"share": float(np.mean(y_test == 0)), "epochs": epochs, "losses": [], "ends": False}
    return {
        "share": common.accuracy(model, x_test, y_test), "epochs": len(history),
        "losses": [row["val_loss"] for row in history], "ends": True,
    }  # fmt: skip


def parts(seed: int) -> Any:
    """Return 300 images to learn from, 300 to watch, and those held out, each with labels."""
    images, test, labels, test_labels = common.digits()
    rows = np.random.default_rng(seed).permutation(len(images))
    learn, watch = rows[:300], rows[300:600]
    return images[learn], labels[learn], images[watch], labels[watch], test, test_labels


def minibatches(quick: bool, seeds: range) -> dict[str, list[float]]:
    """Compare minibatches, the whole set, and sorted images, each at the best of three rates."""
    found: dict[str, list[float]] = {}
    epochs = 6 if quick else 20
    for name, batch, shuffle in (
        ("minibatches", 32, True), ("all images at once", 300, True), ("sorted", 32, False),
    ):  # fmt: skip
        shares = []
        for seed in seeds:
            x, y, *rest = parts(seed)
            order = np.argsort(y, kind="stable")
            data = (x[order], y[order], *rest)
            runs = [fitted(data, seed, rate, epochs, batch=batch, shuffle=shuffle)
                    for rate in (0.02, 0.1, 0.5)]  # fmt: skip
            ends = [r["losses"][-1] if r["ends"] else np.inf for r in runs]
            shares.append(runs[int(np.argmin(ends))]["share"])
        found[name] = shares
    return found


SCHEDULES: dict[str, tuple[Any, Any]] = {
    "constant": (None, lambda: ()),
    "held, then divided": (None, lambda: (nn.Annealing(patience=4, divide_by=3.0),)),
    "steps": (lambda o, n: optim.lr_scheduler.StepLR(o, n // 3, 0.1), lambda: ()),
    "cosine": (lambda o, n: optim.lr_scheduler.CosineAnnealingLR(o, n), lambda: ()),
}


def schedules(quick: bool, seeds: range) -> dict[str, list[dict[str, Any]]]:
    """Train with each schedule from a rate that is too large to end with."""
    return {
        name: [
            fitted(parts(s), s, 0.3, 12 if quick else EPOCHS, schedule=schedule, callbacks=calls())
            for s in seeds
        ]
        for name, (schedule, calls) in SCHEDULES.items()
    }


RULES: dict[str, tuple[Any, Any]] = {
    "gradient descent": (lambda p, lr: optim.SGD(p, lr=lr), (0.1, 0.3, 1.0)),
    "momentum": (lambda p, lr: optim.SGD(p, lr=lr, momentum=0.9), (0.01, 0.03, 0.1)),
    "Nesterov": (lambda p, lr: optim.SGD(p, lr=lr, momentum=0.9, nesterov=True), (0.01, 0.03, 0.1)),
    "AdaGrad": (lambda p, lr: optim.Adagrad(p, lr=lr), (0.01, 0.03, 0.1)),
    "RMSProp": (lambda p, lr: optim.RMSprop(p, lr=lr), (0.001, 0.003, 0.01)),
    "Adam": (lambda p, lr: optim.Adam(p, lr=lr), (0.001, 0.003, 0.01)),
}


def rules(quick: bool, seeds: range) -> dict[str, list[dict[str, Any]]]:
    """Train by each rule for as many epochs, at the one of three rates that validates best."""
    found: dict[str, list[dict[str, Any]]] = {}
    for name, (rule, rates) in RULES.items():
        found[name] = []
        for seed in seeds:
            runs = [fitted(parts(seed), seed, rate, 4 if quick else 15, rule=rule)
                    for rate in rates]  # fmt: skip
            found[name].append(min(runs, key=lambda r: r["losses"][-1] if r["ends"] else np.inf))
    return found


def stopping(quick: bool, seeds: range) -> dict[Any, list[dict[str, Any]]]:
    """Train until nothing improved for ten or twenty epochs, and to the end."""
    longest = 30 if quick else 150
    found = {}
    for patience in (10, 20, None):
        calls = [] if patience is None else [patience]
        found[patience] = [
            fitted(parts(s), s, 0.05, longest,
                   callbacks=[nn.EarlyStopping(patience=p, restore_best=True) for p in calls])
            for s in seeds
        ]  # fmt: skip
    return found


class Rows(nn.Module):
    """A recurrent net that reads an image row by row, four times over."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.RNN(8, 40, nonlinearity="relu")
        self.out = nn.Linear(40, 10)

    def forward(self, x: Any) -> Any:
        """Return logits: images (n, 64) in."""
        rows = np.swapaxes(np.reshape(x, (-1, 8, 8)), 0, 1)
        return self.out(self.rnn(np.concatenate([rows] * 4))[0][-1])


def clipping(quick: bool, seeds: range) -> dict[str, list[dict[str, Any]]]:
    """Train a net whose gradients explode, as they are and clipped to a length of 1."""
    found: dict[str, list[dict[str, Any]]] = {"not clipped": [], "clipped": []}
    for seed in seeds:
        for name, calls in (("not clipped", []), ("clipped", [nn.GradientClipping(max_norm=1.0)])):
            nn.manual_seed(seed)
            model = Rows()
            model.rnn.weight_hh_l0.data *= 2.0  # long products of these grow
            images, test, labels, test_labels = common.digits()
            data = (images, labels, images[:1], labels[:1], test, test_labels)
            with np.errstate(all="ignore"):
                run = fitted(data, seed, 0.05, 3 if quick else 8, callbacks=calls, model=model)
            found[name].append(run)
    return found


def of(runs: list[dict[str, Any]]) -> list[float]:
    """Return the runs' shares of held-out digits read right."""
    return [r["share"] for r in runs]


def picture(path: Path, found: dict[str, list[dict[str, Any]]]) -> Path:
    """Draw the validation loss of each schedule."""
    figure, axis = common.pyplot().subplots(figsize=(8, 4.4))
    colours = (common.GREY, common.BLUE, common.ORANGE, common.GREEN)
    for (name, runs), colour in zip(found.items(), colours, strict=True):
        ended = [r["losses"] for r in runs if r["ends"]]
        axis.semilogy(np.mean(ended, axis=0), color=colour, label=name)
    axis.set(xlabel="epoch", ylabel="validation loss, mean of the seeds")
    axis.legend()
    return common.save(
        figure, path, "300 digits at a large rate: held, annealed as the sources say, or otherwise."
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    quick, seeds = options.quick, range(2 if options.quick else 4)
    images, test, labels, test_labels = common.digits()
    gap = mean_of_each(images[:32].astype(np.float64), labels[:32])
    batches = minibatches(quick, seeds)
    ruled = rules(quick, seeds)
    annealed = schedules(quick, seeds)
    stopped = stopping(quick, seeds)
    clipped = clipping(quick, seeds)
    theirs = [
        MLPClassifier((50,), random_state=s, max_iter=150)
        .fit(*parts(s)[:2]).score(test, test_labels)
        for s in seeds
    ]  # fmt: skip
    share = common.mean_and_error
    mean = batches["minibatches"]
    constant = of(annealed["constant"])
    results = [
        common.Result(
            "C1", "mean", "gradient of a minibatch of 32 digits against the mean of the examples'",
            gap, f"differ by at most {gap:.0e}", "0 but for rounding",
        ),
        *(
            common.Result(
                "C1", name, f"300 digits in minibatches, shuffled, against {name}: held out",
                float(np.mean(mean) - np.mean(batches[name])),
                f"{share(mean)}, buys {common.points(mean, batches[name])}",
                f"{name}, as many epochs, at the best of three rates {share(batches[name])}",
            )
            for name in ("all images at once", "sorted")
        ),
        *(
            common.Result(
                "C2", name,
                f"300 digits, {name}, {len(ruled[name][0]['losses'])} epochs: validation loss",
                float(np.mean([r["losses"][-1] for r in ruled[name]])),
                f"{np.mean([r['losses'][-1] for r in ruled[name]]):.3f}; held out "
                f"{share(of(ruled[name]))}",
                "gradient descent "
                f"{np.mean([r['losses'][-1] for r in ruled['gradient descent']]):.3f}; "
                f"{share(of(ruled['gradient descent']))}; each at the best of three rates",
            )
            for name in list(RULES)[1:]
        ),
        *(
            common.Result(
                "C4", name, f"300 digits at a rate of 0.3, {name}: held out",
                float(np.mean(of(annealed[name])) - np.mean(constant)),
                f"{share(of(annealed[name]))}, buys {common.points(of(annealed[name]), constant)}",
                f"constant {share(constant)}",
            )
            for name in list(SCHEDULES)[1:]
        ),
        *(
            common.Result(
                "C6", f"stop {p}", f"stopped when nothing improved in {p} epochs, best weights",
                float(np.mean(of(stopped[p])) - np.mean(of(stopped[None]))),
                f"{share(of(stopped[p]))} after {np.mean([r['epochs'] for r in stopped[p]]):.0f} "
                "epochs",
                f"all {stopped[None][0]['epochs']} epochs {share(of(stopped[None]))}; "
                f"scikit-learn's MLPClassifier {share(theirs)}",
            )
            for p in (10, 20)
        ),
        common.Result(
            "C6", "clipping", "a recurrent net whose gradients explode, clipped to a length of 1",
            float(np.mean(of(clipped["clipped"])) - np.mean(of(clipped["not clipped"]))),
            f"{share(of(clipped['clipped']))}; "
            f"{sum(not r['ends'] for r in clipped['clipped'])} of {len(seeds)} end in NaN",
            f"not clipped {share(of(clipped['not clipped']))}; "
            f"{sum(not r['ends'] for r in clipped['not clipped'])} of {len(seeds)}",
        ),
    ]  # fmt: skip
    written = [picture(options.out / "schedules.png", annealed)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
