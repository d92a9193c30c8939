"""Adversarial examples, and training on them: accuracy against epsilon (E5).

    python -m examples.adversarial [--quick] [--out out]

The fast gradient sign method moves every pixel by epsilon, to the side where the loss
grows: x + epsilon sign(dL/dx), one backward sweep to the input.  A net that reads 97 %
of new digits reads few of those.  Nets trained on such images, and on images with
random noise of the same size, are attacked in one step, in twenty, and by another
net's gradients.  (Goodfellow et al., "Explaining and harnessing adversarial examples",
2015; Madry et al., "Towards deep learning models resistant to adversarial attacks", 2018.)
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

import nn
import optim
from autograd_core import Tensor
from examples import common
from nn.models import MLP

EPSILON, SHARE = 0.15, 0.5  # of training's adversarial examples; pixels are in [0, 1]
KINDS = ("usual", "noise", "FGSM")


def slope(model: Any, x: Any, labels: Any) -> Any:
    """Return dL/dx for each image."""
    leaf = Tensor(x, requires_grad=True)
    nn.functional.cross_entropy(model(leaf), labels, reduction="sum").backward()
    return leaf.grad.data


def fgsm(model: Any, x: Any, labels: Any, epsilon: float) -> Any:
    """Return the images moved by epsilon along the sign of the gradient, still in [0, 1]."""
    return np.clip(x + epsilon * np.sign(slope(model, x, labels)), 0, 1).astype(x.dtype)


def projected(model: Any, x: Any, labels: Any, epsilon: float, steps: int = 20) -> Any:
    """Return the result of many small such steps, never further than epsilon from the image."""
    moved = x
    for _ in range(steps):
        moved = fgsm(model, moved, labels, 2.5 * epsilon / steps)
        moved = np.clip(moved, x - epsilon, x + epsilon)
    return moved


def train(kind: str, split: Any, epochs: int, seed: int) -> MLP:
    """Train on images, half of the loss on images that are noisy or attacked."""
    images, _, labels, _ = split
    nn.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = MLP([64, 128, 10])
    optimizer = optim.Adam(model.parameters(), lr=3e-3)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)
    loader = nn.DataLoader((images, labels), 50, shuffle=True, seed=seed)
    loss_of = nn.CrossEntropyLoss()
    for _ in range(epochs):
        for x, y in loader:
            if kind == "FGSM":
                other = fgsm(model, x, y, EPSILON)
            else:
                signs = rng.choice(np.array([-1, 1], x.dtype), x.shape)
                other = np.clip(x + np.float32(EPSILON) * signs, 0, 1)
            optimizer.zero_grad()
            loss = loss_of(model(Tensor(x)), y)
            if kind != "usual":
                loss = (1 - SHARE) * loss + SHARE * loss_of(model(Tensor(other)), y)
            loss.backward()
            optimizer.step()
        schedule.step()
    return model.eval()


def attacks(model: Any, other: Any, rng: Any) -> dict[str, Callable[..., Any]]:
    """Return the ways to move an image; each takes images, labels, epsilon."""

    def noise(x: Any, labels: Any, epsilon: float) -> Any:
        return np.clip(x + epsilon * rng.choice([-1, 1], x.shape), 0, 1).astype(x.dtype)

    return {
        "FGSM": lambda *a: fgsm(model, *a),
        "20 steps": lambda *a: projected(model, *a),
        "another net's": lambda *a: fgsm(other, *a),
        "random signs": noise,
    }


def linear_attacked(split: Any, epsilon: float) -> tuple[float, float]:
    """Return LogisticRegression's accuracy, as it is and attacked; its gradient has a formula."""
    images, held_out, labels, held_out_labels = split
    made = LogisticRegression(max_iter=3000).fit(images, labels)
    upward = (made.predict_proba(held_out) - np.eye(10)[held_out_labels]) @ made.coef_
    moved = np.clip(held_out + epsilon * np.sign(upward), 0, 1)
    return made.score(held_out, held_out_labels), made.score(moved, held_out_labels)


def picture(path: Path, curves: Any, epsilons: Any, shown: list[Any]) -> Path:
    """Draw accuracy against epsilon, and attacked images with what is read."""
    figure = common.pyplot().figure(figsize=(12, 4.6))
    left = figure.add_subplot(1, 2, 1)
    for kind, colour in zip(KINDS, (common.GREY, common.ORANGE, common.BLUE), strict=True):
        for attack, style in (("FGSM", "-"), ("20 steps", "--"), ("random signs", ":")):
            values = 100 * curves[kind][attack].mean(axis=0)
            left.plot(epsilons, values, style, color=colour, label=f"{kind}, {attack}")
    left.set(xlabel="epsilon (pixels are in [0, 1])", ylabel="held-out digits read right, %")
    left.legend(fontsize=7, title="trained, attacked")
    for k, (title, image) in enumerate(shown):
        axis = figure.add_subplot(2, 8, 5 + k + 4 * (k > 3))
        axis.imshow(image.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        axis.set_title(title, fontsize=8)
        axis.set(xticks=[], yticks=[])
    return common.save(
        figure,
        path,
        "Moved by epsilon along the gradient's signs, images that look the same to us are misread; "
        "random signs of the same size do little. Training on attacked images helps much, "
        "training on noisy ones less.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    split = common.digits()
    _, held_out, _, labels = split
    epochs, seeds = (10, 1) if options.quick else (40, 4)
    epsilons = np.array([0, 0.1, 0.2, 0.3]) if options.quick else np.linspace(0, 0.4, 9)
    curves: Any = {kind: {} for kind in KINDS}
    models: Any = {}
    for seed in tqdm(range(seeds), desc="nets", unit="seed"):
        models = {kind: train(kind, split, epochs, seed) for kind in KINDS}
        other = train("usual", split, epochs, 1000 + seed)
        for kind, model in models.items():
            for name, attack in attacks(model, other, np.random.default_rng(seed)).items():
                row = [
                    common.accuracy(model, attack(held_out, labels, float(e)), labels)
                    for e in epsilons
                ]
                curves[kind].setdefault(name, []).append(row)
    curves = {k: {a: np.array(v) for a, v in rows.items()} for k, rows in curves.items()}
    at = int(np.argmin(np.abs(epsilons - (0.1 if options.quick else EPSILON))))
    epsilon = float(epsilons[at])
    clean, attacked = linear_attacked(split, epsilon)

    def says(kind: str, attack: str) -> str:
        return common.mean_and_error(curves[kind][attack][:, at])

    results = [
        common.Result(
            "E5",
            "usual",
            f"usual training, attacked by FGSM, epsilon {epsilon:.2f}: held-out digits read right",
            float(curves["usual"]["FGSM"][:, at].mean()),
            says("usual", "FGSM"),
            f"not attacked {common.mean_and_error(curves['usual']['FGSM'][:, 0])}; random signs "
            f"{says('usual', 'random signs')}; LogisticRegression {clean:.1%}, attacked "
            f"{attacked:.1%}",
        )
    ]
    for kind, name in (("FGSM", "adversarial training"), ("noise", "training with noise")):
        results.append(
            common.Result(
                "E5",
                kind,
                f"{name}, the same attack",
                float(curves[kind]["FGSM"][:, at].mean()),
                f"{says(kind, 'FGSM')}; in 20 steps {says(kind, '20 steps')}; by another net "
                + says(kind, "another net's"),
                f"usual training {says('usual', 'FGSM')}; {says('usual', '20 steps')}; "
                + says("usual", "another net's"),
            )
        )
    results.append(
        common.Result(
            "E5",
            "clean",
            "adversarial training, images that nobody attacked",
            float(curves["FGSM"]["FGSM"][:, 0].mean()),
            f"{common.mean_and_error(curves['FGSM']['FGSM'][:, 0])}, "
            + common.points(curves["FGSM"]["FGSM"][:, 0], curves["usual"]["FGSM"][:, 0]),
            f"usual training {common.mean_and_error(curves['usual']['FGSM'][:, 0])}",
        )
    )
    shown = []
    for k in range(4):
        moved = fgsm(models["usual"], held_out[k : k + 1], labels[k : k + 1], epsilon)
        read = [int(models["usual"](Tensor(x)).data.argmax()) for x in (held_out[k : k + 1], moved)]
        shown += [(f"read {read[0]}", held_out[k]), (f"attacked:\nread {read[1]}", moved[0])]
    written = [picture(options.out / "adversarial.png", curves, epsilons, shown)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
