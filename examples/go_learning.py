"""How a network learns Go from games with itself: self-play, fixed sets of games, training."""

from __future__ import annotations

import copy
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from tqdm import tqdm

import nn
import optim
from examples import go
from examples.go_players import judge_of, opened
from examples.search import Settings, Trees
from nn.models import AlphaGoZero

BATCH = 128


@dataclass(frozen=True)
class Plan:
    """How much is done."""

    size: int
    filters: int
    blocks: int
    generations: int
    games: int  # of each generation with itself
    simulations: int  # a move
    steps: int  # of training, a generation
    memory: int = 4  # generations whose games are the fixed set
    slots: int = 128  # games at once
    warm: int = 8  # moves drawn in proportion to the visits; then the most visited one
    matches: float = 1.0  # games of a match, of those that it has on the smallest board


def tower(plan: Plan, seed: int, hidden: int = 64) -> AlphaGoZero:
    """Return a new tower; `hidden` units in the value's head."""
    nn.manual_seed(seed)
    return AlphaGoZero(size=plan.size, filters=plan.filters, blocks=plan.blocks, hidden=hidden)


@cache
def symmetries(size: int) -> tuple[Any, ...]:
    """Return the eight orders of the moves that turn and mirror the board; the pass stays."""
    points = np.arange(size * size).reshape(size, size)
    return tuple(
        np.append(np.rot90(flipped, turns).ravel(), size * size)
        for flipped in (points, points[:, ::-1])
        for turns in range(4)
    )


@dataclass(frozen=True)
class Games:
    """Positions of whole games: what the network sees, and what it learns from them."""

    planes: Any  # (n, 17, size, size), booleans
    policies: Any  # (n, size² + 1): shares of the search's visits
    values: Any  # (n,): what the end was worth to the player to move
    game: Any  # (n,): number of the game
    ends: list[go.Go]

    def rows(self, chosen: Any) -> Games:
        """Return some of the positions."""
        return Games(
            self.planes[chosen], self.policies[chosen], self.values[chosen], self.game[chosen],
            self.ends,
        )  # fmt: skip


def joined(parts: list[Games]) -> Games:
    """Return the games of several sets as one set."""
    shifts = np.cumsum([0] + [len(p.ends) for p in parts[:-1]])
    return Games(
        *(np.concatenate([getattr(p, name) for p in parts])
          for name in ("planes", "policies", "values")),
        np.concatenate([p.game + shift for p, shift in zip(parts, shifts, strict=True)]),
        [end for p in parts for end in p.ends],
    )  # fmt: skip


def self_play(model: nn.Module, plan: Plan, rng: np.random.Generator, title: str) -> Games:
    """Let a network play with itself; each game begins with none to four random moves."""
    points = plan.size**2
    settings = Settings(plan.simulations, noise=0.25, alpha=10 / points, hopeful=False)
    begin = [opened(plan.size, int(rng.integers(5)), rng) for _ in range(plan.games)]
    slots = np.arange(min(plan.slots, plan.games))
    states = go.blank((len(slots),))
    states[:] = begin[: len(slots)]
    trees = Trees(go, states, judge_of(model), settings, rng)
    number = slots.copy()  # of the game in each slot
    started = len(slots)
    ends: list[Any] = [None] * plan.games
    seen: list[tuple[Any, Any, Any, Any]] = []
    with tqdm(total=plan.games, desc=title, unit="game") as bar:
        while len(slots):
            counts = trees.counts(slots)
            states = trees.states[slots, 0]
            shares = counts / counts.sum(axis=1, keepdims=True)
            turns = np.array([s.turn for s in states])
            seen.append((go.planes(states).astype(bool), shares, turns, number[slots]))
            drawn = (shares.cumsum(axis=1) > rng.random((len(slots), 1))).argmax(axis=1)
            early = np.array([s.length < plan.warm for s in states])
            trees.advance(slots, np.where(early, drawn, counts.argmax(axis=1)))
            done = np.array([s.over for s in trees.states[slots, 0]])
            for slot in slots[done]:
                ends[number[slot]] = trees.states[slot, 0]
                bar.update()
            refilled = slots[done][: plan.games - started]
            if len(refilled):
                number[refilled] = started + np.arange(len(refilled))
                fresh = go.blank((len(refilled),))
                fresh[:] = [begin[k] for k in number[refilled]]
                trees.plant(refilled, fresh)
                started += len(refilled)
            slots = np.concatenate([slots[~done], refilled])
    game = np.concatenate([n for *_, n in seen])
    worth = np.array([end.worth(end.score()) * end.turn for end in ends])  # to black
    return Games(
        np.concatenate([p for p, *_ in seen]),
        np.concatenate([s for _, s, _, _ in seen]).astype(np.float32),
        (np.concatenate([t for _, _, t, _ in seen]) * worth[game]).astype(np.float32),
        game,
        ends,
    )


def losses(model: nn.Module, games: Games) -> tuple[Any, Any]:
    """Return (z - v)² and -p log q; the L2 term is the optimizer's weight decay."""
    logits, guesses = model(games.planes.astype(np.float32))
    return (
        nn.functional.mse_loss(guesses, games.values),
        nn.functional.cross_entropy(logits, games.policies),
    )


def turned(games: Games, order: Any) -> Games:
    """Return the positions turned or mirrored, and what is learned of them with them."""
    n, planes, size, _ = games.planes.shape
    seen = games.planes.reshape(n, planes, -1)[:, :, order[:-1]]
    return Games(
        seen.reshape(n, planes, size, size), games.policies[:, order], games.values, games.game,
        games.ends,
    )  # fmt: skip


def train(
    model: nn.Module, games: Games, steps: int, rate: float, rng: np.random.Generator, title: str
) -> list[float]:
    """Learn from a fixed set of games by SGD with momentum; return the steps' losses."""
    model.train()
    optimizer = optim.SGD(model.parameters(), lr=rate, momentum=0.9, weight_decay=1e-4)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps, eta_min=rate / 10)
    found = []
    for _ in tqdm(range(steps), desc=title, unit="step"):
        rows = rng.integers(0, len(games.values), BATCH)
        value, policy = losses(
            model, turned(games.rows(rows), symmetries(games.planes.shape[-1])[rng.integers(8)])
        )
        optimizer.zero_grad()
        (value + policy).backward()
        optimizer.step()
        schedule.step()
        found.append((value + policy).item())
    return found


def generations(plan: Plan, seed: int) -> Iterator[tuple[nn.Module, Games]]:
    """Play and learn in turn; yield each generation's games, and the network that learned them."""
    rng = np.random.default_rng(seed)
    model: nn.Module = tower(plan, seed)
    played: deque[Games] = deque(maxlen=plan.memory)
    for k in range(plan.generations):
        played.append(self_play(model, plan, rng, f"games of network {k}"))
        model = copy.deepcopy(model)
        train(model, joined(list(played)), plan.steps, 0.05, rng, f"network {k + 1} learns")
        yield model, played[-1]
