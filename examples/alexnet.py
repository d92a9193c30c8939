"""AlexNet: the whole of it takes a step on real photographs, a narrow one learns digits (D9).

    python -m examples.alexnet [--quick] [--out out]

Full size: 227 by 227 pixels, two groups, 60,965,224 parameters; forward, backward
and the paper's update (momentum 0.9, weight decay 5e-4) on crops of the two
photographs that scikit-learn ships.  Reduced: the same class at 67 by 67 pixels, its
least, and a quarter of the width, on digits.  Its settings were chosen on a third of
the training images.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_sample_images
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC
from tqdm import tqdm

import nn
import optim
from autograd_core import Tensor, no_grad
from examples import common
from nn.models import AlexNet

SIZE, WIDTH, BATCH, RATE = 67, 0.25, 32, 3e-3


def crops(count: int) -> tuple[Any, Any]:
    """Return crops of 227 by 227 from both photographs, mean 0, and which of the two each is of."""
    rng = np.random.default_rng(0)
    photographs = [np.asarray(p, np.float32) / 255 for p in load_sample_images().images]
    found = []
    for k in range(count):
        photograph = photographs[k % 2]
        row, column = (rng.integers(n - 227 + 1) for n in photograph.shape[:2])
        found.append(photograph[row : row + 227, column : column + 227].transpose(2, 0, 1))
    images = np.stack(found)
    return images - images.mean(axis=(0, 2, 3), keepdims=True), np.arange(count) % 2


def full_size(count: int, steps: int) -> dict[str, Any]:
    """Take steps with the whole network as in the paper's section 5."""
    images, labels = crops(count)
    nn.manual_seed(0)
    model = AlexNet()
    rate = 0.01 * count / 128  # the paper's, for its batch of 128
    optimizer = optim.SGD(model.parameters(), lr=rate, momentum=0.9, weight_decay=5e-4)
    losses, seconds = [], []
    for _ in tqdm(range(steps), desc="AlexNet, full size", unit="step"):
        start = time.process_time()
        loss = nn.functional.cross_entropy(model(Tensor(images)), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        seconds.append(time.process_time() - start)
    largest = {n: float(np.abs(p.grad.data).max()) for n, p in model.named_parameters()}
    return {
        "parameters": sum(p.size for p in model.parameters()),
        "losses": losses,
        "seconds": min(seconds),
        "reached": sum(np.isfinite(v) and v > 0 for v in largest.values()),
        "of": len(largest),
    }


def enlarged(images: Any) -> Any:
    """Return digits of 8 by 8 pixels as 56 by 56 in the middle of 67 by 67."""
    square = images.reshape(-1, 1, 8, 8)
    large = np.asarray(nn.functional.interpolate(square, scale_factor=7, mode="bilinear"))
    return np.pad(large, ((0, 0), (0, 0), (5, 6), (5, 6))).astype(np.float32)


def reduced(seed: int) -> AlexNet:
    """Return a narrow AlexNet for digits; with few units the paper's N(0, 0.01²) is too small."""
    nn.manual_seed(seed)
    model = AlexNet(classes=10, channels=1, size=SIZE, width=WIDTH)
    for module in model.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight)
            nn.init.zeros_(module.bias)
    return model


def train(images: Any, labels: Any, epochs: int, seed: int) -> tuple[AlexNet, list[float]]:
    """Train the narrow network; return it and each epoch's loss."""
    model = reduced(seed)
    loader = nn.DataLoader(
        (images, labels), BATCH, shuffle=True, seed=seed, drop_last=True,
        transform=nn.transforms.affine(rotation=8, translation=4, zoom=0.1, skew=8),
    )  # fmt: skip
    curve = common.one_cycle(model, loader, epochs, RATE, "AlexNet, a quarter as wide")
    return model.eval(), curve


def read(model: AlexNet, images: Any) -> Any:
    """Return the digit read in each image."""
    guesses = []
    for start in range(0, len(images), 200):
        with no_grad():
            guesses.append(model(Tensor(images[start : start + 200])).data.argmax(axis=1))
    return np.concatenate(guesses)


def picture(path: Path, model: AlexNet, curve: list[float], image: Any) -> Path:
    """Draw the loss, the first layer's kernels, and what they make of a digit."""
    plt = common.pyplot()
    figure, axes = plt.subplots(1, 4, figsize=(15, 4.2))
    axes[0].semilogy(range(1, len(curve) + 1), curve, color=common.BLUE)
    axes[0].set(xlabel="epoch", ylabel="cross-entropy (training)", title="Learning")

    def tiles(stack: Any) -> Any:
        rows = [np.hstack([np.pad(t, 1) for t in stack[k : k + 6]]) for k in range(0, 24, 6)]
        return np.vstack(rows)

    kernels = model.features[0].weight.data[:, 0]
    axes[1].imshow(image[0], cmap="gray_r")
    axes[1].set_title("a held-out digit, 67 by 67")
    axes[2].imshow(tiles(kernels), cmap="PuOr", vmin=-abs(kernels).max(), vmax=abs(kernels).max())
    axes[2].set_title("24 kernels of 11 by 11")
    with no_grad():
        maps = model.features[:2](Tensor(image[None])).data[0]
    axes[3].imshow(tiles(maps / maps.max()), cmap="gray_r")
    axes[3].set_title("their maps, after ReLU")
    for axis in axes[1:]:
        axis.set(xticks=[], yticks=[])
    return common.save(
        figure,
        path,
        "The kernels still show the noise that they began with, which 1,198 images do not smooth; "
        "yet their maps pick out strokes of different directions.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    images, held_out, labels, held_out_labels = common.digits()
    whole = full_size(2 if options.quick else 4, 1 if options.quick else 4)
    large, large_held_out = enlarged(images), enlarged(held_out)
    model, curve = train(large, labels, 4 if options.quick else 25, 0)
    share = float(np.mean(read(model, large_held_out) == held_out_labels))
    beside = ", ".join(
        f"{name} {other.fit(images, labels).score(held_out, held_out_labels):.2%}"
        for name, other in (
            ("LogisticRegression", LogisticRegression(max_iter=3000)),
            ("SVC (Gaussian kernel)", SVC(C=10)),
        )
    )
    small = sum(p.size for p in model.parameters())
    losses = " → ".join(f"{v:.2f}" for v in (whole["losses"][0], whole["losses"][-1]))
    results = [
        common.Result(
            "D9",
            "parameters",
            "AlexNet, full size: parameters",
            float(whole["parameters"]),
            f"{whole['parameters']:,}",
            "Krizhevsky et al. (2012): 60 million; layer by layer 60,965,224",
        ),
        common.Result(
            "D9",
            "reached",
            f"the same, not trained: {len(whole['losses'])} steps on the same crops of two "
            "photographs, 227 by 227",
            whole["reached"] / whole["of"],
            f"{whole['seconds']:.1f} s of processor time a step; all {whole['of']} parameter "
            "arrays get a gradient"
            if whole["reached"] == whole["of"]
            else f"only {whole['reached']} of {whole['of']} parameter arrays get a gradient",
            f"loss {losses}; a uniform guess among 1,000 classes 6.91",
        ),
        common.Result(
            "D9",
            "accuracy",
            f"AlexNet at 67 by 67 pixels, a quarter as wide ({small:,} parameters), digits",
            share,
            f"{share:.2%}",
            f"scikit-learn's {beside}",
        ),
    ]
    written = [picture(options.out / "alexnet.png", model, curve, large_held_out[0])]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
