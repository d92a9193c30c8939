"""Trainings to be killed, interrupted and resumed: drawn from a seed, compared bit by bit."""

from __future__ import annotations

import os
import random
import tempfile
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import nn
import optim
from attacks.uses import digest
from optim import lr_scheduler

OPTIMIZERS: dict[str, Any] = {
    "SGD": lambda p: optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True),
    "Adam": lambda p: optim.Adam(p, lr=1e-2),
    "AdamW": lambda p: optim.AdamW(p, lr=1e-2, amsgrad=True),
    "RMSprop": lambda p: optim.RMSprop(p, lr=1e-2, momentum=0.5),
    "Adagrad": lambda p: optim.Adagrad(p, lr=1e-2),
    "Lion": lambda p: optim.Lion(p, lr=1e-3),
    "RAdam": lambda p: optim.RAdam(p, lr=1e-2),
}
SCHEDULES: dict[str, Any] = {
    "none": lambda o: None,
    "steps": lambda o: lr_scheduler.StepLR(o, 2, 0.5),
    "cosine": lambda o: lr_scheduler.CosineAnnealingLR(o, 5),
    "plateau": lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=0),
}
SOURCES: dict[str, Any] = {
    "none": lambda: None,
    "shared": nn.random.generator,
    "Generator": lambda: np.random.default_rng(5),
    "MT19937": lambda: np.random.Generator(np.random.MT19937(5)),
    "RandomState": lambda: np.random.RandomState(5),
    "random.Random": lambda: random.Random(5),
    "np.random": lambda: np.random,
}
CALLBACKS: dict[str, Any] = {
    "stopping": lambda folder: nn.EarlyStopping(patience=2, restore_best=True),
    "best": lambda folder: nn.SaveBest(folder / "best.st"),
    "clipping": lambda folder: nn.GradientClipping(max_norm=1.0),
    "shaking": lambda folder: nn.Perturbation(patience=1),
    "annealing": lambda folder: nn.Annealing(patience=1),
}


class Noise(nn.Module):
    """Adds what it draws from any kind of random source."""

    def __init__(self, source: Any) -> None:
        super().__init__()
        self.source = source

    def forward(self, x: Any) -> Any:
        """Return x with some noise, in training."""
        if self.source is None or not self.training:
            return x
        if isinstance(self.source, random.Random):
            return x + 0.1 * self.source.gauss(0.0, 1.0)
        return x + 0.1 * self.source.normal(size=x.shape).astype(np.float32)


class Rows:
    """A data set that draws when it is asked for a row."""

    def __init__(self, x: Any, y: Any, source: Any) -> None:
        self.x, self.y, self.source = x, y, source

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.x)

    def __getitem__(self, k: int) -> Any:
        return self.x[k] + np.float32(self.source.normal()), self.y[k]


@dataclass(frozen=True)
class Setup:
    """What a training is made of, by names."""

    optimizer: str = "Adam"
    schedule: str = "none"
    source: str = "none"
    callbacks: tuple[str, ...] = ()
    every: int | None = None  # checkpoint_batches
    plan: tuple[int, ...] = (3,)  # the epochs of calls of fit
    data: str = "arrays"

    @classmethod
    def drawn(cls, seed: int) -> Setup:
        """Return a setup from a seed."""
        rng = np.random.default_rng([7, seed])
        names = list(CALLBACKS)

        def one(table: Any) -> Any:
            return list(table)[rng.integers(len(table))]

        return cls(
            one(OPTIMIZERS),
            one(SCHEDULES),
            one(SOURCES),
            tuple(str(n) for n in rng.choice(names, rng.integers(3), replace=False)),
            (None, 1, 2)[rng.integers(3)],
            ((3,), (2, 4))[rng.integers(2)],
            ("arrays", "arrays", "transform", "drawing")[rng.integers(4)],
        )


class Run:
    """One training in a folder; its checkpoint is ``run.st``."""

    def __init__(self, setup: Setup, folder: Path) -> None:
        nn.manual_seed(1)
        np.random.seed(2)
        random.seed(3)
        rng = np.random.default_rng(4)
        x = rng.normal(size=(20, 3)).astype(np.float32)
        y = np.sin(x.sum(axis=1, keepdims=True))
        self.setup, self.folder = setup, folder
        self.data: Any = (x[:14], y[:14])
        self.validation = (x[14:], y[14:])
        if setup.data == "transform":
            add = lambda a, r: a + r.normal(size=a.shape).astype(np.float32)  # noqa: E731
            self.data = nn.DataLoader(self.data, 4, True, transform=add)
        elif setup.data == "drawing":
            self.data = Rows(*self.data, np.random.default_rng(6))
        layers = [nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Dropout(0.2)]
        model = nn.Sequential(*layers, Noise(SOURCES[setup.source]()), nn.Linear(4, 1))
        optimizer = OPTIMIZERS[setup.optimizer](model.parameters())
        self.trainer = nn.Trainer(
            model,
            nn.MSELoss(),
            optimizer,
            SCHEDULES[setup.schedule](optimizer),
            callbacks=[CALLBACKS[name](folder) for name in setup.callbacks],
            checkpoint=folder / "run.st",
            checkpoint_batches=setup.every,
            progress=False,
        )
        self.ended = 0  # calls of fit
        self.said: list[str] = []

    def fit(self) -> None:
        """Train to the end of the plan, going on where an interrupt came."""
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            try:
                for epochs in self.setup.plan[self.ended :]:
                    self.trainer.fit(self.data, self.validation, epochs, batch_size=4)
                    self.ended += 1
            finally:
                self.said += [str(w.message) for w in said]

    def state(self) -> Any:
        """Return all that a training has come to."""
        trainer = self.trainer
        best = self.folder / "best.st"
        return [
            {k: np.array(v) for k, v in trainer.model.state_dict().items()},
            trainer.optimizer.state_dict(),
            None if trainer.schedule is None else trainer.schedule.state_dict(),
            [callback.state_dict() for callback in trainer.callbacks],
            [sorted(row.items()) for row in trainer.history.rows],
            [trainer.epoch, trainer.batch, trainer.stopped],
            nn.load(best) if best.exists() else None,
        ]

    def digest(self) -> str:
        """Return a short name of the state, and of whether a random source was given up."""
        return digest(self.state()) + ("?" if any("random" in text for text in self.said) else "")


def plain(setup: Setup) -> str:
    """Train with nothing happening, in a folder of its own; return the digest."""
    with tempfile.TemporaryDirectory() as folder:
        run = Run(setup, Path(folder))
        run.fit()
        return digest(run.state())


_known: dict[Setup, str] = {}
_seconds: dict[Setup, float] = {}


def reference(setup: Setup) -> str:
    """Return the digest of a training that nothing happens to."""
    if setup not in _known:
        start = time.perf_counter()
        _known[setup] = plain(setup)
        _seconds[setup] = time.perf_counter() - start
    return _known[setup]


def seconds(setup: Setup) -> float:
    """Return how long a training takes that nothing happens to."""
    reference(setup)
    return _seconds[setup]


def judge(setup: Setup, found: str) -> str:
    """Return how a training ended, beside one that nothing happened to; empty for wrongly."""
    if found.rstrip("?") == reference(setup):
        return "the same bits"
    return "other bits, and a warning about a random source" if found.endswith("?") else ""


def leftovers(folder: Path) -> list[str]:
    """Return the files in a folder that a training does not leave on purpose."""
    return sorted(set(os.listdir(folder)) - {"run.st", "best.st"})
