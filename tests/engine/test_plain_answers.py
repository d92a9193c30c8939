"""Questions about a traced value that have plain answers get plain answers."""

from __future__ import annotations

import numpy as np
import pytest

from autograd_core import Dual, Tensor

CASES = [
    (np.shape, (2, 3)),
    (np.ndim, 2),
    (np.size, 6),
    (np.result_type, np.dtype("float64")),
    (np.iscomplexobj, False),
    (lambda x: np.allclose(x, 0), True),
]


@pytest.mark.parametrize("kind", [Tensor, Dual])
@pytest.mark.parametrize(("question", "answer"), CASES)
def test_answer_is_not_wrapped(kind: type, question: object, answer: object) -> None:
    found = question(kind(np.zeros((2, 3))))  # type: ignore[operator]
    assert found == answer
    assert type(found) is type(answer)


def test_arrays_are_still_wrapped() -> None:
    assert isinstance(np.argmax(Tensor([1.0, 2.0])), Tensor)
