"""Players of Go, and matches between them with intervals.

A player takes positions, many at once, and returns a move for each.
"""

from __future__ import annotations

import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import binomtest
from tqdm import tqdm

import nn
from autograd_core import Tensor, no_grad
from examples import go
from examples.search import Judge, Settings, visits
from nn.models import ResidualBlock

Player = Callable[[Any], Any]


def folded(layers: Any) -> nn.Sequential:
    """Return layers with each normalization as part of the convolution before it."""
    made: list[Any] = []
    for layer in layers:
        if isinstance(layer, nn.BatchNorm2d):
            made[-1] = nn.utils.fuse_conv_bn_eval(made[-1], layer)
        else:
            if isinstance(layer, ResidualBlock):
                layer.path = folded(layer.path)
            made.append(layer)
    return nn.Sequential(*made)


def judge_of(model: nn.Module) -> Judge:
    """Return what the search asks a network as it is now: probabilities and values."""
    model.eval()
    fast = copy.deepcopy(model)
    for part in ("tower", "policy", "value"):
        setattr(fast, part, folded(getattr(fast, part)))

    def judge(states: Any) -> tuple[Any, Any]:
        with no_grad():
            logits, values = fast(Tensor(go.planes(states)))
            return nn.functional.softmax(logits).data, values.data

    return judge


def playouts(seed: int) -> Judge:
    """Return the judge of plain tree search: all moves alike, each value by one random game."""
    rng = random.Random(seed)

    def judge(states: Any) -> tuple[Any, Any]:
        values = [s.worth(go.playout(s, rng)) for s in states]
        return np.ones((len(states), len(states[0].board.bits) + 1)), np.array(values)

    return judge


def searcher(judge: Judge, settings: Settings) -> Player:
    """Return the player that makes the move its search visits most."""
    return lambda states: visits(go, states, judge, settings).argmax(axis=1)


def instinct(judge: Judge) -> Player:
    """Return the player that makes the network's most probable legal move, without search."""
    return lambda states: np.where(go.legal(states), judge(states)[0], -1).argmax(axis=1)


def at_random(seed: int) -> Player:
    """Return the player that makes any legal move that fills no own eye; it passes last."""
    rng = np.random.default_rng(seed)

    def play(states: Any) -> Any:
        found = [s.sensible() or [len(s.board.bits)] for s in states]
        return np.array([moves[rng.integers(len(moves))] for moves in found])

    return play


def opened(size: int, moves: int, rng: np.random.Generator) -> go.Go:
    """Return the position after so many random moves, without a pass."""
    state = go.Go(size)
    while state.length < moves:
        state = state.play(int(rng.choice(state.sensible())))
    return state


@dataclass(frozen=True)
class Record:
    """Games won of games played."""

    won: int
    games: int

    @property
    def share(self) -> float:
        """Share of games won."""
        return self.won / self.games

    @property
    def interval(self) -> tuple[float, float]:
        """Wilson's interval of 95 %."""
        found = binomtest(self.won, self.games).proportion_ci(0.95, method="wilson")
        return float(found.low), float(found.high)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.won} of {self.games}, {self.share:.0%} [{low:.0%}, {high:.0%}]"


def played(one: Player, other: Player, openings: list[go.Go]) -> Iterator[tuple[int, bool, go.Go]]:
    """Play every opening twice, sides changed; yield its number, whether `one` began, the end."""
    games: dict[tuple[int, bool], go.Go] = {
        (k, first): state for k, state in enumerate(openings) for first in (True, False)
    }
    turn = {key: key[1] for key in games}  # whether `one` is to move
    while games:
        for player, whose in ((one, True), (other, False)):
            keys = [key for key in games if turn[key] is whose]
            if not keys:
                continue
            states = go.blank((len(keys),))
            states[:] = [games[key] for key in keys]
            for key, state in zip(keys, go.after(states, player(states)), strict=True):
                games[key], turn[key] = state, not whose
                if state.over:
                    yield (*key, games.pop(key))


def match(one: Player, other: Player, openings: list[go.Go], title: str) -> Record:
    """Play every opening twice, sides changed, and return what `one` won."""
    won = 0
    with tqdm(total=2 * len(openings), desc=title, unit="game") as bar:
        for k, first, end in played(one, other, openings):
            colour = openings[k].turn if first else -openings[k].turn
            won += end.score() * colour > 0
            bar.update()
    return Record(won, 2 * len(openings))
