"""More data from the data: rotation, translation, zoom, skew, jitter, noise, one by one (C8).

    python -m examples.augmentation [--quick] [--out out]

A small convolutional net learns from 200 digits; in every epoch each image is changed anew in
one way, or in all ways.  Every net makes as many updates.  What a change buys is measured seed
by seed on held-out digits, and on held-out digits that were changed in the same way.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.svm import SVC

import nn
import optim
from autograd_core import Tensor
from examples import common

IMAGES = 200


def jitter(x: Any, rng: np.random.Generator) -> Any:
    """Return images whose brightness and contrast are changed a little."""
    scale = rng.uniform(0.7, 1.3, (len(x), 1, 1, 1))
    shift = rng.uniform(-0.1, 0.1, (len(x), 1, 1, 1))
    return (x * scale + shift).astype(np.float32)


WAYS: dict[str, Any] = {
    "rotation": nn.transforms.affine(rotation=15.0),
    "translation": nn.transforms.affine(translation=1.0),
    "zoom": nn.transforms.affine(zoom=0.15),
    "skew": nn.transforms.affine(skew=15.0),
    "jitter": jitter,
    "noise": nn.transforms.noise(0.15),
}
WAYS["all of them"] = nn.transforms.compose(
    nn.transforms.affine(rotation=8.0, translation=0.5, zoom=0.1, skew=8.0),
    jitter,
    nn.transforms.noise(0.05),
)


def network(seed: int) -> nn.Module:
    """Return a net with one layer of maps."""
    nn.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(192, 50), nn.ReLU(), nn.Linear(50, 10),
    )  # fmt: skip


def trained(x: Any, y: Any, change: Any, epochs: int, seed: int) -> nn.Module:
    """Train on images that are changed anew in every epoch."""
    model, rng = network(seed), np.random.default_rng(seed)
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, epochs * (len(x) // 20))
    loss_of = nn.CrossEntropyLoss()
    for _ in range(epochs):
        order = rng.permutation(len(x))
        seen = x if change is None else change(x, rng).astype(np.float32)
        for begin in range(0, len(x), 20):
            rows = order[begin : begin + 20]
            loss = loss_of(model(Tensor(seen[rows])), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return model


def measured(quick: bool) -> dict[str, Any]:
    """Return shares of digits read right, for every way and every seed."""
    seeds, epochs = (2, 25) if quick else (5, 100)
    found: dict[str, Any] = {"none": [], "svc": [], **{k: [] for k in WAYS}}
    changed: dict[str, Any] = {k: ([], []) for k in WAYS}
    images, test, labels, test_labels = common.digits()
    images, test = (a.reshape(-1, 1, 8, 8) for a in (images, test))
    for seed in range(seeds):
        rows = common.few_of_each(labels, IMAGES, seed)
        x, y = images[rows], labels[rows]
        plain = trained(x, y, None, epochs, seed)
        found["none"].append(common.accuracy(plain, test, test_labels))
        machine = SVC(C=10).fit(x.reshape(len(x), -1), y)
        found["svc"].append(machine.score(test.reshape(len(test), -1), test_labels))
        for name, change in WAYS.items():
            model = trained(x, y, change, epochs, seed)
            found[name].append(common.accuracy(model, test, test_labels))
            other = change(test, np.random.default_rng(100 + seed)).astype(np.float32)
            for k, net in enumerate((model, plain)):
                changed[name][k].append(common.accuracy(net, other, test_labels))
    return {"found": found, "changed": changed, "seeds": seeds}


def picture(path: Path, found: dict[str, Any]) -> Path:
    """Draw a digit under each change, and what each buys."""
    figure = common.pyplot().figure(figsize=(11, 5))
    grid = figure.add_gridspec(2, 8, height_ratios=[1, 2])
    image = common.digits()[0][:1].reshape(1, 1, 8, 8)
    rng = np.random.default_rng(3)
    for k, (name, change) in enumerate([("none", lambda x, rng: x), *WAYS.items()]):
        axis = figure.add_subplot(grid[0, k])
        axis.imshow(change(image, rng)[0, 0], cmap="gray_r")
        axis.set_title(name, fontsize=8)
        axis.axis("off")
    axis = figure.add_subplot(grid[1, :])
    common.scatter(axis, {k: 100 * np.array(found[k]) for k in ("none", *WAYS)})
    axis.set_ylabel("held-out digits read right, %")
    return common.save(
        figure, path, f"{IMAGES} digits, changed in one way or in all ways, a new draw each epoch."
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    both = measured(options.quick)
    found, changed = both["found"], both["changed"]
    results = [
        common.Result(
            "C8", name,
            f"{IMAGES} digits and {name}, {both['seeds']} seeds: held-out digits",
            float(np.mean(found[name]) - np.mean(found["none"])),
            f"{common.mean_and_error(found[name])}, buys "
            f"{common.points(found[name], found['none'])}",
            f"none {common.mean_and_error(found['none'])}, SVC "
            f"{common.mean_and_error(found['svc'])}; on digits changed so "
            f"{np.mean(changed[name][0]):.1%}, without {np.mean(changed[name][1]):.1%}",
        )
        for name in WAYS
    ]  # fmt: skip
    written = [picture(options.out / "augmentation.png", found)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
