"""Calls beside the walk's: other options, other shapes, traced values in other places.

A row of ``ROWS`` is what it is about, SciPy's module and a call, as in ``walk_calls``. "Constants"
in a name means that nothing of the call's own arguments but the named one is traced.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg
import scipy.stats
from scipy_functions.walk_calls import (
    COUNTS,
    GRID,
    LONG,
    PLACES,
    SITES,
    K,
    X,
    _general,
    _long,
    _m,
    _positive,
    _symmetric,
)

ROWS: dict[str, tuple[str, Any]] = {}
PLANE = np.stack([X, X[::-1] ** 2])
# A matrix with one real and two complex eigenvalues.
TURNING = np.array([[1.0, 3.0, 0.2], [-2.0, 1.5, 0.4], [0.3, 0.1, 5.0]])


def _rows(module: str, made: dict[str, Any]) -> None:
    for name, call in made.items():
        key = f"{module}.{name}"
        assert key not in ROWS, key
        ROWS[key] = module, call


def _kde(L: Any, x: Any, bw_method: Any = None, weights: Any = None) -> Any:
    return L.gaussian_kde(x, bw_method, weights)


def _with_bandwidth(estimate: Any, bandwidth: Any) -> Any:
    estimate.set_bandwidth(bandwidth)
    return estimate


# --- stats ----------------------------------------------------------------------------------------

_rows("stats", {
    "gaussian_kde: places": lambda L, x: _kde(L, X)(x),
    "gaussian_kde: weights": lambda L, x: _kde(L, X, weights=x)(X[:2]),
    "gaussian_kde: samples and weights": lambda L, x: _kde(L, x, weights=x[::-1])(X[:2]),
    "gaussian_kde: samples, and weights that are constants":
        lambda L, x: _kde(L, x, weights=PLACES + 1)(X[:2]),
    "gaussian_kde: silverman": lambda L, x: _kde(L, x, bw_method="silverman")(X[:2]),
    "gaussian_kde: scott, weighted": lambda L, x: _kde(L, x, bw_method="scott", weights=X)(0.7),
    "gaussian_kde: a factor": lambda L, x: _kde(L, x, bw_method=0.4)(X[:2]),
    "gaussian_kde: a traced factor": lambda L, x: _kde(L, X, bw_method=x[0])(X[:2]),
    "gaussian_kde: a function": lambda L, x: _kde(
        L, x, weights=X, bw_method=lambda k: 0.7 * k.scotts_factor() + k.silverman_factor())(0.4),
    "gaussian_kde: a function, of constants": lambda L, x: _kde(
        L, X, bw_method=lambda k: 0.7 * k.scotts_factor())(x),
    "gaussian_kde: a function that gives a traced factor": lambda L, x: _kde(
        L, X, bw_method=lambda k: x[0])(X[:2]),
    "gaussian_kde: set_bandwidth": lambda L, x: _with_bandwidth(_kde(L, x), 0.3)(X[:2]),
    "gaussian_kde: set_bandwidth, traced": lambda L, x: _with_bandwidth(_kde(L, X), x[0])(X[:2]),
    "gaussian_kde: set_bandwidth, of constants":
        lambda L, x: _with_bandwidth(_kde(L, X), "silverman")(x),
    "gaussian_kde: set_bandwidth, back": lambda L, x: _with_bandwidth(
        _with_bandwidth(_kde(L, X), x[0]), None)(x[1:3]),
    "gaussian_kde: in the plane": lambda L, x: _kde(L, np.reshape(x[:8], (2, 4)))(_m(x)[:2]),
    "gaussian_kde: in the plane, one place":
        lambda L, x: _kde(L, PLANE, weights=x)([x[0], x[1]]),
    "gaussian_kde: pdf": lambda L, x: _kde(L, x).pdf(X[:2]),
    "gaussian_kde: logpdf": lambda L, x: _kde(L, x, weights=X).logpdf(x[:2]),
    "gaussian_kde: logpdf, places": lambda L, x: _kde(L, PLANE).logpdf(np.reshape(x[:8], (2, 4))),
    "gaussian_kde: integrate_box_1d": lambda L, x: _kde(L, x, weights=X).integrate_box_1d(0.2, 0.9),
    "gaussian_kde: integrate_box_1d, ends": lambda L, x: _kde(L, X).integrate_box_1d(x[0], x[1]),
    "gaussian_kde: integrate_box_1d, one end": lambda L, x: _kde(L, X).integrate_box_1d(-9.0, x[1]),
    "gaussian_kde: integrate_gaussian":
        lambda L, x: _kde(L, x, weights=X).integrate_gaussian(0.4, 0.2),
    "gaussian_kde: integrate_gaussian, its mean and variance":
        lambda L, x: _kde(L, X).integrate_gaussian(x[0], x[1]),
    "gaussian_kde: integrate_gaussian, in the plane": lambda L, x: _kde(L, PLANE, weights=x)
        .integrate_gaussian(x[:2], _positive(x)[:2, :2]),
    "gaussian_kde: integrate_kde": lambda L, x: _kde(L, x).integrate_kde(
        _kde(L, x[:4] ** 2, weights=x[4:8])),
    "gaussian_kde: integrate_kde, one of constants":
        lambda L, x: _kde(L, X).integrate_kde(_kde(L, x[:4], bw_method=x[5])),
    "gaussian_kde: integrate_kde, one is SciPy's":
        lambda L, x: _kde(L, x).integrate_kde(scipy.stats.gaussian_kde(X[:4], 0.3)),
    "gaussian_kde: integrate_kde, both of constants": lambda L, x: x * _kde(L, X).integrate_kde(
        _kde(L, X[:4], 0.3)),
    "gaussian_kde: covariance and neff":
        lambda L, x: [_kde(L, x, weights=X).covariance, _kde(L, X, weights=x).neff],
    "gaussian_kde: covariance, of constants": lambda L, x: x * _kde(L, X).covariance,
    "gaussian_kde: factors": lambda L, x: [
        getattr(_kde(L, X, "silverman", weights=x), f)()
        for f in ("scotts_factor", "silverman_factor", "covariance_factor")],
    "gaussian_kde: methods, of constants": lambda L, x: [
        x[0] * _kde(L, X).evaluate(0.4), x[1] * _kde(L, X).logpdf(0.4),
        x[2] * _kde(L, X).integrate_box_1d(0.1, 0.4), x[3] * _kde(L, X).pdf(0.3),
        x[4] * _kde(L, X).integrate_gaussian(0.1, 0.4), x[5] * _kde(L, X).covariance_factor(),
        x[6] * _kde(L, X).marginal([0])(0.3), x[7] * _kde(L, X).inv_cov],
    "multinomial.pmf": lambda L, x: L.multinomial.pmf(COUNTS, 10, x / np.sum(x)),
    "multinomial.logpmf: the last one is the rest":
        lambda L, x: L.multinomial.logpmf([2, 1, 3], 6, x[:3] / 4),
    "multinomial.logpmf: rows": lambda L, x: L.multinomial.logpmf(
        [[2, 1, 3], [0, 6, 0]], 6, _m(x)[:2] / np.sum(_m(x)[:2], axis=1, keepdims=True)),
    "multinomial.mean": lambda L, x: L.multinomial.mean(10, x[:3] / 4),
    "multinomial.cov": lambda L, x: L.multinomial.cov(10, x / np.sum(x)),
    "multinomial.cov: rows": lambda L, x: L.multinomial.cov([3, 4], _m(x)[:2] / 4),
    "multinomial, held": lambda L, x: [
        getattr(L.multinomial(6, x[:3] / 4), f)([1, 2, 3]) for f in ("pmf", "logpmf")],
    "multinomial, held, of constants": lambda L, x: x * L.multinomial(6, X[:3] / 4).pmf([1, 2, 3]),
    "multinomial, of constants": lambda L, x: [
        x[0] * L.multinomial.pmf([1, 2], 3, [0.4, 0.6]), x[1] * L.multinomial.cov(3, [0.4, 0.6]),
        x[2] * L.multinomial.logpmf([1, 2], 3, [0.4, 0.6]),
        x[:2] * L.multinomial.mean(3, [0.4, 0.6]), x[3] * L.multinomial.entropy(3, [0.4, 0.6])],
    "dirichlet_multinomial.pmf": lambda L, x: L.dirichlet_multinomial.pmf(COUNTS, x, 10),
    "dirichlet_multinomial.pmf: rows":
        lambda L, x: L.dirichlet_multinomial.pmf([[2, 1, 3], [0, 6, 0]], _m(x)[:2], 6),
    "dirichlet_multinomial.mean": lambda L, x: L.dirichlet_multinomial.mean(x, 10),
    "dirichlet_multinomial, held": lambda L, x: [
        L.dirichlet_multinomial(x[:3], 6).logpmf([1, 2, 3]),
        L.dirichlet_multinomial(x[:3], 6).mean()],
    "dirichlet_multinomial, of constants": lambda L, x: [
        x[0] * L.dirichlet_multinomial.pmf([1, 2], [0.4, 0.6], 3),
        x[1] * L.dirichlet_multinomial.logpmf([1, 2], [0.4, 0.6], 3),
        x[:2] * L.dirichlet_multinomial.mean([0.4, 0.6], 3),
        x[2] * L.dirichlet_multinomial([0.4, 0.6], 3).pmf([1, 2]),
        x[3] * L.dirichlet_multinomial.var([0.4, 0.6], 3)],
    **{f"{name}: all numbers": lambda L, x, n=name: getattr(L, n)(_m(x), axis=None)
       for name in ("sem", "gmean", "hmean", "skew", "kurtosis", "variation", "entropy", "zscore")},
    **{f"{name}: two axes": lambda L, x, n=name: getattr(L, n)(
        np.reshape(x[:8], (2, 2, 2)), axis=(0, 2))
       for name in ("sem", "gmean", "hmean", "skew", "kurtosis", "variation", "entropy")},
    **{f"{name}: keepdims": lambda L, x, n=name: getattr(L, n)(_m(x), axis=1, keepdims=True)
       for name in ("sem", "hmean", "skew", "moment")},
    "gmean: all numbers, keepdims": lambda L, x: L.gmean(_m(x), axis=None, keepdims=True),
    "gmean: two axes, keepdims": lambda L, x: L.gmean(_m(x), axis=(0, 1), keepdims=True),
    "sem: ddof": lambda L, x: L.sem(_m(x), axis=1, ddof=0),
    "gmean: weights": lambda L, x: L.gmean(_m(x), axis=1, weights=_m(X)),
    "hmean: weights": lambda L, x: L.hmean(x, weights=X[::-1]),
    "pmean: weights": lambda L, x: L.pmean(_m(x), -1.5, axis=0, weights=_m(X)),
    "skew: unbiased": lambda L, x: L.skew(_m(x), bias=False),
    "skew: unbiased, of two": lambda L, x: L.skew(_m(x)[:2] ** 2, bias=False) + x[:3],
    "kurtosis: unbiased": lambda L, x: L.kurtosis(x, bias=False, fisher=False),
    "kurtosis: unbiased, of three": lambda L, x: L.kurtosis(_m(x), bias=False),
    "moment: the first": lambda L, x: x + L.moment(x, 1),
    "moment: about a centre": lambda L, x: L.moment(_m(x), 3, axis=1, center=0.4),
    "moment: the first about a centre": lambda L, x: L.moment(x, 1, center=0.4),
    "variation: ddof": lambda L, x: L.variation(_m(x), axis=-1, ddof=1),
    "entropy: divergence": lambda L, x: L.entropy(x, x[::-1] ** 2, base=2),
    "entropy: divergence from constants": lambda L, x: L.entropy(_m(x), _m(X), axis=1),
    "entropy: divergence of constants": lambda L, x: L.entropy(X, x),
    "entropy: base, keepdims": lambda L, x: L.entropy(_m(x), base=3, axis=1, keepdims=True),
    "zscore: ddof": lambda L, x: L.zscore(_m(x), axis=1, ddof=1),
})  # fmt: skip

# --- linalg ---------------------------------------------------------------------------------------

BANDS = np.stack([X / 9, X + 4.0])


def _bands(x: Any) -> Any:
    return np.stack([x / 9, x + np.arange(9.0)])


def _pair(x: Any) -> Any:
    return _positive(x), _symmetric(x[::-1]) / 3 + 2 * np.eye(3)


def _squares(made: Any) -> Any:
    """Of vectors and what goes with them, what has neither a sign nor a phase."""
    return [np.real(v * np.conj(v)) for v in made]


def _turning(x: Any) -> Any:
    return TURNING + _m(x) / 9


_rows("linalg", {
    "eigh: by index": lambda L, x: L.eigh(_positive(x), subset_by_index=[1, 2]),
    "eigh: by value": lambda L, x: L.eigh(_positive(x), subset_by_value=[3.0, 5.5]),
    "eigh: by value, none": lambda L, x: [x, *L.eigh(_positive(x), subset_by_value=[90.0, 99.0])],
    "eigh: values alone, by index":
        lambda L, x: L.eigh(_positive(x), eigvals_only=True, subset_by_index=[0, 1]),
    "eigh: upper": lambda L, x: L.eigh(_positive(x), lower=False),
    "eigh: pair": lambda L, x: L.eigh(*_pair(x)),
    "eigh: pair, upper, by index":
        lambda L, x: L.eigh(*_pair(x), lower=False, subset_by_index=[0, 1]),
    "eigh: pair, constant first": lambda L, x: L.eigh(_pair(X)[0], _pair(x)[1], eigvals_only=True),
    "eigh: of constants": lambda L, x: x * L.eigh(_positive(X), eigvals_only=True)[0],
    "eigvalsh: pair": lambda L, x: L.eigvalsh(*_pair(x)),
    "eigvalsh: by value": lambda L, x: L.eigvalsh(_positive(x), subset_by_value=(3.0, 5.5)),
    "eigh_tridiagonal: by index": lambda L, x: L.eigh_tridiagonal(
        x + np.arange(9.0), x[1:], select="i", select_range=(2, 4)),
    "eigh_tridiagonal: by value": lambda L, x: L.eigh_tridiagonal(
        x + np.arange(9.0), x[1:], select="v", select_range=(2.0, 4.0))[0],
    "eigvalsh_tridiagonal: by index":
        lambda L, x: L.eigvalsh_tridiagonal(x, x[1:], 2, (0, 3)),
    "eig_banded: by index": lambda L, x: _squares(
        L.eig_banded(_bands(x), select="i", select_range=(2, 4))),
    "eig_banded: lower": lambda L, x: L.eig_banded(
        _bands(x)[::-1], lower=True, eigvals_only=True),
    "eigvals_banded: by value":
        lambda L, x: L.eigvals_banded(_bands(x), select=1, select_range=(2.0, 5.0)),
    "eig: left": lambda L, x: L.eig(_general(x), left=True),
    "eig: left, complex": lambda L, x: L.eig(_turning(x), left=True),
    "eig: left alone": lambda L, x: L.eig(_general(x), left=True, right=False),
    "eig: pair": lambda L, x: L.eig(_general(x), _positive(x)),
    "eig: pair, left": lambda L, x: L.eig(_general(x), _positive(x[::-1]), left=True),
    # SciPy (1.17) divides the left vectors of a pair by their lengths only beside right ones
    "eig: pair, left alone, constant second": lambda L, x: L.eig(
        _general(x), np.diag([1.0, 2.0, 3.0]), left=True, right=L is scipy.linalg)[:2],
    "eig: pair, complex": lambda L, x: _squares(
        L.eig(_turning(x), _positive(x), left=True)[1:]),
    "eigvals: pair": lambda L, x: L.eigvals(_turning(x), _positive(x)),
    "eigvals: pair, constant first": lambda L, x: L.eigvals(TURNING, _positive(x)),
    "schur: blocks": lambda L, x: L.schur(_turning(x)),
    "schur: complex": lambda L, x: _squares(L.schur(_turning(x), output="complex")),
    "schur: sort": lambda L, x: L.schur(_turning(x), sort=lambda re, im=0.0: re > 3.0)[:2],
    "schur: sort counts": lambda L, x: x * L.schur(_turning(x), sort="rhp")[2],
    "hessenberg: q": lambda L, x: L.hessenberg(_general(x), calc_q=True),
    "hessenberg: of two": lambda L, x: L.hessenberg(_m(x)[:2, :2], calc_q=True),
    "hessenberg: of two, alone": lambda L, x: L.hessenberg(_m(x)[:2, :2]),
    "hessenberg: of constants": lambda L, x: x * L.hessenberg(_m(X))[0, 0],
    "lu: tall": lambda L, x: L.lu(_m(x)[:, :2]),
    "lu: wide, permute_l": lambda L, x: L.lu(_m(x)[:2], permute_l=True),
    "lu: p_indices": lambda L, x: L.lu(_general(x), p_indices=True)[1:],
    "lu_solve: transposed": lambda L, x: L.lu_solve(L.lu_factor(_general(x)), _m(x), trans=1),
    "lu_solve: adjoint": lambda L, x: L.lu_solve(
        L.lu_factor(_general(x) + 1j * _m(x)), K, trans=2),
    "svd: values alone": lambda L, x: L.svd(_general(x), compute_uv=False),
    **{f"solve: {kind}": lambda L, x, k=kind: L.solve(_positive(x), x[:3], assume_a=k)
       for kind in ("pos", "sym", "her", "positive definite")},
    "solve: her, lower": lambda L, x: L.solve(_positive(x), _m(x), lower=True, assume_a="her"),
    **{f"solve: {kind}": lambda L, x, k=kind: L.solve(_general(x), x[:3], assume_a=k)
       for kind in ("upper triangular", "lower triangular", "diagonal", "tridiagonal", "gen")},
    "solve: triangular, transposed": lambda L, x: L.solve(
        _general(x), x[:3], assume_a="upper triangular", transposed=True),
    "solve: her, complex": lambda L, x: L.solve(  # whose diagonal counts as real
        _positive(x) + 1j * (_m(x) - _m(x).T + np.diag(x[:3])) / 5, x[3:6], assume_a="her"),
    "polar: left": lambda L, x: L.polar(_m(x)[:2], side="left"),
    "svdvals, of constants": lambda L, x: x[:3] * L.svdvals(_m(X)),
    "solve: banded": lambda L, x: L.solve(_general(x), K, assume_a="banded"),
    "solve_toeplitz: column and row": lambda L, x: L.solve_toeplitz(
        (x[:3] + 4 * np.eye(1, 3)[0], x[3:6]), _m(x)),
    "solve_circulant: right sides": lambda L, x: L.solve_circulant(x[:3] + K, _m(x)),
    "solve_circulant: of constants": lambda L, x: x[:3] * L.solve_circulant(X[:3], K),
    "cholesky_banded: lower": lambda L, x: L.cholesky_banded(
        np.stack([x + 4.0, x / 9]), lower=True),
    "cho_solve_banded: lower": lambda L, x: L.cho_solve_banded(
        (np.stack([x + 4.0, x / 9]), True), x),
    "cho_solve_banded: right side": lambda L, x: L.cho_solve_banded((BANDS, False), x),
    "solveh_banded: lower": lambda L, x: L.solveh_banded(
        np.stack([x + 4.0, x / 9]), np.stack([x, X], axis=1), lower=True),
    "solveh_banded: of constants": lambda L, x: x * L.solveh_banded(BANDS, X),
    "banded, of constants": lambda L, x: [
        x * L.cholesky_banded(BANDS), x * L.cho_solve_banded((BANDS, False), X),
        x * L.eig_banded(BANDS, eigvals_only=True), x * L.solve_toeplitz(X + LONG[9:18], X)],
    "expm_frechet: alone": lambda L, x: L.expm_frechet(_m(x), _m(x), compute_expm=False),
    "expm_frechet: of constants": lambda L, x: x * L.expm_frechet(_m(X), _m(X))[1][0, 0],
    "toeplitz: column and row": lambda L, x: L.toeplitz(x[:4], x[4:]),
    "toeplitz: row": lambda L, x: L.toeplitz(X[:2], x),
    "hankel: column and row": lambda L, x: L.hankel(x[:4], x[3:]),
    "convolution_matrix: same": lambda L, x: L.convolution_matrix(_m(x)[0], 5, mode="same"),
    "block_diag: lists": lambda L, x: L.block_diag(1.0, _m(x), [[2.0], [3.0]], x),
    "matmul_toeplitz: one column": lambda L, x: L.matmul_toeplitz(x, X),
    "matmul_toeplitz: many": lambda L, x: L.matmul_toeplitz(X[:3], _m(x)),
    "khatri_rao: both": lambda L, x: L.khatri_rao(_m(x), _m(x)[:2]),
    "matrices, of constants": lambda L, x: [
        x[0] * L.toeplitz(K), x[1] * L.hankel(K), x[2] * L.circulant(K), x[3] * L.companion(K),
        x[4] * L.block_diag(K), x[5] * L.leslie(K, K[1:]), x[6] * L.fiedler(K),
        x[7] * L.fiedler_companion(K), x[8] * L.khatri_rao(_m(X), _m(X)),
        x[0] * L.convolution_matrix(K, 2), x[1] * L.matmul_toeplitz(K, K)],
    "riccati, of constants": lambda L, x: x[0] * L.solve_continuous_are(
        _m(X), np.eye(3), _positive(X), np.eye(3), np.eye(3)),
    "orthogonal_procrustes: of constants":
        lambda L, x: x[0] * L.orthogonal_procrustes(_m(X), np.eye(3))[0],
    "orthogonal_procrustes: second": lambda L, x: L.orthogonal_procrustes(_general(X), _m(x)),
    "inv: general": lambda L, x: L.inv(_general(x), assume_a="gen"),
    "pinv: rtol": lambda L, x: L.pinv(_m(x)[:, :2], rtol=1e-9),
})  # fmt: skip

# --- interpolate ----------------------------------------------------------------------------------

SHUFFLED = np.argsort(np.sin(5 * np.arange(9.0)))
WIDE = (np.array([2.0, 1.0, 0.0]), np.arange(3.0))  # one axis the other way round
SIX = (np.arange(6.0), np.arange(2.0))
TRIANGLES = [[0.5, 0.4], [0.4, 0.47], [0.3, 0.3]]


def _six(x: Any) -> Any:
    return np.reshape(np.concatenate([x, x[:3] * 2]), (6, 2))


def _places(x: Any) -> Any:
    return np.stack([x[:4] + 0.05, x[4:8] + 0.1], axis=-1)


_rows("interpolate", {
    **{f"interp1d: {kind}": lambda L, x, k=kind: L.interp1d(PLACES, x, kind=k)(X + 0.04)
       for kind in ("nearest", "nearest-up", "previous", "next", "zero", "slinear", "quadratic",
                    2, 3)},
    "interp1d: places of a cubic": lambda L, x: L.interp1d(PLACES, X, kind="cubic")(_m(x)),
    "interp1d: nearest, outside": lambda L, x: L.interp1d(
        PLACES, x, kind="nearest", bounds_error=False, fill_value=2.0)([-1.0, 0.4, 7.0]),
    "interp1d: previous, extrapolates": lambda L, x: L.interp1d(
        PLACES, x, kind="previous", fill_value="extrapolate")([0.4, 7.0]),
    "interp1d: extrapolates": lambda L, x: L.interp1d(
        PLACES, x, fill_value="extrapolate")([-1.0, 0.4, 7.0]),
    "interp1d: filled on both sides": lambda L, x: L.interp1d(
        PLACES, x, bounds_error=False, fill_value=(1.0, 2.0))(np.stack([x[0], x[1] - 5, x[2] + 9])),
    "interp1d: not sorted": lambda L, x: L.interp1d(PLACES[SHUFFLED], x, kind="linear")(x),
    "interp1d: sorted": lambda L, x: L.interp1d(
        PLACES, x, kind="quadratic", assume_sorted=True)(x),
    "interp1d: axis": lambda L, x: L.interp1d([0.0, 1.0, 2.5], _m(x), axis=0)(_m(x)[:2]),
    "interp1d: last axis": lambda L, x: L.interp1d([0.0, 1.0, 2.5], _m(x))(x[:2]),
    "interp1d: of constants": lambda L, x: [
        x * L.interp1d(PLACES, X)(0.4), x * L.interp1d(PLACES, X).x, L.interp1d(PLACES, x).y,
        x * L.interp1d(PLACES, X).axis],
    "LinearNDInterpolator: places": lambda L, x: L.LinearNDInterpolator(SITES, X)(_places(x) / 3),
    "LinearNDInterpolator: columns": lambda L, x: L.LinearNDInterpolator(
        SITES, np.stack([x, X, x[::-1]], axis=1))(TRIANGLES),
    "LinearNDInterpolator: outside": lambda L, x: L.LinearNDInterpolator(
        SITES, x, fill_value=0.7)([[0.5, 0.4], [5.0, 5.0]]),
    "LinearNDInterpolator: a pair": lambda L, x: L.LinearNDInterpolator(SITES, x)(
        (x[:2] / 3 + 0.1, 0.45)),
    "LinearNDInterpolator: of constants": lambda L, x: [
        x[:3] * L.LinearNDInterpolator(SITES, X)(TRIANGLES),
        x[:2] * L.LinearNDInterpolator(SITES, X, rescale=True)(TRIANGLES[:2]),
        x[:2] * L.LinearNDInterpolator(SITES, X).points[0],
        L.LinearNDInterpolator(SITES, np.reshape(X, (9, 1))).values[:, 0] * x],
    "NearestNDInterpolator: columns": lambda L, x: L.NearestNDInterpolator(
        SITES, np.stack([x, X], axis=1))(TRIANGLES),
    "NearestNDInterpolator: scaled": lambda L, x: L.NearestNDInterpolator(
        SITES * [1, 9], x, rescale=True)(0.4, [0.3, 4.1]),
    "NearestNDInterpolator: of constants": lambda L, x: x[:3] * L.NearestNDInterpolator(SITES, X)(
        TRIANGLES, workers=1),
    "griddata: nearest": lambda L, x: L.griddata(SITES, x, TRIANGLES, method="nearest"),
    "griddata: tuples": lambda L, x: L.griddata(
        (SITES[:, 0], SITES[:, 1]), x, (x[:2] / 3 + 0.1, np.array([0.4, 0.45]))),
    **{f"griddata: a line, {method}":
       lambda L, x, m=method: L.griddata(PLACES, x, X + 0.04, method=m)
       for method in ("nearest", "linear", "cubic")},
    "griddata: a line, tuples": lambda L, x: L.griddata((PLACES,), x, (X,)),
    "griddata: of constants": lambda L, x: x[:3] * L.griddata(SITES, X, TRIANGLES, method="cubic"),
    "RegularGridInterpolator: nearest": lambda L, x: L.RegularGridInterpolator(
        GRID, _m(x), method="nearest")([[0.2, 1.7], [1.4, 0.6]]),
    "RegularGridInterpolator: backwards": lambda L, x: L.RegularGridInterpolator(WIDE, _m(x))(
        _places(x)),
    "RegularGridInterpolator: filled": lambda L, x: L.RegularGridInterpolator(
        GRID, _m(x), bounds_error=False, fill_value=0.4)([[0.2, 1.7], [9.0, 0.6]]),
    "RegularGridInterpolator: extrapolates": lambda L, x: L.RegularGridInterpolator(
        GRID, _m(x), bounds_error=False, fill_value=None)(
            [[-0.3, 1.7], [x[0] + 9, x[1]]]),
    "RegularGridInterpolator: one knot": lambda L, x: L.RegularGridInterpolator(
        (np.arange(3.0), [1.0]), np.reshape(x[:3], (3, 1)))(
            np.stack([x[3:5], np.ones(2)], axis=-1)),
    "RegularGridInterpolator: columns": lambda L, x: L.RegularGridInterpolator(
        (np.arange(3.0),), _m(x))(x[:2]),
    "RegularGridInterpolator: coordinates": lambda L, x: L.RegularGridInterpolator(GRID, _m(x))(
        (x[:2], 0.4)),
    "RegularGridInterpolator: numbers": lambda L, x: L.RegularGridInterpolator(GRID, _m(x))(
        (x[0], 0.4)),
    "RegularGridInterpolator: one place":
        lambda L, x: L.RegularGridInterpolator(GRID, _m(x))(x[:2]),
    **{f"RegularGridInterpolator: {method}": lambda L, x, m=method, k=points:
       L.RegularGridInterpolator(k, _six(x) if len(k) == 2 else x[:6], method=m)(
           np.stack([x[:3], x[3:6] / 2], -1) if len(k) == 2 else x[6:, None])
       for method, points in (("slinear", SIX), ("cubic", SIX[:1]), ("quintic", SIX[:1]),
                              ("cubic_legacy", SIX[:1]), ("slinear_legacy", SIX))},
    "RegularGridInterpolator: cubic in space": lambda L, x: L.RegularGridInterpolator(
        (np.arange(4.0)[::-1], np.arange(4.0), np.arange(4.0)),
        np.reshape(np.concatenate([x, np.cos(np.arange(55.0))]), (4, 4, 4)), method="cubic",
    )(np.reshape(x[:6] + 0.2, (2, 3))),
    "RegularGridInterpolator: slopes": lambda L, x: L.RegularGridInterpolator(
        SIX[:1], x[:6], method="cubic")(x[6:, None], nu=[1]),
    "RegularGridInterpolator: of constants": lambda L, x: [
        x[0] * L.RegularGridInterpolator(GRID, _m(X))([[0.4, 0.2]], method="nearest"),
        x[:3] * L.RegularGridInterpolator(GRID, _m(X)).grid[0]],
    "interpn: of constants": lambda L, x: x[:2] * L.interpn(GRID, _m(X), [[0.4, 0.2], [1.1, 0.3]]),
    "interpn: nearest": lambda L, x: L.interpn(GRID, _m(x), [[0.4, 0.2]], method="nearest"),
    "RBFInterpolator: of constants": lambda L, x: [
        x[:2] * L.RBFInterpolator(SITES, X, neighbors=4)(SITES[:2] + 0.1),
        x[0] * L.RBFInterpolator(SITES, X).epsilon],
    "CubicSpline: antiderivative": lambda L, x: L.CubicSpline(PLACES, x).antiderivative()(x),
    "CubicSpline: two antiderivatives":
        lambda L, x: L.CubicSpline(PLACES, x).antiderivative(2)([0.4, 3.0]),
    "CubicHermiteSpline: slopes": lambda L, x: L.CubicHermiteSpline(PLACES, X, x)(x),
})  # fmt: skip

# --- signal, ndimage ------------------------------------------------------------------------------

_rows("signal", {
    **{f"spectrogram: {mode}": lambda L, x, m=mode: L.spectrogram(
        _long(x), nperseg=8, mode=m, detrend=False)[2]
       for mode in ("psd", "complex", "magnitude", "angle", "phase")},
    "spectrogram: first axis": lambda L, x: L.spectrogram(
        np.stack([_long(x), _long(X)[::-1]], axis=1), nperseg=8, axis=0, mode="phase")[2],
    "spectrogram: overlap, two sides": lambda L, x: L.spectrogram(
        _long(x), 2.0, nperseg=8, noverlap=3, nfft=9, return_onesided=False, mode="complex",
        scaling="spectrum")[2],
    "spectrogram: a window's numbers":
        lambda L, x: L.spectrogram(_long(x), window=np.hanning(10) + 0.1)[2],
    "spectrogram: of constants": lambda L, x: x[0] * L.spectrogram(LONG, nperseg=8)[2],
    "csd: of itself": lambda L, x: [
        L.csd(v, v, nperseg=12)[1] for v in [_long(x)]],
    "csd: an odd transform": lambda L, x: L.csd(_long(x), LONG, nperseg=11)[1],
    "lfilter: a state longer than the signal": lambda L, x: L.lfilter(
        x[:5], [1.0, 0.3, 0.2, 0.1], x[5:7], zi=x[:4]),
    "resample_poly: padded": lambda L, x: L.resample_poly(x, 3, 2, padtype="line"),
    **{f"resample_poly: {pad}": lambda L, x, p=pad: L.resample_poly(x, 3, 2, padtype=p)
       for pad in ("mean", "median", "maximum", "minimum")},
    "deconvolve: a longer divisor": lambda L, x: L.deconvolve(x[:2], x[2:5])[1],
})  # fmt: skip
_rows("ndimage", {
    **{f"affine_transform: {name}": lambda L, x, m=matrix: L.affine_transform(
        _m(x), m(x), mode="mirror", order=2)
       for name, matrix in {
           "diagonal": lambda x: 1 + x[:2] / 9,
           "homogeneous": lambda x: np.concatenate(
               [np.eye(2) + _m(x)[:2, :2] / 9, _m(x)[:2, 2:] / 9], axis=1),
           "homogeneous, square": lambda x: np.concatenate(
               [np.concatenate([np.eye(2) + _m(x)[:2, :2] / 9, _m(x)[:2, 2:] / 9], axis=1),
                np.array([[0.0, 0.0, 1.0]])]),
       }.items()},
    "affine_transform: shape": lambda L, x: L.affine_transform(
        _m(X), np.eye(2), x[0], output_shape=(2, 4), mode="nearest", order=1),
    "affine_transform: of constants":
        lambda L, x: x[0] * L.affine_transform(_m(X), np.eye(2), 0.5),
    "rotate: larger": lambda L, x: L.rotate(_m(x), 20.0, mode="mirror"),
    "rotate: larger by a traced angle": lambda L, x: L.rotate(_m(X), 20 * x[0], mode="mirror"),
    "rotate: other axes": lambda L, x: L.rotate(
        np.reshape(x[:8], (2, 2, 2)), 15 * x[8], axes=(0, 2), reshape=False, mode="mirror"),
    "correlate1d: weights that are 0": lambda L, x: x + L.correlate1d(x, np.zeros(3)),
    "spline_filter1d: straight lines": lambda L, x: L.spline_filter1d(_m(x), order=1),
    "spline_filter: order": lambda L, x: L.spline_filter(_m(x), order=2, mode="reflect"),
    "gaussian_filter: one axis": lambda L, x: L.gaussian_filter(_m(x), (0.0, 0.7)),
    "uniform_filter: one axis": lambda L, x: L.uniform_filter(_m(x), (1, 3)),
    "minimum_filter: nothing": lambda L, x: [x, L.minimum_filter(_m(x)[:0], 3)],
    "vectorized_filter: nothing": lambda L, x: [
        x, L.vectorized_filter(_m(x)[:0], np.mean, size=2)],
    "vectorized_filter: of constants": lambda L, x: x * L.vectorized_filter(X, np.mean, size=2),
})  # fmt: skip

# --- integrate, special ---------------------------------------------------------------------------

_rows("integrate", {
    "cumulative_simpson: no start": lambda L, x: L.cumulative_simpson(x, x=np.cumsum(x)),
    "cumulative_simpson: a start": lambda L, x: L.cumulative_simpson(
        _m(x), axis=0, dx=0.5, initial=_m(x)[:1]),
    "cumulative_simpson: two samples": lambda L, x: L.cumulative_simpson(_m(x)[:2], axis=0),
    "cumulative_simpson: of constants": lambda L, x: x[1:] * L.cumulative_simpson(X),
    "simpson: two samples": lambda L, x: L.simpson(x[:2], x=x[2:4].cumsum()),
    "fixed_quad: one argument":
        lambda L, x: L.fixed_quad(lambda t, k: k * t * t, 0.0, 1.0, (x[0],))[0],
    "fixed_quad: a constant": lambda L, x: L.fixed_quad(lambda t: x[2], x[0], x[1], n=1)[0],
    "quad_vec: of constants": lambda L, x: x[0] * L.quad_vec(lambda t: t * X, 0.0, 1.0)[0],
    "quad_vec: constants as arguments":
        lambda L, x: x[0] * L.quad_vec(lambda t, k: t * k, 0.0, 1.0, args=(2.0,))[0],
    "quad_vec: one argument": lambda L, x: L.quad_vec(
        lambda t, k: t * k, 0.0, 1.0, args=x[0], points=[0.3])[0],
    "nquad: options": lambda L, x: L.nquad(
        lambda s, t: s * t, [(0, 1), (0, x[0])], opts=[{"epsabs": 1e-9}, {"limit": 60}])[0],
    "nquad: of constants": lambda L, x: x[0] * L.nquad(
        lambda s, t: s * t, [lambda t: (0, t), (0, 1)])[0],
    "tplquad: functions": lambda L, x: L.tplquad(
        lambda z, y, t: z * y + t, 0, x[0], lambda t: 0.0, lambda t: t, 0.0,
        lambda t, y: t + y)[0],
})  # fmt: skip
_rows("special", {
    **{f"{name}: {what}": lambda L, x, f=name, n=order, d=slope: getattr(L, f)(n, x + 0.5, d)
       for name in ("spherical_jn", "spherical_yn", "spherical_in", "spherical_kn")
       for what, order, slope in (("slope", 2, True), ("slope of order 0", 0, True),
                                  ("orders", np.arange(9) % 3, False))},
    "bessel, of constants": lambda L, x: [x * L.spherical_jn(2, X), x * L.spherical_kn(0, X, True)],
    "sph_harm_y: of constants": lambda L, x: x * L.sph_harm_y(2, 1, X, X),
    "sph_harm_y: orders": lambda L, x: L.sph_harm_y(
        np.full(9, 4), np.arange(-4, 5), x, x[::-1]),
    "softplus: of constants": lambda L, x: x * L.softplus(X),
    "perm: outside": lambda L, x: L.perm(np.concatenate([x + 3.0, np.ones(1)]), 2.0),
    "perm: of constants": lambda L, x: x * L.perm(X + 3.0, 2.0),
    "zeta: second": lambda L, x: L.zeta(2.5, x),
    "lambertw: a branch": lambda L, x: L.lambertw(x, 1),
    "of constants": lambda L, x: [x[0] * L.zeta(2.0), x[1] * L.lambertw(0.4), x[2] * L.comb(4, 2),
                                  x[3] * L.factorial(4), x[4] * L.factorial(2.5),
                                  x[5] * L.factorial(-0.5, extend="complex")],
    "comb: outside": lambda L, x: L.comb(x + 3.0, np.where(np.arange(9) == 4, -1.0, 2.0)),
    "factorial: below 0": lambda L, x: L.factorial(x - 0.5),
})  # fmt: skip
