"""AlphaGo Zero's full tower on positions of self-played games of Go (D11, E13).

    python -m examples.alphago_tower [--quick] [--out out]

A small tower for the board of 19 by 19, which has learned nothing yet, plays whole
games with itself, guided by search.  Positions of these games are what the full
tower of 20 blocks of 256 filters takes its steps on: forward, backward and update.
A few positions for a few steps: this shows that all of it runs at full size and
what it costs, not that it plays well.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np
from tqdm import tqdm

import optim
from examples import common
from examples.alphago import stones
from examples.go_learning import Games, Plan, losses, self_play, tower
from nn.models import AlphaGoZero

PLAYING = Plan(
    size=19, filters=8, blocks=1, generations=1, games=4, simulations=4, steps=0, warm=100
)


def drawn(games: Games, positions: int, rng: np.random.Generator) -> Games:
    """Return positions from the later halves of games, of as many games as there are."""
    rows = [np.flatnonzero(games.game == k % len(games.ends)) for k in range(positions)]
    return games.rows(np.array([rng.choice(r[len(r) // 2 :]) for r in rows]))


def steps_of(model: AlphaGoZero, games: Games, steps: int) -> tuple[list[float], float]:
    """Take steps on the same positions; return the losses, and processor time of the last one."""
    optimizer = optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    found, spent = [], 0.0
    for _ in tqdm(range(steps), desc="full tower", unit="step"):
        start = time.process_time()
        value, policy = losses(model, games)
        optimizer.zero_grad()
        (value + policy).backward()
        optimizer.step()
        found.append((value + policy).item())
        spent = time.process_time() - start
    return found, spent


def picture(path: Path, played: Games, found: list[float], parameters: int) -> Path:
    """Draw the end of a game, and the tower's losses."""
    figure, axes = common.pyplot().subplots(1, 2, figsize=(10, 5))
    end = played.ends[0]
    stones(
        axes[0], end, f"{end.length} moves, {end.captured} stones taken, black {end.score():+.1f}"
    )
    axes[1].plot(range(1, len(found) + 1), found, "o-", color=common.BLUE)
    axes[1].set(
        xlabel="step", ylabel="loss on the same positions", xticks=range(1, len(found) + 1),
        title=f"The full tower, {parameters / 1e6:.1f} million parameters",
    )  # fmt: skip
    return common.save(
        figure, path,
        "The end of a game that the small tower played with itself, and the steps that the full "
        "tower took on positions of such games: it learns them by heart.",
    )  # fmt: skip


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    plan = replace(PLAYING, games=2, simulations=2) if options.quick else PLAYING
    positions, steps = (2, 2) if options.quick else (4, 4)
    start = time.process_time()
    played = self_play(tower(plan, 0), plan, np.random.default_rng(0), "games of 19x19")
    playing = time.process_time() - start
    model = tower(replace(plan, filters=256, blocks=19), 0, hidden=256)
    parameters = sum(p.size for p in model.parameters())
    found, spent = steps_of(model, drawn(played, positions, np.random.default_rng(0)), steps)
    without = sum(p.grad is None or not np.any(p.grad.data) for p in model.parameters())
    arrays = len(list(model.parameters()))
    moves, taken = len(played.values), sum(end.captured for end in played.ends)
    results = [
        common.Result(
            "D11, E13", "parameters",
            "AlphaGo Zero's tower, 20 blocks of 256 filters with both heads, "
            "362 moves: parameters", float(parameters), f"{parameters:,}",
            "by hand from the paper's Methods: 22,827,877",
        ),
        common.Result(
            "D11, E13", "loss", f"the same: forward, backward, update on {positions} positions of "
            "19x19 games that a small tower, untrained, played with itself by search "
            f"({len(played.ends)} games, {moves:,} moves, {taken:,} stones taken)",
            found[-1] / found[0],
            f"loss {found[0]:.2f} → {found[-1]:.2f} in {steps} steps on the same positions, "
            f"{spent:.1f} s of processor time each; {arrays - without} of {arrays} parameter "
            "arrays get a gradient",
            "a uniform policy and a value of 0: cross-entropy 5.89; the games took "
            f"{playing:.0f} s",
        ),
    ]  # fmt: skip
    path = options.out / "alphago_tower.png"
    return common.report(results, [picture(path, played, found, parameters)], options)


if __name__ == "__main__":
    main()
