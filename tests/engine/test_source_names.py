"""A place in a notebook is named by its cell, as IPython names it."""

import os
import sys
from types import SimpleNamespace

import pytest

from autograd_core.base.source import shown_name

CELL = os.path.join("tmp", "ipykernel_123", "456.py")
BARE = "<ipython-input-3-0189fabb4e40>"  # of IPython itself: in a terminal, and in a browser


def shell(known):
    found = dict.fromkeys((CELL, BARE), ("Cell", "In[3]")) if known else {}
    return SimpleNamespace(compile=SimpleNamespace(format_code_name=found.get))


@pytest.mark.parametrize(
    ("ipython", "name"),
    [
        (SimpleNamespace(get_ipython=lambda: shell(known=True)), "In[3]"),
        (SimpleNamespace(get_ipython=lambda: shell(known=False)), "456.py"),
        (SimpleNamespace(get_ipython=lambda: None), "456.py"),
        (None, "456.py"),
    ],
    ids=["known", "unknown cell", "no shell", "no IPython"],
)
def test_cell(monkeypatch, ipython, name):
    if ipython is None:
        monkeypatch.delitem(sys.modules, "IPython", raising=False)
    else:
        monkeypatch.setitem(sys.modules, "IPython", ipython)
    assert shown_name(CELL) == name
    assert shown_name(BARE) == (name if name == "In[3]" else BARE)


def test_cell_of_ipython_itself():
    interactive = pytest.importorskip("IPython.core.interactiveshell")
    shell = interactive.InteractiveShell.instance()
    try:
        found = shell.compile.cache("x = 1", number=7)
        assert found.startswith("<ipython-input-7-")
        assert shown_name(found) == "In[7]"
    finally:
        interactive.InteractiveShell.clear_instance()


def test_files():
    assert shown_name(os.path.join("a", "ipykernel_folder.py")) == "ipykernel_folder.py"
    assert shown_name("<stdin>") == "<stdin>"
