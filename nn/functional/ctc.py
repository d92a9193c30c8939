"""Connectionist temporal classification: the likelihood of labels without their places in time.

The forward recursion of Graves et al. (2006) in logarithms, a step of time at once for the whole
batch; its derivative is that of the operations it is made of.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core.extend import beside

from ..values import on_host, raw, shape_error
from .floating import floating
from .targets import reduced

_NEVER = -1e30  # stands for log(0): its differences are numbers, and so are its derivatives


def _lengths(name: str, what: str, given: Any, count: int, low: int, most: int) -> Any:
    found = on_host(given)
    found = np.reshape(found, -1) if np.ndim(found) < 2 else found
    if found.dtype.kind not in "iu" or found.shape != (count,):
        raise shape_error(f"{name}: {what} must be {count} integers, not {given!r}.")
    if count and (found.min() < low or found.max() > most):
        raise shape_error(
            f"{name}: {what} must be from {low} to {most}, but are {found.min()} to {found.max()}."
        )
    return found


def _rows(name: str, targets: Any, lengths: Any, classes: int, blank: int) -> Any:
    """Return the labels as (n, longest), whether they came so or one behind the other."""
    given = on_host(targets)
    if given.dtype.kind not in "iu":
        raise shape_error(f"{name}: targets must be integers, not {given.dtype}.")
    longest = int(lengths.max(initial=0))
    if given.ndim == 1:
        if given.size < lengths.sum():
            raise shape_error(
                f"{name}: {given.size} targets for target_lengths that sum to {lengths.sum()}."
            )
        rows = np.zeros((len(lengths), longest), np.int64)
        ends = np.cumsum(lengths)
        for row, begin, end in zip(rows, ends - lengths, ends, strict=True):
            row[: end - begin] = given[begin:end]
    elif given.ndim == 2 and given.shape[0] == len(lengths) and given.shape[1] >= longest:
        rows = np.array(given[:, :longest], np.int64)
    else:
        raise shape_error(
            f"{name}: targets of shape {given.shape} do not fit to {len(lengths)} sequences, the "
            f"longest with {longest} labels."
        )
    counts = np.arange(longest) < lengths[:, None]
    wrong = counts & ((rows < 0) | (rows >= classes) | (rows == blank))
    if wrong.any():
        raise shape_error(
            f"{name}: target {rows[wrong][0]} is no label; labels are from 0 to {classes - 1}, "
            f"without the blank {blank}."
        )
    return np.where(counts, rows, blank)


@floating("log_probs")
def ctc_loss(
    log_probs: Any,
    targets: Any,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Any:
    """Minus the log-probability of sequences of labels, over all ways to place them in time.

    Parameters
    ----------
    log_probs : shape (time, n, classes) or (time, classes)
        Log-probabilities of the classes at each time.
    targets : integers of shape (n, longest), or (sum of target_lengths,)
        The labels, none of them the blank.
    input_lengths : integers of shape (n,), or one
        How long each sequence is.
    target_lengths : integers of shape (n,), or one
        How many labels each has.
    blank : int
        The class that stands for no label.
    reduction : {"mean", "sum", "none"}
        The mean over the batch of losses by label, the sum, or no reduction.
    zero_infinity : bool
        Whether labels that do not fit into a sequence count 0, in place of infinity.

    Returns
    -------
    scalar, or shape (n,) for "none"
        The loss; the derivative of an infinite one is 0.

    Raises
    ------
    ShapeError
        If shapes do not fit, or a label or a length is out of range.

    References
    ----------
    Graves et al., "Connectionist temporal classification" (2006).

    Examples
    --------
    >>> log_probs = np.log(np.full((2, 1, 3), 1 / 3))
    >>> float(np.exp(-ctc_loss(log_probs, np.array([[1]]), [2], [1])).round(4))  # "1-", "-1", "11"
    0.3333
    """
    name = "ctc_loss"
    shape = np.shape(log_probs)
    if len(shape) not in (2, 3) or not shape[0] or not shape[-1]:
        raise shape_error(
            f"{name}: log_probs have shape {shape}; (time, n, classes) or (time, classes) is "
            "needed, neither time nor classes 0."
        )
    single = len(shape) == 2
    if single:
        log_probs = log_probs.reshape((shape[0], 1, shape[1]))
        if np.ndim(targets) == 1:
            targets = raw(targets).reshape((1, -1))
    steps, batch, classes = np.shape(log_probs)
    if not 0 <= blank < classes:
        raise shape_error(f"{name}: blank {blank} is outside of {classes} classes.")
    times = _lengths(name, "input_lengths", input_lengths, batch, 0, steps)
    counts = _lengths(name, "target_lengths", target_lengths, batch, 0, 2**31)
    labels = _rows(name, targets, counts, classes, blank)
    loss = -_log_likelihood(log_probs, labels, times, counts, blank)
    impossible = loss > -0.5 * _NEVER
    loss = np.where(impossible, 0.0 if zero_infinity else np.inf, loss).astype(log_probs.dtype)
    if reduction == "mean":
        loss = loss / beside(loss, np.maximum(counts, 1).astype(log_probs.dtype))
    if single and reduction == "none":
        return loss[0]
    return reduced(loss, reduction, name)


def _log_likelihood(log_probs: Any, labels: Any, times: Any, counts: Any, blank: int) -> Any:
    """Return log p(labels) of each sequence; about _NEVER where no alignment is possible."""
    steps, batch, _ = np.shape(log_probs)
    states = np.full((batch, 2 * labels.shape[1] + 1), blank)
    states[:, 1::2] = labels
    rows = np.arange(batch)
    found = log_probs[:, beside(log_probs, rows[:, None]), beside(log_probs, states)]
    found = np.maximum(found, _NEVER)
    dtype = log_probs.dtype
    # from two states before: only over a blank, from one label to another one
    skips = np.zeros(states.shape, bool)
    skips[:, 3::2] = labels[:, 1:] != labels[:, :-1]
    begins = np.where(np.arange(states.shape[1]) < 2, 0.0, _NEVER).astype(dtype)
    never = [beside(log_probs, np.full((batch, k), _NEVER, dtype)) for k in (1, 2)]
    skipping, begins = beside(log_probs, skips), beside(log_probs, begins)
    alpha = begins + found[0]
    running = beside(log_probs, times[:, None] > np.arange(steps)[:, None, None])
    for t in range(1, steps):
        ways = np.logaddexp(alpha, np.concatenate([never[0], alpha[:, :-1]], axis=1))
        if states.shape[1] > 2:
            before = np.concatenate([never[1], alpha[:, :-2]], axis=1)
            ways = np.where(skipping, np.logaddexp(ways, before), ways)
        alpha = np.where(running[t], np.maximum(ways, _NEVER) + found[t], alpha)
    none = beside(log_probs, np.where(counts > 0, _NEVER, 0.0).astype(dtype))
    ends = alpha[beside(log_probs, rows), beside(log_probs, 2 * counts)]
    labelled = alpha[beside(log_probs, rows), beside(log_probs, np.maximum(2 * counts - 1, 0))]
    whole = np.where(beside(log_probs, counts > 0), np.logaddexp(ends, labelled), ends)
    return np.where(running[0, :, 0], whole, none)  # nothing was read: certain if nothing is there
