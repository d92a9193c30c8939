"""A name of SciPy's is never hidden by something else that a module of ours imports."""

import importlib

import pytest

PARTS = ("integrate", "linalg", "signal", "sparse", "sparse.linalg", "special", "stats")


@pytest.mark.parametrize("part", PARTS)
def test_names_of_scipy_are_scipys_or_our_version_of_them(part):
    theirs = pytest.importorskip(f"scipy.{part}")
    ours = importlib.import_module(f"autograd_core.scipy.{part}")
    for name in set(theirs.__all__) & set(vars(ours)):
        made = vars(ours)[name]
        if made is getattr(theirs, name):
            continue
        home = getattr(made, "__module__", None) or made.__name__
        assert home.startswith("autograd_core.scipy"), name


def test_the_bilinear_transform_of_filters_is_scipys():
    signal = pytest.importorskip("scipy.signal")
    from autograd_core.scipy.signal import bilinear

    assert bilinear is signal.bilinear or bilinear([1.0], [1.0, 1.0])[1].shape == (2,)
