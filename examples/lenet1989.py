"""LeNet of 1989, which read zip codes, on real digits; and what each of its parts is worth (D8).

    python -m examples.lenet1989 [--quick] [--out out]

Convolutions that take every second place instead of pooling, maps that see 8 of 12 maps, a bias
for each unit, a scaled tanh, targets of -1 and 1 under a squared error, 23 passes: 9,760
parameters.  Each variant changes one of these, and is compared seed by seed.  Adam takes the place
of the paper's stochastic Newton method, at one rate for all that was not tuned.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.svm import SVC
from tqdm import tqdm

import nn
from autograd_core import Tensor, no_grad
from examples import common
from nn.functional import conv2d, max_pool2d
from nn.models import LeNet1989
from nn.models.lenet import squash

BATCH, RATE, PASSES = 32, 4e-3, 23
ALL = (tuple(range(12)),) * 12


class SharedBiases(LeNet1989):
    """One bias for each map, as in today's convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.b1 = nn.Parameter(np.zeros((12, 1, 1), np.float32))
        self.b2 = nn.Parameter(np.zeros((12, 1, 1), np.float32))


class Pooled(LeNet1989):
    """Convolutions at every place, and the largest of each two by two."""

    def forward(self, input: Any) -> Any:
        """Return the outputs of images of shape (n, 1, 16, 16): shape (n, 10)."""
        frame = functools.partial(
            np.pad, pad_width=((0, 0), (0, 0), (2, 2), (2, 2)), constant_values=-1.0
        )
        self.h2.stride = 1
        x = squash(max_pool2d(conv2d(frame(input), self.h1), 2) + self.b1)
        x = squash(max_pool2d(self.h2(frame(x)), 2) + self.b2)
        x = squash(self.h3(x.reshape((len(x), self.h3.in_features))))
        return squash(self.out(x))


def fully_connected() -> nn.Module:
    """Return a network with one hidden layer, and about as many parameters: 9,622."""
    return nn.Sequential(nn.Flatten(), nn.Linear(256, 36), nn.Tanh(), nn.Linear(36, 10), nn.Tanh())


VARIANTS = {
    "as published": LeNet1989,
    "maps see all maps": functools.partial(LeNet1989, ALL),
    "biases shared": SharedBiases,
    "max pooling": Pooled,
    "fully connected": fully_connected,
}


def enlarged(images: Any) -> Any:
    """Return digits of 8 by 8 pixels in [0, 1] as 16 by 16 from -1 (paper) to 1 (ink)."""
    square = 2 * images.reshape(-1, 1, 8, 8) - 1
    large = nn.functional.interpolate(square, scale_factor=2, mode="bilinear")
    return np.asarray(large, np.float32)


def compare(split: Any, passes: int, seeds: int) -> tuple[dict[str, Any], Any]:
    """Return each variant's share of held-out digits read right, over seeds; and a network."""
    images, held_out, labels, held_out_labels = split
    found: dict[str, Any] = {name: [] for name in VARIANTS}
    first = None
    with tqdm(total=seeds * len(VARIANTS), desc="networks", unit="net") as bar:
        for seed in range(seeds):
            for name, make in VARIANTS.items():
                nn.manual_seed(seed)
                model = make()
                data = images, LeNet1989.targets(labels)
                loader = nn.DataLoader(data, BATCH, shuffle=True, seed=seed, last="drop")
                trainer = common.trained(model, nn.HalfSquaredError(), loader, passes, RATE)
                guesses = trainer.predict(held_out).argmax(axis=1)
                found[name].append(np.mean(guesses == held_out_labels))
                first = first or model
                bar.update()
    return {name: np.array(scores) for name, scores in found.items()}, first


def picture(path: Path, found: dict[str, Any], model: LeNet1989, image: Any) -> Path:
    """Draw the accuracies, a digit, and what H1 makes of it."""
    plt = common.pyplot()
    figure, axes = plt.subplots(1, 3, figsize=(14, 4.5), width_ratios=(5, 2, 3))
    common.scatter(axes[0], found)
    axes[0].set(ylabel="share of held-out digits read right", ylim=(None, 1.0))
    axes[1].imshow(image[0], cmap="gray_r")
    axes[1].set_title("a held-out digit")
    with no_grad():
        framed = np.pad(image[None], ((0, 0), (0, 0), (2, 2), (2, 2)), constant_values=-1.0)
        maps = squash(conv2d(Tensor(framed), model.h1, None, stride=2) + model.b1).data[0]
    rows = [np.hstack([np.pad(m, 1) for m in maps[k : k + 4]]) for k in range(0, 12, 4)]
    axes[2].imshow(np.vstack(rows), cmap="PuOr", vmin=-1.72, vmax=1.72)
    axes[2].set_title("the 12 maps of H1, 8 by 8")
    for axis in axes[1:]:
        axis.set(xticks=[], yticks=[])
    return common.save(
        figure,
        path,
        "Left: each variant changes one thing of the network as published; dots are seeds, bars "
        "their standard deviation. Right: the first layer finds strokes and edges.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    images, held_out, labels, held_out_labels = common.digits()
    split = enlarged(images), enlarged(held_out), labels, held_out_labels
    found, model = compare(split, 5 if options.quick else PASSES, 2 if options.quick else 5)
    theirs = SVC(C=10).fit(images, labels).score(held_out, held_out_labels)
    published = found["as published"]
    count = sum(p.size for p in model.parameters())
    results = [
        common.Result(
            "D8",
            "parameters",
            "LeNet of 1989: trained parameters",
            float(count),
            f"{count:,}",
            "LeCun et al. (1989): 9,760",
        ),
        common.Result(
            "D8",
            "as published",
            "LeNet of 1989, digits of 16 by 16, the held-out images",
            float(published.mean()),
            f"{published.mean():.2%} ± {published.std(ddof=1):.2%}",
            f"scikit-learn's SVC {theirs:.2%}; published on zip codes: 95.0%",
        ),
    ]
    results += [
        common.Result(
            "D8",
            name,
            f"the same, {name}",
            float(scores.mean()),
            f"{scores.mean():.2%} ± {scores.std(ddof=1):.2%}, {common.points(scores, published)}",
            f"as published {published.mean():.2%}",
        )
        for name, scores in list(found.items())[1:]
    ]
    written = [picture(options.out / "lenet1989.png", found, model, split[1][0])]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
