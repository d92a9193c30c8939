"""Functions as ONNX models: what onnxruntime computes from the file, and what is refused."""

import warnings

import numpy as np
import pytest

from autograd_core import Tensor, hessian, value_and_grad
from autograd_core.base.errors import AutogradError, SettingError, UnsupportedError

onnx_package = pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")

from onnx_files.running import run, session  # noqa: E402

from autograd_core import onnx  # noqa: E402
from autograd_core.onnx import exporting, models  # noqa: E402


def exported(f, *args, **settings):
    """What onnxruntime gives for the same arguments."""
    found = run(onnx.export(f, args, check=False, **settings), *args)
    return found[0] if len(found) == 1 else found


def network(params, x, target):
    h = np.tanh(x @ params["w"] + params["b"])
    return np.mean((h - target) ** 2)


def example(rng, n=4):
    params = {"w": rng.normal(size=(3, 2)), "b": rng.normal(size=2)}
    return params, rng.normal(size=(n, 3)), rng.normal(size=(n, 2))


def test_gradients_in_the_file_are_those_of_differences_of_its_value(rng, tmp_path):
    params, x, target = example(rng)
    onnx.export(network, (params, x, target), tmp_path / "f.onnx", gradients=True)
    file = onnxruntime.InferenceSession(str(tmp_path / "f.onnx"))
    names = [i.name for i in file.get_inputs()]
    assert names == ["params_w", "params_b", "x", "target"]
    assert [o.name for o in file.get_outputs()] == ["value", "d_params_w", "d_params_b"]

    def value(w):
        return file.run(["value"], dict(zip(names, (w, params["b"], x, target), strict=True)))[0]

    found = file.run(None, dict(zip(names, (*params.values(), x, target), strict=True)))[1]
    for k in np.ndindex(3, 2):
        step = np.zeros((3, 2))
        step[k] = 1e-6
        slope = (value(params["w"] + step) - value(params["w"] - step)) / 2e-6
        assert abs(found[k] - slope) < 1e-8


def test_one_size_may_change(rng):
    axes = {"x": {0: "n"}, "target": {0: "n"}}
    model = onnx.export(network, example(rng), gradients=True, dynamic_axes=axes)
    shape = model.graph.input[2].type.tensor_type.shape
    assert shape.dim[0].dim_param == "n"
    for n in (1, 2, 5, 64):
        params, x, target = example(rng, n)
        value, dw, db = run(model, *params.values(), x, target)
        wanted, slopes = value_and_grad(network)(params, x, target)
        np.testing.assert_allclose(value, wanted, rtol=1e-13)
        np.testing.assert_allclose(dw, slopes["w"], rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(db, slopes["b"], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(
    "f",
    [
        lambda x: np.var(x, axis=0, ddof=1),  # 1 / (n - 1)
        lambda x: np.std(x) / np.sqrt(len(x)),
        lambda x: np.zeros_like(x) + np.arange(len(x))[:, None],
        lambda x: x[::-1] * np.ones((len(x), 1)),
        lambda x: x.reshape(-1)[2 : 2 * len(x)],
        lambda x: np.concatenate([x, 2 * x]).sum(axis=1),
        lambda x: x[-1] + x[len(x) - 2],
        lambda x: np.roll(x, 1, axis=0),
        lambda x: np.sort(x, axis=0),
    ],
)
def test_what_depends_on_the_size(f, rng):
    model = onnx.export(f, rng.normal(size=(4, 3)), dynamic_axes={"x": {0: "n"}})
    for n in (3, 9, 17):
        x = rng.normal(size=(n, 3))
        np.testing.assert_allclose(run(model, x)[0], f(x), rtol=1e-13, atol=1e-15)


def test_what_depends_on_the_size_in_another_way_is_refused(rng):
    x = rng.normal(size=(4, 3))
    with pytest.raises(UnsupportedError, match="depends on the size 'n'"):
        onnx.export(lambda x: x.sum() * len(x) ** 3, x, dynamic_axes={"x": {0: "n"}})
    with pytest.raises(UnsupportedError, match="depends on the size"):
        onnx.export(lambda x: sum(x[k] for k in range(len(x))), x, dynamic_axes={"x": {0: "n"}})


def test_settings_that_do_not_fit():
    x = np.ones((2, 3))
    for axes, said in (
        ({"y": {0: "n"}}, "'y', which is no input"),
        ({"x": {2: "n"}}, "an axis that shape"),
        ({"x": {0: "n", 1: "m"}}, "2 names"),
    ):
        with pytest.raises(SettingError, match=said):
            onnx.export(lambda x: x, x, dynamic_axes=axes)
    with pytest.raises(SettingError, match="opset_version"):
        onnx.export(lambda x: x, x, opset_version=3)
    with pytest.raises(SettingError, match="output_names needs 1"):
        onnx.export(lambda x: x, x, output_names=["a", "b"])


def test_names_and_pytrees(rng):
    def f(x, *, none=None):
        return {"sum": np.sum(x), "parts": [x, x + 1]}

    model = onnx.export(f, rng.normal(size=3))
    assert [o.name for o in model.graph.output] == [
        "output_sum", "output_parts_0", "output_parts_1"
    ]  # fmt: skip
    model = onnx.export(f, rng.normal(size=3), input_names=["v"], output_names=["a", "b", "c"])
    assert model.graph.input[0].name == "v"
    assert [o.name for o in model.graph.output] == ["a", "b", "c"]
    onnx_package.checker.check_model(model, full_check=True)


def test_values_are_called_what_the_source_calls_them(rng):
    model = onnx.export(network, example(rng), gradients=True)
    names = {name for node in model.graph.node for name in node.output}
    assert {"h", "value", "d_params_w"} <= names
    assert any("np.tanh" in node.doc_string for node in model.graph.node)
    small = onnx.export(network, example(rng), gradients=True, doc_strings=False)
    assert not any(node.doc_string for node in small.graph.node)
    assert small.ByteSize() < 1600 < model.ByteSize()


def test_auxiliary_results_and_chosen_arguments(rng):
    def f(a, b):
        return np.sum(a * b), {"a": a + 1}

    a, b = rng.normal(size=(2, 3))
    model = onnx.export(f, (a, b), gradients=True, argnums=(1, 0), has_aux=True)
    assert [o.name for o in model.graph.output] == ["value", "aux_a", "d_b", "d_a"]
    found = dict(zip([o.name for o in model.graph.output], run(model, a, b), strict=True))
    np.testing.assert_array_equal(found["d_a"], b)
    np.testing.assert_array_equal(found["d_b"], a)
    np.testing.assert_array_equal(found["aux_a"], a + 1)


def test_parameters_are_inputs_with_a_default(rng):
    w = Tensor(rng.normal(size=3), requires_grad=True)
    x = rng.normal(size=3)
    model = onnx.export(lambda x: np.sum(np.sin(w * x)), x, gradients=True, parameters={"w": w})
    assert [i.name for i in model.graph.input] == ["x", "w"]
    value, slope = session(model).run(None, {"x": x})
    np.testing.assert_allclose(slope, np.cos(w.data * x) * x)
    other = rng.normal(size=3)
    value, slope = session(model).run(None, {"x": x, "w": other})
    np.testing.assert_allclose(value, np.sum(np.sin(other * x)))
    np.testing.assert_allclose(slope, np.cos(other * x) * x)


def test_a_training_step_and_second_derivatives(rng):
    def step(params, x, target):
        value, slopes = value_and_grad(network)(params, x, target)
        return value, {k: p - 0.1 * slopes[k] for k, p in params.items()}

    args = example(rng)
    found = run(onnx.export(step, args), *args[0].values(), *args[1:])
    value, new = step(*args)
    np.testing.assert_allclose(found[0], value, rtol=1e-14)
    np.testing.assert_allclose(found[1], new["w"], rtol=1e-14)

    def g(x):
        return np.sum(np.sin(x) * x**3)

    x = rng.normal(size=4)
    np.testing.assert_allclose(exported(hessian(g), x), hessian(g)(x), rtol=1e-13)


@pytest.mark.parametrize("opset", range(17, 24))
def test_opsets(opset, rng):
    def f(x):
        y = np.mean(np.maximum(x, 0), axis=1, keepdims=True) + np.max(x, axis=(0, -1))
        return np.sum(np.concatenate([y, -y]) ** 2) + np.sum(np.cumsum(x[:, ::2]))

    model = onnx.export(f, rng.normal(size=(3, 4)), gradients=True, opset_version=opset)
    assert model.opset_import[0].version == opset


SPECIAL = np.array(
    [0.0, -0.0, 1, -1, 2, -2.5, 0.5, 1.5, 3.25, 1e-300, -1e300, 1e-20, 720, -720, 40,
     np.inf, -np.inf, np.nan, -1e-8, np.pi]
)  # fmt: skip
ONE = (
    np.exp, np.log, np.sqrt, np.sin, np.cos, np.tanh, np.floor, np.ceil, np.rint, np.abs, np.sign,
    np.trunc, np.isnan, np.isinf, np.isfinite, np.isposinf, np.isneginf, np.signbit, np.expm1,
    np.log1p, np.sinh, np.cosh, np.tan, np.arcsin, np.arccos, np.arctan, np.arcsinh, np.arccosh,
    np.arctanh, np.exp2, np.log2, np.log10, np.cbrt, np.square, np.reciprocal, np.logical_not,
)  # fmt: skip
TWO = (
    np.add, np.subtract, np.multiply, np.divide, np.maximum, np.minimum, np.power, np.hypot,
    np.copysign, np.fmax, np.fmin, np.heaviside, np.logaddexp, np.logaddexp2, np.arctan2, np.fmod,
    np.remainder, np.floor_divide, np.less, np.less_equal, np.equal, np.not_equal,
)  # fmt: skip


def same(found, wanted, units=8, zero=0.0):
    """Equal to a few units in the last place of each number, at infinities and NaN too."""
    assert found.dtype == wanted.dtype
    assert found.shape == wanted.shape
    if wanted.dtype.kind == "f":
        info = np.finfo(wanted.dtype)
        with np.errstate(all="ignore"):
            close = np.abs(found - wanted) <= units * info.eps * np.abs(wanted) + info.tiny + zero
        wrong = ~((found == wanted) | (np.isnan(found) & np.isnan(wanted)) | close)
    else:
        wrong = found != wanted
    assert not wrong.any(), (found[wrong][:5], wanted[wrong][:5])


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("function", ONE + TWO, ids=lambda f: f.__name__)
def test_every_number_of_a_formula_is_near(function, dtype):
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        x = SPECIAL.astype(dtype)
        if function in ONE:
            # onnxruntime's sine of pi is 0, NumPy's 1e-16
            zero = np.finfo(dtype).eps if function in (np.sin, np.cos, np.tan) else 0.0
            same(exported(lambda x: function(x), x), function(x), zero=zero)
            return
        a, b = np.repeat(x, len(x)), np.tile(x, len(x))
        same(exported(lambda a, b: function(a, b), a, b), function(a, b))


@pytest.mark.parametrize("dtype", [np.int64, np.int32, np.int16, np.int8, np.uint8])
def test_whole_numbers(dtype):
    i = np.array([0, 1, 2, 3, 7, 5] if dtype is np.uint8 else [0, 1, -1, 2, -3, 7, -8]).astype(
        dtype
    )
    a, b = np.repeat(i, len(i)), np.tile(i, len(i))
    with np.errstate(all="ignore"):
        for f in (np.add, np.multiply, np.floor_divide, np.remainder, np.maximum, np.divide,
                  np.bitwise_and, np.less):  # fmt: skip
            same(exported(lambda a, b, f=f: f(a, b), a, b), f(a, b))
        same(exported(lambda a: a**3, a), a**3)
        same(exported(lambda a: np.sum(a), a), np.sum(a))


def test_dtypes_are_promoted_as_numpy_does():
    small, double = np.ones(3, np.float32), np.ones(3)
    count = np.arange(3, dtype=np.int32)
    for f, args in (
        (lambda a, b: a + b, (small, double)),
        (lambda a: 2.5 * a, (small,)),
        (lambda a, b: a * b, (small, count)),
        (lambda a: a / 2, (count,)),
        (lambda a: a > 0.5, (count,)),
        (lambda a: np.mean(a), (count,)),
        (lambda a, b: np.where(a > 0, a, b), (count, small)),
        (lambda a: a.astype(np.float16) * 2, (small,)),
        (lambda a, b: np.concatenate([a, b]), (small, double)),
    ):
        wanted = np.asarray(f(*args))
        found = exported(f, *args)
        assert found.dtype == wanted.dtype
        np.testing.assert_array_equal(found, wanted)


def test_indices_that_are_arguments(rng):
    x, k = rng.normal(size=(5, 3)), np.array([4, 0, 0, -1])

    def f(x, k):
        return np.sum(x[k] ** 2) + np.sum(x[k, 1]) + np.sum(x[:, [0, 2]] * x[2, 1])

    found = run(onnx.export(f, (x, k), gradients=True), x, k)
    value, slope = value_and_grad(f)(x, k)
    np.testing.assert_allclose(found[0], value)
    np.testing.assert_allclose(found[1], slope)
    for read in (
        lambda x, k: x[k, :, None],
        lambda x, k: x[None, k, ..., 0],
        lambda x, k: x[:, k[:3] % 3],
        lambda x, k: x[1:][k[1:3]],
        lambda x, k: x[None, :, k % 3],
    ):
        np.testing.assert_array_equal(exported(read, x, k), read(x, k))


def test_another_branch_is_nan(rng):
    def f(x):
        return np.sum(x) if x[0] > 0 else np.sum(x**2)

    with pytest.warns(onnx.ExportWarning, match="branches on numbers") as caught:
        model = onnx.export(f, np.array([1.0, 2.0]), gradients=True)
    assert "x[0] > 0" in str(caught[0].message)
    assert run(model, np.array([3.0, 2.0]))[0] == 5
    value, slope = run(model, np.array([-3.0, 2.0]))
    assert np.isnan(value)
    assert np.isnan(slope).all()
    with pytest.raises(UnsupportedError, match="branches on numbers and returns int64"):
        onnx.export(lambda x: np.arange(2) if x[0] > 0 else np.arange(3), np.ones(2))


@pytest.mark.parametrize(
    ("f", "said"),
    [
        (lambda x: x.astype(">f8"), "other order"),
        (lambda x: np.linalg.svd(x)[1], "no operator for svd"),
        (lambda x: x[x > 0], "no fixed shape"),
        (lambda x: np.abs(np.fft.fft(x)), "no complex numbers"),
        (lambda x: x.astype(np.longdouble), "ONNX"),
        (lambda x: x * np.random.default_rng().normal(), "random|world|time|read"),
        (lambda x: np.linalg.solve(x, x), "no operator for solve"),
    ],
)
def test_refusals_name_the_line(f, said, rng):
    with pytest.raises(UnsupportedError, match=said) as caught:
        onnx.export(f, rng.normal(size=(3, 3)))
    assert "test_onnx_export.py" in str(caught.value)
    assert "compile:" not in str(caught.value)


def test_a_wrong_operator_is_noticed(rng, monkeypatch, tmp_path):
    """`export` compares what it writes; a lowering that is wrong writes nothing."""
    from autograd_core.operations.exports import ONNX_LOWERINGS

    monkeypatch.setitem(ONNX_LOWERINGS, np.tanh, lambda g, y, x: g.op("Sin", x))
    from autograd_core.operations.registry import REGISTRY

    monkeypatch.setitem(ONNX_LOWERINGS, REGISTRY[np.tanh], lambda g, y, x: g.op("Sin", x))
    with pytest.raises(AutogradError, match="not what the engine computes"):
        onnx.export(lambda x: np.tanh(x), rng.normal(size=3), tmp_path / "f.onnx")
    assert not (tmp_path / "f.onnx").exists()


def test_rounding_is_told_from_error():
    y = np.array([1.0, 1e-3])
    assert not models.differs(y, y, 4)
    assert not models.differs(y * (1 + 1e-15), y, 8)
    assert "off by" in models.differs(y * (1 + 1e-11), y, 4096)
    assert "elsewhere" in models.differs(np.array([1.0, np.nan]), y, 4096)
    assert "float32" in models.differs(y.astype(np.float32), y, 4096)
    assert "others" in models.differs(np.array([1]), np.array([2]), 4096)
    assert exporting._distance(np.array([1.0, np.inf]), np.array([1.5, np.inf])) == 0.5


def test_without_onnxruntime_the_reference_evaluator_checks(rng, monkeypatch):
    import builtins

    whole = builtins.__import__

    def missing(name, *args, **keywords):
        if name == "onnxruntime":
            raise ImportError(name)
        return whole(name, *args, **keywords)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.warns(onnx.ExportWarning, match="reference evaluator"):
        onnx.export(lambda x: np.tanh(x), rng.normal(size=3))


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "onnx", None)
    with pytest.raises(UnsupportedError, match=r"autograd-core\[onnx\]"):
        onnx.export(lambda x: x, np.ones(2))
    with pytest.raises(UnsupportedError, match=r"autograd-core\[onnx\]"):
        onnx.import_onnx("nowhere.onnx")


def test_a_large_model_has_its_numbers_in_a_file_beside_it(rng, monkeypatch, tmp_path):
    """As of more than two gigabytes, here of more than some kilobytes."""
    w = rng.normal(size=(2, 40, 40))
    x = rng.normal(size=(3, 40))
    monkeypatch.setattr(models, "LARGEST", 20_000)
    model = onnx.export(lambda x: x @ w[0] @ w[1], x, tmp_path / "f.onnx")
    assert {f.name for f in tmp_path.iterdir()} == {"f.onnx", "f.onnx.data"}
    assert (tmp_path / "f.onnx").stat().st_size < 2000
    file = onnxruntime.InferenceSession(str(tmp_path / "f.onnx"))
    for found in (file.run(None, {"x": x}), run(model, x)):  # the model itself is whole
        np.testing.assert_allclose(found[0], x @ w[0] @ w[1], rtol=1e-12)
    f = onnx.import_onnx(tmp_path / "f.onnx")
    np.testing.assert_allclose(f(x), x @ w[0] @ w[1], rtol=1e-12)
    w = rng.normal(size=(40, 90))
    with pytest.raises(UnsupportedError, match=r"shape \(40, 90\) has 28800 bytes; an array"):
        onnx.export(lambda x: x @ w, x)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (lambda g, y, x: g.op("Nope", x), "checker does not take the model: .*Nope"),
        (lambda g, y, x: g.op("Gather", x, g.ints([0, 9, 1]), shape=(3,)),
         "onnxruntime does not take the model: .*out of data bounds"),
    ],
    ids=["checker", "runtime"],
)  # fmt: skip
def test_a_model_that_is_not_taken_is_refused_with_the_line(
    written, said, rng, monkeypatch, tmp_path
):
    from autograd_core.operations.exports import ONNX_LOWERINGS
    from autograd_core.operations.registry import REGISTRY

    monkeypatch.setitem(ONNX_LOWERINGS, np.tanh, written)
    monkeypatch.setitem(ONNX_LOWERINGS, REGISTRY[np.tanh], written)

    def f(x):
        y = x[[1, 0, 2]]  # a Gather as it should be
        return np.tanh(y)

    with pytest.raises(UnsupportedError, match=said) as caught:
        onnx.export(f, rng.normal(size=3), tmp_path / "f.onnx", doc_strings=False)
    assert "return np.tanh(y)" in str(caught.value)
    assert "a Gather as" not in str(caught.value)
    assert not (tmp_path / "f.onnx").exists()
