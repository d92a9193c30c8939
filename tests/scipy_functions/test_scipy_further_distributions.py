"""The less usual distributions: SciPy's values, slopes in every argument, nothing outside."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

scipys = pytest.importorskip("scipy.stats")
from scipy.stats._distr_params import distcont, distdiscrete  # noqa: E402

from autograd_core import Tensor, UnsupportedError, grad, jvp  # noqa: E402
from autograd_core.scipy import stats  # noqa: E402
from autograd_core.scipy.further_densities import COUNTED, FURTHER  # noqa: E402

SHAPES: dict[str, tuple[float, ...]] = {}
for _name, _shapes in [*distcont, *distdiscrete]:
    if isinstance(_name, str) and _name in FURTHER | COUNTED:
        SHAPES.setdefault(_name, tuple(map(float, _shapes)))
CHANCES = [0.08, 0.3, 0.52, 0.77, 0.95]


def _slope(f: Any, args: tuple[float, ...], k: int, h: float) -> float:
    def at(v: float) -> float:
        return float(f(*args[:k], args[k] + v, *args[k + 1 :]))

    h *= max(1.0, abs(args[k]))
    return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)


def test_shapes_of_all_are_known() -> None:
    assert set(SHAPES) == set(FURTHER | COUNTED)


@pytest.mark.part(3)
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "name",
    [
        pytest.param(n, marks=pytest.mark.exhaustive if n == "norminvgauss" else ())  # 7 s
        for n in sorted(SHAPES)
    ],
)
def test_slopes_are_those_of_differences(name: str) -> None:
    mine, own, shapes = getattr(stats, name), getattr(scipys, name), SHAPES[name]
    counts, known = name in COUNTED, (FURTHER | COUNTED)[name]
    methods = ["logpmf", "pmf"] if counts else ["logpdf", "pdf", "ppf", "isf"]
    moments = [m for m in ("mean", "var", "entropy") if m in known.moments]
    compared = 0
    for method in [*methods, "cdf", "sf", "logcdf", "logsf", *moments]:
        for chance in CHANCES[:1] if method in moments else CHANCES:
            place = float(own.ppf(chance, *shapes))
            rest = (*shapes, 0.0) if counts else (*shapes, 0.0, 1.3)
            first = (chance,) if method in ("ppf", "isf") else (place * (1 if counts else 1.3),)
            args = rest if method in moments else (*first, *rest)
            f = getattr(mine, method)
            for k in range(len(args)):
                try:
                    found = grad(f, argnums=k)(*args)
                except UnsupportedError:
                    continue
                theirs = getattr(own, method)
                wanted = [_slope(theirs, args, k, h) for h in (1e-4, 3e-6)]
                if not np.isfinite(wanted).any() or np.isinf(found):  # a vertical tangent
                    continue
                compared += 1
                assert any(found == pytest.approx(w, rel=2e-5, abs=2e-5) for w in wanted), (
                    method, args, k, found, wanted,
                )  # fmt: skip
    assert compared


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(FURTHER))
def test_densities_outside_of_the_support_have_the_slope_0(name: str) -> None:
    mine, own, shapes = getattr(stats, name), getattr(scipys, name), SHAPES[name]
    low, high = own.support(*shapes)
    x = np.array([v for v in (low - 2.0, high + 2.0, np.inf, -np.inf) if not low < v < high])
    for method in ("pdf", "logpdf"):

        def of(v: Any, *parameters: Any, method: str = method) -> Any:
            return getattr(mine, method)(v, *parameters)

        np.testing.assert_array_equal(
            of(Tensor(x, requires_grad=True), *shapes).data, getattr(own, method)(x, *shapes)
        )
        for k in range(len(shapes) + 1):
            args = [x, *(np.full(x.shape, s) for s in shapes)]
            along = jvp(lambda v, k=k, a=args: of(*a[:k], v, *a[k + 1 :]), (args[k],),
                        (np.ones(x.shape),))[1]  # fmt: skip
            there = ~np.isnan(getattr(own, method)(x, *shapes))  # at infinity some of SciPy's are
            assert not np.any(along[there]), (method, k)
