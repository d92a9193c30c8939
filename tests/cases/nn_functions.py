"""One table of nn.functional: for each function, arguments that it is tried with.

Arrays of floats and Python floats are places where a derivative may be asked for; integers, strings
and arrays of integers are settings and class indices.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import nn

F = nn.functional
RNG = np.random.default_rng(7)


def some(*shape: int) -> Any:
    """Return numbers away from 0 and from each other."""
    size = int(np.prod(shape))
    spread = np.linspace(-1.9, 2.0, size) if size > 1 else np.array([0.7])
    return RNG.permutation(spread).reshape(shape) + 0.013


def above(*shape: int) -> Any:
    """Return positive numbers."""
    return RNG.uniform(0.2, 0.9, shape)


LABELS, ROWS = np.array([2, 0, 1]), some(3, 4)
SIGNS = np.array([1.0, -1.0, 1.0])
PICTURES, LINES = some(2, 4, 5, 6), some(2, 4, 7)
VOLUMES, PLACES = some(1, 2, 3, 4, 3), np.array([[[1, 2]], [[3, 0]]])
NORM = {"weight": above(4), "bias": some(4)}
STATISTICS = {"running_mean": some(4), "running_var": above(4)}

# name: keyword arguments, one dict for each way to call it
FUNCTIONS: dict[str, list[dict[str, Any]]] = {
    "adaptive_avg_pool1d": [{"input": LINES, "output_size": 3}],
    "adaptive_avg_pool2d": [{"input": PICTURES, "output_size": s} for s in (1, (5, 3), (3, 4))],
    "adaptive_max_pool1d": [{"input": LINES, "output_size": s} for s in (3, 7)],
    "adaptive_max_pool2d": [{"input": PICTURES, "output_size": s} for s in ((5, 3), (3, 4))],
    "avg_pool1d": [{"input": LINES, "kernel_size": 3, "stride": 2, "padding": 1}],
    "avg_pool2d": [
        {"input": PICTURES, "kernel_size": (1, 2)},
        {"input": PICTURES, "kernel_size": 3, "padding": 1, "count_include_pad": False},
        {"input": PICTURES, "kernel_size": 2, "divisor_override": 3},
    ],
    "batch_norm": [
        {"input": PICTURES, **NORM, "training": True, "eps": 1e-2},
        {"input": PICTURES, **NORM, **STATISTICS, "eps": 1e-2},
        {"input": ROWS, **NORM, **STATISTICS, "training": True, "momentum": 0.3},
    ],
    "bilinear": [
        {"input1": some(2, 3), "input2": some(2, 2), "weight": some(2, 3, 2), "bias": some(2)}
    ],
    "binary_cross_entropy": [
        {"input": above(3, 4), "target": above(3, 4), "weight": above(4)},
        {"input": above(3, 4), "target": above(3, 4), "weight": above(3, 4), "reduction": "sum"},
    ],
    "binary_cross_entropy_with_logits": [
        {"input": ROWS, "target": above(3, 4)},
        {"input": ROWS, "target": above(3, 4), "weight": above(3, 1), "pos_weight": above(4)},
    ],
    "celu": [{"input": ROWS, "alpha": 0.8}],
    "conv1d": [{"input": LINES, "weight": some(2, 2, 3), "bias": some(2), "groups": 2}],
    "conv2d": [
        {"input": PICTURES, "weight": some(2, 4, 2, 3), "bias": some(2), "padding": 1},
        {"input": PICTURES, "weight": some(2, 4, 2, 3), "padding": "same"},
    ],
    "conv_transpose1d": [
        {
            "input": LINES,
            "weight": some(4, 2, 3),
            "bias": some(2),
            "dilation": 2,
            "output_padding": 1,
        },
        {"input": LINES, "weight": some(4, 2, 3), "stride": 2, "padding": 1, "output_padding": 1},
    ],
    "conv_transpose2d": [
        {
            "input": some(1, 2, 2, 3),
            "weight": some(2, 2, 3, 2),
            "bias": some(4),
            "groups": 2,
            "dilation": 3,
            "stride": 2,
            "padding": 1,
            "output_padding": (2, 1),
        },
        {"input": some(1, 2, 2, 3), "weight": some(2, 2, 3, 2), "bias": some(2)},
    ],
    "cosine_embedding_loss": [
        {"input1": ROWS, "input2": some(3, 4), "target": SIGNS, "margin": -0.9}
    ],
    "cosine_similarity": [
        {"x1": ROWS, "x2": some(3, 4), "eps": 1e-8},
        {"x1": ROWS, "x2": some(1, 4), "dim": 0},
        {"x1": some(4), "x2": ROWS, "dim": -1},
    ],
    "cross_entropy": [
        {"input": ROWS, "target": LABELS},
        {"input": ROWS, "target": LABELS, "weight": above(4)},
        {"input": ROWS, "target": LABELS, "weight": above(4), "label_smoothing": 0.2},
        {"input": ROWS, "target": LABELS, "weight": above(4), "reduction": "sum"},
        {"input": ROWS, "target": LABELS, "weight": above(4), "ignore_index": 0},
        {"input": ROWS, "target": above(3, 4), "weight": above(4), "label_smoothing": 0.2},
        {"input": some(2, 3, 2), "target": above(2, 3, 2), "weight": above(3)},
        {"input": some(4), "target": np.array(1), "weight": above(4)},
        {
            "input": some(2, 3, 2),
            "target": np.array([[0, 1], [2, 2]]),
            "weight": above(3),
            "reduction": "none",
        },
    ],
    "dropout": [{"input": ROWS, "p": 0.4, "generator": 3}],
    "dropout2d": [{"input": PICTURES, "p": 0.4, "generator": 3}],
    "elu": [{"input": ROWS, "alpha": 0.8}],
    "embedding": [
        {"input": LABELS, "weight": some(3, 4)},
        {"input": LABELS, "weight": some(3, 4)},
    ],
    "entropy": [{"input": ROWS, "dim": 0}],
    "gelu": [{"input": ROWS}, {"input": ROWS, "approximate": "tanh"}],
    "glu": [{"input": ROWS}, {"input": ROWS[:2], "dim": 0}],
    "group_norm": [{"input": LINES, "num_groups": 2, **NORM, "eps": 1e-2}],
    "half_squared_error": [{"input": ROWS, "target": some(3, 4)}],
    "hardshrink": [{"input": ROWS, "lambd": 0.6}],
    "hardsigmoid": [{"input": 2 * ROWS}],
    "hardswish": [{"input": 2 * ROWS}],
    "hardtanh": [{"input": ROWS, "min_val": -0.9, "max_val": 1.1}],
    "hinge_loss": [{"input": SIGNS * 0.3, "target": SIGNS, "margin": 0.9}],
    "huber_loss": [{"input": ROWS, "target": some(3, 4), "delta": 0.77}],
    "instance_norm": [
        {"input": LINES, **NORM, "eps": 1e-2},
        {"input": PICTURES, **STATISTICS, "momentum": 0.3},
        {"input": LINES, **NORM, **STATISTICS, "use_input_stats": False},
    ],
    "interpolate": [
        {"input": PICTURES, "scale_factor": 2, "mode": mode}
        for mode in ("nearest", "bilinear", "bicubic")
    ]
    + [
        {"input": PICTURES, "size": (3, 2), "mode": "bilinear", "antialias": True},
        *(
            {
                "input": PICTURES,
                "size": (3, 8),
                "mode": mode,
                "antialias": True,
                "align_corners": True,
            }
            for mode in ("bilinear", "bicubic")
        ),
        {"input": LINES, "size": 3, "mode": "area"},
    ],
    "kl_div": [
        {"input": ROWS, "target": above(3, 4)},
        {"input": ROWS, "target": some(3, 4), "log_target": True, "reduction": "batchmean"},
    ],
    "l1_loss": [{"input": ROWS, "target": 0.93 * some(3, 4)}],
    "layer_norm": [
        {"input": ROWS, "normalized_shape": 4, **NORM, "eps": 1e-2},
        {"input": LINES, "normalized_shape": (4, 7), "weight": above(4, 7), "bias": some(4, 7)},
    ],
    "leaky_relu": [{"input": ROWS, "negative_slope": 0.2}],
    "linear": [
        {"input": ROWS, "weight": some(2, 4), "bias": some(2)},
        {"input": some(4), "weight": some(2, 4)},
    ],
    "local_response_norm": [{"input": LINES, "size": 3, "alpha": 0.3, "beta": 0.75, "k": 1.1}],
    "log_sigmoid": [{"input": ROWS}],
    "log_softmax": [{"input": ROWS, "dim": 0}],
    "logsigmoid": [{"input": ROWS}],
    "lp_pool1d": [{"input": LINES, "norm_type": 3.0, "kernel_size": 2}],
    "lp_pool2d": [{"input": PICTURES, "norm_type": 2.0, "kernel_size": 2}],
    "max_pool1d": [{"input": LINES, "kernel_size": 3, "stride": 2, "padding": 1}],
    "max_pool2d": [
        {"input": PICTURES, "kernel_size": (1, 2)},
        {"input": PICTURES, "kernel_size": 2, "padding": 1, "dilation": 2, "stride": 1},
    ],
    "mish": [{"input": ROWS}],
    "mse_loss": [{"input": ROWS, "target": some(3, 4), "reduction": r} for r in ("mean", "none")],
    "multi_margin_loss": [
        {"input": ROWS, "target": LABELS, "margin": 1.03, "weight": above(4)},
        {"input": some(4), "target": np.array(1), "p": 2, "weight": above(4)},
    ],
    "nll_loss": [
        {"input": ROWS, "target": LABELS, "weight": above(4), "reduction": r}
        for r in ("mean", "sum", "none")
    ],
    "normalize": [{"input": ROWS}, {"input": ROWS, "p": 3.0, "dim": 0}],
    "pairwise_distance": [
        {"x1": ROWS, "x2": some(3, 4)},
        {"x1": ROWS, "x2": some(4), "p": 3.0, "keepdim": True},
        {"x1": some(2, 1, 3), "x2": 0.93 * some(4, 1), "p": 1.0},
    ],
    "prelu": [
        {"input": LINES, "weight": above(4)},
        {"input": LINES, "weight": above(1)},
        {"input": np.array(-0.3), "weight": above(1)},
    ],
    "relu": [{"input": ROWS}],
    "relu6": [{"input": 5 * ROWS}],
    "scaled_dot_product_attention": [
        {"query": some(2, 3, 4), "key": some(2, 5, 4), "value": some(2, 5, 3)},
        {"query": ROWS, "key": some(5, 4), "value": some(5, 2), "attn_mask": some(3, 5)},
        {
            "query": some(2, 3, 4),
            "key": some(2, 3, 4),
            "value": some(2, 3, 4),
            "attn_mask": some(3, 1),
            "is_causal": True,
        },
    ],
    "rms_norm": [
        {"input": ROWS, "normalized_shape": 4, "weight": above(4), "eps": 1e-2},
        {"input": LINES, "normalized_shape": (4, 7), "weight": above(4, 7)},
    ],
    "selu": [{"input": ROWS}],
    "sigmoid": [{"input": ROWS}],
    "silu": [{"input": ROWS}],
    "smooth_l1_loss": [{"input": ROWS, "target": some(3, 4), "beta": 0.77}],
    "softmax": [{"input": ROWS, "dim": 0, "temperature": t} for t in (0.7, 1.0)],
    "softmin": [
        {"input": ROWS, "dim": 0},
        *[{"input": ROWS, "dim": 0, "beta": b} for b in (1.0, 0.7, -1.3, 0.0)],
    ],
    "softplus": [{"input": ROWS, "beta": 1.3, "threshold": 20.0}],
    "softshrink": [{"input": ROWS, "lambd": 0.6}],
    "softsign": [{"input": ROWS}],
    "step": [{"input": ROWS}],
    "tanh": [{"input": ROWS}],
    "tanhshrink": [{"input": ROWS}],
    "threshold": [{"input": ROWS, "threshold": 0.1, "value": 0.4}],
}
FUNCTIONS |= {
    "adaptive_avg_pool3d": [{"input": VOLUMES, "output_size": s} for s in (1, (2, 3, 2))],
    "adaptive_max_pool3d": [{"input": VOLUMES, "output_size": s} for s in ((2, 3, 2), (1, 2, 1))],
    "affine_grid": [{"theta": some(2, 2, 3), "size": (2, 1, 2, 3), "align_corners": True}],
    "alpha_dropout": [{"input": ROWS, "p": 0.4, "training": True, "generator": 3}],
    "avg_pool3d": [
        {"input": VOLUMES, "kernel_size": (2, 1, 2)},
        {"input": VOLUMES, "kernel_size": 2, "padding": 1, "count_include_pad": False},
        {"input": VOLUMES, "kernel_size": 2, "divisor_override": 3},
    ],
    "channel_shuffle": [{"input": PICTURES, "groups": 2}],
    "conv3d": [
        {"input": VOLUMES, "weight": some(2, 2, 2, 1, 2), "bias": some(2), "padding": 1},
        {"input": VOLUMES, "weight": some(2, 1, 2, 2, 1), "groups": 2, "padding": "same"},
    ],
    "conv_transpose3d": [
        {
            "input": some(1, 2, 2, 1, 2),
            "weight": some(2, 1, 2, 1, 2),
            "bias": some(2),
            "groups": 2,
            "stride": 2,
            "output_padding": 1,
        },
    ],
    "ctc_loss": [
        {
            "log_probs": -above(4, 2, 3),
            "targets": np.array([[1, 1], [2, 0]]),
            "input_lengths": np.array([4, 3]),
            "target_lengths": np.array([2, 1]),
            "reduction": r,
        }
        for r in ("mean", "none")
    ],
    "dropout1d": [{"input": LINES, "p": 0.4, "generator": 3}],
    "dropout3d": [{"input": VOLUMES, "p": 0.4, "generator": 3}],
    "embedding_bag": [
        {"input": np.array([[0, 2], [1, 1]]), "weight": some(3, 4), "mode": m}
        for m in ("mean", "max")
    ]
    + [
        {
            "input": np.array([0, 2, 1, 1]),
            "weight": some(3, 4),
            "offsets": np.array([0, 1, 1]),
            "mode": "sum",
            "per_sample_weights": above(4),
        }
    ],
    "feature_alpha_dropout": [{"input": LINES, "p": 0.4, "training": True, "generator": 3}],
    "fold": [{"input": some(2, 8, 4), "output_size": (3, 3), "kernel_size": 2}],
    "fractional_max_pool2d": [
        {"input": some(1, 2, 4, 5), "kernel_size": 2, "output_size": 2, "generator": 3}
    ],
    "fractional_max_pool3d": [
        {"input": some(1, 1, 3, 3, 4), "kernel_size": 2, "output_size": 2, "generator": 3}
    ],
    "gaussian_nll_loss": [
        {"input": ROWS, "target": some(3, 4), "var": above(3, 4), "full": True},
        {"input": ROWS, "target": some(3, 4), "var": above(3)},
    ],
    "grid_sample": [
        {"input": some(1, 2, 3, 4), "grid": 0.7 * some(1, 2, 2, 2), "mode": mode}
        for mode in ("bilinear", "bicubic")
    ]
    + [
        {"input": some(1, 1, 2, 2, 3), "grid": 0.9 * some(1, 2, 1, 1, 3), "padding_mode": mode}
        for mode in ("border", "reflection")
    ],
    "gumbel_softmax": [{"logits": ROWS, "tau": 0.8, "generator": 3}],
    "hinge_embedding_loss": [{"input": SIGNS * 0.3 + 0.5, "target": SIGNS, "margin": 0.9}],
    "lp_pool3d": [{"input": VOLUMES, "norm_type": 3.0, "kernel_size": 2}],
    "margin_ranking_loss": [
        {"input1": ROWS, "input2": some(3, 4), "target": SIGNS[:, None], "margin": 0.11}
    ],
    "max_pool3d": [
        {"input": VOLUMES, "kernel_size": (1, 2, 2)},
        {"input": VOLUMES, "kernel_size": 2, "padding": 1, "stride": 1},
    ],
    "max_unpool1d": [{"input": some(2, 1, 2), "indices": PLACES, "kernel_size": 2}],
    "max_unpool2d": [
        {"input": some(1, 2, 1, 2), "indices": PLACES.reshape(1, 2, 1, 2), "kernel_size": (1, 2)}
    ],
    "max_unpool3d": [
        {
            "input": some(1, 2, 1, 1, 2),
            "indices": PLACES.reshape(1, 2, 1, 1, 2),
            "kernel_size": (1, 1, 2),
        }
    ],
    "multilabel_margin_loss": [
        {"input": ROWS, "target": np.array([[3, 0, -1, 1], [1, -1, 0, 0], [-1, 0, 0, 0]])}
    ],
    "multilabel_soft_margin_loss": [{"input": ROWS, "target": above(3, 4), "weight": above(4)}],
    "one_hot": [{"tensor": LABELS, "num_classes": 4}],
    "pad": [
        {"input": ROWS, "pad": (1, 2), "mode": mode, "value": 0}
        for mode in ("constant", "replicate", "reflect", "circular")
    ],
    "pdist": [{"input": ROWS}, {"input": ROWS, "p": 3.0}],
    "pixel_shuffle": [{"input": PICTURES, "upscale_factor": 2}],
    "pixel_unshuffle": [{"input": some(2, 1, 4, 6), "downscale_factor": 2}],
    "poisson_nll_loss": [
        {"input": ROWS, "target": 3 * above(3, 4), "full": True},
        {"input": above(3, 4), "target": above(3, 4), "log_input": False},
    ],
    "rrelu": [{"input": ROWS, "training": True, "generator": 3}, {"input": ROWS}],
    "soft_margin_loss": [{"input": SIGNS * 0.3, "target": SIGNS}],
    "triplet_margin_loss": [
        {"anchor": ROWS, "positive": some(3, 4), "negative": some(3, 4), "margin": 1.1},
        {"anchor": ROWS, "positive": some(3, 4), "negative": some(3, 4), "p": 3.0, "swap": True},
    ],
    "triplet_margin_with_distance_loss": [
        {"anchor": ROWS, "positive": some(3, 4), "negative": some(3, 4), "margin": 1.1}
    ],
    "unfold": [{"input": PICTURES, "kernel_size": 2, "padding": 1, "stride": 2}],
}

CASES = [(name, k) for name, calls in FUNCTIONS.items() for k in range(len(calls))]


def call(name: str, given: dict[str, Any]) -> Any:
    """Call a function; a generator is made afresh from its seed, statistics are copied."""
    given = {
        k: v.copy() if k.startswith("running") and isinstance(v, np.ndarray) else v
        for k, v in given.items()
    }
    if "generator" in given:
        given["generator"] = np.random.default_rng(given["generator"])
    return getattr(F, name)(**given)
