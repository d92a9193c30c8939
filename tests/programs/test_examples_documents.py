"""The examples of the engine, of single layers and of training, and the table's rows: bars."""

import re

import pytest

pytest.importorskip("sklearn", reason="needs the extra: demo")

from example_bars import each_example, meets_bars

from examples import table

# example: {key of a result: (lowest, highest) value allowed}
BARS = {
    "chains": {
        "nodes": (0, 1e-13),
        "chains": (0, 1e-12),
        "paths": (1, 1),
        "branch": (0, 1e-13),
        "plus": (0, 0),
        "shapes": (1, 1),
        "deltas": (0, 0),
        "combined": (0, 1e-13),
        "programs": (0, 1e-12),
    },
    "modes": {"passes": (1, 1), "apart": (0, 1e-13), "power": (1.2, 2.4), "told": (0.8, 1)},
    "adjoints": {
        "linear": (0, 1e-10),
        "root": (0, 1e-10),
        "chosen": (0.5, 1.2),
        "ode": (0, 1e-6),
        "fit": (0, 0.5),
    },
    "checking": {"named": (1, 1), "alarms": (0, 0), "learns": (0.5, 1)},
    "second_order": {
        "hessian": (0, 1e-12),
        "net": (0, 1e-8),
        "power": (2.9, 3.1),
        "newton": (3, 15),
        "Armijo line search": (0.01, 0.9),
        "Wolfe line search": (0.01, 0.9),
    },
    "layers": {
        **dict.fromkeys(("B1", "B2", "B3", "B4", "B7", "B8"), (0, 1e-8)),
        "together": (0, 1e-13),
        "normalized": (0, 1e-12),
        "running": (0, 0.05),
    },
    "signals": {
        "spread": (0.1, 1),
        "symmetry": (1, 1),
        "normalization": (0.3, 1),
        "inputs": (0.2, 1),
    },
    "augmentation": {"rotation": (-0.1, 0.1), "noise": (-0.1, 0.1), "all of them": (-0.15, 0.1)},
    "schedules": {
        "mean": (0, 1e-14),
        "all images at once": (0, 0.6),
        "Adam": (0, 1.5),
        "held, then divided": (-0.02, 0.2),
        "clipping": (-0.05, 0.9),
    },
    "inspection": {"named": (1, 1), "dead": (0.5, 1), "parameters": (0, 0)},
}
LONG = {"checking", "adjoints", "signals", "augmentation", "schedules"}  # more than five seconds


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@each_example(BARS, LONG)
def test_example(name, tmp_path):
    meets_bars(name, BARS[name], tmp_path)


DOCUMENTS = {"A": 12, "B": 9, "C": 12, "D": 18, "E": 14}  # rows of the list of systems


def test_every_row_of_the_documents_has_a_line_in_the_table():
    lines, seconds = table.kept(table.README.read_text(encoding="utf-8"))
    assert set(lines) == set(seconds) == set(table.examples())
    found = {row for each in lines.values() for line in each for row in table.rows_of(line)}
    wanted = {f"{letter}{k + 1}" for letter, count in DOCUMENTS.items() for k in range(count)}
    assert wanted <= found


@pytest.fixture(scope="module")
def lines():
    """The table's lines, by example."""
    return table.kept(table.README.read_text(encoding="utf-8"))[0]


@pytest.mark.parametrize(("name", "rows"), sorted(table.examples().items()))
def test_an_examples_lines_are_of_the_rows_that_it_names(name, rows, lines):
    assert {row for line in lines[name] for row in table.rows_of(line)} == set(rows)
    for line in lines[name]:  # a result and what it is held against
        cells = re.split(r"(?<!\\) \| ", line.strip("| "))
        assert len(cells) == 5, line
        assert all(cells), line
