"""What all tests share."""

import gc
import signal
import sys

import numpy as np
import pytest

# A shell starts what it runs in the background with interrupts ignored, and Python keeps that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish(session):
    """Leave what was collected out of later collections of garbage: a million objects, 0.35 s."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    """Run a test marked `untraced` without coverage's tracer: in a half to a third of the time."""
    tracer = sys.gettrace() if item.get_closest_marker("untraced") else None
    if tracer is not None:
        sys.settrace(None)
    yield
    if tracer is not None:
        sys.settrace(tracer)


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
