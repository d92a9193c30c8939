"""A loss that is not finite: training stops, and says where it began."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import nn
import optim
from autograd_core import NonFiniteError
from nn.diagnosis import first_broken


class Logarithm(nn.Module):
    def forward(self, x: Any) -> Any:
        return np.log(x)


class Pair(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Identity()

    def forward(self, x: Any) -> Any:
        return self.inner(x), np.sqrt(x), "no array"


def model() -> Any:
    return nn.Sequential(nn.Linear(2, 3, dtype=float), nn.BatchNorm1d(3, dtype=float), Logarithm())


X, Y = np.array([[1.0, 2.0], [3.0, -4.0]]), np.ones((2, 3))


def spoilt(where: str) -> tuple[Any, Any, Any]:
    net, x, y = model(), X.copy(), Y.copy()
    if where == "input":
        x[1, 0] = np.nan
    elif where == "target":
        y[0, 2] = np.inf
    elif where == "parameter":
        net[0].weight.data[2, 1] = np.nan
    elif where == "buffer":
        net[1].running_var[0] = np.inf
    return net, x, y


MESSAGES = {
    "input": r"input 0 of the model has 1 NaN of 4 numbers, the first at \(1, 0\)",
    "target": r"the target has 1 infinite of 6 numbers, the first at \(0, 2\)",
    "parameter": r"the parameter 0\.weight has 1 NaN of 6 numbers, the first at \(2, 1\)",
    "buffer": r"the buffer 1\.running_var has 1 NaN",
    "layer": "the output of layer 2, a Logarithm, has 3 NaN",
}


@pytest.mark.parametrize("where", ["input", "target"])
def test_data_are_looked_at_first(where: str) -> None:
    net, x, y = spoilt(where)
    assert re.match(MESSAGES[where], first_broken(net, (x,), y))
    with pytest.raises(nn.DataError, match="NaN or Inf"):  # the Trainer does not even begin
        nn.Trainer(net, nn.MSELoss(), optim.SGD(net.parameters(), lr=0.1)).fit((x, y), epochs=1)


@pytest.mark.parametrize("where", ["parameter", "buffer", "layer"])
def test_the_trainer_says_where_it_began(where: str) -> None:
    net, x, y = spoilt(where)
    before = {name: np.array(v) for name, v in net.state_dict().items()}
    trainer = nn.Trainer(net, nn.MSELoss(), optim.SGD(net.parameters(), lr=0.1))
    with (
        np.errstate(all="ignore"),
        pytest.raises(NonFiniteError, match=MESSAGES[where]) as caught,
    ):
        trainer.fit((x, y), epochs=1, batch_size=2)
    assert "epoch 1, batch 1; the batch changed nothing" in str(caught.value)
    for name, parameter in net.named_parameters():
        np.testing.assert_array_equal(parameter.data, before[name])


def test_looking_changes_nothing() -> None:
    net = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm1d(2, dtype=float))
    before, state = {k: np.array(v) for k, v in net.state_dict().items()}, nn.get_rng_state()
    said = first_broken(net, (X,), Y)
    assert said == "the model's output is finite; the loss itself is not"
    assert nn.get_rng_state() == state
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value, before[name])


def test_the_first_layer_is_named_and_a_whole_model_is_called_so() -> None:
    assert first_broken(Pair(), (-np.ones(2),), np.ones(2)) == (
        "the output of the model, a Pair, has 2 NaN of 2 numbers, the first at (0,)"
    )
    deep = nn.Sequential(nn.Identity(), nn.Sequential(Logarithm(), Logarithm()))
    assert "layer 1.0, a Logarithm" in first_broken(deep, (-np.ones(2),), np.ones(2))
