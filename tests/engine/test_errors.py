"""Every clear error: its class, what it names, and that it shows the user's own line."""

import math

import numpy as np
import pytest
from numpy.lib import recfunctions

import autograd_core as ac
from autograd_core import Tensor, detect_anomaly, grad, gradients, jvp, primitive, vjp


def leaf(*shape, dtype=float):
    return Tensor(np.ones(shape, dtype), requires_grad=True)


def twice(x):
    np.sum(x * x).backward()
    y = x * x
    z = np.sum(y)
    z.backward()
    z.backward()


def wrong_shape_rule(x):
    bad = primitive(lambda v: v * 2, vjp=[lambda g, y, v: g[:1].repeat(5)], name="badshape")
    np.sum(bad(x)).backward()


def wrong_kind_rule(x):
    bad = primitive(lambda v: v * 2, vjp=[lambda g, y, v: (g * 2).astype(int)], name="badkind")
    np.sum(bad(x)).backward()


def none_rule(x):
    bad = primitive(lambda v: v * 2, vjp=[lambda g, y, v: None], name="nothing")
    np.sum(bad(x)).backward()


def too_few(x):
    bad = primitive(lambda a, b: a * b, vjp=lambda g, y, a, b: (g * b,), name="toofew")
    np.sum(bad(x, x)).backward()


def no_rule(x):
    bare = primitive(lambda v: v * 2, name="norules", arity=1)
    np.sum(bare(x)).backward()


def bad_hook(x):
    y = x * 2
    y.register_hook(lambda g: np.ones(7))
    np.sum(y).backward()


x3 = np.ones(3)
# name, what raises, the class, words of the message
CASES = [
    ("matmul shapes", lambda: leaf(3, 4) @ leaf(3, 2), ac.ShapeError,
     ["matmul", "(3, 4)", "(3, 2)", "last axis of the first, 4", "second, 3"]),
    ("broadcast shapes", lambda: leaf(3, 4) + leaf(5), ac.ShapeError,
     ["add", "(3, 4)", "(5,)", "axis -1 is 4 in the first and 5 in the second"]),
    ("ufunc shapes", lambda: np.hypot(leaf(3), leaf(4)), ac.ShapeError, ["hypot", "(3,)", "(4,)"]),
    ("function shapes", lambda: np.concatenate([leaf(2, 2), leaf(3, 3)]), ac.ShapeError,
     ["concatenate", "(2, 2)", "(3, 3)"]),
    ("shapes of duals", lambda: jvp(lambda x: x + np.ones(4), (x3,), (x3,)), ac.ShapeError,
     ["add", "(3,)", "(4,)"]),
    ("reshape", lambda: leaf(6).reshape(4, 2), ac.ShapeError, ["reshape", "(6,)"]),
    ("axis", lambda: leaf(3).sum(axis=2), ac.AutogradError, ["sum", "axis 2"]),
    ("index", lambda: leaf(3)[7], ac.IndexingError, ["getitem", "(3,)", "index 7"]),
    ("singular", lambda: np.linalg.inv(leaf(2, 2)), ac.LinearAlgebraError, ["inv", "Singular"]),
    ("operand", lambda: leaf(3) + "text", ac.OperandError, ["add", "str"]),
    ("ragged data", lambda: Tensor([[1.0], [1.0, 2.0]]), ac.ShapeError, ["Tensor", "array"]),
    ("integer leaf", lambda: Tensor([1, 2], requires_grad=True), ac.DTypeError,
     ["int64", "dtype=float"]),
    ("boolean leaf", lambda: Tensor([True], requires_grad=True), ac.DTypeError, ["bool"]),
    ("object leaf", lambda: Tensor([object()], requires_grad=True), ac.DTypeError, ["object"]),
    ("requires_grad_ of integers", lambda: Tensor([1]).requires_grad_(), ac.DTypeError, ["int64"]),
    ("integer data", lambda: setattr(leaf(2), "data", np.array([1, 2])), ac.DTypeError, ["int64"]),
    ("grad of an integer", lambda: grad(lambda x: x * x)(3), ac.DTypeError, ["int64", "grad()"]),
    ("jvp of integers", lambda: jvp(np.sin, (np.arange(3),), (x3,)), ac.DTypeError, ["int64"]),
    ("non-scalar", lambda: (leaf(3) * 2).backward(), ac.NonScalarError,
     ["shape (3,)", "gradient=", "sum"]),
    ("non-scalar gradients()", lambda: gradients(leaf(3) * 2, []), ac.NonScalarError,
     ["shape (3,)", "seed="]),
    ("non-scalar grad", lambda: grad(lambda x: x * 2)(x3), ac.NonScalarError,
     ["shape (3,)", "jacobian"]),
    ("grad of a tuple", lambda: grad(lambda x: (x, x))(1.0), ac.NonScalarError,
     ["tuple", "has_aux"]),
    ("seed shape", lambda: (leaf(3) * 2).backward(np.ones(4)), ac.SeedError, ["(4,)", "(3,)"]),
    ("integer seed", lambda: (leaf(3) * 2).backward(np.ones(3, int)), ac.SeedError,
     ["int64", "floating"]),
    ("tangent shape", lambda: jvp(np.sin, (x3,), (np.ones(2),)), ac.SeedError, ["(2,)", "(3,)"]),
    ("tangent nest", lambda: jvp(lambda d: d["a"], ({"a": 1.0},), ([1.0],)), ac.SeedError,
     ["nested"]),
    ("dual by hand", lambda: ac.Dual(x3, np.ones(2)), ac.SeedError, ["(2,)", "(3,)"]),
    ("cotangent shape", lambda: vjp(np.sin, x3)[1](np.ones(2)), ac.SeedError, ["(2,)", "(3,)"]),
    ("grad shape", lambda: setattr(leaf(3), "grad", np.ones(2)), ac.SeedError, ["(2,)", "(3,)"]),
    ("backward twice", lambda: twice(leaf(3)), ac.FreedGraphError,
     ["sum", "retain_graph=True", "z = np.sum(y)"]),
    ("nothing requires grad", lambda: np.sum(Tensor(x3) * 2).backward(), ac.UntrackedError,
     ["requires_grad=True"]),
    ("not in the graph", lambda: gradients(np.sum(leaf(2)), [Tensor(x3)]), ac.UntrackedError,
     ["input 0"]),
    ("unknown ufunc", lambda: np.frompyfunc(math.floor, 1, 1)(leaf(3)), ac.UnsupportedError,
     ["floor", "Declare"]),
    ("unknown function", lambda: recfunctions.drop_fields(leaf(3), "a"), ac.UnsupportedError,
     ["drop_fields", "Declare"]),
    ("unknown ufunc method", lambda: np.power.reduce(leaf(3)), ac.UnsupportedError,
     ["power.reduce"]),
    ("casting=", lambda: np.exp(leaf(3), casting="unsafe"), ac.UnsupportedError,
     ["exp", "casting="]),
    ("ufunc where=", lambda: np.exp(leaf(3), where=np.array([True, False, True])),
     ac.UnsupportedError, ["exp", "where="]),
    ("out=", lambda: np.exp(leaf(3), out=np.empty(3)), ac.UnsupportedError, ["exp", "out="]),
    ("in-place on an array", lambda: np.ones(3).__iadd__(leaf(3)), ac.UnsupportedError,
     ["add", "out="]),
    ("asarray", lambda: np.asarray(leaf(3)), ac.ConversionError, ["detach", "np.stack"]),
    ("array of tensors", lambda: np.array([leaf(), leaf()]), ac.ConversionError, ["np.stack"]),
    ("asarray of a dual", lambda: np.asarray(ac.Dual(1.0, 1.0)), ac.ConversionError, ["Dual"]),
    ("numpy()", lambda: leaf(3).numpy(), ac.ConversionError, ["detach"]),
    ("float index", lambda: [1, 2, 3][leaf()], ac.ConversionError, ["float64"]),
    ("copy of a result", lambda: __import__("copy").deepcopy(leaf(2) * 2), ac.ConversionError,
     ["leaves", "detach"]),
    ("rule: shape", lambda: wrong_shape_rule(leaf(3)), ac.RuleError,
     ["badshape", "(5,)", "(3,)", "argument 0"]),
    ("rule: integers", lambda: wrong_kind_rule(leaf(3)), ac.RuleError, ["badkind", "int64"]),
    ("rule: None", lambda: none_rule(leaf(3)), ac.RuleError, ["nothing", "NoneType"]),
    ("rule: too few", lambda: too_few(leaf(3)), ac.RuleError, ["toofew", "1 gradients for 2"]),
    ("rule: missing", lambda: no_rule(leaf(3)), ac.RuleError, ["norules", "vjp="]),
    ("hook: shape", lambda: bad_hook(leaf(3)), ac.SeedError, ["hook", "(7,)", "(3,)"]),
    ("retain_grad of a constant", lambda: Tensor(x3).retain_grad(), ac.UntrackedError, ["retain"]),
    ("hook of a constant", lambda: Tensor(x3).register_hook(print), ac.UntrackedError, ["hook"]),
    ("requires_grad of a result", lambda: setattr(leaf(3) * 2, "requires_grad", False),
     ac.InPlaceError, ["detach"]),
    ("argnums", lambda: grad(np.sin, argnums=2)(1.0), ac.OperandError, ["argument 2"]),
    ("jacobian mode", lambda: ac.jacobian(np.sin, mode="sideways"), ac.OperandError, ["sideways"]),
    ("branch", lambda: ac.branch(leaf(), 0), ac.ShapeError, ["branch"]),
    ("plus", lambda: ac.plus(), ac.ShapeError, ["plus"]),
]  # fmt: skip


@pytest.mark.parametrize(("raises", "kind", "words"), [c[1:] for c in CASES],
                         ids=[c[0] for c in CASES])  # fmt: skip
def test_error(raises, kind, words):
    with pytest.raises(kind) as caught:
        raises()
    text = str(caught.value)
    for word in words:
        assert word in text
    assert "test_errors.py:" in text, "the user's own line is missing"
    assert isinstance(caught.value, ac.AutogradError)


def test_builtin_classes_still_match():
    with pytest.raises(ValueError, match="matmul"):
        leaf(3, 4) @ leaf(3, 2)
    with pytest.raises(TypeError):
        np.asarray(leaf(3))
    with pytest.raises(IndexError):
        leaf(3)[7]
    with pytest.raises(np.linalg.LinAlgError):
        np.linalg.inv(leaf(2, 2))


def test_iteration_and_containment_behave():
    x = leaf(3)
    assert len(list(x)) == 3
    assert 1.0 in x
    with pytest.raises(TypeError):
        len(leaf())
    with pytest.raises(IndexError):
        x[3]


class TestAnomaly:
    def test_forward(self):
        x = Tensor([0.0, 1.0], requires_grad=True)
        with (
            detect_anomaly(),
            np.errstate(all="ignore"),
            pytest.raises(ac.NonFiniteError) as caught,
        ):
            np.log(x * 1)  # born here
        assert "log" in str(caught.value)
        assert "born here" in str(caught.value)
        assert "index (0,)" in str(caught.value)

    def test_backward(self):
        x = Tensor([0.0, 1.0], requires_grad=True)
        with detect_anomaly(), np.errstate(all="ignore"):
            y = np.sum(np.sqrt(x))  # its derivative at 0 is infinite
            with pytest.raises(ac.NonFiniteError) as caught:
                y.backward()
        assert "backward of sqrt" in str(caught.value)
        assert "its derivative at 0" in str(caught.value)
        assert x.grad is None

    def test_nan_that_was_there_before_is_not_blamed(self):
        with detect_anomaly():
            y = Tensor([np.nan], requires_grad=True) * 2
        assert np.isnan(y.data[0])

    def test_constants_are_watched_too(self):
        with detect_anomaly(), np.errstate(all="ignore"), pytest.raises(ac.NonFiniteError):
            1.0 / Tensor([0.0])


def test_the_users_line_is_exact():
    x = leaf(2)
    y = (x * 3
         + x)  # fmt: skip
    where = y._node.location
    assert where.file == __file__
    assert where.text.startswith("y = (x * 3")
    inner = y._node.inputs[0].location
    assert (inner.line, inner.column) == (where.line, len("    y = ("))
