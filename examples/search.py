"""Tree search guided by a network, for many games at once (AlphaGo Zero's PUCT).

Every game has its own tree; all trees take one step together, so that the network
judges all their new leaves in one batch.  The rules of the game are four functions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

# positions (n, ...) -> probabilities of the moves (n, moves), values for the player to move (n,)
Judge = Callable[[Any], tuple[Any, Any]]


class Rules(Protocol):
    """A game of two players who move in turn; a module with these functions is one."""

    def blank(self, shape: tuple[int, ...]) -> Any:
        """Return an array that can hold positions."""

    def after(self, states: Any, moves: Any) -> Any:
        """Return the positions after one move on each, as the other player sees them."""

    def results(self, states: Any) -> Any:
        """Return who has won as the player to move sees it; NaN where the game goes on."""

    def legal(self, states: Any) -> Any:
        """Return which moves are legal, shape (n, moves)."""


@dataclass(frozen=True)
class Settings:
    """How the search weighs what it knows."""

    simulations: int = 25
    exploration: float = 1.5  # c of PUCT
    noise: float = 0.0  # share of Dirichlet noise in the root's prior
    alpha: float = 1.0  # of the noise: about 10 over the number of moves
    # An untried move counts as 0, as in the paper; otherwise as its node does so far, so that
    # whoever is behind does not spend the search on trying every move once.
    hopeful: bool = True


class Trees:
    """One tree for each position; nodes are rows of arrays (game, node, move), the root first."""

    def __init__(
        self, rules: Rules, states: Any, judge: Judge, settings: Settings, rng: Any = None
    ) -> None:
        games, moves = rules.legal(states).shape
        self.rules, self.judge, self.settings, self.rng = rules, judge, settings, rng
        shape = (games, settings.simulations + 1, moves)
        self.prior = np.zeros(shape)
        self.visits = np.zeros(shape)
        self.total = np.zeros(shape)  # of the values found below each move
        self.value = np.zeros(shape[:2])  # as the judge sees it
        self.legal = np.zeros(shape, bool)
        self.child = np.full(shape, -1)
        self.parent = np.zeros(shape[:2], int)  # always an earlier node
        self.result = np.full(shape[:2], np.nan)
        self.states = rules.blank(shape[:2])
        self.size = np.zeros(games, int)  # nodes in each tree
        self.noise = np.zeros((games, moves))
        self.plant(np.arange(games), states)

    def plant(self, games: Any, states: Any) -> None:
        """Begin these games' trees anew at these positions."""
        self.visits[games] = self.total[games] = 0
        self.child[games] = -1
        self.states[games, 0] = states
        self.result[games] = np.nan
        self.size[games] = 1
        self.expand(games, np.zeros(len(games), int))

    def expand(self, games: Any, nodes: Any) -> Any:
        """Let the network judge new nodes; return their values."""
        states = self.states[games, nodes]
        legal = self.rules.legal(states)
        prior, values = self.judge(states)
        prior = prior * legal
        self.value[games, nodes] = values
        self.legal[games, nodes] = legal
        self.prior[games, nodes] = prior / prior.sum(axis=1, keepdims=True)
        return values

    def counts(self, games: Any) -> Any:
        """Search until each of these roots has its visits; return the moves', (n, moves)."""
        if self.settings.noise:
            drawn = self.rng.gamma(self.settings.alpha, size=self.noise[games].shape)
            drawn *= self.legal[games, 0]  # a Dirichlet draw, once divided
            self.noise[games] = drawn / drawn.sum(axis=1, keepdims=True)
        wanting = games
        while len(wanting):
            missing = self.settings.simulations - self.visits[wanting, 0].sum(axis=1)
            wanting = wanting[missing > 0]
            if len(wanting):
                self.simulate(wanting)
        return self.visits[games, 0]

    def choose(self, games: Any, nodes: Any) -> Any:
        """Return the move with the largest Q + U in each node."""
        visits, prior = self.visits[games, nodes], self.prior[games, nodes]
        share = self.settings.noise
        if share:
            share = np.where(nodes == 0, share, 0.0)[:, None]
            prior = (1 - share) * prior + share * self.noise[games]
        total, tried = self.total[games, nodes], visits.sum(axis=1, keepdims=True)
        mean = total / np.maximum(visits, 1)
        if not self.settings.hopeful:
            known = self.value[games, nodes][:, None] + total.sum(axis=1, keepdims=True)
            mean = np.where(visits > 0, mean, known / (1 + tried))
        root = np.sqrt(1 + tried)
        bonus = self.settings.exploration * prior * root / (1 + visits)
        return np.where(self.legal[games, nodes], mean + bonus, -np.inf).argmax(axis=1)

    def simulate(self, everyone: Any) -> None:
        """In each of these trees go down to a leaf, judge it, and carry its value back up."""
        games, nodes = everyone, np.zeros(len(everyone), int)
        path = []
        leaf = np.zeros(len(self.size), int)  # the node where each game ends up
        fresh = np.zeros(len(self.size), bool)
        while len(games):
            moves = self.choose(games, nodes)
            path.append((games, nodes, moves))
            following = self.child[games, nodes, moves]
            missing = following < 0
            if missing.any():
                at, from_, by = games[missing], nodes[missing], moves[missing]
                new = self.size[at]
                self.size[at] += 1
                self.child[at, from_, by] = following[missing] = new
                self.parent[at, new] = from_
                made = self.rules.after(self.states[at, from_], by)
                self.states[at, new] = made
                self.result[at, new] = self.rules.results(made)
                fresh[at] = True
            leaf[games] = nodes = following
            going = ~missing & np.isnan(self.result[games, nodes])
            games, nodes = games[going], nodes[going]
        values = self.result[np.arange(len(leaf)), leaf]
        unknown = np.flatnonzero(fresh & np.isnan(values))
        if len(unknown):
            values[unknown] = self.expand(unknown, leaf[unknown])
        for games, nodes, moves in reversed(path):
            values[games] = -values[games]  # what is good for one is bad for the other
            self.visits[games, nodes, moves] += 1
            self.total[games, nodes, moves] += values[games]

    def advance(self, games: Any, moves: Any) -> None:
        """Make a move that was tried: what was found below it is kept, the rest forgotten."""
        rows, count = np.arange(len(games)), self.parent.shape[1]
        top = self.child[games, 0, moves]
        if np.any(top < 0):
            raise ValueError("Trees.advance: a move that the search never tried has no tree.")
        keep = np.zeros((len(games), count), bool)
        keep[rows, top] = True
        parent = self.parent[games]
        for node in range(1, count):  # parents come before their children
            keep[:, node] |= (keep[rows, parent[:, node]]) & (node < self.size[games])
        order = np.argsort(~keep, axis=1, kind="stable")
        place = np.where(keep, keep.cumsum(axis=1) - 1, -1)  # of each node, afterwards
        child = self.child[games]
        child = np.where(child < 0, -1, place[rows[:, None, None], child])
        self.child[games] = child
        self.parent[games] = place[rows[:, None], parent].clip(0)
        for array in (
            self.prior, self.visits, self.total, self.value, self.legal, self.child,
            self.parent, self.result, self.states,
        ):  # fmt: skip
            array[games] = array[games[:, None], order]
        self.size[games] = size = keep.sum(axis=1)
        beyond = np.arange(count) >= size[:, None]
        for array, empty in ((self.visits, 0), (self.total, 0), (self.child, -1)):
            array[games] = np.where(beyond[:, :, None], empty, array[games])
        self.result[games] = np.where(beyond, np.nan, self.result[games])


def visits(rules: Rules, states: Any, judge: Judge, settings: Settings, rng: Any = None) -> Any:
    """Return how often a new search tried each move on each position, shape (n, moves)."""
    return Trees(rules, states, judge, settings, rng).counts(np.arange(len(states)))
