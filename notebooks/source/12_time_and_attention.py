# %% [markdown]
# # 12 · Through time and attention
#
# **How does an error at the end of a sequence find what caused it, forty steps before?**
#
# A recurrent network reads a sequence step by step, and each step uses the same weights.
# Unrolled, it is a deep network whose layers share them, so back-propagation needs nothing
# new. But the way back is as long as the sequence, and a gradient can get lost on it. An
# attention head makes the way short. On this page you go back through both by hand.

# %%

import numpy as np

import nn
from autograd_core import Graph, Tensor, animate, draw, grad, gradients, jacobian
from page import exercises, show
from pictures import time_and_attention as pictures

check = exercises("time_and_attention")
rng = np.random.default_rng(0)

# %% [markdown]
# ## Unrolled
#
# $h_t = \tanh(w\,h_{t-1} + u\,x_t)$, three steps, all numbers. One weight $w$, used three
# times: a branch.

# %%
w, u = Tensor(0.8, requires_grad=True), Tensor(0.5, requires_grad=True)
h = Tensor(0.1, requires_grad=True)
for x in (1.0, -2.0, 0.5):
    h = np.tanh(w * h + u * x)
graph = Graph(h)
assert graph.branches[graph.node(w)] == 3
draw(h, show=("value", "grad"))

# %% [markdown]
# ***What to see:** w and u stand at the left, with a wire into each step. What comes back on
# the three wires is added.*
#
# Step through it in the order of the sweep: the last step first, which is *back* in time.
# (Where a site removes scripts, the place below is a still: run the notebook to see it.)

# %%
animate(h, title="Three steps of a recurrent network")

# %% [markdown]
# ## Back-propagation through time, by hand
#
# With vectors: $z_t = W h_{t-1} + U x_t + b$ and $h_t = \tanh z_t$; the loss looks at every
# $h_t$. Walk back from the last step. At each $h_t$ two messages meet: one from the loss at
# this step, one from step $t + 1$. And each step adds its share to the same $W$, $U$, $b$.

# %%
T, n, units = 6, 3, 4
X, target = rng.normal(size=(T, n)), rng.normal(size=(T, units))
W, U = rng.normal(0, 0.5, (units, units)), rng.normal(0, 0.5, (units, n))
b = rng.normal(0, 0.1, units)


def run(W, U, b):
    h, states = np.zeros(units), []
    for x in X:
        h = np.tanh(W @ h + U @ x + b)
        states.append(h)
    return np.stack(states)


def loss(W, U, b):
    return np.sum((run(W, U, b) - target) ** 2) / 2


states = run(W, U, b)
dW, dU, db = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b)
from_later = np.zeros(units)
for t in reversed(range(T)):
    dh = (states[t] - target[t]) + from_later  # a branch adds
    delta = dh * (1 - states[t] ** 2)  # through the tanh
    before = states[t - 1] if t else np.zeros(units)
    dW += np.outer(delta, before)  # the same W at each step: a branch adds
    dU += np.outer(delta, X[t])
    db += delta
    from_later = W.T @ delta

for hand, engine in zip((dW, dU, db), grad(loss, argnums=(0, 1, 2))(W, U, b), strict=True):
    assert np.allclose(hand, engine, rtol=1e-11)

layer = nn.RNN(n, units, dtype=np.float64)
for name, value in {"weight_hh_l0": W, "weight_ih_l0": U, "bias_ih_l0": b}.items():
    getattr(layer, name).data[:] = value
layer.bias_hh_l0.data[:] = 0  # nn.RNN has two biases, which are added
out, _ = layer(X)
assert np.allclose(out.data, states, rtol=1e-12)
(by_layer,) = gradients(np.sum((out - target) ** 2) / 2, [layer.weight_hh_l0])
assert np.allclose(by_layer.data, dW, rtol=1e-11)
print("by hand, by the engine, and through nn.RNN: the same dW")

# %% [markdown]
# ## The way back is long
#
# Each step back multiplies by $W^\top$ and by slopes of tanh. How much does the last state
# feel the input $k$ steps before? One sweep tells it for all $k$. $W$ is $\rho$ times a
# rotation, so without the tanh each step multiplies by $\rho$, exactly.

# %%
STEPS, UNITS = 40, 20
turn = np.linalg.qr(rng.normal(size=(UNITS, UNITS)))[0]
inputs, into = rng.normal(size=(STEPS, n)), rng.normal(0, 0.1, (UNITS, n))
asked = rng.normal(size=UNITS)


def last_state(inputs, rho, bend):
    h = np.zeros(UNITS)
    for t in range(STEPS):
        h = bend(rho * (turn @ h) + into @ inputs[t])
    return asked @ h


def felt(function):
    """Return how much the result feels each input, the latest first."""
    return np.linalg.norm(grad(function)(inputs), axis=1)[::-1]


def straight(z):
    return z


recurrent = {
    "ρ = 0.7": felt(lambda x: last_state(x, 0.7, np.tanh)),
    "ρ = 1.3": felt(lambda x: last_state(x, 1.3, np.tanh)),
    "ρ = 1.3, without tanh": felt(lambda x: last_state(x, 1.3, straight)),
}
assert recurrent["ρ = 0.7"][-1] < 1e-4 * recurrent["ρ = 0.7"][0]  # vanishes
assert recurrent["ρ = 1.3, without tanh"][-1] > 1e3 * recurrent["ρ = 1.3, without tanh"][0]
assert recurrent["ρ = 1.3"][-1] < 0.1 * recurrent["ρ = 1.3, without tanh"][-1]

h, z = np.zeros(UNITS), rng.normal(size=UNITS)
through = jacobian(lambda h: np.linalg.matrix_power(0.7 * turn, 10) @ h)(h)
assert np.isclose(np.linalg.norm(through @ z), 0.7**10 * np.linalg.norm(z))

# %% [markdown]
# ## A gate
#
# An LSTM carries a second state, $c_t = f_t\,c_{t-1} + i_t\,g_t$. Its gates are between zero
# and one. Straight along $c$ a step back multiplies by $f_t$ only. If the gate is open, $f \approx
# 1$, the gradient passes. A bias decides it at the start: with bias 0 the gate is half open,
# with bias 3 it is 95 % open.


# %%
def lstm(forget_bias):
    nn.manual_seed(0)
    layer = nn.LSTM(n, UNITS, dtype=np.float64).requires_grad_(False)
    layer.bias_ih_l0.data[:] = layer.bias_hh_l0.data[:] = 0
    layer.bias_ih_l0.data[UNITS : 2 * UNITS] = forget_bias  # the second of four gates
    return felt(lambda x: asked @ layer(x)[0][-1])


gated = {"LSTM, gate half open": lstm(0.0), "LSTM, gate open": lstm(3.0)}
assert gated["LSTM, gate half open"][-1] < 1e-6 * gated["LSTM, gate half open"][0]
assert 0.1 < gated["LSTM, gate open"][-1] / gated["LSTM, gate open"][0] < 10

show(
    pictures.felt_over_time(recurrent | gated),
    "Logarithmic, so a straight line is the same factor for each step. At 0.7 the gradient "
    "vanishes. At 1.3 it explodes, unless the tanh flattens it. Behind an open gate "
    "the input of forty steps ago is felt about as much as the last one.",
)

# %% [markdown]
# ## One attention head, by hand
#
# Attention does not pass a message from step to step. Each position asks a *query*, each
# offers a *key* and a *value*; the answer is a mean of the values, weighted by how well the
# keys fit the query:
#
# $$Q = X W_Q,\quad K = X W_K,\quad V = X W_V,\quad S = \frac{Q K^\top}{\sqrt d},\quad P =
# \mathrm{softmax}(S),\quad O = P\,V.$$
#
# The softmax goes along the rows. Going back is page 5 four times, and the softmax rule of
# page 4:

# %%
T, n, d = 7, 5, 4
X, came_back = rng.normal(size=(T, n)), rng.normal(size=(T, d))
WQ, WK, WV = rng.normal(0, 1 / np.sqrt(n), (3, n, d))
future = np.triu(np.ones((T, T), bool), 1)  # position i may not look at j > i


def head(X, WQ, WK, WV, mask=future):
    S = (X @ WQ) @ (X @ WK).T / np.sqrt(d)
    S = np.where(mask, -np.inf, S)
    P = np.exp(S - np.max(S, axis=1, keepdims=True))
    return P / np.sum(P, axis=1, keepdims=True) @ (X @ WV)


Q, K, V = X @ WQ, X @ WK, X @ WV
S = np.where(future, -np.inf, Q @ K.T / np.sqrt(d))
P = np.exp(S - S.max(axis=1, keepdims=True))
P /= P.sum(axis=1, keepdims=True)

dO = came_back  # (T, d)
dV = P.T @ dO  # O = P V
dP = dO @ V.T
dS = P * (dP - (dP * P).sum(axis=1, keepdims=True))  # softmax; 0 where P is 0
dQ = dS @ K / np.sqrt(d)  # S = Q Kᵀ / √d
dK = dS.T @ Q / np.sqrt(d)
dWQ, dWK, dWV = X.T @ dQ, X.T @ dK, X.T @ dV
dX = dQ @ WQ.T + dK @ WK.T + dV @ WV.T  # X is a branch of three

by_engine = grad(lambda *a: np.sum(came_back * head(*a)), argnums=(0, 1, 2, 3))(
    X, WQ, WK, WV
)
for hand, engine in zip((dX, dWQ, dWK, dWV), by_engine, strict=True):
    assert np.allclose(hand, engine, rtol=1e-10, atol=1e-13)
by_nn = nn.functional.scaled_dot_product_attention(Q, K, V, is_causal=True)
assert np.allclose(np.asarray(by_nn), P @ V, rtol=1e-12)
print("ten lines by hand, and the engine: equal")

# %% [markdown]
# The mask is exact: the derivative of an answer by a later position is zero, not small. And
# without a mask the head has no idea of order. Permute the positions, and the answers are
# permuted.

# %%
J = np.abs(jacobian(lambda X: head(X, WQ, WK, WV))(X)).sum(axis=(1, 3))  # (T, T)
assert np.all(J[future] == 0)
assert np.all(J[~future] > 0)

nothing_hidden = np.zeros((T, T), bool)
order = rng.permutation(T)
answers = head(X, WQ, WK, WV, nothing_hidden)
assert np.allclose(head(X[order], WQ, WK, WV, nothing_hidden), answers[order])

show(
    pictures.weights_and_influence(P, J),
    "Left, where each position looks. Right, which position it feels at all. Above the "
    "diagonal there is nothing: nobody looks ahead.",
    adapt=False,
)

# %% [markdown]
# ## The way is short
#
# From the last answer to any input there is one step, whatever the distance. The same
# question as for the recurrent networks, how much is felt of the input $k$ steps before:

# %%
maps = rng.normal(0, 1 / np.sqrt(3), (3, 3, UNITS))


def last_answer(inputs):
    Q, K, V = inputs[-1] @ maps[0], inputs @ maps[1], inputs @ maps[2]
    weights = np.exp(K @ Q / np.sqrt(UNITS))
    return asked @ (weights @ V / np.sum(weights))


def decay(found):
    """Return the factor for one step further back, fitted to all but the last input."""
    return np.exp(np.polyfit(np.arange(1, STEPS), np.log(found[1:]), 1)[0])


factors = {name: decay(found) for name, found in (recurrent | gated).items()}
factors["attention"] = decay(felt(last_answer))
for name, factor in factors.items():
    print(f"{name:22} one step further back: times {factor:.2f}")
assert 0.9 < factors["attention"] < 1.1
assert factors["ρ = 0.7"] < 0.75
assert factors["LSTM, gate half open"] < 0.7

# %% [markdown]
# ## Why divide by √d
#
# A score is a sum of $d$ products. If queries and keys have variance 1, it has variance
# $d$. For large $d$ one score is far above the rest, the softmax is nearly 0 or 1, and it
# passes nothing back: the saturated sigmoid of page 7 again.

# %%
sizes = (4, 16, 64, 256, 1024)
passed = {"divided by √d": [], "not divided": []}
for d in sizes:
    Q, K = rng.normal(size=(2, 200, d))
    raw = np.einsum("id,jd->ij", Q, K[:20])  # 200 queries, 20 keys
    assert 0.8 * d < raw.var() < 1.2 * d
    for name, S in (("divided by √d", raw / np.sqrt(d)), ("not divided", raw)):
        P = np.exp(S - S.max(axis=1, keepdims=True))
        P /= P.sum(axis=1, keepdims=True)
        passed[name].append(np.mean(P.max(axis=1)))  # the largest weight
assert passed["not divided"][-1] > 0.95 > 0.5 > passed["divided by √d"][-1]
slopes = {name: [p * (1 - p) for p in found] for name, found in passed.items()}
assert np.ptp(passed["divided by √d"]) < 0.1  # d does not matter
assert slopes["not divided"][-1] < 0.3 * slopes["divided by √d"][-1]

show(
    pictures.largest_weight(sizes, passed),
    "Without the division the largest of 20 weights goes to 1 as d grows: one position gets "
    "all, and the others cannot win it back. With it, d does not matter.",
)

# %% [markdown]
# ## Exercises
#
# From easy to hard. Three digits are enough for a number; a count is exact.
#
# **1.** A recurrent network reads 50 steps. How many messages come back to its weight $W$?
#
# <details><summary>Solution</summary>
#
# One from each step at which it is used.
#
# ```python
# answer = 50
# ```
# </details>

# %%
answer = None
check(1, answer)

# %% [markdown]
# **2.** $h_t = 0.9\,h_{t-1} + x_t$, all numbers. What is $\partial h_{20}/\partial x_{10}$?
#
# <details><summary>Solution</summary>
#
# Ten steps lie between them: $0.9^{10}$.
#
# ```python
# answer = 0.3487
# ```
# </details>

# %%
answer = None
check(2, answer)

# %% [markdown]
# **3.** The forget gate of an LSTM is $f = \sigma(3)$ at each of 40 steps. Which share of a gradient is left
# straight along $c$ after them?
#
# <details><summary>Solution</summary>
#
# $\sigma(3) = 0.9526$, and $0.9526^{40}$.
#
# ```python
# answer = 0.1431
# ```
# </details>

# %%
answer = None
check(3, answer)

# %% [markdown]
# **4.** One query $q = (1, 0)$, keys $(0, 5)$ and $(2, 1)$, $d = 2$. What are the two attention weights?
#
# <details><summary>Solution</summary>
#
# Scores 0 and $2/\sqrt2 = 1.414$; softmax: $1/(1 + e^{1.414})$ and the rest.
#
# ```python
# answer = (0.1956, 0.8044)
# ```
# </details>

# %%
answer = None
check(4, answer)

# %% [markdown]
# **5.** A causal mask on 8 positions: how many of the 64 weights are not 0?
#
# <details><summary>Solution</summary>
#
# Position $i$ sees $i$ positions: $1 + 2 + \dots + 8$.
#
# ```python
# answer = 36
# ```
# </details>

# %%
answer = None
check(5, answer)

# %% [markdown]
# **6.** Write one step back of $h = \tanh(W h' + U x)$: given $dh$, $W$, $h'$ and $h$, return $\partial
# C/\partial h'$ and this step's share of $\partial C/\partial W$.
#
# <details><summary>Solution</summary>
#
# $\delta = dh \odot (1 - h^2)$; then $W^\top\delta$ and $\delta\,h'^\top$.
#
# ```python
# def answer(dh, W, before, h):
#     delta = dh * (1 - h**2)
#     return W.T @ delta, np.outer(delta, before)
# ```
# </details>

# %%
answer = None
check(6, answer)

# %% [markdown]
# **7.** Hard: write the gradient of the keys of one head without a mask, from $dO$, $Q$, $K$ and $V$.
#
# <details><summary>Solution</summary>
#
# As above, with $P$ computed again.
#
# ```python
# def answer(dO, Q, K, V):
#     d = Q.shape[1]
#     P = np.exp(Q @ K.T / np.sqrt(d))
#     P /= P.sum(axis=1, keepdims=True)
#     dP = dO @ V.T
#     dS = P * (dP - (dP * P).sum(axis=1, keepdims=True))
#     return dS.T @ Q / np.sqrt(d)
# ```
# </details>

# %%
answer = None
check(7, answer)

# %% [markdown]
# ---
# Sources: P. Werbos, *Backpropagation Through Time* (1990); S. Hochreiter and J. Schmidhuber,
# *Long Short-Term Memory* (1997); R. Jozefowicz and others (2015) for the bias of the forget
# gate; A. Vaswani and others, *Attention Is All You Need* (2017); C. Olah, *Understanding LSTM
# Networks* (2015), for reading the gates.
#
# Whole programs on this: [char_rnn](../examples/char_rnn.py), [tagger](../examples/tagger.py),
# [transformer](../examples/transformer.py) and [translate](../examples/translate.py). Each is one
# command; [the table of examples](../examples/README.md) has what they measure, beside a baseline.
