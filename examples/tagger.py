"""Where do the spaces belong?  An LSTM that reads one way, and one that reads both (D13).

    python -m examples.tagger [--quick] [--out out]

The text is Python's own language reference, in small letters, without spaces:
at each letter, does a word end here?  Often only what follows can tell
("the" in "there"), so the bidirectional LSTM is right where the other, with as many
parameters, must guess.  The engine also tells how far an answer reaches: the norm of
its gradient at each letter before and after, back-propagated through time.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from tqdm import tqdm

import nn
import optim
from autograd_core import Tensor, gradients, no_grad
from examples import common, text
from nn.models import LSTMTagger

BATCH, STEPS = 32, 64
REACH = 20  # letters to each side for the picture
BOTH, ONE, ELMAN = "BiLSTM", "LSTM", "Elman network"


def task(words: list[str]) -> tuple[str, Any]:
    """Return words run together, and 1 where one of them ends."""
    ends = np.zeros(sum(map(len, words)), np.int64)
    ends[np.cumsum([len(w) for w in words]) - 1] = 1
    return "".join(words), ends


def score(guesses: Any, truth: Any) -> float:
    """Return F1 of the word ends: the harmonic mean of precision and recall."""
    return float(2 * np.sum(guesses & truth) / (guesses.sum() + truth.sum()))


def longest_match(letters: str, known: set[str]) -> Any:
    """Cut by the dictionary: always the longest known word that fits, else one letter."""
    most = max(map(len, known))
    ends, at = np.zeros(len(letters), np.int64), 0
    while at < len(letters):
        fits = (n for n in range(most, 1, -1) if letters[at : at + n] in known)
        at = min(at + next(fits, 1), len(letters))
        ends[at - 1] = 1
    return ends


def network(kind: str, symbols: int, units: int) -> LSTMTagger:
    """Return a tagger; one that reads one way gets half as many units more, to be as large."""
    net = LSTMTagger(
        symbols, 2, units if kind == BOTH else 3 * units // 2, bidirectional=kind == BOTH
    )
    if kind == ELMAN:
        net.lstm = nn.RNN(net.lstm.input_size, net.lstm.hidden_size)
    return net


def train(net: LSTMTagger, codes: Any, ends: Any, updates: int, rate: float, about: str) -> None:
    """Train on pieces of the text drawn at random."""
    rng = np.random.default_rng(0)
    optimizer = optim.Adam(net.parameters(), lr=rate)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=updates)
    for _ in tqdm(range(updates), desc=about, unit="update"):
        at = rng.integers(0, len(codes) - STEPS, BATCH) + np.arange(STEPS)[:, None]
        loss = nn.functional.cross_entropy(net(codes[at]).reshape((-1, 2)), ends[at].ravel())
        optimizer.zero_grad()
        loss.backward()
        optim.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()


def guess(net: LSTMTagger, codes: Any) -> Any:
    """Return the answers on a text, read from end to end in one piece."""
    with no_grad():
        return net(codes[:, None]).data[:, 0].argmax(axis=-1)


def reach(net: LSTMTagger, codes: Any) -> Any:
    """Return the mean norm of the gradient of one answer's logit at each letter near it.

    One sweep: the answers in the middle of many pieces, with respect to what
    the LSTM reads at every time.
    """
    middle = REACH + 5
    starts = np.linspace(0, len(codes) - 2 * middle, 200).astype(int)
    vectors = Tensor(
        net.embedding(codes[starts + np.arange(2 * middle)[:, None]]).data, requires_grad=True
    )
    logits = net.read(vectors)[middle]
    (found,) = gradients((logits[:, 1] - logits[:, 0]).sum(), [vectors])
    norms = np.linalg.norm(found.data, axis=-1).mean(axis=1)
    return norms[middle - REACH : middle + REACH + 1]


def picture(path: Any, scores: dict[str, Any], norms: dict[str, Any], sample: list[str]) -> Any:
    """Draw the scores over seeds, the reach of an answer, and a restored line."""
    figure, (left, right) = common.pyplot().subplots(
        1, 2, figsize=(11, 5.2), gridspec_kw={"width_ratios": [1, 2.4]}
    )
    colours = {BOTH: common.BLUE, ONE: common.ORANGE, ELMAN: common.GREEN}
    for k, (name, found) in enumerate(scores.items()):
        left.errorbar([k], [found.mean()], [found.std()], fmt="o", color=colours[name], capsize=5)
        left.plot(np.full(len(found), k + 0.15), found, ".", color=colours[name])
    left.set(ylabel="F1 of word ends, unseen text", xlim=(-0.5, 1.5))
    left.set_xticks(range(len(scores)), list(scores))
    for (name, found), mark in zip(norms.items(), "o^s", strict=True):
        seen = np.where(found > 1e-9 * found.max(), found, np.nan)  # what is not read gets 0
        right.semilogy(
            np.arange(-REACH, REACH + 1), seen, mark + "-", ms=4, color=colours[name], label=name
        )
    right.set(xlabel="letters before (-) and after the answer", ylabel="norm of the gradient")
    right.axvline(0, color=common.GREY, lw=0.8)
    right.legend()
    figure.suptitle("\n".join(sample), family="monospace", fontsize=8, x=0.02, ha="left")
    return common.save(
        figure,
        path,
        "Left: each seed, their mean and spread. Right: an answer's gradient at the letters "
        "around it, after training. It fades with the distance, through the Elman network "
        "faster; only the BiLSTM has any at letters that come later.",
    )


def spaced(letters: str, ends: Any) -> str:
    """Return the letters with spaces after word ends."""
    return "".join(c + " " * int(e) for c, e in zip(letters, ends, strict=True))


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    seeds, updates, units = (2, 110, 48) if options.quick else (3, 440, 64)
    parts = text.split(text.topics())
    words = {part: getattr(parts, part).lower().split() for part in ("train", "held_out")}
    letters, ends = task(words["train"])
    unseen, truth = task(words["held_out"])
    alphabet = text.Alphabet(letters)
    codes, new = alphabet.encode(letters), alphabet.encode(unseen)
    scores: dict[str, Any] = {BOTH: np.zeros(seeds), ONE: np.zeros(seeds)}
    nets, sizes = {}, {}
    for kind, found in scores.items():
        for seed in range(seeds):
            nn.manual_seed(seed)
            nets[kind] = network(kind, len(alphabet), units)
            train(nets[kind], codes, ends, updates, 1e-2, f"{kind}, seed {seed}")
            found[seed] = score(guess(nets[kind], new), truth)
        sizes[kind] = sum(p.size for p in nets[kind].parameters())
    nn.manual_seed(0)
    nets[ELMAN] = network(ELMAN, len(alphabet), units)
    train(nets[ELMAN], codes, ends, updates, 2e-3, ELMAN)
    norms = {kind: reach(net, new) for kind, net in nets.items()}
    matched = score(longest_match(unseen, set(words["train"])), truth)

    sample = ["given: " + unseen[:100]] + [
        f"{kind}: ".rjust(8) + spaced(unseen[:100], guess(nets[kind], new[:130])[:100])
        for kind in (ONE, BOTH)
    ]
    print("\n" + "\n".join(sample))

    def shown(kind: str) -> str:
        return f"{scores[kind].mean():.1%} ± {scores[kind].std():.1%}"

    gap = scores[BOTH] - scores[ONE]
    back = {kind: float(n[REACH - 10] / n[REACH]) for kind, n in norms.items()}
    later = {kind: float(n[REACH + 1 :].max()) for kind, n in norms.items()}
    results = [
        common.Result(
            "D13",
            "gain",
            f"spaces restored, BiLSTM ({sizes[BOTH]:,} parameters): F1",
            float(gap.min()),
            f"{shown(BOTH)}, better in {np.mean(gap > 0):.0%} of {seeds} seeds",
            f"LSTM ({sizes[ONE]:,}) {shown(ONE)}; longest match in a dictionary {matched:.1%}",
        ),
        common.Result(
            "D13",
            "over dictionary",
            "the same over the dictionary of the training text",
            float(scores[BOTH].mean() - matched),
            f"{100 * (scores[BOTH].mean() - matched):+.1f} points",
            f"longest match {matched:.1%}",
        ),
        common.Result(
            "D13",
            "back",
            "LSTM: gradient ten letters back, of that at the answer",
            back[ONE] / back[ELMAN],
            f"{back[ONE]:.1e}",
            f"Elman network {back[ELMAN]:.1e}",
        ),
        common.Result(
            "D13",
            "future",
            "LSTM: largest gradient at a later letter",
            later[ONE],
            f"{later[ONE]:.1g}",
            f"BiLSTM {later[BOTH]:.1g}",
        ),
    ]
    written = [picture(options.out / "tagger.png", scores, norms, sample)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
