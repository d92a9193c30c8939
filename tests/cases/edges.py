"""Numbers at the edge: NaN, infinity, the largest and the smallest; values and gradients.

``EDGES``: (expression, as docs/kinks.md shows it; function; arguments; value; gradients; the name
of the same in PyTorch, if it answers the same; why).  The gradients are those of the sum.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

import nn.functional as f

inf, nan = np.inf, np.nan


class Edge(NamedTuple):
    text: str
    f: Any
    at: tuple[Any, ...]
    value: Any
    gradient: tuple[Any, ...]
    torch: Any  # the same in PyTorch, or None where it has no such function or another answer
    why: str


def norm(order):
    return lambda x: np.linalg.norm(x, order)


MASK = np.array([[True, False], [False, False]])
EYE = [[1.0, 0.0], [0.0, 1.0]]
CLASSES, WEIGHT = np.array([0, -100]), np.array([1.0, 2.0])
ROWS = [[0.0, 0.0], [nan, inf]]
IMAGE = [[[[1.0, nan, 3.0, 3.0], [-inf, -inf, 2.0, inf]]]]

EDGES = [
    # --- activations
    Edge("relu(x) at NaN, -inf, inf", f.relu, ([nan, -inf, inf],), [nan, 0, inf], ([1, 0, 1],),
         "relu", "NaN is passed on, and so is its gradient"),
    Edge("relu6(x) at NaN, -inf, inf", f.relu6, ([nan, -inf, inf],), [nan, 0, 6], ([0, 0, 0],),
         None, "as clip; PyTorch's at NaN is 0 or 1, by the array's length"),
    Edge("leaky_relu(x) at NaN", f.leaky_relu, ([nan],), [nan], ([0.01],), "leaky_relu",
         "not above 0"),
    Edge("elu(x) at NaN", f.elu, ([nan],), [nan], ([nan],), None,
         "PyTorch: NaN or 1, by the array's length"),
    Edge("hardswish(x) at NaN", f.hardswish, ([nan],), [nan], ([1],), None,
         "PyTorch: NaN or 1, by the precision"),
    Edge("hardshrink(x) at NaN", f.hardshrink, ([nan],), [nan], ([1],), None,
         "NaN passes; PyTorch: 0 or 1, by the array's length"),
    Edge("softshrink(x) at NaN", f.softshrink, ([nan],), [nan], ([1],), None,
         "NaN passes; PyTorch: 0 or 1, by the array's length"),
    Edge("silu(x) at -inf", f.silu, ([-inf],), [nan], ([nan],), "silu", "inf times 0"),
    Edge("softsign(x) at inf", f.softsign, ([inf],), [nan], ([0],), None,
         "inf / inf; PyTorch's derivative is NaN too"),
    Edge("prelu(x, w) at inf", f.prelu, ([inf], [0.25]), [inf], ([1], [0]), "prelu",
         "the other branch gets an exact 0"),
    Edge("softmax(x) at -inf, 0", f.softmax, ([-inf, 0.0],), [0, 1], ([0, 0],), "softmax",
         "nothing of it is looked at"),
    Edge("softmax(x) at -inf, -inf", f.softmax, ([-inf, -inf],), [nan, nan], ([nan, nan],),
         "softmax", "no distribution"),
    # --- maxima
    Edge("maximum(x, 0) at NaN, inf", lambda x: np.maximum(x, 0.0), ([nan, inf],), [nan, inf],
         ([1, 1],), "maximum0", "NaN is passed on, and so is its gradient"),
    Edge("clip(x, -1, 1) at NaN, inf", lambda x: np.clip(x, -1.0, 1.0), ([nan, inf],), [nan, 1],
         ([0, 0],), "clip", "NaN is passed on; it is not inside"),
    Edge("max(x) with NaN", np.max, ([1.0, nan, 2.0],), nan, ([nan, nan, nan],), "amax",
         "no element equals it"),
    Edge("sort(x) with NaN", np.sort, ([1.0, nan, 0.0],), [0, 1, nan], ([1, 1, 1],), "sort",
         "NaN comes last"),
    Edge("median(x) with NaN", np.median, ([1.0, nan, 2.0],), nan, ([0, 1, 0],), "median",
         "the gradient goes to NaN"),
    Edge("max_pool2d(x, 2) with NaN", lambda x: f.max_pool2d(x, 2), (IMAGE,), [[[[nan, inf]]]],
         ([[[[0, 1, 0, 0], [0, 0, 0, 1]]]],), "max_pool", "NaN is the maximum"),
    Edge("max_pool1d(x, 3, 2, padding=1) of -inf", lambda x: f.max_pool1d(x, 3, 2, 1),
         ([[[-inf, -inf, -inf]]],), [[[-inf, -inf]]], ([[[1, 1, 0]]],), "max_pool_padded",
         "the padding is no element"),
    # --- norms
    Edge("linalg.norm(x, 0) at 0, 3", norm(0), ([0.0, 3.0],), 1, ([0, 0],), None,
         "a count: locally constant elsewhere; PyTorch's .grad is None"),
    Edge("linalg.norm(x, 0.5) at 0", norm(0.5), ([0.0, 0.0],), 0, ([0, 0],), "norm05",
         "the smallest of what PyTorch could choose"),
    Edge("linalg.norm(x, -1) at 0, 3", norm(-1), ([0.0, 3.0],), 0, ([0, 0],), None,
         "the limit is 0 whatever the other is; PyTorch answers NaN"),
    Edge("linalg.norm(x, inf) at 0", norm(inf), ([0.0, 0.0],), 0, ([0, 0],), "norminf", "as abs"),
    Edge("linalg.norm(x) with NaN", norm(2), ([nan, 1.0],), nan, ([nan, nan],), "norm2",
         "of NaN length"),
    # --- losses
    Edge("huber_loss(x, 0) at inf, 1e200", lambda x: f.huber_loss(x, 0 * CLASSES[:2] * 1.0,
         reduction="none"), ([inf, 1e200],), [inf, 1e200], ([1, 1],), "huber", "the straight part"),
    Edge("binary_cross_entropy(p, t) at 0, 0 and 1, 1",
         lambda p: f.binary_cross_entropy(p, np.array([0.0, 1.0]), reduction="sum"),
         ([0.0, 1.0],), 0, ([1, -1],), None, "the slope of -log(1 - p); PyTorch answers 0"),
    Edge("binary_cross_entropy(p, t) at 0, 1 and 1, 0",
         lambda p: f.binary_cross_entropy(p, np.array([1.0, 0.0]), reduction="sum"),
         ([0.0, 1.0],), 200, ([-1e12, 1e12],), "bce", "logarithms are held above -100"),
    Edge("binary_cross_entropy_with_logits(z, t) at inf, 1 and -inf, 0",
         lambda z: f.binary_cross_entropy_with_logits(z, np.array([1.0, 0.0]), reduction="sum"),
         ([inf, -inf],), 0, ([0, 0],), None, "certain, and right; PyTorch answers NaN"),
    Edge("binary_cross_entropy_with_logits(z, t) at inf, 0 and -inf, 1",
         lambda z: f.binary_cross_entropy_with_logits(z, np.array([0.0, 1.0]), reduction="sum"),
         ([inf, -inf],), inf, ([1, -1],), None, "certain, and wrong; PyTorch's second is NaN"),
    Edge("the same with pos_weight=2 at inf, 1 and -inf, 1",
         lambda z: f.binary_cross_entropy_with_logits(z, np.ones(2), pos_weight=np.full(2, 2.0),
                                                      reduction="none"),
         ([inf, -inf],), [0, inf], ([0, -2],), None, "as without; PyTorch answers NaN"),
    Edge("cross_entropy(z, c), the ignored row not finite", lambda z: f.cross_entropy(z, CLASSES),
         (ROWS,), np.log(2), ([[-0.5, 0.5], [0, 0]],), None,
         "it counts nothing; PyTorch's loss is the same, its gradient there NaN"),
    Edge("the same with label_smoothing",
         lambda z: f.cross_entropy(z, CLASSES, label_smoothing=0.5), (ROWS,), np.log(2),
         ([[-0.25, 0.25], [0, 0]],), None, "as without"),
    Edge("the same with weight, reduction='none'",
         lambda z: f.cross_entropy(z, CLASSES, WEIGHT, reduction="none"), (ROWS,), [np.log(2), 0],
         ([[-0.5, 0.5], [0, 0]],), None, "as without"),
    Edge("nll_loss(x, c), the ignored row not finite", lambda x: f.nll_loss(x, CLASSES), (ROWS,), 0,
         ([[-1, 0], [0, 0]],), "nll", "it counts nothing"),
    Edge("cross_entropy(z, c, reduction='sum'), all ignored",
         lambda z: f.cross_entropy(z, CLASSES[1:], reduction="sum"), ([[1.0, 2.0]],), 0,
         ([[0, 0]],), "ce_ignored", "an empty sum; their mean is refused: PyTorch answers NaN"),
    Edge("cross_entropy(z, c) at -inf of another class", lambda z: f.cross_entropy(z, CLASSES[:1]),
         ([[0.0, -inf]],), 0, ([[0, 0]],), "ce", "ruled out, and rightly"),
    Edge("kl_div(x, t) at t = 0 and -1", lambda x: f.kl_div(x, np.array([0.0, -1.0]),
         reduction="none"), ([1.0, 1.0],), [0, nan], ([0, 1],), "kl", "0 log 0 = 0, log(-1) = NaN"),
    Edge("kl_div(x, t, log_target=True) at t = -inf", lambda x: f.kl_div(x, np.array([-inf]),
         log_target=True), ([1.0],), 0, ([0],), None, "0 log 0 = 0; PyTorch answers NaN"),
    # --- attention
    Edge("scaled_dot_product_attention, a row wholly masked",
         lambda q: f.scaled_dot_product_attention(q, np.eye(2), np.eye(2), MASK), (EYE,),
         [[1, 0], [0, 0]], ([[0, 0], [0, 0]],), "attention", "nothing is looked at: 0"),
    Edge("scaled_dot_product_attention without keys",
         lambda q: f.scaled_dot_product_attention(q, np.ones((0, 2)), np.ones((0, 2))), (EYE,),
         [[0, 0], [0, 0]], ([[0, 0], [0, 0]],), "attention_empty", "nothing to look at: 0"),
    Edge("scaled_dot_product_attention, a query of -inf",
         lambda q: f.scaled_dot_product_attention(q, np.ones((2, 1)), np.ones((2, 1))), ([[-inf]],),
         [[nan]], ([[nan]],), None, "not masked: NaN is not hidden; PyTorch answers 0"),
    # --- squares that overflow
    Edge("layer_norm(x) at 3e200, 1e200", lambda x: f.layer_norm(x, 2), ([[3e200, 1e200]],),
         [[1, -1]], ([[0, 0]],), None, "right at any size; PyTorch answers NaN"),
    Edge("batch_norm(x) at 3e200, 1e200", lambda x: f.batch_norm(x, training=True),
         ([[3e200], [1e200]],), [[1], [-1]], ([[0], [0]],), None,
         "right at any size; PyTorch answers 0"),
    Edge("layer_norm(x) at 1e-200, -1e-200", lambda x: f.layer_norm(x, 2, eps=1e-5),
         ([[1e-200, -1e-200]],), [[3.1622776601683793e-198, -3.1622776601683793e-198]], ([[0, 0]],),
         "layer_norm", "eps counts alone"),
    Edge("normalize(x) at 3e200, 4e200", f.normalize, ([[3e200, 4e200]],), [[0.6, 0.8]],
         ([[0, 0]],), None, "right at any size; PyTorch answers 0"),
    Edge("cosine_similarity(x, x) at 3e200, 4e200", lambda x: f.cosine_similarity(x, 2 * x),
         ([[3e200, 4e200]],), [1], ([[0, 0]],), None, "right at any size; PyTorch answers 0"),
    Edge("local_response_norm(x) at 1e200",
         lambda x: f.local_response_norm(x, 1, alpha=1.0, beta=0.5, k=0.0), ([[[1e200]]],), [[[1]]],
         ([[[0]]],), None, "right at any size; PyTorch answers 0"),
    # --- NaN beside weights of 0
    Edge("interpolate(x, mode='linear') with NaN",
         lambda x: f.interpolate(x, size=3, mode="linear", align_corners=True), ([[[1.0, nan]]],),
         [[[1, nan, nan]]], ([[[1.5, 1.5]]],), None,
         "a weight of 0 takes nothing; PyTorch's first is NaN"),
    Edge("adaptive_avg_pool1d(x, 2) with inf", lambda x: f.adaptive_avg_pool1d(x, 2),
         ([[[1.0, 2.0, inf]]],), [[[1.5, inf]]], ([[[0.5, 1, 0.5]]],), "adaptive_avg",
         "only where the window holds it"),
]  # fmt: skip
