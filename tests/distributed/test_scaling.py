"""The model of how training scales: the formulas by hand, and the fit on points that are known."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks import scaling


def test_a_ring_by_hand():
    # 3 ranks, 6 bytes: 4 messages of 2 bytes from each rank, one after the other
    assert scaling.ring(3, 6, alpha=10.0, beta=2.0) == pytest.approx(4 * (10 + 2 / 2))
    assert scaling.ring(1, 1e9, 1.0, 1.0) == 0.0


def test_the_fit_finds_what_made_the_points():
    rng = np.random.default_rng(0)
    alpha, beta = 3e-5, 2e9
    points = [
        (p, size, scaling.ring(p, size, alpha, beta) * rng.uniform(0.95, 1.05))
        for p in (2, 4)
        for size in scaling.SIZES
    ]
    a, b = scaling.fitted(points)
    assert a == pytest.approx(alpha, rel=0.05)
    assert b == pytest.approx(beta, rel=0.05)
    flat = [(p, size, 1e-4) for p in (2, 4) for size in (4, 8)]  # no bandwidth shows
    assert min(scaling.fitted(flat)) > 0


def test_where_it_stops_paying():
    alpha, beta, compute, size = 1e-5, 1e9, 0.1, 1_000_000
    ranks, times = scaling.best(compute, size, alpha, beta)
    # derivative of compute / p + 2 (p - 1) alpha + 2 (p - 1) / p * M / beta, set to zero
    optimum = np.sqrt((compute - 2 * size / beta) / (2 * alpha))
    assert optimum / 2 <= ranks <= 2 * optimum
    assert 1 < times < ranks
    assert scaling.best(1e-6, size, alpha, beta) == (1, 1.0)  # a small step does not pay at all
    for p in scaling.LARGE:
        alone = scaling.step(p, compute, size, alpha, beta, overlap=False)
        beside = scaling.step(p, compute, size, alpha, beta, overlap=True)
        assert compute / p <= beside < alone


def test_the_report_holds_every_model():
    found = {
        n: {
            "sums": [[n, size, scaling.ring(n, size, 1e-5, 1e9)] for size in scaling.SIZES],
            "steps": {name: [0.1 / n, 0.1 / n + 0.002, 10**6] for name in scaling.CASES},
        }
        for n in scaling.RANKS
    }
    text = scaling.report(found)
    assert "latency is 10 µs" in text
    assert "1.00 GB/s" in text
    assert all(name in text for name in scaling.CASES)
