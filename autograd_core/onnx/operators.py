"""ONNX's operators in NumPy's calls: what `import_onnx` runs, and what is differentiated."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from autograd_core.base import errors
from autograd_core.onnx.calls import Call, axes_of, numbers, operator
from autograd_core.operations.primitive import bare
from autograd_core.rules.indexing import scatter, setitem

# --- elementwise ---------------------------------------------------------------------------------

_PLAIN: dict[str, Callable[..., Any]] = {
    "Abs": np.abs, "Acos": np.arccos, "Acosh": np.arccosh, "Add": np.add, "And": np.logical_and,
    "Asin": np.arcsin, "Asinh": np.arcsinh, "Atan": np.arctan, "Atanh": np.arctanh,
    "BitwiseAnd": np.bitwise_and, "BitwiseNot": np.invert, "BitwiseOr": np.bitwise_or,
    "BitwiseXor": np.bitwise_xor, "Ceil": np.ceil, "Cos": np.cos, "Cosh": np.cosh,
    "Equal": np.equal, "Exp": np.exp, "Floor": np.floor, "Greater": np.greater,
    "GreaterOrEqual": np.greater_equal, "IsNaN": np.isnan, "Less": np.less,
    "LessOrEqual": np.less_equal, "Log": np.log, "MatMul": np.matmul, "Mul": np.multiply,
    "Neg": np.negative, "Not": np.logical_not, "Or": np.logical_or, "Round": np.rint,
    "Sign": np.sign, "Sin": np.sin, "Sinh": np.sinh, "Sqrt": np.sqrt, "Sub": np.subtract,
    "Tan": np.tan, "Tanh": np.tanh, "Where": np.where, "Xor": np.logical_xor,
}  # fmt: skip


def _plain(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda call, *inputs: function(*inputs)


for _kind, _function in _PLAIN.items():
    operator(_kind)(_plain(_function))


@operator("Identity", "Dropout")
def identity(call: Call, x: Any, *settings: Any) -> Any:
    """Return the first input; a Dropout that drops is refused."""
    if len(settings) > 1 and settings[1] is not None and bool(np.all(bare(settings[1]))):
        raise call.refusal("it draws random numbers (training_mode)")
    if len(call.node.output) > 1:
        return x, np.ones(np.shape(x), dtype=bool)
    return x


@operator("Div")
def div(call: Call, a: Any, b: Any) -> Any:
    """Divide; whole numbers towards 0."""
    if np.result_type(bare(a).dtype, bare(b).dtype).kind in "iu":
        quotient, rest = a // b, a % b
        return quotient + ((rest != 0) & ((a < 0) != (b < 0)))
    return np.divide(a, b)


@operator("Reciprocal")
def reciprocal(call: Call, x: Any) -> Any:
    """1 / x."""
    return 1 / x


@operator("Pow")
def power(call: Call, x: Any, y: Any) -> Any:
    """Return a power in the dtype of its base."""
    if x.dtype.kind in "iu":  # whole numbers have no negative powers
        x, made = x.astype(float) if np.any(bare(y) < 0) else x, x.dtype
        return np.power(x, y).astype(made)
    if np.ndim(y) == 0 and float(bare(y)).is_integer() and abs(float(bare(y))) < 2**31:
        return x ** int(bare(y))
    return np.power(x, y).astype(x.dtype)


@operator("Mod")
def mod(call: Call, a: Any, b: Any) -> Any:
    """Rest of a division, with the sign of the divisor or, for fmod, of the dividend."""
    return np.fmod(a, b) if call.get("fmod", 0) else np.remainder(a, b)


@operator("IsInf")
def isinf(call: Call, x: Any) -> Any:
    """Whether a number is infinite, of the signs asked for."""
    found = np.zeros(np.shape(x), dtype=bool)
    if call.get("detect_positive", 1):
        found = found | np.isposinf(x)
    if call.get("detect_negative", 1):
        found = found | np.isneginf(x)
    return found


def _folded(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(call: Call, first: Any, *rest: Any) -> Any:
        for other in rest:
            first = function(first, other)
        return first

    return run


operator("Max")(_folded(np.maximum))
operator("Min")(_folded(np.minimum))
operator("Sum")(_folded(np.add))


@operator("Mean")
def mean_of(call: Call, *inputs: Any) -> Any:
    """Return the mean of several arrays."""
    return _folded(np.add)(call, *inputs) / len(inputs)


@operator("Clip")
def clip(call: Call, x: Any, low: Any = None, high: Any = None) -> Any:
    """Limit to a range."""
    low = call.get("min") if low is None else low
    high = call.get("max") if high is None else high
    if low is None and high is None:
        return x
    return np.clip(x, -np.inf if low is None else low, np.inf if high is None else high).astype(
        x.dtype
    )


@operator("Cast", "CastLike")
def cast(call: Call, x: Any, like: Any = None) -> Any:
    """Change the dtype."""
    return x.astype(bare(like).dtype if like is not None else call.dtype("to"))


# --- sums, extremes ------------------------------------------------------------------------------


def _sums(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(call: Call, x: Any, axes: Any = None) -> Any:
        chosen = axes_of(call, axes)
        if chosen is None and call.get("noop_with_empty_axes", 0):
            chosen = ()  # squares, say, but adds none
        made = function(x, axis=chosen, keepdims=bool(call.get("keepdims", 1)))
        return made.astype(x.dtype) if bare(made).dtype != bare(x).dtype else made

    return run


def _logsumexp(x: Any, axis: Any, keepdims: bool) -> Any:
    top = bare(np.max(x, axis=axis, keepdims=True))
    top = np.where(np.isfinite(top), top, 0)
    made = np.log(np.sum(np.exp(x - top), axis=axis, keepdims=True)) + top
    return made if keepdims else np.squeeze(made, axis if axis is not None else None)


_REDUCTIONS: dict[str, Callable[..., Any]] = {
    "ReduceSum": np.sum, "ReduceMean": np.mean, "ReduceMax": np.max, "ReduceMin": np.min,
    "ReduceProd": np.prod,
    "ReduceSumSquare": lambda x, **how: np.sum(x * x, **how),
    "ReduceL1": lambda x, **how: np.sum(np.abs(x), **how),
    "ReduceL2": lambda x, **how: np.sqrt(np.sum(x * x, **how)),
    "ReduceLogSum": lambda x, **how: np.log(np.sum(x, **how)),
    "ReduceLogSumExp": _logsumexp,
}  # fmt: skip
for _kind, _function in _REDUCTIONS.items():
    operator(_kind)(_sums(_function))


def _place(function: Callable[..., Any]) -> Callable[..., Any]:
    def run(call: Call, x: Any) -> Any:
        if call.get("select_last_index", 0):
            raise call.refusal("select_last_index=1")
        axis = call.get("axis", 0)
        return function(bare(x), axis=axis, keepdims=bool(call.get("keepdims", 1)))

    return run


operator("ArgMax")(_place(np.argmax))
operator("ArgMin")(_place(np.argmin))


@operator("CumSum")
def cumsum(call: Call, x: Any, axis: Any) -> Any:
    """Return running sums."""
    k = int(np.asarray(axis).reshape(()))
    x = np.flip(x, k) if call.get("reverse", 0) else x
    made = np.cumsum(x, axis=k).astype(x.dtype)
    if call.get("exclusive", 0):
        made = made - x
    return np.flip(made, k) if call.get("reverse", 0) else made


@operator("TopK")
def topk(call: Call, x: Any, k: Any) -> Any:
    """Return the k largest or smallest along an axis, and their places."""
    axis, count = call.get("axis", -1), int(np.asarray(k).reshape(()))
    plain = np.asarray(bare(x))
    keys = plain
    if call.get("largest", 1):
        keys = -plain if plain.dtype.kind == "f" else ~plain  # no whole number overflows
    places = np.argsort(keys, axis=axis, kind="stable")
    places = np.take(places, np.arange(count), axis=axis)
    return np.take_along_axis(x, places, axis), places


# --- products ------------------------------------------------------------------------------------


@operator("Gemm")
def gemm(call: Call, a: Any, b: Any, c: Any = None) -> Any:
    """Return alpha a b + beta c."""
    a = a.T if call.get("transA", 0) else a
    b = b.T if call.get("transB", 0) else b
    made = a @ b
    alpha, beta = call.get("alpha", 1.0), call.get("beta", 1.0)
    made = made if alpha == 1 else made * alpha
    return made if c is None else made + (c if beta == 1 else beta * c)


@operator("Einsum")
def einsum(call: Call, *inputs: Any) -> Any:
    """Sum of products."""
    return np.einsum(call.text("equation"), *inputs)


@operator("Det")
def det(call: Call, x: Any) -> Any:
    """Return the determinant."""
    return np.linalg.det(x)


# --- shapes --------------------------------------------------------------------------------------


@operator("Shape")
def shape(call: Call, x: Any) -> Any:
    """Lengths of the axes."""
    return np.array(np.shape(x)[call.get("start", 0) : call.get("end", None)], np.int64)


@operator("Size")
def size(call: Call, x: Any) -> Any:
    """Return the number of elements."""
    return np.array(np.size(x), np.int64)


@operator("Reshape")
def reshape(call: Call, x: Any, shape: Any) -> Any:
    """Another shape: 0 keeps a length, -1 is what is left."""
    wanted = list(numbers(shape))
    if not call.get("allowzero", 0):
        wanted = [np.shape(x)[k] if n == 0 else n for k, n in enumerate(wanted)]
    return np.reshape(x, tuple(wanted))


@operator("Flatten")
def flatten(call: Call, x: Any) -> Any:
    """Return a matrix: the axes before one and those from it."""
    axis, shape = call.get("axis", 1), np.shape(x)
    axis += len(shape) if axis < 0 else 0
    return np.reshape(x, (math.prod(shape[:axis]), math.prod(shape[axis:])))


@operator("Transpose")
def transpose(call: Call, x: Any) -> Any:
    """Axes in another order."""
    return np.transpose(x, call.get("perm"))


@operator("Squeeze")
def squeeze(call: Call, x: Any, axes: Any = None) -> Any:
    """Without axes of length 1."""
    return np.squeeze(x, axes_of(call, axes))


@operator("Unsqueeze")
def unsqueeze(call: Call, x: Any, axes: Any = None) -> Any:
    """With axes of length 1."""
    return np.expand_dims(x, axes_of(call, axes) or ())


@operator("Expand")
def expand(call: Call, x: Any, shape: Any) -> Any:
    """Repeat along axes of length 1."""
    return np.broadcast_to(x, np.broadcast_shapes(np.shape(x), tuple(numbers(shape))))


@operator("Tile")
def tile(call: Call, x: Any, repeats: Any) -> Any:
    """Repeat whole."""
    return np.tile(x, tuple(numbers(repeats)))


@operator("Concat")
def concat(call: Call, *inputs: Any) -> Any:
    """Join along an axis."""
    return np.concatenate(inputs, axis=call.get("axis"))


@operator("Split")
def split(call: Call, x: Any, parts: Any = None) -> Any:
    """Cut along an axis."""
    axis, count = call.get("axis", 0), len(call.node.output)
    given = call.get("split") if parts is None else numbers(parts)
    if given is None:
        length = np.shape(x)[axis]
        each = -(-length // call.get("num_outputs", count))
        given = [max(min(each, length - k * each), 0) for k in range(count)]
    found = np.split(x, np.cumsum(given)[:-1], axis=axis)
    return tuple(found) if count > 1 else found[0]


@operator("Slice")
def slice_(
    call: Call, x: Any, starts: Any = None, ends: Any = None, axes: Any = None, steps: Any = None
) -> Any:
    """Cut pieces out."""
    first = numbers(starts) if starts is not None else call.get("starts")
    last = numbers(ends) if ends is not None else call.get("ends")
    along = numbers(axes) if axes is not None else call.get("axes") or range(len(first))
    each = numbers(steps) if steps is not None else [1] * len(first)
    index = [slice(None)] * np.ndim(x)
    for k, a, b, s in zip(along, first, last, each, strict=True):
        index[k] = slice(a, b, s)
    return x[tuple(index)]


@operator("Pad")
def pad(call: Call, x: Any, pads: Any = None, value: Any = None, axes: Any = None) -> Any:
    """Put numbers around."""
    given = list(numbers(pads)) if pads is not None else list(call.get("pads"))
    along = list(numbers(axes)) if axes is not None else list(range(np.ndim(x)))
    half = len(given) // 2
    width = [(0, 0)] * np.ndim(x)
    for k, before, after in zip(along, given[:half], given[half:], strict=True):
        width[k] = (before, after)
    if min(given, default=0) < 0:
        raise call.refusal("negative padding")
    mode: Any = call.text("mode", "constant")
    if mode != "constant":
        return np.pad(x, width, mode=mode)
    fill = call.get("value", 0.0) if value is None else np.asarray(bare(value)).reshape(())[()]
    return np.pad(x, width, constant_values=fill)


@operator("Trilu")
def trilu(call: Call, x: Any, k: Any = None) -> Any:
    """Return a triangle of each matrix."""
    offset = 0 if k is None else int(np.asarray(k).reshape(()))
    return (np.triu if call.get("upper", 1) else np.tril)(x, offset)


# --- reading and writing at places ---------------------------------------------------------------


@operator("Gather")
def gather(call: Call, x: Any, indices: Any) -> Any:
    """Entries along an axis."""
    axis = call.get("axis", 0)
    return x[(slice(None),) * (axis % np.ndim(x)) + (np.asarray(bare(indices)),)]


@operator("GatherElements")
def gather_elements(call: Call, x: Any, indices: Any) -> Any:
    """At each place, the entry that an index names along an axis."""
    indices, axis = np.asarray(bare(indices)), call.get("axis", 0) % np.ndim(x)
    cut = tuple(slice(None) if k == axis else slice(n) for k, n in enumerate(indices.shape))
    return np.take_along_axis(x[cut], indices, axis)


def _places(indices: Any) -> tuple[Any, ...]:
    return tuple(np.moveaxis(np.asarray(bare(indices)), -1, 0))


@operator("GatherND")
def gather_nd(call: Call, x: Any, indices: Any) -> Any:
    """Entries at several indices."""
    if call.get("batch_dims", 0):
        raise call.refusal("batch_dims")
    return x[_places(indices)]


def _scattered(call: Call, x: Any, updates: Any, index: Any) -> Any:
    how = call.text("reduction", "none")
    if how == "none":
        return setitem(x, updates, index=index)
    if how == "add":
        return x + scatter(updates, index=index, shape=np.shape(x))
    raise call.refusal(f"reduction={how!r}")


@operator("ScatterND")
def scatter_nd(call: Call, x: Any, indices: Any, updates: Any) -> Any:
    """Write, or add, at several indices."""
    return _scattered(call, x, updates, _places(indices))


@operator("ScatterElements")
def scatter_elements(call: Call, x: Any, indices: Any, updates: Any) -> Any:
    """Write, or add, where an index names a place along an axis."""
    indices, axis = np.asarray(bare(indices)), call.get("axis", 0) % np.ndim(x)
    places = list(np.indices(indices.shape, sparse=True))
    places[axis] = indices
    return _scattered(call, x, updates, tuple(places))


# --- constants -----------------------------------------------------------------------------------


@operator("Constant")
def constant(call: Call) -> Any:
    """Return what the node holds."""
    return call.constant()


@operator("ConstantOfShape")
def constant_of_shape(call: Call, shape: Any) -> Any:
    """Return one number, repeated."""
    value = call.tensor("value")
    value = np.zeros(1, np.float32) if value is None else value
    return np.full(tuple(numbers(shape)), value.reshape(()), value.dtype)


@operator("Range")
def range_(call: Call, start: Any, limit: Any, delta: Any) -> Any:
    """Return equal steps."""
    a, b, d = (np.asarray(bare(v)).reshape(())[()] for v in (start, limit, delta))
    count = max(int(np.ceil((b - a) / d)), 0)
    return (a + np.arange(count, dtype=np.int64).astype(a.dtype) * d).astype(a.dtype)


@operator("NonZero")
def nonzero(call: Call, x: Any) -> Any:
    """Return the places that are not 0."""
    return np.array(np.nonzero(bare(x)), np.int64)


@operator("OneHot")
def one_hot(call: Call, indices: Any, depth: Any, values: Any) -> Any:
    """Return rows with one place on."""
    n, axis = int(np.asarray(depth).reshape(())), call.get("axis", -1)
    off, on = np.asarray(bare(values))
    places = np.asarray(bare(indices))[..., None]
    hot = (places == np.arange(n)) | (places == np.arange(-n, 0))
    return np.moveaxis(np.where(hot, on, off), -1, axis)


def unknown(call: Call, *inputs: Any) -> Any:
    """Refuse an operator that is not here."""
    raise errors.UnsupportedError(
        f"import_onnx: {call.where} is no operator that import_onnx knows; see docs/onnx.md for "
        "those that it does. Export the model in parts, or with another opset."
    )
