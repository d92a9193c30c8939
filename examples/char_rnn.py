"""A recurrent network reads Python's language reference letter by letter (D12).

    python -m examples.char_rnn [--quick] [--out out]

It learns what comes next, is held against counting (n-gram models) and against
compression programs in bits a character of unseen text, and writes text of its own.
Training is truncated back-propagation through time: each piece of the text starts
from the state in which the last one ended.
"""

from __future__ import annotations

import gzip
import lzma
import math
import textwrap
from typing import Any

import numpy as np
from tqdm import tqdm

import nn
import optim
from autograd_core import no_grad
from examples import common, text
from examples.ngram import KneserNey, WittenBell, bits
from nn.models import CharRNN

LANES, STEPS = 32, 64  # places of the text read at once, and characters in a piece
LARGE, SMALL = (256, 10, 8e-3), (96, 4, 1.5e-2)  # units, epochs, rate
LONG = 8  # order of the strongest n-gram model: beyond it the validation text gains nothing


def measure(net: CharRNN, codes: Any, piece: int = 1000) -> float:
    """Return the bits a character of a text, read from end to end with the state carried on."""
    net.eval()
    state, total = None, 0.0
    with no_grad():
        for at in range(0, len(codes) - 1, piece):
            given, wanted = codes[at : at + piece], codes[at + 1 : at + piece + 1]
            logits, state = net(given[: len(wanted), None], state)
            total += nn.functional.cross_entropy(logits[:, 0], wanted, reduction="sum").item()
    net.train()
    return total / math.log(2) / (len(codes) - 1)


def train(
    net: CharRNN, codes: Any, validation: Any, epochs: int, rate: float, seed: int
) -> tuple[list[float], list[float]]:
    """Train, and return the bits a character of the training and the validation text by epoch."""
    lanes = codes[: len(codes) // LANES * LANES].reshape(LANES, -1).T
    rng = np.random.default_rng(seed)
    pieces = (len(lanes) - STEPS - 1) // STEPS
    optimizer = optim.AdamW(net.parameters(), lr=rate, weight_decay=0.01)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs * pieces)
    seen, unseen = [], []
    with tqdm(total=epochs * pieces, desc=f"reading, seed {seed}", unit="piece") as bar:
        for _ in range(epochs):
            state, total, offset = None, 0.0, rng.integers(STEPS)
            for k in range(pieces):
                at = offset + k * STEPS
                logits, state = net(lanes[at : at + STEPS], state)
                wanted = lanes[at + 1 : at + STEPS + 1].ravel()
                loss = nn.functional.cross_entropy(logits.reshape((-1, net.vocabulary)), wanted)
                optimizer.zero_grad()
                loss.backward()
                optim.clip_grad_norm_(net.parameters(), 1.0)
                optimizer.step()
                schedule.step()
                total += loss.item() / math.log(2)
                bar.update()
            seen.append(total / pieces)
            unseen.append(measure(net, validation))
            bar.set_postfix(bits=f"{seen[-1]:.2f}", validation=f"{unseen[-1]:.2f}")
    return seen, unseen


def compressed(module: Any, before: str, after: str) -> float:
    """Return the bits a character that a program adds for a text after another one."""

    def size(content: str) -> int:
        return len(module.compress(content.encode()))

    return 8 * (size(before + after) - size(before)) / len(after)


def picture(path: Any, curves: Any, lines: dict[str, float], sample: str) -> Any:
    """Draw the learning curve between the n-gram models, and what the network wrote."""
    figure, (left, right) = common.pyplot().subplots(
        1, 2, figsize=(12, 5.5), gridspec_kw={"width_ratios": [1, 1.1]}
    )
    epochs = np.arange(1, len(curves[0]) + 1)
    left.plot(epochs, curves[0], "--", color=common.BLUE, label="network, training text")
    left.plot(epochs, curves[1], "o-", color=common.BLUE, label="network, validation text")
    colours = (common.ORANGE, common.GREEN)
    for k, (name, value) in enumerate(lines.items()):
        left.axhline(value, color=colours[k], ls=":", label=name)
    left.set(xlabel="epoch", ylabel="bits a character")
    left.legend(fontsize=9)
    right.axis("off")
    right.set_title("Written by the network")
    rows = [row for line in sample.split("\n") for row in textwrap.wrap(line, 68) or [""]]
    plain = "\n".join(rows[:26]).replace("$", r"\$")
    right.text(0, 1, plain, family="monospace", fontsize=7.5, va="top", transform=right.transAxes)
    return common.save(
        figure,
        path,
        "The network needs fewer bits for unseen text than counting three letters at a time; what "
        "it writes has the words, the quotes and the layout of the reference, and no sense.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    units, epochs, rate = SMALL if options.quick else LARGE
    parts = text.split(text.topics())
    alphabet = text.Alphabet(parts.train)
    codes = {part: alphabet.encode(getattr(parts, part)) for part in ("train", "validation")}
    size = len(alphabet)
    held_out = alphabet.encode(parts.held_out)

    def trained(units: int, epochs: int, rate: float, dropout: float, seed: int) -> Any:
        nn.manual_seed(seed)
        net = CharRNN(size, units, dropout=dropout)
        return net, train(net, codes["train"], codes["validation"], epochs, rate, seed)

    net, curves = trained(units, epochs, rate, 0.0 if options.quick else 0.2, 0)
    ours = measure(net, held_out)
    others = [] if options.quick else [trained(*SMALL, 0.0, seed)[0] for seed in range(5)]
    scores = [measure(other, held_out) for other in others]

    def counted(kind: Any, order: int, held: str = parts.held_out) -> float:
        return bits(kind(parts.train, order, size), held)

    unigram, bigram = (counted(KneserNey, order) for order in (1, 2))
    trigram = min(counted(WittenBell, 3), counted(KneserNey, 3))
    longest = counted(KneserNey, LONG)
    programs = ", ".join(
        f"{m.__name__} {compressed(m, parts.train, parts.held_out):.2f}" for m in (gzip, lzma)
    )
    net.rng = np.random.default_rng(1)
    written = alphabet.decode(net.generate(alphabet.encode("\n\n"), 1600, temperature=0.7))
    print(f"\n\nWritten by the network:\n\n{textwrap.indent(written[:700], '    ')}\n    ...")

    count = sum(p.size for p in net.parameters())
    results = [
        common.Result(
            "D12",
            "gain",
            f"character LSTM ({count:,} parameters): bits a character, unseen text",
            trigram - ours,
            f"{ours:.3f}",
            f"trigram (Kneser-Ney) {trigram:.3f}, bigram {bigram:.2f}, unigram {unigram:.2f}; "
            + programs,
        ),
        common.Result(
            "D12",
            "over long",
            "the same beside a long memory of the training text",
            longest - ours,
            f"{ours:.3f}",
            f"{LONG}-gram (Kneser-Ney) {longest:.3f}, "
            + ("worse" if longest > ours else "better than the network"),
        ),
    ]
    if scores:
        results.append(
            common.Result(
                "D12",
                "seeds",
                f"a smaller one, {SMALL[0]} units, {SMALL[1]} epochs, {len(scores)} seeds",
                trigram - max(scores),
                f"{np.mean(scores):.3f} ± {np.std(scores, ddof=1):.3f}, "
                f"{min(scores):.3f} to {max(scores):.3f}",
                f"trigram {trigram:.3f}; the large one, one seed, {ours:.3f}",
            )
        )
    shown = {
        "trigram, validation text": counted(KneserNey, 3, parts.validation),
        f"{LONG}-gram, validation text": counted(KneserNey, LONG, parts.validation),
    }
    return common.report(
        results, [picture(options.out / "char_rnn.png", curves, shown, written)], options
    )


if __name__ == "__main__":
    main()
