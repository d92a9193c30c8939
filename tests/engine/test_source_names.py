"""A place in a notebook is named by its cell, as IPython names it."""

import os
import sys
from types import SimpleNamespace

import pytest

from autograd_core.base.source import shown_name

CELL = os.path.join("tmp", "ipykernel_123", "456.py")


def shell(known):
    found = {CELL: ("Cell", "In[3]")} if known else {}
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


def test_files():
    assert shown_name(os.path.join("a", "ipykernel_folder.py")) == "ipykernel_folder.py"
    assert shown_name("<stdin>") == "<stdin>"
