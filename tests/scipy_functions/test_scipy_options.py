"""Options of SciPy's functions here: SciPy's value, and slopes of both modes by differences."""

from __future__ import annotations

import pytest

pytest.importorskip("scipy", minversion="1.17")
from scipy_functions.option_calls import ROWS
from scipy_functions.scipy_slopes import check


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(ROWS))
def test_options_have_scipys_value_and_the_slope_of_differences(name: str) -> None:
    check(*ROWS[name])
