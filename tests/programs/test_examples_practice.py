"""The examples of training practice, in their quick form, meet their bars."""

import pytest

pytest.importorskip("sklearn", reason="needs the extra: demo")

from example_bars import each_example, meets_bars

# example: {key of a result: (lowest, highest) value allowed}
BARS = {
    "by_hand": {
        "gap 1 layer": (0, 1e-12),
        "gap 2 layers": (0, 1e-12),
        "gap 4 layers": (0, 1e-12),
        "complex step": (0, 1e-12),
        "accuracy 1 layer": (0.92, 1),
        "accuracy 2 layers": (0.94, 1),
    },
    "perceptron": {
        "two layers": (256, 256),
        "one unit": (1, 1),
        "mistakes over bound": (0, 1),
        "perceptron": (0.92, 1),
        "mistakes only": (0.88, 0.97),
    },
    "momentum": {
        "same": (0, 1e-12),
        "longer": (5, 11),
        "accuracy": (0.92, 1),
        "nesterov": (0, 1e-13),
        "gradient descent": (0.999, 1.001),
        "momentum": (0.98, 1.02),
        "Nesterov": (0.98, 1.02),
    },
    "minima": {"spread 2": (1.01, 2), "spread 16": (1, 1.05), "gradient": (0, 0.1)},
    "dropout_averages": {
        "exact": (0, 1e-12),
        "rescaled": (0.88, 1),
        "average": (0.88, 1),
        "not rescaled": (0.02, 2),
    },
    "adversarial": {
        "usual": (0.3, 0.75),
        "FGSM": (0.65, 1),
        "noise": (0.4, 0.8),
        "clean": (0.9, 1),
    },
    "bagging": {"same data": (-0.01, 0.2), "trees": (0.03, 0.3), "out of bag": (0, 0.15)},
    "temperature": {
        "formulas": (0, 1e-12),
        "sign": (0, 1e-4),
        "likelihood": (-2, 0),
        "calibration": (-0.5, 0),
    },
    "sparsity": {
        "activity": (0.05, 0.3),
        "sparse gain": (-0.1, 0.1),
        "zero weights": (0.4, 1),
        "start": (0.5, 1.3),
        "late": (0.5, 1.3),
    },
    "semi_supervised": {"pseudo-labels": (-0.05, 0.2), "virtual adversarial": (0, 0.2)},
    "capacity": {"big": (0.1, 0.8), "decay": (-0.03, 0.1), "small decay": (-0.2, 0.3)},
    "contrastive": {"CD-1": (-24, -18), "CD-3": (-24, -18), "PCD-1": (-24, -18)},
    "conditional": {"agree": (0.3, 1), "told apart": (0.5, 1), "read": (0.4, 1)},
    "tangents": {
        "spectrum": (0.25, 1),
        "random directions": (-0.1, 0.1),
        "shifts": (-0.1, 0.1),
        "learned tangents": (-0.1, 0.1),
    },
    "transfer": {
        "source": (0.5, 1),
        "trunk, kept: 80": (-0.2, 0.5),
        "trunk, fine-tuned: 80": (-0.2, 0.5),
    },
    "restarts": {"once": (0.4, 0.9), "perturbation": (0.75, 1), "new start": (0.9, 1)},
}
# those that take more than a few seconds
LONG = {
    "perceptron", "restarts", "minima", "dropout_averages", "adversarial", "bagging", "sparsity",
    "semi_supervised", "capacity", "contrastive", "conditional", "tangents", "transfer",
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@each_example(BARS, LONG)
def test_example(name, tmp_path):
    meets_bars(name, BARS[name], tmp_path)
