"""docs/numpy.md: complete, and what the registry says."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from autograd_core import AutogradError, Tensor, UnsupportedError
from autograd_core.rules.refused import REASONS

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "docs"))

from make_numpy_page import TEXT, classify, overridable, page  # noqa: E402


def test_every_overridable_function_is_classified() -> None:
    missing = [name for name, function in overridable() if not classify(function)[0]]
    assert not missing, f"NumPy has functions that no rule and no reason stands for: {missing}"


def _newest() -> bool:
    return tuple(map(int, np.__version__.split(".")[:2])) >= (2, 4)  # without in1d


@pytest.mark.skipif(not _newest(), reason="the page is made with a recent NumPy")
def test_the_page_is_not_stale() -> None:
    assert (ROOT / "docs" / "numpy.md").read_text(encoding="utf-8") == page(), (
        "docs/numpy.md is stale: run python docs/make_numpy_page.py"
    )


@pytest.mark.parametrize("function", REASONS, ids=lambda f: f.__name__)
def test_refusals_give_their_reason(function) -> None:
    alone = (np.isnat, np.is_busday, np.datetime_as_string)
    if function in (np.save, np.savetxt, np.savez, np.savez_compressed):
        args = ["nowhere", Tensor([1.0])]
    elif function in alone or function.__name__.startswith("unique"):
        args = [Tensor([1.0])]
    else:
        args = [Tensor([1.0]), Tensor([1.0])]
    with pytest.raises(UnsupportedError, match=r"\w+: \w+") as caught:
        function(*args)
    assert REASONS[function] in str(caught.value)


def test_text_functions_raise_the_engine_s_error() -> None:
    import numpy.lib.recfunctions as recfunctions

    assert TEXT
    with pytest.raises(AutogradError):  # NumPy up to 2.2 asks for a plain array first
        np.strings.upper(Tensor([1.0], requires_grad=True))
    with pytest.raises(UnsupportedError, match="no derivative rule"):
        recfunctions.drop_fields(Tensor([1.0]), "a")
