"""AlphaGo Zero's method on tic-tac-toe, where every game can be counted (D11).

    python -m examples.alphazero [--quick] [--out out]

A small tower learns tic-tac-toe from games against itself alone: tree search makes
better moves than the network, the network learns them and who won, and the search
becomes better with it.  It then meets every sequence of replies that exists, a
perfect player's among them.  For Go itself see examples.alphago, for the tower
at full size examples.alphago_tower.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import nn
import optim
from autograd_core import Tensor, no_grad
from examples import common, tictactoe
from examples.search import Judge, Settings, visits
from nn.models import AlphaGoZero

LEARN = Settings(simulations=25, noise=0.25)
PLAY = Settings(simulations=100)
GAMES = 64  # at once
BATCH = 64
SYMMETRIES = [
    np.rot90(flipped, turns).ravel()
    for flipped in (np.arange(9).reshape(3, 3), np.arange(9).reshape(3, 3)[:, ::-1])
    for turns in range(4)
]


def small_tower(seed: int) -> AlphaGoZero:
    """Return the tower for tic-tac-toe: two blocks of 32 filters, nine moves."""
    nn.manual_seed(seed)
    return AlphaGoZero(size=3, planes=3, filters=32, blocks=2, moves=9, hidden=32)


def judge_of(model: AlphaGoZero) -> Judge:
    """Return what the search asks: probabilities and values, without recording."""

    def judge(boards: Any) -> tuple[Any, Any]:
        with no_grad():
            logits, values = model(Tensor(tictactoe.planes(boards)))
            return nn.functional.softmax(logits).data, values.data

    return judge


def uniform(boards: Any) -> tuple[Any, Any]:
    """Judge as one who knows nothing."""
    return np.ones(boards.shape), np.zeros(len(boards))


def searcher(judge: Judge, settings: Settings = PLAY) -> tictactoe.Policy:
    """Return the player that makes the move its search visits most."""
    return lambda boards: visits(tictactoe, boards, judge, settings).argmax(axis=1)


def instinct(judge: Judge) -> tictactoe.Policy:
    """Return the player that makes the network's most probable move, without search."""
    return lambda boards: np.where(boards == 0, judge(boards)[0], -1).argmax(axis=1)


def openings(rng: np.random.Generator) -> Any:
    """Return boards after none to four random moves (no game can be over), so that all are met."""
    boards = np.zeros((GAMES, 9), np.int8)
    lengths = rng.integers(5, size=GAMES)
    for k in range(4):
        moves = np.where(boards == 0, rng.random(boards.shape), -1).argmax(axis=1)
        boards = np.where((lengths > k)[:, None], tictactoe.after(boards, moves), boards)
    return boards


def self_play(judge: Judge, rng: np.random.Generator) -> tuple[Any, Any, Any]:
    """Play games with itself; return boards, the search's visits, and who won in the end."""
    boards = openings(rng)
    movers = np.where(np.count_nonzero(boards, axis=1) % 2, -1, 1)
    games = np.arange(GAMES)  # those that go on
    seen: list[tuple[Any, Any, Any, Any]] = []
    outcome = np.zeros(GAMES)  # for the first player
    while len(games):
        counts = visits(tictactoe, boards, judge, LEARN, rng)
        shares = counts / counts.sum(axis=1, keepdims=True)
        seen.append((games, boards, shares, movers))
        moves = (shares.cumsum(axis=1) > rng.random((len(games), 1))).argmax(axis=1)
        boards, movers = tictactoe.after(boards, moves), -movers
        ended = tictactoe.results(boards)
        done = ~np.isnan(ended)
        outcome[games[done]] = movers[done] * ended[done]
        boards, movers, games = boards[~done], movers[~done], games[~done]
    values = [whose * outcome[played] for played, _, _, whose in seen]
    return (
        np.concatenate([b for _, b, _, _ in seen]),
        np.concatenate([p for _, _, p, _ in seen]),
        np.concatenate(values),
    )


def losses(model: AlphaGoZero, boards: Any, policies: Any, values: Any) -> Any:
    """Return (z - v)² - p log q; the L2 term is the optimizer's weight decay."""
    logits, guesses = model(Tensor(boards))
    policy = nn.functional.cross_entropy(logits, policies)
    return nn.functional.mse_loss(guesses, values) + policy


def learn(rounds: int, seed: int) -> tuple[AlphaGoZero, list[int]]:
    """Train a player from nothing but the rules; return it, and its instinct's lost sequences."""
    model = small_tower(seed)
    rng = np.random.default_rng(seed)
    optimizer = optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=2e-4)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=rounds, eta_min=0.002)
    memory: list[tuple[Any, Any, Any]] = []
    curve = []
    bar = tqdm(range(rounds), desc="self-play and learning", unit="round")
    for _ in bar:
        model.eval()
        memory = [*memory[-7:], self_play(judge_of(model), rng)]  # the last eight rounds' games
        boards, policies, values = (np.concatenate(part) for part in zip(*memory, strict=True))
        model.train()
        for _ in range(20):
            rows = rng.integers(0, len(boards), BATCH)
            turned = SYMMETRIES[rng.integers(8)]
            loss = losses(
                model,
                tictactoe.planes(boards[rows][:, turned]),
                policies[rows][:, turned].astype(np.float32),
                values[rows].astype(np.float32),
            )
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        schedule.step()
        model.eval()
        curve.append(lost(instinct(judge_of(model))))
        bar.set_postfix(loss=f"{loss.item():.3f}", lost_without_search=curve[-1])
    return model, curve


def lost(policy: tictactoe.Policy, replies: Any = tictactoe.any_reply) -> int:
    """Return how many sequences of replies beat a player, beginning and not."""
    return sum(int(tictactoe.against(policy, replies, side)["games"][2]) for side in (True, False))


def record(policy: tictactoe.Policy, replies: Any, what: str) -> Any:
    """Return wins, draws and losses of a player over both sides."""
    found = [tictactoe.against(policy, replies, side)[what] for side in (True, False)]
    return found[0] + found[1] if what == "games" else (found[0] + found[1]) / 2


def shown(counts: Any) -> str:
    """Return wins, draws and losses as text."""
    if counts.dtype.kind == "f":
        won, drawn, gone = counts
        return f"{won:.1%} won, {drawn:.1%} drawn, {gone:.1%} lost"
    won, drawn, gone = counts
    return f"{won:,} won, {drawn:,} drawn, {gone:,} lost"


def picture(path: Path, curve: list[int], untrained: int, beaten: int, judge: Judge) -> Path:
    """Draw what was learned: the curve, and the probabilities of a first reply."""
    plt = common.pyplot()
    figure, axes = plt.subplots(1, 2, figsize=(9, 4.4))
    axes[0].plot(range(1, len(curve) + 1), curve, color=common.BLUE)
    axes[0].axhline(untrained, color=common.ORANGE, ls="--", label="before training")
    axes[0].set(
        xlabel="round of self-play", ylabel="sequences of replies that beat it",
        title="The network alone, without search", yscale="symlog", ylim=(0, None),
    )  # fmt: skip
    axes[0].legend()
    board = np.array([[1, 0, 0, 0, -1, 0, 0, 0, 0]], np.int8)
    shares, value = judge(board)
    axes[1].imshow(shares.reshape(3, 3), cmap="Blues", vmin=0, vmax=1)
    for point, stone in enumerate(board[0]):
        text = {1: "X", -1: "O", 0: f"{shares[0, point]:.0%}"}[int(stone)]
        axes[1].text(point % 3, point // 3, text, ha="center", va="center",
                     color="white" if shares[0, point] > 0.5 else "black")  # fmt: skip
    axes[1].set(xticks=[], yticks=[], title=f"X to move: policy; value {value[0]:+.2f}")
    return common.save(
        figure,
        path,
        "From games against itself alone the network learns moves that fewer and fewer replies "
        f"can beat; with search on top, {beaten or 'none'} can.",
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    rounds, seeds = (18, 1) if options.quick else (40, 3)
    before = small_tower(0).eval()
    trained = [learn(rounds, seed) for seed in range(seeds)]
    model, curve = trained[0]
    judge = judge_of(model)
    every, best = tictactoe.any_reply, tictactoe.best_replies
    player, alone = searcher(judge), instinct(judge)

    total = record(player, every, "games")
    beaten = [int(total[2]), *(lost(searcher(judge_of(other))) for other, _ in trained[1:])]
    each = (
        f"; {seeds} trainings from other starts: {', '.join(map(str, beaten))} lost"
        if seeds > 1
        else ""
    )
    perfect = record(player, best, "games")
    untrained = searcher(judge_of(before))
    no_search = lost(instinct(judge_of(before)))
    theirs = record(tictactoe.perfect, every, "chances")
    results = [
        common.Result(
            "D11",
            "lost",
            "AlphaZero-style player, tic-tac-toe, every sequence of replies there is, both sides",
            float(sum(beaten)),
            shown(total) + each,
            f"untrained, same search: {lost(untrained):,} lost; search without a network: "
            f"{lost(searcher(uniform)):,} lost; a perfect player 0",
        ),
        common.Result(
            "D11",
            "lost to perfect",
            "the same, against all moves of a perfect player",
            float(perfect[2]),
            shown(perfect),
            "a perfect player only ever draws with itself",
        ),
        common.Result(
            "D11",
            "won from random",
            "the same, against a random player (exact chances)",
            float(record(player, every, "chances")[0]),
            shown(record(player, every, "chances")),
            f"a perfect player that takes the first of its best moves: {shown(theirs)}",
        ),
        common.Result(
            "D11",
            "lost without search",
            "the network alone, without search, every sequence of replies",
            float(curve[-1]),
            shown(record(alone, every, "games")),
            f"before training {no_search:,} lost",
        ),
    ]
    path = options.out / "alphazero.png"
    written = [picture(path, curve, no_search, beaten[0], judge)]
    return common.report(results, written, options)


if __name__ == "__main__":
    main()
