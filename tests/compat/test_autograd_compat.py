"""`compat.autograd` by itself: declared operations in every mode, nests, checks and refusals."""

import sys
import warnings
from collections import namedtuple
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

import autograd_core
from autograd_core import GradcheckError, OperandError, RuleError, ShapeError, Tensor, gradcheck
from autograd_core.compat import autograd as ag
from autograd_core.compat.autograd import core, extend, host, tracer
from autograd_core.compat.autograd import numpy as anp
from autograd_core.compat.autograd.extend import (
    def_linear,
    defjvp,
    defjvp_argnum,
    defjvp_argnums,
    defvjp,
    defvjp_argnum,
    defvjp_argnums,
    notrace_primitive,
    primitive,
    vspace,
)
from autograd_core.compat.autograd.misc import const_graph, fixed_points, flatten
from autograd_core.compat.autograd.misc.flatten import flatten_func
from autograd_core.compat.autograd.test_util import (
    check_equivalent,
    check_grads,
    combo_check,
    quick_grad_check,
)

A = np.array([0.5, -1.0, 2.0])
B = np.array([1.5, 0.3, -0.7])


def reverse(op, rules):
    defvjp(op, *[lambda ans, *args, r=r: lambda g: g * r(*args) for r in rules])


def reverse_argnum(op, rules):
    defvjp_argnum(op, lambda n, ans, args, kwargs: lambda g: g * rules[n](*args))


def reverse_argnums(op, rules):
    defvjp_argnums(op, lambda ns, ans, args, kwargs: lambda g: [g * rules[n](*args) for n in ns])


def forward(op, rules):
    defjvp(op, *[lambda t, ans, *args, r=r: t * r(*args) for r in rules])


def forward_argnum(op, rules):
    defjvp_argnum(op, lambda n, t, ans, args, kwargs: t * rules[n](*args))


def forward_argnums(op, rules):
    defjvp_argnums(
        op,
        lambda ns, ts, ans, args, kwargs: sum(
            t * rules[n](*args) for n, t in zip(ns, ts, strict=True)
        ),
    )


DECLARATIONS = [reverse, reverse_argnum, reverse_argnums, forward, forward_argnum, forward_argnums]


@pytest.fixture(params=[*DECLARATIONS, "both"], ids=lambda d: getattr(d, "__name__", d))
def product_of_sines(request):
    """sin(a) * b * b as one operation, declared in one of all ways."""
    op = primitive(lambda a, b: np.sin(a) * b * b)
    rules = [lambda a, b: np.cos(a) * b * b, lambda a, b: 2 * np.sin(a) * b]
    for declare in (reverse, forward) if request.param == "both" else (request.param,):
        declare(op, rules)
    return op


def plain(a, b):
    return np.sin(a) * b * b


def test_every_mode(product_of_sines):
    op = product_of_sines
    assert gradcheck(op, A, B, order=2)
    total = lambda f: lambda a, b: np.sum(f(a, b))
    for k in (0, 1):
        for transform in (autograd_core.grad, autograd_core.hessian):
            np.testing.assert_allclose(
                transform(total(op), k)(A, B), transform(total(plain), k)(A, B), atol=1e-14
            )
        np.testing.assert_allclose(
            autograd_core.jacobian(op, k)(A, B), np.diag([np.cos(A) * B**2, 2 * np.sin(A) * B][k])
        )
    np.testing.assert_allclose(autograd_core.vmap(op)(A, B), plain(A, B))
    slopes = autograd_core.vmap(autograd_core.grad(op))(A, B)
    np.testing.assert_allclose(slopes, np.cos(A) * B**2)
    again = autograd_core.checkpoint(op)
    np.testing.assert_allclose(autograd_core.grad(total(again))(A, B), np.cos(A) * B**2)
    x = Tensor(A, requires_grad=True)
    np.sum(op(x, B)).backward()
    np.testing.assert_allclose(x.grad.data, np.cos(A) * B**2)
    compiled = autograd_core.compile(total(op))
    for k in range(3):
        np.testing.assert_allclose(compiled(A + k, B)[1], np.cos(A + k) * B**2)
    np.testing.assert_allclose(op(A, B), plain(A, B))  # nothing is traced
    check_grads(op, (0, 1))(A, B)


def nest_operation():
    def forward(d, power, name):
        assert isinstance(name, str)
        return {"u": d["x"] ** power * d["y"][0], "v": (d["y"][0] + d["y"][1], 1.0 * d["x"])}

    op = primitive(forward)

    def rule(ans, d, power, name):
        def pull(g):
            gx = g["u"] * power * d["x"] ** (power - 1) * d["y"][0] + g["v"][1]
            gy = np.sum(g["u"] * d["x"] ** power) + g["v"][0]
            return {"x": gx, "y": [gy, g["v"][0]]}

        return pull

    defvjp(op, rule)
    return op, forward


def test_nested_arguments_and_results():
    op, forward = nest_operation()
    nest = {"x": A, "y": [2.0, 3.0]}

    def loss(f):
        def value(d):
            made = f(d, 3, "cube")
            return np.sum(made["u"] * made["v"][1]) * made["v"][0]

        return value

    check_equivalent(ag.grad(loss(op))(nest), ag.grad(loss(forward))(nest))
    check_grads(loss(op))(nest)
    partly = lambda x: loss(op)({"x": x, "y": [2.0, 3.0]})  # the rest of the pytree is constant
    np.testing.assert_allclose(ag.grad(partly)(A), ag.grad(loss(forward))(nest)["x"])


def test_rules_that_say_zero_or_same():
    op = primitive(lambda a, b: a * np.round(b))
    defvjp(op, lambda ans, a, b: lambda g: g * np.round(b), None)
    assert ag.grad(op)(2.0, 3.0) == 3.0
    assert ag.grad(op, 1)(2.0, 3.0) == 0.0
    linear = primitive(lambda a, b: a * b)
    defjvp(linear, "same", None)
    assert ag.make_jvp(linear)(2.0, 3.0)(1.0)[1] == 3.0
    assert ag.make_jvp(linear, 1)(2.0, 3.0)(1.0)[1] == 0.0
    both = primitive(lambda a, b: a * b)
    def_linear(both)
    assert ag.make_jvp(both, (0, 1))(2.0, 3.0)((1.0, 10.0))[1] == 23.0
    for op in (linear, both):
        with pytest.raises(NotImplementedError, match=r'rule is "same".* defvjp\(\)'):
            ag.grad(op)(2.0, 3.0)
        defvjp(op, lambda ans, a, b: lambda g: g * b, lambda ans, a, b: lambda g: g * a)
        assert ag.grad(op, 1)(2.0, 3.0) == 2.0
    third = primitive(lambda a, b, c: a * b * c)
    defvjp(third, lambda ans, a, b, c: lambda g: g * a * b, argnums=(2,))
    assert ag.grad(third, 2)(2.0, 3.0, 4.0) == 6.0
    with pytest.raises(NotImplementedError, match="no derivative was declared for argument 0"):
        ag.grad(third)(2.0, 3.0, 4.0)


def test_rules_may_come_later():
    op = primitive(lambda x: x * x)
    with pytest.raises(NotImplementedError, match=r"no derivative was declared; use defvjp\(\)"):
        ag.grad(op)(3.0)
    defvjp(op, lambda ans, x: lambda g: 2 * g * x)
    assert ag.grad(op)(3.0) == 6.0
    defvjp(op, lambda ans, x: lambda g: 20 * g * x)
    assert ag.grad(op)(3.0) == 60.0
    assert core.primitive_vjps[op]


def test_refusals_of_declarations():
    op = primitive(lambda x, scale=1.0: x * scale)
    defvjp(op, lambda ans, x, scale=1.0: lambda g: g * scale)
    assert ag.grad(op)(3.0, scale=5.0) == 5.0
    with pytest.raises(OperandError, match="passed as a keyword; pass it by position"):
        ag.grad(lambda s: op(3.0, scale=s))(5.0)
    with pytest.raises(OperandError, match=r"sin is not an operation made by primitive\(\)"):
        defvjp(np.sin, lambda ans, x: lambda g: g)
    with pytest.raises(OperandError, match="a rule must be a function or None, not 'other'"):
        defjvp(op, "other")
    pair = primitive(lambda p: p[0] * p[1])
    defvjp(pair, lambda ans, p: lambda g: g)
    with pytest.raises(RuleError, match=r"rule of argument 0 .* not nested like the argument"):
        ag.grad(pair)((1.0, 2.0))


def test_numbers_inside():
    seen = notrace_primitive(lambda nest, k: float(nest["x"]) * k)
    assert ag.grad(lambda x: x * seen({"x": x}, 2))(3.0) == 6.0

    def kinds(x):
        assert tracer.isbox(x)
        assert not tracer.isbox(tracer.getval(x))
        assert ag.isinstance(x, np.ndarray)
        assert ag.type(x) is np.ndarray
        assert ag.isinstance([x], ag.list)
        assert ag.type({"a": x}) is ag.dict
        return np.sum(ag.tuple((x, x))[0])

    assert ag.grad(ag.grad(lambda s: ag.grad(kinds)(s * A)[0] * s))(2.0) == 0.0
    assert isinstance(Tensor(1.0), extend.Box)


class Listed(tracer.Node):
    """A node that keeps what it gets."""

    def __init__(self, value, fun, args, kwargs, parent_argnums, parents):
        self.value, self.name, self.args = value, fun.__name__, args
        self.again = fun(*args, **kwargs)
        self.parents = dict(zip(parent_argnums, parents, strict=True))

    def initialize_root(self, name):
        self.name = name


def test_traces_of_a_users_own_nodes():
    root = Listed.new_root("x")
    value, node = tracer.trace(root, lambda x: np.sum(np.sin(x) * x, axis=0), A)
    assert value == np.sum(np.sin(A) * A) == node.again
    assert (node.name, len(node.parents)) == ("sum", 1)
    product = node.parents[0]
    assert product.name == "multiply"
    assert product.parents[1] is root
    assert product.parents[0].name == "sin"
    assert product.parents[0].parents[0] is root
    np.testing.assert_array_equal(product.again, np.sin(A) * A)
    value, node = tracer.trace(Listed.new_root("x"), ag.grad(np.tanh), 0.5)  # nests
    assert value == node.value == ag.grad(np.tanh)(0.5)
    _, same = tracer.trace(root, lambda x: x, A)
    assert same is root
    for constant in (lambda x: 3.0, lambda x: Tensor(3.0)):
        with pytest.warns(UserWarning, match="does not depend"):
            assert tracer.trace(root, constant, 1.0) == (3.0, None)
    for x in ([1.0], "text"):
        with pytest.raises(OperandError, match="must be a number or an array"):
            tracer.trace(root, lambda x: x, x)
    with pytest.raises(OperandError, match="outside of other transforms"):
        ag.grad(lambda x: tracer.trace(root, np.sin, x)[0])(1.0)
    with pytest.raises(NotImplementedError):
        tracer.Node.new_root()
    with pytest.raises(NotImplementedError):
        tracer.Node(1.0, np.sin, (), {}, (), ())


def test_numpy_is_the_one_that_keeps_traces():
    """Where this package has a NumPy of its own, programs for HIPS autograd get that one."""
    own = (Path(autograd_core.__file__).parent / "numpy").is_dir()
    assert host.namespace.__name__ == ("autograd_core.numpy" if own else "numpy")


def test_const_graph_runs_the_function():
    f = const_graph(lambda a, b, c: a * b if b > 0 else c, 2.0, c=7.0)
    assert (f(3.0), f(-1.0)) == (6.0, 7.0)  # there, the second is -2


def test_under_vmap():
    xs = np.arange(6.0).reshape(3, 2)
    f = lambda x: np.sum(x**3) * x[0]
    over = lambda transform: autograd_core.vmap(transform)(xs)
    for made in (ag.grad(f), lambda x: ag.elementwise_grad(np.tanh)(x), ag.hessian(f),
                 ag.jacobian(np.tanh), ag.deriv(np.tanh), lambda x: ag.make_hvp(f)(x)[0](x + 1),
                 ag.grad(lambda x: np.sum(flatten({"a": x, "b": (x[0], 2.0)})[0]))):  # fmt: skip
        np.testing.assert_allclose(over(made), np.stack([made(x) for x in xs]))
    cube = primitive(lambda x: x**3)
    defvjp(cube, lambda ans, x: lambda g: 3 * g * x**2)
    np.testing.assert_allclose(over(ag.elementwise_grad(cube)), 3 * xs**2)
    with pytest.raises(TypeError, match="must return one real number"):
        over(ag.grad(np.sin))


def test_multigrad_dict():
    def f(a, /, b, *rest, c=2.0, **more):
        return a * b * sum(rest) * c * more["d"]

    found = ag.multigrad_dict(f)(1.0, 2.0, 3.0, 4.0, d=5.0)
    assert found == {"a": 140.0, "b": 70.0, "rest": (20.0, 20.0), "c": 70.0, "more": {"d": 28.0}}


Point = namedtuple("Point", "x y")


def test_flatten_and_back():
    nest = {"b": [1.0, Point(A, 2.0)], "a": (), "c": {"z": B.astype("f4"), "y": None}}
    vector, unflatten = flatten(nest)
    assert vector.tolist() == [1.0, *A, 2.0, *B.astype("f4").tolist()]
    back = unflatten(vector)
    assert back["c"]["z"].dtype == np.float32
    assert isinstance(back["b"][1], Point)
    np.testing.assert_array_equal(flatten(back)[0], vector)
    with pytest.raises(ShapeError, match=r"shape \(2,\), and the pytree holds 8 numbers"):
        unflatten(A[:2])
    with pytest.raises(OperandError, match="holds <U1 data; give numbers"):
        flatten(["a", 1.0])
    assert flatten(())[0].size == 0
    assert flatten(())[1](np.zeros(0)) == ()
    z, back = flatten([1.0 + 2.0j, 3.0])
    assert back(z) == [1.0 + 2.0j, 3.0]
    loss = lambda d: np.sum(flatten(d)[0] ** 3)
    check_grads(loss)({"u": A, "v": (B, 2.0)})
    f, _, x = flatten_func(lambda d, k: [d["u"] * k], {"u": A})
    np.testing.assert_array_equal(f(x, 2), 2 * A)
    assert gradcheck(lambda v: unflatten_sum(v, flatten({"u": A, "v": B})[1]), np.ones(6))


def unflatten_sum(vector, unflatten):
    nest = unflatten(vector)
    return np.sum(nest["u"] ** 2) * np.sum(nest["v"])


def test_fixed_points():
    step = lambda a: lambda x: np.cos(x) * a[0] + a[1]
    distance = lambda x, y: np.max(np.abs(x - y))
    solve = lambda a: fixed_points.fixed_point(step, a, np.zeros(3), distance, 1e-12)
    a = (0.5, B)
    x = solve(a)
    np.testing.assert_allclose(x, 0.5 * np.cos(x) + B, atol=1e-10)
    check_grads(lambda a: np.sum(solve(a) ** 2), modes=["rev"])(a)
    check_grads(lambda a: np.sum(solve(a) ** 2), modes=["fwd"], order=1)(a)


def test_convolve_in_both_modes(rng):
    pytest.importorskip("scipy")
    from autograd_core.compat.autograd.scipy import signal

    a, b = rng.normal(size=(2, 3, 4)), rng.normal(size=(3, 2, 2))
    for mode in ("full", "same", "valid"):
        f = lambda a, b, mode=mode: signal.convolve(a, b, ([-1], [2]), ([1, 0], [0, 1]), mode)
        assert gradcheck(f, a, b, order=2)
        expected = sum(
            signal.convolve(a[i, j], b[j, i], mode=mode) for i in range(2) for j in range(3)
        )
        np.testing.assert_allclose(f(a, b), expected)
        np.testing.assert_allclose(
            expected, sum(np.convolve(a[i, j], b[j, i], mode) for i in range(2) for j in range(3))
        )
    scaled = autograd_core.vmap(lambda a: signal.convolve(a, b[:, 0], ([1], [1]), ([0], [0])))(a)
    np.testing.assert_allclose(scaled[1], signal.convolve(a[1], b[:, 0], ([1], [1]), ([0], [0])))
    assert "convolve" in dir(signal)
    assert signal.correlate is not None


@pytest.mark.parametrize(
    ("axes", "dot_axes", "mode", "message"),
    [
        (([0], [0]), ((), ()), "wrong", "mode 'wrong'"),
        (([0, 0], [0, 1]), ((), ()), "full", "each axis once"),
        (([5], [0]), ((), ()), "full", "from 0 to 1"),
        (([0], [0]), ([0], [1]), "full", "each axis once"),
        (([0, 1], [0]), ((), ()), "full", "as many of A as of B"),
        (([0], [0]), ([1], [1]), "full", "pairs of equal lengths"),
    ],
)
def test_convolve_refuses(axes, dot_axes, mode, message):
    pytest.importorskip("scipy")
    from autograd_core.compat.autograd.scipy import signal

    with pytest.raises(ShapeError, match=message):
        signal.convolve(np.ones((4, 3)), np.ones((2, 2)), axes, dot_axes, mode)
    with pytest.raises(ShapeError, match="is empty"):
        signal.convolve(np.ones(0), np.ones(2))


def test_names_of_scipy():
    pytest.importorskip("scipy")
    package = "autograd_core.compat.autograd.scipy"
    stats = import_module(f"{package}.stats")
    normal = import_module(f"{package}.stats.multivariate_normal")
    assert (
        normal is stats.multivariate_normal is sys.modules[f"{package}.stats"].multivariate_normal
    )
    assert abs(ag.grad(lambda x: stats.norm.logpdf(x, 0.0, 2.0))(3.0) + 0.75) < 1e-12
    assert abs(ag.grad(lambda m: normal.logpdf(A, m, np.eye(3)))(B) - (A - B)).max() < 1e-12
    for name, function in (("special", "gammaln"), ("linalg", "expm"), ("integrate", "odeint")):
        module = import_module(f"{package}.{name}")
        assert callable(getattr(module, function))
        assert dir(module)
    assert dir(stats)
    special = import_module(f"{package}.special")
    assert ag.grad(special.logsumexp)(np.zeros(2)).tolist() == [0.5, 0.5]


def test_names_of_numpy():
    assert anp.sin(0.0) == 0.0
    assert anp.pi == np.pi
    assert anp.linalg.norm(A) == np.linalg.norm(A)
    assert {"eigh", "where", "sin"} <= {*dir(anp), *dir(anp.linalg)}
    import autograd_core.compat.autograd.numpy.random as npr
    from autograd_core.compat.autograd.numpy.fft import fft

    from autograd_core.compat.autograd.numpy.linalg import solve

    npr.seed(0)
    assert npr.randn(2).shape == (2,)
    assert fft(A)[0] == np.sum(A)
    np.testing.assert_allclose(solve(np.eye(3), A), A)
    with pytest.raises(AttributeError, match="_nothing"):
        anp._nothing  # noqa: B018
    assert anp.where(A > 0)[0].tolist() == [0, 2]
    with pytest.raises(autograd_core.UnsupportedError, match=r"make_diagonal.*np.diag"):
        anp.make_diagonal(A)


def test_checks_see_what_is_wrong():
    wrong = primitive(np.sin)
    defvjp(wrong, lambda ans, x: lambda g: g * 1.001 * np.cos(x))
    defjvp(wrong, lambda t, ans, x: t * np.cos(x))
    check_grads(wrong, modes=["fwd"], order=1)(A)
    with pytest.raises(AssertionError, match=r"\(VJP\) check of sin failed"):
        check_grads(wrong, modes=["rev"])(A)
    defjvp(wrong, lambda t, ans, x: t)
    with pytest.raises(GradcheckError, match=r"\(JVP\) check of sin failed"):
        check_grads(wrong, modes=["fwd"])(A)
    shape = primitive(np.sum)
    defvjp(shape, lambda ans, x: lambda g: g * np.ones(3))
    with pytest.raises(OperandError, match="modes"):
        check_grads(shape, modes=["both"])(A)
    with pytest.raises(GradcheckError, match="is not"):
        check_equivalent([1.0], (1.0,))
    with pytest.raises(GradcheckError):
        check_equivalent(1.0, 1.1)
    combo_check(lambda a, p: a**p, modes=["rev"], order=1)([A, B**2], p=[1, 2])
    with pytest.raises(GradcheckError):
        quick_grad_check(wrong, A)


def test_vector_spaces():
    space = vspace({"a": 1.0, "z": Z})
    assert space.size == 5
    assert len(list(space.standard_basis())) == 5
    assert space != vspace({"a": 1.0, "z": A})
    assert space != 3
    assert "VSpace" in repr(space)
    assert vspace(Z).ones().tolist() == [1 + 1j, 1 + 1j]
    assert vspace(A).zeros().tolist() == [0.0, 0.0, 0.0]
    for value in (A, Z):
        drawn = vspace(value).randn()
        assert (drawn.shape, drawn.dtype) == (value.shape, value.dtype)
        assert np.all(drawn.real != 0)
        assert np.all(drawn.imag != 0) == (drawn.dtype.kind == "c")
    assert space.inner_prod(space.ones(), space.scalar_mul(space.ones(), 2.0)) == 10.0
    assert space.covector(space.ones())["z"].tolist() == [1 - 1j, 1 - 1j]
    assert space.zeros()["z"].tolist() == [0, 0]
    np.testing.assert_array_equal(space.add(space.ones(), space.zeros())["z"], space.ones()["z"])
    with pytest.raises(TypeError, match="pass floating-point numbers"):
        vspace([1.0, "text"])


Z = np.array([1.0 + 2.0j, 3.0 - 1.0j])


def test_refusals_of_transforms():
    with pytest.raises(OperandError, match=r"grad\(\): argnum must be an integer.*not 'x'"):
        ag.grad(np.sin, "x")
    with pytest.raises(OperandError, match=r"argnum=1 of <lambda>, which got 1 positional"):
        ag.grad(lambda a, b=2.0: a * b, 1)(1.0)
    with pytest.raises(OperandError, match=r"returned 2 values; it must return one real number"):
        ag.grad(lambda x: (x, x))(1.0)
    with pytest.raises(OperandError, match=r"complex data of shape \(\)"):
        ag.grad(lambda x: 1j * x)(1.0)
    with pytest.raises(autograd_core.UntrackedError):
        ag.jacobian(lambda x: [1.0])(A)
    assert ag.grad(np.sin).__name__ == "grad_of_sin_wrt_argnum_0"


def test_results_that_depend_on_nothing_are_zero_with_a_warning():
    for f in (lambda x: 3.0, lambda x: np.sum(x) > 0, lambda x: [x > 0, np.argmax(x)]):
        with pytest.warns(UserWarning, match="does not depend"):
            pull, _ = ag.make_vjp(f)(A)
        assert not np.any(pull(vspace(1.0).ones() if not isinstance(f(A), list) else [A, 1.0]))
    with pytest.warns(UserWarning, match="does not depend"):
        assert not np.any(ag.jacobian(lambda x: np.ones((2, 2)))(A))
    with pytest.warns(UserWarning, match="not complex"):
        ag.holomorphic_grad(np.sin)(1.0)


def test_everything_public_is_there():
    modules = ["", ".builtins", ".core", ".extend", ".misc", ".misc.fixed_points", ".misc.flatten",
               ".misc.optimizers", ".test_util", ".tracer", ".util", ".wrap_util"]  # fmt: skip
    for name in modules:
        module = import_module(f"autograd_core.compat.autograd{name}")
        assert module.__doc__
        for public in module.__all__:
            assert getattr(module, public) is not None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert ag.hessian_vector_product is ag.hessian_tensor_product
