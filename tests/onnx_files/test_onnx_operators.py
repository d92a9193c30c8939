"""ONNX's operators in all their forms, imported: onnxruntime's numbers and slopes, or refused."""

import numpy as np
import pytest

import nn
from autograd_core.base.errors import OperandError, UnsupportedError

onnx_package = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

from onnx_files.running import Draws, against_differences, helper, ints, model_of, session  # noqa: E402

from autograd_core import onnx  # noqa: E402

draws = Draws(17)
rng, single, positive = draws.rng, draws.single, draws.positive
array = onnx_package.numpy_helper.from_array


X, WHOLE, NONE = single(2, 3, 4), ints(5, -5, 4, 0, 7), ints()
ODD = np.float32([np.inf, -np.inf, np.nan, 0, -0.0, 2.5, -2.5, 1.5])
FIRST, LAST = -(2**63), 2**63 - 1
ONE, TWO, SQUARE = single(2, 3, 9), single(2, 3, 7, 8), {"kernel_shape": [3, 3]}
APART = rng.permutation(TWO.size).reshape(TWO.shape).astype(np.float32) / 64  # no near ties


def recurrent(n, directions=1, **more):
    """Inputs of a recurrent operator with n gates: 5 steps of 2 sequences, 3 inputs, 4 units."""
    return {"x": single(5, 2, 3), "w": single(directions, 4 * n, 3),
            "r": single(directions, 4 * n, 4), **more}  # fmt: skip


BIAS, FULL = {"b": single(1, 8)}, np.array([5, 5], np.int32)
# operator, inputs, constants, settings, number of outputs, opset
FORMS = {
    "dropout at rest": ("Dropout", {"x": X}, {"r": np.float32(0.3), "t": np.bool_(False)}, {}, 2),
    "dropout alone": ("Dropout", {"x": X}),
    "infinite": ("IsInf", {"x": ODD}),
    "plus infinity": ("IsInf", {"x": ODD}, {}, {"detect_negative": 0}),
    "minus infinity": ("IsInf", {"x": ODD}, {}, {"detect_positive": 0}),
    "sign": ("Sign", {"x": ODD}), "rounding": ("Round", {"x": ODD}), "erf": ("Erf", {"x": ODD}),
    "no limits": ("Clip", {"x": X}), "one limit": ("Clip", {"x": X}, {"low": np.float32(0)}),
    "another limit": ("Clip", {"x": X}, {"": None, "high": np.float32(0)}),
    "a limit of whole numbers": ("Clip", {"x": WHOLE}, {"low": np.int64(-1)}),
    "limits that cross": ("Clip", {"x": X}, {"a": np.float32(1), "b": np.float32(-1)}),
    "no axes, nothing done": ("ReduceSum", {"x": X}, {}, {"noop_with_empty_axes": 1}),
    "no axes, squares": ("ReduceSumSquare", {"x": X}, {"a": NONE}, {"noop_with_empty_axes": 1}),
    "no axes, sizes": ("ReduceL1", {"x": X}, {}, {"noop_with_empty_axes": 1}),
    "no axes, logarithm": ("ReduceLogSumExp", {"x": X}, {}, {"noop_with_empty_axes": 1}),
    "no axes, all": ("ReduceSum", {"x": X}, {"a": NONE}),
    "log of sums": ("ReduceLogSumExp", {"x": X}, {"a": ints(1, 2)}, {"keepdims": 0}),
    "log of the sum": ("ReduceLogSumExp", {"x": X}, {}, {"keepdims": 0}),
    "mean of whole numbers": ("ReduceMean", {"x": WHOLE}),
    "product of int32": ("ReduceProd", {"x": WHOLE.astype(np.int32)}),
    "sum of int32": ("ReduceSum", {"x": WHOLE.astype(np.int32)}),
    "smallest uint8": ("ReduceMin", {"x": WHOLE.astype(np.uint8)}),
    "axes as a setting": ("ReduceMean", {"x": X}, {}, {"axes": [1], "keepdims": 0}, 1, 17),
    "running sums": ("CumSum", {"x": X}, {"a": np.int64(-1)}),
    "running sums without the last": ("CumSum", {"x": X}, {"a": ints(1)}, {"exclusive": 1}),
    "running sums backwards": ("CumSum", {"x": X}, {"a": np.int64(0)}, {"reverse": 1}),
    "running sums of int32": ("CumSum", {"x": WHOLE.astype(np.int32)}, {"a": np.int32(0)}),
    "determinant": ("Det", {"x": single(2, 3, 3)}),
    "nothing in another shape": ("Reshape", {"x": single(0, 3)}, {"s": ints(3, 0)},
                                 {"allowzero": 1}),
    "padding of one axis": ("Pad", {"x": X}, {"p": ints(1, 2), "v": np.float32(7), "a": ints(-1)}),
    "padding by edges": ("Pad", {"x": X}, {"p": ints(0, 1, 1, 0, 0, 2)}, {"mode": "edge"}),
    "padding around": ("Pad", {"x": X}, {"p": ints(0, 1, 1, 0, 0, 2)}, {"mode": "wrap"}, 1, 19),
    "padding of whole numbers": ("Pad", {"x": WHOLE}, {"p": ints(1, 1)}),
    "padding as a setting": ("Pad", {"x": X}, {}, {"pads": [0, 1, 0, 0, 0, 1], "value": 2.0}, 1, 9),
    "places": ("NonZero", {"x": np.float32([[0, 1], [2, 0]])}),
    "rest of floats": ("Mod", {"a": ODD}, {"b": np.float32([2] * 8)}, {"fmod": 1}),
    "rest of the divisor's sign": ("Mod", {"a": WHOLE}, {"b": ints(-3, -3, -3, 3, 3)}),
    "rest of the dividend's sign": ("Mod", {"a": WHOLE}, {"b": ints(-3, -3, -3, 3, 3)},
                                    {"fmod": 1}),
    "division towards 0": ("Div", {"a": ints(7, -7, 5, FIRST)}, {"b": ints(-2, 2, -3, 1)}),
    "division of int8": ("Div", {"a": np.int8([-128, 7, -128])}, {"b": np.int8([3, -2, 1])}),
    "division of uint8": ("Div", {"a": np.uint8([200, 7])}, {"b": np.uint8([3, 2])}),
    "power of whole numbers": ("Pow", {"a": WHOLE}, {"b": np.int64(3)}),
    "powers of whole numbers": ("Pow", {"a": WHOLE}, {"b": ints(2, 3, 0, 1, 2)}),
    "a power below 0": ("Pow", {"a": ints(2, -1, 1)}, {"b": np.int64(-1)}),
    "powers below 0": ("Pow", {"a": ints(2, -1, 1)}, {"b": ints(-1, -1, 2)}),
    "a root of whole numbers": ("Pow", {"a": ints(4, 9)}, {"b": np.float32(0.5)}),
    "a whole power": ("Pow", {"a": X}, {"b": np.int64(3)}),
    "a power for each": ("Pow", {"a": X}, {"b": ints(2)}),
    "a root": ("Pow", {"a": positive(3)}, {"b": np.float32(0.5)}),
    "an infinite power": ("Pow", {"a": X}, {"b": np.float32(np.inf)}),
    "truth of numbers": ("Cast", {"x": ODD}, {}, {"to": 9}),
    "double precision": ("Cast", {"x": X}, {}, {"to": 11}),
    "as another": ("CastLike", {"x": X, "l": WHOLE}),
    "a slice to the end": ("Slice", {"x": X}, {"a": ints(1), "b": ints(LAST)}),
    "a slice backwards": ("Slice", {"x": X}, {"a": ints(-1), "b": ints(FIRST), "c": ints(2),
                                              "d": ints(-1)}),
    "a slice beyond": ("Slice", {"x": X}, {"a": ints(-99), "b": ints(99), "c": ints(1),
                                           "d": ints(2)}),
    "parts in number": ("Split", {"x": X}, {}, {"axis": -1, "num_outputs": 3}, 3),
    "parts by outputs": ("Split", {"x": X}, {}, {"axis": 1}, 3, 13),
    "parts as a setting": ("Split", {"x": X}, {}, {"axis": 1, "split": [1, 2]}, 2, 11),
    "one part": ("Split", {"x": X}, {}, {"axis": 2, "num_outputs": 1}),
    "squeeze all": ("Squeeze", {"x": single(1, 3, 1)}),
    "the smallest": ("TopK", {"x": X}, {"k": ints(2)}, {"largest": 0}, 2),
    "the largest at a tie": ("TopK", {"x": np.float32([1, 1, 0, 1])}, {"k": ints(3)}, {}, 2),
    "the largest of uint8": ("TopK", {"x": np.uint8([3, 200, 0, 1])}, {"k": ints(3)}, {}, 2),
    "the largest, with the smallest of all": ("TopK", {"x": ints(5, FIRST)}, {"k": ints(2)}, {}, 2),
    "one hot, places out of range": ("OneHot", {"i": ints(0, 2, -1, 7, -4)},
                                     {"d": np.int64(3), "v": np.float32([0, 5])}),
    "one hot, first": ("OneHot", {"i": ints(0, 2, -1)}, {"d": ints(3), "v": ints(0, 5)},
                       {"axis": 0}),
    "added along an axis": ("ScatterElements", {"x": X}, {"i": np.zeros((2, 3, 2), np.int64),
                                                          "u": single(2, 3, 2)},
                            {"axis": 2, "reduction": "add"}),
    "a number of an array": ("GatherND", {"x": X}, {"i": ints(0, 1, 2)}),
    "a row": ("Gather", {"x": X}, {"i": np.int64(-1)}, {"axis": -2}),
    "the place of the smallest": ("ArgMin", {"x": X}, {}, {"axis": -1, "keepdims": 0}),
    "gemm without c": ("Gemm", {"a": single(3, 2), "b": single(2, 4)}),
    "gemm with a column": ("Gemm", {"a": single(3, 2), "b": single(2, 4), "c": single(3, 1)}, {},
                           {"beta": 0.5}),
    "a lower triangle": ("Trilu", {"x": X}, {"k": np.int64(1)}, {"upper": 0}),
    "steps down": ("Range", {}, {"a": np.float32(1), "b": np.float32(0), "c": np.float32(-0.3)}),
    "no steps": ("Range", {}, {"a": np.int64(1), "b": np.int64(0), "c": np.int64(1)}),
    "the largest of one": ("Max", {"a": X}), "the mean of three": ("Mean", {"a": X, "b": X[:, :1],
                                                                            "c": X[0]}),
    "a part of the shape": ("Shape", {"x": X}, {}, {"start": -2, "end": -1}),
    "flat from the end": ("Flatten", {"x": X}, {}, {"axis": -1}),
    "sevens": ("ConstantOfShape", {}, {"s": ints(2)}, {"value": array(ints(7))}),
    "an array": ("Constant", {}, {}, {"value": array(WHOLE)}),
    "a whole number": ("Constant", {}, {}, {"value_int": 3}),
    "floats": ("Constant", {}, {}, {"value_floats": [1.0, 2.0]}),
    "whole numbers": ("Constant", {}, {}, {"value_ints": [1, 2]}),
    "elu": ("Elu", {"x": X}, {}, {"alpha": 0.5}), "celu": ("Celu", {"x": X}, {}, {"alpha": 0.5}),
    "selu": ("Selu", {"x": X}, {}, {"alpha": 0.5, "gamma": 2.0}),
    "hard sigmoid": ("HardSigmoid", {"x": X}, {}, {"alpha": 0.3, "beta": 0.2}),
    "gelu": ("Gelu", {"x": X}, {}, {}, 1, 20),
    "shares, once": ("Softmax", {"x": X}, {}, {"axis": 0}, 1, 11),
    "shares, once, of the last": ("LogSoftmax", {"x": X}, {}, {"axis": -1}, 1, 11),
    # layers
    "conv, valid": ("Conv", {"x": TWO, "w": single(4, 3, 3, 3)}, {}, {"auto_pad": "VALID"}),
    "conv, the end first": ("Conv", {"x": TWO, "w": single(4, 3, 2, 4)}, {},
                            {"auto_pad": "SAME_LOWER", "strides": [2, 1]}),
    "conv, no word about padding": ("Conv", {"x": ONE, "w": single(4, 3, 3), "b": single(4)}, {},
                                    {"auto_pad": "NOTSET", "dilations": [2]}),
    "transposed, one axis": ("ConvTranspose", {"x": ONE, "w": single(3, 2, 4)}, {},
                             {"strides": [3], "dilations": [2]}),
    "transposed, cut at the beginning": ("ConvTranspose", {"x": TWO, "w": single(3, 2, 3, 3),
                                                           "b": single(2)}, {},
                                         {"strides": [2, 2], "pads": [1, 1, 0, 0]}),
    "transposed, in groups": ("ConvTranspose", {"x": single(2, 4, 3, 3), "w": single(4, 2, 2, 2)},
                              {}, {"group": 2}),
    "max pool, one axis": ("MaxPool", {"x": ONE}, {}, {"kernel_shape": [4], "strides": [3],
                                                       "ceil_mode": 1}),
    "max pool, same": ("MaxPool", {"x": APART}, {}, {**SQUARE, "auto_pad": "SAME_UPPER",
                                                   "strides": [2, 2]}),
    "max pool, apart": ("MaxPool", {"x": APART}, {}, {**SQUARE, "dilations": [2, 1]}),
    "average pool, one axis": ("AveragePool", {"x": ONE}, {}, {"kernel_shape": [3],
                                                               "strides": [2]}),
    "average pool, uneven": ("AveragePool", {"x": TWO}, {}, {
        **SQUARE, "pads": [0, 1, 1, 0], "count_include_pad": 1}),
    "average pool, to the end": ("AveragePool", {"x": TWO}, {}, {
        **SQUARE, "pads": [1, 1, 1, 1], "strides": [2, 2], "ceil_mode": 1}, 1, 19),
    "batch norm of a matrix": ("BatchNormalization", {
        "x": single(4, 3), "s": single(3), "b": single(3), "m": single(3), "v": positive(3)}),
    "layer norm without a shift": ("LayerNormalization", {"x": X, "s": single(4)}, {},
                                   {"epsilon": 0.1}),
    "group norm": ("GroupNormalization", {"x": single(2, 4, 3), "s": single(4), "b": single(4)}, {},
                   {"num_groups": 2}, 1, 21),
    "group norm, a number for each group": (
        "GroupNormalization", {"x": single(2, 4, 3), "s": single(2), "b": single(2)}, {},
        {"num_groups": 2}, 1, 18),
    "lstm, one way": ("LSTM", recurrent(4), {}, {"hidden_size": 4}, 3),
    "lstm, back, from a state": ("LSTM", recurrent(4, b=single(1, 32)), {
        "": None, "h": single(1, 2, 4), "c": single(1, 2, 4)},
        {"hidden_size": 4, "direction": "reverse"}, 3),
    "gru, all of the same length": ("GRU", recurrent(3, b=single(1, 24)), {"l": FULL},
                                    {"hidden_size": 4, "linear_before_reset": 1}, 2),
    "rnn, its bends named": ("RNN", recurrent(1, 2, b=single(2, 8)), {}, {
        "hidden_size": 4, "direction": "bidirectional", "activations": ["Relu", "Relu"]}, 2),
    "rnn, of its own bend": ("RNN", recurrent(1, **BIAS), {}, {"hidden_size": 4}, 2),
}  # fmt: skip
USUAL = ({}, {}, 1, 18)


@pytest.mark.parametrize("name", FORMS)
def test_a_form_of_an_operator_is_onnxruntime_s(name):
    row = FORMS[name]
    kind, inputs, constants, settings, count, opset = *row, *USUAL[len(row) - 2 :]
    outputs = [f"y{k}" for k in range(count)]
    node = helper.make_node(kind, [*inputs, *constants], outputs, **settings)
    known = {key: value for key, value in constants.items() if key}
    model = model_of([node], inputs, outputs, known, opset)
    if opset < 13:
        model.ir_version = 6
    wanted = session(model).run(None, inputs)
    with nn.use_kernels(compiled=False), np.errstate(all="ignore"):
        f = onnx.import_onnx(model)
        found = f(*inputs.values())
        found = found if isinstance(found, tuple) else (found,)
        for x, y in zip(found, wanted, strict=True):
            assert (np.shape(x), np.asarray(x).dtype) == (np.shape(y), y.dtype)
            np.testing.assert_allclose(x, y, rtol=3e-5, atol=3e-6)
        floats = [k for k, x in enumerate(inputs.values())
                  if x.dtype == np.float32 and np.isfinite(x).all()]  # fmt: skip
        if floats and wanted[0].dtype.kind == "f" and name != "an infinite power":
            against_differences(f, list(inputs.values()), floats)


def of(kind, *inputs, **settings):
    return helper.make_node(kind, inputs, settings.pop("outputs", ["y"]), name="here", **settings)


LSTM = {"x": single(5, 2, 3), "w": single(1, 16, 3), "r": single(1, 16, 4)}
RNN = {"x": single(5, 2, 3), "w": single(1, 4, 3), "r": single(1, 4, 4)}
# node, inputs, what is said besides its name
REFUSED = {
    "dropout that drops": (of("Dropout", "x", "r", "t"), {"x": X}, "random numbers"),
    "a text": (of("Constant", value_string="a"), {}, "no array of numbers"),
    "negative padding": (of("Pad", "x", "p"), {"x": X, "p": ints(0, -1, 0, 0, 0, 0)}, "negative"),
    "three axes of space": (of("Conv", "x", "w"), {"x": single(1, 1, 3, 3, 3),
                                                   "w": single(1, 1, 2, 2, 2)}, "3 axes of space"),
    "pooling of three axes": (of("MaxPool", "x", kernel_shape=[2, 2, 2]),
                              {"x": single(1, 1, 3, 3, 3)}, "3 axes of space"),
    "a transposed shape": (of("ConvTranspose", "x", "w", output_shape=[9, 9]),
                           {"x": TWO, "w": single(3, 2, 3, 3)}, "auto_pad or output_shape"),
    "a transposed padding": (of("ConvTranspose", "x", "w", auto_pad="SAME_UPPER"),
                             {"x": TWO, "w": single(3, 2, 3, 3)}, "auto_pad or output_shape"),
    "more cut at the end": (of("ConvTranspose", "x", "w", pads=[0, 0, 1, 1]),
                            {"x": TWO, "w": single(3, 2, 3, 3)}, "more padding at the end"),
    "means of what lies apart": (of("AveragePool", "x", kernel_shape=[2, 2], dilations=[2, 2]),
                                 {"x": TWO}, "dilations"),
    "means of uneven padding": (of("AveragePool", "x", kernel_shape=[2, 2], pads=[0, 0, 1, 1]),
                                {"x": TWO}, "padding that differs"),
    "batch norm in training": (of("BatchNormalization", *"xsbmv", training_mode=1), {
        "x": TWO, "s": single(3), "b": single(3), "m": single(3), "v": positive(3)},
        "training_mode"),
    "the mean too": (of("LayerNormalization", "x", "s", outputs=["y", "m"]),
                     {"x": X, "s": single(4)}, "the mean as an output"),
    "bends of an lstm": (of("LSTM", *"xwr", hidden_size=4, activations=["Tanh"] * 3), LSTM,
                         r"activations \['Tanh', 'Tanh', 'Tanh'\]"),
    "bends of an rnn": (of("RNN", *"xwr", hidden_size=4, activations=["Sigmoid"]), RNN,
                        r"activations \['Sigmoid'\]"),
    "a limit to its sums": (of("LSTM", *"xwr", hidden_size=4, clip=1.0), LSTM, "clip, layout"),
    "the batch first": (of("RNN", *"xwr", hidden_size=4, layout=1), RNN, "clip, layout"),
    "peepholes": (of("LSTM", *"xwr", "", "", "", "", "p", hidden_size=4),
                  {**LSTM, "p": single(1, 12)}, "peepholes"),
    "shapes that do not fit": (of("Add", "x", "a"), {"x": X, "a": single(5)},
                               r"of shapes \(2, 3, 4\), \(5,\): operands could not be broadcast"),
    "a row that is not there": (of("Gather", "x", "i"), {"x": X, "i": ints(9)},
                                r"of shapes \(2, 3, 4\), \(1,\): index 9 is out of bounds"),
    "an input left out": (of("Conv", "x"), {"x": TWO}, r"of shapes \(2, 3, 7, 8\): .*missing"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_a_form_that_is_not_known_is_refused_by_its_node(name):
    node, inputs, said = REFUSED[name]
    constants = {"r": np.float32(0.3), "t": np.bool_(True)} if node.op_type == "Dropout" else {}
    f = onnx.import_onnx(model_of([node], inputs, ["y"], constants))
    kind = OperandError if "of shapes" in said else UnsupportedError
    with pytest.raises(kind, match=rf"import_onnx: {node.op_type} \(here\).*{said}"):
        f(*inputs.values())
