# %% [markdown]
# # 10 · Regularization
#
# **Why does the training error lie?**
#
# Training makes the error small *on the examples it was given*. With enough weights it can
# make it zero, by learning the examples by heart, mistakes included. What we want is a
# small error on examples that nobody has seen. On this page the two errors part ways, and
# four things bring them together again: a penalty on weights, dropout, stopping early, and
# more data.

# %%
import numpy as np
from sklearn.datasets import load_digits

import nn
import optim
from autograd_core import Tensor, animate, draw, grad, gradients, no_grad
from page import exercises, show
from pictures import why_the_training_error_lies as pictures

check = exercises("why_the_training_error_lies")

# %% [markdown]
# ## Fifteen points and a polynomial
#
# The truth is $\sin(3x)$, measured 15 times with some noise. Fit polynomials of growing
# degree.

# %%
rng = np.random.default_rng(2)


def truth(x):
    return np.sin(3 * x)


x = np.sort(rng.uniform(-1, 1, 15))
y = truth(x) + rng.normal(0, 0.25, 15)
x_new = rng.uniform(-1, 1, 1000)
y_new = truth(x_new) + rng.normal(0, 0.25, 1000)


def features(x, degree):
    return np.polynomial.legendre.legvander(x, degree)


degrees = range(13)
train_error, new_error = [], []
for degree in degrees:
    w = np.linalg.lstsq(features(x, degree), y, rcond=None)[0]
    train_error.append(np.mean((features(x, degree) @ w - y) ** 2))
    new_error.append(np.mean((features(x_new, degree) @ w - y_new) ** 2))

assert np.all(np.diff(train_error) <= 1e-12)  # never up: each degree contains those below
best = int(np.argmin(new_error))
assert 2 <= best <= 7
assert new_error[-1] > 10 * new_error[best]
assert train_error[-1] < train_error[best]  # and yet it looks better

show(
    pictures.two_errors(degrees, train_error, new_error, 0.25**2),
    "What to see: the orange error only falls; by it, the highest degree is best. The blue one "
    "turns up. Where orange goes below the noise, the polynomial has begun to learn the noise.",
)

# %% [markdown]
# ## A penalty
#
# Wild curves need large weights, so charge for them: $C = C_0 + \frac{\lambda}{2}\sum w^2$.
# In the graph each weight becomes a branch: one use is the fit, the other is the penalty,
# and backward adds $\partial C_0/\partial w$ and $\lambda w$.

# %%
w = Tensor(1.5, requires_grad=True)
fit = (w * 2.0 - 1.0) ** 2
penalty = 0.5 * 0.1 * w**2
C = fit + penalty
(dw,) = gradients(C, [w])
assert np.isclose(dw.item(), 2 * (1.5 * 2 - 1) * 2 + 0.1 * 1.5)
draw(C, rankdir="TB")

# %% [markdown]
# *Two messages arrive at the branch below w: 8 from the fit, 0.15 from the penalty.*
#
# Step through it. (Where a site removes scripts, the place below is a still: run the notebook
# to see it.)

# %%
animate(C, title="A weight, its fit and its penalty")

# %% [markdown]
# A step of gradient descent with this penalty shrinks the weight first and then follows the
# data: $w \leftarrow (1 - \eta\lambda)\,w - \eta\,\partial C_0/\partial w$. Hence the name
# *weight decay*, and the optimizers' option. L1, a penalty $\lambda\sum|w|$, takes off the
# same amount $\eta\lambda$ from every weight, small or large.

# %%
w1, w2 = (Tensor([[2.0, -0.5, 0.01]], requires_grad=True) for _ in range(2))
by_option = optim.SGD([w1], lr=0.1, weight_decay=0.3)
by_hand = optim.SGD([w2], lr=0.1)
np.sum(np.sin(w1)).backward()
(np.sum(np.sin(w2)) + nn.l2_penalty([w2], 0.3)).backward()
by_option.step()
by_hand.step()
assert np.allclose(w1.data, w2.data, rtol=1e-14)

values = np.array([2.0, -0.5, 0.01])
l2 = grad(lambda w: 0.5 * 0.3 * np.sum(w**2))(values)
l1 = grad(lambda w: 0.3 * np.sum(np.abs(w)))(values)
assert np.allclose(l2, 0.3 * values)
assert np.allclose(l1, 0.3 * np.sign(values))
print("L2 pulls with", np.round(l2, 4), "  L1 with", np.round(l1, 4))

# %% [markdown]
# ## How large a penalty? Ask data that was not fitted
#
# Cross-validation: split the 15 points into 5 parts, fit on 4 of them, measure on the
# fifth, in turn. The 1,000 new points are only looked at afterwards, to see whether the
# choice was good. The fit is done by Newton's method with the engine's Hessian, and is
# compared with the formula.

# %%
DEGREE = 12


def fitted(x, y, strength):
    """Minimize the sum of squares plus the penalty; the minimum has a formula."""
    V = features(x, DEGREE)
    return np.linalg.solve(V.T @ V + strength * np.eye(DEGREE + 1), V.T @ y)


def objective(w):
    return 0.5 * np.sum((features(x, DEGREE) @ w - y) ** 2) + 0.5 * 0.1 * np.sum(w**2)


by_newton = optim.newton(objective, np.zeros(DEGREE + 1)).x
assert np.allclose(by_newton, fitted(x, y, 0.1), atol=1e-8)

strengths = 10.0 ** np.arange(-6, 3, 0.5)
parts = np.array_split(np.random.default_rng(0).permutation(15), 5)


def cross_validated(x, y):
    """Return the mean error on what was left out, for each strength."""
    held_out = np.zeros(len(strengths))
    for part in parts:
        rest = np.setdiff1d(np.arange(15), part)
        seen, left = features(x[rest], DEGREE), features(x[part], DEGREE)
        for k, strength in enumerate(strengths):
            normal = seen.T @ seen + strength * np.eye(DEGREE + 1)
            w = np.linalg.solve(normal, seen.T @ y[rest])
            held_out[k] += np.sum((left @ w - y[part]) ** 2) / 15
    return held_out


def errors(x, y, x_new, y_new):
    """Return the mean error of each strength on other points than it was fitted to."""
    V = features(x_new, DEGREE)
    return np.array([np.mean((V @ fitted(x, y, s) - y_new) ** 2) for s in strengths])


held_out, on_train, on_new = (
    cross_validated(x, y),
    errors(x, y, x, y),
    errors(x, y, x_new, y_new),
)
chosen = int(np.argmin(held_out))
assert np.argmin(on_train) == 0  # the training error would choose no penalty at all
assert on_new[chosen] < 2 * min(on_new)
assert on_new[chosen] < 0.1 * on_new[0]

t = np.linspace(-1, 1, 300)
wild, tame = (features(t, DEGREE) @ fitted(x, y, s) for s in (1e-6, strengths[chosen]))
assert np.abs(wild - truth(t)).max() > 3 * np.abs(tame - truth(t)).max()
assert on_train[0] < on_train[chosen]  # closer to the points, further from the truth

show(
    pictures.strengths(
        (strengths, on_train, held_out, on_new, chosen), (t, truth(t), wild, tame, x, y)
    ),
    "Cross-validation, without having seen the new points, chooses a strength that is good for "
    "them too. On the right, the same polynomial twice: without the penalty it comes closer to the "
    "points and swings between them, with it it follows the truth.",
)

# %% [markdown]
# Fifteen points are few, so the choice is partly luck. With other draws of the points:

# %% tags=["approximate"]
draws, ratios, gains = np.random.default_rng(3), [], []
for _ in range(30):
    x_other = draws.uniform(-1, 1, 15)
    y_other = truth(x_other) + draws.normal(0, 0.25, 15)
    there = errors(x_other, y_other, x_new, y_new)
    picked = np.argmin(cross_validated(x_other, y_other))
    ratios.append(there[picked] / there.min())
    gains.append(there[0] / there[picked])
assert np.median(ratios) < 1.5
assert np.mean(np.array(gains) > 1) > 0.9
print(
    f"the error is at most twice the best one in {np.sum(np.array(ratios) < 2)} of 30 draws,"
)
print(f"and smaller than without a penalty in {np.sum(np.array(gains) > 1)} of 30")

# %% [markdown]
# ## A network that learns wrong answers by heart
#
# Three hundred images of digits, and every fifth label is wrong on purpose. A network with
# 100 hidden units, 50 epochs, and its accuracy on clean images that it has not seen.

# %%
digits = load_digits()
images = (digits.data / 16).astype(np.float32)
order = np.random.default_rng(0).permutation(len(images))
train, test = order[:300], order[300:]
labels = digits.target[train].copy()
wrong = np.arange(0, 300, 5)
labels[wrong] = (labels[wrong] + np.random.default_rng(1).integers(1, 10, len(wrong))) % 10
clean = np.setdiff1d(np.arange(300), wrong)
assert (labels != digits.target[train]).mean() == 0.2


def learn(dropout=0.0, weight_decay=0.0, noise=0.0, epochs=50):
    """Return the accuracy on new images and on the wrong labels, epoch by epoch."""
    nn.manual_seed(0)
    net = nn.Sequential(
        nn.Linear(64, 100), nn.ReLU(), nn.Dropout(dropout), nn.Linear(100, 10)
    )
    optimizer = optim.Adam(net.parameters(), lr=6e-3, weight_decay=weight_decay)
    rng, on_new, by_heart = np.random.default_rng(0), [], []
    for _ in range(epochs):
        net.train()
        for batch in np.array_split(rng.permutation(300), 10):
            optimizer.zero_grad()
            seen = images[train[batch]]
            if noise:
                seen = seen + rng.normal(0, noise, seen.shape).astype(np.float32)
            nn.functional.cross_entropy(net(seen), labels[batch]).backward()
            optimizer.step()
        net.eval()
        with no_grad():
            answers = net(images).data.argmax(axis=1)
        on_new.append(np.mean(answers[test] == digits.target[test]))
        by_heart.append(np.mean(answers[train[wrong]] == labels[wrong]))
    return np.array(on_new), np.array(by_heart)


runs = {
    "nothing": learn(),
    "weight decay": learn(weight_decay=0.02),
    "dropout": learn(dropout=0.6),
    "noise on the images": learn(noise=0.4),
}

# %% tags=["approximate"]
for name, (on_new, by_heart) in runs.items():
    print(
        f"{name:20} at the end {on_new[-1]:.1%} of new digits, best epoch {on_new.max():.1%}; "
        f"{by_heart[-1]:.0%} of the wrong labels by heart"
    )
plain, heart = runs["nothing"]
assert heart[-1] > 0.6  # most wrong labels are learned
assert plain.max() - plain[-1] > 0.02  # stopping early would have been better
assert plain.argmax() < 25
for name, (on_new, by_heart) in runs.items():
    if name != "nothing":
        assert on_new[-1] > plain[-1] + 0.01
        assert by_heart[-1] < heart[-1] - 0.2

show(
    pictures.by_heart(runs),
    "Without regularization the network is best early. Then it begins to learn "
    "the wrong labels (right), and gets worse on new digits (left). Each of the three remedies "
    "holds that back.",
)

# %% [markdown]
# **Stopping early** is the cheapest remedy of all: keep the weights of the epoch that was
# best on held-out data. And the fourth is **more data**: trained on all the clean digits,
# the same network does better than any of them, without a remedy.

# %% tags=["approximate"]
nn.manual_seed(0)
net = nn.Sequential(nn.Linear(64, 100), nn.ReLU(), nn.Linear(100, 10))
optimizer, shuffle = optim.Adam(net.parameters(), lr=3e-3), np.random.default_rng(0)
more, rest = order[:1200], order[1200:]
for _ in range(15):
    for batch in np.array_split(shuffle.permutation(more), 40):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(images[batch]), digits.target[batch]).backward()
        optimizer.step()
with no_grad():
    score = np.mean(net(images[rest]).data.argmax(axis=1) == digits.target[rest])
assert score > max(on_new[-1] for on_new, _ in runs.values())
print(f"1,200 clean images: {score:.1%}")

# %% [markdown]
# ## Exercises
#
# From easy to hard. Three digits are enough for a number; a count is exact.
#
# **1.** A weight feels nothing but an L2 penalty: $\lambda = 0.5$, rate $\eta = 0.1$, and it starts at 2.
# What is it after 10 steps?
#
# <details><summary>Solution</summary>
#
# Each step multiplies by $1 - \eta\lambda = 0.95$: $2 \cdot 0.95^{10}$.
#
# ```python
# answer = 1.197
# ```
# </details>

# %%
answer = None
check(1, answer)

# %% [markdown]
# **2.** And with L1: $\lambda = 0.3$, $\eta = 0.1$, from 0.5, after 10 steps?
#
# <details><summary>Solution</summary>
#
# Each step takes off 0.03.
#
# ```python
# answer = 0.2
# ```
# </details>

# %%
answer = None
check(2, answer)

# %% [markdown]
# **3.** From which degree on can a polynomial pass through any 15 points (at different $x$)?
#
# <details><summary>Solution</summary>
#
# It needs 15 coefficients.
#
# ```python
# answer = 14
# ```
# </details>

# %%
answer = None
check(3, answer)

# %% [markdown]
# **4.** Dropout sets a share of 0.6 to zero while training. What does `nn.Dropout(0.6)` multiply the
# others by, so that the mean stays?
#
# <details><summary>Solution</summary>
#
# $1/(1 - 0.6)$. So nothing has to be scaled when testing.
#
# ```python
# answer = 2.5
# ```
# </details>

# %%
answer = None
check(4, answer)

# %% [markdown]
# **5.** Eight strengths of a penalty, cross-validation in five parts: how many fits?
#
# <details><summary>Solution</summary>
#
# Each strength is fitted once for each part left out.
#
# ```python
# answer = 40
# ```
# </details>

# %%
answer = None
check(5, answer)

# %% [markdown]
# **6.** Minimize $\frac12(2w - 3)^2 + \frac12 \cdot 0.5\,w^2$ by hand. Which $w$?
#
# <details><summary>Solution</summary>
#
# $2(2w - 3) + 0.5\,w = 0$, so $w = 6/4.5$; without the penalty 1.5.
#
# ```python
# answer = 1.333
# ```
# </details>

# %%
answer = None
check(6, answer)

# %% [markdown]
# **7.** Noise is a penalty in disguise. A linear model $w \cdot x$ gets noise of standard deviation 0.1 on
# each input. By how much does that raise the mean of $(w \cdot x - y)^2$ if $w = (3, 4)$?
#
# <details><summary>Solution</summary>
#
# The noise adds $w \cdot \epsilon$, whose variance is $\sigma^2 \sum w^2 = 0.01 \cdot 25$: an L2 penalty.
#
# ```python
# answer = 0.25
# ```
# </details>

# %%
answer = None
check(7, answer)

# %% [markdown]
# **8.** Hard: early stopping. Write a function of a list of held-out errors and a patience $p$: the epoch
# (counted from 0) whose weights are kept, if training stops as soon as $p$ epochs in a row were
# no better than the best so far.
#
# <details><summary>Solution</summary>
#
# Remember the best; stop when it is $p$ epochs old.
#
# ```python
# def answer(errors, patience):
#     best = 0
#     for epoch, error in enumerate(errors):
#         if error < errors[best]:
#             best = epoch
#         elif epoch - best >= patience:
#             break
#     return best
# ```
# </details>

# %%
answer = None
check(8, answer)

# %% [markdown]
# ---
# Sources: M. Nielsen, *Neural Networks and Deep Learning* (2015), chapter 3, for overfitting, L1,
# L2 and dropout; G. Strang, *Linear Algebra and Learning from Data* (2019), section VII.4, for
# cross-validation; G. Hinton and others (2012) for dropout; C. Bishop (1995) for noise as a
# penalty.
#
# Whole programs on this: [capacity](../examples/capacity.py), [sparsity](../examples/sparsity.py),
# [dropout_averages](../examples/dropout_averages.py), [bagging](../examples/bagging.py),
# [augmentation](../examples/augmentation.py), [schedules](../examples/schedules.py) and
# [hyperparameters](../examples/hyperparameters.py). Each is one command; [the table of
# examples](../examples/README.md) has what they measure, beside a baseline.
