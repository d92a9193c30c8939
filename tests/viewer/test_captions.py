"""Each caption's formula, read from its text and computed, is the message that the step sends."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from caption_reader import into_shape, messages, read
from cases import EVERY
from cases.nn_functions import CASES as FUNCTION_CASES
from cases.nn_functions import FUNCTIONS, call

import nn
from autograd_core import (
    OverwrittenError,
    Tensor,
    UnsupportedError,
    elementwise,
    linear,
    primitive,
)
from autograd_core.base.errors import InPlaceError

sys.path.insert(0, str(Path(__file__).parents[1] / "networks"))
from test_nn_gradients import CASES as MODULE_CASES
from test_nn_gradients import built, values

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


def checked(outputs: Any) -> int:
    """Read and compute every formula of a sweep; return how many there were."""
    count = 0
    for made, upstream, sent in messages(outputs):
        formula = made.formula(upstream, sent)
        where = f"{made.primitive.name}, argument {made.index}"
        assert formula is not None, f"{where}: give it formulas=, or a rule that can be read"
        names = {f"x{k}": a for k, a in enumerate(made.args)}
        value = read(formula, {**names, "y": made.result, "upstream": upstream})
        found = into_shape(value, sent.shape, not np.iscomplexobj(made.argument))
        size = max([1e-300, *(np.abs(p).max(initial=0) for p in (sent, found))])
        rough = 2e-6 if sent.dtype.itemsize >= 8 else 2e-3  # six digits of a constant are shown
        np.testing.assert_allclose(
            found, sent, rtol=rough, atol=rough * size + 1e-13, err_msg=f"{where}: {formula.text}"
        )
        count += 1
        declared = next(iter(made.candidates(upstream)))
        if declared.kind == "declared" and formula.kind != "declared":
            with suppress(np.linalg.LinAlgError):  # at a special point alone it has no value
                assert not np.isfinite(declared.evaluate()).all(), f"{where}: {declared.text}"
    return count


@pytest.mark.part
@pytest.mark.parametrize("case", EVERY, ids=str)
def test_table(case: Any) -> None:
    given = [Tensor(a, requires_grad=True) if a.dtype.kind in "fc" else a for a in case.arguments()]
    try:
        checked(case.f(*given))
    except OverwrittenError:  # by hand, what the sweep needs may not be overwritten
        assert case.name.startswith("setitem")


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
@pytest.mark.parametrize("case", MODULE_CASES, ids=lambda c: f"{c[0]}{c[1]}{c[2] or ''}")
def test_modules(case: Any, training: bool) -> None:
    name, args, keywords, shapes = case
    module = built(name, args, keywords).train(training)
    given = [Tensor(values(*s, seed=k), requires_grad=True) for k, s in enumerate(shapes)]
    assert checked(module(*given))


@pytest.mark.parametrize(("name", "k"), FUNCTION_CASES)
def test_functions_of_nn(name: str, k: int) -> None:
    """One argument after the other, so that those which may not be tracked stop no other."""
    given, count = FUNCTIONS[name][k], 0
    for key, value in given.items():
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            try:
                count += checked(call(name, {**given, key: Tensor(value, requires_grad=True)}))
            except (InPlaceError, UnsupportedError):
                continue
    without = "dropout" in name or name == "one_hot" or "input" not in given
    assert count or without


def test_an_operation_without_a_formula_says_it_from_its_rule() -> None:
    softsign = elementwise(
        lambda x: x / (1 + np.abs(x)), lambda y, x: 1 / (1 + np.abs(x)) ** 2, name="softsign"
    )
    x = Tensor([0.5, -2.0], requires_grad=True)
    text = [m.formula(g, s).text for m, g, s in messages(softsign(x)) if m.primitive is softsign]
    assert text == ["upstream / (1 + absolute(x0))²"]
    assert checked(softsign(x)) == 4


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (lambda g, y, x: g.T * 2.0, "upstream × 2"),
        (lambda g, y, x: g.real * 2.0, "real(upstream) × 2"),
        (
            lambda g, y, x: g.reshape(2, 1).reshape(2) * 2,
            "reshape(reshape(upstream, (2, 1)), 2) × 2",
        ),
        (lambda g, y, x: g * x**-2, "upstream × x0⁻²"),
    ],
)
def test_what_a_rule_does_is_said_in_short(rule: Any, text: str) -> None:
    double = primitive(lambda x: x * 2.0, vjp=[rule], name="double")
    x = Tensor([0.5, -2.0], requires_grad=True)
    (found,) = [m.formula(g, s) for m, g, s in messages(double(x)) if m.primitive is double]
    assert (found.kind, found.text) == ("rule", text)


@pytest.mark.parametrize(
    ("formulas", "text"),
    [
        (("upstream * 2 if 1 else 0",), "upstream × 2"),  # no arithmetic: the rule is said instead
        (lambda *args: 1 / 0, None),
    ],
)
def test_a_declared_formula_that_cannot_be_written_leaves_the_page_as_it_is(
    formulas: Any, text: str | None
) -> None:
    double = elementwise(lambda x: x * 2.0, lambda y, x: 2.0, name="double", formulas=formulas)
    x = Tensor([0.5, -2.0], requires_grad=True)
    loss = np.sum(double(x))
    (found,) = [m.formula(g, s) for m, g, s in messages(loss) if m.primitive is double]
    assert (found and found.text) == text
    said = [step.caption for step in loss.backward_steps()][-1]
    assert "rms 2" in said
    assert (text or "Backward, the chain rule multiplies upstream by the derivative") in said


def test_the_real_part_is_said_where_a_real_number_meets_complex_ones() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    loss = np.sum(np.real(x * np.array([1 + 2j, 3j])))
    said = [step.caption for step in loss.backward_steps()][-1]
    assert "its real part, because x is real" in said


def test_an_operation_whose_rule_cannot_be_read_gets_the_general_formula() -> None:
    odd = linear(lambda x: 2.0 * x[::-1], lambda g, x: 2.0 * np.array(g)[::-1], name="odd")
    x = Tensor([0.5, -2.0, 1.0], requires_grad=True)
    (formula,) = [m.formula(g, s) for m, g, s in messages(odd(x)) if m.primitive is odd]
    assert (formula.kind, formula.text) == ("chain", "Σ upstream × ∂y/∂x0")
    assert checked(odd(x)) == 4


def test_a_formula_that_is_wrong_is_never_shown() -> None:
    """Neither a false declaration nor a false rule gets a sentence that the numbers refute."""
    lying = elementwise(
        lambda x: x * x, lambda y, x: 2 * x, name="lying", formulas=("upstream * x",)
    )
    x = Tensor([0.5, -2.0], requires_grad=True)
    (formula,) = [m.formula(g, s) for m, g, s in messages(lying(x)) if m.primitive is lying]
    assert formula.text == "upstream × 2 × x0"
    wrong = primitive(
        lambda x: x**2, vjp=[lambda g, y, x: g * float(x.sum())],
        jvp=[lambda t, y, x: 3 * x * t], name="wrong",
    )  # fmt: skip
    (formula,) = [m.formula(g, s) for m, g, s in messages(wrong(x)) if m.primitive is wrong]
    assert formula is None or formula.kind == "rule"


def captions(steps: Any) -> list[str]:
    return [step.caption for step in steps if step.phase == "backward"]


@pytest.fixture
def x() -> Tensor:
    return Tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)


def test_a_broadcast_plus_sums_over_rows() -> None:
    m, b = np.ones((16, 8)), Tensor(np.zeros(8), requires_grad=True)
    X = Tensor(np.ones((16, 4)), requires_grad=True)
    W = Tensor(np.ones((4, 8)), requires_grad=True)
    loss = np.sum((X @ W + b) * m)
    text = "\n".join(captions(loss.backward_steps()))
    assert "db = upstream, summed over 16 rows, because b was broadcast, rms 16" in text
    assert "dW = Xᵀ @ upstream: 4×16 @ 16×8, rms 16." in text
    assert "dX = upstream @ Wᵀ: 16×8 @ 8×4, rms 8;" in text
    assert "as it is" not in text


def test_a_broadcast_product(x: Tensor) -> None:
    s = Tensor(2.0, requires_grad=True)
    column = Tensor([[1.0], [3.0]], requires_grad=True)
    loss = np.sum(x * s * column)
    text = "\n".join(captions(loss.backward_steps()))
    assert "ds = upstream × x, summed over all 6 elements, because s was broadcast" in text
    assert "dcolumn = upstream × v4, summed over 3 columns, because column was broadcast" in text


@pytest.mark.parametrize(
    ("power", "wanted"),
    [
        (lambda s, t: 2.0**s, ["ds = upstream × F × log(2) = 1 × 8 × log(2) = 5.545"]),
        (lambda s, t: s**t, ["ds = upstream × t × s ** (t − 1) = 1 × 2 × 3 ** (2 − 1) = 6",
                             "dt = upstream × F × log(s) = 1 × 9 × log(3) = 9.888"]),
        (lambda s, t: s**3, ["ds = upstream × 3 × s² = 1 × 3 × 3² = 27"]),
        (lambda s, t: s**2, ["ds = upstream × 2 × s = 1 × 2 × 3 = 6"]),
        (lambda s, t: s**-1, ["ds = −upstream × s⁻² = −1 × 3⁻² = -0.1111"]),
    ],
)  # fmt: skip
def test_powers(power: Any, wanted: list[str]) -> None:
    s, t = Tensor(3.0, requires_grad=True), Tensor(2.0, requires_grad=True)
    F = power(s, t)
    text = captions(F.backward_steps())[0]
    assert all(one in text for one in wanted), text


def test_reductions_by_choice_and_ties(x: Tensor) -> None:
    top = np.max(x)
    assert "dx = upstream × (x == top)" in captions(top.backward_steps())[0]
    assert "chooses: upstream goes to the largest element:" in captions(top.backward_steps())[0]
    rows = np.max(x, axis=1)
    total = np.sum(rows)
    assert "dx = upstream[:, None] × (x == rows[:, None])" in captions(total.backward_steps())[1]
    pair = Tensor([2.0, 2.0], requires_grad=True)
    best = np.max(pair)
    assert (
        "dpair = upstream × (pair == best) / sum(pair == best)"
        in captions(best.backward_steps())[0]
    )
    assert "and equal ones share it" in captions(best.backward_steps())[0]
    a, b = Tensor(2.0, requires_grad=True), Tensor(2.0, requires_grad=True)
    m = np.maximum(a, b)
    assert "da = upstream × where(a == b, 1 / 2, a > b)" in captions(m.backward_steps())[0]
    assert captions(m.backward_steps())[0].endswith("= 0.5.")


def test_concatenate_cuts(x: Tensor) -> None:
    z = Tensor([[7.0, 8.0, 9.0]], requires_grad=True)
    both = np.concatenate([x, z])
    total = np.sum(both * both)
    text = "\n".join(captions(total.backward_steps()))
    assert "dx = upstream[0:2]" in text
    assert "dz = upstream[2:3]" in text


def test_what_students_come_for() -> None:
    """No filler: neither "its slope" nor "the local derivative of each input"."""
    z = Tensor([[0.5, -1.0, 2.0], [1.0, 0.3, -0.2]], requires_grad=True)
    f = nn.functional
    w = Tensor(np.linspace(-1, 1, 6).reshape(2, 3), requires_grad=True)
    wanted = {
        lambda: f.sigmoid(z): "upstream × y × (1 − y)",
        lambda: f.relu(z): "upstream × (z > 0)",
        lambda: np.sin(z): "upstream × cos(z)",
        lambda: np.tanh(z): "upstream × (1 − y²)",
        lambda: f.softmax(z, -1): "y × (upstream − sum(upstream × y, axis=−1, keepdims=True))",
        lambda: f.cross_entropy(z, np.array([2, 0])): "upstream × (softmax(z) − onehot) / 2",
        lambda: f.linear(z, w): "upstreamᵀ @ z: 2×2 @ 2×3",
        lambda: np.einsum("ij,kj->ik", z, w): "einsum('ik,kj->ij', upstream, w)",
        lambda: f.layer_norm(z, (3,)): "(u − mean(u, axis=(1,), keepdims=True) − n × mean(u × n",
        lambda: np.mean(z): "upstream / 6",
        lambda: z[0, 1:]: "dz[0, 1:] += upstream, 0 elsewhere",
        lambda: z.T: "upstreamᵀ",
        lambda: np.where(z > 0, z, 0.0): "where(condition, upstream, 0)",
    }
    for make, formula in wanted.items():
        y = make()
        total = np.sum(y * 1.0)
        text = "\n".join(captions(total.backward_steps()))
        assert formula in text
        assert "slope" not in text
        assert "local derivative" not in text


def test_convolutions_and_pooling() -> None:
    f = nn.functional
    image = Tensor(np.arange(32.0).reshape(1, 2, 4, 4), requires_grad=True)
    kernel = Tensor(np.ones((3, 2, 2, 2)), requires_grad=True)
    text = "\n".join(captions(np.sum(f.conv2d(image, kernel, stride=2)).backward_steps()))
    assert "dimage = conv_transpose2d(upstream, kernel, stride=(2, 2))" in text
    assert "dkernel = conv2d_weight(image, upstream, stride=(2, 2))" in text
    text = "\n".join(captions(np.sum(f.max_pool2d(image, 2)).backward_steps()))
    assert "dimage[the largest of each 2×2 window] += upstream, 0 elsewhere" in text
    text = "\n".join(captions(np.sum(f.avg_pool2d(image, 2)).backward_steps()))
    assert "dimage[every place in each 2×2 window] += upstream / 4" in text
