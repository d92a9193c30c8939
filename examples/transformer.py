"""A transformer of one layer learns to add, and to read French numbers (D14).

    python -m examples.transformer [--quick] [--out out]

It sees digits and their sums, ones first, and is told nothing of places or carries;
then it answers sums that it never saw, in neither order.  In the same way it learns
to read "quatre-vingt-dix-sept" as 97.  Beside it: the same network without the encoding of
places, and a linear classifier for each digit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from num2words import num2words
from sklearn.linear_model import LogisticRegression
from tqdm import tqdm

import nn
import optim
from autograd_core import no_grad
from examples import common
from nn.models import Transformer

PLUS, START, PADDING = 10, 11, 12  # symbols 0 to 9 are digits
BATCH = 128


@dataclass(frozen=True)
class Task:
    """What is read and what is to be written; the last ones are held out."""

    source: Any
    target: Any
    unseen: int
    symbols: int

    @property
    def padding(self) -> Any:
        """Tell where the source is padding."""
        return self.source == PADDING


def digits(numbers: Any, count: int) -> Any:
    """Return the decimal digits, ones first."""
    return numbers[:, None] // 10 ** np.arange(count) % 10


def addition(places: int, known: int, unseen: int) -> Task:
    """Return problems a + b, each pair {a, b} once, in an order drawn at random."""
    rng = np.random.default_rng(0)
    drawn = np.sort(rng.integers(0, 10**places, (2 * (known + unseen), 2)), axis=1)
    kept = rng.permutation(np.unique(drawn, axis=0))[: known + unseen]
    a, b = rng.permuted(kept, axis=1).T
    plus = np.full((len(a), 1), PLUS)
    source = np.concatenate([digits(a, places), plus, digits(b, places)], axis=1)
    return Task(source, digits(a + b, places + 1), unseen, PADDING + 1)


def french(top: int, known: int, unseen: int) -> Task:
    """Return numbers below top as French words, and their digits, ones first."""
    numbers = np.random.default_rng(0).choice(top, known + unseen, replace=False)
    said = [re.findall(r"\w+", num2words(int(n), lang="fr")) for n in numbers]
    words = sorted({word for text in said for word in text})
    codes = {word: PADDING + 1 + k for k, word in enumerate(words)}
    source = np.full((len(said), max(map(len, said))), PADDING)
    for row, text in zip(source, said, strict=True):
        row[: len(text)] = [codes[word] for word in text]
    return Task(source, digits(numbers, len(str(top - 1))), unseen, PADDING + 1 + len(words))


def right(net: Transformer, task: Task) -> float:
    """Return the share of held-out answers without any wrong digit."""
    held = slice(-task.unseen, None)
    steps = task.target.shape[1]
    written = net.translate(task.source[held], START, -1, steps, task.padding[held])
    return float(np.mean((written == task.target[held]).all(axis=1)))


def train(net: Transformer, task: Task, updates: int, rate: float, about: str) -> Any:
    """Train, and return the share of training digits written right, by place, at each update."""
    rng = np.random.default_rng(0)
    optimizer = optim.Adam(net.parameters(), lr=rate, betas=(0.9, 0.98))
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, max_lr=rate, total_steps=updates)
    known, padding = len(task.source) - task.unseen, task.padding
    history = []
    for _ in tqdm(range(updates), desc=about, unit="update"):
        at = rng.integers(0, known, BATCH)
        wanted = task.target[at]
        given = np.concatenate([np.full((BATCH, 1), START), wanted[:, :-1]], axis=1)
        logits = net(task.source[at], given, padding[at])
        loss = nn.functional.cross_entropy(logits.reshape((-1, task.symbols)), wanted.ravel())
        optimizer.zero_grad()
        loss.backward()
        optim.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        history.append((logits.data.argmax(axis=-1) == wanted).mean(axis=0))
    return np.array(history)


def network(task: Task, places: bool = True) -> Transformer:
    """Return a transformer of one layer."""
    return Transformer(task.symbols, 64, 4, 1, 128, dropout=0.0, places=places)


def linear(task: Task, known: int = 5000) -> float:
    """Return the share right if a linear classifier reads each digit of the answer."""
    seen = np.eye(task.symbols)[task.source].reshape(len(task.source), -1)
    held = slice(-task.unseen, None)
    guesses = [
        LogisticRegression(max_iter=200).fit(seen[:known], column[:known]).predict(seen[held])
        for column in task.target.T
    ]
    return float(np.mean((np.stack(guesses, axis=1) == task.target[held]).all(axis=1)))


def looks(net: Transformer, source: Any, target: Any) -> Any:
    """Return where each written digit looks in the source, mean over heads: one layer by hand."""
    with no_grad():
        memory = net.encode(source)
        layer = net.decoder.layers[0]
        given = np.concatenate([[[START]], target[:, :-1]], axis=1)
        x = net.embed(given)
        x = layer.norm1(x + layer.self_attn(x, x, x, is_causal=True)[0])
        return layer.multihead_attn(x, memory, memory)[1].data[0]


def picture(path: Any, net: Transformer, task: Task, history: Any) -> Any:
    """Draw how the places are learned, and where the digits of one answer look."""
    figure, (left, right) = common.pyplot().subplots(1, 2, figsize=(12, 5))
    names = ["ones", "tens", "hundreds", "thousands", "ten thousands"]
    window = 25
    for k, share in enumerate(history.T):
        smooth = np.convolve(share, np.ones(window) / window, "valid")
        colour = (common.BLUE, common.ORANGE, common.GREEN, common.GREY, "black")[k]
        left.plot(smooth, color=colour, ls="-" if k % 2 == 0 else "--", label=names[k])
    left.set(xlabel="update", ylabel="share of digits right")
    left.legend()
    source, target = task.source[-1:], task.target[-1:]
    right.imshow(looks(net, source, target), cmap="Blues", vmin=0)
    shown = ["+" if s == PLUS else str(s) for s in source[0]]
    right.set_xticks(range(len(shown)), shown)
    right.set_yticks(range(target.shape[1]), [str(d) for d in target[0]])
    right.set(xlabel="problem, ones first", ylabel="answer, ones first")
    return common.save(
        figure,
        path,
        "Left: for long the network only guesses how large a sum is, from its first digits; then "
        "the rest falls into place, ones first. Right: to write a digit it looks at the "
        "two that are added there; nobody told it which.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    if options.quick:
        task, updates, rate = addition(2, 4000, 1000), 1000, 2e-3
    else:
        task, updates, rate = addition(4, 200_000, 2000), 3000, 1.5e-3
    places = task.target.shape[1] - 1
    known = len(task.source) - task.unseen
    nn.manual_seed(0)
    net = network(task)
    history = train(net, task, updates, rate, "adding")
    added = right(net, task)
    count = sum(p.size for p in net.parameters())
    beside = [f"linear classifier of each digit {linear(task):.1%}"]
    results = []
    if not options.quick:
        nn.manual_seed(0)
        blind = network(task, places=False)
        train(blind, task, updates // 3, rate, "adding, places not encoded")
        beside.insert(0, f"places not encoded (a third of the updates) {right(blind, task):.1%}")
        reading = french(1_000_000, 20_000, 2000)
        nn.manual_seed(0)
        reader = network(reading)
        train(reader, reading, 1200, 3e-3, "reading French")
        read = right(reader, reading)
        results.append(
            common.Result(
                "D14",
                "french",
                f"French numbers below 1,000,000 read, {reading.unseen:,} unseen: all digits right",
                read,
                f"{read:.2%}",
                f"linear classifier of each digit {linear(reading):.1%}",
            )
        )
    results.insert(
        0,
        common.Result(
            "D14",
            "addition",
            f"transformer ({count:,} parameters) adds {places}-digit numbers, {task.unseen:,} "
            f"unseen, {known:,} known: all digits right",
            added,
            f"{added:.2%}",
            "; ".join(beside),
        ),
    )
    return common.report(
        results, [picture(options.out / "transformer.png", net, task, history)], options
    )


if __name__ == "__main__":
    main()
