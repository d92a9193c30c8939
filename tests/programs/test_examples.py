"""Each example, in its quick form, meets its bars."""

import math

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra: demo")

import itertools

from example_bars import each_example, meets_bars

from nn.models import DBN, MLP, RBM, Autoencoder

# example: {key of a result: (lowest, highest) value allowed}
BARS = {
    "surfaces": {
        "neuron": (0, 1e-6),
        "left out": (0.9, 0.97),
        "xor": (0, 0.75),
        "collapse": (0, 1e-12),
        "moons 1": (0.8, 0.9),
        "moons 2": (0.96, 1),
        "moons 3": (0.96, 1),
        "spirals 1": (0.4, 0.7),
        "spirals 2": (0.95, 1),
        "spirals 3": (0.97, 1),
    },
    "five_nodes": {"difference": (0, 1e-15), "published": (6, 6), "loss": (0, 1e-8)},
    "toy_trainer": {"gap": (0, 1e-12), "accuracy": (0.93, 1)},
    "universality": {
        "slope": (-1.05, -0.95),
        "average": (0.97, 1.03),
        "bound": (0, 1),
        "slope 2d": (-1.3, -0.9),
        "bound 2d": (0, 1),
    },
    "unstable": {
        "sigmoid: factor": (0.1, 0.3),
        "sigmoid: accuracy": (0, 0.2),
        "tanh: factor": (0.7, 1.3),
        "tanh: accuracy": (0.88, 1),  # 0.91 to 0.93, by the rounding of tanh's slope
        "ReLU, He initialization: factor": (0.7, 1.3),
        "ReLU, He initialization: accuracy": (0.9, 1),
        "sigmoid, skip connections: factor": (0.7, 1.3),
        "sigmoid, skip connections: accuracy": (0.88, 1),
        "ReLU, weights too large: factor": (2, 5),
    },
    "boltzmann": {
        "rbm gain": (0.01, 1),
        "dbn gain": (0.005, 1),
        "sample distance": (-1, 0.4),
        "dbn sample distance": (-1, 0.4),
        "kinds": (9, 10),  # by the BLAS at hand
        "RBM samples: told apart": (0.4, 0.99),
        "DBN samples: told apart": (0.4, 0.99),
    },
    "cluster": {"best": (0.9, 1), "worst": (0, 0.9), "single": (0.93, 1), "differ": (0, 0)},
    "autoencoder": {"pretrained over PCA": (0, 0.95), "random start over PCA": (0, 2)},
}
# those that take more than five seconds
LONG = {"boltzmann", "cluster", "autoencoder", "surfaces", "unstable"}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@each_example(BARS, LONG)
def test_example(name, tmp_path):
    meets_bars(name, BARS[name], tmp_path)


def energies(rbm):
    w, b, c = (p.data for p in (rbm.weight, rbm.visible_bias, rbm.hidden_bias))
    for v in itertools.product((0.0, 1.0), repeat=rbm.visible):
        for h in itertools.product((0.0, 1.0), repeat=rbm.hidden):
            v, h = np.array(v), np.array(h)
            yield v, h, -(v @ b) - h @ c - h @ w @ v


@pytest.fixture
def rbm(rng):
    made = RBM(4, 3, dtype=np.float64)
    for p in made.parameters():
        p.data[...] = rng.normal(size=p.shape)
    return made


def test_free_energy_sums_over_all_hidden_states(rbm):
    sums = {}
    for v, _, e in energies(rbm):
        sums[tuple(v)] = sums.get(tuple(v), 0.0) + math.exp(-e)
    for v, total in sums.items():
        assert rbm.free_energy(np.array([v])).data[0] == pytest.approx(-math.log(total), rel=1e-12)


def test_contrastive_gradient_is_hintons_rule(rbm, rng):
    data, model = rng.random((5, 4)), rng.random((7, 4))
    rbm.contrastive_loss(data, model).backward()
    phases = [
        (v, 1 / (1 + np.exp(-(v @ rbm.weight.data.T + rbm.hidden_bias.data))))
        for v in (data, model)
    ]
    (v0, h0), (v1, h1) = phases
    np.testing.assert_allclose(rbm.weight.grad.data, h1.T @ v1 / 7 - h0.T @ v0 / 5, atol=1e-12)
    np.testing.assert_allclose(rbm.visible_bias.grad.data, v1.mean(0) - v0.mean(0), atol=1e-12)
    np.testing.assert_allclose(rbm.hidden_bias.grad.data, h1.mean(0) - h0.mean(0), atol=1e-12)


def test_unrolled_net_computes_what_the_belief_net_does():
    dbn = DBN([6, 5, 4], dtype=np.float64)
    auto = Autoencoder.unrolled(dbn)
    x = np.random.default_rng(0).random((3, 6))
    top = dbn(x).data
    code = auto.encoder(x).data  # the code layer is linear
    np.testing.assert_allclose(1 / (1 + np.exp(-code)), top, atol=1e-12)


def test_layers_are_counted_without_the_input():
    assert len(MLP([2, 3, 4, 1]).linears()) == 3
    with pytest.raises(Exception, match="at least one layer"):
        MLP([2])
