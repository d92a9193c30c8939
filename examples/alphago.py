"""AlphaGo Zero's method on Go itself, from the rules alone (D11, E13).

    python -m examples.alphago [--quick] [--out out]

A small tower plays Go with itself, guided by tree search, and learns the moves
that the search preferred and how the games ended.  Then, as in AlphaGo Zero's
last run, a new tower learns by gradient descent from a fixed set of games: the
last ones of the run before.  What each has learned is measured in matches, every
opening played with both colours, against a random player, plain tree search
with as many simulations, and earlier selves.  For the larger board see examples.alphago7.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

import nn
from autograd_core import no_grad
from examples import common, go
from examples.go_learning import Games, Plan, generations, joined, losses, tower, train
from examples.go_players import (
    Player,
    Record,
    at_random,
    instinct,
    judge_of,
    match,
    opened,
    playouts,
    searcher,
)
from examples.search import Settings

PLANS = {
    5: Plan(size=5, filters=32, blocks=2, generations=9, games=96, simulations=32, steps=150),
    7: Plan(
        size=7,
        filters=24,
        blocks=2,
        generations=12,
        games=80,
        simulations=48,
        steps=300,
        matches=0.3,
    ),
}
QUICK = {"filters": 16, "blocks": 1, "generations": 2, "games": 24, "steps": 60}


def openings(size: int, games: int, seed: int) -> list[go.Go]:
    """Return half as many positions as games, each after two random moves."""
    rng = np.random.default_rng(seed)
    return [opened(size, 2, rng) for _ in range(games // 2)]


def fixed_set(played: list[Games], plan: Plan) -> tuple[Games, Games]:
    """Return the positions of the last generations' games, and those of a tenth of them apart."""
    every = joined(played[-plan.memory :])
    apart = every.game % 10 == 0
    return every.rows(~apart), every.rows(apart)


def held_out(model: nn.Module, games: Games) -> dict[str, float]:
    """Return what a network makes of games that it has not seen."""
    model.eval()
    with no_grad():
        value, policy = losses(model, games)
        logits = model(games.planes.astype(np.float32))[0].data
    return {
        "value": float(value.item()),
        "spread": float(games.values.var()),
        "policy": float(policy.item()),
        "move": float(np.mean(logits.argmax(axis=1) == games.policies.argmax(axis=1))),
    }


class Arena:
    """The matches of one plan: who meets whom, how often, from which openings."""

    def __init__(self, plan: Plan, quick: bool) -> None:
        self.plan, self.quick = plan, quick
        self.settings = Settings(plan.simulations, hopeful=False)

    def player(self, model: nn.Module) -> Player:
        """Return a network with its search."""
        return searcher(judge_of(model), self.settings)

    def plain(self) -> Player:
        """Return tree search with as many simulations, whose values are random games."""
        return searcher(playouts(0), self.settings)

    def meet(self, title: str, one: Player, other: Player, games: int, seed: int) -> Record:
        """Play a match; the same seed gives the same openings."""
        # a game takes longer on more points
        games = 200 // self.plan.size**2 if self.quick else round(games * self.plan.matches)
        found = openings(self.plan.size, games, seed)
        return match(one, other, found, title)


def strength(arena: Arena, models: list[nn.Module], milestones: list[int]) -> dict[str, Any]:
    """Measure the last network, and how it became so."""
    last, plain = arena.player(models[-1]), arena.plain
    alone = instinct(judge_of(models[-1]))
    against_plain = arena.meet("against plain search", last, plain(), 100, 3)
    return {
        "random": arena.meet("against random", last, at_random(1), 100, 1),
        "alone": arena.meet("without search, against random", alone, at_random(2), 100, 2),
        "plain": against_plain,
        "plain random": arena.meet("plain search against random", plain(), at_random(1), 100, 1),
        "curve": [
            arena.meet(f"network {k}, plain search", arena.player(models[k]), plain(), 40, 4)
            for k in milestones[:-1]
        ]
        + [against_plain],
        "earlier": [
            arena.meet(f"last against network {k}", last, arena.player(models[k]), 60, 5)
            for k in milestones[:-1]
        ],
    }


def document(arena: Arena, models: list[nn.Module], played: list[Games]) -> dict[str, Any]:
    """Train a new tower on the fixed set of the last games, and measure it."""
    plan = arena.plan
    learned, apart = fixed_set(played, plan)
    model = tower(plan, 1)
    steps = plan.memory * plan.steps
    train(model, learned, steps, 0.05, np.random.default_rng(1), "a new tower, the fixed set")
    player = arena.player(model)
    return {
        "model": model,
        "positions": len(learned.values),
        "held out": held_out(model, apart),
        "untrained": held_out(models[0], apart),
        "last": arena.meet(
            "the new tower, the last network", player, arena.player(models[-1]), 60, 6
        ),
        "plain": arena.meet("the new tower, plain search", player, arena.plain(), 60, 7),
    }


def stones(axis: Any, state: go.Go, title: str) -> None:
    """Draw a position."""
    size = state.board.size
    axis.set_facecolor("#dcb468")
    for k in range(size):
        axis.plot([0, size - 1], [k, k], color="#5a4520", lw=0.8, zorder=1)
        axis.plot([k, k], [0, size - 1], color="#5a4520", lw=0.8, zorder=1)
    for points, colour in ((state.black, "black"), (state.white, "white")):
        rows, columns = np.nonzero(state.board.arrays([points])[0])
        axis.scatter(columns, rows, s=12000 / size**2, c=colour, edgecolors="k", zorder=3)
    axis.set(xlim=(-0.6, size - 0.4), ylim=(size - 0.4, -0.6), xticks=[], yticks=[], aspect="equal")
    axis.set_title(title, fontsize=10)


def points_with_bars(axis: Any, xs: Any, records: list[Record], colour: str, label: str) -> None:
    """Draw shares of games won with their intervals."""
    low, high = np.array([r.interval for r in records]).T
    shares = np.array([r.share for r in records])
    axis.errorbar(
        xs, 100 * shares, 100 * np.array([shares - low, high - shares]), fmt="o-", color=colour,
        capsize=3, label=label,
    )  # fmt: skip


def picture(
    path: Path, arena: Arena, models: list[nn.Module], played: list[Games],
    milestones: list[int], found: dict[str, Any],
) -> Path:  # fmt: skip
    """Draw the strength of each generation, a position as the network sees it, a game's end."""
    figure, axes = common.pyplot().subplots(1, 3, figsize=(14, 4.6))
    label = f"against plain search, {arena.plan.simulations} simulations each"
    points_with_bars(axes[0], milestones, found["curve"], common.BLUE, label)
    points_with_bars(
        axes[0], milestones[:-1], found["earlier"], common.ORANGE, "the last one against this one"
    )
    axes[0].axhline(50, color=common.GREY, lw=0.8)
    axes[0].set(
        xlabel="network (0 is untrained)", ylabel="games won, %", ylim=(0, 104),
        xticks=milestones, title="Strength, with intervals of 95 %",
    )  # fmt: skip
    axes[0].legend(fontsize=8, loc="lower right")
    size = arena.plan.size
    state = go.Go(size).play(size * size // 2)
    shares, value = judge_of(models[-1])([state])
    stones(axes[1], state, f"White to move: the network's moves; its value {value[0]:+.2f}")
    box = {"boxstyle": "circle,pad=0.15", "fc": "#dcb468", "ec": "none"}
    for point in np.flatnonzero(state.legal()[:-1]):
        axes[1].text(
            point % size, point // size, f"{100 * shares[0, point]:.0f}", ha="center", va="center",
            fontsize=8, zorder=4, bbox=box,
        )  # fmt: skip
    end = max(played[-1].ends, key=lambda e: e.captured)
    stones(axes[2], end, f"A game with itself: {end.length} moves, {end.captured} stones taken, "
                         f"black {end.score():+.1f}")  # fmt: skip
    return common.save(
        figure, path,
        "Left: how the networks fare, each opening played with both colours. Middle: the last "
        "network's probabilities in percent, before any search. Right: the end of one of its games "
        "with itself.",
    )  # fmt: skip


def results(plan: Plan, found: dict[str, Any], new: dict[str, Any], milestones: list[int]) -> Any:
    """Return the lines of the table."""
    board = f"{plan.size}x{plan.size} Go, {plan.simulations} simulations a move"
    seen, before = new["held out"], new["untrained"]
    rows = [
        ("random", f"{board}: the last of {plan.generations} networks against a random player",
         found["random"], f"plain tree search with as many simulations: {found['plain random']}"),
        ("plain", "the same against plain tree search with as many simulations",
         found["plain"], f"untrained, the same search: {found['curve'][0]}"),
        ("alone", "its most probable move, without search, against a random player",
         found["alone"], "with search: " + str(found["random"])),
        *(
            (f"earlier: {k}", f"the last network against network {k}", record, "equals: 50%")
            for k, record in zip(milestones, found["earlier"], strict=False)
        ),
        ("new last", f"a new tower, from a fixed set of {new['positions']:,} positions of earlier "
         "games, against the last network", new["last"], "equals: 50%"),
        ("new plain", "the new tower against plain tree search", new["plain"],
         f"the last network: {found['plain']}"),
    ]  # fmt: skip
    made = [common.Result("D11, E13", key, what, r.share, str(r), by) for key, what, r, by in rows]
    apart = "the new tower on games that were kept out"
    made += [
        common.Result(
            "D11, E13", "move", f"{apart}: the search's move is its first choice", seen["move"],
            f"{seen['move']:.0%}; cross-entropy {seen['policy']:.2f}",
            f"untrained {before['move']:.0%}, {before['policy']:.2f}",
        ),
        common.Result(
            "D11, E13", "value", f"{apart}: squared error of the value, of a constant's",
            seen["value"] / seen["spread"], f"{seen['value'] / seen['spread']:.2f}",
            f"1, which is {seen['spread']:.2f}",
        ),
    ]  # fmt: skip
    return made


def run(size: int, name: str, options: argparse.Namespace) -> list[common.Result]:
    """Play, learn, and measure on a board of this size; write what is written under this name."""
    plan = (
        replace(PLANS[size], **QUICK, simulations=300 // size**2) if options.quick else PLANS[size]
    )
    start = time.process_time()
    models: list[nn.Module] = [tower(plan, 0)]
    played = []
    for model, games in generations(plan, 0):
        models.append(model)
        played.append(games)
    spent = time.process_time() - start
    arena = Arena(plan, options.quick)
    milestones = sorted({k * plan.generations // 3 for k in range(4)})
    found = strength(arena, models, milestones)
    new = document(arena, models, played)
    path = options.out / f"{name}.png"
    written = [picture(path, arena, models, played, milestones, found)]
    weights = options.out / f"{name}.safetensors"
    nn.save(models[-1].state_dict(), weights)
    print(f"\nPlaying and learning took {spent:.0f} s of processor time.")
    return common.report(results(plan, found, new, milestones), [*written, weights], options)


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    return run(5, "alphago", common.parse(common.parser(__doc__), arguments))


if __name__ == "__main__":
    main()
