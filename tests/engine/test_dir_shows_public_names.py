"""dir() of each public module: its public names and nothing else."""

import importlib
import inspect

import pytest

import autograd_core

MODULES = [
    *[f"autograd_core.{name}" for name in autograd_core._MODULES],
    "nn", "nn.functional", "nn.init", "nn.models", "nn.transforms", "optim", "optim.lr_scheduler",
]  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_dir_shows_the_public_names_and_nothing_else(name):
    module = importlib.import_module(name)
    shown = [word for word in dir(module) if not word.startswith("_")]
    assert shown == sorted(module.__all__)
    for word in shown:
        found = getattr(module, word)
        inner = inspect.ismodule(found) and not found.__name__.startswith(
            ("autograd_core", "nn", "optim")
        )
        assert not inner, f"{name}.{word} is the module {found.__name__}"


def test_a_private_name_is_still_at_hand_for_who_asks_for_it():
    module = importlib.import_module("nn.functional.softmax")
    assert callable(module.softmax)
    assert "softmax" in dir(importlib.import_module("nn.functional"))
