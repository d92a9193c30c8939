"""Files of ONNX as differentiable functions: onnxruntime's numbers, and slopes of differences."""

import warnings

import numpy as np
import pytest

import nn
from autograd_core import compile, grad, gradcheck, hessian, value_and_grad, vmap
from autograd_core.base.errors import DTypeError, OperandError, SettingError, UnsupportedError
from autograd_core.workers.faults import KernelWarning

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from onnx_files.running import Draws, against_differences, helper, ints, model_of, session

from autograd_core import onnx

draws = Draws(11)
rng, single, positive = draws.rng, draws.single, draws.positive


X = single(2, 3, 4)
# operator, inputs, constants, attributes, number of outputs
NODES = [
    *[(kind, {"x": X}, {}, {}, 1) for kind in (
        "Abs", "Ceil", "Cos", "Exp", "Floor", "Identity", "Neg", "Relu", "Round", "Sigmoid",
        "Sign", "Sin", "Softplus", "Softsign", "Tanh", "Erf", "Elu", "Selu", "LeakyRelu",
        "HardSigmoid", "HardSwish", "Softmax", "LogSoftmax", "Shape", "Size", "Flatten",
        "Transpose", "Atan", "Sinh", "Cosh", "Asinh", "IsNaN", "Celu", "ReduceMean", "ReduceSum",
        "ReduceMax", "ReduceProd", "ReduceL1", "ReduceL2", "ReduceSumSquare", "ReduceLogSumExp",
        "ArgMax", "ArgMin", "Trilu", "Mish",
    )],
    *[(kind, {"x": positive(2, 3)}, {}, {}, 1) for kind in ("Log", "Sqrt", "Reciprocal",
                                                            "ReduceLogSum")],
    *[(kind, {"a": X, "b": single(3, 1)}, {}, {}, 1) for kind in (
        "Add", "Sub", "Mul", "Max", "Min", "Less", "LessOrEqual", "Greater", "Equal",
        "GreaterOrEqual", "Mean", "Sum", "PRelu")],
    ("Tan", {"x": np.float32(0.3) * single(3)}, {}, {}, 1),
    ("Acosh", {"x": 1 + positive(3)}, {}, {}, 1),
    ("Div", {"a": X, "b": positive(3, 1)}, {}, {}, 1),
    ("Div", {"a": ints(7, -7, 5)}, {"b": ints(2, 2, -3)}, {}, 1),
    ("Mod", {"a": single(4)}, {"b": np.float32([2, -2, 3, 1])}, {"fmod": 1}, 1),
    ("Mod", {"a": ints(5, -5, 4)}, {"b": ints(3, 3, -3)}, {}, 1),
    ("Pow", {"a": positive(3), "b": single(3)}, {}, {}, 1),
    ("Pow", {"a": single(3)}, {"b": np.float32(3)}, {}, 1),
    ("Clip", {"x": X}, {"low": np.float32(-0.5), "high": np.float32(0.3)}, {}, 1),
    ("Where", {"x": X}, {"a": X > 0}, {}, 1),
    ("Gemm", {"a": single(3, 2), "b": single(4, 3), "c": single(4)}, {},
     {"transA": 1, "transB": 1, "alpha": 0.5, "beta": 2.0}, 1),
    ("MatMul", {"a": X, "b": single(4, 2)}, {}, {}, 1),
    ("Einsum", {"a": X, "b": single(4, 2)}, {}, {"equation": "bij,jk->bik"}, 1),
    ("Reshape", {"x": X}, {"s": ints(0, -1)}, {}, 1),
    ("Squeeze", {"x": single(1, 3, 1)}, {"a": ints(0)}, {}, 1),
    ("Unsqueeze", {"x": X}, {"a": ints(0, -1)}, {}, 1),
    ("Expand", {"x": single(3, 1)}, {"s": ints(2, 1, 4)}, {}, 1),
    ("Tile", {"x": X}, {"r": ints(1, 2, 2)}, {}, 1),
    ("Concat", {"a": X, "b": single(2, 1, 4)}, {}, {"axis": 1}, 1),
    ("Split", {"x": X}, {"s": ints(1, 3)}, {"axis": 2}, 2),
    ("Split", {"x": X}, {}, {"axis": 2, "num_outputs": 3}, 3),
    ("Slice", {"x": X}, {"a": ints(-1, 1), "b": ints(-99, 3), "c": ints(2, 1), "d": ints(-2, 1)},
     {}, 1),
    ("Pad", {"x": X}, {"p": ints(0, 1, 0, 2, 0, 1)}, {}, 1),
    ("Pad", {"x": X}, {"p": ints(0, 1, 0, 0, 1, 1)}, {"mode": "reflect"}, 1),
    ("Gather", {"x": X}, {"i": np.array([[0, -1], [2, 1]])}, {"axis": 1}, 1),
    ("GatherElements", {"x": X}, {"i": np.array([[[0, -1], [2, 1]]])}, {"axis": 1}, 1),
    ("GatherND", {"x": X}, {"i": np.array([[0, 1], [1, -1]])}, {}, 1),
    ("ScatterND", {"x": X, "u": single(2, 4)}, {"i": np.array([[0, 1], [1, 2]])}, {}, 1),
    ("ScatterND", {"x": X, "u": single(2, 4)}, {"i": np.array([[0, 1], [0, 1]])},
     {"reduction": "add"}, 1),
    ("ScatterElements", {"x": X, "u": single(1, 2, 4)}, {"i": np.full((1, 2, 4), 1)},
     {"axis": 0}, 1),
    ("CumSum", {"x": X}, {"a": np.int64(1)}, {"reverse": 1, "exclusive": 1}, 1),
    ("TopK", {"x": X}, {"k": ints(2)}, {"axis": 1}, 2),
    ("Cast", {"x": X}, {}, {"to": 7}, 1),
    ("ConstantOfShape", {}, {"s": ints(2, 3)}, {}, 1),
    ("Range", {}, {"a": np.int64(1), "b": np.int64(9), "c": np.int64(3)}, {}, 1),
    ("OneHot", {}, {"i": ints(0, 2, -1), "d": np.int64(3), "v": np.float32([0, 5])}, {}, 1),
    ("Gelu", {"x": X}, {}, {"approximate": "tanh"}, 1),
    ("Conv", {"x": single(2, 4, 7, 8), "w": single(6, 2, 3, 2), "b": single(6)}, {},
     {"group": 2, "strides": [2, 1], "pads": [1, 0, 2, 1], "dilations": [1, 2]}, 1),
    ("Conv", {"x": single(2, 3, 9), "w": single(4, 3, 3)}, {},
     {"auto_pad": "SAME_UPPER", "strides": [2]}, 1),
    ("ConvTranspose", {"x": single(2, 3, 4, 4), "w": single(3, 2, 3, 3)}, {},
     {"strides": [2, 2], "pads": [1, 1, 1, 1], "output_padding": [1, 1]}, 1),
    ("MaxPool", {"x": single(2, 3, 7, 7)}, {},
     {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 0, 1]}, 1),
    ("AveragePool", {"x": single(2, 3, 6, 6)}, {}, {"kernel_shape": [2, 3], "pads": [1, 1, 1, 1]},
     1),
    ("GlobalAveragePool", {"x": single(2, 3, 4, 4)}, {}, {}, 1),
    ("GlobalMaxPool", {"x": single(2, 3, 4, 4)}, {}, {}, 1),
    ("BatchNormalization", {"x": single(2, 3, 4), "s": single(3), "b": single(3), "m": single(3),
                            "v": positive(3)}, {}, {"epsilon": 0.01}, 1),
    ("LayerNormalization", {"x": X, "s": single(3, 4), "b": single(3, 4)}, {}, {"axis": 1}, 1),
    ("InstanceNormalization", {"x": single(2, 3, 4), "s": single(3), "b": single(3)}, {}, {}, 1),
    *[(kind, {"x": single(5, 2, 3), "w": single(2, n * 4, 3), "r": single(2, n * 4, 4),
              "b": single(2, 2 * n * 4)}, {"l": np.array([5, 3], np.int32)},
       {"hidden_size": 4, "direction": "bidirectional", **more}, count)
      for kind, n, more, count in (("LSTM", 4, {}, 3), ("GRU", 3, {"linear_before_reset": 1}, 2),
                                   ("RNN", 1, {}, 2))],
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "inputs", "constants", "attributes", "count"), NODES,
    ids=[f"{row[0]}-{k}" for k, row in enumerate(NODES)],
)  # fmt: skip
def test_an_operator_is_onnxruntime_s(kind, inputs, constants, attributes, count):
    outputs = [f"y{k}" for k in range(count)]
    names = [*inputs, *constants]
    if kind == "Where":
        names = ["a", "x", "zero"]
        constants = {**constants, "zero": np.float32(0)}
    if kind.startswith("Scatter"):
        names = ["x", "i", "u"]
    node = helper.make_node(kind, names, outputs, **attributes)
    model = model_of([node], inputs, outputs, constants, 20 if kind == "Gelu" else 18)
    wanted = session(model).run(None, inputs)
    with nn.use_kernels(compiled=False):
        f = onnx.import_onnx(model)
        found = f(*inputs.values())
        found = found if isinstance(found, tuple) else (found,)
        for x, y in zip(found, wanted, strict=True):
            assert (np.shape(x), np.asarray(x).dtype) == (y.shape, y.dtype)
            np.testing.assert_allclose(x, y, rtol=3e-5, atol=3e-6)
        floats = [k for k, x in enumerate(inputs.values()) if x.dtype == np.float32]
        smooth = wanted[0].dtype == np.float32 and kind not in ("Ceil", "Floor", "Round", "Sign")
        if floats and smooth:  # all slopes at once, along one direction
            against_differences(f, list(inputs.values()), floats)


def loss(params, x):
    h = np.tanh(x @ params["w"] + params["b"])
    return np.mean(np.where(h > 0, h, 0.1 * h) ** 2) + np.sum(np.sort(x, axis=0)[0])


def test_what_was_exported_comes_back_with_every_transform():
    params = {"w": rng.normal(size=(3, 2)), "b": rng.normal(size=2)}
    x = rng.normal(size=(4, 3))
    model = onnx.export(loss, (params, x), gradients=True)
    f = onnx.import_onnx(model.SerializeToString())
    assert f.inputs == ["params_w", "params_b", "x"]
    assert f.outputs == ["value", "d_params_w", "d_params_b"]
    value, dw, db = f(params["w"], params["b"], x=x)
    wanted, slopes = value_and_grad(loss)(params, x)
    np.testing.assert_allclose(value, wanted, rtol=1e-14)
    np.testing.assert_allclose(dw, slopes["w"], rtol=1e-12)
    np.testing.assert_allclose(db, slopes["b"], rtol=1e-12)
    # the derivative of the gradient that the file computes is the second derivative
    second = hessian(lambda b: loss({"w": params["w"], "b": b}, x))(params["b"])
    rows = [grad(lambda b, k=k: f(params["w"], b, x)[2][k])(params["b"]) for k in range(2)]
    np.testing.assert_allclose(np.stack(rows), second, rtol=1e-10)
    assert gradcheck(lambda b: f(params["w"], b, x)[0], params["b"])
    several = rng.normal(size=(5, 2))
    np.testing.assert_allclose(
        vmap(lambda b: f(params["w"], b, x)[0])(several),
        [f(params["w"], b, x)[0] for b in several],
    )
    step = compile(lambda b: f(params["w"], b, x)[0])
    with warnings.catch_warnings():
        warnings.simplefilter("error", KernelWarning)  # loops that read a constant in another pass
        np.testing.assert_allclose(step(params["b"])[1], db, rtol=1e-12)


def test_weights_of_a_file_are_trained(tmp_path):
    model = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1)).eval()
    x, y = single(16, 3), single(16, 1)
    onnx.export(model, x, tmp_path / "m.onnx")
    f = onnx.import_onnx(tmp_path / "m.onnx")
    assert {p.shape for p in f.parameters.values()} == {(8, 3), (8,), (1, 8), (1,)}

    def error(p):
        return np.mean((f(x, parameters=p) - y) ** 2)

    p = f.parameters
    first = error(p)
    for _ in range(50):
        slopes = grad(error)(p)
        p = {name: value - 0.1 * slopes[name] for name, value in p.items()}
    assert error(p) < 0.9 * first


def test_functions_in_a_file_are_taken_apart():
    body = helper.make_function(
        "own", "Twice", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])],
        [helper.make_opsetid("", 18)],
    )  # fmt: skip
    node = helper.make_node("Twice", ["x"], ["y"], domain="own")
    model = model_of([node], {"x": X}, ["y"], functions=[body])
    model.opset_import.append(helper.make_opsetid("own", 1))
    np.testing.assert_array_equal(onnx.import_onnx(model)(X), 2 * X)


def test_older_opsets_name_axes_as_settings():
    nodes = [
        helper.make_node("Unsqueeze", ["x"], ["a"], axes=[0]),
        helper.make_node("Slice", ["a"], ["b"], starts=[1], ends=[3], axes=[2]),
        helper.make_node("Softmax", ["b"], ["c"], axis=1),
        helper.make_node("Clip", ["c"], ["d"], min=0.01, max=0.2),
        helper.make_node("Constant", [], ["k"], value_float=2.0),
        helper.make_node("Mul", ["d", "k"], ["y"]),
    ]
    model = model_of(nodes[:4], {"x": X}, ["d"], opset=9)
    model.ir_version = 6
    np.testing.assert_allclose(
        onnx.import_onnx(model)(X), session(model).run(None, {"x": X})[0], rtol=1e-5
    )
    model = model_of([nodes[4], helper.make_node("Mul", ["x", "k"], ["y"])], {"x": X}, ["y"])
    np.testing.assert_array_equal(onnx.import_onnx(model)(X), 2 * X)


@pytest.mark.parametrize(
    ("node", "said"),
    [
        (helper.make_node("Resize", ["x"], ["y"], name="up"), r"Resize \(up\) is no operator"),
        (helper.make_node("Own", ["x"], ["y"], domain="com.me"), "com.me.Own is no operator"),
        (helper.make_node("GatherND", ["x", "i"], ["y"], batch_dims=1), "batch_dims"),
        (helper.make_node("GRU", ["x", "x", "x"], ["y"]), "linear_before_reset=0"),
        (helper.make_node("ArgMax", ["x"], ["y"], select_last_index=1), "select_last_index"),
        (helper.make_node("MaxPool", ["x"], ["y", "z"], kernel_shape=[2]), "Indices"),
        (helper.make_node("ScatterND", ["x", "i", "x"], ["y"], reduction="max"), "reduction"),
    ],
)
def test_what_is_not_known_is_refused_by_name(node, said):
    model = model_of([node], {"x": X}, ["y"], {"i": np.zeros((2, 1), np.int64)})
    with pytest.raises(UnsupportedError, match=said):
        onnx.import_onnx(model)(X)


def test_wrong_inputs_are_named():
    f = onnx.import_onnx(onnx.export(lambda x: np.sum(x), np.ones(3)))
    with pytest.raises(DTypeError, match="input x needs float64 with 1 axes"):
        f(np.ones(3, np.float32))
    with pytest.raises(DTypeError, match="1 axes"):
        f(np.ones((3, 1)))
    with pytest.raises(OperandError, match="inputs are x"):
        f(np.ones(3), np.ones(3))
    with pytest.raises(SettingError, match="no parameter 'w'"):
        f(np.ones(3), parameters={"w": 1.0})
    assert repr(f) == "<imported (x) -> (output)>"


def test_what_nothing_gives_is_named():
    add = helper.make_node("Add", ["x", "w"], ["y"], name="here")
    with pytest.raises(UnsupportedError, match=r"Add \(here\): input 'w', which no node"):
        onnx.import_onnx(model_of([add], {"x": X}, ["y"]))
    with pytest.raises(UnsupportedError, match="no node gives output 'z'"):
        onnx.import_onnx(model_of([add], {"x": X, "w": X}, ["z"]))
    nodes = [helper.make_node("Abs", ["x"], ["a", "b"]), helper.make_node("Neg", ["b"], ["y"])]
    with pytest.raises(UnsupportedError, match="Abs: output 'b' is not supported"):
        onnx.import_onnx(model_of(nodes, {"x": X}, ["y"]))(X)
    np.testing.assert_array_equal(  # nobody reads b
        onnx.import_onnx(model_of(nodes[:1], {"x": X}, ["a"]))(X), np.abs(X)
    )


def test_inputs_of_any_kind():
    model = model_of([helper.make_node("Neg", ["x"], ["y"])], {"x": X}, ["y"])
    model.graph.input[0].type.tensor_type.ClearField("shape")
    f = onnx.import_onnx(model)
    for x in (X, X[0], X[0, 0, 0]):
        np.testing.assert_array_equal(f(x), -x)
    with pytest.raises(DTypeError, match="input x needs float32, got float64 of shape"):
        f(X.astype(float))
    model.graph.input[0].CopyFrom(helper.make_tensor_sequence_value_info("x", 1, [2]))
    with pytest.raises(UnsupportedError, match="input x is no array: sequence_type"):
        onnx.import_onnx(model)
    with pytest.raises(OperandError, match="a path, bytes or a ModelProto, not int"):
        onnx.import_onnx(3)
