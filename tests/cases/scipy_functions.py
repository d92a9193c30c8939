"""SciPy: ufuncs of scipy.special as they are, the rest through autograd_core.scipy."""

from __future__ import annotations

import numpy as np

from cases import scipy_linalg
from cases.case import Case, between, binary, fixed, matrix, named, positive, real, spd, unary

try:
    import scipy.special as sp

    from autograd_core.scipy import integrate, linalg, signal, special, stats
except ImportError:  # SciPy is optional
    sp = None

CASES: list[Case] = []


def _some(*shape):
    return between(0.6, 2.4, *shape)


def _inside(*shape):
    return between(0.15, 0.85, *shape)


def _left_triangle(f):
    """f of a lower triangle and a right side."""
    return lambda a, b: f(np.tril(a), b)


if sp is not None:
    for f, draw in [
        (sp.gamma, _some),
        (sp.gammaln, _some),
        (sp.loggamma, _some),
        (sp.rgamma, _some),
        (sp.psi, _some),
        (sp.erf, real),
        (sp.erfc, real),
        (sp.erfcx, real),
        (sp.erfi, real),
        (sp.dawsn, real),
        (sp.erfinv, _inside),
        (sp.erfcinv, _inside),
        (sp.ndtr, real),
        (sp.log_ndtr, real),
        (sp.ndtri, _inside),
        (sp.expit, real),
        (sp.log_expit, real),
        (sp.logit, _inside),
        (sp.exprel, real),
        (sp.entr, positive),
        (sp.exp10, real),
        (sp.cosm1, real),
        (sp.spence, _some),
        (sp.exp1, _some),
        (sp.expi, _some),
        (sp.wrightomega, real),
        (sp.j0, real),
        (sp.j1, real),
        (sp.y0, _some),
        (sp.y1, _some),
        (sp.i0, real),
        (sp.i1, real),
        (sp.k0, _some),
        (sp.k1, _some),
        (sp.k0e, _some),
        (sp.k1e, _some),
        (sp.sindg, real),
        (sp.cosdg, real),
        (sp.tandg, real),
        (sp.cotdg, _some),
        (sp.i0e, real),
        (sp.i1e, real),
        (sp.gammasgn, _some),
        (sp.cbrt, real),
        (sp.exp2, real),
        (sp.expm1, real),
        (sp.log1p, positive),
        (sp.round, lambda *s: between(0.1, 0.4, *s)),
    ]:
        CASES += unary(f, draw, analytic=False, name=f"scipy-{f.__name__}", core=False, rtol=1e-6)
    PAIRS = [((2, 3), (3,)), ((), ())]
    for f, first, second in [
        (sp.beta, _some, _some),
        (sp.betaln, _some, _some),
        (sp.poch, _some, _some),
        (sp.binom, lambda *s: between(3.1, 4.0, *s), _some),
        (sp.xlogy, real, positive),
        (sp.xlog1py, real, positive),
        (sp.rel_entr, positive, positive),
        (sp.kl_div, positive, positive),
        (sp.pseudo_huber, positive, real),
        (sp.powm1, positive, real),
        (sp.huber, lambda *s: between(0.5, 0.55, *s), real),
        (sp.huber, lambda *s: between(2.0, 2.1, *s), real),
    ]:
        CASES += binary(
            f,
            first,
            second,
            PAIRS,
            analytic=False,
            core=False,
            rtol=1e-6,
            name=f"scipy-{f.__name__}-{len(CASES)}",
        )

    def _order(*shape):
        return between(0.2, 4.2, *shape)

    # in both arguments: the order, the shape parameter, the power
    for f, first, second in [
        (sp.stdtr, _some, real),
        (sp.gammainc, _some, _some),
        (sp.gammainc, lambda *s: between(5.0, 20.0, *s), _some),
        (sp.gammainc, _inside, lambda *s: between(3.0, 9.0, *s)),
        (sp.gammaincc, _some, _some),
        (sp.chdtr, _some, _some),
        (sp.chdtrc, _some, _some),
        (sp.chdtri, _some, _inside),
        (sp.stdtrit, _some, _inside),
        (sp.gammaincinv, _some, _inside),
        (sp.gammainccinv, _some, _inside),
        (sp.jv, _order, _some),
        (sp.jv, _order, lambda *s: between(8.0, 20.0, *s)),
        (sp.yv, _order, _some),
        (sp.iv, _order, _some),
        (sp.iv, _order, lambda *s: between(31.0, 33.0, *s)),
        (sp.ive, _order, _some),
        (sp.kv, _order, _some),
        (sp.kve, _order, _some),
        (sp.boxcox, positive, real),
        (sp.boxcox1p, positive, real),
        (sp.inv_boxcox, _inside, _inside),
        (sp.inv_boxcox1p, _inside, _inside),
    ]:
        CASES += binary(
            f,
            first,
            second,
            PAIRS,
            analytic=False,
            core=False,
            float32=f not in (sp.jv, sp.yv, sp.iv, sp.ive, sp.kv, sp.kve),
            rtol=1e-6,
            name=f"scipy-{f.__name__}-both-{len(CASES)}",
        )
    for f, last in [
        (sp.betainc, _inside),
        (sp.betaincc, _inside),
        (sp.betaincinv, _inside),
        (sp.fdtr, _some),
        (sp.fdtrc, _some),
        (sp.betainccinv, _inside),
        (sp.gdtr, _some),
        (sp.gdtrc, _some),
    ]:
        for a, b in ((_some, _some), (_inside, lambda *s: between(4.0, 9.0, *s))):
            CASES.append(
                named(
                    f"scipy-{f.__name__}-all-{len(CASES)}",
                    f,
                    a(3),
                    b(2, 1),
                    last(3),
                    analytic=False,
                    core=False,
                    float32=False,
                    rtol=1e-6,
                )
            )
    for name, f, draw in [
        ("gammainc", lambda x: sp.gammainc(1.7, x), _some),
        ("gammaincc", lambda x: sp.gammaincc(1.7, x), _some),
        ("gammaincinv", lambda x: sp.gammaincinv(1.7, x), _inside),
        ("gammainccinv", lambda x: sp.gammainccinv(1.7, x), _inside),
        ("betainc", lambda x: sp.betainc(1.7, 2.2, x), _inside),
        ("betaincinv", lambda x: sp.betaincinv(1.7, 2.2, x), _inside),
        ("ellipk", sp.ellipk, _inside),
        ("ellipk-near-0", lambda x: sp.ellipk(x - 0.5) + sp.ellipk(1e-3 * x), _inside),
        ("ellipkm1", sp.ellipkm1, _inside),
        ("ellipe", sp.ellipe, _inside),
        ("ellipe-below", lambda x: sp.ellipe(-3.0 * x), _inside),
        ("boxcox", lambda x: sp.boxcox(x, 0.7), positive),
        ("jv", lambda x: sp.jv(1.3, x), _some),
        ("yv", lambda x: sp.yv(1.3, x), _some),
        ("yn", lambda x: sp.yn(2, x), _some),
        ("iv", lambda x: sp.iv(1.3, x), _some),
        ("kv", lambda x: sp.kv(1.3, x), _some),
        ("kn", lambda x: sp.kn(2, x), _some),
        ("ive", lambda x: sp.ive(1.3, x), _some),
        ("polygamma", lambda x: special.polygamma(1, x), _some),
        ("polygamma-0", lambda x: special.polygamma(0, x), _some),
        ("multigammaln", lambda x: special.multigammaln(x, 3), lambda *s: between(2.1, 4.0, *s)),
        ("logsumexp", lambda x: special.logsumexp(x, axis=1), real),
        ("logsumexp-b", lambda x: special.logsumexp(x, b=[1.0, 2.0], axis=1), real),
        ("softmax", lambda x: special.softmax(x, axis=0), real),
        ("log_softmax", lambda x: special.log_softmax(x), real),
        ("pass-through", lambda x: special.gamma(x), _some),
    ]:
        CASES.append(
            named(
                f"scipy-{name}", f, draw(3, 2), analytic=False, core=False, float32=False, rtol=1e-6
            )
        )

    N = stats.norm
    CASES += [
        named(f"scipy-{name}", f, *draws, analytic=False, core=False, float32=False)
        for name, f, draws in [
            (
                "solve_triangular",
                _left_triangle(lambda a, b: linalg.solve_triangular(a, b, lower=True)),
                (matrix(3, 3), real(3, 2)),
            ),
            ("solve_triangular-upper", linalg.solve_triangular, (matrix(3, 3), real(3))),
            (
                "solve_triangular-T",
                lambda a, b: linalg.solve_triangular(a, b, trans=1, lower=True),
                (matrix(3, 3), real(3, 2)),
            ),
            (
                "solve_triangular-T-vector",
                lambda a, b: linalg.solve_triangular(a, b, trans="T"),
                (matrix(3, 3), real(3)),
            ),
            (
                "solve_triangular-unit",
                lambda a, b: linalg.solve_triangular(a, b, lower=True, unit_diagonal=True),
                (matrix(3, 3), real(3)),
            ),
            ("cho_solve", lambda c, b: linalg.cho_solve((c, True), b), (matrix(3, 3), real(3))),
            (
                "cho_solve-upper",
                lambda c, b: linalg.cho_solve((c, False), b),
                (matrix(3, 3), real(3, 2)),
            ),
            ("cholesky", lambda a: linalg.cholesky((a + a.T) / 2), (spd(3, 3),)),
            ("cholesky-lower", lambda a: linalg.cholesky((a + a.T) / 2, lower=True), (spd(3, 3),)),
            (
                "solve_banded",
                lambda ab, b: linalg.solve_banded((1, 2), ab, b),
                (lambda rng: rng.uniform(0, 0.5, (4, 5)) + np.eye(4)[2][:, None] * 2.0, real(5)),
            ),
            (
                "solve_banded-matrix",
                lambda ab, b: linalg.solve_banded((1, 1), ab, b),
                (lambda rng: rng.uniform(0, 0.5, (3, 4)) + np.eye(3)[1][:, None] * 2.0, real(4, 2)),
            ),
            ("solve", linalg.solve, (matrix(3, 3), real(3, 2))),
            ("inv", linalg.inv, (matrix(3, 3),)),
            ("det", linalg.det, (matrix(3, 3),)),
            (
                "cho_factor",
                lambda a, b: linalg.cho_solve(linalg.cho_factor((a + a.T) / 2), b),
                (spd(3, 3), real(3)),
            ),
            ("logm", linalg.logm, (spd(3, 3),)),
            ("fftconvolve", signal.fftconvolve, (real(5), real(3))),
            ("expm", linalg.expm, (matrix(3, 3),)),
            ("sqrtm", linalg.sqrtm, (spd(3, 3),)),
            ("solve_sylvester", linalg.solve_sylvester, (matrix(3, 3), matrix(2, 2), real(3, 2))),
            *[
                (
                    f"convolve-{m}-{i}",
                    lambda a, b, m=m: signal.convolve(a, b, m, "direct"),
                    (real(*s), real(*u)),
                )
                for m in ("full", "same", "valid")
                for i, (s, u) in enumerate(
                    [((5,), (3,)), ((5, 4), (2, 3)), ((4, 4), (4, 2)), ((3,), (5,))]
                )
            ],
            (
                "correlate",
                lambda a, b: signal.correlate(a, b, "full", "direct"),
                (real(4), real(3)),
            ),
            ("norm.logpdf", N.logpdf, (real(3), real(), positive())),
            ("norm.pdf", lambda x, s: N.pdf(x, scale=s), (real(3), positive())),
            ("norm.cdf", N.cdf, (real(3), real(), positive())),
            ("norm.sf", N.sf, (real(3), real(), positive())),
            ("norm.logcdf", N.logcdf, (real(3), real(), positive())),
            ("norm.logsf", N.logsf, (real(3), real(), positive())),
            ("norm.ppf", N.ppf, (_inside(3), real(), positive())),
            ("gamma.ppf", stats.gamma.ppf, (_inside(3), _some(), real(), positive())),
            ("beta.isf", stats.beta.isf, (_inside(3), _some(), _some())),
            ("lognorm.mean", stats.lognorm.mean, (_inside(3), real(), positive())),
            ("t.entropy", stats.t.entropy, (_some(3), real(), positive())),
            (
                "frozen",
                lambda x, m, s: stats.norm(m, scale=s).logpdf(x),
                (real(3), real(), positive()),
            ),
            ("gamma.logpdf", stats.gamma.logpdf, (_some(3), _some(), fixed(0.2), positive())),
            ("gamma.cdf", lambda x: stats.gamma.cdf(x, 1.7), (_some(3),)),
            ("gamma.sf", lambda x: stats.gamma.sf(x, 1.7), (_some(3),)),
            ("chi2.logpdf", stats.chi2.logpdf, (_some(3), _some())),
            ("chi2.cdf", lambda x: stats.chi2.cdf(x, 2.5), (_some(3),)),
            ("beta.logpdf", stats.beta.logpdf, (_inside(3), _some(), _some())),
            ("beta.cdf", lambda x: stats.beta.cdf(x, 1.5, 2.5), (_inside(3),)),
            ("t.logpdf", stats.t.logpdf, (real(3), _some(), real(), positive())),
            ("t.cdf", stats.t.cdf, (real(3), _some(2, 1), real(), positive())),
            ("t.sf", stats.t.sf, (lambda rng: np.array([-0.4, 0.0, 2.0]), _some())),
            (
                "poisson.cdf",
                lambda mu: stats.poisson.cdf(np.array([0.0, 2.5, 5.0]), mu),
                (positive(3),),
            ),
            ("expon.logpdf", stats.expon.logpdf, (positive(3), fixed(0.1), positive())),
            ("expon.cdf", stats.expon.cdf, (positive(3),)),
            ("expon.logsf", stats.expon.logsf, (positive(3),)),
            ("laplace.logpdf", stats.laplace.logpdf, (real(3), fixed(0.01), positive())),
            ("logistic.logpdf", stats.logistic.logpdf, (real(3), real(), positive())),
            ("logistic.cdf", stats.logistic.cdf, (real(3), real(), positive())),
            ("logistic.logcdf", stats.logistic.logcdf, (real(3),)),
            ("cauchy.logpdf", stats.cauchy.logpdf, (real(3), real(), positive())),
            ("cauchy.cdf", stats.cauchy.cdf, (real(3), real(), positive())),
            (
                "poisson.logpmf",
                lambda mu: stats.poisson.logpmf(np.array([0.0, 2.0, 5.0]), mu),
                (positive(3),),
            ),
            ("poisson.pmf", lambda mu: stats.poisson.pmf(np.array([0.0, 2.0]), mu), (positive(),)),
            (
                "bernoulli.logpmf",
                lambda p: stats.bernoulli.logpmf(np.array([0.0, 1.0]), p),
                (_inside(2),),
            ),
            ("bernoulli.pmf", lambda p: stats.bernoulli.pmf(np.array([0.0, 1.0]), p), (_inside(),)),
            (
                "multivariate_normal.logpdf",
                lambda x, m, c: stats.multivariate_normal.logpdf(x, m, (c + c.T) / 2),
                (real(4, 3), real(3), spd(3, 3)),
            ),
            (
                "multivariate_normal.pdf",
                lambda x, m, c: stats.multivariate_normal.pdf(x, m, (c + c.T) / 2),
                (real(3), real(3), spd(3, 3)),
            ),
            (
                "multivariate_normal.entropy",
                lambda c: stats.multivariate_normal.entropy(np.zeros(3), (c + c.T) / 2),
                (spd(3, 3),),
            ),
            ("dirichlet.logpdf", stats.dirichlet.logpdf, (fixed([0.2, 0.3]), _some(3))),
            ("dirichlet.pdf", stats.dirichlet.pdf, (fixed([0.2, 0.3]), _some(3))),
        ]
    ]

    def _pendulum(y, t, k):
        return np.stack([y[1], -k[0] * np.sin(y[0]) - k[1] * y[1] * t])

    CASES += [
        named(
            "scipy-odeint",
            lambda y0, t, k: integrate.odeint(_pendulum, y0, t, (k,), rtol=1e-10, atol=1e-10),
            fixed([0.5, -0.2]),
            fixed([0.0, 0.1, 0.3]),
            fixed([1.5, 0.3]),
            analytic=False,
            core=False,
            float32=False,
            rtol=1e-5,
            agreement=1e-6,
        ),
        named(
            "scipy-odeint-matrix",
            lambda y0, a: integrate.odeint(
                lambda y, t, a: a @ y, y0, [0.0, 0.5], (a,), rtol=1e-10, atol=1e-10
            ),
            real(2, 2),
            real(2, 2),
            analytic=False,
            core=False,
            float32=False,
            rtol=1e-5,
            agreement=1e-6,
        ),
    ]

    _KELVIN = (sp.ber, sp.bei, sp.ker, sp.kei, sp.berp, sp.beip, sp.kerp, sp.keip)
    _POLYNOMIALS = (
        sp.eval_legendre, sp.eval_chebyt, sp.eval_chebyu, sp.eval_chebyc, sp.eval_chebys,
        sp.eval_sh_legendre, sp.eval_sh_chebyt, sp.eval_sh_chebyu, sp.eval_hermite,
        sp.eval_hermitenorm, sp.eval_laguerre,
    )  # fmt: skip

    def _all(f):
        return lambda x: np.stack(f(x))

    # of one argument, which float32 keeps
    for f, draw in [
        (sp.zetac, lambda *s: between(1.5, 4.0, *s)),
        (sp.zeta, lambda *s: between(1.5, 4.0, *s)),
        (sp.ndtri_exp, lambda *s: between(-3.0, -0.2, *s)),
    ]:
        CASES += unary(f, draw, analytic=False, name=f"scipy-{f.__name__}", core=False, rtol=1e-6)
    for k, (f, first, second) in enumerate(
        [
            (sp.hyp0f1, _some, real),
            (sp.zeta, lambda *s: between(1.5, 4.0, *s), _some),
            (sp.ellipkinc, lambda *s: between(0.2, 5.0, *s), lambda *s: between(0.1, 0.6, *s)),
            (sp.ellipkinc, real, lambda *s: between(-0.01, 0.01, *s)),
            (sp.ellipeinc, lambda *s: between(0.2, 5.0, *s), lambda *s: between(-0.7, -0.1, *s)),
            (sp.ellipeinc, real, lambda *s: between(-0.01, 0.01, *s)),
            (sp.owens_t, real, real),
            (special.comb, lambda *s: between(3.1, 4.0, *s), _some),
        ]
    ):
        name = f"scipy-{f.__name__}-two-{k}"
        CASES += binary(
            f, first, second, PAIRS, analytic=False, core=False, rtol=1e-6, name=name
        )  # fmt: skip
    CASES += [
        named(f"scipy-{name}", f, *draws, analytic=False, core=False, float32=False, rtol=1e-6)
        for name, f, draws in [
            ("hyp1f1-right", sp.hyp1f1, (_some(3), _some(2, 1), real(3))),
            ("hyp1f1-far", lambda v: sp.hyp1f1(*v), (between(-6.0, -2.0, 3),)),
            ("hyp2f1-right", lambda v: sp.hyp2f1(*v), (between(0.2, 0.6, 4),)),
            ("hyp2f1-left", lambda v: sp.hyp2f1(v[0], v[1], v[2], -v[3]), (_some(4),)),
            ("voigt_profile", sp.voigt_profile, (real(3), _some(), _some())),
            ("zeta-left-of-1", lambda x: special.zeta(-3.0 * x), (_some(3),)),
            ("sici", _all(sp.sici), (_some(3),)),
            ("shichi", _all(sp.shichi), (_some(3),)),
            ("fresnel", _all(sp.fresnel), (real(3),)),
            ("airy", _all(sp.airy), (real(3),)),
            ("ellipj", lambda x: np.stack(sp.ellipj(x, 0.4)), (real(3),)),
            ("expn", lambda x: sp.expn(np.array([[0], [1], [4]]), x), (_some(2),)),
            ("struve", lambda x: sp.struve(1.3, x) * sp.modstruve(0.4, x), (_some(3),)),
            (
                "wofz",
                lambda x: np.real(sp.wofz(x + 0.3j)) + np.imag(sp.wofz(60.0 * x)),
                (_some(3),),
            ),
            (
                "hankel",
                lambda x: np.imag(sp.hankel1(1.3, x)) * np.real(sp.hankel2(0.4, x)),
                (_some(3),),
            ),
            (
                "lambertw",
                lambda x: np.real(sp.lambertw(x)) + np.imag(special.lambertw(x, -1)),
                (_some(3),),
            ),
            ("factorial", special.factorial, (real(3),)),
            ("bdtr", lambda p: sp.bdtr(2.0, 5, p) * sp.bdtrc(1.0, 3, p), (_inside(3),)),
            ("nbdtr", lambda p: sp.nbdtr(2, 5, p) * sp.nbdtrc(1, 3, p), (_inside(3),)),
            ("pdtr", lambda m: sp.pdtr(1.7, m) * sp.pdtrc(2, m), (_some(3),)),
            ("gegenbauer", lambda x: sp.eval_gegenbauer(4, 0.7, x), (_inside(2),)),
            ("genlaguerre", lambda x: sp.eval_genlaguerre(4, 0.7, x), (_inside(2),)),
            ("jacobi", lambda x: sp.eval_jacobi(4, 0.7, 1.2, x), (_inside(2),)),
            ("kelvin", lambda x: np.stack([f(x) for f in _KELVIN]), (_some(2),)),
            (
                "polynomials",
                lambda x: np.stack([f(np.array([0, 3]), x) for f in _POLYNOMIALS]),
                (_inside(2),),
            ),
        ]
    ]

CASES += scipy_linalg.CASES
