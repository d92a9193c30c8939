"""A graph that was swept is freed: what needs it again is an error, and no gradient changes."""

import numpy as np
import pytest

from autograd_core import FreedGraphError, Tensor, gradients, primitive


def leaf(value):
    return Tensor(value, requires_grad=True)


X = np.array([0.3, 0.8])


W = np.array([[1.0, 2.0], [3.0, 4.0]])


USES = {
    "one argument": np.exp,
    "a rule that reads no value": lambda a: a + 1.0,
    "both arguments": lambda a: a * a,
    "settings": lambda a: np.sum(a, axis=0),
    "a sequence": lambda a: np.stack([a, a * 2]),
    "a matrix and a vector": lambda a: W @ a,
    "several results": lambda a: np.linalg.eigh(a * W)[0],
    "a branch": lambda a: np.where(X > 0, a, 0.0),
}


def test_a_shared_part_that_was_swept_is_an_error():
    x = leaf(X)
    a = np.exp(x)
    np.sum(a * 2).backward()
    for again in (lambda: np.sum(a * a).backward(), lambda: gradients(np.sum(a * 2), [x])):
        with pytest.raises(FreedGraphError, match="exp"):
            again()


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_swept_part_found_in_mid_sweep_changes_no_gradient(use):
    x, other = leaf(X), leaf(X)
    a = np.exp(x)
    np.sum(a * 2).backward()
    before = x.grad.data.copy()
    with pytest.raises(FreedGraphError, match=r"exp.*retain_graph"):
        (np.sum(use(a)) * np.sum(other)).backward()
    np.testing.assert_array_equal(x.grad.data, before)
    assert other.grad is None


def test_settings_are_freed_with_the_values():
    kept = primitive(lambda x, saved: x * 2, vjp=[lambda g, y, x, *, saved: g * 2], name="kept")
    x = leaf(X)
    y = kept(x, saved=np.ones(3))
    node = y._node
    np.sum(y).backward()
    assert not node.params
