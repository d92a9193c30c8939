"""Cells, containers, lazy layers and a module's further methods, without another library."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest

import nn
import optim
from autograd_core import AutogradError, Tensor, UnsupportedError, gradcheck
from autograd_core.base.errors import OperandError

RNG = np.random.default_rng(3)
CELLS: dict[str, tuple[Any, Any, dict[str, Any]]] = {
    "rnn": (nn.RNNCell, nn.RNN, {}),
    "relu": (nn.RNNCell, nn.RNN, {"nonlinearity": "relu"}),
    "lstm": (nn.LSTMCell, nn.LSTM, {}),
    "gru": (nn.GRUCell, nn.GRU, {"bias": False}),
}


@pytest.mark.parametrize("kind", CELLS)
def test_a_loop_over_a_cell_is_the_layer(kind: str) -> None:
    cell_class, layer_class, settings = CELLS[kind]
    cell, layer = cell_class(3, 4, **settings).double(), layer_class(3, 4, **settings).double()
    layer.load_state_dict({f"{k}_l0": v for k, v in cell.state_dict().items()})
    x, state = RNG.normal(size=(5, 2, 3)), None
    outputs = []
    with nn.use_kernels(compiled=False):
        for step in x:
            state = cell(step, state)
            outputs.append(state[0] if kind == "lstm" else state)
        wanted, last = layer(x)
    np.testing.assert_allclose(np.stack(outputs).data, wanted.data, rtol=1e-12)
    np.testing.assert_allclose(outputs[-1].data, (last[0] if kind == "lstm" else last).data[0])
    assert gradcheck(lambda h: cell(x[0], (h, h) if kind == "lstm" else h), RNG.normal(size=(2, 4)))
    assert cell(x[0, 0]) is not None  # without a batch
    single = cell(x[0].astype(np.float32))  # the weights are of double precision
    for found, exact in zip(*((s if kind == "lstm" else (s,)) for s in (
        single, cell(x[0].astype(np.float32).astype(float)))), strict=True):  # fmt: skip
        assert found.dtype == float
        np.testing.assert_array_equal(found.data, exact.data)
    with pytest.raises(AutogradError, match="is needed"):
        cell(np.ones((2, 5)))
    with pytest.raises(AutogradError, match="the state before needs"):
        cell(x[0], np.ones((2, 5)))


def test_a_projected_lstm_by_finite_differences() -> None:
    layer = nn.LSTM(3, 4, num_layers=2, proj_size=2, bidirectional=True).double()
    output, (h, c) = layer(np.ones((5, 2, 3)), lengths=np.array([5, 3]))
    assert (output.shape, h.shape, c.shape) == ((5, 2, 4), (4, 2, 2), (4, 2, 4))
    assert not output.data[3:, 1].any()
    assert gradcheck(lambda x: layer(x)[0], RNG.normal(size=(3, 2, 3)))
    weights = {k: v.copy() for k, v in layer.state_dict().items()}
    assert gradcheck(
        lambda w: nn.functional_call(layer, {**weights, "weight_hr_l0": w}, (np.ones((3, 2, 3)),))[
            0
        ],
        weights["weight_hr_l0"],
    )


def test_lists_and_sequences_change_as_in_pytorch() -> None:
    layers = [nn.Linear(2, 2) for _ in range(4)]
    part = nn.Sequential(*layers)[1:3]
    part.append(nn.Tanh())  # the names 1 and 2 are taken
    assert [type(m).__name__ for m in part] == ["Linear", "Linear", "Tanh"]
    assert part[0] is layers[1]
    both = nn.Sequential(layers[0], nn.ReLU()) + nn.Sequential(layers[1])
    assert list(both._modules) == ["0", "1", "2"]
    assert both.pop(1).__class__ is nn.ReLU
    assert list(both._modules) == ["0", "1"]
    both += [nn.Tanh()]
    both.insert(1, nn.ReLU())
    assert [type(m).__name__ for m in both] == ["Linear", "ReLU", "Linear", "Tanh"]
    del both[1:3]
    assert [type(m).__name__ for m in both] == ["Linear", "Tanh"]
    twice = 2 * nn.Sequential(layers[0], nn.ReLU())
    assert len(twice) == 4
    assert twice[2] is layers[0]
    twice *= 2
    assert len(twice) == 8
    assert len(nn.ModuleList(layers[:1]) + layers[1:]) == 4
    with pytest.raises(AutogradError, match="out of range for 2 modules"):
        both.insert(5, nn.ReLU())
    with pytest.raises(AutogradError, match="positive integer"):
        both * 0
    with pytest.raises(AutogradError, match=r"Sequential: str is not a Module\.\n +test_nn_cells"):
        both.insert(0, "relu")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"unsupported operand.*'Sequential' and 'int'"):
        both + 3
    heads = nn.ModuleDict([("a", layers[0]), ("b", layers[1])])
    assert heads.pop("a") is layers[0]
    heads.clear()
    assert not len(heads)


def test_lists_and_dicts_of_parameters() -> None:
    values = nn.ParameterList([np.ones(2), Tensor([3.0])])
    values += [nn.Parameter([4.0, 5.0])]
    values[0] = np.zeros(3)
    assert list(values.state_dict()) == ["0", "1", "2"]
    assert [p.shape for p in values[1:]] == [(1,), (2,)]
    assert values[-1] is values[2]
    for index in (3, -4):
        with pytest.raises(IndexError, match=f"index {index} is out of range for 3 parameters"):
            values[index]
    assert "Parameter containing: [float64 of size 3]" in repr(values)
    table = nn.ParameterDict({"a": np.ones(2)}) | {"b": np.ones(1)}
    table |= {"c": np.ones(3)}
    assert (list(table), list(reversed(table))) == (["a", "b", "c"], ["c", "b", "a"])
    assert table.get("none") is None
    assert table.setdefault("a") is table["a"]
    assert table.setdefault("new", np.full(2, 7.0)).data.tolist() == [7.0, 7.0]
    assert [p is table[k] for k, p in zip(table, table.values(), strict=True)] == [True] * 4
    del table["new"]
    assert table.pop("b").shape == (1,)
    assert table.popitem()[0] == "c"
    assert list(table.fromkeys(["x", "y"], np.ones(1)).keys()) == ["x", "y"]
    assert [k for k, _ in table.copy().items()] == ["a"]
    assert "ParameterDict(\n  (a): " in repr(table)
    table.register_parameter("later", None)
    assert "(later): None" in repr(table)
    table.clear()
    assert not len(table)
    for wrong in (lambda: values.append("a"), lambda: table["a"], lambda: table.popitem()):
        with pytest.raises(AutogradError):
            wrong()


class Scaled(nn.Module):
    """A buffer by assignment, and an extra state."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Buffer([2.0])
        self.noise = nn.Buffer([1.0], persistent=False)
        self.inner = nn.Linear(1, 1, bias=False)
        self.note = np.array([1])

    def forward(self, x: Any) -> Any:
        """Scale."""
        return self.inner(x) * self.scale

    def get_extra_state(self) -> Any:
        """Return the note."""
        return self.note

    def set_extra_state(self, state: Any) -> None:
        """Take the note on."""
        self.note = np.array(state)


def test_buffers_and_extra_states(tmp_path: Any) -> None:
    first, second = nn.Sequential(Scaled()), nn.Sequential(Scaled())
    first[0].note = np.array([7])
    state = first.state_dict()
    assert list(state) == ["0.scale", "0._extra_state", "0.inner.weight"]
    nn.save(first, tmp_path / "model.safetensors")
    second.load_state_dict(nn.load(tmp_path / "model.safetensors"))
    assert second[0].note == 7
    assert type(second[0].scale) is np.ndarray
    assert second.get_buffer("0.noise") is second[0].noise
    with pytest.raises(AttributeError, match="no buffer"):
        second.get_buffer("0.none")
    del state["0._extra_state"]
    with pytest.raises(nn.StateDictError, match=r"missing: 0\._extra_state"):
        second.load_state_dict(state)
    assert second.load_state_dict(state, strict=False).missing_keys == ["0._extra_state"]
    with pytest.raises(OperandError, match="defines no get_extra_state"):
        nn.Linear(1, 1).get_extra_state()
    with pytest.raises(OperandError, match=r"Linear defines no set_extra_state.*state that holds"):
        nn.Linear(1, 1).set_extra_state(1)
    with pytest.raises(OperandError, match=r"Linear.load_state_dict: assign=True is not supported"):
        nn.Linear(1, 1).load_state_dict({}, assign=True)
    assert list(nn.Linear(1, 1).state_dict("head.")) == ["head.weight", "head.bias"]


def test_hooks_of_state_dicts() -> None:
    model, calls = nn.Sequential(nn.Linear(1, 1)), []
    model.register_state_dict_pre_hook(lambda module, prefix, keep: calls.append("pre"))
    handle = model.register_state_dict_post_hook(
        lambda module, state, prefix, local: state.update(extra=np.ones(1))
    )
    model[0].register_load_state_dict_post_hook(lambda module, keys: calls.append("loaded"))
    state = model.state_dict()
    assert "extra" in state
    with pytest.raises(nn.StateDictError, match="unknown: extra"):
        model.load_state_dict(state)
    model.register_load_state_dict_pre_hook(
        lambda module, state, prefix, *rest: state.pop("extra", None)
    )
    model.load_state_dict(state)
    assert calls == ["pre", "loaded"]
    handle.remove()
    assert "extra" not in model.state_dict()
    model.register_state_dict_post_hook(lambda module, state, prefix, local: dict(state))
    with pytest.raises(OperandError, match="Sequential: a hook of its state dict returned somethi"):
        model.state_dict()


def test_hooks_with_keywords_in_front_and_before_the_sweep() -> None:
    class Times(nn.Module):
        def forward(self, x: Any, factor: float = 1.0) -> Any:
            return x * factor

    module, order = Times(), []
    module.register_forward_hook(lambda m, args, out: order.append("second"))
    module.register_forward_hook(lambda m, args, out: order.append("first"), prepend=True)
    module.register_forward_pre_hook(
        lambda m, args, keywords: (args, {"factor": keywords["factor"] + 1}), with_kwargs=True
    )
    module.register_forward_hook(
        lambda m, args, keywords, out: out + keywords["factor"], with_kwargs=True
    )
    x = Tensor([2.0], requires_grad=True)
    assert float(module(x, factor=2.0).data[0]) == 9.0
    assert order == ["first", "second"]
    seen = []
    module.register_full_backward_pre_hook(lambda m, g: seen.append(g) or (g[0] * 10,))
    module.register_full_backward_hook(lambda m, given, g: seen.append(g))
    np.sum(module(x, factor=2.0)).backward()
    assert float(x.grad.data[0]) == 30.0
    assert [float(g[0].data[0]) for g in seen] == [1.0, 10.0]
    with pytest.raises(UnsupportedError, match="always_call=True"):
        module.register_forward_hook(lambda m, args, out: None, always_call=True)


def test_hooks_that_only_look_change_nothing() -> None:
    seen: list[Any] = []
    x = Tensor([2.0, 3.0], requires_grad=True)
    layer = nn.Tanh()
    layer.register_forward_pre_hook(
        lambda m, args, keywords: seen.append(keywords), with_kwargs=True
    )
    layer.register_forward_hook(lambda m, args, keywords, y: seen.append(y), with_kwargs=True)
    layer.register_full_backward_pre_hook(lambda m, g: seen.append(g[0].data.tolist()))
    y = layer(x)
    np.sum(y).backward()
    assert seen[0] == {}
    assert seen[2] == [1.0, 1.0]
    np.testing.assert_allclose(y.data, np.tanh(x.data))
    np.testing.assert_allclose(x.grad.data, 1 - np.tanh(x.data) ** 2)


def test_an_error_within_forward_is_not_one_of_the_call() -> None:
    class Adds(nn.Module):
        def forward(self, x: Any) -> Any:
            return x + "text"[len(x) :] + {}  # type: ignore[operator]

    module = Adds()
    module.register_forward_hook(lambda m, args, out: None)
    with pytest.raises(TypeError, match="can only concatenate str"):
        module("word")
    with pytest.raises(OperandError, match="Adds takes at most 1 argument by position"):
        module("word", 3)


def test_conversions_that_ported_code_calls() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    assert model.half()[0].weight.dtype == np.float16
    assert model.type("float64")[1].running_mean.dtype == float
    assert model.cpu() is model
    assert model.to("cpu") is model.to(device="cpu") is model
    for wrong in (model.cuda, lambda: model.to("cuda:0"), model.bfloat16):
        with pytest.raises(UnsupportedError):
            wrong()
    with pytest.raises(ValueError, match=r"set_submodule: the path .* must not be empty"):
        model.set_submodule("", nn.Tanh())
    with pytest.raises(AttributeError, match=r"Sequential: '0\.in_features' is no module"):
        model.set_submodule("0.in_features", nn.Tanh())
    model.set_submodule("1", nn.Tanh())
    assert type(model[1]) is nn.Tanh
    with pytest.raises(AttributeError, match="no submodule"):
        model.set_submodule("2", nn.Tanh(), strict=True)
    model.register_module("3", nn.ReLU())
    assert model.state_dict(keep_vars=True)["0.weight"] is model[0].weight


LAZY: list[tuple[Any, Any, tuple[Any, ...], tuple[int, ...]]] = [
    (nn.LazyLinear, nn.Linear, (3,), (2, 5)),
    (nn.LazyConv1d, nn.Conv1d, (4, 2), (1, 5, 4)),
    (nn.LazyConv2d, nn.Conv2d, (4, 2), (1, 5, 4, 4)),
    (nn.LazyConv3d, nn.Conv3d, (4, 2), (1, 5, 4, 4, 4)),
    (nn.LazyConvTranspose1d, nn.ConvTranspose1d, (4, 2), (1, 5, 3)),
    (nn.LazyConvTranspose2d, nn.ConvTranspose2d, (4, 2), (1, 5, 3, 3)),
    (nn.LazyConvTranspose3d, nn.ConvTranspose3d, (4, 2), (1, 5, 3, 3, 3)),
    (nn.LazyBatchNorm1d, nn.BatchNorm1d, (), (2, 5, 3)),
    (nn.LazyBatchNorm2d, nn.BatchNorm2d, (), (2, 5, 3, 3)),
    (nn.LazyBatchNorm3d, nn.BatchNorm3d, (), (2, 5, 3, 3, 3)),
    (nn.LazyInstanceNorm1d, nn.InstanceNorm1d, (), (2, 5, 3)),
    (nn.LazyInstanceNorm2d, nn.InstanceNorm2d, (), (2, 5, 3, 3)),
    (nn.LazyInstanceNorm3d, nn.InstanceNorm3d, (), (2, 5, 3, 3, 3)),
]


@pytest.mark.parametrize("case", LAZY, ids=lambda case: case[0].__name__)
def test_lazy_layers_become_their_class(case: Any) -> None:
    lazy, becomes, args, shape = case
    with nn.use_kernels(compiled=False):
        layer: Any = lazy(*args)
        held = list(layer.parameters())
        optimizer = optim.SGD(held, lr=0.1) if held else None
        if held:
            with pytest.raises(AutogradError, match="no shape yet"):
                nn.Sequential(layer).state_dict()
        x = RNG.normal(size=shape).astype(np.float32)
        y = layer(x)
        assert type(layer) is becomes
        assert all(a is b for a, b in zip(layer.parameters(), held, strict=True))
        if optimizer is not None:
            before = held[0].data.copy()
            np.sum(y * RNG.normal(size=y.shape)).backward()
            optimizer.step()
            assert (held[0].data != before).any()
        again = lazy(*args)
        again.load_state_dict(layer.state_dict())
        assert type(again) is type(layer)
        np.testing.assert_array_equal(again.eval()(x).data, layer.eval()(x).data)
        pickle.loads(pickle.dumps(layer))
        copy.deepcopy(lazy(*args))


def test_a_lazy_parameter_is_no_number_yet() -> None:
    weight = nn.LazyLinear(2).weight
    assert isinstance(weight, nn.UninitializedParameter)
    assert "UninitializedParameter(float32)" in repr(weight)
    with pytest.raises(AutogradError, match="LazyConv2d: the input has shape"):
        nn.LazyConv2d(2, 1)(np.ones(3))


def test_a_lazy_layer_keeps_what_it_has_already() -> None:
    layer = nn.LazyLinear(2)
    assert layer.has_uninitialized_params()
    with pytest.raises(OperandError, match="LazyLinear: weight has no shape yet"):
        layer.load_state_dict({"bias": np.ones(2)})
    assert layer.has_uninitialized_params()
    layer.bias = nn.Parameter(np.full(2, 5.0, np.float32))  # this one is known
    bias = layer.bias
    layer(np.ones((1, 3), np.float32))
    assert layer.bias is bias
    assert bias.data.tolist() == [5.0, 5.0]
    assert layer.weight.shape == (2, 3)
    assert not hasattr(layer, "has_uninitialized_params")
    plain = nn.LazyBatchNorm1d(affine=False)
    state = nn.BatchNorm1d(4).state_dict()  # a weight is none of its names
    assert plain.load_state_dict(state, strict=False).unexpected_keys == ["weight", "bias"]
    assert (type(plain), plain.num_features) == (nn.BatchNorm1d, 4)
    bare = nn.LazyInstanceNorm1d(affine=True)
    with pytest.raises(AutogradError, match="no shape yet"):
        bare.state_dict()


def test_a_transformer_hides_what_is_later() -> None:
    model = nn.Transformer(4, 2, 1, 1, 8, dropout=0.0, batch_first=True).double().eval()
    src, tgt = RNG.normal(size=(2, 3, 4)), RNG.normal(size=(2, 5, 4))
    mask = nn.Transformer.generate_square_subsequent_mask(5)
    one = model(src, tgt, tgt_mask=mask).data
    tgt[:, 3:] += 1
    np.testing.assert_allclose(model(src, tgt, tgt_mask=mask).data[:, :3], one[:, :3])
    parts = {"custom_encoder": model.encoder, "custom_decoder": model.decoder}
    own = nn.Transformer(4, 2, batch_first=True, **parts).double().eval()
    assert own.encoder is model.encoder
    assert own.decoder is model.decoder
    np.testing.assert_array_equal(own(src, tgt).data, model(src, tgt).data)
    with pytest.raises(AutogradError, match="the same batch"):
        model(src[:1], tgt)
    with pytest.raises(AutogradError, match="d_model = 4"):
        model(src[..., :3], tgt)
