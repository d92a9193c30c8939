"""Gymnasium's cart with a pole (CartPole-v1), many at once, and what learners are held against.

A reward of 1 for each step until the pole falls or the cart leaves, 500 steps
at most.  Gymnasium calls 475 on average solved.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from scipy.stats import t

SOLVED = 475.0
HELD_OUT = 10_000  # seeds from here on are for evaluation only

Policy = Callable[[Any], Any]  # observations (n, 4) -> actions (n,)


def carts(count: int) -> Any:
    """Return so many environments in one; each begins anew one step after its end."""
    return gymnasium.make_vec("CartPole-v1", count, vectorization_mode="vector_entry_point")


def episodes(policy: Policy, count: int, seed: int) -> tuple[Any, Any, Any]:
    """Play whole episodes at the same time.

    Returns
    -------
    observations : ndarray of float32, shape (steps, count, 4)
        What the policy saw.
    actions : ndarray of int, shape (steps, count)
        What it did.
    going : ndarray of bool, shape (steps, count)
        Whether the episode had not ended before; its sum is the return.
    """
    made = carts(count)
    seen, _ = made.reset(seed=seed)
    observations, actions, going = [], [], []
    alive = np.ones(count, bool)
    while alive.any():
        observations.append(seen.astype(np.float32))
        actions.append(np.asarray(policy(observations[-1])))
        going.append(alive)
        seen, _, ended, cut, _ = made.step(actions[-1])
        alive = alive & ~(ended | cut)
    made.close()
    return np.stack(observations), np.stack(actions), np.stack(going)


def returns(policy: Policy, count: int = 100, seed: int = HELD_OUT) -> Any:
    """Return the rewards of whole episodes, shape (count,)."""
    return episodes(policy, count, seed)[2].sum(axis=0)


def at_random(seed: int) -> Policy:
    """Return the policy that draws lots."""
    rng = np.random.default_rng(seed)
    return lambda seen: rng.integers(2, size=len(seen))


def by_hand(seen: Any) -> Any:
    """Push to the side to which the pole leans and turns: a rule of one line."""
    return (seen[:, 2] + seen[:, 3] > 0).astype(int)


def interval(values: Any) -> str:
    """Return the mean of a few seeds' values, with Student's interval of 95 %."""
    values = np.asarray(values, float)
    half = t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return f"{values.mean():.0f} ± {half:.0f}"
