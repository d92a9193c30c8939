"""The names in docs/pytorch_names.txt are those of the PyTorch that is installed."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
ROOT = Path(__file__).parents[2]


def coverage() -> Any:
    spec = importlib.util.spec_from_file_location(
        "make_nn_coverage_page", ROOT / "docs" / "make_nn_coverage_page.py"
    )
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def test_the_list_is_pytorchs() -> None:
    made = coverage()
    first = made.NAMES.read_text(encoding="utf-8").splitlines()[0]
    if torch.__version__.partition("+")[0] not in first:
        pytest.skip(f"{first} Another is installed: docs/make_nn_coverage_page.py --names")
    assert made.there() == made.read_names()


def test_the_counts_are_those_of_the_tests() -> None:
    pytest.importorskip("expecttest")  # PyTorch's databases import it
    samples, optimizers, schedules = map(
        importlib.import_module,
        ("test_torch_samples", "test_torch_optimizer_samples", "test_torch_schedules"),
    )
    found = coverage().SAMPLES
    assert found == {
        "operations": len(samples.OP_CASES),
        "modules": len(samples.MODULE_CASES),
        "optimizers": len(optimizers.HERE),
        "settings": len(optimizers.CASES),
        "refusals": len(optimizers.error_cases()),
        "schedules": len(schedules.NAMES) + 3,  # chained, one after the other, by a measure
    }
