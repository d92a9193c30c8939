"""The clock of the benchmarks: each family's programs run, and a wrong answer has no time."""

import math
from importlib import import_module

import pytest

from benchmarks import clock
from benchmarks.engines import Ours


@pytest.mark.slow
@pytest.mark.parametrize("family", clock.FAMILIES)
def test_the_first_program_of_a_family_runs(family):
    programs = import_module(f"benchmarks.families.{family}").programs(Ours(1))
    assert len(programs) > 5
    small = min(programs, key=lambda name: "LSTM" not in name if family == "named" else 0)
    step = programs[small]()
    assert math.isfinite(float(step()))
    step()  # a second run does not meet what the first one freed


def test_a_step_is_timed_again_and_again():
    runs = []

    def step():
        runs.append(1)
        return 7.0

    found = clock.timed(step, 0.01)
    assert found.value == 7.0
    assert 0 < found.shortest <= found.median < 0.01
    assert len(runs) > 100


def turn(ours, theirs, value=1.0):
    return {
        "ours": {"p": clock.Time(ours, ours / 2, 1.0)},
        "torch": {"p": clock.Time(theirs, theirs / 4, value)},
    }


def test_the_ratio_is_taken_between_neighbours():
    (row,) = clock._rows([turn(1.0, 2.0), turn(9.0, 9.0), turn(3.0, 4.0)])
    assert row == ("p", 3.0, 4.0, 0.75, 1.0)
    page = clock.shown("family", [row])
    assert "ratio 0.75 at the median" in page
    assert "| p       | 3 s  | 4 s     | 0.75  | 1.00        |" in page


def test_a_wrong_answer_has_no_time():
    with pytest.raises(SystemExit, match=r"p: the values differ, 1\.0 and 2\.0"):
        list(clock._rows([turn(1.0, 2.0, value=2.0)]))


@pytest.mark.parametrize(
    ("seconds", "text"), [(2.5, "2.5 s"), (0.0123, "12.3 ms"), (4.2e-5, "42 µs"), (3e-7, "300 ns")]
)
def test_durations(seconds, text):
    assert clock.duration(seconds) == text
