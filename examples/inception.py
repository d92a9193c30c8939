"""Inception: GoogLeNet takes a step on photographs, a small net of modules learns digits (D10).

    python -m examples.inception [--quick] [--out out]

GoogLeNet whole, 6,998,552 parameters, on crops of the two photographs that scikit-learn
ships.  Then two inception modules between two convolutions learn digits, beside a plain
net of the same depth that has one kind of kernel in place of the modules and at least as
many parameters.  Settings were chosen on a third of the training images.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC
from tqdm import tqdm

import nn
import optim
from autograd_core import Tensor, no_grad
from examples import common
from examples.alexnet import crops
from nn.models import GoogLeNet, Inception

BATCH, RATE = 32, 3e-3


def full_size(count: int, steps: int) -> dict[str, Any]:
    """Take steps with the whole network."""
    images, labels = crops(count)
    nn.manual_seed(0)
    model = GoogLeNet()
    optimizer = optim.SGD(model.parameters(), lr=0.001, momentum=0.9)
    losses, seconds = [], []
    for _ in tqdm(range(steps), desc="GoogLeNet", unit="step"):
        start = time.process_time()
        loss = nn.functional.cross_entropy(model(Tensor(images)), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        seconds.append(time.process_time() - start)
    gradients = [p.grad for p in model.parameters()]
    return {
        "parameters": sum(p.size for p in model.parameters()),
        "losses": losses,
        "seconds": min(seconds),
        "reached": sum(bool(np.any(g.data)) for g in gradients),
        "of": len(gradients),
    }


def small(kind: str) -> nn.Sequential:
    """Return a net for 16 by 16 pixels: convolution, two modules or plain layers, mean, linear."""
    if kind == "inception":
        first = Inception(16, 8, 8, 16, 4, 8, 8)
        second = Inception(first.out_channels, 16, 16, 32, 4, 16, 16)
        middle: list[nn.Module] = [first, nn.MaxPool2d(2), second]
        width = second.out_channels
    else:  # a module is two convolutions deep: so is this
        width = 36
        middle = [
            nn.Conv2d(16, 24, 3, padding=1), nn.ReLU(), nn.Conv2d(24, 24, 3, padding=1), nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(24, 24, 3, padding=1), nn.ReLU(), nn.Conv2d(24, width, 3, padding=1),
            nn.ReLU(),
        ]  # fmt: skip
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        *middle,
        nn.GlobalAvgPool2d(), nn.Linear(width, 10),
    )  # fmt: skip
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
            nn.init.zeros_(module.bias)
    return model


def enlarged(images: Any) -> Any:
    """Return digits of 8 by 8 pixels as 16 by 16."""
    square = images.reshape(-1, 1, 8, 8)
    return np.asarray(nn.functional.interpolate(square, scale_factor=2, mode="bilinear"))


def train(kind: str, images: Any, labels: Any, epochs: int, seed: int) -> nn.Sequential:
    """Train one small net."""
    nn.manual_seed(seed)
    model = small(kind)
    loader = nn.DataLoader(
        (images, labels), BATCH, shuffle=True, seed=seed, drop_last=True,
        transform=nn.transforms.affine(rotation=8, translation=1.2, zoom=0.1, skew=8),
    )  # fmt: skip
    common.one_cycle(model, loader, epochs, RATE, f"{kind}, seed {seed}")
    return model.eval()


def accuracy(model: nn.Module, images: Any, labels: Any) -> float:
    """Return the share of images read right."""
    with no_grad():
        return float(np.mean(model(Tensor(images)).data.argmax(axis=1) == labels))


def picture(path: Path, model: nn.Sequential, image: Any, scores: dict[str, list[float]]) -> Path:
    """Draw what the four branches of the first module make of a digit, and the scores."""
    plt = common.pyplot()
    figure, axes = plt.subplots(1, 6, figsize=(16, 3.6))
    axes[0].imshow(image[0], cmap="gray_r")
    axes[0].set_title("held out, 16 by 16")
    module = next(m for m in model if isinstance(m, Inception))
    with no_grad():
        below = model[:3](Tensor(image[None]))
        for axis, name in zip(axes[1:5], ("one", "three", "five", "pool"), strict=True):
            maps = getattr(module, name)(below).data[0][:8]
            rows = [np.hstack([np.pad(m, 1) for m in maps[k : k + 2]]) for k in range(0, 8, 2)]
            axis.imshow(np.vstack(rows), cmap="gray_r")
            axis.set_title(
                {"one": "1x1", "three": "3x3", "five": "5x5"}.get(name, name) + ": 8 maps"
            )
    for axis in axes[:5]:
        axis.set(xticks=[], yticks=[])
    for k, found in enumerate(scores.values()):
        colour = (common.BLUE, common.ORANGE)[k]
        axes[5].scatter([k] * len(found), found, color=colour)
    axes[5].set_xticks(range(len(scores)), list(scores))
    axes[5].set(xlim=(-0.5, 1.5), ylim=(0.9, 1.0), title="held-out digits read right")
    return common.save(
        figure,
        path,
        "The branches of one module look at the same digit through windows of different sizes; "
        "the larger the window, the coarser what its maps answer to. Right: a dot for each seed.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    images, held_out, labels, held_out_labels = common.digits()
    whole = full_size(1 if options.quick else 2, 1 if options.quick else 4)
    large, large_held_out = enlarged(images), enlarged(held_out)
    epochs, seeds = (6, 1) if options.quick else (30, 3)
    scores: dict[str, list[float]] = {"inception": [], "plain": []}
    models = {}
    for kind, found in scores.items():
        for seed in range(seeds):
            model = train(kind, large, labels, epochs, seed)
            found.append(accuracy(model, large_held_out, held_out_labels))
            models.setdefault(kind, model)
    sizes = {kind: sum(p.size for p in model.parameters()) for kind, model in models.items()}
    beside = ", ".join(
        f"{name} {other.fit(images, labels).score(held_out, held_out_labels):.2%}"
        for name, other in (
            ("LogisticRegression", LogisticRegression(max_iter=3000)),
            ("SVC (Gaussian kernel)", SVC(C=10)),
        )
    )

    def spread(kind: str) -> str:
        found = scores[kind]
        return f"{np.mean(found):.2%}" + (
            f", {min(found):.2%} to {max(found):.2%} over {seeds} seeds" if seeds > 1 else ""
        )

    results = [
        common.Result(
            "D10",
            "parameters",
            "GoogLeNet: parameters",
            float(whole["parameters"]),
            f"{whole['parameters']:,}",
            "Szegedy et al. (2014), table 1 layer by layer: 6,998,552; AlexNet 60,965,224",
        ),
        common.Result(
            "D10",
            "reached",
            f"the same, not trained: {len(whole['losses'])} steps on the same crops of two "
            "photographs, 227 by 227",
            whole["reached"] / whole["of"],
            f"{whole['seconds']:.1f} s of processor time a step; {whole['reached']} of "
            f"{whole['of']} parameter "
            "arrays get a gradient",
            f"loss {whole['losses'][0]:.2f} → {whole['losses'][-1]:.2f}; a uniform guess among "
            "1,000 classes 6.91",
        ),
        common.Result(
            "D10",
            "accuracy",
            f"two inception modules ({sizes['inception']:,} parameters), digits",
            float(np.mean(scores["inception"])),
            spread("inception"),
            f"3x3 convolutions of the same depth ({sizes['plain']:,} parameters) "
            f"{spread('plain')}; scikit-learn's {beside}",
        ),
    ]
    written = [
        picture(options.out / "inception.png", models["inception"], large_held_out[0], scores)
    ]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
