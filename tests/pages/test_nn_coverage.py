"""docs/nn-coverage.md: up to date, and no name of PyTorch's is missing without a reason."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made() -> Any:
    spec = importlib.util.spec_from_file_location(
        "make_nn_coverage_page", ROOT / "docs" / "make_nn_coverage_page.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_up_to_date(made: Any) -> None:
    assert made.PAGE.read_text(encoding="utf-8") == made.page(), (
        "run python docs/make_nn_coverage_page.py"
    )


def test_each_gap_has_a_reason_and_each_reason_a_gap(made: Any) -> None:
    listed = made.there()
    assert set(listed) == set(made.PLACES)
    gaps = {
        (space, name)
        for space, names in listed.items()
        for name in names
        if not made.here(space, name)
    }
    reasons = {(space, name) for space, found in made.REASONS.items() for name in found}
    assert gaps - reasons == set(), "names of PyTorch's that are missing without a reason"
    assert reasons - gaps == set(), "reasons for what is here, or not there"
    assert all(reason for found in made.REASONS.values() for reason in found.values())


def test_a_gap_would_be_seen(made: Any) -> None:
    assert made.here("torch.nn", "Linear")
    assert made.here("torch.nn.Module", "half")
    assert not made.here("torch.nn", "Lienar")
    assert not made.here("torch.nn.Module", "no_such_method")
