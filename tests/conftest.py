"""What all tests share."""

import asyncio
import gc
import os
import re
import shutil
import signal
import sys
from pathlib import Path

if "PYTEST_XDIST_WORKER" in os.environ:
    # A process for each core: further threads of BLAS wait by spinning, on the cores of the others.
    # The QR of two complex matrices of 97 rows took ten times as long.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import parts
import pytest
import slow_tests

# Of a parallel run, the process that leads it reads warnings of ours in several threads, and Python
# cannot import a package and one of its modules in two threads at once.
import autograd_core  # noqa: F401
import nn  # noqa: F401 - here for being imported, as said
import optim  # noqa: F401

HERE = Path.cwd()  # where every test begins

# A shell starts what it runs in the background with interrupts ignored, and Python keeps that.
signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish(session):
    """Leave what was collected out of later collections of garbage: a million objects, 0.35 s."""
    gc.collect()
    gc.freeze()


def left_out(marks, expression):
    """Tell whether one of the marks is one that ``-m "not ..."`` leaves out."""
    return any(re.search(rf"\bnot {mark.name}\b", expression) for mark in marks)


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc):
    """Make no tests that are left out at once: two thirds of all when the slow ones are."""
    expression = metafunc.config.getoption("markexpr")
    if "not " not in expression:
        return
    whole = left_out(metafunc.definition.iter_markers(), expression)
    marks = metafunc.definition.own_markers
    for k, mark in enumerate(marks):
        if mark.name != "parametrize" or len(mark.args) != 2:
            continue
        settings, sets = dict(mark.kwargs), list(mark.args[1])
        places = [
            i for i, s in enumerate(sets) if not left_out(getattr(s, "marks", ()), expression)
        ]
        places = places[:1] if whole else places
        if places and len(places) < len(sets):
            if settings.get("ids") is not None and not callable(settings["ids"]):
                names = list(settings["ids"])
                settings["ids"] = [names[i] for i in places]
            kept = [sets[i] for i in places]
            marks[k] = pytest.mark.parametrize(mark.args[0], kept, **settings).mark


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_protocol(item):
    """Run a test marked `untraced` without coverage's tracer: in a half to a third of the time."""
    tracer = sys.gettrace() if item.get_closest_marker("untraced") else None
    if tracer is not None:
        sys.settrace(None)
    yield
    if tracer is not None:
        sys.settrace(tracer)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """Refuse what would change the tests that follow: another folder, an event loop that runs."""
    yield
    if (here := Path.cwd()) != HERE:
        os.chdir(HERE)
        pytest.fail(f"{item.nodeid} leaves {here} as the current folder")
    if nextitem is None or nextitem.path != item.path:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            return
        pytest.fail(f"{item.path.name} leaves {loop} running")


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


def pytest_addoption(parser):
    """Add the option that measures which tests are slow."""
    parser.addoption("--write-slow", action="store_true", help=slow_tests.__doc__)


def pytest_configure(config):
    """Measure every test if that is asked for; of a parallel run, in the process that leads it."""
    if config.getoption("--write-slow") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(slow_tests.Clock())


@pytest.hookimpl(tryfirst=True)  # before `-m` chooses
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is slow, and the rows of walks that `make test` leaves to `make exhaustive`.

    Names that differ from process to process are refused: parallel runs compare them.
    """
    slow = slow_tests.read()
    for item in items:
        if slow_tests.function_of(item.nodeid) in slow:
            item.add_marker(pytest.mark.slow)
    for item in parts.others(items):
        item.add_marker(pytest.mark.exhaustive)
    odd = [item.nodeid for item in items if " at 0x" in item.nodeid]
    if odd:
        raise pytest.UsageError(f"give ids= to these tests, whose names hold an address: {odd[:3]}")


CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")  # for the session, Playwright's event loop would run in all tests
def browser():
    """Return a Chromium without a window, one for each module of tests."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if program is None:
        pytest.skip("no Chromium is installed")
    from docs.make_pictures import FLAGS

    with playwright.sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=program, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def axe():
    """Return the script of axe, which finds what keeps people out of a page."""
    pytest.importorskip("axe_playwright_python", reason="axe-playwright-python is not installed")
    import axe_playwright_python

    folder = Path(axe_playwright_python.__file__).parent
    return (folder / "axe.min.js").read_text(encoding="utf-8")
