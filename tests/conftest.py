"""What all tests share."""

import gc
import signal

import numpy as np
import pytest

# A shell starts what it runs in the background with interrupts ignored, and Python keeps that.
signal.signal(signal.SIGINT, signal.default_int_handler)


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
