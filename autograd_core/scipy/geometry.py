"""scipy.ndimage's affine maps: an image read at places that a matrix gives."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import scipy.ndimage as _ndimage

from autograd_core.operations.primitive import innermost_array
from autograd_core.rules.scipy_ufuncs import sp
from autograd_core.scipy.declared import declared
from autograd_core.scipy.resampling import at_places
from autograd_core.scipy.values import as_floats, is_traced, refuse, valued


def _grid(shape: Any) -> Any:
    """Return the places of an image's elements: one row for each axis."""
    return np.reshape(np.indices(shape, dtype=float), (len(shape), -1))


def _moved(x: Any, matrix: Any, offset: Any, shape: Any, how: dict[str, Any]) -> Any:
    grid = _grid(shape)
    moved = matrix[:, None] * grid if matrix.ndim == 1 else matrix @ grid
    places = np.reshape(moved + offset[:, None], (x.ndim, *shape))
    return at_places(x, places, output=None, **how)


def _affine(x: Any, matrix: Any, offset: Any, *, shape: Any, how: Any) -> Any:
    n = x.ndim
    if matrix.ndim == 2 and matrix.shape[1] == n + 1:
        matrix, offset = matrix[:n, :n], matrix[:n, n]
    return _moved(x, matrix, offset, shape, dict(how))


_affine_map = valued(
    lambda x, matrix, offset, *, shape, how: _ndimage.affine_transform(
        x, matrix, offset, shape, **dict(how)
    ),
    _affine,
    "affine_transform",
    arity=3,
)


def affine_transform(
    input: Any, matrix: Any, offset: Any = 0.0, output_shape: Any = None, output: Any = None,
    order: int = 3, mode: str = "constant", cval: float = 0.0, prefilter: bool = True,
) -> Any:  # fmt: skip
    """Read an image at matrix @ place + offset; differentiable in image, matrix and offset.

    Parameters
    ----------
    input : array
    matrix : array (n,), (n, n), (n, n + 1) or (n + 1, n + 1)
        A diagonal, a matrix, or one of homogeneous coordinates, as SciPy's.
    offset : float or array (n,)
        Left out of account by homogeneous coordinates.
    output_shape, order, mode, cval, prefilter
        As SciPy's.
    output : dtype or array, optional
        As SciPy's; refused with traced values.

    Returns
    -------
    array

    Raises
    ------
    UnsupportedError
        With `output` or a traced `cval`.

    Examples
    --------
    >>> import numpy as np
    >>> affine_transform(np.array([1.0, 3.0, 5.0]), np.ones(1), 0.5, order=1).tolist()
    [2.0, 4.0, 0.0]
    """
    how = {"order": order, "mode": mode, "cval": cval, "prefilter": prefilter}
    if not is_traced(input, matrix, offset, cval):
        return _ndimage.affine_transform(input, matrix, offset, output_shape, output, **how)
    if output is not None or is_traced(cval):
        raise refuse("ndimage.affine_transform", "output= and a traced cval are not supported.",
                     "Use the value that is returned, and a number as cval.")  # fmt: skip
    x, matrix, offset = as_floats(input), as_floats(matrix), as_floats(offset)
    offset = np.broadcast_to(offset, (x.ndim,)) if offset.ndim == 0 else offset
    shape = x.shape if output_shape is None else tuple(np.atleast_1d(output_shape).tolist())
    return _affine_map(x, matrix, offset, shape=shape, how=tuple(how.items()))


def _rotated(
    x: Any, angle: Any, *, axes: Any, reshape: bool, output: Any, order: int, mode: str,
    cval: float, prefilter: bool,
) -> Any:  # fmt: skip
    how = {"order": order, "mode": mode, "cval": cval, "prefilter": prefilter}
    first, second = sorted(int(k) % x.ndim for k in axes)
    c, s = sp.cosdg(angle), sp.sindg(angle)
    matrix = np.stack([np.stack([c, s]), np.stack([-s, c])])
    plane = np.array([x.shape[first], x.shape[second]])
    shape: Any = plane
    if reshape:
        ends = innermost_array(matrix) @ np.array([[0, 0, plane[0], plane[0]],
                                                   [0, plane[1], 0, plane[1]]])  # fmt: skip
        shape = (np.ptp(ends, axis=1) + 0.5).astype(int)
    offset = (plane - 1) / 2 - matrix @ ((shape - 1) / 2)
    shape = tuple(shape.tolist())
    planes = np.moveaxis(x, (first, second), (-2, -1))
    others = planes.shape[:-2]
    made = [
        _moved(planes[place], matrix, offset, shape, how) for place in product(*map(range, others))
    ]
    return np.moveaxis(np.reshape(np.stack(made), (*others, *shape)), (-2, -1), (first, second))


rotate = declared(_ndimage.rotate, _rotated, "input", "angle", home="autograd_core.scipy.ndimage")

__all__ = ["affine_transform", "rotate"]
