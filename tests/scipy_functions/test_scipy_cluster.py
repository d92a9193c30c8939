"""scipy.cluster.vq here: codes, distances and unit variances against differences of SciPy's."""

from functools import partial

import numpy as np
import pytest

vq = pytest.importorskip("scipy.cluster.vq")

from autograd_core import AutogradError, compile, grad, gradcheck, jvp, vmap  # noqa: E402
from autograd_core.scipy import cluster  # noqa: E402

RNG = np.random.default_rng(31)
OBS, CODES = RNG.normal(size=(5, 3)), RNG.normal(size=(2, 3))
CALLS = {
    "vq": lambda m, x, c: m.vq(x, c)[1],
    "py_vq": lambda m, x, c: m.py_vq(x, c)[1] ** 2,
    "vq of numbers": lambda m, x, c: m.vq(x[:, 0], c[:, 0], check_finite=False)[1],
    "whiten": lambda m, x, c: m.whiten(x) @ c.T,
}


@pytest.mark.filterwarnings("ignore::autograd_core.LoopWarning")
@pytest.mark.parametrize("name", CALLS)
def test_quantization(name):
    plain, f = partial(CALLS[name], vq), partial(CALLS[name], cluster.vq)
    value, slope = jvp(f, (OBS, CODES), (np.cos(OBS), np.sin(CODES)))
    np.testing.assert_allclose(value, plain(OBS, CODES), rtol=1e-14)
    sides = [plain(OBS + h * np.cos(OBS), CODES + h * np.sin(CODES)) for h in (1e-6, -1e-6)]
    np.testing.assert_allclose(slope, (sides[0] - sides[1]) / 2e-6, rtol=1e-6, atol=1e-8)
    assert gradcheck(f, OBS, CODES)
    batch = vmap(f)(np.stack([OBS, -OBS]), np.stack([CODES, CODES]))
    np.testing.assert_allclose(batch[1], plain(-OBS, CODES), rtol=1e-13)
    total = lambda x: np.sum(f(x, CODES) ** 2)
    np.testing.assert_allclose(compile(total)(OBS)[1], grad(total)(OBS), rtol=1e-12)


def test_codes_are_constants_and_distances_have_no_slope_at_0():
    seen = []
    x = np.concatenate([OBS, CODES[:1]])

    def f(x):
        code, dist = cluster.vq.vq(x, CODES)
        seen.append(np.asarray(code))
        return dist[-1]

    np.testing.assert_array_equal(grad(f)(x), 0 * x)
    np.testing.assert_array_equal(seen[0], vq.vq(x, CODES)[0])
    np.testing.assert_array_equal(cluster.vq.whiten(OBS), vq.whiten(OBS))
    with pytest.raises(AutogradError, match="kmeans"):
        grad(lambda x: cluster.vq.kmeans(x, 2)[1])(OBS)
