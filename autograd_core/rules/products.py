"""Products of vectors, matrices and tensors."""

from __future__ import annotations

import math
import operator
from functools import cache
from typing import Any

import numpy as np
from numpy.lib.array_utils import normalize_axis_index

from autograd_core.operations.declare import bilinear, primitive
from autograd_core.operations.kinds import beside, foreign
from autograd_core.operations.pieces import copied
from autograd_core.operations.primitive import Constant, Primitive, implements
from autograd_core.operations.saved_reads import NOTHING
from autograd_core.rules.shapes import cast_all, strong
from autograd_core.workers.threads import make_room


def mt(x: Any) -> Any:
    """Exchange the last two axes (Dask's arrays have no ``mT``)."""
    return x.mT if hasattr(x, "mT") else np.swapaxes(x, -1, -2)


_ndarray = np.ndarray
LARGE = 1 << 17  # numbers of two factors; OpenBLAS shares such a product among its threads


def _matmul_left(g: Any, a: Any, b: Any) -> Any:
    if b.ndim == 1:
        return g[..., None] * b
    if a.ndim == 1:
        return (b @ g[..., None])[..., 0]
    return _product(g, b.T) if g.ndim == 2 == b.ndim else g @ mt(b)


def _matmul_right(g: Any, a: Any, b: Any) -> Any:
    if a.ndim == 1:
        return g * a if b.ndim == 1 else a[:, None] * g[..., None, :]
    if b.ndim == 1:
        if a.ndim == 2:
            return _product(g, a)
        return (mt(a) @ g[..., None])[..., 0]
    if b.ndim == 2 and a.ndim > 2:  # one large product instead of many, then a sum
        rows = math.prod(a.shape[:-1])  # not -1, which says nothing of an empty array
        return a.reshape((rows, a.shape[-1])).T @ g.reshape((rows, g.shape[-1]))
    return _product(a.T, g) if a.ndim == 2 == g.ndim else mt(a) @ g


def _matmul_flops(y: Any, a: Any, b: Any) -> float:
    return float(2.0 * np.size(y) * a.shape[-1])


def _matmul(a: Any, b: Any) -> Any:
    if a.__class__ is _ndarray is b.__class__ and 0 < a.ndim < 3 > b.ndim > 0:
        return a.dot(b)  # straight to BLAS: half of matmul's overhead on small arrays
    return flat(a, b) if _written_flat(a, b) else operator.matmul(a, b)


def _product(a: Any, b: Any) -> Any:
    """Return `_matmul`; of large matrices without the slow copy that `dot` makes of some.

    It reads a matrix with gaps that lies in Fortran order, such as ``x[:, :k].T``, a row at a time,
    a number from each column.  Helpers leave their cores to OpenBLAS's threads meanwhile.
    """
    if a.__class__ is _ndarray is b.__class__ and a.size + b.size >= LARGE:
        a, b = (copied(x) if _is_copied(x) else x for x in (a, b))
        make_room()
    return _matmul(a, b)


def _is_copied(x: Any) -> bool:
    """Whether `dot` copies a factor: a matrix with gaps, and not one row or column."""
    return x.ndim == 2 and not x.flags.forc and min(x.shape) > 1


def _written_flat(a: Any, b: Any) -> bool:
    """Whether `compile` writes down a product of arrays of such shapes as `dot` multiplies."""
    stood_for = [getattr(x, "_written", False) for x in (a, b)]
    arrays = all(w or x.__class__ is _ndarray for w, x in zip(stood_for, (a, b), strict=True))
    return arrays and any(stood_for) and 0 < a.ndim < 3 > b.ndim > 0


# dot and @ round differently where arrays lie in memory with gaps: a program keeps them apart.
flat = Primitive(
    lambda a, b: a.dot(b),
    name="dot",
    arity=2,
    settings=frozenset(),
    positional=("a", "b"),
    category="product",
)


def _pull_left(g: Any, y: Any, a: Any, b: Any) -> Any:
    if g.__class__ is _ndarray is b.__class__ and b.ndim == 1 == g.ndim:
        return g[:, None].dot(b[None])  # an outer product, straight to BLAS
    return _matmul_left(g, a, b)


def _pull_right(g: Any, y: Any, a: Any, b: Any) -> Any:
    if b.ndim == 1 == g.ndim and g.__class__ is _ndarray is a.__class__:
        return g.dot(a)
    return _matmul_right(g, a, b)


def _left_formula(y: Any, a: Any, b: Any) -> str | None:
    if b.ndim == 1:
        return {1: "upstream * b", 2: "outer(upstream, b)"}.get(a.ndim)
    if a.ndim == 1:
        return "upstream @ T(b)" if b.ndim == 2 else None
    return "upstream @ T(b)"


def _right_formula(y: Any, a: Any, b: Any) -> str | None:
    if a.ndim == 1:
        return {1: "upstream * a", 2: "outer(a, upstream)"}.get(b.ndim)
    if b.ndim == 1:
        return "T(a) @ upstream" if a.ndim == 2 else None
    return "T(a) @ upstream"


matmul = bilinear(
    np.matmul,
    _matmul_left,
    _matmul_right,
    forward=_matmul,
    lines=_product,
    cost=_matmul_flops,
    label="@",
    outer_product=True,
    vjps=(_pull_left, _pull_right),  # the usual case first, without bilinear's layer
    formulas=(_left_formula, _right_formula),
)


@implements(np.dot)
def dot(a: Any, b: Any, out: None = None) -> Any:
    """Multiply by a scalar or a matrix, or sum over a's last and b's next-to-last axis."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return strong(a) * strong(b)
    if _written_flat(a, b):
        return flat(a, b)
    if np.ndim(b) <= 2:
        return np.matmul(a, b)
    return np.tensordot(a, b, axes=((-1,), (-2,)))


@implements(np.inner)
def inner(a: Any, b: Any, /) -> Any:
    """Sum over the last axes."""
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return strong(a) * strong(b)
    return np.tensordot(a, b, axes=((-1,), (-1,)))


@implements(np.vdot)
def vdot(a: Any, b: Any, /) -> Any:
    """Inner product of the flattened arrays, the first conjugated."""
    first = np.ravel(a)
    return np.matmul(np.conj(first) if first.dtype.kind == "c" else first, np.ravel(b))


outer_ = bilinear(
    lambda a, b: a[:, None] * b,
    lambda g, a, b: _matmul(g, b),
    lambda g, a, b: _matmul(a, g),
    name="outer",
    cost=lambda y, a, b: float(np.size(y)),
    label="⊗",
    formulas=("upstream @ b", "a @ upstream"),
)


@implements(np.outer)
def outer(a: Any, b: Any, out: None = None) -> Any:
    """All products of two vectors' elements."""
    return outer_(*(v if _is_vector(v) else np.ravel(v) for v in (a, b)))


def _is_vector(v: Any) -> bool:
    """Whether something is a vector that can be indexed as NumPy's: a Series, say, cannot."""
    return hasattr(v, "__array_namespace__") and v.ndim == 1


@implements(np.linalg.outer)
def _linalg_outer(x1: Any, x2: Any, /) -> Any:
    return outer(x1, x2)


@implements(np.linalg.matmul)
def _linalg_matmul(x1: Any, x2: Any, /) -> Any:
    return np.matmul(x1, x2)


@implements(np.tensordot)
def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    """Sum over pairs of axes: one matrix product between two reorderings."""
    if isinstance(axes, (int, np.integer)):
        first, second = list(range(np.ndim(a) - axes, np.ndim(a))), list(range(axes))
    else:
        first, second = (list(x) if np.ndim(x) else [x] for x in axes)
    first, second = (
        [normalize_axis_index(k, np.ndim(a)) for k in first],
        [normalize_axis_index(k, np.ndim(b)) for k in second],
    )
    shape_a, shape_b = np.shape(a), np.shape(b)
    if [shape_a[k] for k in first] != [shape_b[k] for k in second]:
        raise ValueError(
            f"tensordot: axes {first} of {shape_a} and {second} of {shape_b} differ in length"
        )
    free_a = [k for k in range(len(shape_a)) if k not in first]
    free_b = [k for k in range(len(shape_b)) if k not in second]
    n = int(np.prod([shape_a[k] for k in first], dtype=int))
    rows = int(np.prod([shape_a[k] for k in free_a], dtype=int))
    columns = int(np.prod([shape_b[k] for k in free_b], dtype=int))
    left = np.reshape(np.transpose(a, free_a + first), (rows, n))
    right = np.reshape(np.transpose(b, second + free_b), (n, columns))
    final = tuple(shape_a[k] for k in free_a) + tuple(shape_b[k] for k in free_b)
    return np.reshape(np.matmul(left, right), final)


@implements(np.linalg.tensordot)
def _linalg_tensordot(x1: Any, x2: Any, /, *, axes: Any = 2) -> Any:
    return tensordot(x1, x2, axes)


@implements(np.kron)
def kron(a: Any, b: Any) -> Any:
    """Kronecker product."""
    n = max(np.ndim(a), np.ndim(b))
    a = np.reshape(a, (1,) * (n - np.ndim(a)) + np.shape(a))
    b = np.reshape(b, (1,) * (n - np.ndim(b)) + np.shape(b))
    left = np.reshape(a, tuple(m for k in a.shape for m in (k, 1)))
    right = np.reshape(b, tuple(m for k in b.shape for m in (1, k)))
    return np.reshape(left * right, tuple(k * m for k, m in zip(a.shape, b.shape, strict=True)))


_DIMENSIONS = (2, 3) if np.lib.NumpyVersion(np.__version__) < "2.5.0.dev0" else (3,)


@implements(np.cross)
def cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    """Cross product of vectors of three; before NumPy 2.5 also of two."""
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(a, axisa, -1), np.moveaxis(b, axisb, -1)
    if a.shape[-1] not in _DIMENSIONS or b.shape[-1] not in _DIMENSIONS:
        allowed = " or ".join(map(str, _DIMENSIONS))
        raise ValueError(f"cross: the vectors need {allowed} components.")
    if a.shape[-1] == b.shape[-1] == 2:
        return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
    a, b = (np.pad(v, [(0, 0)] * (v.ndim - 1) + [(0, 3 - v.shape[-1])]) for v in (a, b))
    next_, after = np.array([1, 2, 0]), np.array([2, 0, 1])
    product = a[..., next_] * b[..., after] - a[..., after] * b[..., next_]
    return np.moveaxis(product, -1, axisc)


@implements(np.linalg.cross)
def _linalg_cross(x1: Any, x2: Any, /, *, axis: int = -1) -> Any:
    if axis is None:
        raise TypeError("axis=None: one axis holds the components.")
    return cross(x1, x2, axis=axis)


# --- einsum -----------------------------------------------------------------

identity_like = Constant(lambda x, n: beside(x, np.eye(n, dtype=x.dtype)))


def _explicit(subscripts: str, ranks: list[int]) -> tuple[list[str], str]:
    """Return the operands' and the result's labels, one letter an axis, ellipses spelt out."""
    subscripts = subscripts.replace(" ", "")
    left, arrow, right = subscripts.partition("->")
    terms = left.split(",")
    if len(terms) != len(ranks):
        raise ValueError(f"einsum: {len(terms)} terms in {subscripts!r} for {len(ranks)} operands")
    free = [c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZ" if c not in subscripts]
    broadcast = max(
        (r - len(t) + 3 for t, r in zip(terms, ranks, strict=True) if "..." in t), default=0
    )
    dots = "".join(free[:broadcast])
    spelt = [
        t.replace("...", dots[broadcast - (r - len(t) + 3) :] if "..." in t else "")
        for t, r in zip(terms, ranks, strict=True)
    ]
    if arrow:
        return spelt, right.replace("...", dots)
    letters = "".join(terms).replace(".", "")
    return spelt, dots + "".join(sorted(c for c in set(letters) if letters.count(c) == 1))


def _einsum_gradient(which: int, g: Any, operands: Any, terms: list[str], result: str) -> Any:
    """Return the gradient of one operand: the einsum with it and the result exchanged."""
    x, labels = operands[which], terms[which]
    others = [(t, o) for k, (t, o) in enumerate(zip(terms, operands, strict=True)) if k != which]
    known = set(result).union(*(t for t, _ in others))
    wanted = ""
    ties: list[tuple[str, Any]] = []
    spare = iter(
        c
        for c in "zyxwvutsrqponmlkjihgfedcbaZYXWVUTSRQPONMLKJIHGFEDCBA"
        if c not in "".join(terms) + result
    )
    for axis, label in enumerate(labels):
        if label in wanted:  # a repeated label reads a diagonal: write onto it with an identity
            twin = next(spare)
            ties.append((label + twin, identity_like(x, x.shape[axis])))
            wanted += twin
        else:
            wanted += label
    tied = {label for pair, _ in ties for label in pair}
    present = "".join(c for c in wanted if c in known or c in tied)
    inputs = [(result, g), *others, *ties]
    # an operand's axis of length 1 is broadcast against the others': sum it away here
    subscripts = ",".join(t for t, _ in inputs) + "->" + present
    made = contracted(*(o for _, o in inputs), subscripts=subscripts)  # by BLAS where it can
    for axis, label in enumerate(wanted):
        if label not in present:  # summed over in this operand alone
            made = np.expand_dims(made, axis)
    # where this axis alone is long, the others' length 1 is broadcast along it
    lengths = tuple(m if n == 1 else n for m, n in zip(made.shape, x.shape, strict=True))
    return made if made.shape == lengths else np.broadcast_to(made, lengths)


def _einsum_vjp(g: Any, y: Any, *operands: Any, subscripts: str) -> list[Any]:
    terms, result = _explicit(subscripts, [np.ndim(o) for o in operands])
    return [_einsum_gradient(k, g, operands, terms, result) for k in range(len(operands))]


def _einsum_jvp(ts: Any, y: Any, *operands: Any, subscripts: str) -> Any:
    return sum(
        contracted(*operands[:k], t, *operands[k + 1 :], subscripts=subscripts)
        for k, t in enumerate(ts)
    )


def _einsum_flops(y: Any, *operands: Any, subscripts: str) -> float:
    terms, _ = _explicit(subscripts, [np.ndim(o) for o in operands])
    lengths = {
        c: n for t, o in zip(terms, operands, strict=True) for c, n in zip(t, o.shape, strict=True)
    }
    return float(len(operands) * np.prod(list(lengths.values()), dtype=float))


@cache
def _as_product(subscripts: str) -> tuple[Any, ...] | None:
    """Return how two operands become factors of `matmul`, if one label each is free and summed.

    The orders of both operands' axes, whether the factors change places, the order of the
    product's axes, and the pairs of axes that must be equally long.
    """
    left, _, result = subscripts.partition("->")
    terms = left.split(",")
    if not (len(terms) == 2 and subscripts.replace(",", "").replace("->", "").isalpha()):
        return None
    if any(len(set(t)) < len(t) for t in (*terms, result)):
        return None
    one, two = terms
    stack = "".join(c for c in result if c in one and c in two)
    rows, columns = ("".join(c for c in t if c in result and c not in stack) for t in terms)
    summed = "".join(c for c in one if c in two and c not in result)
    if not len(rows) == len(columns) == len(summed) == 1:
        return None
    if {len(one), len(two), len(result)} != {len(stack) + 2}:
        return None
    turned = result.index(columns) < result.index(rows)
    made = stack + (columns + rows if turned else rows + columns)
    first = [one.index(c) for c in stack + rows + summed]
    second = [two.index(c) for c in stack + summed + columns]
    shared = [(one.index(c), two.index(c)) for c in stack + summed]
    return first, second, turned, [made.index(c) for c in result], shared


def _ready(x: Any) -> Any:
    """Return matrices whose numbers lie as BLAS takes them: as they are, or a copy."""
    (m, n), (down, across), size = x.shape[-2:], x.strides[-2:], x.itemsize
    rows = across == size and down >= size * n and down % size == 0
    columns = down == size and across >= size * m and across % size == 0
    return x if rows or columns else np.ascontiguousarray(x)


def _contract(*operands: Any, subscripts: str) -> Any:
    """Return the einsum; NumPy's takes 20 microseconds to find that it is a matrix product."""
    if len(operands) == 2:
        a, b = operands
        plan = _as_product(subscripts) if a.__class__ is _ndarray is b.__class__ else None
        if plan and a.dtype == b.dtype and a.dtype.char in "fdFD":
            first, second, turned, order, shared = plan
            fits = a.ndim == len(first) and b.ndim == len(second)
            if fits and all(a.shape[i] == b.shape[j] for i, j in shared):
                left, right = _ready(a.transpose(first)), _ready(b.transpose(second))
                made = np.matmul(right.mT, left.mT) if turned else np.matmul(left, right)
                return made.transpose(order)
    if foreign(*operands) is not None:
        operands, subscripts = _single_labels(operands, subscripts)
    return np.einsum(subscripts, *operands, optimize=len(operands) > 1)


def _single_labels(operands: tuple[Any, ...], subscripts: str) -> tuple[tuple[Any, ...], str]:
    """Return operands whose repeated labels are read off by `diagonal`; Dask's einsum fails there.

    Lengths that differ are left to einsum, which says so.
    """
    terms, result = _explicit(subscripts, [np.ndim(o) for o in operands])
    found = []
    for k, x in enumerate(operands):
        term = terms[k]
        for label in dict.fromkeys(term):
            while term.count(label) > 1:
                i = term.index(label)
                j = term.index(label, i + 1)
                if x.shape[i] != x.shape[j]:
                    return operands, subscripts
                x = np.diagonal(x, 0, i, j)
                term = term[:i] + term[i + 1 : j] + term[j + 1 :] + label
        terms[k] = term
        found.append(x)
    return tuple(found), ",".join(terms) + "->" + result


def _einsum_formula(k: int, y: Any, *operands: Any, subscripts: str) -> str | None:
    """Write a gradient of an einsum as the einsum it is: this term and the result change places."""
    inputs, arrow, result = subscripts.replace(" ", "").replace("...", ".").partition("->")
    terms = inputs.split(",")
    free = "".join(c for c in "ABCDEFGHIJKLMNOP" if c not in subscripts)
    more = [
        np.ndim(x) - len(t) + 1 if "." in t else 0 for t, x in zip(terms, operands, strict=True)
    ]
    if not arrow:
        every = "".join(terms).replace(".", "")
        result = "." * any("." in t for t in terms)
        result += "".join(sorted(c for c in every if every.count(c) == 1))
    whole = free[: max(more)]
    terms = [t.replace(".", whole[len(whole) - n :]) for t, n in zip(terms, more, strict=True)]
    result = result.replace(".", whole)
    others = [t for j, t in enumerate(terms) if j != k]
    if len(set(terms[k])) < len(terms[k]) or not set(terms[k]) <= set(result + "".join(others)):
        return None  # a diagonal; or summed alone, so that it is copied along that axis
    names = ["x"] if len(terms) == 1 else list("abcdefgh")
    arrays = ["upstream", *(names[j] for j in range(len(terms)) if j != k)]
    return f"einsum('{','.join([result, *others])}->{terms[k]}', {', '.join(arrays)})"


contracted = primitive(
    _contract,
    vjp=_einsum_vjp,
    jvp=_einsum_jvp,
    name="einsum",
    formulas=_einsum_formula,
    cost=_einsum_flops,
    category="product",
)


# Of one operand, where nothing is summed: NumPy's result is then a view that may be written.
rearranged: Primitive = primitive(
    lambda x, subscripts: _contract(x, subscripts=subscripts),
    vjp=[lambda g, y, x, *, subscripts: _einsum_vjp(g, y, x, subscripts=subscripts)[0]],
    jvp=[lambda t, y, x, *, subscripts: rearranged(t, subscripts=subscripts)],
    name="einsum",
    formulas=_einsum_formula,
    cost=_einsum_flops,
    category="product",
    view=True,
    sources=lambda: (NOTHING,),  # linear: of x only shape and dtype
)


def _common(operands: Any) -> Any:
    """Return the result's dtype where integers stand beside others: pairs of them would wrap."""
    kinds = [o.dtype for o in operands if hasattr(o, "dtype") and o.dtype != object]
    return np.result_type(*kinds) if any(k.kind in "iub" for k in kinds) else None


@implements(np.einsum)
def einsum(
    *operands: Any,
    out: None = None,
    optimize: Any = False,
    dtype: Any = None,
    casting: str = "safe",
    order: str = "K",
) -> Any:
    """Sum of products by labels; both of NumPy's calling forms."""
    operands = tuple(map(strong, operands))
    dtype = _common(operands) if dtype is None else dtype
    if order != "K":
        raise TypeError(f"order={order!r} is not supported on a traced value; copy the result.")
    if isinstance(operands[0], str):
        return _by_labels(*cast_all(operands[1:], dtype, casting, "safe"), subscripts=operands[0])
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

    def spell(labels: Any) -> str:
        return "".join("..." if k is Ellipsis else letters[k] for k in labels)

    arrays, labels = operands[0 : len(operands) // 2 * 2 : 2], operands[1::2]
    subscripts = ",".join(spell(t) for t in labels)
    if len(operands) % 2:
        subscripts += "->" + spell(operands[-1])
    return _by_labels(*cast_all(arrays, dtype, casting, "safe"), subscripts=subscripts)


def _by_labels(*operands: Any, subscripts: str) -> Any:
    run = rearranged if len(operands) == 1 else contracted
    return run(*operands, subscripts=subscripts)
