"""An example in its quick form, held to bars."""

import importlib

import pytest


def rows(bars, long):
    """Return one row for each example; those that take long run in `make exhaustive` only."""
    return [pytest.param(k, marks=pytest.mark.exhaustive) if k in long else k for k in bars]


def each_example(bars, long):
    """Let a test take the name of each example in turn."""
    marks = (
        pytest.mark.no_cover,  # traced, training takes twice as long
        pytest.mark.slow,
        pytest.mark.parametrize("name", rows(bars, long)),
    )

    def marked(test):
        for mark in marks:
            test = mark(test)
        return test

    return marked


def meets_bars(name, bars, folder):
    """Run one example; assert that each named result lies in its bounds and a picture is there."""
    module = importlib.import_module(f"examples.{name}")
    found = {r.key: r.value for r in module.main(["--quick", "--out", str(folder)])}
    for key, (lowest, highest) in bars.items():
        assert lowest <= found[key] <= highest, (key, found[key])
    assert (folder / f"{name}.png").stat().st_size > 10_000
