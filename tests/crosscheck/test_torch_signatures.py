"""Positions of arguments beside PyTorch's: none of PyTorch's calls lands on another parameter."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Any

import pytest

import nn
import optim
from autograd_core import Primitive, Tensor

torch = pytest.importorskip("torch")
there = torch.nn.functional

NAMESPACES = [
    (nn, torch.nn),
    (nn, torch.nn.utils),
    (nn, torch.utils.data),
    (nn.functional, there),
    (nn.init, torch.nn.init),
    (optim, torch.optim),
    (optim, torch.nn.utils),
    (optim.lr_scheduler, torch.optim.lr_scheduler),
]
BY_POSITION = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)

# PyTorch's signature where Python does not show it: recurrent layers take *args.
RECURRENT = ["input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout",
             "bidirectional", "proj_size", "device", "dtype"]  # fmt: skip
WRITTEN_OUT = {
    "RNN": [*RECURRENT[:3], "nonlinearity", *RECURRENT[3:7], "device", "dtype"],
    "LSTM": RECURRENT,
    "GRU": [*RECURRENT[:7], "device", "dtype"],
}
# Our parameter, then PyTorch's in the same place; each with its reason.
ALLOWED = {
    ("Sequential.extend", "modules", "sequential"): "the same thing: modules to append",
    ("RMSNorm.forward", "input", "x"): "input in every other module, there too",
}
# Of these PyTorch says no more than *args; neither has arguments with a place, or both take any.
UNSEEN = ["Identity", "LogSigmoid", "Module", "Sequential", "Sigmoid", "Softmax2d", "Softsign",
          "Tanh", "Tanhshrink"]  # fmt: skip


def positions(thing: Any) -> list[str] | None:
    """Return the parameters that can be given by position; None if that cannot be told."""
    if isinstance(thing, Primitive):
        return list(thing._positional)
    try:
        parameters = list(inspect.signature(thing).parameters.values())
    except ValueError:  # written in C: the first line of its docstring
        first = re.match(r"\s*\w+\(([^)]*)", thing.__doc__ or "")
        names = re.split(r",\s*", first[1].strip()) if first else []
        return [re.split(r"\s*=", name)[0] for name in names if name not in ("", "*")] or None
    if any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters):
        return None
    return [p.name for p in parameters if p.kind in BY_POSITION and p.name != "self"]


def of_pytorch(name: str, thing: Any) -> list[str] | None:
    if name in WRITTEN_OUT:
        return WRITTEN_OUT[name]
    plain = getattr(there, f"_{name}", None)  # behind a choice by return_indices
    return positions(plain if plain is not None and thing is getattr(there, name, None) else thing)


def shared() -> Iterator[tuple[str, Any, Any]]:
    """Yield each name that both have, and of classes each method."""
    for ours, theirs in NAMESPACES:
        for name in ours.__all__:
            here, beside = getattr(ours, name), getattr(theirs, name, None)
            if inspect.ismodule(here) or not callable(here) or not callable(beside):
                continue
            yield name, here, beside
            if not (isinstance(here, type) and isinstance(beside, type)) or issubclass(
                here, Tensor
            ):
                continue  # the methods of a Parameter are NumPy's
            for key in dir(here):
                method = getattr(here, key)
                if not key.startswith("_") and callable(method) and hasattr(beside, key):
                    yield f"{name}.{key}", method, getattr(beside, key)


def compared() -> Iterator[tuple[str, list[str], list[str]]]:
    for name, here, beside in shared():
        ours, theirs = positions(here), of_pytorch(name, beside)
        if ours is not None and theirs is not None:
            yield name, ours, theirs


def test_what_can_be_given_by_position_has_pytorchs_places() -> None:
    wrong = [
        f"{name}: place {k + 1} is {mine}, PyTorch's {its}"
        for name, ours, theirs in compared()
        for k, (mine, its) in enumerate(zip(ours, theirs, strict=False))
        if mine != its and (name, mine, its) not in ALLOWED
    ]
    assert wrong == []


def test_each_exception_is_needed() -> None:
    met = {
        (name, mine, its)
        for name, ours, theirs in compared()
        for mine, its in zip(ours, theirs, strict=False)
    }
    assert set(ALLOWED) <= met


def test_the_comparison_sees_nearly_all() -> None:
    """What it cannot see is listed: a new name must not slip through."""
    names = {name for name, _, _ in shared()}
    seen = {name for name, _, _ in compared()}
    assert len(seen) > 200
    assert sorted(n for n in names - seen if "." not in n) == UNSEEN


@pytest.mark.parametrize("make", [nn.MSELoss, nn.CrossEntropyLoss, nn.Linear, nn.RNN])
def test_more_by_position_is_refused_with_what_may_be(make: Any) -> None:
    with pytest.raises(TypeError, match=r"takes (no|at most \d+) arguments? by position"):
        make(*range(1, 12))


def test_attention_takes_all_of_pytorchs_places() -> None:
    given = (8, 2, 0.0, True, False, False, 6, 4, True)
    ours, theirs = nn.MultiheadAttention(*given), torch.nn.MultiheadAttention(*given)
    shapes = {name: tuple(p.shape) for name, p in theirs.named_parameters()}
    assert {name: p.shape for name, p in ours.named_parameters()} == shapes
    assert ours.batch_first is theirs.batch_first
    with pytest.raises(ValueError, match="add_bias_kv=True is not supported"):
        nn.MultiheadAttention(8, 2, 0.0, True, True)
