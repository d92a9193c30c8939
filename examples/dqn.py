"""A network that learns what actions are worth, and balances a pole by that: DQN (E8).

    python -m examples.dqn [--quick] [--out out]

Q-learning with the two things that made it work with networks (Mnih et al.,
2015): a memory from which steps are drawn again and again, and a target
network, a copy that follows slowly.  The example trains without the one and
without the other too, and prints what each of them buys.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import nn
import optim
from autograd_core import Tensor, no_grad
from examples import cart_pole, common
from examples.policy_gradient import greedy


@dataclass(frozen=True)
class Recipe:
    """How one network learns."""

    steps: int  # of all carts together; one update each
    carts: int = 8
    batch: int = 64
    memory: int = 20_000  # steps of one cart; 0: the last step of each cart alone
    follow: float = 0.02  # of the way that the target goes at each update; 1: no target network
    discount: float = 0.99
    rate: float = 1e-3
    hidden: int = 64


class Memory:
    """The last steps: what was seen, done, got, seen next, and whether the pole fell."""

    def __init__(self, room: int) -> None:
        self.seen = np.zeros((room, 4), np.float32)
        self.next = np.zeros((room, 4), np.float32)
        self.actions = np.zeros(room, int)
        self.rewards = np.zeros(room, np.float32)
        self.fell = np.zeros(room, bool)
        self.written = 0

    def add(self, seen: Any, actions: Any, rewards: Any, following: Any, fell: Any) -> None:
        """Write n steps over the oldest."""
        rows = (self.written + np.arange(len(seen))) % len(self.seen)
        self.seen[rows], self.next[rows] = seen, following
        self.actions[rows], self.rewards[rows], self.fell[rows] = actions, rewards, fell
        self.written += len(seen)

    def draw(self, count: int, rng: np.random.Generator) -> tuple[Any, ...]:
        """Return steps drawn evenly; all of them where there are no more than that."""
        held = min(self.written, len(self.seen))
        rows = rng.integers(0, held, count) if held > count else np.arange(held)
        return (
            self.seen[rows], self.actions[rows], self.rewards[rows], self.next[rows],
            self.fell[rows],
        )  # fmt: skip


def network(hidden: int) -> nn.Module:
    """Return a network: four numbers that are observed, the worth of two actions."""
    return nn.Sequential(
        nn.Linear(4, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, 2)
    )


def loss_of(model: nn.Module, target: nn.Module, steps: tuple[Any, ...], discount: float) -> Any:
    """Return Huber's loss of Q(s, a) against (1 - γ) r + γ max Q(s', ·); nothing follows a fall.

    The factor 1 - γ keeps Q between 0 and 1.  Without it Q reaches 100, and Huber's
    loss, straight beyond 1, lets falls weigh too little: then Q grows without bound.
    The action of the maximum is the network's, its worth the target's (double
    Q-learning, van Hasselt et al., 2015).
    """
    seen, actions, rewards, following, fell = steps
    rows = np.arange(len(seen))
    with no_grad():
        best = model(Tensor(following)).data.argmax(axis=1)
        worth = target(Tensor(following)).data[rows, best]
    aims = (1 - discount) * rewards + discount * worth * ~fell
    return nn.functional.smooth_l1_loss(model(Tensor(seen))[rows, actions], aims)


def train(recipe: Recipe, seed: int, title: str) -> tuple[nn.Module, list[tuple[int, float]]]:
    """Train; return the network, and the finished episodes: steps by then, return."""
    nn.manual_seed(seed)
    rng = np.random.default_rng(seed)
    model = network(recipe.hidden)
    target = copy.deepcopy(model)
    pairs = list(zip(target.parameters(), model.parameters(), strict=True))
    optimizer = optim.Adam(model.parameters(), lr=recipe.rate)
    schedule = optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.1, recipe.steps)
    memory = Memory(recipe.memory or recipe.carts)
    made = cart_pole.carts(recipe.carts)
    seen, _ = made.reset(seed=seed)
    act = greedy(model)
    fresh = np.zeros(recipe.carts, bool)  # the next step only begins anew
    lengths = np.zeros(recipe.carts, int)
    ended: list[tuple[int, float]] = []
    for step in tqdm(range(recipe.steps), desc=title, unit="step"):
        seen = seen.astype(np.float32)
        lots = max(0.05, 1 - step / (0.2 * recipe.steps))
        actions = np.where(
            rng.random(recipe.carts) < lots, rng.integers(2, size=recipe.carts), act(seen)
        )
        following, rewards, fell, cut, _ = made.step(actions)
        real = ~fresh
        lengths[real] += 1
        memory.add(seen[real], actions[real], rewards[real], following[real], fell[real])
        fresh = fell | cut
        for length in lengths[fresh]:
            ended.append(((step + 1) * recipe.carts, float(length)))
        lengths[fresh] = 0
        seen = following
        optimizer.zero_grad()
        loss_of(model, target, memory.draw(recipe.batch, rng), recipe.discount).backward()
        optimizer.step()
        schedule.step()
        for slow, fast in pairs:
            slow.data += recipe.follow * (fast.data - slow.data)
    made.close()
    return model, ended


def smoothed(ended: list[tuple[int, float]], steps: int, parts: int = 20) -> Any:
    """Return the mean return of the episodes that ended in each part of the training."""
    when, got = np.array(ended).T
    part = np.minimum((when / steps * parts).astype(int), parts - 1)
    return np.array([got[part == k].mean() if (part == k).any() else np.nan for k in range(parts)])


def picture(path: Path, curves: dict[str, Any], steps: int) -> Path:
    """Draw the returns while training, each seed thin and their mean thick."""
    figure, axis = common.pyplot().subplots(figsize=(7, 4.2))
    for (kind, runs), colour in zip(
        curves.items(), (common.BLUE, common.ORANGE, common.GREEN), strict=True
    ):
        along = (np.arange(runs.shape[1]) + 0.5) / runs.shape[1] * steps
        axis.plot(along, runs.T, color=colour, lw=0.6, alpha=0.5)
        known = ~np.isnan(runs).all(axis=0)
        axis.plot(along[known], np.nanmean(runs[:, known], axis=0), color=colour, lw=2, label=kind)
    axis.axhline(cart_pole.SOLVED, color=common.GREY, ls="--", label="solved")
    axis.set(xlabel="steps of all carts", ylabel="steps that the pole stood")
    axis.legend()
    return common.save(
        figure, path, "Learning to balance a pole by Q-learning, with and without the two things "
        "that keep it stable; a thin line is one seed.",
    )  # fmt: skip


def main(arguments: list[str] | None = None) -> list[common.Result]:
    """Run the example."""
    options = common.parse(common.parser(__doc__), arguments)
    seeds = 2 if options.quick else 3
    whole = Recipe(1200 if options.quick else 3000)
    recipes = {
        "DQN": whole,
        "no target network": replace(whole, follow=1.0),
        "no memory": replace(whole, memory=0),
    }
    curves: dict[str, Any] = {}
    final: dict[str, Any] = {}
    steps = whole.steps * whole.carts
    for name, recipe in recipes.items():
        found = [train(recipe, seed, f"{name}, seed {seed}") for seed in range(seeds)]
        curves[name] = np.stack([smoothed(ended, steps) for _, ended in found])
        final[name] = [cart_pole.returns(greedy(model)).mean() for model, _ in found]
    lots = cart_pole.returns(cart_pole.at_random(0)).mean()
    hand = cart_pole.returns(cart_pole.by_hand).mean()
    results = [
        common.Result(
            "E8", name, f"CartPole, {name}, {steps:,} steps: steps that the pole stands, 100 new "
            f"episodes, {seeds} seeds", float(np.mean(values)), cart_pole.interval(values),
            f"at random {lots:.0f}, a rule of one line {hand:.0f}, at most 500",
        )
        for name, values in final.items()
    ]  # fmt: skip
    return common.report(results, [picture(options.out / "dqn.png", curves, steps)], options)


if __name__ == "__main__":
    main()
