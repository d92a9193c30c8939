"""compile: when it records again and why, what it captures, Tensors that it uses live."""

import functools
import gc
import threading
import warnings
import weakref

import numpy as np
import pytest

import nn
import optim
from autograd_core import (
    OperandError,
    RecordedAgain,
    Tensor,
    UnsupportedError,
    compile,
    elementwise,
    primitive,
    value_and_grad,
)
from autograd_core.compiling import compiled as compiled_module
from autograd_core.compiling import memory

SCALE = 2.0
TABLE = np.array([1.0, 2.0, 3.0])


def same(first, second):
    for a, b in zip(first, second, strict=True):
        assert np.array_equal(a, b, equal_nan=True)


def agree(compiled, f, *args):
    same(compiled(*args), value_and_grad(f)(*args))


def same_as_recorded(compiled, f, model, x):
    """Hold value and gradients to the engine's, for the input and for a model's parameters."""
    value, (dx, gradients) = compiled(x)
    model.zero_grad()
    tape = Tensor(x, requires_grad=True)
    wanted = f(tape)
    wanted.backward()
    same([value, dx], [wanted.item(), tape.grad.data])
    same(gradients.values(), [p.grad.data for p in model.parameters()])
    return gradients


def test_a_branch_is_recorded_once_for_each_side():
    def f(x):
        if np.sum(x) > 0 and x[0] < 5:
            return np.sum(np.exp(-x))
        while np.max(x) < 3:
            x = x * 2 + 4
        return np.sum(x)

    compiled = compile(f)
    ones = np.ones(3)
    agree(compiled, f, ones)
    with pytest.warns(RecordedAgain, match="a condition was True and no longer is.*np.sum"):
        agree(compiled, f, -ones)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for x in (ones, -ones, ones, 0.5 * ones, -0.9 * ones):
            agree(compiled, f, x)
    with pytest.warns(RecordedAgain, match="number 3.*a condition"):
        agree(compiled, f, -3 * ones)
    reasons = [r.reason for r in compiled.recordings]
    assert len(reasons) == 3
    assert reasons[0] == "the first call"
    assert "test_recording_again.py" in reasons[1]
    assert "recording" in repr(compiled.recordings[1])
    assert "3 recordings" in repr(compiled)


@pytest.mark.parametrize(
    ("read", "first", "second"),
    [
        (lambda x: x.item(), 2.0, 3.0),
        (lambda x: float(x.detach()), 2.0, 3.0),
        (lambda x: int(x.detach()), 2.0, 3.0),
        (lambda x: complex(x.detach()).real, 2.0, 3.0),
        (lambda x: x.tolist(), 2.0, 3.0),
        (lambda x: range(5)[np.argmax(np.stack([x, 2.5]))] + 1, 2.0, 3.0),
        (lambda x: np.count_nonzero(x > 2.5) + 1.0, 2.0, 3.0),
        (lambda x: [1.0, 2.0, 3.0, 4.0][np.asarray((x > 2.5).astype(int))], 2.0, 3.0),
    ],
)
def test_numbers_that_python_reads_are_guarded(read, first, second):
    f = lambda x: x * read(x)
    compiled = compile(f)
    agree(compiled, f, np.float64(first))
    agree(compiled, f, np.float64(first))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RecordedAgain)
        agree(compiled, f, np.float64(second))
        agree(compiled, f, np.float64(first))
    assert len(compiled.recordings) <= 2


def test_not_a_number_is_guarded_as_itself():
    f = lambda x: x * (2.0 if x.item() != x.item() else 3.0)
    compiled = compile(f)
    for _ in range(2):
        agree(compiled, f, np.float64("nan"))
    with pytest.warns(RecordedAgain, match="Python read the number nan"):
        agree(compiled, f, np.float64(1.0))


def test_shapes_and_dtypes():
    f = lambda x: np.sum(x * x)
    compiled = compile(f)
    agree(compiled, f, np.ones(3))
    with pytest.warns(RecordedAgain, match=r"x had shape \(3,\), has \(4,\)"):
        agree(compiled, f, np.ones(4))
    with pytest.warns(RecordedAgain, match="x was float64, is float32"):
        agree(compiled, f, np.ones(4, np.float32))
    with pytest.warns(RecordedAgain, match="of type ndarray, is of type float"):
        agree(compiled, f, 2.0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        agree(compiled, f, np.ones(3))
    assert "had shape" in compiled.recordings[1].reason


def test_only_the_latest_recordings_are_kept():
    compiled = compile(lambda x, k: x * k)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RecordedAgain)
        for k in range(compiled_module.MOST + 2):
            assert compiled(1.0, k)[1] == k
            if k == 0:
                first = compiled.recordings[0]
    assert compiled.count == compiled_module.MOST + 2
    assert len(compiled.recordings) == len(compiled._recent) == compiled_module.MOST
    assert first not in compiled.recordings
    assert not hasattr(first, "run")
    assert "def value_and_gradients" in first.source


def test_a_recording_keeps_no_array_of_its_run():
    def f(x):
        return np.sum(np.tanh(x) * x) if np.max(x) > 0 else x

    x = np.ones(50)
    gone = weakref.ref(x)
    compiled = compile(f)
    compiled(x)
    del x
    gc.collect()
    assert gone() is None


def test_nests_are_not_mistaken_for_arguments():
    f = compile(lambda *xs: np.sum(xs[0]) if len(xs) == 2 else np.sum(xs[0][0] * xs[0][1]))
    x, y = np.ones(2), np.full(2, 3.0)
    same(f([x, y])[1], [y, x])
    with pytest.warns(RecordedAgain, match="nested differently"):
        same([f(x, y)[1]], [x])


def test_a_function_that_calls_itself_compiled():
    def f(x, n):
        return x if n == 0 else compiled(x, n - 1)[0] * 2

    compiled = compile(f)
    assert compiled(3.0, 2) == (12.0, 4.0)


def test_captured_views_can_be_written_again():
    whole = np.arange(4.0)
    part, rest = whole[:2], whole[2:]
    assert compile(lambda x: np.sum(x * part * rest * whole[:2]))(np.ones(2))[0] == 3.0
    part[0] = rest[0] = whole[1] = 1.0


# --- what is captured -------------------------------------------------------


def test_captured_numbers_are_watched(monkeypatch):
    factor, settings, box = 3.0, {"power": 2, "list": [1.0]}, functools.partial(pow)
    box.field = 1.0

    def inner(x, weight=1.5):
        return x * weight

    def f(x):
        return SCALE * factor * inner(x) ** settings["power"] * settings["list"][0] * box.field

    compiled = compile(f)
    agree(compiled, f, 2.0)
    agree(compiled, f, 2.0)
    factor = 4.0
    with pytest.warns(RecordedAgain, match="factor was 3.0, is 4.0"):
        agree(compiled, f, 2.0)
    settings["power"] = 3
    with pytest.warns(RecordedAgain, match=r"settings\['power'\] was 2, is 3"):
        agree(compiled, f, 2.0)
    settings["list"].append(7.0)
    with pytest.warns(RecordedAgain, match=r"settings\['list'\] had 1 entries, has 2"):
        agree(compiled, f, 2.0)
    settings["list"].clear()
    settings["list"] += [2.0, 7.0]
    with pytest.warns(RecordedAgain, match=r"settings\['list'\]\[0\] was 1.0, is 2.0"):
        agree(compiled, f, 2.0)
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    with pytest.warns(RecordedAgain, match="SCALE was 2.0, is 5.0"):
        agree(compiled, f, 2.0)
    inner.__defaults__ = (1.0,)
    settings.pop("list")
    settings["list"] = [2.0]
    with pytest.warns(RecordedAgain):
        agree(compiled, f, 2.0)
    settings["power"] = int("3")  # the same number in another object
    factor = float("4.0")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        agree(compiled, f, 2.0)


def test_captured_names_that_go_away(monkeypatch):
    settings = {"a": 1.0, "b": 2.0}
    f = lambda x: x * settings.get("a", 10.0)
    compiled = compile(f)
    agree(compiled, f, 2.0)
    del settings["a"]
    settings["c"] = 0.0
    with pytest.warns(RecordedAgain, match=r"settings\['a'\] was 1.0, is gone"):
        agree(compiled, f, 2.0)


def test_captured_arrays_and_their_offspring_are_read_live():
    data = np.ones(3)
    f = lambda x: np.sum(x * data)
    compiled = compile(f)
    agree(compiled, f, TABLE)
    data[...] = 5.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        agree(compiled, f, TABLE)
    data = np.full(3, 7.0)
    with pytest.warns(RecordedAgain, match=r"data was another array \(3,\) float64"):
        agree(compiled, f, TABLE)

    g = lambda x: np.sum(x * np.sin(data))
    compiled = compile(g)
    agree(compiled, g, TABLE)
    data[0] = 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        agree(compiled, g, TABLE)


class Model:
    def __init__(self):
        self.rate = 2.0
        self.w = np.ones(3)

    def loss(self, x):
        return np.sum(self.w * x) * self.rate


def test_methods_partials_and_wrapped_functions():
    model = Model()
    compiled = compile(model.loss)
    agree(compiled, model.loss, TABLE)
    model.rate = 3.0
    with pytest.warns(RecordedAgain, match="self.rate was 2.0, is 3.0"):
        agree(compiled, model.loss, TABLE)
    offset = [1.0]

    def add(x, y):
        return np.sum(x * y) + offset[0]

    part = functools.partial(add, y=2.0)
    compiled = compile(part)
    agree(compiled, part, TABLE)
    offset[0] = 2.0
    with pytest.warns(RecordedAgain, match=r"offset\[0\]"):
        agree(compiled, part, TABLE)

    @functools.wraps(add)
    def wrapped(*args):
        return add(*args, 3.0)

    compiled = compile(wrapped)
    agree(compiled, wrapped, TABLE)
    assert compiled.__name__ == "add"
    compiled = compile(np.sum)
    agree(compiled, np.sum, TABLE)


def test_an_unset_closure_cell():
    def f(x):
        return x * x if x.size else later

    compiled = compile(f)
    agree(compiled, f, 2.0)
    later = 1.0
    with pytest.warns(RecordedAgain, match="later was gone, is 1.0"):
        agree(compiled, f, 2.0)


def test_settings_that_cannot_be_compared():
    class Odd:
        def __eq__(self, other):
            raise TypeError

        __hash__ = None

    one, two = Odd(), Odd()
    compiled = compile(lambda x, odd: x * 2)
    compiled(1.0, one)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compiled(1.0, one)
    with pytest.warns(RecordedAgain):
        compiled(1.0, two)


def test_a_function_that_changes_as_it_runs_is_refused():
    calls = [0]

    def f(x):
        calls[0] += 1
        return x * calls[0]

    with pytest.raises(UnsupportedError, match="gives different results"):
        compile(f)(1.0)


# --- Tensors used without being handed over ---------------------------------


def test_a_module_trains_as_it_does_uncompiled():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(6, 4)).astype(np.float32)
    t = rng.integers(0, 3, 6)

    def trained(step):
        nn.random.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.LayerNorm(5), nn.Linear(5, 3))
        loss = nn.CrossEntropyLoss()
        f = lambda x, t: loss(model(x), t)
        adam = optim.Adam(model.parameters(), lr=0.1)
        run = step(model, f)
        losses = []
        for _ in range(4):
            adam.zero_grad()
            losses.append(float(run(x, t)))
            adam.step()
        return losses, [p.data.copy() for p in model.parameters()]

    def engine(model, f):
        def run(x, t):
            value = f(x, t)
            value.backward()
            return value.item()

        return run

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compiled = trained(lambda model, f: compile(f, parameters=model).backward)
    plain = trained(engine)
    same(compiled[0], plain[0])
    same(compiled[1], plain[1])


def test_fused_kernels_stay_one_call():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(5, 2, 3)).astype(np.float32)
    for model in (nn.LSTM(3, 4), nn.GRU(3, 4), nn.RNN(3, 4)):
        only = compile(lambda x, model=model: model(x)[0].sum(), parameters=model)
        assert only(x)[0] == only(x)[0]
        assert "_, " in only.source
        f = lambda x, model=model: model(x)[0].sum()
        compiled = compile(f, argnums=0, parameters=model)
        for _ in range(2):
            gradients = same_as_recorded(compiled, f, model, x)
            assert list(gradients) == [name for name, _ in model.named_parameters()]
        assert "backward(" in compiled.source
        assert compiled.source.count("\n") < 40


def test_batch_norm_trains_uncompiled_only():
    model = nn.BatchNorm1d(3)
    f = compile(lambda x: np.sum(model(x) ** 2), parameters=model)
    x = np.arange(12, dtype=np.float32).reshape(4, 3)
    before = model.running_mean.copy()
    with pytest.raises(UnsupportedError, match="running statistics"):
        f(x)
    same([model.running_mean], [before])
    model.eval()
    value, _ = f(x)
    assert value == np.sum(model(x).data ** 2)
    model.running_var += 1.0
    with pytest.warns(RecordedAgain, match="holds other numbers"):
        assert f(x)[0] == np.sum(model(x).data ** 2)


MODELS = {
    "transformer": (lambda: nn.TransformerEncoderLayer(8, 2, 16, 0.0), (2, 5, 8)),
    "transposed": (lambda: nn.ConvTranspose2d(2, 3, 3), (2, 2, 6, 6)),
    "pooled": (
        lambda: nn.Sequential(nn.Conv2d(2, 4, 3), nn.GroupNorm(2, 4), nn.ReLU(), nn.MaxPool2d(2)),
        (2, 2, 8, 8),
    ),
    "averaged": (
        lambda: nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1),
            nn.BatchNorm2d(4, track_running_stats=False),
            nn.AdaptiveAvgPool2d(3),
        ),
        (2, 2, 8, 8),
    ),
    "bent": (
        lambda: nn.Sequential(
            nn.Linear(4, 8), nn.GELU(), nn.SiLU(), nn.ELU(), nn.Softplus(), nn.PReLU(),
            nn.LayerNorm(8), nn.Softmax(1),
        ),
        (3, 4),
    ),
    "deep": (lambda: nn.GRU(4, 5, num_layers=2, bidirectional=True), (6, 2, 4)),
}  # fmt: skip


@pytest.mark.parametrize("large", [0, 1 << 14])
@pytest.mark.parametrize("name", MODELS)
def test_models_of_every_kind(name, large, monkeypatch):
    monkeypatch.setattr(memory, "LARGE", large)
    make, shape = MODELS[name]
    model = make()
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)

    def f(x):
        y = model(x)
        y = y[0] if isinstance(y, tuple) else y
        return np.sum(y * y * 0.5)

    compiled = compile(f, 0, parameters=model)
    for _ in range(2):
        same_as_recorded(compiled, f, model, x)


def test_labels_may_change():
    rng = np.random.default_rng(0)
    embedding, loss = nn.Embedding(10, 4), nn.CrossEntropyLoss()
    compiled = compile(lambda ids, t: loss(embedding(ids), t), parameters=embedding)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for _ in range(4):
            ids, t = rng.integers(0, 10, 6), rng.integers(0, 4, 6)
            value, gradients = compiled(ids, t)
            embedding.zero_grad()
            wanted = loss(embedding(ids), t)
            wanted.backward()
            same([value, gradients["weight"]], [wanted.item(), embedding.weight.grad.data])
    with pytest.raises(ValueError, match="class 4"):
        compiled(ids, t * 0 + 4)


@pytest.mark.parametrize("make", [list, tuple, lambda ps: {"a": ps[0], "b": [ps[1]]}, iter])
def test_parameters_in_any_nest(make):
    w, b = Tensor([1.0, 2.0], requires_grad=True), Tensor(3.0, requires_grad=True)
    f = compile(lambda x: np.sum(w * x) + b * b, parameters=make([w, b]))
    for _ in range(2):
        value, gradients = f(np.array([1.0, -1.0]))
        assert value == 8.0
        leaves = list(gradients.values()) if isinstance(gradients, dict) else list(gradients)
        assert leaves[0].tolist() == [1.0, -1.0]
        assert np.ravel(leaves[1]).tolist() == [6.0]
    w.data[...] = 0
    assert f(np.array([1.0, -1.0]))[0] == 9.0
    assert w.requires_grad
    assert w.is_leaf
    w.data = np.zeros(1)
    with pytest.warns(RecordedAgain, match=r"Tensor .* had shape \(2,\), has \(1,\)"):
        f(np.ones(2))


def test_frozen_and_forgotten_tensors_are_read_live():
    frozen, forgotten = Tensor([2.0]), Tensor([3.0], requires_grad=True)
    f = compile(lambda x: np.sum(frozen * x) + np.sum(forgotten * x))
    assert f(np.ones(1))[0] == 5.0
    frozen.data[...] = 4.0
    assert f(np.ones(1))[0] == 7.0
    assert f(np.ones(1))[1] == 7.0
    frozen.data = np.array([5.0])
    with pytest.warns(RecordedAgain, match="the Tensor frozen was another array"):
        assert f(np.ones(1))[0] == 8.0
    assert forgotten.grad is None


def test_backward_adds_into_grad():
    w = Tensor([1.0, 2.0], requires_grad=True)
    off = Tensor([1.0, 1.0])
    f = compile(lambda x: np.sum(w * w * x * off), argnums=0, parameters=[w, off])
    for k in (1, 2):
        assert f.backward(np.ones(2)) == 5.0
        assert w.grad.data.tolist() == [2.0 * k, 4.0 * k]
    assert off.grad is None
    z = Tensor([1.0 + 2.0j], requires_grad=True)
    g = compile(lambda: np.sum(np.abs(z) ** 2), parameters=z)
    g.backward()
    assert z.grad.data.tolist() == [2.0 + 4.0j]
    with pytest.raises(OperandError, match="needs parameters="):
        compile(np.sum).backward(np.ones(2))
    with pytest.raises(OperandError, match="must be leaf Tensors"):
        compile(np.sum, parameters=[np.ones(2)])(np.ones(2))

    def bad():
        same_w = w
        same_w += 1
        return np.sum(same_w)

    refused = compile(bad, parameters=w)
    with pytest.raises(RuntimeError, match="in-place change of a leaf"):
        refused()
    assert w.is_leaf


def test_parameters_inside_of_other_transforms():
    w = Tensor([1.0, 2.0], requires_grad=True)
    f = compile(lambda x: np.sum(w * w * x), argnums=0, parameters=[w])
    second = value_and_grad(lambda x: np.sum(f(x)[1][1][0]))(np.ones(2))
    same(second, [6.0, np.array([2.0, 4.0])])


# --- kernels and threads ----------------------------------------------------


def test_kernels_of_every_kind():
    cube = elementwise(lambda x: x**3, lambda y, x: 3 * x**2, name="cube")
    pair = primitive(
        lambda x: (x * 2, x * 3),
        vjp=lambda g, y, x: (g[0] * 2 + g[1] * 3,),
        multiple=True,
        name="pair",
    )
    table = np.arange(4.0)

    def looked_up(x):
        out = np.empty_like(table)
        out[...] = x
        return out + table

    stubborn = primitive(looked_up, vjp=[lambda g, y, x: g], name="stubborn kernel")

    def f(x):
        a, b = pair(cube(x))
        return np.sum(stubborn(a) * b)

    compiled = compile(f)
    for _ in range(2):
        agree(compiled, f, TABLE[:1].repeat(4) * np.arange(4))
    assert "x ** 3" in compiled.source
    assert "stubborn_kernel(" in compiled.source
    assert "the kernel of <primitive stubborn kernel>, given" in compiled.source
    two_faced = primitive(
        lambda x: x.astype(np.float32) if x.__class__ is np.ndarray else x * 1,
        vjp=[lambda g, y, x: g],
        name="two faces",
    )
    f = lambda x: np.sum(two_faced(x))
    compiled = compile(f)
    for _ in range(2):
        agree(compiled, f, TABLE)
    assert "two_faces(" in compiled.source
    handed_on = primitive(lambda x, t: t, vjp=[lambda g, y, x, t: g * 0, None], name="second")
    constant = np.sort(TABLE)
    compiled = compile(lambda x: (np.sum(x), handed_on(x, constant + 0)), has_aux=True)
    for _ in range(2):
        (_, aux), _ = compiled(TABLE)
        same([aux], [constant])
        aux += 1


def test_one_recording_inside_of_another():
    def outer(x, t, pick):
        inner = compile(lambda y: np.sum(y * (x, t)[pick]))
        return inner(np.ones(3))[0]

    for pick in (0, 1):
        with pytest.raises(UnsupportedError, match="being differentiated outside"):
            compile(outer)(TABLE, TABLE, pick)

    def handed(x):
        inner = compile(lambda y: np.sum(y * y))
        return inner(x)[0] + np.sum(inner(x * 2)[1])

    agree(compile(handed), handed, TABLE)


@pytest.mark.parametrize("text", [str, repr, np.array_repr, np.array_str, np.array2string])
def test_texts_of_arrays_are_guarded(text):
    f = lambda x: np.sum(x * x) * (2.0 if "1.25" in text(x) else 1.0)
    made = compile(f)
    for x in ([1.0, 2.0], [1.0, 2.0], [1.25, 2.0], [1.0, 2.0]):
        value, gradient = made(np.array(x))
        wanted, theirs = value_and_grad(f)(np.array(x))
        assert value == wanted
        assert np.array_equal(gradient, theirs)
    assert len(made.recordings) == 2


def test_a_class_that_the_function_makes():
    def f(x):
        kind = type("Scales", (), {"scale": 2.0})
        return np.sum((kind.scale * x) ** 2)

    made = compile(f)
    for _ in range(2):
        assert np.array_equal(made(np.array([1.0, 3.0]))[1], [8.0, 24.0])


def test_methods_of_arguments_that_are_not_differentiated():
    def f(x, b):
        kept = b.astype(b.dtype, "C", "same_kind")
        return np.sum(x * ([[1.0, 2.0], [3.0, 4.0]] @ kept) * (2.0 if "1.25" in str(b) else 1.0))

    made = compile(f)
    for first in (1.0, 1.25, 1.5):
        b = np.array([[first, 2.0], [3.0, 4.0]])
        agree(made, f, np.ones((2, 2)), b)


def test_an_argument_that_is_not_used_has_zeros():
    f = lambda x, y: np.sum(x * x)
    made = compile(f, argnums=(0, 1))
    for _ in range(2):
        value, (dx, dy) = made(TABLE, TABLE)
        assert value == 14.0
        assert np.array_equal(dx, 2 * TABLE)
        assert np.array_equal(dy, np.zeros(3))


def test_a_value_that_outlives_its_recording_is_printed():
    kept = []
    made = compile(lambda x: (kept.append(x * 2.0), np.sum(x * x))[1])
    with pytest.raises(UnsupportedError, match="changes"):
        made(TABLE)
    assert all("2." in str(value) and "6." in str(value) for value in kept)


def test_an_equal_number_in_another_object_records_nothing(monkeypatch):
    f = lambda x: np.sum(x * SCALE)
    made = compile(f)
    agree(made, f, TABLE)
    monkeypatch.setitem(globals(), "SCALE", float("2.0"))
    agree(made, f, TABLE)
    assert len(made.recordings) == 1


def test_truths_of_whole_arrays():
    f = lambda x: np.sum(x * 2 if np.allclose(x, 1) or np.array_equal(x, TABLE) else x)
    compiled = compile(f)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RecordedAgain)
        for x in (np.ones(3), TABLE, TABLE + 1, np.ones(3)):
            agree(compiled, f, x)
    assert len(compiled.recordings) == 3


def test_builtins_without_a_signature():
    compiled = compile(max)
    assert compiled(2.0, 1.0) == (2.0, 1.0)
    assert "Recorded" not in compiled.source


def test_prints_happen_when_it_is_recorded(capsys):
    def f(x, t):
        print(repr(t), t.size, t.ndim)
        return np.sum(x * t)

    compiled = compile(f)
    for _ in range(2):
        compiled(TABLE, TABLE)
    shown = "array([1., 2., 3.]) 3 1"  # run as it is, then recorded, then no more
    assert capsys.readouterr().out == f"{shown}\n{shown}\n"


def test_a_list_that_the_function_fills_is_noticed():
    seen = []

    def f(x):
        seen.append(1)
        return x * x

    with pytest.raises(UnsupportedError, match="seen had 1 entries, has 2"):
        compile(f)(2.0)


def test_threads_share_a_compiled_function():
    def f(w, x):
        return np.sum(np.tanh(w @ x))

    compiled = compile(f)
    rng = np.random.default_rng(0)
    w = rng.normal(size=(60, 60))
    inputs = [rng.normal(size=(60, 60)) for _ in range(4)]
    wanted = [value_and_grad(f)(w, x)[1] for x in inputs]
    compiled(w, inputs[0])
    wrong = []

    def work(k):
        for _ in range(20):
            if not np.array_equal(compiled(w, inputs[k])[1], wanted[k]):
                wrong.append(k)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
