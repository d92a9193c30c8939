"""The clock of the benchmarks: each family's programs run, and a wrong answer has no time."""

import math
from importlib import import_module

import numpy as np
import pytest

from benchmarks import clock, clock_pages, jitted
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


def turn(ours, theirs, value=1.0, plain=None):
    return {
        "ours": {"p": clock.Time(ours, ours / 2, 1.0)},
        "torch": {"p": clock.Time(theirs, theirs / 4, value, bytes=6e9, flops=1e9)},
        "plain": {"p": clock.Time(plain or ours, ours / 2, 1.0)},
    }


BEST = clock.Machine(bytes=2e9, flops=1e10)


def test_the_ratio_is_taken_between_neighbours():
    turns = [turn(1.0, 2.0, plain=4.0), turn(9.0, 9.0), turn(3.0, 4.0, plain=2.0)]
    (row,) = clock._rows(turns, BEST)
    assert row == ("p", 4.0, 3.0, 0.75, 1.0, 4.0, 1.0, 3.0)
    assert clock_pages.summed_up([row]) == (
        "With `fast`: 0.75 at the median, 0.75 at most, 1 of 1 at most 1.\n"
        "Plain NumPy: 1.00 at the median, 1.00 at most, 1 of 1 at most 1."
    )
    assert "| p       | 4 s     | 3 s  | 0.75  | 1.00        | 4 s   | 1.00  | 3 s   |" in (
        clock_pages.rows_table([row])
    )


def test_the_limit_is_that_of_the_slower_of_memory_and_arithmetic():
    (row,) = clock._rows([turn(1.0, 2.0)], clock.Machine(bytes=6e12, flops=1e9))
    assert row.limit == 1.0


@pytest.mark.parametrize("engine", ["ours", "plain"])
def test_a_wrong_answer_has_no_time(engine):
    one = turn(1.0, 2.0)
    one[engine]["p"] = clock.Time(1.0, 1.0, 2.0)
    with pytest.raises(SystemExit, match=r"p: the values differ, 2\.0 and 1\.0"):
        list(clock._rows([one], BEST))


def test_each_family_gets_a_page(tmp_path):
    rows = list(clock._rows([turn(1.0, 2.0)], BEST))
    clock_pages.write(tmp_path, {"loops": rows, "products": rows}, "This machine")
    page = (tmp_path / "families.md").read_text()
    assert "| [loops](families/loops.md)       | 1        | 0.50 " in page
    page = (tmp_path / "families" / "loops.md").read_text()
    assert page.startswith("# Loops\n\nLong chains of small operations")
    assert "This machine.\n" in page
    assert "| p       | 2 s     | 1 s  | 0.50 " in page


@pytest.mark.parametrize("name", jitted.programs())
def test_programs_beside_jax_are_numbers(name):
    f, arguments, count = jitted.programs()[name]
    assert len(jitted.places(arguments, count)) == abs(count)
    assert np.isfinite(f(np, *arguments))


def test_a_step_knows_the_bytes_that_it_must_move():
    x, c = np.ones(10), np.ones(5)
    step = Ours(1).step(lambda x, c: x * np.sum(c), x, constants=(c,))
    assert step.bytes == 2 * 80 + 40


@pytest.mark.parametrize(
    ("seconds", "text"), [(2.5, "2.5 s"), (0.0123, "12.3 ms"), (4.2e-5, "42 µs"), (3e-7, "300 ns")]
)
def test_durations(seconds, text):
    assert clock_pages.duration(seconds) == text
