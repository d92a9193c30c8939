"""Functions without branches, which LLVM runs on whole vectors of numbers.

Ranges are reduced and results scaled with bits; between them stand polynomials, whose coefficients
are minimax fits (of exp and erf) or those of FDLIBM (logarithms; Sun Microsystems, 1993) and of
N. Juffa (erf in single precision).  NaN, infinities, signed zeros, overflow and subnormal numbers
are as NumPy has them.  Largest errors in units in the last place, over random bit patterns and
dense grids (tests/workers/test_vector_math.py):

==========  =======  =======
function    float32  float64
==========  =======  =======
exp         1.2      1.2
expm1       1.8      2.4
log         1.0      1.0
log1p       1.0      1.0
tanh        1.8      1.8
sigmoid     2.4      2.4
erf         1.3      1.3
==========  =======  =======
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from autograd_core.workers.compiled.lane import Lane, choose, lanewise, polynomial


class _Format(NamedTuple):
    """What the formulas need to know of a floating-point format."""

    fraction: int  # bits of it
    bias: int  # of the exponent
    magic: float  # added to a small number, it leaves the nearest integer in the lowest bits
    log2_high: float  # log(2), its first digits
    log2_low: float  # and what is missing
    high: float  # exp of more is infinite
    low: float  # exp of less is 0
    exp: tuple[float, ...]  # (exp(r) - 1 - r) / r**2 for abs(r) <= log(2) / 2
    root: int  # the bits of the root of 1/2, cut off
    log: tuple[float, ...]  # those of FDLIBM
    tanh: tuple[float, ...]  # (tanh(x) / x - 1) / x**2 of x**2, for abs(x) <= 0.55


_SINGLE = _Format(
    23, 127, 1.5 * 2**23, 0.693359375, math.log(2) - 0.693359375, 89.0, -104.0,
    (0.5000000095417068, 0.16666518818988876, 0.041666204518279404, 0.008368888204842861,
     0.001395058271447714),
    0x3F3504F3,
    (0.66666662693, 0.40000972152, 0.28498786688, 0.24279078841),
    (-0.33333317411479896, 0.1333258084578731, -0.053851724119935954, 0.021069141175448076,
     -0.006270476194779133),
)  # fmt: skip
_DOUBLE = _Format(
    52, 1023, 1.5 * 2**52, 6.93147180369123816490e-01, 1.90821492927058770002e-10, 710.0, -746.0,
    (0.5000000000000013, 0.1666666666666669, 0.04166666666651434, 0.008333333333311438,
     0.0013888888947248502, 0.00019841269908822077, 2.4801489735279015e-05,
     2.755722356129188e-06, 2.7631345612803163e-07, 2.5115655786558008e-08),
    0x3FE6A09E00000000,
    (6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01,
     2.222219843214978396e-01, 1.818357216161805012e-01, 1.531383769920937332e-01,
     1.479819860511658591e-01),
    (-0.333333333333333, 0.13333333333326505, -0.05396825396369247, 0.02186948838387278,
     -0.008863232568330813, 0.003592091689204315, -0.00145554060270863, 0.0005884350631483442,
     -0.0002333570845910531, 8.32806273257098e-05, -1.947211942986243e-05),
)  # fmt: skip


def _format(x: Lane) -> _Format:
    return _DOUBLE if x.double else _SINGLE


def _power_of_two(f: _Format, n: Lane) -> Lane:
    """Return 2**n, n an integer as a float, within the exponents of normal numbers."""
    return (((n + f.magic).bits() + f.bias) << f.fraction).number()


def _reduced(f: _Format, x: Lane) -> tuple[Lane, Lane]:
    """Return n and r with x = n log(2) + r, abs(r) <= log(2) / 2."""
    n = (x * math.log2(math.e) + f.magic) - f.magic
    return n, n.times_plus(-f.log2_low, n.times_plus(-f.log2_high, x))


def _held(x: Lane, low: float, high: float) -> Lane:
    """Return x within bounds; NaN stays NaN."""
    x = choose(x > high, high, x)
    return choose(x < low, low, x)


def _exp(x: Lane) -> Lane:
    f = _format(x)
    none = x < f.low  # works on 1 instead: processors take fifty times as long to make subnormals
    n, r = _reduced(f, choose(none, 0.0, choose(x > f.high, f.high, x)))
    p = (r * r).times_plus(polynomial(r, *f.exp), r) + 1.0
    half = (n * 0.5 + f.magic) - f.magic  # in two steps: 2**n may be no normal number
    return choose(none, 0.0, p * _power_of_two(f, half) * _power_of_two(f, n - half))


def _expm1(x: Lane) -> Lane:
    f = _format(x)
    n, r = _reduced(f, _held(x, -0.7 * (f.fraction + 3), f.high))
    p = (r * r).times_plus(polynomial(r, *f.exp), r)
    half = _power_of_two(f, n - 1.0)  # 2**n may be infinite where the result is not
    made = half.times_plus(p, half - 0.5) * 2.0
    return choose(x.size() < 2.0 ** -(f.fraction + 2), x, made)  # -0 too


def _split(f: _Format, x: Lane) -> tuple[Lane, Lane]:
    """Return k and m with x = 2**k m, m between the roots of 1/2 and 2; x is normal."""
    one = f.bias << f.fraction
    bits = x.bits() + (one - f.root)
    k = (bits >> f.fraction) - f.bias
    return k.as_float(), ((bits & ((1 << f.fraction) - 1)) + f.root).number()


def _log_sum(f: _Format, k: Lane, x: Lane, rest: Any) -> Lane:
    """Return k log(2) + log(1 + x) + rest, abs(x) < 0.42."""
    half = x * x * 0.5
    s = x / (x + 2.0)
    z = s * s
    series = z * polynomial(z, *f.log)
    low = s.times_plus(half + series, k.times_plus(f.log2_low, rest))
    return k.times_plus(f.log2_high, (low - half) + x)


def _log(x: Lane) -> Lane:
    f = _format(x)
    tiny = 2.0 ** (1 - f.bias)
    small = x < tiny
    k, m = _split(f, choose(small, x * 2.0**f.fraction, x))
    k = choose(small, k - float(f.fraction), k)
    made = _log_sum(f, k, m - 1.0, x * 0.0)
    made = choose(x == math.inf, math.inf, made)
    made = choose(x == 0.0, -math.inf, made)
    return choose(x < 0.0, math.nan, made)


def _log1p(x: Lane) -> Lane:
    f = _format(x)
    u = x + 1.0
    k, m = _split(f, u)
    rest = choose(k >= 2.0, 1.0 - (u - x), x - (u - 1.0)) / u  # what rounding took from 1 + x
    near = k == 0.0
    made = _log_sum(f, k, choose(near, x, m - 1.0), choose(near, 0.0, rest))
    made = choose(x == math.inf, math.inf, made)
    made = choose(x == -1.0, -math.inf, made)
    made = choose(x < -1.0, math.nan, made)
    return choose(x.size() < 2.0 ** -(f.fraction + 2), x, made)


def _tanh(x: Lane) -> Lane:
    f = _format(x)
    square = x * x
    near = (x * square).times_plus(polynomial(square, *f.tanh), x)
    size = x.size()
    size = choose(size > 20.0, 20.0, size)
    n, r = _reduced(f, size * -2.0)
    q = ((r * r).times_plus(polynomial(r, *f.exp), r) + 1.0) * _power_of_two(f, n)
    far = 1.0 - (q * 2.0) / (q + 1.0)
    return choose(size < 0.55, near, far).signed_as(x)


def _sigmoid(x: Lane) -> Lane:
    e = _exp(-x.size())
    return choose(x >= 0.0, 1.0, e) / (e + 1.0)


def _erf_single(x: Lane) -> Lane:
    t, s = x.size(), x * x
    t = choose(t > 4.0, 4.0, t)
    far = polynomial(
        t, 0.0, -1.28717512e-1 - 1.0, -6.34846687e-1, -1.06777877e-1, 2.42546219e-2, -3.88396438e-3,
        3.83197126e-4, -1.72853470e-5,
    )  # fmt: skip
    near = polynomial(
        s, 1.28379166e-1, -3.76125336e-1, 1.12819925e-1, -2.67681349e-2, 4.99119423e-3,
        -5.96761703e-4,
    )  # fmt: skip
    return choose(t > 0.927734375, (1.0 - _exp(far)).signed_as(x), x.times_plus(near, x))


# erf(x) / x - 1 of x * x for abs(x) <= 1, and -log(1 - erf(1 + t)) for 0 to 5
_NEAR = (
    0.12837916709551256, -0.3761263890318352, 0.11283791670944181, -0.026866170643110896,
    0.005223977606113981, -0.0008548325929107468, 0.00012055293570941722, -1.4924712191714146e-05,
    1.644713025847801e-06, -1.6206304047533647e-07, 1.3710939774630809e-08, -7.77939505959645e-10,
)  # fmt: skip
_FAR = (
    1.8496055099332485, 2.638967514234725, 0.8431072563621725, 0.04156109796696696,
    -0.010033824553141986, 0.0019778972352277576, -0.00023730017551699321, -2.634134722261428e-05,
    2.728651940654193e-05, -9.793700929540725e-06, 2.2563788799021573e-06, -2.9741942227246593e-07,
    -7.787136121717401e-09, 1.3820771590433251e-08, -3.1963498569697262e-09, 3.6234153225308324e-10,
    -1.7388262046612105e-11,
)  # fmt: skip


def _erf_double(x: Lane) -> Lane:
    t, s = x.size(), x * x
    t = choose(t > 6.0, 6.0, t)
    far = (1.0 - _exp(-polynomial(t - 1.0, *_FAR))).signed_as(x)
    return choose(t > 1.0, far, x.times_plus(polynomial(s, *_NEAR), x))


def _erf(x: Lane) -> Lane:
    return _erf_double(x) if x.double else _erf_single(x)


def _maximum(a: Lane, b: Lane) -> Lane:
    return choose(a > b, a, choose(a != a, a, b))


def _minimum(a: Lane, b: Lane) -> Lane:
    return choose(a < b, a, choose(a != a, a, b))


def _sign(x: Lane) -> Lane:
    return choose(x > 0.0, 1.0, choose(x < 0.0, -1.0, choose(x == 0.0, 0.0, x)))


def _heaviside(x: Lane, at_0: Lane) -> Lane:
    return choose(x > 0.0, 1.0, choose(x < 0.0, 0.0, choose(x == 0.0, at_0, x)))


exp, expm1, log, log1p = lanewise(_exp), lanewise(_expm1), lanewise(_log), lanewise(_log1p)
tanh, sigmoid, erf = lanewise(_tanh), lanewise(_sigmoid), lanewise(_erf)
maximum, minimum = lanewise(_maximum), lanewise(_minimum)
sign, heaviside = lanewise(_sign), lanewise(_heaviside)
absolute, sqrt, rint = lanewise(Lane.size), lanewise(Lane.root), lanewise(Lane.whole)
floor, ceil, trunc = lanewise(Lane.floor), lanewise(Lane.ceil), lanewise(Lane.trunc)
copysign = lanewise(Lane.signed_as)
where = lanewise(choose)
