"""Keywords that people bring from HIPS autograd, JAX and PyTorch: each answer says what to do."""

import numpy as np
import pytest

import autograd_core
from autograd_core import OperandError

WORDS = {
    "argnum": "argnums=",
    "create_graph": r"grad\(grad\(f\)\)",
    "retain_graph": "leave it out",
    "holomorphic": "leave it out; jacobian",
    "allow_int": r"x.astype\(float\)",
    "allow_unused": "zeros",
    "materialize_grads": "zeros",
    "vectorize": "run together",
    "strict": "in any case",
    "strategy": 'mode="forward"',
    "reduce_axes": "sum over the axes",
    "argnames": "argnums=",
    "argsnum": r"did you mean argnums=\?",
    "wrt": r"did you mean argnums=\?",
}


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("name", ["grad", "value_and_grad", "jacobian", "hessian"])
def test_the_answer_says_what_to_do(name, word):
    transform = getattr(autograd_core, name)
    with pytest.raises(OperandError, match=WORDS[word]) as caught:
        transform(np.sum, **{word: 0})
    text = str(caught.value)
    assert text.startswith(f"{name}(): there is no keyword {word}=")
    assert "known: argnums=" in text
    assert "transform(np.sum, **{word: 0})" in text  # the user's line
