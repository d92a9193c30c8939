"""One ordinary call of every NumPy function that has a rule, and values to try for each keyword.

``CALLS``: function -> the call's arguments. ``PROBES``: keyword -> values that are not its
default; a pair (function, keyword) goes before the keyword alone. ``BARRED``: keywords that
choose something which NumPy itself does not let a subclass see.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def array(*shape: int, seed: int = 0, low: float = 0.3, high: float = 2.0) -> Any:
    rng = np.random.default_rng([seed, *shape])
    size = int(np.prod(shape, dtype=int))
    spread = (rng.permutation(size) + rng.uniform(0.2, 0.8, size)) / max(size, 1)  # no ties
    return (low + (high - low) * spread).reshape(shape)


M, N = array(3, 4), array(3, 4, seed=1)
CUBE = array(2, 3, 4, seed=2)
V, W = array(5, seed=3), array(5, seed=4)
SQUARE = array(3, 3, seed=5) + 2 * np.eye(3)
SPD = SQUARE @ SQUARE.T + np.eye(3)
NAN = np.where(np.arange(12).reshape(3, 4) == 5, np.nan, M)
Z = M + 1j * N
GRID = np.sort(V)
MASK = np.arange(12).reshape(3, 4) % 3 > 0
WHOLE = np.array([2, 0, 1, 1, 0])

_STATISTICS = "sum mean var std max min amax amin prod median ptp average cumsum cumprod all any "
_STATISTICS += "argmax argmin sort argsort count_nonzero trapezoid diff unwrap quantile percentile"
_PLAIN = "round around nan_to_num sinc i0 ravel transpose squeeze flip flipud fliplr rot90 tril "
_PLAIN += "triu diagonal trace copy real imag angle real_if_close sort_complex argwhere nonzero "
_PLAIN += "flatnonzero shape ndim size zeros_like ones_like iscomplexobj isrealobj iscomplex "
_PLAIN += "isreal isneginf isposinf fix unique unique_values matrix_transpose atleast_1d "
_PLAIN += "atleast_2d atleast_3d diagflat corrcoef cov gradient ediff1d unstack min_scalar_type "
_PLAIN += "common_type array_repr array_str array2string tril_indices_from triu_indices_from"
_NAN = "nansum nanprod nanmean nanvar nanstd nanmax nanmin nanmedian nancumsum nancumprod "
_NAN += "nanargmax nanargmin"
_FFT = "fft ifft rfft irfft hfft ihfft fft2 fftn ifft2 ifftn rfft2 rfftn irfft2 irfftn fftshift "
_FFT += "ifftshift"

CALLS: dict[Any, tuple[Any, ...]] = {}
for _name in (*_STATISTICS.split(), *_PLAIN.split()):
    CALLS[getattr(np, _name)] = (M,)
for _name in _NAN.split():
    CALLS[getattr(np, _name)] = (NAN,)
for _name in _FFT.split():
    CALLS[getattr(np.fft, _name)] = (M,)
for _name in ["sqrt", "log", "log2", "log10", "arccos", "arcsin", "arctanh"]:
    CALLS[getattr(np.emath, _name)] = (M,)
for _name in [
    "inv",
    "det",
    "slogdet",
    "cholesky",
    "eigh",
    "eigvalsh",
    "eig",
    "eigvals",
    "svd",
    "svdvals",
    "qr",
    "pinv",
    "cond",
]:
    CALLS[getattr(np.linalg, _name)] = (SPD,)
for _name in [
    "norm",
    "vector_norm",
    "matrix_norm",
    "diagonal",
    "trace",
    "matrix_transpose",
    "matrix_rank",
]:
    CALLS[getattr(np.linalg, _name)] = (SPD,)
for _name in [
    "polyadd",
    "polysub",
    "polymul",
    "polydiv",
    "convolve",
    "correlate",
    "union1d",
    "outer",
    "inner",
    "vdot",
]:
    CALLS[getattr(np, _name)] = (V, W[:3]) if _name not in ("inner", "vdot") else (V, W)
for _name in [
    "isclose",
    "allclose",
    "array_equal",
    "array_equiv",
    "isin",
    "dot",
    "kron",
    "shares_memory",
]:
    CALLS[getattr(np, _name)] = (V, W)
CALLS |= {
    np.quantile: (M, 0.37),
    np.percentile: (M, 37.0),
    np.nanquantile: (NAN, 0.37),
    np.nanpercentile: (NAN, 37.0),
    np.linspace: (0.5, 2.0),
    np.logspace: (0.5, 1.5),
    np.geomspace: (0.5, 2.0),
    np.interp: (np.array([0.4, 0.9, 3.0]), GRID, W),
    np.take: (M, np.array([0, 2])),
    np.take_along_axis: (M, np.argsort(M, axis=-1)),
    np.partition: (M, 2),
    np.argpartition: (M, 2),
    np.where: (MASK, M, N),
    np.choose: (WHOLE, [V, W, V * W]),
    np.select: ([V > 1, V > 0.5], [V, W]),
    np.compress: ([True, False, True], M),
    np.extract: (MASK, M),
    np.delete: (M, 1),
    np.insert: (M, 1, 0.7),
    np.resize: (M, (2, 3)),
    np.trim_zeros: (np.array([0.0, 0.4, 0.0, 0.7, 0.0]),),
    np.meshgrid: (V, W),
    np.block: ([M, N],),
    np.apply_along_axis: (np.sum, 0, M),
    np.apply_over_axes: (np.sum, M, (0,)),
    np.lib.stride_tricks.sliding_window_view: (V, 2),
    np.piecewise: (V, [V > 1], [np.square, np.negative]),
    np.bincount: (WHOLE,),
    np.full_like: (M, 1.5),
    np.empty_like: (M,),
    np.searchsorted: (GRID, W),
    np.digitize: (V, GRID),
    np.result_type: (M, V),
    np.can_cast: (np.float64, np.float32),
    np.lexsort: ((V, W),),
    np.may_share_memory: (V, W),
    np.packbits: (np.array([1, 0, 1], np.uint8),),
    np.unpackbits: (np.array([7], np.uint8),),
    np.ravel_multi_index: ((1, 2), (3, 4)),
    np.unravel_index: (5, (3, 4)),
    np.ix_: (WHOLE,),
    np.diag_indices_from: (SQUARE,),
    np.tril_indices_from: (SQUARE,),
    np.triu_indices_from: (SQUARE,),
    np.einsum_path: ("ij,jk->ik", SQUARE, SPD),
    np.histogram: (V,),
    np.histogram2d: (V, W),
    np.histogramdd: (M,),
    np.histogram_bin_edges: (V,),
    np.linalg.solve: (SQUARE, SPD),
    np.linalg.matrix_power: (SQUARE, 2),
    np.linalg.multi_dot: ([SQUARE, M],),
    np.linalg.lstsq: (SPD, V[:3]),
    np.linalg.tensorinv: (array(2, 3, 6),),
    np.linalg.tensorsolve: (array(2, 3, 2, 3), array(2, 3)),
    np.linalg.vecdot: (M, N),
    np.linalg.outer: (V, W),
    np.linalg.matmul: (SQUARE, M),
    np.linalg.tensordot: (CUBE, M),
    np.linalg.cross: (SQUARE, SPD),
    np.clip: (M, 0.6, 1.7),
    np.concatenate: ((M, N),),
    np.concat: ((M, N),),
    np.stack: ((M, N),),
    np.vstack: ((M, N),),
    np.hstack: ((M, N),),
    np.dstack: ((M, N),),
    np.column_stack: ((M, N),),
    np.append: (M, N),
    np.array_split: (M, 2),
    np.split: (M, 3),
    np.vsplit: (M, 3),
    np.hsplit: (M, 2),
    np.dsplit: (CUBE, 2),
    np.pad: (M, 1),
    np.cumulative_sum: (V,),
    np.cumulative_prod: (V,),
    np.angle: (Z,),
    np.real: (Z,),
    np.imag: (Z,),
    np.emath.logn: (2.0, M),
    np.emath.power: (M, 2.0),
    np.polyval: (V, M),
    np.vander: (V,),
    np.polyder: (V,),
    np.polyint: (V,),
    np.polyfit: (GRID, W, 2),
    np.poly: (V,),
    np.roots: (V,),
    np.tensordot: (CUBE, M),
    np.cross: (SQUARE, SPD),
    np.einsum: ("ij,ij->i", M, N),
    np.reshape: (M, (4, 3)),
    np.swapaxes: (M, 0, 1),
    np.moveaxis: (M, 0, 1),
    np.expand_dims: (M, 1),
    np.rollaxis: (M, 1),
    np.broadcast_to: (V, (2, 5)),
    np.broadcast_arrays: (V, M[:, :1]),
    np.roll: (M, 2),
    np.gradient: (array(3, 4, seed=6),),
    np.repeat: (M, 2),
    np.tile: (M, 2),
    np.diag: (V,),
    np.astype: (M, np.float32),
}

SINGLE, BIG = np.float32, np.complex128
MORE: Any = {"keepdims": [True], "axis": [0, 1, -1]}
PROBES: dict[Any, list[Any]] = {
    # where and how
    "axis": [0, 1, -1],
    "axes": [(0,), (1, 0)],
    "axis1": [1],
    "axis2": [0],
    "axisa": [0],
    "axisb": [0],
    "axisc": [0],
    "keepdims": [True],
    "where": [MASK, np.array([True, False, True, True]), np.True_],
    "initial": [1.5, 0.9],
    "dtype": [np.float32, np.float16, np.complex128, np.float64, np.int64],
    "casting": ["unsafe", "no"],
    "order": ["F", "A", "C", "K"],
    "subok": [False, True],
    "out": [np.zeros((3, 4))],
    "copy": [False],
    "device": ["cpu"],
    "mode": ["wrap", "clip"],
    "shape": [(4, 3), (2,)],
    "ddof": [1, 0.5],
    "correction": [1],
    "mean": [np.array(1.1), np.array([1.0, 1.2, 0.9, 1.1])],
    "kind": ["stable"],
    "stable": [True],
    "decimals": [1],
    "overwrite_input": [True],
    "method": ["lower", "higher", "nearest", "midpoint", "hazen", "weibull", "median_unbiased",
               "normal_unbiased", "interpolated_inverted_cdf", "inverted_cdf",
               "averaged_inverted_cdf", "closest_observation"],
    "weights": [array(3, 4, seed=8)],
    "returned": [True],
    "norm": ["ortho", "forward"],
    "n": [3, 6],
    "s": [(2, 3), (4, 6)],
    "k": [1, -1],
    "offset": [1, -1],
    # sampled functions
    "num": [7, 1],
    "endpoint": [False],
    "retstep": [True],
    "base": [2.0, 3.5],
    "dx": [0.5],
    "x": [array(4, seed=9)],
    "prepend": [0.7, array(3, 1, seed=6)],
    "append": [0.7, array(3, 1, seed=6)],
    "to_end": [0.7, V],
    "to_begin": [0.7, V],
    "edge_order": [2],
    "left": [0.7],
    "right": [0.7],
    "period": [1.3],
    "discont": [0.1],
    "nan": [0.7],
    "posinf": [0.7],
    "neginf": [0.7],
    "a_min": [0.6],
    "a_max": [1.5],
    "min": [0.6],
    "max": [1.5],
    # choosing
    "default": [0.7],
    "trim": ["f", "b"],
    "sparse": [True],
    "indexing": ["ij"],
    "writeable": [True],
    "return_index": [True],
    "return_inverse": [True],
    "return_counts": [True],
    "equal_nan": [True, False],
    "sorted": [True],
    "minlength": [6],
    "start": [1, 2],
    # matrices
    "ord": [1, 2, np.inf, -1],
    "p": [1, 2, "fro", -2],
    "UPLO": ["U"],
    "upper": [True],
    "full_matrices": [False],
    "compute_uv": [False],
    "hermitian": [True],
    "rcond": [1e-3],
    "rtol": [1e-3],
    "tol": [1e-3],
    "ind": [2],
    "optimize": [True, "greedy"],
    # polynomials and statistics
    "deg": [True],
    "N": [3],
    "increasing": [True],
    "m": [2],
    "full": [True],
    "w": [array(5, seed=7)],
    "cov": [True],
    "y": [array(3, 4, seed=8)],
    "rowvar": [False],
    "bias": [True],
    "fweights": [np.array([1, 2, 1, 3])],
    "aweights": [array(4, seed=9)],
    # functions without derivative
    "atol": [0.5],
    "side": ["right"],
    "sorter": [np.arange(5)],
    "right ": [True],
    "assume_unique": [True],
    "invert": [True],
    "max_work": [1],
    "max_line_width": [20],
    "precision": [2],
    "suppress_small": [True],
    "separator": [", "],
    "prefix": ["  "],
    "suffix": ["  "],
    "formatter": [{"float": lambda x: "x"}],
    "threshold": [2],
    "edgeitems": [1],
    "sign": ["+"],
    "floatmode": ["fixed"],
    "legacy": ["1.13"],
    "bitorder": ["little"],
    "count": [5],
    "einsum_call": [False],
    "bins": [4, np.array([0.2, 0.9, 1.4, 2.1])],
    "range": [(0.2, 2.1)],
    "density": [True],
    # of one function
    (np.size, "axis"): [0, 1],
    (np.average, "weights"): [array(3, 4, seed=8)],
    (np.bincount, "weights"): [V],
    (np.histogram, "weights"): [V],
    (np.histogram2d, "weights"): [V],
    (np.histogramdd, "weights"): [V[:3]],
    (np.histogram_bin_edges, "weights"): [V],
    (np.histogram2d, "range"): [((0.2, 2.1), (0.3, 2.2))],
    (np.histogramdd, "range"): [((0.2, 2.1),) * 4],
    (np.histogramdd, "bins"): [2, [np.array([0.2, 0.9, 2.1])] * 4],
    (np.convolve, "mode"): ["same", "valid", 1],
    (np.correlate, "mode"): ["same", "full", 2],
    (np.linalg.qr, "mode"): ["complete", "r", "raw"],
    (np.pad, "mode"): ["edge", "wrap", "reflect", "symmetric", "linear_ramp", "maximum", "minimum",
                       "mean", "median", "empty"],
    (np.digitize, "right"): [True],
    (np.sum, "dtype"): [np.float32, np.float16, np.complex128, np.int64],
    (np.fft.fft2, "axes"): [(1, 0), (0,)],
    (np.linalg.lstsq, "rcond"): [-1, 1e-3],
    (np.linalg.matrix_norm, "ord"): [1, 2, "nuc", np.inf],
    (np.linalg.norm, "axis"): [0, (0, 1)],
    (np.quantile, "weights"): [array(3, 4, seed=8)],
    (np.transpose, "axes"): [(1, 0), (-1, -2)],
    (np.rot90, "axes"): [(1, 0)],
    (np.rot90, "k"): [2, -1],
    (np.fft.fftshift, "axes"): [0, (0, 1)],
    (np.fft.ifftshift, "axes"): [0, (0, 1)],
    (np.tensordot, "axes"): [((1, 2), (0, 1)), 0],
    (np.linalg.tensordot, "axes"): [((1, 2), (0, 1)), 0],
    (np.linalg.tensorsolve, "axes"): [(0, 1)],
    (np.squeeze, "axis"): [()],
    (np.polyint, "k"): [0.7],
    (np.unravel_index, "order"): ["F"],
    (np.ravel_multi_index, "order"): ["F"],
    (np.sort, "order"): [None],
    (np.argsort, "order"): [None],
    (np.partition, "order"): [None],
    (np.argpartition, "order"): [None],
    (np.partition, "kind"): ["introselect"],
    (np.argpartition, "kind"): ["introselect"],
    (np.isin, "kind"): ["sort"],
    (np.cumulative_sum, "include_initial"): [True],
    (np.cumulative_prod, "include_initial"): [True],
    (np.interp, "period"): [1.3],
    (np.insert, "axis"): [0, 1],
    (np.linspace, "axis"): [-1],
    (np.logspace, "axis"): [-1],
    (np.geomspace, "axis"): [-1],
    (np.clip, "dtype"): [np.float32],
    (np.clip, "min"): [np._NoValue],
    (np.clip, "max"): [np._NoValue],
    (np.diff, "n"): [2, 0],
    (np.take_along_axis, "axis"): [1],
    (np.unstack, "axis"): [1],
}  # fmt: skip
# keywords that only NumPy's **kwargs say: function -> keyword -> values
HIDDEN: dict[Any, dict[str, list[Any]]] = {
    np.clip: {"dtype": [np.float32], "casting": ["unsafe"], "where": [MASK], "order": ["F"]},
    np.einsum: {
        "dtype": [np.float32, np.complex128],
        "casting": ["unsafe"],
        "order": ["F", "C", "A"],
    },
    np.pad: {
        "mode": ["constant"],
        "constant_values": [0.7, ((0.1, 0.2), (0.3, 0.4))],
        "end_values": [0.7],
        "stat_length": [2],
        "reflect_type": ["odd"],
    },
    np.gradient: {},
    np.piecewise: {},
    np.apply_along_axis: {},
    np.broadcast_arrays: {},
}
COMPANIONS: dict[Any, dict[str, Any]] = {  # what a keyword needs beside it
    (np.pad, "constant_values"): {"mode": "constant"},
    (np.pad, "end_values"): {"mode": "linear_ramp"},
    (np.pad, "stat_length"): {"mode": "mean"},
    (np.pad, "reflect_type"): {"mode": "reflect"},
    (np.diagonal, "axis1"): {"axis2": 0},
    (np.diagonal, "axis2"): {"axis1": 1},
    (np.trace, "axis1"): {"axis2": 0},
    (np.trace, "axis2"): {"axis1": 1},
    (np.quantile, "weights"): {"method": "inverted_cdf"},
    (np.nanquantile, "weights"): {"method": "inverted_cdf"},
    (np.percentile, "weights"): {"method": "inverted_cdf"},
    (np.nanpercentile, "weights"): {"method": "inverted_cdf"},
    (np.max, "where"): {"initial": 0.1},
    (np.min, "where"): {"initial": 9.0},
    (np.amax, "where"): {"initial": 0.1},
    (np.amin, "where"): {"initial": 9.0},
    (np.nanmax, "where"): {"initial": 0.1},
    (np.nanmin, "where"): {"initial": 9.0},
    (np.clip, "dtype"): {"casting": "unsafe"},
    (np.einsum, "dtype"): {"casting": "unsafe"},
    (np.cov, "ddof"): {},
}
