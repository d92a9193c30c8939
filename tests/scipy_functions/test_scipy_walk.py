"""A walk over all that SciPy has: each name differentiates right, or refuses by its own name."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

pytest.importorskip("scipy", minversion="1.17")
import scipy.special as sp
from scipy_functions.scipy_slopes import check, flat, modules_of
from scipy_functions.walk_calls import CALLS, X

import autograd_core.rules.scipy_special  # noqa: F401 - registers the ufuncs
from autograd_core import RuleError, Tensor, UnsupportedError, grad, jvp
from autograd_core.operations.primitive import REGISTRY
from autograd_core.scipy.distributions import Distribution
from autograd_core.scipy.guards import Refusing

PARTS = ("cluster.vq", "fft", "integrate", "interpolate", "linalg", "ndimage", "signal", "special",
         "stats")  # fmt: skip
# What holds numbers of the caller's, switches something, or takes no numbers to differentiate.
PLAIN = {"errstate", "geterr", "seterr"}


def _kind(part: str, name: str) -> str | None:
    """Say what stands for a public name here."""
    theirs, ours = modules_of(part)
    own, made = getattr(theirs, name), getattr(ours, name)
    if not callable(own) or isinstance(own, ModuleType) or name in PLAIN:
        return None
    if isinstance(own, type) and issubclass(own, BaseException):
        return None
    if isinstance(made, Distribution):
        return "distribution"
    if isinstance(own, np.ufunc):
        return "ufunc" if own in REGISTRY else "refused"  # a constant has the slope 0
    if own in (getattr(np, name, None),):
        return "numpy"
    home = getattr(made, "__module__", "") or ""
    refuses = isinstance(made, Refusing) or (
        hasattr(made, "__wrapped__") or type(made).__name__ == "_Kind" or _is_guard(made)
    )
    if f"{part}.{name}" in CALLS:
        return "works"
    return "refused" if refuses else f"?{home}"


def _is_guard(made: Any) -> bool:
    return isinstance(made, type) and "own" in vars(made)


NAMES = [(part, name) for part in PARTS for name in sorted(set(modules_of(part)[0].__all__))]
KINDS = {f"{part}.{name}": _kind(part, name) for part, name in NAMES}


def test_every_name_is_known() -> None:
    assert not {k: v for k, v in KINDS.items() if v is not None and v.startswith("?")}
    assert set(CALLS) == {k for k, v in KINDS.items() if v == "works"}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(CALLS))
def test_what_works_has_scipys_value_and_the_slope_of_differences(name: str) -> None:
    check(name.rpartition(".")[0], CALLS[name])


REFUSED = sorted(k for k, v in KINDS.items() if v == "refused")


def _traced_calls(f: Any) -> list[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Return calls with one traced value: at each place, inside of a list, by each keyword."""
    x = Tensor(X, requires_grad=True)
    calls: list[Any] = [((x,), {}), ((1.0, x), {}), ((1.0, [1.0, x[0]]), {}), (((x, 2.0),), {})]
    try:
        known = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return calls
    by_name = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return calls + [((), {p.name: x}) for p in known if p.kind in by_name]


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_rule_refuses_by_name(name: str) -> None:
    part, _, last = name.rpartition(".")
    made = getattr(modules_of(part)[1], last)
    if isinstance(made, np.ufunc):
        x = Tensor(0.4, requires_grad=True)
        with pytest.raises(UnsupportedError, match=last.replace("_", ".")):
            made(*[x] * made.nin)
        return
    targets = [(made, name)]
    if isinstance(made, Refusing):
        methods = [m for m in dir(made) if not m.startswith("_") and callable(getattr(made, m))]
        targets = [(getattr(made, m), f"{name}.{m}") for m in methods]
    for f, said in targets:
        for args, keywords in _traced_calls(f):
            with pytest.raises(UnsupportedError, match=rf"scipy\.{re.escape(said)}: ") as caught:
                f(*args, **keywords)
            assert "test_scipy_walk.py" in str(caught.value), said


UFUNCS = sorted(k.rpartition(".")[2] for k, v in KINDS.items() if v == "ufunc")
# Arguments within the range of each; elsewhere than at 0.4, 0.7, ... they have none.
RANGES: dict[str, tuple[float, ...]] = {
    "zetac": (2.4,), "ndtri_exp": (-0.4,), "ellipkm1": (0.4,), "powm1": (1.3, 0.7),
    "gdtrix": (0.4, 0.7, 0.5),
    "bdtr": (1.0, 4.0, 0.3), "bdtrc": (1.0, 4.0, 0.3), "nbdtr": (1.0, 4.0, 0.3),
    "nbdtrc": (1.0, 4.0, 0.3), "eval_hermite": (3, 0.4), "eval_hermitenorm": (3, 0.4),
    "huber": (0.4, 0.7), "boxcox": (0.4, 0.7), "log_ndtr": (0.4,), "erfcinv": (0.4,),
    "yn": (2, 0.7), "kn": (2, 0.7), "expn": (2, 0.7), "binom": (3.4, 0.7),
    "jn": (2.0, 0.7), "round": (0.4,), "fdtri": (0.7, 1.3, 0.4),
}  # fmt: skip


def _slope(f: Any, args: tuple[float, ...], k: int) -> Any:
    def at(v: float) -> Any:
        made = f(*args[:k], args[k] + v, *args[k + 1 :])
        return np.array(made if isinstance(made, tuple) else (made,))

    h = 1e-4
    return (8 * (at(h) - at(-h)) - (at(2 * h) - at(-2 * h))) / (12 * h)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", UFUNCS)
def test_ufuncs_have_the_slope_of_differences_or_refuse(name: str) -> None:
    f = getattr(sp, name)
    args = RANGES.get(name, (0.4, 0.7, 0.55, 0.35)[: f.nin])
    assert np.all(np.isfinite(f(*args)))
    compared = 0
    for k in range(f.nin):
        if isinstance(args[k], int):  # a degree
            continue

        def parts(v: Any, k: int = k) -> Any:
            made = f(*args[:k], v, *args[k + 1 :])
            return flat(list(made) if isinstance(made, tuple) else [made])

        try:
            forward = jvp(parts, (np.float64(args[k]),), (np.float64(1.0),))[1]
        except (UnsupportedError, RuleError):  # no derivative in this argument
            continue
        compared += 1
        wanted = flat(list(_slope(f, args, k)))
        np.testing.assert_allclose(forward, wanted, rtol=1e-6, atol=1e-8)
        weights = np.sin(1.0 + np.arange(wanted.size))
        backward = grad(lambda v, parts=parts, w=weights: np.sum(w * parts(v)))(np.float64(args[k]))
        np.testing.assert_allclose(backward, np.sum(weights * wanted), rtol=1e-6, atol=1e-8)
    assert compared


def _counts() -> dict[str, Counter[str]]:
    made: dict[str, Counter[str]] = {part: Counter() for part in PARTS}
    for name, kind in KINDS.items():
        if kind is not None:
            made[name.rpartition(".")[0]]["right" if kind != "refused" else "refused"] += 1
    return made


def test_the_page_has_the_counts() -> None:
    page = (Path(__file__).parents[2] / "docs" / "scipy.md").read_text(encoding="utf-8")
    for part, count in _counts().items():
        row = f"| `{part}` | {count['right']} | {count['refused']} |"
        assert row in page, row
