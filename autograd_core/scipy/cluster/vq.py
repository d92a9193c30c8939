"""scipy.cluster.vq: the distance to the nearest code, and unit variances; values are SciPy's."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.cluster.vq as _vq

from autograd_core.operations.primitive import Constant
from autograd_core.scipy.declared import declared
from autograd_core.scipy.guards import guarded
from autograd_core.scipy.values import as_floats, is_traced, valued


def __getattr__(name: str) -> Any:
    return guarded(_vq, name)


__all__ = ["py_vq", "vq", "whiten"]


def _nearest(obs: Any, code_book: Any, check_finite: bool) -> Any:
    return _vq.vq(obs, code_book, check_finite)[0]


_codes = Constant(_nearest)


def _distance(obs: Any, code_book: Any, *, finite: bool) -> Any:
    away = obs - code_book[_codes(obs, code_book, finite)]
    return np.linalg.norm(away.reshape(away.shape[0], -1), axis=1)


_distances = valued(
    lambda obs, code_book, finite: _vq.vq(obs, code_book, finite)[1],
    _distance,
    "scipy vq",
    arity=2,
)


def vq(obs: Any, code_book: Any, check_finite: bool = True) -> Any:
    """Return the nearest code of each observation, and its distance; differentiable in both.

    Parameters
    ----------
    obs : array (n, k) or (n,)
    code_book : array (m, k) or (m,)
    check_finite : bool
        As SciPy's.

    Returns
    -------
    code : array (n,)
        Integers, which have no derivative.
    dist : array (n,)
        At distance 0 the derivative is 0.

    Examples
    --------
    >>> import numpy as np
    >>> code, dist = vq(np.array([[1.0, 1.0]]), np.array([[0.0, 0.0], [1.0, 3.0]]))
    >>> code.tolist(), dist.round(3).tolist()
    ([0], [1.414])
    """
    if not is_traced(obs, code_book):
        return _vq.vq(obs, code_book, check_finite)
    obs, code_book = as_floats(obs), as_floats(code_book)
    return _codes(obs, code_book, check_finite), _distances(obs, code_book, finite=check_finite)


def py_vq(obs: Any, code_book: Any, check_finite: bool = True) -> Any:
    """Return what `vq` returns.

    Examples
    --------
    >>> import numpy as np
    >>> py_vq(np.array([[1.0]]), np.array([[0.0], [1.5]]))[1].tolist()
    [0.5]
    """
    if not is_traced(obs, code_book):
        return _vq.py_vq(obs, code_book, check_finite)
    return vq(obs, code_book, check_finite)


def _whiten(obs: Any, *, check_finite: bool) -> Any:
    deviation = np.std(obs, axis=0)
    return obs / np.where(deviation == 0, 1.0, deviation)


whiten = declared(_vq.whiten, _whiten, "obs", home=__name__)
