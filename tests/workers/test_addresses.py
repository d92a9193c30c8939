"""The address that kernels get is the one that NumPy tells."""

import numpy as np
import pytest

addresses = pytest.importorskip("autograd_core.workers.compiled.addresses", exc_type=ImportError)

WHOLE = np.arange(60.0).reshape(3, 4, 5)
ARRAYS = {
    "whole": WHOLE,
    "one number": np.array(3.0),
    "from the middle": WHOLE[1:, 2:],
    "steps": WHOLE[:, ::2, 1::3],
    "backwards": WHOLE[::-1, :, ::-1],
    "transposed": WHOLE.T,
    "broadcast": np.broadcast_to(np.float32(1), (7, 3)),
    "empty": np.empty((0, 4)),
    "bytes of another": np.frombuffer(b"12345678", np.float64),
    "truths": WHOLE > 4,
    "complex": WHOLE.astype(np.complex64),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_addresses(name):
    array = ARRAYS[name]
    assert addresses.address(array) == array.__array_interface__["data"][0]
    assert addresses._said(array) == addresses._read(array) == addresses.address(array)


def test_addresses_are_asked_for_where_arrays_begin_otherwise(monkeypatch):
    monkeypatch.setattr(addresses, "_HEAD", addresses._HEAD + 8)
    assert not addresses._readable()
