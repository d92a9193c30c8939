"""What each of AlexNet's parts is worth, on digits over colour photographs (D9).

    python -m examples.alexnet_parts [--quick] [--out out]

Overlapping pools, response normalization, dropout, crops, colours shifted along their principal
components: each is left out in turn, and compared with the whole seed by seed.  Mirrored images
are added in turn: a mirrored digit is none, so they should cost.  At the end answers are averaged
over five crops, as in the paper.

Each image is a real digit, enlarged and drawn in white over a darkened patch of one of the two
photographs that scikit-learn ships.  Held-out digits lie over other parts of the photographs.  The
network has AlexNet's layers at 67 by 67 pixels, its least, with an eighth of the units.  The rate
and the kind of images were chosen on a third of the training images.  Trained so briefly the narrow
network underfits, which decides what regularization is worth here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_sample_images
from sklearn.svm import SVC
from tqdm import tqdm

import nn
from examples import common
from nn.models import AlexNet

WHOLE, CROP, WIDTH, BATCH, RATE = 75, 67, 0.125, 32, 2e-3
COUNT = 600
VARIANTS = {
    "the whole": {},
    "pools that do not overlap": {"overlap": False},
    "no response normalization": {"normalize": False},
    "no dropout": {"dropout": 0.0},
    "no crops": {"crops": False},
    "no colour shifts": {"colours": False},
    "mirrored too": {"flips": True},
}
QUICK = ("the whole", "no dropout", "mirrored too")


def blended(digits: Any, side: int, seed: int) -> Any:
    """Return digits of 8 by 8 pixels over patches of photographs, mean 0, shape (n, 3, 75, 75).

    Parameters
    ----------
    side : {0, 1}
        The patches come from the left halves of the photographs, or from the right ones.
    """
    rng = np.random.default_rng(seed)
    halves = []
    for photograph in load_sample_images().images:
        pixels = np.asarray(photograph, np.float32).transpose(2, 0, 1) / 255
        middle = pixels.shape[2] // 2
        halves.append(pixels[:, :, :middle] if side == 0 else pixels[:, :, middle:])
    square = digits.reshape(-1, 1, 8, 8)
    large = np.asarray(nn.functional.interpolate(square, scale_factor=7, mode="bilinear"))
    margin = WHOLE - large.shape[-1]
    frame = (margin // 2, margin - margin // 2)
    large = np.pad(large, ((0, 0), (0, 0), frame, frame))
    patches = []
    for k in range(len(digits)):
        photograph = halves[k % 2]
        row, column = (rng.integers(n - WHOLE + 1) for n in photograph.shape[1:])
        patches.append(photograph[:, row : row + WHOLE, column : column + WHOLE])
    found = 0.6 * np.stack(patches) * (1 - large) + large
    return (found - found.mean(axis=(0, 2, 3), keepdims=True)).astype(np.float32)


def network(overlap: bool = True, normalize: bool = True, dropout: float = 0.5) -> AlexNet:
    """Return a narrow AlexNet, with or without its parts."""
    model = AlexNet(classes=10, size=CROP, width=WIDTH)
    for block in (model.features, model.classifier):
        for k, layer in enumerate(block):
            if isinstance(layer, nn.MaxPool2d) and not overlap:
                block[k] = nn.MaxPool2d(2, 2)
            elif isinstance(layer, nn.LocalResponseNorm) and not normalize:
                block[k] = nn.Identity()
            elif isinstance(layer, nn.Dropout):
                block[k] = nn.Dropout(dropout)
            elif isinstance(layer, nn.Conv2d | nn.Linear):
                # the paper's N(0, 0.01²) is too small for so few units
                nn.init.kaiming_normal_(layer.weight)
                nn.init.zeros_(layer.bias)
    return model


def middle(images: Any, rng: Any = None) -> Any:
    """Return the middle windows of images."""
    start = (images.shape[-1] - CROP) // 2
    return images[..., start : start + CROP, start : start + CROP]


def train(
    images: Any,
    labels: Any,
    epochs: int,
    seed: int,
    crops: bool = True,
    colours: bool = True,
    flips: bool = False,
    **parts: Any,
) -> nn.Trainer:
    """Train one network with or without parts."""
    nn.manual_seed(seed)
    change = [nn.transforms.random_crop(CROP) if crops else middle]
    change += [nn.transforms.pca_color(images)] if colours else []
    change += [nn.transforms.random_horizontal_flip()] if flips else []
    loader = nn.DataLoader(
        (images, labels), BATCH, shuffle=True, seed=seed, last="drop",
        transform=nn.transforms.compose(*change),
    )  # fmt: skip
    return common.trained(network(**parts), nn.CrossEntropyLoss(), loader, epochs, RATE)


def five_crops(trainer: nn.Trainer, images: Any) -> Any:
    """Return the mean of the probabilities over the four corners and the middle."""
    far = images.shape[-1] - CROP
    corners = [images[..., r : r + CROP, c : c + CROP] for r in (0, far) for c in (0, far)]
    logits = [trainer.predict(part) for part in (*corners, middle(images))]
    return np.mean([np.asarray(nn.functional.softmax(z)) for z in logits], axis=0)


def compare(
    images: Any,
    labels: Any,
    held_out: Any,
    held_out_labels: Any,
    epochs: int,
    seeds: int,
    variants: dict[str, Any],
) -> dict[str, Any]:
    """Return the share of held-out images read right, for each variant over seeds."""
    found: dict[str, Any] = {name: [] for name in (*variants, "five crops averaged")}
    with tqdm(total=seeds * len(variants), desc="networks", unit="net") as bar:
        for seed in range(seeds):
            for name, settings in variants.items():
                trainer = train(images, labels, epochs, seed, **settings)
                guesses = trainer.predict(middle(held_out)).argmax(axis=1)
                found[name].append(np.mean(guesses == held_out_labels))
                if name == "the whole":
                    guesses = five_crops(trainer, held_out).argmax(axis=1)
                    found["five crops averaged"].append(np.mean(guesses == held_out_labels))
                bar.update()
    return {name: np.array(scores) for name, scores in found.items()}


def picture(path: Path, found: dict[str, Any], images: Any) -> Path:
    """Draw the accuracies, and some images as training sees them."""
    plt = common.pyplot()
    figure, (left, right) = plt.subplots(1, 2, figsize=(15, 5), width_ratios=(3, 2))
    common.scatter(left, found)
    left.set(ylabel="share of held-out images read right")
    rng = np.random.default_rng(0)
    change = nn.transforms.compose(
        nn.transforms.random_crop(CROP), nn.transforms.pca_color(images, 0.3)
    )
    shown = [change(np.repeat(images[k : k + 1], 5, axis=0), rng) for k in range(4)]
    rows = [np.concatenate(list(row), axis=2) for row in shown]
    right.imshow(np.clip(np.concatenate(rows, axis=1) - images.min(), 0, 1).transpose(1, 2, 0))
    right.set(xticks=[], yticks=[], xlabel="crops and colour shifts (three times as large)")
    return common.save(
        figure,
        path,
        "Left: each variant leaves out or adds one thing; dots are seeds, bars their standard "
        "deviation. Right: each row is one training image, five times.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    digits, other, labels, held_out_labels = common.digits()
    images, held_out = blended(digits, 0, seed=1), blended(other, 1, seed=2)
    few = slice(0, 320 if options.quick else COUNT)
    epochs, seeds, variants = 14, 3, VARIANTS
    if options.quick:
        epochs, seeds, variants = 8, 2, {name: VARIANTS[name] for name in QUICK}
    found = compare(images[few], labels[few], held_out, held_out_labels, epochs, seeds, variants)
    flat = [part.reshape(len(part), -1)[:, ::5] for part in (middle(images), middle(held_out))]
    theirs = SVC(C=10).fit(flat[0][few], labels[few]).score(flat[1], held_out_labels)
    whole = found["the whole"]
    results = [
        common.Result(
            "D9",
            "the whole",
            "AlexNet, an eighth as wide, digits over photographs, the held-out images",
            float(whole.mean()),
            f"{whole.mean():.1%} ± {whole.std(ddof=1):.1%}",
            f"scikit-learn's SVC (Gaussian kernel) {theirs:.1%}; a guess 10%",
        )
    ]
    results += [
        common.Result(
            "D9",
            name,
            f"the same, {name}",
            float(scores.mean()),
            f"{scores.mean():.1%} ± {scores.std(ddof=1):.1%}, {common.points(scores, whole)}",
            f"the whole {whole.mean():.1%}",
        )
        for name, scores in list(found.items())[1:]
    ]
    written = [picture(options.out / "alexnet_parts.png", found, images)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
