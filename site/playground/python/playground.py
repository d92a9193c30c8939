"""What a program in the playground can show while it runs: a decision surface."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core import no_grad, register_exclusion

CELLS = 48  # of a surface, each way

register_exclusion(__file__)
_send: Callable[[str, str], None] | None = None


def connect(send: Callable[[str, str], None] | None) -> None:
    """Say where pictures go: a function of a kind and JSON. Elsewhere they go nowhere."""
    global _send
    _send = send


def surface(
    model: Callable[[Any], Any], points: Any, labels: Any, title: str = "", cells: int = CELLS
) -> None:
    """Show what a model says of each place of the plane, and the points it learns from.

    Parameters
    ----------
    model : callable
        From an array of shape (n, 2) to scores of shape (n, k): the largest one wins. Of shape
        (n,) or (n, 1), they are logits of class 1.
    points : array_like of shape (m, 2)
        The data.
    labels : array_like of shape (m,)
        Their classes, from 0.
    title : str
        One line, such as the epoch and the loss.
    cells : int
        The number of places each way.

    Raises
    ------
    ValueError
        If the shapes do not fit.
    """
    where = np.asarray(points, dtype=float)
    classes = np.asarray(labels).astype(int).reshape(-1)
    if where.ndim != 2 or where.shape[1] != 2 or len(where) != len(classes):
        raise ValueError(
            f"surface: points of shape (m, 2) and m labels are needed, not {where.shape} and "
            f"{np.shape(labels)}."
        )
    low, high = where.min(axis=0), where.max(axis=0)
    margin = 0.15 * np.maximum(high - low, 1e-9)
    low, high = low - margin, high + margin
    across, up = (np.linspace(low[k], high[k], cells) for k in (0, 1))
    grid = np.stack(np.meshgrid(across, up), axis=-1).reshape(-1, 2)
    training = getattr(model, "training", False)
    with no_grad():
        if training:
            model.eval()  # type: ignore[attr-defined]
        try:
            scores = np.asarray(_array(model(grid.astype(_dtype(model)))), dtype=float)
        finally:
            if training:
                model.train()  # type: ignore[attr-defined]
    chances = _chances(scores, len(grid))
    if _send is not None:
        _send(
            "surface",
            json.dumps(
                {
                    "title": str(title),
                    "cells": cells,
                    "classes": chances.shape[1],
                    "winner": chances.argmax(axis=1).tolist(),
                    "sure": np.round(chances.max(axis=1), 3).tolist(),
                    "points": np.round((where - low) / (high - low), 4).tolist(),
                    "labels": classes.tolist(),
                }
            ),
        )


def _array(value: Any) -> Any:
    return getattr(value, "data", value) if not isinstance(value, np.ndarray) else value


def _dtype(model: Any) -> Any:
    parameters = getattr(model, "parameters", None)
    first = next(iter(parameters()), None) if callable(parameters) else None
    return np.float64 if first is None else first.dtype


def _chances(scores: Any, count: int) -> Any:
    """Return the chance of each class at each place."""
    if scores.ndim == 1 or (scores.ndim == 2 and scores.shape[1] == 1):
        one = 1 / (1 + np.exp(-np.clip(scores.reshape(-1), -500, 500)))
        scores = np.log(np.maximum(np.stack([1 - one, one], axis=1), 1e-300))
    if scores.ndim != 2 or len(scores) != count:
        raise ValueError(
            f"surface: the model gave shape {scores.shape} for {count} places; ({count}, classes), "
            f"({count}, 1) or ({count},) is needed."
        )
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)
