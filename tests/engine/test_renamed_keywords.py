"""Keywords that were renamed: the old one works and warns at the caller's line; one idea, one word.

The table of words, with the reasons, is decision 170.
"""

from __future__ import annotations

import importlib
import inspect
import pickle
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
import optim
from autograd_core import (
    Graph,
    Primitive,
    RuleError,
    Tensor,
    animate,
    gradcheck,
    jacobian,
    primitive,
)
from autograd_core.extend import renamed_keywords

F = nn.functional
X = np.array([[0.5, -1.0, 2.0]])
W = Tensor([1.0, 2.0], requires_grad=True)
ACTIVATIONS = [
    "celu", "elu", "gelu", "glu", "hardshrink", "hardsigmoid", "hardswish", "hardtanh",
    "leaky_relu", "log_sigmoid", "log_softmax", "logsigmoid", "mish", "prelu", "relu", "relu6",
    "selu", "sigmoid", "silu", "softmax", "softmin", "softplus", "softshrink", "softsign", "step",
    "tanh", "tanhshrink", "threshold",
]  # fmt: skip
MORE: dict[str, dict[str, Any]] = {
    "prelu": {"weight": np.array([0.25])},
    "threshold": {"threshold": 1.0, "value": 0.0},
}


def generator() -> np.random.Generator:
    return np.random.default_rng(0)


def trainer(**settings: Any) -> nn.Trainer:
    model = nn.Linear(1, 1)
    return nn.Trainer(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1), **settings)


def buffered(**settings: Any) -> list[float]:
    module = nn.Module()
    module.register_buffer("b", **settings)
    return module.b.tolist()


def saved(path: str, **settings: Any) -> Any:
    nn.save_checkpoint(path=path, **settings)
    return nn.load_checkpoint(path)


def loss() -> Tensor:
    return np.sum(W * W)


# what is called, the old keyword, the present one, its value
RENAMED: list[Any] = [
    *[
        (getattr(F, name), "x", "input", lambda name=name: X if name != "glu" else X[:, :2])
        for name in ACTIVATIONS
    ],
    (lambda **k: F.dropout(X, 0.5, **k), "rng", "generator", generator),
    (lambda **k: F.dropout2d(X[..., None], 0.5, **k), "rng", "generator", generator),
    (lambda **k: gradcheck(loss, **k), "wrt", "parameters", lambda: [W]),
    (lambda **k: animate(loss(), **k).data()["title"], "wrt", "inputs", lambda: W),
    (lambda **k: animate(title="t", **k).data()["title"], "loss", "output", loss),
    (lambda **k: len(Graph(loss()).gradients(**k)), "wanted", "inputs", list),
    (lambda **k: nn.accuracy(target=np.array([2]), **k), "output", "input", lambda: X),
    (lambda **k: nn.transforms.Normalize(X, **k)(X), "axis", "dim", lambda: 1),
    (lambda **k: trainer(**k).scheduler, "schedule", "scheduler", lambda: None),
    (lambda **k: trainer(**k).scheduler_every, "schedule_every", "scheduler_every",
     lambda: "batch"),
    (lambda **k: nn.GradientClipping(**k).clip_value, "value", "clip_value", lambda: 0.5),
    (buffered, "value", "tensor", lambda: [1.0, 2.0]),
]  # fmt: skip
IDS = [f"{getattr(call, 'name', getattr(call, '__name__', ''))}-{old}" for call, old, *_ in RENAMED]


def result(call: Any, **given: Any) -> Any:
    more = MORE.get(getattr(call, "name", getattr(call, "__name__", "")), {})
    return call(**given, **more)


@pytest.mark.parametrize(("call", "old", "new", "value"), RENAMED, ids=IDS)
def test_old_keyword_works_and_warns_once(call: Any, old: str, new: str, value: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        expected = result(call, **{new: value()})
    with pytest.warns(DeprecationWarning, match=rf"{old}= is {new}= now") as met:
        found = result(call, **{old: value()})
    assert len(met) == 1
    assert met[0].filename == __file__
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(("call", "old", "new", "value"), RENAMED, ids=IDS)
def test_both_together_are_an_error(call: Any, old: str, new: str, value: Any) -> None:
    with pytest.raises(TypeError, match=rf"{old}= is the old name of {new}=, and both were given"):
        result(call, **{old: value(), new: value()})


def test_a_traced_value_by_its_old_keyword_has_its_derivative() -> None:
    for name in ("relu", "softmax", "selu"):
        x = Tensor(X, requires_grad=True)
        with pytest.warns(DeprecationWarning, match="x= is input= now"):
            y = getattr(F, name)(x=x)
        np.sum(y * X).backward()
        again = Tensor(X, requires_grad=True)
        np.sum(getattr(F, name)(again) * X).backward()
        np.testing.assert_array_equal(x.grad.data, again.grad.data)


def test_an_old_keyword_beside_the_same_argument_by_place_is_an_error() -> None:
    for call in (F.softmax, F.selu, F.relu):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(TypeError):
                call(X, x=X)


def test_checkpoints_take_the_value_by_both_names(tmp_path: Path) -> None:
    path = str(tmp_path / "run.safetensors")
    assert saved(path, obj={"a": 1}) == {"a": 1}
    with pytest.warns(DeprecationWarning, match=r"save_checkpoint\(\): nest= is obj= now"):
        assert saved(path, nest={"a": 2}) == {"a": 2}


def test_attributes_by_their_old_names() -> None:
    clipping = nn.GradientClipping(max_norm=1.0)
    with pytest.warns(DeprecationWarning, match=r"GradientClipping\.value is clip_value now"):
        clipping.value = 0.25
    assert clipping.clip_value == 0.25
    training = trainer()
    with pytest.warns(DeprecationWarning, match=r"Trainer\.schedule is scheduler now") as met:
        assert training.schedule is training.scheduler
    assert met[0].filename == __file__


def test_the_signature_shows_the_present_names() -> None:
    for call, old, new in ((gradcheck, "wrt", "parameters"), (F.softmax, "x", "input"),
                           (F.selu, "x", "input"), (nn.Trainer, "schedule", "scheduler"),
                           (Graph.gradients, "wanted", "inputs")):  # fmt: skip
        names = inspect.signature(call).parameters
        assert new in names
        assert old not in names


def test_python_shows_each_place_once_as_for_its_own_warnings() -> None:
    @renamed_keywords(colour="color")
    def paint(color: str) -> str:
        return color

    with warnings.catch_warnings(record=True) as met:
        warnings.simplefilter("default")
        for _ in range(3):
            assert paint(colour="red") == "red"
    assert [str(w.message) for w in met] == ["paint(): colour= is color= now."]


def test_the_old_order_of_jacobian_warns_at_the_callers_line() -> None:
    with pytest.warns(DeprecationWarning, match="argnums comes first") as met:
        jacobian(np.sin, "forward")
    assert met[0].filename == __file__


# Of each row, the first word is the one that public functions use; the others are its synonyms.
ONE_WORD = """
    argnums argnum wrt nums
    inputs wanted
    seed cotangent cotangents
    tangents tangent_in
    f fn fun func
    generator rng random_state
    dim dims
    keepdim keep_dims
    scheduler schedule lr_schedule
    obj nest tree pytree
    dtype type
    rtol rel_tol
    atol abs_tol
    path filename file fname
"""
# Where a synonym has a meaning of its own, or the name is another library's.
KEPT = {
    ("nn", "Module.apply", "fn"),  # PyTorch's
}


def public_callables() -> list[tuple[str, str, Any]]:
    found = []
    for module in ("autograd_core", "autograd_core.adjoints", "autograd_core.elimination",
                   "autograd_core.matrix_chain", "autograd_core.revolve",
                   "autograd_core.rounding", "autograd_core.sparse", "nn", "nn.functional",
                   "nn.init", "nn.transforms", "nn.models", "optim",
                   "optim.lr_scheduler"):  # fmt: skip
        package = importlib.import_module(module)
        for name in package.__all__:
            thing = getattr(package, name)
            if isinstance(thing, type):
                found.append((module, name, thing.__init__))
                found += [
                    (module, f"{name}.{key}", method)
                    for key, method in vars(thing).items()
                    if not key.startswith("_") and inspect.isfunction(method)
                ]
            elif callable(thing):
                found.append((module, name, thing))
    return found


def names_of(thing: Any) -> list[str]:
    if isinstance(thing, Primitive):
        return list(thing._positional)
    return list(inspect.signature(thing).parameters)


def test_one_idea_has_one_word() -> None:
    synonyms = {
        word: row.split()[0] for row in ONE_WORD.strip().splitlines() for word in row.split()[1:]
    }
    things = public_callables()
    assert len(things) > 400
    wrong = [
        f"{module}: {name}({word}=); the word is {synonyms[word]}"
        for module, name, thing in things
        for word in names_of(thing)
        if word in synonyms and (module, name, word) not in KEPT
    ]
    assert wrong == []


def test_functions_of_nn_have_no_axis_and_the_engine_has_no_dim() -> None:
    for module, name, thing in public_callables():
        words = names_of(thing)
        assert "axis" not in words or not module.startswith(("nn", "optim")), name
        assert "dim" not in words or not module.startswith("autograd_core"), name


def doubled(**declared: Any) -> Any:
    rule = {"vjp": [lambda g, y, x: g * 2], "name": "doubled"}
    return primitive(lambda x: x * 2, **rule, **declared)


def test_attributes_of_operations_by_their_old_names() -> None:
    operation = doubled()
    for old, new in (("reads", "vjp_reads"), ("pushed_reads", "jvp_reads")):
        with pytest.warns(DeprecationWarning, match=rf"Primitive\.{old} is {new} now"):
            assert getattr(operation, old)() == getattr(operation, new)()
    with pytest.warns(DeprecationWarning, match=r"outer= is outer_product= now"):
        declared = doubled(outer=True)
    with pytest.warns(DeprecationWarning, match=r"Primitive\.outer is outer_product now"):
        assert declared.outer is declared.outer_product is True
    with pytest.raises(RuleError, match="declared once"):
        declared.outer_product = False


@pytest.mark.parametrize(
    ("module", "old", "new"),
    [
        ("autograd_core.extend", "memory", "innermost_array"),
        ("autograd_core.costs.recorded_run", "Problem", "RecordedRun"),
        ("autograd_core.viewer.recorded_sweep", "Recording", "RecordedSweep"),
        ("autograd_core.viewer.steps", "Step", "PassStep"),
    ],
)
def test_names_of_modules_by_their_old_names(module: str, old: str, new: str) -> None:
    home = importlib.import_module(module)
    with pytest.warns(DeprecationWarning, match=rf"\.{old} is {new} now") as met:
        assert getattr(home, old) is getattr(home, new)
    assert met[0].filename == __file__
    with pytest.raises(AttributeError, match="no_such_name"):
        _ = home.no_such_name


def test_steps_pickled_under_their_old_name_load() -> None:
    step = next(iter(loss().backward_steps()))
    written = pickle.dumps(step, 0).replace(b"PassStep", b"Step")
    with pytest.warns(DeprecationWarning, match="Step is PassStep now"):
        assert pickle.loads(written) == step


def test_a_rule_that_overrides_a_method_by_its_old_name() -> None:
    with pytest.warns(DeprecationWarning, match="share= is squares_weight= now"):

        class Squared(optim.SGD):
            def share(self, group: Any) -> float:
                return 0.25

    assert Squared([W], lr=0.1).squares_weight({}) == 0.25
    adam = optim.Adam([W])
    group = adam.param_groups[0]
    with pytest.warns(DeprecationWarning, match=r"Adam\.share is squares_weight now"):
        assert adam.share(group) == adam.squares_weight(group)
