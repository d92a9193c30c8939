"""One call for every function of SciPy's that is differentiable here: of nine numbers, traced.

``CALLS["linalg.inv"](L, x)`` calls ``L.inv`` with something made of x, where L is SciPy's module or
ours. A row's value must depend on x smoothly.
"""

from __future__ import annotations

from typing import Any

import numpy as np

X = np.array([0.31, 1.22, 0.73, 0.52, 1.54, 0.95, 0.44, 1.13, 0.66])
K = np.array([0.2, 0.5, -0.3])
PLACES = np.array([0.0, 0.7, 1.5, 2.2, 3.1, 4.0, 4.4, 5.3, 6.1])
SITES = np.array([[0.1, 0.2], [0.9, 0.1], [0.4, 0.8], [0.7, 0.6], [0.2, 0.5], [0.6, 0.3],
                  [0.05, 0.95], [0.95, 0.9], [0.5, 0.05]])  # fmt: skip
CALLS: dict[str, Any] = {}


def _m(x: Any) -> Any:
    return np.reshape(x, (3, 3))


def _general(x: Any) -> Any:
    return _m(x) / 2 + np.diag([1.0, 2.0, 4.0])


def _symmetric(x: Any) -> Any:
    return (_m(x) + _m(x).T) / 2


def _positive(x: Any) -> Any:
    return _symmetric(x) + np.diag([3.0, 4.0, 6.0])


def _add(module: str, names: str, call: Any) -> None:
    for name in names.split():
        CALLS[f"{module}.{name}"] = lambda L, x, n=name: call(getattr(L, n), x)


def _one(module: str, **calls: Any) -> None:
    CALLS.update({f"{module}.{name}": call for name, call in calls.items()})


# --- linalg ---------------------------------------------------------------------------------------

_add("linalg", "inv det expm cosm sinm tanm coshm sinhm tanhm svdvals pinv norm qr lu lu_factor "
     "schur hessenberg polar", lambda f, x: f(_general(x)))  # fmt: skip
_add("linalg", "logm sqrtm signm", lambda f, x: f(_positive(x)))
_add("linalg", "cholesky eigvalsh", lambda f, x: f(_positive(x)))
_add("linalg", "toeplitz hankel circulant companion fiedler fiedler_companion", lambda f, x: f(x))
_add("linalg", "solve", lambda f, x: f(_general(x), K))
_add("linalg", "solve_triangular", lambda f, x: f(_general(x), K))
_add("linalg", "solve_sylvester", lambda f, x: f(_general(x), np.eye(3), _m(x)))
_add("linalg", "solve_continuous_lyapunov", lambda f, x: f(_general(x), _m(x)))
_add("linalg", "solve_discrete_lyapunov", lambda f, x: f(_m(x) / 9, _m(x)))
_add("linalg", "solve_continuous_are solve_discrete_are",
     lambda f, x: f(_m(x), np.eye(3), _positive(x), np.eye(3)))  # fmt: skip
_add("linalg", "khatri_rao orthogonal_procrustes", lambda f, x: f(_general(x), np.eye(3) + K))
_add("linalg", "eig eigvals", lambda f, x: f(_positive(x) + _m(x) / 9))
_add("linalg", "eigvals_banded", lambda f, x: f(np.stack([x / 9, x + 4.0])))
_add("linalg", "cholesky_banded", lambda f, x: f(np.stack([x / 9, x + 4.0])))
_add("linalg", "solveh_banded", lambda f, x: f(np.stack([x / 9, x + 4.0]), X))
_one(
    "linalg",
    block_diag=lambda L, x: L.block_diag(_m(x), x[:2]),
    cho_factor=lambda L, x: np.triu(L.cho_factor(_positive(x))[0]),
    cho_solve=lambda L, x: L.cho_solve((_positive(x), True), K),
    cho_solve_banded=lambda L, x: L.cho_solve_banded((np.stack([x / 9, x + 4.0]), False), X),
    convolution_matrix=lambda L, x: L.convolution_matrix(x, 4),
    eig_banded=lambda L, x: L.eig_banded(np.stack([x / 9, x + np.arange(9.0)]))[1] ** 2,
    eigh=lambda L, x: [v**2 for v in L.eigh(_positive(x), _symmetric(x[::-1]) + 5 * np.eye(3))],
    eigh_tridiagonal=lambda L, x: L.eigh_tridiagonal(x + np.arange(9.0), x[1:])[1] ** 2,
    eigvalsh_tridiagonal=lambda L, x: L.eigvalsh_tridiagonal(x, x[1:]),
    expm_frechet=lambda L, x: L.expm_frechet(_m(x), np.eye(3) + K),
    fractional_matrix_power=lambda L, x: L.fractional_matrix_power(_positive(x), 0.3),
    funm=lambda L, x: L.funm(_positive(x), np.exp),
    leslie=lambda L, x: L.leslie(x, x[1:] / 2),
    lstsq=lambda L, x: L.lstsq(np.reshape(x, (3, 3))[:, :2], K)[0],
    lu_solve=lambda L, x: L.lu_solve((_general(x), np.arange(3)), K),
    matmul_toeplitz=lambda L, x: L.matmul_toeplitz((x[:3], x[3:6]), x[6:]),
    solve_banded=lambda L, x: L.solve_banded((1, 1), _m(x) + 4 * np.eye(3)[:, 1:2], K),
    solve_circulant=lambda L, x: L.solve_circulant(x + 9 * np.eye(1, 9)[0], X),
    solve_toeplitz=lambda L, x: L.solve_toeplitz(x + 9 * np.eye(1, 9)[0], X),
    svd=lambda L, x: L.svd(_general(x))[1],
)

# --- fft ------------------------------------------------------------------------------------------

_add("fft", "fft ifft rfft irfft hfft ihfft dct idct dst idst fftshift ifftshift dctn idctn dstn "
     "idstn fftn ifftn rfftn irfftn hfftn ihfftn", lambda f, x: f(x))  # fmt: skip
_add("fft", "fft2 ifft2 rfft2 irfft2 hfft2 ihfft2", lambda f, x: f(_m(x)))
_add("fft", "fht ifht", lambda f, x: f(x, 0.1, 0.3))

# --- integrate ------------------------------------------------------------------------------------

_add("integrate", "trapezoid cumulative_trapezoid simpson", lambda f, x: f(x, np.cumsum(x)))
_add("integrate", "romb", lambda f, x: f(x))
_one(
    "integrate",
    cumulative_simpson=lambda L, x: L.cumulative_simpson(x, x=np.cumsum(x), initial=0.0),
    dblquad=lambda L, x: L.dblquad(lambda y, t: y, 0.0, x[0], 0.0, lambda t: t)[0],
    fixed_quad=lambda L, x: L.fixed_quad(lambda t, k: k * t * t, x[0], x[1], (x[2],))[0],
    nquad=lambda L, x: L.nquad(lambda s, t: s * t, [(0, 1), (0, x[0])])[0],
    odeint=lambda L, x: L.odeint(
        lambda y, t, k: -k * y, x[:2], [0.0, 1.0], (x[2],), rtol=1e-11, atol=1e-12
    )[1],
    quad=lambda L, x: L.quad(lambda t, k: k * t * t, x[0], x[1], (x[2],))[0],
    quad_vec=lambda L, x: L.quad_vec(lambda t, v: v * t * t, x[0], x[1], args=(x,))[0],
    solve_ivp=lambda L, x: L.solve_ivp(
        lambda t, y, k: -k * y, (0.0, 1.0), x[:2], args=(x[2],), rtol=1e-10, atol=1e-12
    ).y[:, -1],
    tplquad=lambda L, x: L.tplquad(lambda z, y, t: z, 0, x[0], 0, 1, 0, 1)[0],
)

# --- interpolate ----------------------------------------------------------------------------------

GRID = (np.arange(3.0), np.arange(3.0))
_add("interpolate", "CubicSpline PchipInterpolator Akima1DInterpolator make_interp_spline interp1d",
     lambda f, x: f(PLACES, x)(x))  # fmt: skip
_one(
    "interpolate",
    BSpline=lambda L, x: L.BSpline(np.arange(13.0), x, 3)(x + 4.0),
    CubicHermiteSpline=lambda L, x: L.CubicHermiteSpline(PLACES, x, x[::-1])(x),
    LinearNDInterpolator=lambda L, x: L.LinearNDInterpolator(SITES, x)(x[:2] / 3 + 0.1, 0.45),
    NearestNDInterpolator=lambda L, x: L.NearestNDInterpolator(SITES, x)([0.4, 0.6], [0.5, 0.31]),
    RBFInterpolator=lambda L, x: L.RBFInterpolator(SITES, x)(SITES[:2] + x[0] / 9),
    RegularGridInterpolator=lambda L, x: L.RegularGridInterpolator(GRID, _m(x))(_m(x)[:, :2]),
    griddata=lambda L, x: L.griddata(SITES, x, [[0.5, 0.4], [0.4, 0.47]]),
    interpn=lambda L, x: L.interpn(GRID, _m(x), _m(x)[:, :2]),
    make_lsq_spline=lambda L, x: L.make_lsq_spline(
        PLACES, x, np.array([0.0, 0.0, 0.0, 0.0, 3.0, 6.1, 6.1, 6.1, 6.1])
    )(x),
    pchip_interpolate=lambda L, x: L.pchip_interpolate(PLACES, x, x + 1.0),
)

# --- ndimage --------------------------------------------------------------------------------------

_add("ndimage", "correlate1d convolve1d", lambda f, x: f(x, K))
_add("ndimage", "gaussian_filter1d gaussian_filter gaussian_laplace gaussian_gradient_magnitude",
     lambda f, x: f(_m(x), 0.7))  # fmt: skip
_add("ndimage", "uniform_filter1d uniform_filter minimum_filter maximum_filter median_filter "
     "minimum_filter1d maximum_filter1d", lambda f, x: f(_m(x), 3))  # fmt: skip
_add("ndimage", "rank_filter percentile_filter", lambda f, x: f(_m(x), 2, 2))
_add("ndimage", "spline_filter spline_filter1d sobel prewitt laplace", lambda f, x: f(_m(x)))
_add("ndimage", "correlate convolve", lambda f, x: f(_m(x), _m(x)[:2]))
_add("ndimage", "zoom", lambda f, x: f(_m(x), 1.7))
_add("ndimage", "shift", lambda f, x: f(_m(x), 0.4, mode="mirror"))
_add("ndimage", "rotate", lambda f, x: f(_m(x), 20 * x[0], reshape=False, mode="mirror"))
_add("ndimage", "sum sum_labels mean variance standard_deviation minimum maximum center_of_mass",
     lambda f, x: f(x, [1, 1, 2, 2, 1, 2, 0, 1, 2], [1, 2]))  # fmt: skip
_one(
    "ndimage",
    affine_transform=lambda L, x: L.affine_transform(
        _m(x), np.eye(2) + _m(x)[:2, :2] / 9, x[:2] / 9, mode="mirror"
    ),
    map_coordinates=lambda L, x: L.map_coordinates(_m(x), _m(x)[:2] + 0.3, mode="mirror"),
    vectorized_filter=lambda L, x: L.vectorized_filter(_m(x), np.mean, size=2),
)

# --- signal ---------------------------------------------------------------------------------------

LONG = np.concatenate([X, X[::-1] + 0.1, X[2:7]])


def _long(x: Any) -> Any:
    return np.concatenate([x, LONG])


_add("signal", "convolve correlate fftconvolve oaconvolve", lambda f, x: f(x, x[:4]))
_add("signal", "convolve2d correlate2d", lambda f, x: f(_m(x), _m(x)[:2]))
_add("signal", "detrend hilbert czt medfilt", lambda f, x: f(x))
_add("signal", "welch periodogram", lambda f, x: f(_long(x))[1])
_add("signal", "csd coherence", lambda f, x: f(_long(x), LONG, nperseg=12)[1])
_add("signal", "stft spectrogram", lambda f, x: f(_long(x), nperseg=8)[2])
_add("signal", "wiener", lambda f, x: f(_m(x)))
_add("signal", "resample", lambda f, x: f(x, 7))
_add("signal", "resample_poly", lambda f, x: f(x, 3, 2))
_add("signal", "decimate", lambda f, x: f(_long(_long(x)), 2))
_add("signal", "savgol_filter", lambda f, x: f(x, 5, 2))
_add("signal", "zoom_fft", lambda f, x: f(x, [0.2, 0.7]))
_add("signal", "upfirdn", lambda f, x: f([1.0, 0.5], x, 2))
_add("signal", "filtfilt", lambda f, x: f([0.5, 0.2], [1.0, -0.3], _long(x)))
_add("signal", "bilinear deconvolve", lambda f, x: f(x[:4] + 1.0, x[4:7] + 1.0))
SECTIONS = np.array([[0.5, 0.2, 0.1, 1.0, -0.3, 0.1], [1.0, 0.4, 0.0, 1.0, 0.2, 0.0]])
_one(
    "signal",
    istft=lambda L, x: L.istft(np.reshape(np.concatenate([x, x[::-1]]), (3, 6)))[1],
    lfilter=lambda L, x: L.lfilter(x[:3], x[3:6] + 1.0, x, zi=x[6:8]),
    medfilt2d=lambda L, x: L.medfilt2d(_m(x)),
    sosfilt=lambda L, x: L.sosfilt(SECTIONS, x, zi=np.reshape(x[:4], (2, 2))),
    sosfiltfilt=lambda L, x: L.sosfiltfilt(SECTIONS, _long(x)),
)

# --- special, stats, cluster ----------------------------------------------------------------------

_add("special", "logsumexp softmax log_softmax softplus zeta factorial lambertw",
     lambda f, x: f(x + 1.5))  # fmt: skip
_add("special", "comb perm", lambda f, x: f(x + 3.0, x[::-1]))
_add("special", "polygamma", lambda f, x: f(2, x))
_add("special", "multigammaln", lambda f, x: f(x + 3.0, 2))
_add("special", "spherical_jn spherical_yn spherical_in spherical_kn", lambda f, x: f(2, x))
_add("special", "sph_harm_y", lambda f, x: f(3, 1, x, x[::-1]))
COUNTS = np.array([2, 1, 0, 3, 0, 1, 0, 2, 1])
_add("stats", "sem gmean hmean skew kurtosis variation zscore entropy", lambda f, x: f(x))
_add("stats", "pmean", lambda f, x: f(x, 2.5))
_add("stats", "moment", lambda f, x: f(x, 3))
_one(
    "stats",
    dirichlet=lambda L, x: L.dirichlet.logpdf(x / np.sum(x), X),
    dirichlet_multinomial=lambda L, x: L.dirichlet_multinomial.logpmf(COUNTS, x, 10),
    gaussian_kde=lambda L, x: L.gaussian_kde(x)(x[:2]),
    multinomial=lambda L, x: L.multinomial.logpmf(COUNTS, 10, x / np.sum(x)),
    multivariate_normal=lambda L, x: L.multivariate_normal.logpdf(x[:3], x[3:6], _positive(x)),
)
_one(
    "cluster.vq",
    vq=lambda L, x: L.vq(_m(x), np.array([[0.3, 1.0, 0.7], [1.0, 0.9, 0.1]]))[1],
    whiten=lambda L, x: L.whiten(_m(x)),
)
