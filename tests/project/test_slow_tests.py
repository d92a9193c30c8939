"""The list of slow tests: what gets into it, and that nothing in it is gone."""

import re
from pathlib import Path

import pytest
import slow_tests

ROOT = Path(__file__).parents[2]


def test_every_listed_function_is_there():
    """A test that is renamed would be quick again without a word."""
    gone = []
    for nodeid in sorted(slow_tests.read()):
        path, _, name = nodeid.partition("::")
        file = ROOT / path
        written = file.read_text(encoding="utf-8") if file.is_file() else ""
        doctest = name == file.name or path.endswith(".md")  # of a module; of a page
        last = re.split(r"::|\.", name)[-1]
        if not doctest and not re.search(rf"(def|class) {last}\b", written):
            gone.append(nodeid)
    assert not gone, "rename or remove these lines of tests/slow_tests.txt"


@pytest.mark.parametrize(
    ("rows", "is_slow"),
    [
        ({"a": 0.09}, False),
        ({"a": 0.11}, True),
        ({"a[0]": 0.01, "a[1]": 0.2}, True),
        ({f"a[{k}]": 0.019 for k in range(100)}, False),  # many, and each is quick
        ({f"a[{k}]": 0.021 for k in range(100)}, True),
    ],
)
def test_what_is_slow(rows, is_slow):
    assert slow_tests.slow(rows) == ({"a"} if is_slow else set())


def test_a_run_writes_what_it_measured_and_keeps_the_rest(tmp_path, monkeypatch):
    class Report:
        def __init__(self, nodeid, duration):
            self.nodeid, self.duration = nodeid, duration

    kept = tmp_path / "slow.txt"
    kept.write_text("t.py::gone_quick\nt.py::not_run\n")
    monkeypatch.setattr(slow_tests, "LIST", kept)
    clock = slow_tests.Clock()
    for nodeid, duration in (("t.py::gone_quick", 0.05), ("t.py::long[1]", 0.05)):
        for _ in range(2):  # its set-up, and its call
            clock.pytest_runtest_logreport(Report(nodeid, duration / 2))
    clock.pytest_runtest_logreport(Report("t.py::long[1]", 0.06))
    clock.pytest_sessionfinish()
    assert kept.read_text() == "t.py::long\nt.py::not_run\n"
