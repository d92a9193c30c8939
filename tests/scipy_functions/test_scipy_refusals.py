"""What SciPy's functions here do not take: refusals by name, SciPy's own errors, odd objects."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

pytest.importorskip("scipy", minversion="1.17")
import scipy.cluster.hierarchy
import scipy.signal
import scipy.stats
from scipy_functions.refusal_calls import NEVER, OBJECTS, REFUSED, WRONG
from scipy_functions.scipy_slopes import flat, modules_of
from scipy_functions.walk_calls import X, _general, _positive

import autograd_core.scipy as packages
from autograd_core import AutogradError, Tensor, UnsupportedError, grad, jvp, vmap
from autograd_core.base.errors import LinearAlgebraError
from autograd_core.scipy import cluster, linalg, signal, stats

pytestmark = pytest.mark.filterwarnings("ignore")


def _traced() -> Any:
    return Tensor(X, requires_grad=True)


@pytest.mark.parametrize("name", sorted(REFUSED))
def test_an_option_without_a_rule_is_refused_by_name(name: str) -> None:
    part, call, words = REFUSED[name]
    theirs, ours = modules_of(part)
    with pytest.raises(UnsupportedError, match=f"scipy.{part}") as caught:
        call(ours, _traced())
    assert words in str(caught.value)
    assert "_calls.py" in str(caught.value)  # the line of the call
    with pytest.raises(UnsupportedError, match=f"scipy.{part}"):
        jvp(lambda x: flat(call(ours, x)), (X,), (X,))
    if name not in NEVER:
        np.testing.assert_array_equal(flat(call(ours, X)), flat(call(theirs, X)))


@pytest.mark.parametrize("name", sorted(WRONG))
def test_what_is_wrong_for_scipy_is_wrong_of_traced_values(name: str) -> None:
    part, call, kind, words = WRONG[name]
    theirs, ours = modules_of(part)
    with pytest.raises(kind):
        call(theirs, X)
    with pytest.raises(kind):
        call(ours, X)
    with pytest.raises(kind, match=words) as caught:
        call(ours, _traced())
    if isinstance(caught.value, AutogradError):
        assert "_calls.py" in str(caught.value)


@pytest.mark.parametrize("name", sorted(OBJECTS))
def test_objects_have_no_names_of_python_s_protocols(name: str) -> None:
    part, make = OBJECTS[name]
    for x in (X, _traced()):
        made = make(modules_of(part)[1], x)
        with pytest.raises(AttributeError, match="nothing"):
            made._nothing  # noqa: B018
        assert type(copy.copy(made)) is type(made)


def test_estimates_need_samples_that_span_the_space() -> None:
    flat_samples = np.stack([X[:4], 2 * X[:4]])
    for kde in (scipy.stats.gaussian_kde, stats.gaussian_kde):
        with pytest.raises(np.linalg.LinAlgError, match="lower-dimensional"):
            kde(flat_samples)
    with pytest.raises(np.linalg.LinAlgError) as caught:
        stats.gaussian_kde(Tensor(flat_samples, requires_grad=True))(X[:2])
    assert "test_scipy_refusals.py" in str(caught.value)


def test_the_eigenvalues_of_a_singular_pair_have_no_derivative() -> None:
    singular = np.diag([1.0, 2.0, 0.0])
    assert np.isinf(linalg.eigvals(_general(X), singular)).any()
    with pytest.raises(
        LinearAlgebraError, match="b is singular, so an eigenvalue is infinite"
    ) as caught:
        grad(lambda x: np.sum(np.abs(linalg.eigvals(_general(x), singular))))(X)
    assert "test_scipy_refusals.py" in str(caught.value)


def test_eigenvalues_chosen_by_value_differ_in_number_under_vmap() -> None:
    with pytest.raises(UnsupportedError, match=r"linalg\.eigvalsh: subset_by_value=.* of vmap"):
        vmap(lambda x: linalg.eigvalsh(_positive(x), subset_by_value=(3.0, 5.5)))(
            np.stack([X, X[::-1]])
        )


def test_a_filter_of_no_samples_keeps_its_state() -> None:
    """SciPy's state is then memory that nobody wrote, so that it is no measure."""
    nothing, state = np.zeros((2, 0)), np.array([[0.5, -1.0], [2.0, 0.1]])
    b = Tensor([0.3, 1.2, 0.1], requires_grad=True)
    made, after = signal.lfilter(b, [1.0, 0.3], nothing, zi=state)
    assert made.shape == (2, 0)
    np.testing.assert_array_equal(after, state)
    f = lambda s: signal.lfilter(b.data, [1.0, 0.3], nothing, zi=s)[1]
    np.testing.assert_array_equal(jvp(f, (state,), (state,))[1], state)
    np.testing.assert_array_equal(grad(lambda s: np.sum(f(s) * state))(state), state)


def test_distributions_can_be_copied_and_keep_scipys_settings() -> None:
    for made in (stats.norm, stats.norm(0.5, 2.0), stats.norm(_traced(), 2.0)):
        assert type(copy.copy(made)) is type(made)
    np.testing.assert_array_equal(copy.copy(stats.norm(0.5, 2.0)).pdf(X),
                                  scipy.stats.norm(0.5, 2.0).pdf(X))  # fmt: skip
    np.testing.assert_array_equal(copy.copy(stats.norm).pdf(X), scipy.stats.norm.pdf(X))
    own = scipy.stats.norm(0.5, 2.0)
    assert stats.norm(0.5, 2.0).random_state is own.random_state
    assert stats.norm(_traced()).name == "norm"
    assert stats.multivariate_normal.random_state is scipy.stats.multivariate_normal.random_state


def test_ready_made_objects_are_scipys_but_for_traced_values() -> None:
    assert repr(stats.wishart) == "<scipy.stats.wishart>"
    assert dir(stats.wishart) == dir(scipy.stats.wishart)
    with pytest.raises(AttributeError, match="_nothing"):
        stats.wishart._nothing  # noqa: B018
    stats.wishart.note = 3
    assert scipy.stats.wishart.note == stats.wishart.note == 3
    del scipy.stats.wishart.note
    assert dir(stats.mstats) == dir(scipy.stats.mstats)
    np.testing.assert_array_equal(stats.mstats.gmean(X), scipy.stats.mstats.gmean(X))


def test_a_numerator_of_lower_order_is_told_as_scipy_tells_it() -> None:
    b = Tensor([0.3, -0.6], requires_grad=True)  # a zero at the place that becomes infinite
    with pytest.warns(scipy.signal.BadCoefficients, match="numerator") as told:
        made = signal.bilinear(b, [1.0, 0.4])[0]
    assert told[0].filename == __file__
    with pytest.warns(scipy.signal.BadCoefficients):
        wanted = scipy.signal.bilinear([0.3, -0.6], [1.0, 0.4])[0]
    np.testing.assert_allclose(made.data, wanted, rtol=1e-12)
    slope = jvp(lambda k: signal.bilinear(k * b.data, [1.0, 0.4])[0], (1.0,), (1.0,))[1]
    np.testing.assert_allclose(slope, wanted, rtol=1e-12)  # linear in b


def test_packages_have_their_modules_and_scipys_names(monkeypatch: Any) -> None:
    assert dir(packages) == sorted(packages.__all__)
    assert dir(cluster) == ["vq"]
    own = cluster.vq
    monkeypatch.delattr(cluster, "vq")
    assert cluster.vq is own
    assert cluster.hierarchy is scipy.cluster.hierarchy
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        packages.nothing  # noqa: B018
