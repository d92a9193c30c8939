"""Answers of page 3."""

import numpy as np

from autograd_core import Dual, cost
from autograd_core.matrix_chain import matrix_chain


def _modes(n, m):
    return cost(lambda x: np.ones((m, n)) @ x, np.ones(n), measure=False).modes(
        measure=False
    )


def _sweeps():
    modes = _modes(5, 3)
    return modes.forward.sweeps, modes.reverse.sweeps


def _which():
    return _modes(1, 500).best


def _dual():
    x = Dual(2.0, 1.0)
    return float((x**3 + 2 * x).tangent)


def _chain():
    ways = matrix_chain((1, 100), (100, 100), (100, 100)).ways
    return int(ways["reverse"][1]), int(ways["forward"][1])


def _kept():
    def run(x):
        for _ in range(200):
            x = np.sin(x)
        return x

    ledger = cost(run, np.ones(1000), measure=False)
    return ledger.saved_bytes / 1e3


def _parts():
    parts = np.arange(1, 401)
    return int(parts[np.argmin(parts + 400 / parts)])


def _quotient(answer):
    rng = np.random.default_rng(0)
    for a, da, b, db in rng.uniform(0.5, 2.0, (5, 4)):
        right = Dual(a, da) / Dual(b, db)
        if not np.allclose(answer(a, da, b, db), (right.primal, right.tangent)):
            return False
    return True


EXERCISES = (_sweeps, _which, _dual, _chain, _kept, _parts, _quotient)
