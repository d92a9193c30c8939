"""Measures of a trained model, on arrays: of rows, to be averaged, and of whole sets.

A function here is a mean over rows, so a `Trainer` may average it over batches.  What cannot be
averaged (the F-measure, BLEU, R²) is a `Metric`, which gathers counts and sums until the set ends.
"""

from .classification import (
    ConfusionMatrix,
    F1Score,
    FBetaScore,
    Precision,
    Recall,
    accuracy,
)
from .metric import Metric, WholeSet
from .regression import (
    MeanAbsoluteError,
    MeanSquaredError,
    R2Score,
    mean_absolute_error,
    mean_squared_error,
)
from .text import BLEUScore

__all__ = [
    "BLEUScore",
    "ConfusionMatrix",
    "F1Score",
    "FBetaScore",
    "MeanAbsoluteError",
    "MeanSquaredError",
    "Metric",
    "Precision",
    "R2Score",
    "Recall",
    "WholeSet",
    "accuracy",
    "mean_absolute_error",
    "mean_squared_error",
]
