"""What the checks on several ranks share: data, networks, and the errors that they wait for."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

import nn
import optim
from nn.distributed import launch
from nn.distributed.group import Group

CHECKS = {}
BREAKING = ("models_that_differ", "ranks_that_do_different_things")
FOLDER = Path()  # set by the program


def check(function):
    CHECKS[function.__name__] = function
    return function


def close(a, b, tolerance=1e-12):
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


def renewed():
    """A group of its own for each check, which may break it."""
    mpi = sys.modules["mpi4py.MPI"]
    launch.FOUND[:] = [Group(mpi, mpi.COMM_WORLD, watched=False)]
    return launch.FOUND[0]


def data(rows=24, seed=3):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(rows, 1, 6, 6)), rng.integers(0, 3, rows)


def network(norm=None, dropout=0.0, seed=0):
    nn.manual_seed(seed)
    # before a normalization a bias has no gradient but rounding errors
    layers = [nn.Conv2d(1, 4, 3, bias=norm is None), *([norm(4)] if norm else [])]
    layers += [nn.ReLU(), nn.Flatten()]
    layers += [nn.Linear(64, 8), nn.Tanh(), *([nn.Dropout(dropout)] if dropout else [])]
    return nn.Sequential(*layers, nn.Linear(8, 3))


def mine(array):
    k, n = launch.get_rank(), launch.get_world_size()
    return array[k * len(array) // n : (k + 1) * len(array) // n]


OPTIMIZERS = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=1e-3),
    "nesterov": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "adam": lambda p: optim.Adam(p, lr=0.01),
    "adamw": lambda p: optim.AdamW(p, lr=0.01, weight_decay=0.1),
    "rmsprop": lambda p: optim.RMSprop(p, lr=0.01),
    "lion": lambda p: optim.Lion(p, lr=0.003),
}


def run(model, optimizer, x, y, steps=5, clip=None):
    for _ in range(steps):
        loss = nn.CrossEntropyLoss()(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        if clip:
            optim.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
    return model


def same(model, other, tolerance=1e-12):
    for (name, a), b in zip(model.state_dict().items(), other.state_dict().values(), strict=True):
        assert a.dtype == b.dtype, name
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance, err_msg=name)


def raises(kind, function, *words):
    """The error, which must come on every rank, and soon."""
    begin = time.monotonic()
    try:
        function()
    except kind as error:
        text = str(error)
    else:
        raise AssertionError(f"no {kind.__name__}")
    assert time.monotonic() - begin < 10
    for word in words:
        assert word in text, text
    return text


def trainer(model, **settings):
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    return nn.Trainer(
        model,
        nn.CrossEntropyLoss(),
        optimizer,
        optim.lr_scheduler.StepLR(optimizer, 2, 0.5),
        metrics={"accuracy": nn.accuracy},
        progress=True,
        **settings,
    )
