"""Every row of the operation table as ONNX, with gradients: equal in onnxruntime, or refused."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from cases import EVERY, TABLE

pytest.importorskip("onnxruntime")

from onnx_files.walking import outcome

ROOT = Path(__file__).parents[2]
# Families that ONNX has operators for; what of them it has not.
WHOLE = ("elementwise", "reductions", "shapes", "indexing", "joining", "products")
LACKING = {"partition-smallest", "partition-place", "getitem-mask-traced"}
PART = 9  # of the rows, one in so many
ROWS = [
    pytest.param(family, case, id=case.name,
                 marks=[] if k % PART == 4 else [pytest.mark.slow, pytest.mark.exhaustive])
    for k, (family, case) in enumerate((f, c) for f, cases in TABLE.items() for c in cases)
]  # fmt: skip


@pytest.mark.parametrize(("family", "case"), ROWS)
def test_a_row_is_exported_and_equal_or_refused_by_name(family, case):
    said = outcome(case)
    if family in WHOLE and case.name not in LACKING:
        assert not said
    if said:
        assert said.startswith("onnx: ")


@pytest.mark.parametrize(
    "case",
    [c if k % 30 == 11 else pytest.param(c, marks=[pytest.mark.slow, pytest.mark.exhaustive])
     for k, c in enumerate(EVERY)],
    ids=str,
)  # fmt: skip
def test_single_precision(case):
    said = outcome(case, np.float32)
    assert not said or said.startswith("onnx: ")


@pytest.mark.exhaustive
@pytest.mark.slow
def test_the_page_has_the_counts():
    spec = importlib.util.spec_from_file_location("page", ROOT / "docs" / "make_onnx_page.py")
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    assert made.PAGE.read_text(encoding="utf-8") == made.page(), (
        "docs/onnx.md is stale: run python docs/make_onnx_page.py"
    )
