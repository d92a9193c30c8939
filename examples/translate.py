"""An encoder and a decoder learn to translate numbers from pairs of texts alone (D15).

    python -m examples.translate [--quick] [--out out]

"four hundred and twenty-one" goes in letter by letter, "vierhunderteinundzwanzig" comes
out letter by letter.  Nothing is told of words, of digits, or of the order, which German
turns around; attention finds it.  Beside it: the same network without attention, and
the translation of the most similar pair known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import numpy as np
from num2words import num2words
from sklearn.feature_extraction.text import TfidfVectorizer
from tqdm import tqdm

import nn
import optim
from autograd_core import no_grad
from examples import common, text
from nn.models import Seq2Seq

Pair = tuple[str, str]
BATCH = 32
IGNORED = -100  # what cross_entropy leaves out: places after the end


class Codes:
    """English and German letters as integers; German has a start and an end symbol more."""

    def __init__(self, pairs: list[Pair]) -> None:
        self.english = text.Alphabet("".join(e for e, _ in pairs))
        self.german = text.Alphabet("".join(g for _, g in pairs))
        self.start, self.end = len(self.german), len(self.german) + 1
        self.limit = max(len(g) for _, g in pairs) + 5

    def batch(self, pairs: list[Pair]) -> tuple[Any, Any, Any]:
        """Return source, target and wanted symbols of pairs whose English is equally long."""
        source = np.stack([self.english.encode(e) for e, _ in pairs], axis=1)
        steps = max(len(g) for _, g in pairs) + 1
        target = np.full((steps, len(pairs)), self.end)
        wanted = np.full((steps, len(pairs)), IGNORED)
        target[0] = self.start
        for k, (_, german) in enumerate(pairs):
            codes = self.german.encode(german)
            target[1 : len(codes) + 1, k] = codes
            wanted[: len(codes), k] = codes
            wanted[len(codes), k] = self.end
        return source, target[:steps], wanted

    def read(self, written: Any) -> str:
        """Return what was written before the end symbol."""
        return self.german.decode(written[: np.argmax(np.append(written, self.end) == self.end)])


def pairs_of(top: int, count: int, seed: int = 0) -> list[Pair]:
    """Return different numbers below top, drawn at random, in English and in German."""
    drawn = np.random.default_rng(seed).choice(top, count, replace=False)
    return [(num2words(int(n)), num2words(int(n), lang="de")) for n in drawn]


def by_length(pairs: list[Pair]) -> dict[int, list[Pair]]:
    """Return the pairs grouped by the length of their English."""
    made: defaultdict[int, list[Pair]] = defaultdict(list)
    for pair in pairs:
        made[len(pair[0])].append(pair)
    return made


def batches(pairs: list[Pair], rng: np.random.Generator) -> Iterator[list[Pair]]:
    """Yield batches without end, each of one length, so that no source needs padding."""
    while True:
        made = []
        for group in by_length([pairs[k] for k in rng.permutation(len(pairs))]).values():
            made += [group[k : k + BATCH] for k in range(0, len(group), BATCH)]
        yield from (made[k] for k in rng.permutation(len(made)))


def train(net: Seq2Seq, codes: Codes, pairs: list[Pair], updates: int, about: str) -> None:
    """Train on the cross-entropy of each next letter, given the true ones before it."""
    drawn = batches(pairs, np.random.default_rng(0))
    optimizer = optim.Adam(net.parameters(), lr=5e-3)
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, max_lr=5e-3, total_steps=updates)
    for _ in tqdm(range(updates), desc=about, unit="update"):
        source, target, wanted = codes.batch(next(drawn))
        logits = net(source, target)
        loss = nn.functional.cross_entropy(
            logits.reshape((-1, logits.shape[-1])), wanted.ravel(), ignore_index=IGNORED
        )
        optimizer.zero_grad()
        loss.backward()
        optim.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()


def whole(net: Seq2Seq, codes: Codes, pairs: list[Pair]) -> tuple[float, list[tuple[str, Pair]]]:
    """Return the share of pairs translated without any wrong letter, and what went wrong."""
    wrong = []
    for group in by_length(pairs).values():
        written, _ = net.translate(codes.batch(group)[0], codes.start, codes.end, codes.limit)
        found = [codes.read(row) for row in written.T]
        wrong += [(f, pair) for f, pair in zip(found, group, strict=True) if f != pair[1]]
    return 1 - len(wrong) / len(pairs), wrong


def most_similar(known: list[Pair], asked: list[Pair]) -> float:
    """Return the share that is right if the German of the most similar English is given."""
    spots = TfidfVectorizer(analyzer="char", ngram_range=(1, 4))
    table = spots.fit_transform([e for e, _ in known])
    best = (spots.transform([e for e, _ in asked]) @ table.T).argmax(axis=1)
    best = np.asarray(best).ravel()
    return float(np.mean([known[k][1] == g for k, (_, g) in zip(best, asked, strict=True)]))


def picture(path: Any, net: Seq2Seq, codes: Codes, examples: list[Pair]) -> Any:
    """Draw what the decoder looked at, letter by letter."""
    figure, axes = common.pyplot().subplots(
        1, len(examples), figsize=(6 * len(examples), 6.5), squeeze=False
    )
    for axis, (english, german) in zip(axes[0], examples, strict=True):
        with no_grad():
            written, weights = net.translate(
                codes.batch([(english, german)])[0], codes.start, codes.end, codes.limit
            )
        found = codes.read(written[:, 0])
        axis.imshow(weights[: len(found), 0], cmap="Blues", vmin=0, aspect="auto")
        axis.set_xticks(range(len(english)), list(english), fontsize=8)
        axis.set_yticks(range(len(found)), list(found), fontsize=8)
        axis.xaxis.tick_top()
        axis.set(xlabel="read", ylabel="written")
    return common.save(
        figure,
        path,
        "Each row: a letter written, and where the decoder looked for it (dark: much). Where "
        "German says the ones before the tens, it jumps ahead and back. It may look "
        "beside the word it needs: the encoder tells each place what stands around it.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    if options.quick:
        top, count, unseen, hidden, updates = 1000, 600, 400, 96, 480
    else:
        top, count, unseen, hidden, updates = 100_000, 10_000, 2000, 128, 1600
    pairs = pairs_of(top, count + unseen)
    known, asked = pairs[:count], pairs[count:]
    codes = Codes(known)
    scores, wrong = {}, {}
    for attention in (True,) if options.quick else (True, False):
        nn.manual_seed(0)
        net = Seq2Seq(len(codes.english), codes.end + 1, hidden, attention=attention)
        if attention:
            train(net, codes, known, updates, "with attention")
        else:
            train(net, codes, known, updates // 2, "without attention")
        scores[attention], wrong[attention] = whole(net, codes, asked)
        if attention:
            best = net
    print(f"\n\nNumbers below {top:,}, {count:,} pairs to learn from, {unseen:,} others asked.")
    for found, (english, german) in wrong[True][:3]:
        print(f"  wrong: {english}\n    is     {german}\n    given  {found}")
    similar = most_similar(known, asked)
    beside = f"the most similar pair known {similar:.1%}"
    if False in scores:
        beside = f"without attention (half the updates) {scores[False]:.1%}; " + beside
    results = [
        common.Result(
            "D15",
            "whole",
            f"English to German, numbers below {top:,}, unseen: whole translations right",
            scores[True],
            f"{scores[True]:.1%} of {unseen:,}",
            beside,
        )
    ]
    turned = [pair for pair in asked if "-" in pair[0]]  # ones and tens change places
    shown = sorted(turned, key=lambda pair: abs(len(pair[0]) - 28))[:2]
    return common.report(
        results, [picture(options.out / "translate.png", best, codes, shown)], options
    )


if __name__ == "__main__":
    main()
