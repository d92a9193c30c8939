"""Numbers beside arrays: which dtype the result has, NumPy's function says.

Settings and operands are given as numbers of Python and of NumPy, in each precision.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from autograd_core import Tensor
from autograd_core.base.errors import AutogradError

KINDS = (np.float64, np.int64, np.float32, float, int, complex)
CALLS = {
    "var": lambda x, k: np.var(x, ddof=k(1)),
    "std": lambda x, k: np.std(x, ddof=k(1)),
    "std axis": lambda x, k: np.std(x, axis=0, ddof=k(1)),
    "nanvar": lambda x, k: np.nanvar(x, ddof=k(1)),
    "nanstd": lambda x, k: np.nanstd(x, ddof=k(1)),
    "std1": lambda x, k: np.std(x[:1], axis=0, ddof=k(0)),
    "nanstd1": lambda x, k: np.nanstd(x[:1], axis=0, ddof=k(0)),
    "cov": lambda x, k: np.cov(x, ddof=np.int64(1)),
    "corrcoef": lambda x, k: np.corrcoef(x),
    "quantile": lambda x, k: np.quantile(x, k(1)),
    "percentile": lambda x, k: np.percentile(x, k(30)),
    "median": lambda x, k: np.median(x, axis=np.int64(0)),
    "norm": lambda x, k: np.linalg.norm(x, k(2)),
    "normv": lambda x, k: np.linalg.norm(x, k(3), axis=np.int64(0)),
    "vnorm": lambda x, k: np.linalg.vector_norm(x, ord=k(3)),
    "trapezoid": lambda x, k: np.trapezoid(x, dx=k(2)),
    "gradient": lambda x, k: np.gradient(x, k(2), axis=0),
    "diff": lambda x, k: np.diff(x, n=np.int64(1)),
    "diffp": lambda x, k: np.diff(x, prepend=k(1)),
    "pad": lambda x, k: np.pad(x, np.int64(1), constant_values=k(2)),
    "clip": lambda x, k: np.clip(x, k(0), k(1)),
    "where": lambda x, k: np.where(x > 0, x, k(1)),
    "power": lambda x, k: x ** k(2),
    "mul": lambda x, k: x * k(2),
    "max0": lambda x, k: np.maximum(x, k(0)),
    "sum init": lambda x, k: np.sum(x, initial=k(1)),
    "max init": lambda x, k: np.max(x, initial=k(1)),
    "prod init": lambda x, k: np.prod(x, initial=k(1)),
    "round": lambda x, k: np.round(x, np.int64(2)),
    "roll": lambda x, k: np.roll(x, np.int64(1)),
    "full_like": lambda x, k: np.full_like(x, k(1)),
    "nan_to_num": lambda x, k: np.nan_to_num(x, nan=k(1)),
    "interp": lambda x, k: np.interp(k(1), np.arange(3.0), np.ones(3) * 2),
    "tri": lambda x, k: np.tril(x, np.int64(1)),
    "rot": lambda x, k: np.rot90(x, np.int64(1)),
    "logspace": lambda x, k: np.linspace(x[0, 0], k(2), 3),
    "ldexp": lambda x, k: np.ldexp(x, np.int64(2)),
    "vander": lambda x, k: np.vander(x[0], np.int64(3)),
    "polyval": lambda x, k: np.polyval(x[0], k(2)),
    "polyder": lambda x, k: np.polyder(x[0], np.int64(1)),
    "polyint": lambda x, k: np.polyint(x[0], np.int64(1), k(1)),
    "cumsum": lambda x, k: np.cumsum(x, axis=np.int64(0)),
    "unwrap": lambda x, k: np.unwrap(x, discont=k(4)),
    "unwrapp": lambda x, k: np.unwrap(x, period=k(4)),
    "kron": lambda x, k: np.kron(x, k(2)),
    "outer": lambda x, k: np.outer(x, k(2)),
    "dot": lambda x, k: np.dot(x, k(2)),
    "inner": lambda x, k: np.inner(x, k(2)),
    "tensordot": lambda x, k: np.tensordot(x, x, np.int64(2)),
    "matrix_power": lambda x, k: np.linalg.matrix_power(x[:, :3], np.int64(2)),
    "pinv": lambda x, k: np.linalg.pinv(x, rcond=k(0)),
    "average": lambda x, k: np.average(x, weights=np.ones(x.shape)),
    "histogram": lambda x, k: np.histogram(np.asarray([1.0, 2.0]), bins=np.int64(3))[0],
    "sinc": lambda x, k: np.sinc(x),
    "heaviside": lambda x, k: np.heaviside(x, k(1)),
    "copysign": lambda x, k: np.copysign(x, k(-1)),
    "choose": lambda x, k: np.select([x > 0], [x], k(1)),
    "fill": lambda x, k: np.insert(x, np.int64(1), k(3)),
    "app": lambda x, k: np.append(x, k(3)),
    "compress": lambda x, k: np.extract(x > 0, x),
    "irfft": lambda x, k: np.fft.irfft(x, n=np.int64(4)),
    "fftfreq": lambda x, k: np.fft.rfft(x, n=np.int64(4)),
    "float_power": lambda x, k: np.float_power(x, k(2)),
    "hypot": lambda x, k: np.hypot(x, k(2)),
    "logaddexp": lambda x, k: np.logaddexp(x, k(1)),
    "piecewise": lambda x, k: np.piecewise(x, [x > 0], [k(1), k(2)]),
    "put": lambda x, k: np.isclose(x, k(1), rtol=k(1)),
    "real_if_close": lambda x, k: np.real_if_close(x, k(100)),
    "dot again": lambda x, k: np.dot(x, k(2)),
    "rdot": lambda x, k: np.dot(k(2), x),
    "inner again": lambda x, k: np.inner(k(2), x),
    "tensordot again": lambda x, k: np.tensordot(x, k(2), 0),
    "einsum": lambda x, k: np.einsum("ij,->ij", x, k(2)),
    "kron again": lambda x, k: np.kron(k(2), x),
    "vdot": lambda x, k: np.vdot(x[0, 0], k(2)),
    "mo": lambda x, k: np.multiply.outer(x, k(2)),
    "linouter": lambda x, k: np.linalg.outer(x[0], [k(2)]),
    "cross": lambda x, k: np.cross(x[:, :3], [k(1)] * 3),
    "concat": lambda x, k: np.concatenate([x[0], [k(1)]]),
    "stack": lambda x, k: np.hstack([x[0], k(1)]),
    "convolve": lambda x, k: np.convolve(x[0], [k(1), k(2)]),
    "correlate": lambda x, k: np.correlate(x[0], [k(1)]),
    "polymul": lambda x, k: np.polymul(x[0], [k(1), k(2)]),
    "polyadd": lambda x, k: np.polyadd(x[0], k(2)),
    "interp again": lambda x, k: np.interp([k(1)], np.arange(4.0), x[0]),
    "avgw": lambda x, k: np.average(x[0], weights=[k(1)] * 4),
    "covw": lambda x, k: np.cov(x, aweights=[k(1)] * 4),
    "q": lambda x, k: np.quantile(x, [k(1)]),
    "trap": lambda x, k: np.trapezoid(x[0], [k(i) for i in range(4)]),
    "grad": lambda x, k: np.gradient(x[0], [k(i) for i in range(4)]),
    "diffa": lambda x, k: np.diff(x[0], append=k(2)),
    "pad again": lambda x, k: np.pad(x[0], 1, mode="linear_ramp", end_values=k(2)),
    "clip again": lambda x, k: np.clip(x, None, k(1)),
    "select": lambda x, k: np.select([x > 0, x < 0], [x, k(2)]),
    "choose again": lambda x, k: np.choose([0, 1, 0, 1], [x[0], k(2)]),
    "where again": lambda x, k: np.where(x > 0, k(1), x),
    "lerp": lambda x, k: np.linspace(x[0], k(2), 4),
    "geom": lambda x, k: np.geomspace(abs(x[0]) + 1, k(2), 4),
    "logs": lambda x, k: np.logspace(x[0], k(2), 3, base=k(3)),
    "add init": lambda x, k: np.add.reduce(x, initial=k(2)),
    "isclose": lambda x, k: np.nan_to_num(x, posinf=k(2)),
    "fmax": lambda x, k: np.fmax(x, k(2)),
    "frompy": lambda x, k: np.divmod(x, k(2))[0],
    "mod": lambda x, k: np.mod(x, k(2)),
    "vnorm again": lambda x, k: np.linalg.norm(x, axis=0, ord=k(1.5)),
    "mnorm": lambda x, k: np.linalg.norm(x, k(1)),
    "cond": lambda x, k: np.linalg.cond(x, k(2)),
    "solve": lambda x, k: np.linalg.solve(np.eye(4)[:3, :3] * k(2), x[:3, :3]),
    "lstsq": lambda x, k: np.linalg.lstsq(x, [k(1)] * 3, rcond=None)[0],
    "i0": lambda x, k: np.i0(abs(x)),
    "sortc": lambda x, k: np.partition(x, np.int64(1)),
    "digit": lambda x, k: np.percentile(x, [k(10), k(20)]),
    "nanq": lambda x, k: np.nanquantile(x, k(0)),
    "insert": lambda x, k: np.insert(x[0], 1, [k(2)]),
}


REFUSED = ("prod init", "max init", "sum init", "add init")  # initial= has no rule


def _array(dtype: str) -> Any:
    x = (np.arange(12).reshape(3, 4) / 7 - 0.6).astype(dtype)
    return x + np.asarray(0.3j, dtype) if dtype in "FD" else x


@pytest.mark.parametrize("dtype", list("efdFD"))
@pytest.mark.parametrize("name", CALLS)
@pytest.mark.filterwarnings("ignore")
def test_numbers_decide_the_dtype_as_in_numpy(name: str, dtype: str) -> None:
    f, x, compared = CALLS[name], _array(dtype), 0
    for kind in KINDS:
        try:
            wanted = np.asarray(f(x.copy(), kind))
        except Exception:  # not for such numbers
            continue
        try:
            made = f(Tensor(x, requires_grad=True), kind)
        except AutogradError:
            continue
        found = np.asarray(made.data if isinstance(made, Tensor) else made)
        assert found.dtype == wanted.dtype, kind.__name__
        rtol = 1e-2 if dtype == "e" else 1e-4
        np.testing.assert_allclose(found, wanted, rtol=rtol, atol=1e-6, err_msg=kind.__name__)
        compared += 1
    assert compared or dtype in "eFD" or name in REFUSED


@pytest.mark.parametrize("axis", [None, 0, -1])
@pytest.mark.parametrize("shape", [(1,), (1, 3), (3, 1), (2, 3)])
@pytest.mark.parametrize("dtype", list("efdFD"))
def test_a_spread_keeps_its_precision(dtype: str, shape: tuple[int, ...], axis: Any) -> None:
    x = np.full(shape, 2, dtype)
    for f in (np.var, np.std):
        for ddof in (0, np.int64(0), np.float64(0)):
            made, wanted = f(Tensor(x), axis=axis, ddof=ddof), f(x, axis=axis, ddof=ddof)
            assert made.dtype == wanted.dtype
            assert np.array_equal(made.data, wanted)
