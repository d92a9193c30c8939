"""The examples that measure what each part buys, and how to search and watch: bars, and checks."""

import itertools

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra: demo")
pytest.importorskip("optuna", reason="needs the extra: demo")
pytest.importorskip("num2words", reason="needs the extra: demo")

from example_bars import each_example, meets_bars

import nn
from examples import alexnet_parts, common, conv_ladder, depth, hyperparameters, lenet1989
from nn.models import LeNet1989

# example: {key of a result: (lowest, highest) value allowed}
BARS = {
    "conv_ladder": {
        "fully connected": (0.85, 0.98),
        "+ 20 maps": (0.75, 0.98),
        "+ ReLU": (0.88, 1),
        "+ ensemble of 5": (0.9, 1),
        "whole": (-0.01, 0.1),
    },
    "depth": {
        "layers: 1": (0.8, 0.95),
        "layers: 2": (0.88, 0.97),
        "layers: 4": (0.88, 0.98),
        "speed": (0.1, 10),
        "limit": (0, 1e-12),
        "area": (0, 1e-12),
        "order": (-2.02, -1.98),
        "kink": (0, 0),
    },
    "hyperparameters": {
        "grid": (0.3, 1),
        "random": (0.6, 1),
        "Bayesian": (0.6, 1),
        "threshold": (0.1, 1),
    },
    "monitoring": {"size": (4, 256), "sooner": (0.1, 1), "apart": (0.2, 3), "f1": (0.9, 1)},
    "surrogates": {"f1": (0.2, 1), "batches": (-1, -0.05), "bleu": (0.4, 1)},
    "lenet1989": {"parameters": (9_760,) * 2, "as published": (0.8, 1), "max pooling": (0.7, 1)},
    "alexnet_parts": {"the whole": (0.1, 0.8), "no dropout": (0.5, 1)},
}
LONG = set(BARS) - {"monitoring"}  # more than ten seconds of the processor


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@each_example(BARS, LONG)
def test_example(name, tmp_path):
    meets_bars(name, BARS[name], tmp_path)


def test_convolutional_ladder_changes_one_thing_a_step():
    recipes = list(conv_ladder.LADDER.values())
    changed = [
        [k for k in vars(before) if getattr(before, k) != getattr(after, k)]
        for before, after in itertools.pairwise(recipes)
    ]
    first = [["maps"], ["maps"], ["activation"], ["copies"]]
    assert changed == [*first, ["hidden"], ["hidden", "dropout"], ["votes"]]
    shapes = [conv_ladder.network(r)(np.zeros((2, 1, 16, 16), np.float32)).shape for r in recipes]
    assert shapes == [(2, 10)] * len(recipes)


def test_moved_images_are_moved_by_a_pixel():
    images = np.arange(2 * 16 * 16.0, dtype=np.float32).reshape(2, 1, 16, 16) + 1
    made, labels = conv_ladder.moved(images, np.array([3, 7]), 4)
    assert labels.tolist() == [3, 7] * 5
    np.testing.assert_array_equal(made[:2], images)
    inner = (slice(None), slice(None), slice(1, -1), slice(1, -1))
    shifts = [(-1, 0), (1, 0), (0, -1), (0, 1)]
    for k, shift in enumerate(shifts, 1):
        back = np.roll(made[2 * k : 2 * k + 2], shift, axis=(2, 3))
        np.testing.assert_array_equal(back[inner], images[inner])


def test_variants_of_1989_have_the_parameters_that_they_claim():
    sizes = {
        name: sum(p.size for p in make().parameters()) for name, make in lenet1989.VARIANTS.items()
    }
    assert sizes == {
        "as published": 9_760,
        "maps see all maps": 9_760 + 12 * 4 * 25,
        "biases shared": 9_760 - 768 - 192 + 24,
        "max pooling": 9_760,
        "fully connected": 9_622,
    }
    x = np.random.default_rng(0).random((3, 1, 16, 16), np.float32)
    shapes = {name: make()(x).shape for name, make in lenet1989.VARIANTS.items()}
    assert set(shapes.values()) == {(3, 10)}
    assert LeNet1989.targets([1]).tolist() == [[-1.0, 1.0] + [-1.0] * 8]


def test_alexnets_parts_are_left_out_one_at_a_time():
    kinds = {}
    for name, settings in alexnet_parts.VARIANTS.items():
        own = {k: v for k, v in settings.items() if k in ("overlap", "normalize", "dropout")}
        model = alexnet_parts.network(**own)
        kinds[name] = [
            (type(m).__name__, getattr(m, "kernel_size", None), getattr(m, "p", None))
            for m in (*model.features, *model.classifier)
        ]
        assert model.eval()(np.zeros((1, 3, 67, 67), np.float32)).shape == (1, 10)
    whole = kinds["the whole"]
    differ = {n: sum(a != b for a, b in zip(k, whole, strict=True)) for n, k in kinds.items()}
    assert differ == {
        "the whole": 0,
        "pools that do not overlap": 3,
        "no response normalization": 2,
        "no dropout": 2,
        "no crops": 0,
        "no colour shifts": 0,
        "mirrored too": 0,
    }


def test_held_out_digits_lie_over_other_parts_of_the_photographs():
    blank = np.zeros((40, 64), np.float32)
    left, right = alexnet_parts.blended(blank, 0, 1), alexnet_parts.blended(blank, 1, 1)
    assert left.shape == right.shape == (40, 3, 75, 75)
    np.testing.assert_allclose(left.mean(axis=(0, 2, 3)), 0, atol=1e-5)
    rows = {r.tobytes() for image in (left / 0.6).round(3) for r in image[0]}
    assert not rows & {r.tobytes() for image in (right / 0.6).round(3) for r in image[0]}


def test_a_grid_takes_the_middles_of_equal_parts():
    settings = hyperparameters.grid(3)
    assert len(settings) == len({tuple(s.values()) for s in settings}) == 81
    found = sorted({s["lr"] for s in settings})
    np.testing.assert_allclose(np.log10(found), [-4 + 4 / 6, -2, -4 / 6])
    assert {type(s["width"]) for s in settings} == {int}


def test_softplus_is_that_of_nn_and_its_impulse_is_known_in_closed_form():
    x = np.linspace(-3, 3, 13)
    for slope in (1.0, 7.0):
        theirs = nn.Softplus(beta=slope)(x)
        np.testing.assert_allclose(depth.softplus(x, slope), theirs, rtol=1e-10)
        gap, area, moment = depth.impulse(slope)
        assert gap == pytest.approx(np.log(2) / slope)
        assert area == pytest.approx(1)
        assert moment == pytest.approx(np.pi / slope / np.sinh(np.pi / slope) - 1)
    assert depth._second_of_relu() == 0


def test_differences_over_seeds_are_told_with_their_error():
    told = common.points(np.array([0.9, 0.92, 0.94]), np.array([0.8, 0.83, 0.83]))
    assert told == "+10.0 ± 0.6 points"
    assert "within the error" in common.points(np.array([0.9, 0.8]), np.array([0.8, 0.9]))
