# %% [markdown]
# # 9 · Optimizers racing on an ill-conditioned bowl
#
# **Why is walking straight downhill slow, and what do momentum, Adam and Newton do about
# it?**
#
# Near a minimum every smooth loss is a bowl. If the bowl is round, the gradient points at
# the bottom. If it is a long valley, steep across and shallow along, the gradient points
# across, and gradient descent bounces from side to side while it creeps along. One number
# says how long the valley is: the ratio of the largest to the smallest curvature, called the
# condition number. (The curvatures are the eigenvalues of the matrix of second derivatives.
# You need to know what those are.)

# %%
import numpy as np

import optim
from autograd_core import Tensor, animate, draw, grad, hessian
from page import exercises, show
from pictures import optimizers_on_a_bowl as pictures

check = exercises("optimizers_on_a_bowl")

# %% [markdown]
# ## The bowl
#
# $f(x, y) = \frac12\,(x^2 + 50\,y^2)$: curvature 1 along $x$, 50 along $y$.

# %%
KAPPA = 50.0
START = np.array([9.0, 1.0])


def bowl(p):
    return 0.5 * (p[0] ** 2 + KAPPA * p[1] ** 2)


H = hessian(bowl)(START)
assert np.allclose(np.linalg.eigvalsh(H), [1, KAPPA])
downhill = -grad(bowl)(START)
to_the_bottom = -START
cosine = downhill @ to_the_bottom / np.linalg.norm(downhill) / np.linalg.norm(to_the_bottom)
assert cosine < 0.35  # the gradient points elsewhere
degrees = np.degrees(np.arccos(cosine))
print(f"between the way down and the way to the bottom: {degrees:.0f} degrees")

x, y = Tensor(9.0, requires_grad=True), Tensor(1.0, requires_grad=True)
f = 0.5 * (x**2 + KAPPA * y**2)
draw(f, rankdir="TB")

# %% [markdown]
# ***What to see:** at the start y is nine times nearer to its best value than x, and its
# gradient is more than five times as large. A step that suits one is wrong for the other.*

# %%
animate(f, title="The bowl's gradient")

# %% [markdown]
# (Where a site removes scripts, the place above is a still: run the notebook to step through
# it.)
#
# ## How large a step?
#
# On a bowl, gradient descent multiplies the error along each axis by $1 - \eta\,\lambda$
# where $\lambda$ is the curvature along it. It converges if $|1 - \eta\,\lambda| < 1$ on
# every axis, that is, if $\eta < 2/\lambda_{\max}$.


# %%
def walk(make, steps=150, start=START, function=bowl):
    """Return the path that an optimizer takes."""
    p = Tensor(start.copy(), requires_grad=True)
    optimizer = make([p])
    path = [start.copy()]
    for _ in range(steps):
        optimizer.zero_grad()
        function(p).backward()
        optimizer.step()
        path.append(p.data.copy())
    return np.array(path)


def heights(path, function=bowl):
    return np.array([float(function(p)) for p in path])


limit = 2 / KAPPA
below = heights(walk(lambda p: optim.SGD(p, lr=0.98 * limit)))
above = heights(walk(lambda p: optim.SGD(p, lr=1.02 * limit)))
assert below[-1] < below[0] / 100
assert above[-1] > above[0]

best_rate = 2 / (1 + KAPPA)
plain = walk(lambda p: optim.SGD(p, lr=best_rate))
shrink = np.linalg.norm(plain[101]) / np.linalg.norm(plain[100])
assert np.isclose(shrink, (KAPPA - 1) / (KAPPA + 1), rtol=1e-6)  # each step leaves 96 %
print(f"at the best rate each step leaves {shrink:.1%} of the error")

# %% [markdown]
# ## Momentum
#
# Keep a velocity: what points the same way step after step adds up, what changes its sign
# cancels out. With Polyak's (1964) choice of rate and momentum, a step leaves
# $\frac{\sqrt\kappa - 1}{\sqrt\kappa + 1}$ of the error instead of $\frac{\kappa -
# 1}{\kappa + 1}$: the *square root* of the condition number.

# %%
root = np.sqrt(KAPPA)
polyak = {"lr": 4 / (1 + root) ** 2, "momentum": ((root - 1) / (root + 1)) ** 2}
heavy = walk(lambda p: optim.SGD(p, **polyak))
errors = np.linalg.norm(heavy, axis=1)
per_step = (errors[140] / errors[40]) ** (1 / 100)
assert np.isclose(per_step, (root - 1) / (root + 1), rtol=0.02)
print(f"with momentum each step leaves {per_step:.1%} of the error")

# %% [markdown]
# ## The race
#
# Seven runners, 100 steps. Gradient descent and momentum have the best rates there are, as
# above. Nesterov has Polyak's momentum and the rate $1/\lambda_{\max}$. Adagrad, RMSprop and
# Adam have the best of a grid of 13 rates.

# %%
grid = 10.0 ** np.linspace(-2, 1, 13)


def tuned(kind, function=bowl, steps=100, start=START, **settings):
    """Return the best path over the grid of learning rates."""
    with np.errstate(all="ignore"):
        paths = [
            walk(lambda p, lr=lr: kind(p, lr=lr, **settings), steps, start, function)
            for lr in grid
        ]
        ends = [heights(p, function)[-1] for p in paths]
    return paths[int(np.nanargmin(ends))]


runners = {
    "gradient descent": walk(lambda p: optim.SGD(p, lr=best_rate), 100),
    "momentum": walk(lambda p: optim.SGD(p, **polyak), 100),
    "Nesterov": walk(
        lambda p: optim.SGD(p, **{**polyak, "lr": 1 / KAPPA}, nesterov=True), 100
    ),
    "Adagrad": tuned(optim.Adagrad),
    "RMSprop": tuned(optim.RMSprop, alpha=0.9),
    "Adam": tuned(optim.Adam),
}
newton = START - np.linalg.solve(hessian(bowl)(START), grad(bowl)(START))
assert np.allclose(newton, 0)  # one step, to the bottom

final = {name: heights(path)[-1] for name, path in runners.items()}
share = {
    name: np.median(heights(runners[name])[51:] / heights(runners[name])[50:-1])
    for name in ("gradient descent", "momentum")
}
assert np.log(share["momentum"]) < 5 * np.log(share["gradient descent"])
assert final["momentum"] < 1e-6 * final["gradient descent"]
assert min(final, key=final.get) == "Adagrad"
assert final["Nesterov"] < final["gradient descent"]
result = optim.newton(lambda p: bowl(p), START)
assert np.allclose(result.x, 0, atol=1e-12)

show(
    pictures.race({name: heights(path) for name, path in runners.items()}, bowl(START)),
    "The first three end as straight lines on a logarithmic scale: each step leaves the same "
    "share. Momentum's line is several times steeper than gradient descent's. Adagrad wins "
    "among those that only know gradients; the last section asks why. Newton needs one step.",
)

# %% [markdown]
# The same from above:

# %%
across = np.sign(runners["gradient descent"][:40, 1])
assert np.all(across[1:] == -across[:-1])  # it crosses the valley with every step
swing = np.sign(runners["momentum"][:40, 1])
assert np.all(swing[1:] == -swing[:-1])  # so does momentum
assert np.abs(runners["momentum"][:, 1]).max() > 2 * START[1]  # at first even wider
assert runners["momentum"][20, 0] < 0.1 * runners["gradient descent"][20, 0]
show(
    pictures.from_above({k: runners[k][:40] for k in pictures.SEEN}, KAPPA),
    "Forty steps. Gradient descent crosses the valley at every step and creeps along it. "
    "Momentum crosses too, at first even wider, but gathers speed along it. Adagrad and Adam "
    "scale each axis by itself.",
)

# %% [markdown]
# ## Scaling each axis, and where that ends
#
# Adagrad, RMSprop and Adam divide each coordinate's step by how large its gradients have
# been. So the steepness of an axis drops out: on a bowl a hundred times as narrow, Adam with
# $\varepsilon \approx 0$ walks the very same path. But that only works for valleys *along the axes*.
# Turn the bowl by 45 degrees:

# %% tags=["approximate"]
turn = np.array([[1, -1], [1, 1]]) / np.sqrt(2)


def turned(p):
    q = turn.T @ p
    return 0.5 * (q[0] ** 2 + KAPPA * q[1] ** 2)


def turned_start(make, steps=100):
    return walk(make, steps, start=turn @ START, function=turned)


def narrow(p):
    return 0.5 * (p[0] ** 2 + 100 * KAPPA * p[1] ** 2)


paths = [
    walk(lambda p: optim.Adam(p, lr=0.1, eps=1e-30), 60, function=g) for g in (bowl, narrow)
]
assert np.allclose(*paths, rtol=1e-6)

for name, settings in {"gradient descent": {"lr": best_rate}, "momentum": polyak}.items():
    same = turned_start(lambda p, settings=settings: optim.SGD(p, **settings))
    assert np.allclose(same @ turn, runners[name], rtol=1e-6, atol=1e-12)  # it cannot tell
there = turn @ START
assert np.allclose(
    np.linalg.solve(hessian(turned)(there), grad(turned)(there)), there
)  # Newton

kinds = {"along the axes": (bowl, START), "turned": (turned, turn @ START)}
worse = {}
for kind in (optim.Adagrad, optim.Adam):
    lowest = {
        name: heights(tuned(kind, function, start=start), function)[-1]
        for name, (function, start) in kinds.items()
    }
    worse[kind] = lowest["turned"] / lowest["along the axes"]
    for name, height in lowest.items():
        print(
            f"{kind.__name__}, best of 13 rates, valley {name}: {height:.1e} above the bottom"
        )
assert worse[optim.Adagrad] > 20
assert worse[optim.Adam] < 5

# %% [markdown]
# Gradient descent takes the same path in turned coordinates; so do momentum and Newton. A
# method with a rate for each coordinate does not: Adagrad sees the axes, and not the valley.
# (Adam hardly minds here: its momentum makes up for it.)

# %% [markdown]
# ## Exercises
#
# From easy to hard. Three digits are enough for a number; a count is exact.
#
# **1.** What is the gradient of the bowl at $(2, 1)$?
#
# <details><summary>Solution</summary>
#
# $(x, 50\,y)$.
#
# ```python
# answer = (2, 50)
# ```
# </details>

# %%
answer = None
check(1, answer)

# %% [markdown]
# **2.** Up to which learning rate does gradient descent converge on it?
#
# <details><summary>Solution</summary>
#
# $2/\lambda_{\max} = 2/50$.
#
# ```python
# answer = 0.04
# ```
# </details>

# %%
answer = None
check(2, answer)

# %% [markdown]
# **3.** The gradient is 1 at every step, the rate 0.1, the momentum 0.9. How long does a step become
# in the end?
#
# <details><summary>Solution</summary>
#
# The velocity is $1 + 0.9 + 0.81 + \dots = 10$: momentum 0.9 is a rate ten times as large where
# the gradients agree.
#
# ```python
# answer = 1.0
# ```
# </details>

# %%
answer = None
check(3, answer)

# %% [markdown]
# **4.** Adam's first step with the rate 0.01, where the gradient is 1234.5: how long is it?
#
# <details><summary>Solution</summary>
#
# The gradient, divided by its own size.
#
# ```python
# answer = 0.01
# ```
# </details>

# %%
answer = None
check(4, answer)

# %% [markdown]
# **5.** $g(p) = \frac12\,p^\top A\,p$ with $A = \begin{pmatrix} 3 & 1 \\ 1 & 3 \end{pmatrix}$. Up to which
# learning rate does gradient descent converge?
#
# <details><summary>Solution</summary>
#
# The curvatures are the eigenvalues, 2 and 4 (directions $(1,-1)$ and $(1,1)$). The limit is
# $2/4$.
#
# ```python
# answer = 0.5
# ```
# </details>

# %%
answer = None
check(5, answer)

# %% [markdown]
# **6.** The condition number is 100. Which share of the error does a step leave, at the best rate:
# (gradient descent, momentum)?
#
# <details><summary>Solution</summary>
#
# $99/101$ and $9/11$.
#
# ```python
# answer = (0.980, 0.818)
# ```
# </details>

# %%
answer = None
check(6, answer)

# %% [markdown]
# **7.** And how many steps does gradient descent need to make the error a thousand times smaller?
#
# <details><summary>Solution</summary>
#
# $0.9802^k \le 0.001$ from $k = \ln 1000/0.02 = 345.4$ on. (Momentum needs 35.)
#
# ```python
# answer = 346
# ```
# </details>

# %%
answer = None
check(7, answer)

# %% [markdown]
# **8.** Hard: write one step of Newton's method on $\frac12\,p^\top A\,p - b^\top p$, as a function of $A$,
# $b$ and $p$.
#
# <details><summary>Solution</summary>
#
# Gradient $A p - b$, Hessian $A$. One step is enough, from anywhere.
#
# ```python
# def answer(A, b, p):
#     return p - np.linalg.solve(A, A @ p - b)
# ```
# </details>

# %%
answer = None
check(8, answer)

# %% [markdown]
# ---
# Sources: B. Polyak (1964) for momentum and its best settings; R. Fergus, *Neural Networks*,
# lecture 2, after G. Hinton, for the bowl and the list of runners; D. Kingma and J. Ba, *Adam*
# (2015); J. Duchi and others, *Adaptive Subgradient Methods* (2011).
#
# Whole programs on this: [momentum](../examples/momentum.py),
# [second_order](../examples/second_order.py), [minima](../examples/minima.py) and
# [schedules](../examples/schedules.py). Each is one command; [the table of
# examples](../examples/README.md) has what they measure, beside a baseline.
