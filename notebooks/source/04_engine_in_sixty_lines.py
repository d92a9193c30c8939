# %% [markdown]
# # 4 · Build the engine in sixty lines
#
# **How much code does back-propagation need?**
#
# You know what it does: record the operations, walk them from the last to the first,
# multiply along the edges, add at the branches. On this page you write that down for
# arrays, in sixty lines of Python, and train a network with it. Then you open the real
# engine and find the same parts in it.

# %%
import inspect
import itertools

import numpy as np

from autograd_core import Graph, Tensor, animate, draw, grad, gradients
from autograd_core.engine import messages, sweeping
from autograd_core.rules import elementwise
from page import exercises, show
from pictures import engine_in_sixty_lines as pictures

check = exercises("engine_in_sixty_lines")

# %% [markdown]
# ## The parts
#
# 1. **A value** remembers how it was made: its array, its inputs, a rule for each input,
#    and a *tick*, which counts values in the order in which they are made.
# 2. **An operation** is a function of arrays and, for each input, a rule: given the
#    gradient $g$ that came back, the result $y$ and the inputs, what is sent to that input?
# 3. **A sweep.** An input exists before the operation that uses it, so its tick is smaller.
#    Visit the values by falling ticks, and all uses of a value have had their turn before
#    it has its own.
# 4. **Shapes.** NumPy copies a bias over the rows of a batch without a word. A copy is a
#    branch, so on the way back those rows are added.


# %%
class Value:
    """An array that remembers how it was made."""

    ticks = itertools.count()

    def __init__(self, data, inputs=(), rules=()):
        self.data = np.asarray(data, dtype=float)
        self.inputs, self.rules, self.tick = inputs, rules, next(Value.ticks)

    def __add__(self, other):
        return add(self, other)

    def __sub__(self, other):
        return subtract(self, other)

    def __mul__(self, other):
        return multiply(self, other)

    def __matmul__(self, other):
        return matmul(self, other)


def operation(function, *rules):
    """Make an operation of a function and, for each input, what is sent back to it."""

    def apply(*inputs):
        inputs = [v if isinstance(v, Value) else Value(v) for v in inputs]
        return Value(function(*(v.data for v in inputs)), inputs, rules)

    return apply


add = operation(np.add, lambda g, y, a, b: g, lambda g, y, a, b: g)
subtract = operation(np.subtract, lambda g, y, a, b: g, lambda g, y, a, b: -g)
multiply = operation(np.multiply, lambda g, y, a, b: g * b, lambda g, y, a, b: g * a)
matmul = operation(np.matmul, lambda g, y, a, b: g @ b.T, lambda g, y, a, b: a.T @ g)
tanh = operation(np.tanh, lambda g, y, x: g * (1 - y * y))
exp = operation(np.exp, lambda g, y, x: g * y)
total = operation(np.sum, lambda g, y, x: np.broadcast_to(g, x.shape))


def fit(g, shape):
    """Add over the axes along which an input of this shape was copied."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    copied = tuple(k for k, n in enumerate(shape) if n == 1)
    return g.sum(axis=copied, keepdims=True)


def backward(output):
    """Return the gradient of every value that the output depends on."""
    found, stack = {output}, [output]
    while stack:
        new = set(stack.pop().inputs) - found
        found |= new
        stack.extend(new)
    sent = {output: np.ones_like(output.data)}  # dF/dF = 1
    for value in sorted(found, key=lambda v: v.tick, reverse=True):
        arrays = [v.data for v in value.inputs]
        for v, rule in zip(value.inputs, value.rules, strict=True):
            message = fit(rule(sent[value], value.data, *arrays), v.data.shape)
            sent[v] = sent[v] + message if v in sent else message  # a branch adds
    return sent


# %%
written = next(c for c in reversed(In[:-1]) if "class Value" in c)  # noqa: F821 - the cells that ran
lines = [line for line in written.splitlines() if line.strip()]
assert len(lines) <= 60
print(len(lines), "lines, blank ones left out")

# %% [markdown]
# ## Does it work?
#
# The function of page 2 gave 140 and 24 by hand. Then a function with a branch, a bias that
# is broadcast and a matrix product, against differences: nudge each number by $\pm h$.

# %%
x, y = Value(2.0), Value(3.0)
found = backward(x * x * x * (x + y * 3.0))
assert (found[x], found[y]) == (140.0, 24.0)


def layered(X, W, b):
    h = tanh(X @ W + b)
    return total(h * h + exp(h) - h)


rng = np.random.default_rng(0)
shapes = {"X": (5, 3), "W": (3, 4), "b": (4,)}
values = [Value(rng.normal(size=shape)) for shape in shapes.values()]
found = backward(layered(*values))


def nudged(value, place, step):
    """Return the function with one number of one value moved."""
    data = value.data.copy()
    data[place] += step
    return layered(*(Value(data) if v is value else v for v in values)).data


h = 1e-6
for name, value in zip(shapes, values, strict=True):
    measured = np.zeros(value.data.shape)
    for place in np.ndindex(measured.shape):
        measured[place] = (nudged(value, place, h) - nudged(value, place, -h)) / (2 * h)
    assert found[value].shape == value.data.shape
    assert np.allclose(found[value], measured, atol=1e-8)
    print(f"{name}, {measured.size} derivatives: as measured")

# %% [markdown]
# The same function on the real engine, drawn:

# %%
X, W, b = (Tensor(v.data, requires_grad=True) for v in values)
h = np.tanh(X @ W + b)
real = np.sum(h * h + np.exp(h) - h)
for ours, theirs in zip(values, gradients(real, [X, W, b]), strict=True):
    assert np.allclose(found[ours], theirs.data, rtol=1e-12)
assert len(Graph(real).branches) == 1
draw(real, rankdir="TB", show=("value",))

# %% [markdown]
# ***What to see:** each box is what one `Value` remembers: an operation, and arrows from its
# inputs. h is used more than once, so it is a branch.*
#
# ## Train with it
#
# XOR, with a hidden layer of 8 units and plain gradient descent, on both engines from the
# same start.

# %%
corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
xor = np.array([[0.0], [1.0], [1.0], [0.0]])
start = [rng.normal(0, 0.5, shape) for shape in ((2, 8), (8,), (8, 1), (1,))]


def train(make, tanh, total, sweep, steps=300, rate=0.05):
    """Return the losses and the last weights; make, tanh, total and sweep are an engine's."""
    weights, losses = start, []
    for _ in range(steps):
        W1, b1, W2, b2 = parameters = [make(w) for w in weights]
        miss = tanh(make(corners) @ W1 + b1) @ W2 + b2 - xor
        loss = total(miss * miss)
        found = sweep(loss, parameters)
        weights = [w - rate * g for w, g in zip(weights, found, strict=True)]
        losses.append(float(loss.data))
    return np.array(losses), weights


def ours(loss, parameters):
    found = backward(loss)
    return [found[p] for p in parameters]


def theirs(loss, parameters):
    return [g.data for g in gradients(loss, parameters)]


small, weights = train(Value, tanh, total, ours)
large, same = train(lambda a: Tensor(a, requires_grad=True), np.tanh, np.sum, theirs)
assert np.allclose(small, large, rtol=1e-8, atol=0)
assert all(np.allclose(a, b, rtol=1e-9) for a, b in zip(weights, same, strict=True))
W1, b1, W2, b2 = weights
answers = np.tanh(corners @ W1 + b1) @ W2 + b2
assert np.array_equal(answers > 0.5, xor > 0.5)
print("after 300 steps it says", np.round(answers.ravel(), 2))

show(
    pictures.same_losses(small, large),
    "The dots of the real engine lie on the line of the small one: the same numbers, to "
    "eight digits.",
)

# %% [markdown]
# ## Open the real one
#
# The same four parts:
#
# | here | in the engine | where |
# |---|---|---|
# | `Value` | `Node`: `output`, `inputs`, `primitive`, `tick` | [engine/node.py](../autograd_core/engine/node.py) |
# | `operation(np.exp, rule)` | `elementwise(np.exp, ...)`, one line for each operation | [rules/elementwise.py](../autograd_core/rules/elementwise.py) |
# | `backward` | `sweep` | [engine/sweeping.py](../autograd_core/engine/sweeping.py) |
# | `fit` | `fit` | [engine/messages.py](../autograd_core/engine/messages.py) |
#
# Its rule for exp is the same formula. It is stated as a factor, which serves forward mode
# too:

# %%
source = inspect.getsource(elementwise)
rule = next(line for line in source.splitlines() if line.startswith("exp = "))
print(rule)
assert "lambda y, x: y" in rule
for part in (sweeping.sweep, messages.fit):
    print(f"{part.__module__}.{part.__name__}: {inspect.getdoc(part).splitlines()[0]}")

# %% [markdown]
# Parts that are the same can be exchanged. Below, *our* sweep walks over the nodes that the
# *real* engine recorded, and asks the real engine's rules.


# %%
def our_sweep(output):
    """Walk the real engine's nodes as `backward` walks ours."""
    graph = Graph(output)
    sent = {graph.node(output): np.ones_like(output.data)}
    for node in sorted(graph, key=lambda n: n.tick, reverse=True):
        if node.primitive is None:  # an input
            continue
        arrays = [getattr(i, "output", i) for i in node.inputs]
        for k, i in enumerate(node.inputs):
            message = node.primitive.vjps[k](
                sent[node], node.output, *arrays, **node.params
            )
            message = fit(np.asarray(message), np.shape(i.output))
            sent[i] = sent[i] + message if i in sent else message
    return graph, sent


X, W, b = (Tensor(v.data, requires_grad=True) for v in values)
h = np.tanh(X @ W + b)
real = np.sum(h * h + np.exp(h) - h)
graph, sent = our_sweep(real)
for leaf, right in zip((X, W, b), gradients(real, [X, W, b]), strict=True):
    assert np.allclose(sent[graph.node(leaf)], right.data, rtol=1e-13)
print(len(graph), "nodes of the real engine, swept by ours: the same gradients")

# %% [markdown]
# ## What the other lines are for
#
# Sixty lines give gradients. Some of what they don't give:
#
# - **Higher derivatives.** Our rules compute with arrays, and nothing records them. Run the
#   same rules on *Values*, and the way back is a graph of its own, which can be swept
#   again. That is how the engine has every order from one rule.


# %%
def recorded_backward(output):
    """As `backward` for numbers, but the rules get Values, so the sweep is recorded."""
    found, stack = {output}, [output]
    while stack:
        new = set(stack.pop().inputs) - found
        found |= new
        stack.extend(new)
    sent = {output: Value(1.0)}
    for value in sorted(found, key=lambda v: v.tick, reverse=True):
        for v, rule in zip(value.inputs, value.rules, strict=True):
            message = rule(sent[value], value, *value.inputs)
            sent[v] = sent[v] + message if v in sent else message
    return sent


x = Value(0.7)
first = recorded_backward(x * x * x)[x]
second = recorded_backward(first)[x]
third = recorded_backward(second)[x]
assert np.allclose([first.data, second.data, third.data], [3 * 0.7**2, 6 * 0.7, 6.0])
assert np.isclose(second.data, grad(grad(lambda x: x * x * x))(0.7))
print("x³ at 0.7:", *(f"{d.data:.2f}" for d in (first, second, third)))

# %% [markdown]
# - **Mistakes become errors.** Overwrite an array between the two passes, and our sweep
#   gives a wrong number. The engine says which line did it.

# %%
a = Value([1.0, 2.0])
loss = total(a * a)
a.data[:] = 100.0  # the rule of * still needs what stood here
assert np.array_equal(backward(loss)[a], [200.0, 200.0])  # wrong: 2a was [2, 4]

t = Tensor([1.0, 2.0], requires_grad=True)
middle = t * 1.0
loss = np.sum(middle * middle)
middle[:] = 100.0
try:
    loss.backward()
    said = ""
except Exception as error:
    said = str(error)
assert "overwritten" in said
print(said)

# %% [markdown]
# - Forward mode, complex numbers, hundreds of operations, memory given back during the
#   sweep, threads, pictures. [How it works, on one page](../docs/design.md) has the map.
#
# Step through a graph once more, and read it as the sweep in `backward` does: falling
# ticks, one message for each input. (Where a site removes scripts, the place below is
# empty: run the notebook to see it.)

# %%
x, y = Tensor(2.0, requires_grad=True), Tensor(3.0, requires_grad=True)
page = animate(x**3 * (x + 3 * y), title="What backward(output) does")
page

# %% [markdown]
# ## Exercises
#
# From easy to hard. Three digits are enough for a number; a count is exact.
#
# **1.** Division $y = a/b$: which rule sends a message to $b$? Write it as a function of $g$, $y$, $a$
# and $b$.
#
# <details><summary>Solution</summary>
#
# $\partial y/\partial b = -a/b^2 = -y/b$.
#
# ```python
# def answer(g, y, a, b):
#     return -g * y / b
# ```
# </details>

# %%
answer = None
check(1, answer)

# %% [markdown]
# **2.** A gradient of shape (32, 10) goes back to a bias of shape (10,). Along which axis does `fit` add?
#
# <details><summary>Solution</summary>
#
# Along the one that the bias does not have, axis 0.
#
# ```python
# answer = 0
# ```
# </details>

# %%
answer = None
check(2, answer)

# %% [markdown]
# **3.** And to an input of shape (32, 1)? Which shape does `fit` return?
#
# <details><summary>Solution</summary>
#
# It adds over axis 1 and keeps it.
#
# ```python
# answer = (32, 1)
# ```
# </details>

# %%
answer = None
check(3, answer)

# %% [markdown]
# **4.** `h = x * x; F = h * x`: in which order does the sweep visit F, h and x? Write it as a word of
# three letters, such as `"xhF"`.
#
# <details><summary>Solution</summary>
#
# By falling ticks: x was made first, then h, then F.
#
# ```python
# answer = "Fhx"
# ```
# </details>

# %%
answer = None
check(4, answer)

# %% [markdown]
# **5.** The sweep of `y = x + x` sends two messages to `x`. Somebody writes `sent[v] = message` in place
# of the line with the comment. What is the gradient then?
#
# <details><summary>Solution</summary>
#
# The second message overwrites the first; both are 1.
#
# ```python
# answer = 1.0
# ```
# </details>

# %%
answer = None
check(5, answer)

# %% [markdown]
# **6.** What is the rule of $\mathrm{relu}(x) = \max(0, x)$? (At 0 send 0.)
#
# <details><summary>Solution</summary>
#
# The gradient passes where x is positive.
#
# ```python
# def answer(g, y, x):
#     return g * (x > 0)
# ```
# </details>

# %%
answer = None
check(6, answer)

# %% [markdown]
# **7.** Hard: the rule of softmax along the last axis, $y = e^x / \sum e^x$. Each output feels each
# input; the sum over outputs can be done in one line.
#
# <details><summary>Solution</summary>
#
# $\partial y_i/\partial x_j = y_i(\delta_{ij} - y_j)$, so what goes to $x_j$ is $\sum_i g_i\,y_i
# (\delta_{ij} - y_j) = y_j\,(g_j - \sum_i g_i y_i)$.
#
# ```python
# def answer(g, y, x):
#     return y * (g - np.sum(g * y, axis=-1, keepdims=True))
# ```
# </details>

# %%
answer = None
check(7, answer)

# %% [markdown]
# ---
# Sources: A. Karpathy, *micrograd* (2020), does the same for single numbers; D. Johnson and
# others, *Autodidax* (JAX), builds transforms in the same spirit; HIPS autograd keeps the
# gradients in the sweep, as here.
#
# Whole programs on this: [toy_trainer](../examples/toy_trainer.py) and
# [chains](../examples/chains.py). Each is one command; [the table of
# examples](../examples/README.md) has what they measure, beside a baseline.
