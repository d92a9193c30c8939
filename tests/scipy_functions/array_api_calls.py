"""SciPy's functions that accept any array of the standard, each with one call; run with them.

``SCIPY_ARRAY_API=1 python tests/scipy_functions/array_api_calls.py ours|jax|torch`` prints a JSON
object: for each function and mode "right", "refused" or what went wrong.  The variable must be set
before SciPy is imported, so the test and the page run this file as a program.
"""

import json
import sys
import warnings

import numpy as np
import scipy.cluster.vq as cluster_vq
import scipy.constants
import scipy.differentiate
import scipy.integrate
import scipy.interpolate
import scipy.linalg
import scipy.ndimage
import scipy.optimize
import scipy.signal
import scipy.spatial.transform
import scipy.stats
from scipy import fft, integrate, interpolate, linalg, ndimage, signal, special, stats


def names(text):
    return text.split()


X = np.array([0.31, 1.22, 0.73, 2.11, 1.54, 0.95])
Y = [0.52, 0.91, 1.73, 1.2, 0.4, 2.2]
DIRECTION = np.array([1.0, -0.5, 0.2, 0.3, -0.7, 0.4])
KERNEL = [0.2, 0.5, -0.3]


def like(x, data):
    """An array of the kind of x, as SciPy asks for beside it."""
    if type(x).__module__.startswith("torch"):
        import torch

        return torch.asarray(data, dtype=torch.float64)
    return x.__array_namespace__().asarray(np.asarray(data, dtype=float))


def knots(x):
    return like(x, np.arange(6.0))


def matrix(x):
    return (
        x.__array_namespace__().reshape(x, (2, 3))
        if hasattr(x, "__array_namespace__")
        else x.reshape(2, 3)
    )


CALLS = {}


def add(module, **calls):
    CALLS.update({f"{module}.{name}": call for name, call in calls.items()})


# of one argument, anywhere between 0 and 3
for _name in names("""
    cbrt cosdg cosm1 cotdg entr erf erfc erfcx exp1 exp10 exp2 expi expit exprel gamma gammaln i0
    i0e i1 i1e j0 j1 k0 k0e k1 k1e log_ndtr loggamma ndtr psi rgamma sinc sindg spence tandg y0 y1
    log_softmax logsumexp softmax
"""):
    add("special", **{_name: lambda x, n=_name: getattr(special, n)(x)})
for _name in names("ellipk ellipkm1 erfinv logit ndtri"):  # between 0 and 1
    add("special", **{_name: lambda x, n=_name: getattr(special, n)(x / 4)})
for _name in names("zetac"):
    add("special", **{_name: lambda x, n=_name: getattr(special, n)(x + 2)})
add(
    "special",
    betainc=lambda x: special.betainc(x + 1, like(x, Y), x / 4),
    betaincc=lambda x: special.betaincc(x + 1, like(x, Y), x / 4),
    betaincinv=lambda x: special.betaincinv(x + 1, like(x, Y), x / 4),
    betaln=lambda x: special.betaln(x, like(x, Y)),
    binom=lambda x: special.binom(x + 3, like(x, Y)),
    boxcox=lambda x: special.boxcox(x, like(x, Y)),
    boxcox1p=lambda x: special.boxcox1p(x, like(x, Y)),
    inv_boxcox=lambda x: special.inv_boxcox(x, like(x, Y)),
    inv_boxcox1p=lambda x: special.inv_boxcox1p(x, like(x, Y)),
    chdtr=lambda x: special.chdtr(like(x, Y), x),
    chdtrc=lambda x: special.chdtrc(like(x, Y), x),
    chdtri=lambda x: special.chdtri(like(x, Y), x / 4),
    fdtr=lambda x: special.fdtr(like(x, Y), like(x, Y), x),
    fdtrc=lambda x: special.fdtrc(like(x, Y), like(x, Y), x),
    gammainc=lambda x: special.gammainc(x, like(x, Y)),
    gammaincc=lambda x: special.gammaincc(x, like(x, Y)),
    gammaincinv=lambda x: special.gammaincinv(like(x, Y), x / 4),
    gammainccinv=lambda x: special.gammainccinv(like(x, Y), x / 4),
    gdtr=lambda x: special.gdtr(like(x, Y), like(x, Y), x),
    gdtrc=lambda x: special.gdtrc(like(x, Y), like(x, Y), x),
    huber=lambda x: special.huber(like(x, Y), x),
    hyp1f1=lambda x: special.hyp1f1(like(x, Y), like(x, Y) + 1, x),
    kl_div=lambda x: special.kl_div(x, like(x, Y)),
    multigammaln=lambda x: special.multigammaln(x + 3, 2),
    poch=lambda x: special.poch(x, like(x, Y)),
    polygamma=lambda x: special.polygamma(2, x),
    pseudo_huber=lambda x: special.pseudo_huber(like(x, Y), x),
    rel_entr=lambda x: special.rel_entr(x, like(x, Y)),
    stdtr=lambda x: special.stdtr(like(x, Y), x),
    stdtrit=lambda x: special.stdtrit(like(x, Y), x / 4),
    xlog1py=lambda x: special.xlog1py(x, like(x, Y)),
    xlogy=lambda x: special.xlogy(x, like(x, Y)),
    zeta=lambda x: special.zeta(x + 2),
)
for _name in names("""
    circmean circstd circvar differential_entropy directional_stats entropy gmean gstd gzscore hmean
    iqr jarque_bera kstat kstatvar kurtosis lmoment median_abs_deviation sem skew tmax tmean tmin
    tsem tstd tvar variation zscore describe
"""):
    add("stats", **{_name: lambda x, n=_name: getattr(stats, n)(x)})
del CALLS["stats.directional_stats"]
LONG = [0.1, 0.5, 1.7, 2.2, 0.4, 1.1, 0.8, 3.1, 0.35, 1.9, 2.4, 0.6, 1.3, 0.2, 2.9, 1.6]


def longer(x):
    return np.concatenate([x, like(x, LONG)]) if not _other(x) else _join(x)


def _other(x):
    return type(x).__module__.partition(".")[0] in ("torch", "jax", "jaxlib")


def _join(x):
    if type(x).__module__.startswith("torch"):
        import torch

        return torch.cat([x, like(x, LONG)])
    import jax.numpy as jnp

    return jnp.concatenate([x, like(x, LONG)])


add(
    "stats",
    alexandergovern=lambda x: stats.alexandergovern(x, like(x, Y)).statistic,
    bartlett=lambda x: stats.bartlett(x, like(x, Y)).statistic,
    boxcox_llf=lambda x: stats.boxcox_llf(0.7, x),
    chisquare=lambda x: stats.chisquare(x).statistic,
    combine_pvalues=lambda x: stats.combine_pvalues(x / 4).statistic,
    cramervonmises=lambda x: stats.cramervonmises(x, special.ndtr).statistic,
    directional_stats=lambda x: stats.directional_stats(matrix(x)).mean_direction,
    f_oneway=lambda x: stats.f_oneway(x, like(x, Y)).statistic,
    false_discovery_control=lambda x: stats.false_discovery_control(x / 4),
    kurtosistest=lambda x: stats.kurtosistest(longer(x)).statistic,
    levene=lambda x: stats.levene(x, like(x, Y)).statistic,
    moment=lambda x: stats.moment(x, 3),
    normaltest=lambda x: stats.normaltest(longer(x)).statistic,
    pearsonr=lambda x: stats.pearsonr(x, like(x, Y)).statistic,
    pmean=lambda x: stats.pmean(x, 1.7),
    power_divergence=lambda x: stats.power_divergence(x, lambda_="log-likelihood").statistic,
    quantile=lambda x: stats.quantile(x, like(x, 0.3)),
    sigmaclip=lambda x: stats.sigmaclip(x, 1.2, 1.2).clipped,
    skewtest=lambda x: stats.skewtest(longer(x)).statistic,
    trim_mean=lambda x: stats.trim_mean(x, 0.2),
    ttest_1samp=lambda x: stats.ttest_1samp(x, 0.3).statistic,
    ttest_ind=lambda x: stats.ttest_ind(x, like(x, Y)).statistic,
    ttest_ind_from_stats=lambda x: (
        stats.ttest_ind_from_stats(x[0], x[1], 5, x[2], x[3], 6).statistic
    ),
    ttest_rel=lambda x: stats.ttest_rel(x, like(x, Y)).statistic,
    yeojohnson_llf=lambda x: stats.yeojohnson_llf(0.7, x),
    zmap=lambda x: stats.zmap(x, like(x, Y)),
)
for _name in names("fft ifft rfft irfft hfft ihfft dct dst idct idst"):
    add("fft", **{_name: lambda x, n=_name: getattr(fft, n)(x)})
for _name in names("""
    fftn ifftn rfftn irfftn fft2 ifft2 rfft2 irfft2 hfftn hfft2 ihfftn ihfft2 dctn dstn idctn idstn
"""):
    add("fft", **{_name: lambda x, n=_name: getattr(fft, n)(matrix(x))})
add(
    "fft",
    fftshift=lambda x: fft.fftshift(x * x),
    ifftshift=lambda x: fft.ifftshift(x * x),
    fht=lambda x: fft.fht(x, 0.1, 0.5),
    ifht=lambda x: fft.ifht(x, 0.1, 0.5),
)
add(
    "integrate",
    trapezoid=lambda x: integrate.trapezoid(x * x),
    cumulative_trapezoid=lambda x: integrate.cumulative_trapezoid(x * x, dx=0.5),
    cumulative_simpson=lambda x: integrate.cumulative_simpson(x * x, dx=0.5),
    romb=lambda x: integrate.romb(x[:5] ** 2),
    tanhsinh=lambda x: integrate.tanhsinh(lambda t: t * t, 0 * x, x).integral,
    nsum=lambda x: integrate.nsum(lambda k: 1 / k**2, x * 0 + 1, x * 0 + 4).sum * x,
    simpson=lambda x: integrate.simpson(x * x),
)
add(
    "linalg",
    block_diag=lambda x: linalg.block_diag(x, like(x, Y)),
    fiedler=lambda x: linalg.fiedler(x),
    orthogonal_procrustes=lambda x: linalg.orthogonal_procrustes(matrix(x), matrix(like(x, Y)))[1],
)
add(
    "constants",
    convert_temperature=lambda x: scipy.constants.convert_temperature(x, "C", "F"),
    lambda2nu=lambda x: scipy.constants.lambda2nu(x) / 1e8,
    nu2lambda=lambda x: scipy.constants.nu2lambda(x) / 1e8,
)
add(
    "optimize",
    rosen=lambda x: scipy.optimize.rosen(x),
    rosen_der=lambda x: scipy.optimize.rosen_der(x),
    rosen_hess=lambda x: scipy.optimize.rosen_hess(x),
    rosen_hess_prod=lambda x: scipy.optimize.rosen_hess_prod(x, like(x, Y)),
)
add("cluster", whiten=lambda x: cluster_vq.whiten(matrix(x)),
    vq=lambda x: cluster_vq.vq(matrix(x), matrix(like(x, Y)))[1])  # fmt: skip
Rotation = scipy.spatial.transform.Rotation
Rigid = scipy.spatial.transform.RigidTransform
add(
    "spatial.transform.Rotation",
    from_rotvec=lambda x: Rotation.from_rotvec(x[:3]).as_matrix(),
    from_quat=lambda x: Rotation.from_quat(x[:4]).as_matrix(),
    from_euler=lambda x: Rotation.from_euler("xyz", x[:3]).as_matrix(),
    from_mrp=lambda x: Rotation.from_mrp(x[:3] / 3).as_matrix(),
    as_quat=lambda x: Rotation.from_rotvec(x[:3]).as_quat(),
    as_rotvec=lambda x: Rotation.from_quat(x[:4]).as_rotvec(),
    as_euler=lambda x: Rotation.from_rotvec(x[:3]).as_euler("xyz"),
    as_mrp=lambda x: Rotation.from_rotvec(x[:3]).as_mrp(),
    apply=lambda x: Rotation.from_rotvec(x[:3]).apply(x[3:]),
    __mul__=lambda x: (Rotation.from_rotvec(x[:3]) * Rotation.from_rotvec(x[3:])).as_matrix(),
    __pow__=lambda x: (Rotation.from_rotvec(x[:3]) ** 2.5).as_matrix(),
    inv=lambda x: Rotation.from_rotvec(x[:3]).inv().as_matrix(),
    magnitude=lambda x: Rotation.from_rotvec(x[:3]).magnitude(),
    mean=lambda x: Rotation.from_rotvec(matrix(x)).mean().as_matrix(),
)
add(
    "spatial.transform.RigidTransform",
    from_translation=lambda x: Rigid.from_translation(x[:3]).as_matrix(),
    from_exp_coords=lambda x: Rigid.from_exp_coords(x).as_matrix(),
    apply=lambda x: Rigid.from_exp_coords(x).apply(x[:3]),
    inv=lambda x: Rigid.from_exp_coords(x).inv().as_matrix(),
)
add(
    "interpolate",
    CubicSpline=lambda x: interpolate.CubicSpline(knots(x), x)(like(x, [1.5])),
    PchipInterpolator=lambda x: interpolate.PchipInterpolator(knots(x), x)(like(x, [1.5])),
    Akima1DInterpolator=lambda x: interpolate.Akima1DInterpolator(knots(x), x)(like(x, [1.5])),
    BSpline=lambda x: interpolate.BSpline(like(x, np.arange(10.0)), x, 3)(like(x, [4.5])),
    make_interp_spline=lambda x: interpolate.make_interp_spline(knots(x), x)(like(x, [1.5])),
    RBFInterpolator=lambda x: interpolate.RBFInterpolator(knots(x)[:, None], x)(like(x, [[1.5]])),
    RegularGridInterpolator=lambda x: interpolate.RegularGridInterpolator(
        (knots(x),), x)(like(x, [[1.5]])),
    CubicHermiteSpline=lambda x: interpolate.CubicHermiteSpline(knots(x), x, x)(like(x, [1.5])),
)  # fmt: skip
add(
    "signal",
    convolve=lambda x: signal.convolve(x, like(x, KERNEL)),
    correlate=lambda x: signal.correlate(x, like(x, KERNEL)),
    fftconvolve=lambda x: signal.fftconvolve(x, like(x, KERNEL)),
    oaconvolve=lambda x: signal.oaconvolve(x, like(x, KERNEL)),
    convolve2d=lambda x: signal.convolve2d(matrix(x), matrix(like(x, Y))),
    detrend=lambda x: signal.detrend(x),
    hilbert=lambda x: signal.hilbert(x),
    lfilter=lambda x: signal.lfilter(like(x, KERNEL), like(x, [1.0, 0.3]), x),
    resample=lambda x: signal.resample(x, 8),
    savgol_filter=lambda x: signal.savgol_filter(x, 3, 1),
    sosfilt=lambda x: signal.sosfilt(like(x, [[0.2, 0.5, -0.3, 1.0, 0.3, 0.1]]), x),
    zpk2tf=lambda x: signal.zpk2tf(x[:2], x[2:4], 1.5),
    freqz=lambda x: signal.freqz(x, like(x, [1.0]), worN=5)[1],
    medfilt=lambda x: signal.medfilt(x, 3),
    wiener=lambda x: signal.wiener(x, 3),
    vectorstrength=lambda x: signal.vectorstrength(x, 2.0),
    gauss_spline=lambda x: signal.gauss_spline(x, 2),
    bilinear=lambda x: signal.bilinear(x[:3], x[3:]),
    normalize=lambda x: signal.normalize(x[:3], x[3:]),
    lp2lp=lambda x: signal.lp2lp(x[:3], x[3:], 2.0),
    envelope=lambda x: signal.envelope(x),
    deconvolve=lambda x: signal.deconvolve(x, like(x, KERNEL)),
)
add(
    "ndimage",
    gaussian_filter=lambda x: ndimage.gaussian_filter(x, 1.0),
    convolve=lambda x: ndimage.convolve(x, like(x, KERNEL)),
    uniform_filter=lambda x: ndimage.uniform_filter(x, 3),
    zoom=lambda x: ndimage.zoom(x, 2),
    map_coordinates=lambda x: ndimage.map_coordinates(x, like(x, [[1.5, 2.5]]), order=1),
    median_filter=lambda x: ndimage.median_filter(x, 3),
    sobel=lambda x: ndimage.sobel(x),
    sum=lambda x: ndimage.sum(x * x),
    mean=lambda x: ndimage.mean(x * x),
    shift=lambda x: ndimage.shift(x, 0.5),
    laplace=lambda x: ndimage.laplace(x),
    vectorized_filter=lambda x: ndimage.vectorized_filter(x, x.__array_namespace__().mean, size=3),
)
add("differentiate",
    derivative=lambda x: scipy.differentiate.derivative(lambda t: t**3, x).df)  # fmt: skip


def total(made, ns):
    """One number of a result: a sum with fixed weights, so that no derivative cancels."""
    if isinstance(made, (tuple, list)) or hasattr(made, "_fields"):
        return sum(total(part, ns) for part in made if part is not None)
    if not hasattr(made, "shape"):
        return made
    if "complex" in str(made.dtype):
        return total(ns.real(made), ns) + 0.7 * total(ns.imag(made), ns)
    size = int(np.prod(made.shape))
    weights = np.cos(np.arange(1.0, size + 1)).reshape(made.shape)
    if "torch" in str(type(made)):
        import torch

        weights = torch.asarray(weights)
    return ns.sum(made * weights)


def of(name, ns):
    return lambda x: total(CALLS[name](x), ns)


def outcome(wanted, find, refusals):
    try:
        found = float(find())
    except refusals as error:
        return "refused", str(error)
    except Exception as error:  # what came, the page and the test show
        inner = error.__cause__ or error.__context__  # SciPy catches some errors to say it its way
        if refusals and isinstance(inner, refusals):
            return "refused", str(inner)
        return f"{type(error).__name__}", str(error)
    close = abs(found - wanted) < 2e-5 * (1 + abs(wanted))
    return ("right" if close else "wrong"), f"{found} instead of {wanted}"


def slope(name):
    """The derivative along DIRECTION by central differences of two steps, on plain arrays."""
    f, h = of(name, np), 1e-3

    def middle(h):
        return (float(f(X + h * DIRECTION)) - float(f(X - h * DIRECTION))) / (2 * h)

    a, b, c = middle(h), middle(h / 2), middle(h / 4)
    first, second = (4 * b - a) / 3, (4 * c - b) / 3
    return (16 * second - first) / 15


def ours(name):
    from autograd_core import AutogradError, Tensor, grad, jvp

    f, wanted = of(name, np), slope(name)

    def by_hand():
        x = Tensor(X, requires_grad=True)
        f(x).backward()
        return x.grad @ DIRECTION

    return {
        "by hand": outcome(wanted, by_hand, AutogradError),
        "reverse": outcome(wanted, lambda: grad(f)(X) @ DIRECTION, AutogradError),
        "forward": outcome(wanted, lambda: jvp(f, (X,), (DIRECTION,))[1], AutogradError),
        "here": here(name),
    }


OURS = names("fft integrate interpolate linalg ndimage signal special stats")


def here(name):
    """The same call of the modules in autograd_core.scipy, beside plain arrays."""
    import autograd_core.scipy
    from autograd_core import AutogradError, grad

    wanted, before = slope(name), dict(globals())
    globals().update({module: getattr(autograd_core.scipy, module) for module in OURS})
    globals()["cluster_vq"] = autograd_core.scipy.cluster.vq
    globals()["like"] = lambda x, data: np.asarray(data, dtype=float)
    try:
        return outcome(wanted, lambda: grad(of(name, np))(X) @ DIRECTION, AutogradError)
    finally:
        globals().update(before)


def jax(name):
    import jax

    jax.config.update("jax_enable_x64", True)
    f, wanted = of(name, jax.numpy), slope(name)
    x, v = jax.numpy.asarray(X), jax.numpy.asarray(DIRECTION)
    return {
        "reverse": outcome(wanted, lambda: jax.grad(f)(x) @ v, ()),
        "forward": outcome(wanted, lambda: jax.jvp(f, (x,), (v,))[1], ()),
    }


def torch(name):
    import torch

    f, wanted = of(name, torch), slope(name)
    v = torch.asarray(DIRECTION)

    def reverse():
        x = torch.asarray(X).requires_grad_(True)
        return torch.autograd.grad(f(x), x)[0] @ v

    return {
        "reverse": outcome(wanted, reverse, ()),
        "forward": outcome(wanted, lambda: torch.func.jvp(f, (torch.asarray(X),), (v,))[1], ()),
    }


def capable():
    """Names of SciPy's functions that its own table says take arrays of the standard."""
    from scipy._lib._array_api import xp_capabilities_table

    return sorted(
        {
            f"{f.__module__}.{f.__name__}"
            for f, entry in xp_capabilities_table.items()
            if not entry["np_only"] and not entry["out_of_scope"]
        }
    )


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    run = {"ours": ours, "jax": jax, "torch": torch}[sys.argv[1]]
    names = sys.argv[2:] or CALLS
    with np.errstate(all="ignore"):
        json.dump({name: run(name) for name in names}, sys.stdout)
