"""Tree search guided by a network, for many games at once (AlphaGo Zero's PUCT).

Every game has its own tree; all trees take one step together, so that the network
judges all their new leaves in one batch.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from examples import tictactoe

# boards (n, 9) -> probabilities of the moves (n, 9), values for the player to move (n,)
Judge = Callable[[Any], tuple[Any, Any]]


@dataclass(frozen=True)
class Settings:
    """How the search weighs what it knows."""

    simulations: int = 25
    exploration: float = 1.5  # c of PUCT
    noise: float = 0.0  # share of Dirichlet noise in the root's prior
    alpha: float = 1.0  # of the noise: about 10 over the number of moves


class Trees:
    """One tree for each board; nodes are rows of arrays (game, node, move)."""

    def __init__(self, boards: Any, judge: Judge, settings: Settings, rng: Any = None) -> None:
        games, moves = boards.shape
        self.judge, self.settings = judge, settings
        shape = (games, settings.simulations + 1, moves)
        self.prior = np.zeros(shape)
        self.visits = np.zeros(shape)
        self.total = np.zeros(shape)  # of the values found below each move
        self.child = np.full(shape, -1)
        self.boards = np.zeros(shape, np.int8)
        self.result = np.full(shape[:2], np.nan)
        everyone = np.arange(games)
        self.boards[:, 0] = boards
        self.expand(everyone, np.zeros(games, int))
        if settings.noise:
            legal = boards == 0
            drawn = rng.gamma(settings.alpha, size=boards.shape) * legal  # Dirichlet, once divided
            drawn /= drawn.sum(axis=1, keepdims=True)
            self.prior[:, 0] = (1 - settings.noise) * self.prior[:, 0] + settings.noise * drawn
        for new in range(1, settings.simulations + 1):
            self.simulate(new)

    def expand(self, games: Any, nodes: Any) -> Any:
        """Let the network judge new nodes; return their values."""
        boards = self.boards[games, nodes]
        prior, values = self.judge(boards)
        prior = prior * (boards == 0)
        self.prior[games, nodes] = prior / prior.sum(axis=1, keepdims=True)
        return values

    def choose(self, games: Any, nodes: Any) -> Any:
        """Return the move with the largest Q + U in each node."""
        visits = self.visits[games, nodes]
        mean = self.total[games, nodes] / np.maximum(visits, 1)
        root = np.sqrt(1 + visits.sum(axis=1, keepdims=True))
        bonus = self.settings.exploration * self.prior[games, nodes] * root / (1 + visits)
        legal = self.boards[games, nodes] == 0
        return np.where(legal, mean + bonus, -np.inf).argmax(axis=1)

    def simulate(self, new: int) -> None:
        """In each tree go down to a leaf, judge it, and carry its value back up."""
        count = len(self.boards)
        games, nodes = np.arange(count), np.zeros(count, int)
        path = []
        leaf = np.zeros(count, int)  # the node where each game ends up
        fresh = np.zeros(count, bool)
        while len(games):
            moves = self.choose(games, nodes)
            path.append((games, nodes, moves))
            following = self.child[games, nodes, moves]
            missing = following < 0
            at, from_, by = games[missing], nodes[missing], moves[missing]
            self.child[at, from_, by] = new
            made = tictactoe.after(self.boards[at, from_], by)
            self.boards[at, new] = made
            self.result[at, new] = tictactoe.results(made)
            fresh[at] = True
            nodes = np.where(missing, new, following)
            leaf[games] = nodes
            going = ~missing & np.isnan(self.result[games, nodes])
            games, nodes = games[going], nodes[going]
        values = self.result[np.arange(count), leaf]
        unknown = np.flatnonzero(fresh & np.isnan(values))
        if len(unknown):
            values[unknown] = self.expand(unknown, leaf[unknown])
        for games, nodes, moves in reversed(path):
            values[games] = -values[games]  # what is good for one is bad for the other
            self.visits[games, nodes, moves] += 1
            self.total[games, nodes, moves] += values[games]


def visits(boards: Any, judge: Judge, settings: Settings, rng: Any = None) -> Any:
    """Return how often the search tried each move on each board, shape (n, moves)."""
    return Trees(boards, judge, settings, rng).visits[:, 0]
