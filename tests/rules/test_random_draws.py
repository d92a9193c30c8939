"""Random draws with traced parameters: refused, and what the message says draws the same."""

import re

import numpy as np
import pytest

from autograd_core import ConversionError, Tensor, grad, jvp, vmap

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
