"""What `part` leaves to `make exhaustive`: never an operation, and each row belongs somewhere."""

from types import SimpleNamespace

import parts
import pytest


class Row:
    """As much of a test as `parts` asks for."""

    def __init__(self, function, row, *n, operation=None):
        self.nodeid, self.args = f"{function}[{row}]", n
        self.callspec = SimpleNamespace(params={"case": SimpleNamespace(operation=operation)})

    def get_closest_marker(self, name):
        return SimpleNamespace(args=self.args)


@pytest.mark.parametrize("n", [2, 3, 4])
def test_each_nth_row_and_in_turn_each_kind(n):
    rows = [Row("f", k, n) for k in range(n * n * 5)]
    left = parts.others(rows)
    kept = [k for k, row in enumerate(rows) if row not in left]
    assert len(kept) == n * 5
    assert {k % n for k in kept} == set(range(n))


def test_one_row_of_each_operation_and_in_some_test_every_row():
    kept = set()
    for function in "abcdefghijklmnop":
        rows = [Row(function, f"{name}-{k}", operation=name) for name in "xyz" for k in range(3)]
        left = parts.others(rows)
        run = [row.nodeid.partition("[")[2] for row in rows if row not in left]
        assert [name[0] for name in run] == list("xyz")
        kept.update(run)
    assert len(kept) == 9
