"""A policy that learns to balance a pole from rewards alone: REINFORCE (E8).

    python -m examples.policy_gradient [--quick] [--out out]

The gradient of the expected return is the mean of (what came after an action -
a baseline) times the gradient of the action's log-probability (Williams, 1992).
A baseline does not move that mean, it takes away noise: the example trains
without one and with a second network that predicts what is still to come.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import nn
import optim
from autograd_core import Tensor, no_grad
from examples import cart_pole, common

KINDS = ("no baseline", "value network")
DISCOUNT, EPISODES, HIDDEN = 0.99, 16, 32


def network(outputs: int) -> nn.Module:
    """Return a network for the four numbers that are observed."""
    return nn.Sequential(nn.Linear(4, HIDDEN), nn.Tanh(), nn.Linear(HIDDEN, outputs))


def drawing(model: nn.Module, rng: np.random.Generator) -> cart_pole.Policy:
    """Return the policy that draws an action from the network's probabilities."""

    def act(seen: Any) -> Any:
        with no_grad():
            shares = nn.functional.softmax(model(Tensor(seen))).data
        return (rng.random(len(seen)) < shares[:, 1]).astype(int)

    return act


def greedy(model: nn.Module) -> cart_pole.Policy:
    """Return the policy that takes the most probable (or most valuable) action."""

    def act(seen: Any) -> Any:
        with no_grad():
            return model(Tensor(seen)).data.argmax(axis=1)

    return act


def discounted(rewards: Any, factor: float = DISCOUNT) -> Any:
    """Return what is still to come at each step, shape (steps, episodes)."""
    found = np.zeros(rewards.shape, np.float32)
    later = np.zeros(rewards.shape[1], np.float32)
    for k in range(len(rewards) - 1, -1, -1):
        found[k] = later = rewards[k] + factor * later
    return found


def policy_loss(model: nn.Module, seen: Any, actions: Any, advantages: Any) -> Any:
    """Return -advantage · log π(action), averaged: its gradient is the policy gradient."""
    every = nn.functional.cross_entropy(model(Tensor(seen)), actions, reduction="none")
    return np.mean(every * advantages)


def fit(critic: nn.Module, optimizer: optim.Optimizer, seen: Any, come: Any, steps: int) -> None:
    """Teach the value network what came after each observation."""
    for _ in range(steps):
        optimizer.zero_grad()
        nn.functional.mse_loss(critic(Tensor(seen)).reshape((-1,)), come).backward()
        optimizer.step()


def baseline(critic: nn.Module, seen: Any) -> Any:
    """Return what the value network predicts, shape (steps, episodes)."""
    with no_grad():
        return critic(Tensor(seen.reshape(-1, 4))).data.reshape(seen.shape[:2])


def train(kind: str, updates: int, seed: int) -> tuple[nn.Module, list[float]]:
    """Train; return the policy, and the mean return of each batch of episodes."""
    nn.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model, critic = network(2), network(1)
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    critics = optim.Adam(critic.parameters(), lr=0.01)
    curve: list[float] = []
    for update in tqdm(range(updates), desc=f"{kind}, seed {seed}", unit="batch"):
        seen, actions, going = cart_pole.episodes(
            drawing(model, rng), EPISODES, seed * updates + update
        )
        come = discounted(going.astype(np.float32))
        gains = come - baseline(critic, seen) if kind == KINDS[1] else come
        gains = gains[going] / (gains[going].std() + 1e-6)  # one rate fits returns of any size
        optimizer.zero_grad()
        policy_loss(model, seen[going], actions[going], gains).backward()
        optimizer.step()
        if kind == KINDS[1]:
            fit(critic, critics, seen[going], come[going], 5)
        curve.append(float(going.sum() / EPISODES))
    return model, curve


def noise_taken_away(episodes: int, seed: int) -> float:
    """Return the variance of one episode's gradient without a baseline over that with one.

    The policy is untrained; the value network has learned from other episodes.
    """
    nn.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model, critic = network(2), network(1)
    seen, _, going = cart_pole.episodes(drawing(model, rng), episodes, seed)
    come = discounted(going.astype(np.float32))
    fit(critic, optim.Adam(critic.parameters(), lr=0.01), seen[going], come[going], 200)
    seen, actions, going = cart_pole.episodes(drawing(model, rng), episodes, seed + 1)
    come = discounted(going.astype(np.float32))
    variances = []
    for gains in (come, come - baseline(critic, seen)):
        found = []
        for k in range(episodes):
            model.zero_grad()
            rows = going[:, k]
            loss = policy_loss(model, seen[rows, k], actions[rows, k], gains[rows, k]) * rows.sum()
            loss.backward()
            found.append(np.concatenate([p.grad.data.ravel() for p in model.parameters()]))
        variances.append(np.var(found, axis=0).sum())
    return float(variances[0] / variances[1])


def reached(curve: list[float]) -> int:
    """Return after how many batches the last five had 400 on average; all if never."""
    means = np.convolve(curve, np.ones(5) / 5, "valid")
    found = np.flatnonzero(means >= 400)
    return int(found[0]) + 5 if len(found) else len(curve)


def picture(path: Path, curves: dict[str, Any]) -> Path:
    """Draw the mean returns while training, each seed thin and their mean thick."""
    figure, axis = common.pyplot().subplots(figsize=(7, 4.2))
    for (kind, runs), colour in zip(curves.items(), (common.ORANGE, common.BLUE), strict=True):
        axis.plot(np.transpose(runs), color=colour, lw=0.6, alpha=0.5)
        axis.plot(np.mean(runs, axis=0), color=colour, lw=2, label=kind)
    axis.axhline(cart_pole.SOLVED, color=common.GREY, ls="--", label="solved")
    axis.set(xlabel=f"updates, of {EPISODES} episodes each", ylabel="steps that the pole stood")
    axis.legend()
    return common.save(
        figure, path, "Learning to balance a pole by the policy gradient; a thin line is one seed."
    )


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    updates, seeds = (30, 2) if options.quick else (60, 5)
    curves: dict[str, Any] = {}
    final: dict[str, Any] = {}
    for kind in KINDS:
        found = [train(kind, updates, seed) for seed in range(seeds)]
        curves[kind] = [curve for _, curve in found]
        final[kind] = [cart_pole.returns(greedy(model)).mean() for model, _ in found]
    lots = cart_pole.returns(cart_pole.at_random(0)).mean()
    hand = cart_pole.returns(cart_pole.by_hand).mean()
    results = [
        common.Result(
            "E8", kind, f"CartPole, REINFORCE, {kind}: steps that the pole stands, 100 new "
            f"episodes, {seeds} seeds", float(np.mean(final[kind])),
            cart_pole.interval(final[kind]),
            f"at random {lots:.0f}, a rule of one line {hand:.0f}, at most 500",
        )
        for kind in KINDS
    ]  # fmt: skip
    soon = {kind: [reached(c) for c in curves[kind]] for kind in KINDS}
    results.append(
        common.Result(
            "E8", "updates", "updates until five batches in a row average 400 (or all)",
            float(np.mean(soon[KINDS[1]])), cart_pole.interval(soon[KINDS[1]]),
            f"no baseline {cart_pole.interval(soon[KINDS[0]])}",
        )
    )  # fmt: skip
    ratio = [noise_taken_away(32 if options.quick else 100, seed) for seed in range(seeds)]
    results.append(
        common.Result(
            "E8", "noise", "variance of the gradient without a baseline, as a multiple of that "
            "with the value network", float(np.mean(ratio)),
            f"{min(ratio):.1f} to {max(ratio):.1f}", "1: a baseline that takes nothing away",
        )
    )  # fmt: skip
    return common.report(results, [picture(options.out / "policy_gradient.png", curves)], options)


if __name__ == "__main__":
    main()
