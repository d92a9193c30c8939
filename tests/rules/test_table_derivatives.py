"""The table: values, both modes, their agreement, second order in all four nestings."""

from __future__ import annotations

import numpy as np
import pytest
from cases import EVERY
from cases.case import Case
from table import close, complex_slope, directions, dot, outputs, second_orders, slope, weighted

from autograd_core import Dual, Tensor, grad, jvp, vjp
from autograd_core.base import tree

rows = pytest.mark.parametrize("case", EVERY, ids=str)


@rows
def test_value_is_numpy_s(case: Case) -> None:
    xs = case.arguments()
    expected = outputs(case.f(*xs))
    for form in (case.f, *case.forms):
        for kind in (
            lambda x: Tensor(x, requires_grad=True),
            lambda x: Dual(x, np.ones_like(x)),
            Tensor,
        ):
            found = outputs(form(*[kind(x) for x in xs]))
            close(found, expected, rtol=1e-13)
            assert [f.dtype for f in found] == [e.dtype for e in expected]


@rows
def test_first_order(case: Case) -> None:
    xs = case.arguments()
    vs = directions(xs, 1)
    plain = outputs(case.f(*xs))
    ws = directions(plain, 2)
    ws = [np.asarray(w, dtype=float) for w in ws]
    numerical = slope(case.f, xs, vs)
    out, pushed = jvp(case.f, tuple(xs), tuple(vs))
    pushed = [np.asarray(t) for t in tree.leaves(pushed)]
    close(pushed, numerical, rtol=case.rtol)
    if case.analytic:
        close(pushed, complex_slope(case.f, xs, vs), rtol=1e-11)
    pulled = grad(weighted(case.f, ws), tuple(range(len(xs))))(*xs)
    for g, x in zip(pulled, xs, strict=True):
        assert np.shape(g) == x.shape
    np.testing.assert_allclose(
        dot(pulled, vs), dot(pushed, ws), rtol=case.agreement, atol=case.agreement
    )
    value, pullback = vjp(case.f, *xs)
    if tree.same_structure(value, out):
        close(pullback(tree.like(value, ws)), pulled, rtol=1e-13)
    for form in case.forms:
        traced = [Tensor(x, requires_grad=True) for x in xs]
        weighted(form, ws)(*traced).backward()
        close([t.grad.data for t in traced], pulled, rtol=1e-13)


@pytest.mark.slow
@rows
def test_second_order(case: Case) -> None:
    if case.order < 2:
        pytest.skip("no second derivative at the drawn points")
    xs = case.arguments()
    vs, us = directions(xs, 3), directions(xs, 4)
    s = weighted(case.f, [np.asarray(w, dtype=float) for w in directions(outputs(case.f(*xs)), 5)])
    gradient = grad(s, tuple(range(len(xs))))
    numerical = dot(slope(gradient, xs, vs), us)
    for nesting, found in second_orders(s, xs, vs, us).items():
        np.testing.assert_allclose(found, numerical, rtol=1e-6, atol=1e-6, err_msg=nesting)
