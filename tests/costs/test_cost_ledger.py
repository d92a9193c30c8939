"""The ledger against formulas counted by hand, and against what NumPy itself allocates."""

import tracemalloc
from itertools import pairwise

import numpy as np
import pytest

import nn
from autograd_core import Tensor, checkpoint, cost, grad, primitive
from autograd_core.base import errors

RNG = np.random.default_rng(0)
EXP = TANH = 8  # docs/cost.md
DIVISION = 4


def counted(f, *args, **settings):
    made = cost(f, *args, measure=False, **settings)
    assert made.uncounted == []
    return made.function.flops, made.reverse.flops, made.forward.flops


def normal(*shape):
    return RNG.normal(size=shape)


@pytest.mark.parametrize(("m", "k", "n"), [(3, 4, 5), (1, 7, 2), (16, 16, 16)])
def test_matmul(m, k, n):
    one = 2 * m * k * n
    both = counted(np.matmul, normal(m, k), normal(k, n))
    # reverse: g B^T and A^T g; forward: dA B + A dB, and their sum
    assert both == (one, 2 * one, 2 * one + m * n)
    left = counted(np.matmul, normal(m, k), normal(k, n), argnums=0)
    assert left == (one, one, one)


@pytest.mark.parametrize(("batch", "sizes"), [(8, (5, 7, 3)), (32, (784, 64, 64, 10))])
def test_mlp(batch, sizes):
    X, T = normal(batch, sizes[0]), normal(batch, sizes[-1])
    parameters = [(normal(o, i) / 10, normal(o)) for i, o in pairwise(sizes)]

    def loss(parameters):
        h = X
        for W, b in parameters:
            h = np.tanh(h @ W.T + b)
        return np.sum((h - T) ** 2)

    units = batch * sum(sizes[1:])
    products = 2 * batch * sum(i * o for i, o in pairwise(sizes))
    first = 2 * batch * sizes[0] * sizes[1]
    out = batch * sizes[-1]
    function, reverse, forward = counted(loss, parameters)
    # each unit: bias 1, tanh 8; the loss: difference, square, sum
    assert function == products + units * (1 + TANH) + 3 * out
    # both factors of each product, but not the data X; 1 - y y and times g; the bias sums
    # over the batch; the square: 2 d and times g
    assert reverse == 2 * products - first + units * 3 + units + 2 * out
    # the same products once for the tangent of each factor, added; + bias tangent; tanh 3;
    # the square 2, the sum 1
    added = units - batch * sizes[1]
    assert forward == 2 * products - first + added + units + units * 3 + 3 * out


def test_attention():
    n, d = 6, 4
    x, Wq, Wk, Wv = normal(n, d), normal(d, d), normal(d, d), normal(d, d)

    def attention(x, Wq, Wk, Wv):
        scores = (x @ Wq) @ (x @ Wk).T / np.sqrt(d)
        weights = np.exp(scores - np.max(scores, axis=-1, keepdims=True))
        weights = weights / np.sum(weights, axis=-1, keepdims=True)
        return weights @ (x @ Wv)

    function, _, _ = counted(attention, x, Wq, Wk, Wv)
    projections = 3 * 2 * n * d * d
    products = 2 * (2 * n * n * d)
    # each score: scale, maximum, difference, exp, sum, division
    softmax = n * n * (DIVISION + 1 + 1 + EXP + 1 + DIVISION)
    assert function == projections + products + softmax


def test_convolution_as_a_plain_program():
    c_in, c_out, size, k = 3, 5, 8, 3
    image, filters = normal(c_in, size, size), normal(c_out, c_in, k, k)
    out = size - k + 1

    def convolve(image, filters):
        windows = np.stack(
            [image[:, i : i + out, j : j + out] for i in range(k) for j in range(k)], axis=1
        )
        return filters.reshape(c_out, -1) @ windows.reshape(c_in * k * k, -1)

    function, reverse, _ = counted(convolve, image, filters)
    one = 2 * c_out * c_in * k * k * out * out
    assert function == one
    # both factors; then each image pixel adds up what its k k windows send back: every slice's
    # gradient is an array of the image's size, and k k of them take k k - 1 additions
    assert reverse == 2 * one + (k * k - 1) * c_in * size * size


def test_lstm_cell_as_a_plain_program():
    batch, n, h = 4, 3, 5
    x, h0, c0 = normal(batch, n), normal(batch, h), normal(batch, h)
    W, U, b = normal(4 * h, n), normal(4 * h, h), normal(4 * h)

    def sigmoid(z):
        return 1 / (1 + np.exp(-z))

    def cell(W, U, b):
        gates = x @ W.T + h0 @ U.T + b
        i, f, g, o = (gates[:, k * h : (k + 1) * h] for k in range(4))
        c = sigmoid(f) * c0 + sigmoid(i) * np.tanh(g)
        return sigmoid(o) * np.tanh(c)

    function, _, _ = counted(cell, W, U, b)
    products = 2 * batch * 4 * h * (n + h)
    sums = 2 * batch * 4 * h
    sigmoids = 3 * batch * h * (1 + EXP + 1 + DIVISION)  # -z, exp, 1 +, 1 /
    assert function == products + sums + sigmoids + batch * h * (2 * TANH + 4)


def test_fourier_transform():
    real = counted(lambda x: np.fft.rfft(x), normal(3, 64))[0]
    assert real == 0.5 * 5 * 3 * 64 * 6
    assert counted(lambda x: np.fft.fft(x, axis=0), normal(64, 3))[0] == real


def test_a_declared_primitive_says_its_own_cost():
    twice = primitive(lambda x: x * 2, vjp=lambda g, y, x: g * 2, cost=lambda y, x: 100.0, name="t")
    assert counted(lambda x: np.sum(twice(x)), np.ones(3))[0] == 103
    silent = primitive(lambda x: x * 2, vjp=lambda g, y, x: g * 2, name="silent")
    made = cost(lambda x: np.sum(silent(x)), np.ones(3), measure=False)
    assert made.uncounted == ["silent"]
    assert "silent" in str(made)
    told = cost(lambda x: silent(x), np.ones(3), measure=False, weights={"silent": 7})
    assert told.function.flops == 21
    assert told.uncounted == []


def test_fan_out_counts_the_additions_of_the_sweep():
    x = np.ones(10)
    once = counted(lambda x: np.sum(np.exp(x)), x)[1]
    thrice = counted(lambda x: np.sum(np.exp(x)) + np.sum(np.exp(x)) + np.sum(np.exp(x)), x)[1]
    assert thrice == 3 * once + 2 * 10


def test_checkpoint_counts_its_second_run():
    f = lambda x: np.sum(np.tanh(np.exp(x)))
    x = np.ones(50)
    plain, again = counted(f, x), counted(checkpoint(f), x)
    assert again[1] == pytest.approx(plain[1] + plain[0], abs=100)


def test_saved_and_peak_bytes_of_an_mlp():
    X = normal(256, 200)
    W = [normal(200, 200) / 15 for _ in range(6)]

    def loss(W):
        h = X
        for w in W:
            h = np.tanh(h @ w)
        return np.sum(h * h)

    made = cost(loss, W, measure=False)
    layer = 256 * 200 * 8
    assert made.saved_bytes == 6 * layer
    # measured: what NumPy allocates in a value and gradient
    run = grad(loss)
    run(W)
    tracemalloc.start()
    run(W)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert made.peak_bytes == pytest.approx(peak, rel=0.15)


def test_tables_group_by_line_operation_and_module():
    class Linear:
        def __init__(self):
            self.weight = Tensor(np.ones((2, 3)), requires_grad=True)

        def forward(self, x):
            return x @ self.weight.T

        def __call__(self, x):
            return self.forward(x)

    class Model(Linear):
        def __init__(self):
            self.first = Linear()

        def parameters(self):
            return [self.first.weight]

        def named_modules(self):
            return [("", self), ("first", self.first), ("notes", {})]  # one of them runs nothing

        def forward(self, x):
            return np.tanh(self.first(x))

    model = Model()
    made = cost(model, np.ones((5, 3)), measure=False)
    assert made.n == 6  # a model's derivatives are those to its parameters
    modules = {
        name: sum(v.function.flops for v in nodes) for name, nodes in made.by("module").items()
    }
    assert modules == {"first": 2 * 5 * 3 * 2, "Model": TANH * 10}
    assert "forward" not in vars(model)  # nothing is left behind
    assert set(made.by("operation")) == {"transpose", "matmul", "tanh"}
    assert "test_cost_ledger.py" in made.table(by="line")
    assert made._repr_html_().count("<tr>") == 5


def test_measured_seconds_stand_beside():
    made = cost(lambda x: np.sum(np.tanh(x)), normal(2000))
    for amount in (made.function, made.reverse, made.forward, *(v.function for v in made.nodes)):
        assert amount.seconds > 0


@pytest.mark.alone
def test_many_inputs_one_output_is_a_factor_of_thousands():
    def rosenbrock(x):
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    modes = cost(rosenbrock, normal(10_000)).modes(limit=0.5)
    assert modes.best == "reverse"
    assert (modes.forward.sweeps, modes.reverse.sweeps) == (10_000, 1)
    assert modes.ratio > 1000
    assert modes.measured_ratio > 1000
    text = str(modes)
    assert "each of 10,000 inputs" in text
    assert "best: reverse" in text
    assert "<table" in modes._repr_html_()


def test_few_inputs_many_outputs_is_the_other_way_round():
    A = normal(500, 1)
    modes = cost(lambda x: np.sin(A @ x), normal(1), measure=False).modes(measure=False)
    assert modes.best == "forward"
    assert modes.ratio > 100
    assert modes.measured_ratio is None
    page = modes._repr_html_()
    assert page.count("<tr>") == 4
    assert "The Jacobian of 1 inputs and 500 outputs" in page
    assert f"<p>{modes.sentence().replace(chr(10), '<br>')}</p>" in page


def test_sweeps_beyond_the_limit_are_extrapolated():
    modes = cost(lambda x: np.sum(np.sin(x)), normal(50)).modes(limit=0.0)
    assert modes.forward.share == 1 / 50
    assert modes.reverse.share == 1
    assert "~ 1 of the 50 forward sweeps were run" in modes.sentence()


def test_modes_plot(tmp_path):
    pytest.importorskip("matplotlib")
    modes = cost(lambda x: np.sum(x * x), normal(1000), measure=False).modes(measure=False)
    path = tmp_path / "modes.png"
    modes.plot(str(path))
    assert path.stat().st_size > 10_000


@pytest.mark.parametrize(
    ("f", "args", "error", "words"),
    [
        (lambda x: np.ones(2), (np.ones(3),), errors.UntrackedError, "nothing that depends"),
        (lambda x: np.argmax(x), (np.ones(3),), errors.UntrackedError, "int64"),
        (lambda x: None, (np.ones(3),), errors.UntrackedError, "nothing"),
        (np.sin, (np.ones(0),), errors.ShapeError, "n = 0 inputs"),
        (lambda x: x[:0] * 2, (np.ones(3),), errors.ShapeError, "m = 0 outputs"),
        (np.sin, (np.arange(3),), errors.DTypeError, "floating-point"),
        (lambda: 1.0, (), errors.DTypeError, "floating-point"),
    ],
)
def test_bad_input(f, args, error, words):
    with pytest.raises(error, match=words):
        cost(f, *args)


def test_bad_grouping():
    with pytest.raises(errors.OperandError, match="'module'"):
        cost(np.sin, 1.0, measure=False).table(by="colour")


# --- nn: the same ledger ------------------------------------------------------------------


def test_models_of_nn():
    x = normal(2, 3, 16, 16)
    made = cost(nn.Conv2d(3, 8, 3, padding=1, bias=False), x, measure=False)
    one = 2 * 2 * 8 * 3 * 9 * 16 * 16
    assert (made.function.flops, made.reverse.flops) == (one, one)  # the weight's alone

    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2))
    made = cost(model, normal(9, 4), measure=False)
    by_module = {k: sum(v.function.flops for v in g) for k, g in made.by("module").items()}
    assert by_module == {
        "0": 2 * 9 * 4 * 6 + 9 * 6,
        "1": TANH * 9 * 6,
        "2": 2 * 9 * 6 * 2 + 9 * 2,
    }


def test_mlp_of_nn_in_every_sweep():
    batch, sizes = 9, (4, 6, 2)
    model = nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 2)).double()
    first, second = (2 * batch * i * o for i, o in pairwise(sizes))
    function, reverse, forward = counted(model, normal(batch, 4))
    assert function == first + second + batch * (6 + 2) + TANH * batch * 6
    # of the first product the weight's gradient alone; the bias sums; tanh: 1 - y y, times g
    assert reverse == first + 2 * second + batch * (6 + 2) + 3 * batch * 6
    # a tangent of each factor, but not of the data; the layers' parts added; tanh
    assert forward == first + 2 * second + batch * (6 + 2 + 2) + 3 * batch * 6


def test_convolution_of_nn_in_every_sweep():
    n, c_in, c_out, size, k = 3, 3, 5, 7, 3  # 75 places, so the bias's sum is one stage, not two
    layer = nn.Conv2d(c_in, c_out, k).double()
    out = n * c_out * (size - k + 1) ** 2
    product = 2 * out * c_in * k * k
    x = normal(n, c_in, size, size)
    assert counted(layer, x) == (product + out, product + out, product + out)
    weight, bias = layer.weight.data, layer.bias.data
    both = counted(lambda x, w, b: nn.functional.conv2d(x, w, b), x, weight, bias)
    assert both == (product + out, 2 * product + out, 2 * product + 2 * out)


def test_lstm_of_nn_in_every_sweep():
    """The kernel counts as the recurrence that it stands for, and names nothing as estimated."""

    class Recurrent(nn.Module):
        def __init__(self):
            super().__init__()
            self.lstm = nn.LSTM(3, 5)

        def forward(self, x):
            return self.lstm(x)[0]

    steps, batch, n, h = 7, 2, 3, 5
    made = cost(Recurrent().double(), normal(steps, batch, n), measure=False)
    state, gates = batch * h, 4 * batch * h
    into, across = 2 * gates * n, 2 * gates * h  # the two products of a step
    again = steps - 1  # steps whose state has a derivative: the first one's is given
    weights = 4 * h * (n + h + 2)
    # a step: the products, three sums for the gates; five bends, three products, one sum
    assert made.function.flops == steps * (into + across + 3 * gates + state * (5 * TANH + 4))
    assert made.reverse.flops == (
        steps * (into + across + 2 * gates)  # to the weights and biases
        + again * across  # to the state before
        + again * weights  # a weight is used at every step: its gradients are added
        + again * 2 * state  # h and c are each used twice
        # five bends, and what multiplies them: o tanh(c) 2, i g 2, f c 1 (and 1 to c)
        + steps * (5 * 3 + 2 + 2 + 1) * state + again * state
        + steps * 3 * gates  # each of four slices sends back an array of all gates
    )  # fmt: skip
    assert made.forward.flops == (
        steps * (into + across + 3 * gates) + again * (across + gates)
        + steps * (5 * 3 + 3 + 3 + 1 + 1) * state + again * 2 * state
    )  # fmt: skip
    assert made.estimated == made.uncounted == []


def test_attention_of_nn_in_every_sweep():
    batch, length, width, heads = 2, 6, 8, 2
    x = normal(batch, length, width)
    weight = nn.MultiheadAttention(width, heads).in_proj_weight.data.astype(float)

    def attend(x, weight):
        return nn.functional.attention.self_attention(
            nn.functional.linear(x, weight), heads=heads, mask=None, keep=None
        )

    projection = 2 * batch * length * width * 3 * width
    product = 2 * batch * length * length * width  # of q and k, and of the weights and v
    scores = batch * heads * length * length
    softmax = 1 + 1 + EXP + 1 + DIVISION  # maximum, difference, exp, sum, division
    packed = batch * length * 3 * width
    function, reverse, forward = counted(attend, x, weight)
    scale = packed / 3  # a factor of q
    assert function == projection + 2 * product + scale + scores * softmax
    # softmax: g y, its sum, y times it, the difference
    assert reverse == 2 * projection + 4 * product + scores * 4 + scale + 2 * packed
    assert forward == (
        2 * projection + packed + 4 * product + scores * (1 + 4) + scale + packed / 3
    )


def test_a_kernel_without_a_composite_is_estimated_and_says_so():
    def kernel(g, y, x):
        return (np.frombuffer((g * 2).tobytes(), x.dtype),)

    twice = primitive(lambda x: x * 2, vjp=kernel, jvp=lambda ts, y, x: ts[0] * 2, name="blind")
    made = cost(lambda x: np.sum(twice(x)), np.ones(3), measure=False, weights={"blind": 1})
    assert made.estimated == ["blind"]
    assert made.reverse.flops == 2 * 3
    assert "blind" in made.summary()


def test_kernels_of_several_results_are_estimated_too():
    def blind(*gs):
        return [np.frombuffer(g.tobytes(), g.dtype).reshape(g.shape) for g in gs]

    def pull(g, y, x):
        first, second = blind(*g)
        return (2 * first + 3 * second,)

    def push(ts, y, x):
        (t,) = blind(ts[0])
        return 2 * t, 3 * t

    two = primitive(lambda x: (x * 2, x * 3), vjp=pull, jvp=push, name="blind", arity=1,
                    multiple=True, cost=lambda y, x: 2 * x.size)  # fmt: skip
    made = cost(lambda x: two(x)[0] + two(x)[1], normal(9), measure=False)
    assert made.estimated == ["blind"]
    assert made.function.flops == 2 * 18 + 9
    # both calls, each twice the operation, and the sum of their gradients
    assert made.reverse.flops == 2 * 2 * 18 + 9
    assert made.forward.flops == 2 * 2 * 18 + 9


def test_operations_of_several_results_are_counted_within_rules():
    def moved(g, y, x):
        fraction, whole = np.modf(x)
        return g * (fraction + whole - np.linalg.eigh(np.outer(x, x)).eigenvalues)

    odd = primitive(lambda x: x * 1.5, vjp=moved, name="odd", cost=lambda y, x: 0.0)
    rule = lambda g, x: moved(g, None, x)
    made = cost(lambda x: odd(x), np.array([0.5, 1.5, 2.5]), measure=False)
    wanted = cost(rule, np.ones(3), np.array([0.5, 1.5, 2.5]), measure=False)
    assert made.reverse.flops == wanted.function.flops > 0


def test_a_kernel_counts_as_its_composite_in_both_sweeps():
    def pull(g, y, x):
        raise AssertionError("a count runs no kernel")

    def norm(x):
        return np.sqrt(np.sum(x * x))

    fast = primitive(lambda x: np.linalg.norm(x), vjp=pull, jvp=pull, composite=norm, name="fast")
    x = normal(9)
    assert counted(lambda x: fast(x), x) == counted(norm, x)
    two = primitive(
        lambda x: (x * 2, x * 3), vjp=pull, jvp=pull, name="two", arity=1, multiple=True,
        composite=lambda x: (x * 2, x * 3),
    )  # fmt: skip
    assert counted(lambda x: two(x)[1], x) == (18, 9, 18)
