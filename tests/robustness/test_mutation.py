"""A slice of the mutation run: every planted fault is noticed (all of them: `make mutation`)."""

from __future__ import annotations

import pytest


@pytest.mark.slow
def test_planted_faults_are_caught() -> None:
    import mutate

    survivors, planted, _ = mutate.run(limit=40)
    assert planted >= 27
    assert not survivors
