# %% [markdown]
# # 3 · Why backward?
#
# **One graph for each input, or one graph for each output: does it matter?**
#
# The numbers on the edges can be multiplied from the inputs on (forward mode) or from the
# output back (reverse mode). Both give the same derivatives. One sweep of forward mode
# starts at *one input* and finds how every output feels it. One sweep of reverse mode
# starts at *one output* and finds how it feels every input. Training has one output, the
# loss, and as many inputs as there are weights. On this page the difference is counted,
# then measured: at 10,000 inputs it is a factor of thousands. (You need to know what a
# Jacobian is: the matrix of all derivatives of all outputs.)

# %%
import time

import numpy as np

from autograd_core import (
    Dual,
    Tensor,
    animate,
    checkpoint,
    cost,
    draw,
    grad,
    gradients,
    hvp,
    jacobian,
    jvp,
)
from page import exercises, show
from pictures import why_backward as pictures

check = exercises("why_backward")

# %% [markdown]
# ## Three ways over one graph
#
# $F = \tanh(x\,y)\,z$ has three inputs. First with **dual numbers**, one run of the program
# for each input. Each run carries (value, change) pairs and keeps nothing.


# %%
def f(x, y, z):
    return np.tanh(x * y) * z


at = (0.5, 1.5, 2.0)
runs = []
for k in range(3):
    pairs = [Dual(v, 1.0 if j == k else 0.0) for j, v in enumerate(at)]
    runs.append(float(f(*pairs).tangent))
print("forward, three runs:", np.round(runs, 6))

# %% [markdown]
# Then in **reverse**: one run that records, one sweep back.

# %%
x, y, z = (Tensor(v, requires_grad=True) for v in at)
F = f(x, y, z)
swept = [g.item() for g in gradients(F, [x, y, z])]
print("reverse, one sweep: ", np.round(swept, 6))
assert np.allclose(runs, swept, rtol=1e-14)
draw(F)

# %% [markdown]
# ***What to see:** all three orange numbers on the left came from one sweep.*
#
# The third way is both at once. A **second derivative** is a derivative of a derivative,
# and modes nest: forward over reverse pushes one change through the backward sweep, and
# gives the Hessian times a vector for about the price of two gradients.


# %%
def bowl(w):
    return np.sum(np.tanh(w) ** 2) + np.prod(w)


w, direction = np.array([0.3, -0.7, 1.1]), np.array([1.0, 0.0, -2.0])
nested = jvp(grad(bowl), (w,), (direction,))[1]  # forward over reverse
h = 1e-6
difference = (grad(bowl)(w + h * direction) - grad(bowl)(w - h * direction)) / (2 * h)
assert np.allclose(nested, difference, atol=1e-8)
assert np.allclose(nested, hvp(bowl, (w,), (direction,)))
one, both = (
    cost(g, w, measure=False).function.flops
    for g in (grad(bowl), lambda w: hvp(bowl, (w,), (direction,)))
)
assert both < 2.5 * one  # the gradient included
nested

# %% [markdown]
# Step through the graph in both modes: *Forward* needs a seed for each input, and the
# counter below the picture counts. (Where a site removes scripts, the place below is a still:
# run the notebook to see it.)

# %%
animate(F, mode="forward", title="tanh(x y) z, forward: one seed for each input")

# %% [markdown]
# ## Counting
#
# `cost` runs a function once and counts: floating-point operations (FLOPs) of one
# evaluation, of one forward and of one reverse sweep. A sweep of either kind costs a
# small multiple of the evaluation. What differs is how *many* sweeps are needed.

# %%
rng = np.random.default_rng(0)
n = 10_000
weights, data = rng.normal(size=n), rng.normal(size=n)


def loss(w):  # n inputs, one output
    return np.sum(np.tanh(w * data) ** 2)


ledger = cost(loss, weights)
modes = ledger.modes(limit=1.0)
assert (modes.forward.sweeps, modes.reverse.sweeps) == (10_000, 1)  # counted exactly
assert ledger.reverse.flops < 4 * ledger.function.flops  # one gradient: a few evaluations
assert ledger.forward.flops < 4 * ledger.function.flops
assert modes.best == "reverse"
assert modes.ratio > 1_000  # in FLOPs: exact, the same on every machine

# %% tags=["approximate"]
assert modes.measured_ratio > 500  # in seconds, on this machine; thousands as a rule
modes

# %% [markdown]
# One gradient of 10,000 numbers by reverse mode costs less than four evaluations of the
# loss. The same gradient by forward mode costs ten thousand sweeps. **That is the factor of
# thousands**, and why training goes backward. (On a slow machine the sweeps that fit into a
# second are timed and the rest is extrapolated; the table then says so.)
#
# ## Turned round
#
# With one input and many outputs, a curve for example, forward mode wins by as much.


# %%
def curve(t):  # one input, n outputs
    return np.sin(t * data)


turned = cost(curve, np.array(0.7), measure=False).modes(measure=False)
assert (turned.forward.sweeps, turned.reverse.sweeps) == (1, 10_000)
assert turned.best == "forward"
assert turned.ratio > 1_000
print(turned.sentence())

# %% [markdown]
# ## Curves over n and m
#
# Now measured: whole Jacobians of $f(x) = \tanh(W x)$ with $W$ of $m$ rows and $n$ columns,
# one sweep after another. First with one output and more and more inputs; then with one
# input and more and more outputs.


# %%
def seconds(run, repeats=3):
    best = np.inf
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best


def one_by_one(n, m):
    """Time one forward sweep for each input, and one reverse sweep for each output."""
    W, x = np.ones((m, n)) / n, np.ones(n)
    function = lambda x: np.tanh(W @ x)  # noqa: E731 - a formula
    units_n, units_m = np.eye(n), np.eye(m)

    def forward():
        for k in range(n):
            jvp(function, (x,), (units_n[k],))

    def reverse():
        leaf = Tensor(x, requires_grad=True)
        y = function(leaf)
        for k in range(m):
            gradients(y, [leaf], seed=units_m[k])

    return seconds(forward), seconds(reverse)


sizes = [1, 3, 10, 30, 100, 300, 1000]
over_n = np.array([one_by_one(n, 1) for n in sizes])
over_m = np.array([one_by_one(1, m) for m in sizes])

assert over_n[-1, 0] > 20 * over_n[-1, 1]  # 1,000 inputs: reverse by far
assert over_m[-1, 1] > 20 * over_m[-1, 0]  # 1,000 outputs: forward by far
show(
    pictures.times(sizes, over_n, over_m),
    "The mode that needs one sweep stays nearly level, the other rises with the number of "
    "sweeps. Which is which depends on what there is more of. (Measured here; yours will "
    "take other times.)",
)

# %% [markdown]
# The counted version, for every n and m at once. It takes the sweeps' FLOPs from the
# function above with its 10,000 inputs:

# %%
figure = modes.plot()
show(
    figure,
    "On the black line both modes cost the same. The star, our loss, stands far out in the "
    "corner where reverse is cheaper. Real training stands further out still: millions of "
    "inputs, one output.",
    adapt=False,
)

# %% [markdown]
# `jacobian(f)` looks at this for you, and says why if asked.

# %%
W = rng.normal(size=(3, 200))
J, plan = jacobian(lambda x: np.tanh(W @ x), return_plan=True)(rng.normal(size=200))
assert J.shape == (3, 200)
assert plan.mode == "reverse"
print(plan)

# %% [markdown]
# ## The price: memory
#
# Reverse mode walks back over values that the program has long passed, so it has to keep
# them. Forward mode carries its change along and forgets. For a loop of $k$ steps:

# %%
lengths = np.array([1, 2, 5, 10, 20, 50, 100])
start = np.ones(1000)


def loop(k):
    def run(x):
        for _ in range(k):
            x = np.sin(x)
        return np.sum(x)

    return cost(run, start, measure=False).memory


memory = [loop(int(k)) for k in lengths]
kept_reverse = np.array([m.reverse for m in memory]) / 1e3
kept_forward = np.array([m.forward for m in memory]) / 1e3
slope = np.polyfit(lengths, kept_reverse, 1)[0]
assert np.isclose(slope, 8.0, rtol=0.05)  # 1,000 numbers of 8 bytes for each step
assert kept_forward[-1] == kept_forward[2]  # level

show(
    pictures.memory(lengths, kept_reverse, kept_forward),
    "Reverse mode's memory grows with the length of the program, 8 kB for each step; forward "
    "mode's does not.",
)

# %% [markdown]
# There is a middle way: `checkpoint` forgets the values inside a part of the program and
# computes them again on the way back. It saves memory, costs time, and gives the same
# gradient.


# %%
def part(x):
    for _ in range(10):
        x = np.sin(x)
    return x


def kept_whole(x):
    for _ in range(10):
        x = part(x)
    return np.sum(x)


def kept_ends(x):
    for _ in range(10):
        x = checkpoint(part)(x)
    return np.sum(x)


assert np.allclose(grad(kept_whole)(start), grad(kept_ends)(start), rtol=1e-14)
whole, ends = (cost(g, start, measure=False).saved_bytes for g in (kept_whole, kept_ends))
assert ends < whole / 5
work = [cost(grad(g), start, measure=False).function.flops for g in (kept_whole, kept_ends)]
assert work[0] < work[1] < 2 * work[0]
print(
    f"kept for the sweep: {whole / 1e3:.0f} kB whole, {ends / 1e3:.0f} kB with checkpoints"
)
print(f"operations: {work[1] / work[0]:.2f} times as many with checkpoints")

# %% [markdown]
# ## Exercises
#
# From easy to hard. Three digits are enough for a number; a count is exact.
#
# **1.** A function has 5 inputs and 3 outputs. How many sweeps give its whole Jacobian: (forward,
# reverse)?
#
# <details><summary>Solution</summary>
#
# One for each input, or one for each output.
#
# ```python
# answer = (5, 3)
# ```
# </details>

# %%
answer = None
check(1, answer)

# %% [markdown]
# **2.** A curve has 1 input and 500 outputs. Which mode is cheaper, `"forward"` or `"reverse"`?
#
# <details><summary>Solution</summary>
#
# Forward needs one sweep, reverse 500.
#
# ```python
# answer = "forward"
# ```
# </details>

# %%
answer = None
check(2, answer)

# %% [markdown]
# **3.** With dual numbers, by hand: push $(2, 1)$ through $x^3 + 2x$. What is the second number of the
# result?
#
# <details><summary>Solution</summary>
#
# $x^3$ is $(8, 12)$ and $2x$ is $(4, 2)$. Add.
#
# ```python
# answer = 14.0
# ```
# </details>

# %%
answer = None
check(3, answer)

# %% [markdown]
# **4.** The same lesson in matrices. A function is three steps with Jacobians $C$ (100 by 100), then
# $B$ (100 by 100), then $A$ (1 by 100), so its own Jacobian is $A\,B\,C$. A product of an $m$ by
# $k$ with a $k$ by $n$ matrix takes $2\,m\,k\,n$ FLOPs. How many does $(A B) C$ take, which is
# reverse mode, and how many $A (B C)$, which is forward mode? Two numbers: (reverse, forward).
#
# <details><summary>Solution</summary>
#
# From the left only rows are carried: $2 \cdot 100 \cdot 100$, twice. From the right a whole
# matrix is carried first, $2 \cdot 100^3$, and then $20\,000$. Multiplying from the output's side
# is cheap because the output is one number.
#
# ```python
# answer = (40_000, 2_020_000)
# ```
# </details>

# %%
answer = None
check(4, answer)

# %% [markdown]
# **5.** A loop applies `np.sin` 200 times to 1,000 numbers of 8 bytes. How many kB does reverse mode keep?
#
# <details><summary>Solution</summary>
#
# The sine's derivative needs each step's input: $200 \cdot 8$ kB.
#
# ```python
# answer = 1600.0
# ```
# </details>

# %%
answer = None
check(5, answer)

# %% [markdown]
# **6.** A loop of 400 steps is cut into $p$ parts with checkpoints. At the worst moment $p$ ends are
# kept, and the $400/p$ steps of one part. Which $p$ keeps least?
#
# <details><summary>Solution</summary>
#
# $p + 400/p$ has the derivative $1 - 400/p^2$, which is zero at $p = \sqrt{400}$. Memory grows
# like the root of the length.
#
# ```python
# answer = 20
# ```
# </details>

# %%
answer = None
check(6, answer)

# %% [markdown]
# **7.** Write the rule of division for dual numbers: given $a$, its change $da$, $b$ and $db$, return
# the value and the change of $a/b$.
#
# <details><summary>Solution</summary>
#
# $(a/b)' = (a'b - a\,b')/b^2$.
#
# ```python
# def answer(a, da, b, db):
#     return a / b, (da * b - a * db) / b**2
# ```
# </details>

# %%
answer = None
check(7, answer)

# %% [markdown]
# ---
# Sources: G. Strang, *Linear Algebra and Learning from Data* (2019), section VII.3, for the
# two orders of a matrix chain and the factor of thousands; A. Griewank and A. Walther,
# *Evaluating Derivatives* (2008), for the cost of a sweep and for checkpoints.
#
# Whole programs on this: [modes](../examples/modes.py) and [digits](../examples/digits.py). Each is
# one command; [the table of examples](../examples/README.md) has what they measure, beside a
# baseline.
