"""The functions of the array API standard, version 2024.12, each with a call or several.

The test and the page (docs/make_array_api_page.py) run each with NumPy's namespace and with ours.
"""

import numpy as np


def names(text):
    return text.split()


X = np.array([[0.31, 1.22, -0.73], [2.11, -1.54, 0.95]])
V = np.array([[1.0, -0.5, 0.2], [0.3, -0.7, 0.4]])


def ints(xp):
    return xp.asarray([[5, 3, 12], [7, 1, 4]])


def _square(x):
    return x @ x.mT


def _spd(xp, x):
    return x @ x.mT + 2 * xp.eye(2)


_of_any = names("""
abs atan asinh ceil conj cos cosh exp expm1 floor imag isfinite isinf isnan negative positive real
round sign signbit sin sinh square tan tanh trunc logical_not
""")
_of_inner = names("acos asin atanh log1p")  # between -1 and 1
_of_positive = names("acosh log log2 log10 reciprocal sqrt")  # above 1
_of_two = names("""
add atan2 copysign divide equal floor_divide greater greater_equal hypot less less_equal logaddexp
logical_and logical_or logical_xor maximum minimum multiply nextafter not_equal remainder subtract
""")
_of_ints = names("bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift")

CALLS = {
    **{n: lambda xp, x, n=n: getattr(xp, n)(x) for n in _of_any},
    **{n: lambda xp, x, n=n: getattr(xp, n)(x / 3) for n in _of_inner},
    **{n: lambda xp, x, n=n: getattr(xp, n)(x * x + 1.1) for n in _of_positive},
    **{n: lambda xp, x, n=n: getattr(xp, n)(x, xp.flip(x) + 0.1) for n in _of_two},
    **{n: lambda xp, x, n=n: getattr(xp, n)(ints(xp), 2) for n in _of_ints},
    "all": lambda xp, x: xp.all(x > 0, axis=1, keepdims=True),
    "any": lambda xp, x: xp.any(x > 0, axis=0),
    "arange": lambda xp, x: xp.arange(1, 7, 2, dtype=xp.float32, device="cpu"),
    "argmax": lambda xp, x: xp.argmax(x, axis=1, keepdims=True),
    "argmin": lambda xp, x: xp.argmin(x),
    "argsort": lambda xp, x: xp.argsort(x, axis=0, stable=True),
    "asarray": lambda xp, x: xp.asarray(x, dtype=xp.float32, copy=True, device="cpu"),
    "astype": lambda xp, x: xp.astype(x, xp.float32, copy=False),
    "bitwise_invert": lambda xp, x: xp.bitwise_invert(ints(xp)),
    "broadcast_arrays": lambda xp, x: xp.broadcast_arrays(x, x[0]),
    "broadcast_to": lambda xp, x: xp.broadcast_to(x, (2, 2, 3)),
    "can_cast": lambda xp, x: xp.can_cast(xp.int8, xp.int16),
    "clip": lambda xp, x: (xp.clip(x, -0.5, 1.0), xp.clip(x, max=1.0)),
    "concat": lambda xp, x: (xp.concat([x, x * x], axis=1), xp.concat((x, x), axis=None)),
    "count_nonzero": lambda xp, x: xp.count_nonzero(x > 0, axis=1, keepdims=True),
    "cumulative_prod": lambda xp, x: xp.cumulative_prod(x, axis=1),
    "cumulative_sum": lambda xp, x: xp.cumulative_sum(x, axis=1, include_initial=True),
    "diff": lambda xp, x: xp.diff(x, axis=1, n=2, append=x[:, :1]),
    "empty": lambda xp, x: xp.zeros_like(xp.empty((2, 3), dtype=xp.float32, device="cpu")),
    "empty_like": lambda xp, x: xp.zeros_like(xp.empty_like(x, dtype=xp.float32)),
    "expand_dims": lambda xp, x: xp.expand_dims(x, axis=1),
    "eye": lambda xp, x: xp.eye(2, 3, k=1, dtype=xp.int8, device="cpu"),
    "finfo": lambda xp, x: float(xp.finfo(xp.float32).eps),
    "flip": lambda xp, x: xp.flip(x, axis=1),
    "from_dlpack": lambda xp, x: xp.from_dlpack(np.ones(2), device="cpu"),
    "full": lambda xp, x: (xp.full((2, 2), 3.5), xp.full(2, True), xp.full((2,), 1, dtype=xp.int8)),
    "full_like": lambda xp, x: xp.full_like(x, 2, dtype=xp.int64),
    "iinfo": lambda xp, x: int(xp.iinfo(xp.int8).max),
    "isdtype": lambda xp, x: xp.isdtype(x.dtype, ("real floating", "bool")),
    "linspace": lambda xp, x: xp.linspace(0, 2, 5, endpoint=False, dtype=xp.float32),
    "matmul": lambda xp, x: xp.matmul(x, x.mT),
    "matrix_transpose": lambda xp, x: xp.matrix_transpose(x),
    "max": lambda xp, x: xp.max(x, axis=1, keepdims=True),
    "mean": lambda xp, x: xp.mean(x, axis=(0, 1)),
    "meshgrid": lambda xp, x: xp.meshgrid(x[0], x[1], indexing="ij"),
    "min": lambda xp, x: xp.min(x, axis=0),
    "moveaxis": lambda xp, x: xp.moveaxis(x, 0, 1),
    "nonzero": lambda xp, x: xp.nonzero(x > 0),
    "ones": lambda xp, x: xp.ones((2, 2), dtype=xp.complex64, device="cpu"),
    "ones_like": lambda xp, x: xp.ones_like(x, dtype=xp.bool),
    "permute_dims": lambda xp, x: xp.permute_dims(x, (1, 0)),
    "pow": lambda xp, x: (xp.pow(x, 3), xp.pow(2.0, x), xp.pow(x * x + 1, x)),
    "prod": lambda xp, x: xp.prod(x, axis=1, keepdims=True),
    "repeat": lambda xp, x: xp.repeat(x, 2, axis=1),
    "reshape": lambda xp, x: (xp.reshape(x, (3, 2)), xp.reshape(x, (-1,), copy=True)),
    "result_type": lambda xp, x: str(xp.result_type(x, xp.float32, 1)),
    "roll": lambda xp, x: xp.roll(x, (1, 1), axis=(0, 1)),
    "searchsorted": lambda xp, x: xp.searchsorted(xp.asarray([0.0, 1.0]), x[0], side="right"),
    "sort": lambda xp, x: xp.sort(x, axis=1, stable=True),
    "squeeze": lambda xp, x: xp.squeeze(x[None], axis=0),
    "stack": lambda xp, x: xp.stack([x, x * x], axis=-1),
    "std": lambda xp, x: xp.std(x, axis=1, correction=1, keepdims=True),
    "sum": lambda xp, x: xp.sum(x, axis=1, dtype=xp.float32),
    "take": lambda xp, x: xp.take(x, xp.asarray([2, 0]), axis=1),
    "take_along_axis": lambda xp, x: xp.take_along_axis(x, xp.asarray([[0], [2]]), axis=1),
    "tensordot": lambda xp, x: xp.tensordot(x, x, axes=((1,), (1,))),
    "tile": lambda xp, x: xp.tile(x, (2, 1)),
    "tril": lambda xp, x: xp.tril(x, k=-1),
    "triu": lambda xp, x: xp.triu(x, k=1),
    "unique_all": lambda xp, x: xp.unique_all(x),
    "unique_counts": lambda xp, x: xp.unique_counts(x),
    "unique_inverse": lambda xp, x: xp.unique_inverse(x),
    "unique_values": lambda xp, x: xp.unique_values(x),
    "unstack": lambda xp, x: xp.unstack(x, axis=1),
    "var": lambda xp, x: xp.var(x, axis=0, correction=1.0),
    "vecdot": lambda xp, x: xp.vecdot(x, x, axis=-1),
    "where": lambda xp, x: xp.where(x > 0, x * x, 0.5),
    "zeros": lambda xp, x: xp.zeros((2, 2), dtype=xp.int32, device="cpu"),
    "zeros_like": lambda xp, x: xp.zeros_like(x),
    "linalg.cholesky": lambda xp, x: (
        xp.linalg.cholesky(_spd(xp, x)), xp.linalg.cholesky(_spd(xp, x), upper=True)),
    "linalg.cross": lambda xp, x: xp.linalg.cross(x[0], x[1]),
    "linalg.det": lambda xp, x: xp.linalg.det(_square(x)),
    "linalg.diagonal": lambda xp, x: xp.linalg.diagonal(x, offset=1),
    "linalg.eigh": lambda xp, x: xp.linalg.eigh(_spd(xp, x)).eigenvalues,
    "linalg.eigvalsh": lambda xp, x: xp.linalg.eigvalsh(_spd(xp, x)),
    "linalg.inv": lambda xp, x: xp.linalg.inv(_square(x)),
    "linalg.matmul": lambda xp, x: xp.linalg.matmul(x, x.mT),
    "linalg.matrix_norm": lambda xp, x: (
        xp.linalg.matrix_norm(x), xp.linalg.matrix_norm(x, ord="nuc")),
    "linalg.matrix_power": lambda xp, x: xp.linalg.matrix_power(_square(x), 3),
    "linalg.matrix_rank": lambda xp, x: xp.linalg.matrix_rank(x, rtol=0.1),
    "linalg.matrix_transpose": lambda xp, x: xp.linalg.matrix_transpose(x),
    "linalg.outer": lambda xp, x: xp.linalg.outer(x[0], x[1]),
    "linalg.pinv": lambda xp, x: xp.linalg.pinv(x, rtol=1e-9),
    "linalg.qr": lambda xp, x: xp.linalg.qr(_square(x), mode="reduced"),
    "linalg.slogdet": lambda xp, x: xp.linalg.slogdet(_square(x)),
    "linalg.solve": lambda xp, x: xp.linalg.solve(_spd(xp, x), x),
    "linalg.svd": lambda xp, x: xp.linalg.svd(x, full_matrices=False).S,
    "linalg.svdvals": lambda xp, x: xp.linalg.svdvals(x),
    "linalg.tensordot": lambda xp, x: xp.linalg.tensordot(x, x, axes=2),
    "linalg.trace": lambda xp, x: xp.linalg.trace(x, offset=1),
    "linalg.vecdot": lambda xp, x: xp.linalg.vecdot(x, x, axis=0),
    "linalg.vector_norm": lambda xp, x: xp.linalg.vector_norm(x, axis=1, ord=3, keepdims=True),
    **{f"fft.{n}": lambda xp, x, n=n: getattr(xp.fft, n)(x, n=4, axis=1, norm="ortho")
       for n in names("fft ifft rfft irfft hfft ihfft")},
    **{f"fft.{n}": lambda xp, x, n=n: getattr(xp.fft, n)(x, s=(2, 4), axes=(0, 1))
       for n in names("fftn ifftn rfftn irfftn")},
    "fft.fftfreq": lambda xp, x: xp.fft.fftfreq(5, d=0.1, device="cpu"),
    "fft.rfftfreq": lambda xp, x: xp.fft.rfftfreq(5, d=0.1),
    "fft.fftshift": lambda xp, x: xp.fft.fftshift(x, axes=1),
    "fft.ifftshift": lambda xp, x: xp.fft.ifftshift(x, axes=(0, 1)),
}  # fmt: skip

# The functions of the standard, from its pages of version 2024.12.
STANDARD = set(names("""
abs acos acosh add asin asinh atan atan2 atanh bitwise_and bitwise_left_shift bitwise_invert
bitwise_or bitwise_right_shift bitwise_xor ceil clip conj copysign cos cosh divide equal exp expm1
floor floor_divide greater greater_equal hypot imag isfinite isinf isnan less less_equal log log1p
log2 log10 logaddexp logical_and logical_not logical_or logical_xor maximum minimum multiply
negative nextafter not_equal positive pow real reciprocal remainder round sign signbit sin sinh
square sqrt subtract tan tanh trunc
arange asarray empty empty_like eye from_dlpack full full_like linspace meshgrid ones ones_like tril
triu zeros zeros_like
astype can_cast finfo iinfo isdtype result_type
take take_along_axis matmul matrix_transpose tensordot vecdot
broadcast_arrays broadcast_to concat expand_dims flip moveaxis permute_dims repeat reshape roll
squeeze stack tile unstack
argmax argmin count_nonzero nonzero searchsorted where unique_all unique_counts unique_inverse
unique_values argsort sort
cumulative_prod cumulative_sum max mean min prod std sum var all any diff
linalg.cholesky linalg.cross linalg.det linalg.diagonal linalg.eigh linalg.eigvalsh linalg.inv
linalg.matmul linalg.matrix_norm linalg.matrix_power linalg.matrix_rank linalg.matrix_transpose
linalg.outer linalg.pinv linalg.qr linalg.slogdet linalg.solve linalg.svd linalg.svdvals
linalg.tensordot linalg.trace linalg.vecdot linalg.vector_norm
fft.fft fft.ifft fft.fftn fft.ifftn fft.rfft fft.irfft fft.rfftn fft.irfftn fft.hfft fft.ihfft
fft.fftfreq fft.rfftfreq fft.fftshift fft.ifftshift
"""))  # fmt: skip
CONSTANTS = ("e", "inf", "nan", "newaxis", "pi")
ATTRIBUTES = ("dtype", "device", "mT", "ndim", "shape", "size", "T", "to_device",
              "__array_namespace__")  # fmt: skip


def parts(made):
    """The arrays in a result, in order."""
    if isinstance(made, (tuple, list)):
        return [part for one in made for part in parts(one)]
    return [made]


def total(xp, made):
    """One number of what a result carries derivatives in: a sum with fixed weights."""
    found = 0.0
    for part in parts(made):
        if not hasattr(part, "shape") or part.dtype.kind not in "fc":
            continue
        weights = np.cos(np.arange(1.0, part.size + 1)).reshape(part.shape)
        if part.dtype.kind == "c":
            found = found + xp.sum(xp.real(part) * weights) + 0.7 * xp.sum(xp.imag(part) * weights)
        else:
            found = found + xp.sum(part * weights)
    return found


def slope(name):
    """The derivative along V by central differences, of the float64 parts of NumPy's result."""

    def f(x):
        return total(np, CALLS[name](np, x))

    h = 1e-4
    a, b = (float(f(X + s * V) - f(X - s * V)) / (2 * s) for s in (h, h / 2))
    return (4 * b - a) / 3


MODES = ("value", "reverse", "forward", "vmap", "compile")
IN_SINGLE = ("asarray", "astype", "sum")  # results in float32, by their dtype=


def outcomes(name):
    """For each mode "right", "refused", or what else came."""
    from autograd_core import AutogradError, Tensor, array_api, compile, grad, jvp, vmap

    call, both = CALLS[name], np.stack([X, 1.1 * X])

    def f(x):  # the sum: so that it depends on x, also where the function's result does not
        return total(array_api, call(x.__array_namespace__(), x)) + 0.1 * x.sum()

    def plain(x):
        return total(np, call(np, x)) + 0.1 * x.sum()

    wanted = slope(name) + 0.1 * V.sum()

    def value():
        found, made = parts(call(array_api, Tensor(X))), parts(call(np, X))
        return all(map(_same, found, made)) and len(found) == len(made)

    def compiled():
        run = compile(f)
        run(X)
        found, slopes = run(1.1 * X)
        return np.isclose(found, plain(1.1 * X)) and np.shape(slopes) == X.shape

    tolerance = 1e-2 if name in IN_SINGLE else 1e-5
    ways = {
        "value": value,
        "reverse": lambda: np.isclose((grad(f)(X) * V).sum(), wanted, tolerance, tolerance),
        "forward": lambda: np.isclose(jvp(f, (X,), (V,))[1], wanted, tolerance, tolerance),
        "vmap": lambda: np.allclose(vmap(f)(both), [plain(x) for x in both], 1e-6),
        "compile": compiled,
    }
    found = {}
    for mode, way in ways.items():
        try:
            found[mode] = "right" if way() else "wrong"
        except AutogradError:
            found[mode] = "refused"
    return found


def _same(ours, numpys):
    """Whether ours is a Tensor of NumPy's numbers and dtype; what is no array, the same object."""
    if not isinstance(numpys, (np.ndarray, np.generic)):
        return ours == numpys
    kept = type(ours).__name__ == "Tensor" and ours.dtype == numpys.dtype
    return kept and np.array_equal(ours.data, numpys, equal_nan=True)
