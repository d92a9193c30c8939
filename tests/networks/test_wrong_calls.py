"""Calls that no signature allows: every public name of nn and optim says what is wrong, where."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import nn
import optim
from autograd_core import Primitive
from autograd_core.base import errors

TAKES_ANYTHING = {"Identity"}  # as PyTorch's
MADE_FOR_THE_USER = {"IncompatibleKeys"}  # what load_state_dict returns
IN_ORDER = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def public() -> Iterator[Any]:
    for namespace in (nn, nn.functional, nn.init, optim, optim.lr_scheduler):
        for name in namespace.__all__:
            thing = getattr(namespace, name)
            error = isinstance(thing, type) and issubclass(thing, BaseException)
            if not callable(thing) or error or name in TAKES_ANYTHING | MADE_FOR_THE_USER:
                continue
            yield pytest.param(name, thing, id=f"{namespace.__name__}.{name}")


def places(thing: Any) -> list[str] | None:
    """What can be given by position; None: any number."""
    if isinstance(thing, Primitive):
        return list(thing._positional)
    parameters = inspect.signature(thing).parameters.values()
    if any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters):
        return None
    return [p.name for p in parameters if p.kind in IN_ORDER]


def refused(thing: Any, *args: Any, **keywords: Any) -> str:
    """The first line of the error of a call; the last names this call, as the user's."""
    with pytest.raises(errors.AutogradError) as caught:
        thing(*args, **keywords)
    assert isinstance(caught.value, (TypeError, ValueError))
    said = str(caught.value).splitlines()
    assert "test_wrong_calls.py" in said[-1]
    assert "thing(*args, **keywords)" in said[-1]
    return said[0]


@pytest.mark.parametrize(("public_name", "thing"), list(public()))
def test_every_public_name(public_name: str, thing: Any) -> None:
    own = thing.name if isinstance(thing, Primitive) else thing.__name__
    name, in_order = (public_name, own), places(thing)
    arrays = [np.ones((2, 2))] * len(in_order or ())
    said = refused(thing, *arrays, no_such_keyword=1)
    assert said.startswith(name)
    assert "no_such_keyword=" in said
    if in_order is not None:
        said = refused(thing, *arrays, None)
        assert said.startswith(name)
        if "inplace=" not in said:  # PyTorch's last: ReLU(True), where None is not a value
            assert f"not {len(in_order) + 1}" in said
            assert all(place in said for place in in_order)
    if in_order:
        said = refused(thing, *arrays, **{in_order[0]: None})
        assert said.startswith(name)
        assert f"{in_order[0]}= was given by position and by name" in said


def calls() -> dict[str, nn.Module]:
    return {"plain": nn.Linear(2, 2), "loss": nn.MSELoss(), "recurrent": nn.LSTM(2, 2)}


@pytest.mark.parametrize("kind", calls())
@pytest.mark.parametrize("hooked", [False, True])
def test_calls_of_modules(kind: str, hooked: bool) -> None:
    module, x = calls()[kind], np.ones((2, 2))
    if hooked:
        module.register_forward_hook(lambda module, args, output: None)
    name, in_order = type(module).__name__, places(module.forward)
    assert in_order
    assert f"{name}: there is no keyword traget=" in refused(module, x, traget=x)
    assert f"at most {len(in_order)} argument" in refused(module, *[x] * (len(in_order) + 1))
    assert f"{name}: {in_order[0]}=" in refused(module)


class OfTheUser(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width

    def forward(self, input: Any) -> Any:
        return len(self.width)  # type: ignore[arg-type]


def test_errors_of_the_users_own_code_stay_as_they_are() -> None:
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'width'"):
        OfTheUser()  # type: ignore[call-arg]  # Python's own, which is at this line
    with pytest.raises(TypeError, match="object of type 'int' has no len"):
        OfTheUser(3)(np.ones(2))
    assert "OfTheUser: there is no keyword inptu=; did you mean input=?" in refused(
        OfTheUser(3), inptu=1
    )


@pytest.mark.parametrize(
    ("call", "remedy"),
    [
        (lambda: nn.functional.dropout(np.ones(3), 0.5, True, True), "by name: generator="),
        (lambda: nn.functional.relu(np.ones(3), inplace=True), "inplace=: leave it out"),
        (lambda: nn.functional.softmax(np.ones(3), axis=0), "axis=: the word is dim= here"),
        (lambda: nn.Linear(2, 3, bais=False), "did you mean bias="),
        (lambda: nn.Linear(2), "out_features= must be given"),
        (lambda: optim.SGD([], learning_rate=0.1), "no keyword learning_rate="),
    ],
)
def test_what_to_write_instead(call: Any, remedy: str) -> None:
    with pytest.raises(errors.OperandError) as caught:
        call()
    assert remedy in str(caught.value)
