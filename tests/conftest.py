"""What all tests share."""

import gc

import numpy as np
import pytest


@pytest.fixture
def rng():
    """Return a seeded generator."""
    return np.random.default_rng(20240607)


@pytest.fixture
def no_gc():
    """Run a test with the garbage collector off."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
