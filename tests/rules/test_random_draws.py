"""Draws with traced parameters: NumPy's refuse and name a formula, ours keep the derivatives."""

import copy
import pickle
import re

import numpy as np
import pytest
from cases.draws import KEPT, OF_GENERATORS, Q, shuffled

import autograd_core.numpy as ours
from autograd_core import (
    ConversionError,
    ShapeError,
    Tensor,
    UnsupportedError,
    checkpoint,
    compile,
    grad,
    gradcheck,
    hessian,
    jvp,
    vmap,
)

P = np.array([0.7, 1.3])
X = np.arange(8.0).reshape(4, 2)

# The draw, and the names that its remedy uses.
DRAWS = {
    "normal": lambda rng, p: rng.normal(p[0], p[1], size=5),
    "lognormal": lambda rng, p: rng.lognormal(p[0], p[1], 5),
    "uniform": lambda rng, p: rng.uniform(p[0], p[1], 5),
    "exponential": lambda rng, p: rng.exponential(p[1], 5),
    "rayleigh": lambda rng, p: rng.rayleigh(p[1], 5),
    "laplace": lambda rng, p: rng.laplace(p[0], p[1], 5),
    "logistic": lambda rng, p: rng.logistic(
        p[0],
        p[1],
        size=5,
    ),
    "gumbel": lambda rng, p: rng.gumbel(p[0], p[1], 5),
    "weibull": lambda rng, p: rng.weibull(p[0], 5),
    "pareto": lambda rng, p: rng.pareto(p[0], 5),
    "power": lambda rng, p: rng.power(p[0], 5),
    "permutation": lambda rng, p: rng.permutation(p),
    "choice": lambda rng, p: rng.choice(p, 5),
}
NAMES = {"mu": P[0], "sigma": P[1], "low": P[0], "high": P[1], "loc": P[0], "scale": P[1],
         "a": P[0], "x": P, "n": 5, "np": np, "len": len}  # fmt: skip
REFUSED = {
    "gamma": lambda rng, p: rng.gamma(p[0], p[1], 3),
    "poisson": lambda rng, p: rng.poisson(p),
    "binomial": lambda rng, p: rng.binomial(3, p[0]),
    "beta": lambda rng, p: rng.beta(p[0], p[1]),
    "dirichlet": lambda rng, p: rng.dirichlet(p),
    "multivariate_normal": lambda rng, p: rng.multivariate_normal(p, np.eye(2)),
    "triangular": lambda rng, p: rng.triangular(p[0], p[1], 2.0),
}
MODES = {
    "reverse": lambda f: grad(lambda p: np.sum(f(p)))(P),
    "forward": lambda f: jvp(f, (P,), (P,)),
    "vmap": lambda f: vmap(f, randomness="same")(np.stack([P, P])),
    "tape": lambda f: f(Tensor(P, requires_grad=True)),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", [*DRAWS, *REFUSED])
def test_draws_with_traced_parameters_are_refused(name, mode):
    draw = {**DRAWS, **REFUSED}[name]
    with pytest.raises(ConversionError, match=f"^{name}: a random draw") as caught:
        MODES[mode](lambda p: draw(np.random.default_rng(0), p))
    assert "test_random_draws.py" in str(caught.value)


def test_the_legacy_generators_are_refused_too():
    for rng in (np.random, np.random.RandomState(0)):
        with pytest.raises(ConversionError, match=r"rng\.standard_normal"):
            grad(lambda p, rng=rng: rng.normal(p[0], 1.0))(P)


@pytest.mark.parametrize("name", DRAWS)
def test_what_the_message_says_draws_the_same(name):
    with pytest.raises(ConversionError) as caught:
        MODES["reverse"](lambda p: DRAWS[name](np.random.default_rng(0), p))
    remedy = re.search(r"constants and write (.*)\.\n", str(caught.value))[1]
    drawn = eval(remedy, {**NAMES, "rng": np.random.default_rng(3)})
    np.testing.assert_allclose(drawn, DRAWS[name](np.random.default_rng(3), P), rtol=1e-12)


@pytest.mark.filterwarnings("ignore:you are shuffling")
@pytest.mark.parametrize("rng", [np.random.default_rng, np.random.RandomState])
def test_shuffle_is_right_or_refused(rng):
    """NumPy swaps the rows of what is no array by views, which overwrites them."""

    def shuffled(x):
        made = x * 1.0
        rng(0).shuffle(made)
        return made

    modes = (
        lambda x: grad(lambda v: np.sum(shuffled(v)))(x),
        lambda x: jvp(shuffled, (x,), (x,)),
        lambda x: vmap(shuffled, randomness="same")(x[None]),
        lambda x: shuffled(Tensor(x)),
    )
    for run in modes:
        with pytest.raises(ConversionError, match=r"rng\.permutation\(len\(x\)\)"):
            run(X)
    value, tangent = jvp(shuffled, (X[:, 0],), (X[:, 0] ** 2,))
    np.testing.assert_array_equal(value, shuffled(X[:, 0]))
    np.testing.assert_array_equal(tangent, shuffled(X[:, 0]) ** 2)


# --- autograd_core.numpy.random -------------------------------------------------------------------

SOURCES = {
    "default_rng": lambda np: np.random.default_rng(3),
    "RandomState": lambda np: np.random.RandomState(3),
}
CALLS = [(name, "default_rng") for name in (*KEPT, *OF_GENERATORS)]
CALLS += [(name, "RandomState") for name in KEPT]


@pytest.mark.parametrize(("name", "source"), CALLS)
def test_draws_are_numpys_and_have_derivatives(name, source):
    draw = {**KEPT, **OF_GENERATORS}[name]
    make = SOURCES[source]

    def f(p):
        return np.sum(draw(make(ours), p) ** 2)

    def plain(p):
        return np.sum(draw(make(np), p) ** 2)

    drawn, after = make(np), make(ours)
    wanted = draw(drawn, Q)
    found = jvp(lambda p: draw(after, p), (Q,), (Q,))[0]
    assert np.asarray(found).tobytes() == np.asarray(wanted).tobytes()
    assert after.normal() == drawn.normal()  # what comes next is the same, too
    step = 1e-6
    expected = [(plain(Q + s) - plain(Q - s)) / (2 * step) for s in step * np.eye(3)]
    check = lambda found: np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    check(grad(f)(Q))
    check([jvp(f, (Q,), (d,))[1] for d in np.eye(3)])
    check(grad(checkpoint(f))(Q))
    check(vmap(grad(f), randomness="same")(np.stack([Q, Q + 0.1]))[0])
    assert gradcheck(f, Q)
    np.testing.assert_allclose(hessian(f)(Q), hessian(f)(Q).T, rtol=1e-8, atol=1e-8)
    if source == "default_rng":
        program = compile(f)
        check(program(Q)[1])
        np.testing.assert_allclose(program(Q + 0.2)[0], plain(Q + 0.2), rtol=1e-12)
    else:  # NumPy's RandomState asks the system for numbers when it is made
        with pytest.raises(UnsupportedError, match="compiled program would"):
            compile(f)(Q)


def test_the_modules_functions_draw_from_the_shared_source():
    for name in KEPT:
        if name in ("several", "shuffle"):
            continue
        np.random.seed(7)
        wanted = KEPT[name](np.random, Q)
        np.random.seed(7)
        found = jvp(lambda p, n=name: KEPT[n](ours.random, p), (Q,), (Q,))[0]
        assert np.asarray(found).tobytes() == np.asarray(wanted).tobytes()
    assert ours.random.seed is np.random.seed
    assert ours.random.poisson.__name__ == "poisson"
    assert {"normal", "Generator"} <= set(dir(ours.random))


def test_draws_under_vmap_are_as_asked():
    def noisy(x):
        return ours.random.default_rng(0).normal(x, 1.0)

    batch = np.zeros(3)
    with pytest.raises(UnsupportedError, match="normal: random numbers under vmap"):
        vmap(noisy)(batch)
    same, different = (vmap(noisy, randomness=r)(batch) for r in ("same", "different"))
    assert len(set(same)) == 1
    assert len(set(different)) == 3
    slopes = vmap(  # of parameters that no example changes, too
        lambda x: (
            jvp(lambda m: ours.random.default_rng(0).normal(m, 2.0) * m, (3.0,), (1.0,))[1] + x
        ),
        randomness="different",
    )(batch)
    np.testing.assert_allclose(slopes, 6.0 + 2.0 * np.array(different) + 0.0, rtol=1e-12)
    chosen = vmap(
        lambda x: ours.random.default_rng(0).permutation(x * np.arange(20.0)),
        randomness="different",
    )(np.ones(2))
    assert sorted(chosen[0]) == sorted(chosen[1])
    assert list(chosen[0]) != list(chosen[1])


def test_sources_are_numpys():
    for make in SOURCES.values():
        mine, theirs = make(ours), make(np)
        assert isinstance(mine, type(theirs))
        for again in (mine, pickle.loads(pickle.dumps(mine)), copy.deepcopy(mine)):
            assert type(again) is type(mine)
            state = pickle.loads(pickle.dumps(theirs))
            for call in (
                lambda r: r.normal(1.0, 2.0, 3), lambda r: r.gamma(2.0), lambda r: r.choice(5, 2),
                lambda r: r.permutation(4), lambda r: r.multivariate_normal([0, 1], np.eye(2)),
                lambda r: r.triangular(0.0, 1.0, 2.0), lambda r: shuffled(r, np.arange(5.0)),
                lambda r: r.permutation(np.arange(6).reshape(3, 2)),
            ):  # fmt: skip
                assert np.asarray(call(again)).tobytes() == np.asarray(call(state)).tobytes()
    generator = ours.random.default_rng(1)
    assert ours.random.default_rng(generator) is generator
    assert ours.random.default_rng(np.random.default_rng(1)).random() == generator.random()
    assert generator.permutation(np.eye(3), axis=1).shape == (3, 3)
    assert generator.choice(np.eye(3), 2, axis=1).shape == (3, 2)
    assert generator.permuted(np.eye(3), axis=0).shape == (3, 3)
    generator.shuffle(np.eye(3), axis=1)


NOT_EXACT = {
    "gamma's shape": (lambda r, p: r.gamma(p[0], 1.0), ConversionError, "formula of shape"),
    "standard_gamma": (lambda r, p: r.standard_gamma(p[0]), ConversionError, "logarithm"),
    "beta": (lambda r, p: r.beta(p[0], 1.0), ConversionError, "no exact formula"),
    "poisson": (lambda r, p: r.poisson(p), ConversionError, "A whole number"),
    "choice's probabilities": (
        lambda r, p: r.choice(3, p=p / np.sum(p)), ConversionError, "logarithm of its probability"),
    "a size that does not fit": (lambda r, p: r.normal(p, 1.0, size=2), ShapeError, "size=2"),
    "parameters that do not fit": (
        lambda r, p: r.normal(p, np.ones(2)), ShapeError, "do not broadcast"),
    "a negative scale": (lambda r, p: r.normal(0.0, -p), ValueError, "scale < 0"),
    "a negative shape": (lambda r, p: r.weibull(-p), ValueError, "a"),
    "no such keyword": (lambda r, p: r.normal(mu=p), TypeError, "mu"),
    "a parameter too few": (lambda r, p: r.weibull(size=len(p)), TypeError, "weibull"),
    "permuted into an array": (
        lambda r, p: r.permuted(p, out=np.zeros(3)), ConversionError, "permuted"),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_EXACT)
def test_what_has_no_exact_formula_is_refused(name):
    draw, kind, said = NOT_EXACT[name]
    for run in (lambda f: grad(lambda p: np.sum(f(p)))(Q), lambda f: jvp(f, (Q,), (Q,)),
                lambda f: f(Tensor(Q, requires_grad=True))):  # fmt: skip
        with pytest.raises(kind, match=said):
            run(lambda p: draw(ours.random.default_rng(0), p))


def test_choice_of_a_random_state_takes_vectors():
    with pytest.raises(ShapeError, match="must be a vector"):
        jvp(lambda p: ours.random.RandomState(0).choice(np.outer(p, p)), (Q,), (Q,))
