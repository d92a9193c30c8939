# %% [markdown]
# # 13 · Debugging training
#
# **It runs, and it does not learn. Where is the fault?**
#
# A wrong program usually stops. A wrong training program usually goes on, with a loss that
# falls a little less than it should. On this page six faults are planted, of the kinds that
# really happen, and each is found by a tool that looks at the graph: numerical gradient
# checks, the table of gradients by layer, activity statistics, `explain`, `detect_anomaly`,
# and the graph itself.

# %%
import numpy as np
from sklearn.datasets import load_digits

import nn
import optim
from autograd_core import (
    Tensor,
    animate,
    detect_anomaly,
    draw,
    explain,
    gradcheck,
    gradients,
    jvp,
    no_grad,
    primitive,
)
from autograd_core.base.errors import AutogradError, GradcheckError
from page import exercises, show
from pictures import debugging_training as pictures

check = exercises("debugging_training")

digits = load_digits()
images = (digits.data / 16).astype(np.float32)
labels = digits.target
order = np.random.default_rng(0).permutation(len(images))
train, test = order[:1200], order[1200:]

# %% [markdown]
# ## Before any training: three numbers that are known
#
# 1. A classifier that knows nothing gives each of ten classes 1/10, so its first loss
#    is $\ln 10 \approx 2.303$.
# 2. Its gradients agree with finite differences.
# 3. It can learn ten examples by heart. If it cannot do that, more data won't help.


# %%
def network(hidden=32):
    nn.manual_seed(0)
    return nn.Sequential(nn.Linear(64, hidden), nn.ReLU(), nn.Linear(hidden, 10))


net = network()
with no_grad():
    first = nn.functional.cross_entropy(net(images[train]), labels[train]).item()
assert abs(first - np.log(10)) < 0.1

few, tiny, small = order[:10], network(hidden=6).double(), network().double()
x64 = images[few].astype(float)
assert gradcheck(  # every parameter, in reverse mode, against central differences
    lambda: nn.functional.cross_entropy(tiny(x64[:3]), labels[few[:3]]),
    parameters=list(tiny.parameters()),
    order=1,
)

optimizer = optim.Adam(small.parameters(), lr=0.01)
for _ in range(150):
    optimizer.zero_grad()
    loss = nn.functional.cross_entropy(small(x64), labels[few])
    loss.backward()
    optimizer.step()
assert loss.item() < 0.01
print(f"first loss {first:.3f}, ln 10 = {np.log(10):.3f}")
print(f"ten examples by heart: {loss.item():.3f}")

# %% [markdown]
# ## Fault 1: a derivative rule with the wrong sign
#
# Somebody has written an activation of their own, $\mathrm{softsign}(x) = x / (1 + |x|)$,
# and its two rules: what goes back for a gradient $g$ that came back, and what goes forward
# for a change $t$. One of them has a minus too many.


# %%
def softsign_with(sign):
    """Declare softsign; the right sign of its reverse rule is 1."""
    return primitive(
        lambda x: x / (1 + np.abs(x)),
        vjp=[lambda g, y, x: sign * g / (1 + np.abs(x)) ** 2],
        jvp=[lambda t, y, x: t / (1 + np.abs(x)) ** 2],
        name="softsign",
    )


softsign, at = softsign_with(-1), np.array([0.5, -2.0])
assert np.allclose(jvp(softsign, (at,), (np.ones(2),))[1], 1 / (1 + np.abs(at)) ** 2)
try:
    gradcheck(lambda x: np.sum(softsign(x) ** 2 + np.sin(x)), at)
    found = ""
except GradcheckError as error:
    found = str(error)
assert "The rule of softsign is wrong" in found  # named, though sin and ** are there too
print(found)
assert gradcheck(softsign_with(1), at)  # repaired: both modes, and second order

# %% [markdown]
# ## Fault 2: a layer that gets no gradient
#
# The loss falls, but slowly. First look: the size of each parameter's gradient.


# %%
class Faulty(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(64, 32)
        self.second = nn.Linear(32, 32)
        self.out = nn.Linear(32, 10)

    def forward(self, x):
        h = np.maximum(self.first(x), 0)
        scale = np.max(np.abs(h.data))  # to keep numbers small
        h = h.detach() / scale
        h = np.maximum(self.second(h), 0)
        return self.out(h)


nn.manual_seed(0)
faulty = Faulty()
loss = nn.functional.cross_entropy(faulty(images[train[:50]]), labels[train[:50]])
parameters = dict(faulty.named_parameters())
sizes = dict(zip(parameters, gradients(loss, list(parameters.values())), strict=True))
for name, g in sizes.items():
    print(f"{name:14} {'no gradient' if g is None else f'{np.linalg.norm(g.data):.4f}'}")
without = [name for name, g in sizes.items() if g is None]
assert without == ["first.weight", "first.bias"]

# %% [markdown]
# `None` is not zero: it says that no path leads there. `explain` finds the line that cut
# it.

# %%
why = explain(faulty.first.weight, loss)
assert why.gradient is None
assert "h.detach() / scale" in why.where.text
print(why)

# %%
draw(loss, depth=1, rankdir="TB", show=("grad",))

# %% [markdown]
# ***What to see:** the graph begins at the second layer. `first` is not in it at all, so no
# sweep can reach it.* Remedy: only the scale may be detached: `h / scale`.
#
# ## Fault 3: softmax twice
#
# `CrossEntropyLoss` wants logits and applies the softmax itself. This network ends with a
# softmax of its own. It trains, and in the end it reads new digits about as well. What gives
# it away is the loss.


# %%
def train_for(net, epochs=30):
    """Return the mean loss of each epoch, the last loss, and the share of new digits right."""
    optimizer, shuffle = optim.Adam(net.parameters(), lr=0.01), np.random.default_rng(0)
    losses = []
    for _ in range(epochs):
        seen = []
        for batch in np.array_split(shuffle.permutation(train), 20):
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(images[batch]), labels[batch])
            loss.backward(retain_graph=True)
            optimizer.step()
            seen.append(loss.item())
        losses.append(np.mean(seen))
    with no_grad():
        right = np.mean(net(images[test]).data.argmax(axis=1) == labels[test])
    return np.array(losses), loss, right


twice, once = nn.Sequential(*network(), nn.Softmax(dim=1)), network()
losses_twice, loss, right_twice = train_for(twice)
losses_once, _, right_once = train_for(once)

# %% tags=["approximate"]
lowest = np.log(np.e + 9) - 1  # the loss of softmax([1, 0, ..., 0]): it cannot be more sure
assert losses_twice.min() > lowest > 1.4
assert losses_twice[-1] < lowest + 0.05  # close to it
assert np.ptp(losses_twice[-5:]) < 0.02  # and level
assert losses_once[-1] < 0.1
assert right_twice > right_once - 0.03  # nothing to be seen in the answers
print(f"new digits read right: {right_twice:.1%} with two, {right_once:.1%} with one")

show(
    pictures.softmax_twice(losses_twice, losses_once, lowest),
    "The orange loss comes to rest just above the dotted line, and can never cross it. A loss "
    "that levels off at a number that means something is a clue.",
)

# %% [markdown]
# Why there? The most that the first softmax can say is 1 for the right class and 0 for the
# others, and the second makes $e/(e + 9)$ of that. The graph shows the fault:

# %% tags=["approximate"]
drawing = draw(loss, rankdir="TB", show=("value",))
assert [card.expression for card in drawing.find("softmax")] == ["Softmax"]
drawing

# %% [markdown]
# *A softmax stands right before the cross-entropy, which has one inside.*
#
# ## Fault 4: dead units
#
# A learning rate that is too large throws units far below zero. A ReLU that is negative for
# *every* image passes nothing back, and it stays that way. `LayerStatistics` counts such
# units while the network trains.


# %%
def trained(lr):
    nn.manual_seed(0)
    net = nn.Sequential(
        nn.Linear(64, 60), nn.ReLU(), nn.Linear(60, 60), nn.ReLU(), nn.Linear(60, 10)
    )
    statistics = nn.LayerStatistics(every=5)
    trainer = nn.Trainer(
        net,
        nn.CrossEntropyLoss(),
        optim.SGD(net.parameters(), lr=lr),
        callbacks=[statistics],
        progress=False,
    )
    trainer.fit((images[train], labels[train]), epochs=6)
    return net, statistics


sound, sound_statistics = trained(0.1)
burnt, burnt_statistics = trained(1.0)

# %% tags=["approximate"]
print(burnt_statistics)
dead = {name: s["dead"] for name, s in burnt_statistics.records[-1]["layers"].items()}
alive = {name: s["dead"] for name, s in sound_statistics.records[-1]["layers"].items()}
assert max(dead["1"], dead["3"]) > 0.5
assert max(alive["1"], alive["3"]) < 0.2


def on(net):
    """Whether each unit of the first layer is on, for each new image."""
    with no_grad():
        return net[0](images[test]).data > 0


silent = {rate: ~on(net).any(axis=0) for rate, net in ((0.1, sound), (1.0, burnt))}
assert silent[0.1].mean() < 0.2  # a few of 60, here as well
assert silent[1.0].mean() > 0.5
for rate, units in silent.items():
    print(f"rate {rate}: {units.sum()} of {len(units)} units are off for every new image")

off = ~(burnt[0](images[train]).data > 0).any(axis=0)  # off for every image of the training
loss = nn.functional.cross_entropy(burnt(images[train]), labels[train])
(dW,) = gradients(loss, [burnt[0].weight])
assert off.mean() > 0.5
assert np.all(dW.data[off] == 0)  # nothing comes back: they stay as they are

show(
    pictures.units_that_are_on(on(sound)[:120], on(burnt)[:120]),
    "Each column is a unit, each row an image, dark where the unit is on. On the left most "
    "columns are mottled: the unit tells images apart. On the right most are blank from top to "
    "bottom: dead.",
)

# %% [markdown]
# The graph shows what a dead unit means. Here is one with its weights: no step of gradient
# descent can bring it back, since every message to w and b is 0.

# %%
w, b = Tensor(0.5, requires_grad=True), Tensor(-9.0, requires_grad=True)
z = w * 2.0 + b
h = np.maximum(z, 0)
C = (h - 1.0) ** 2
assert [g.item() for g in gradients(C, [w, b])] == [0.0, 0.0]
animate(C, title="A dead unit: the message stops at the ReLU")

# %% [markdown]
# (Where a site removes scripts, the place above is a still: run the notebook to see it.)
#
# ## Fault 5: NaN, from somewhere
#
# The loss is NaN. By then every number is. `detect_anomaly` stops at the operation that
# produced the first one.

# %%
p = Tensor([0.2, 0.8, 0.0], requires_grad=True)
target = np.array([0.0, 1.0, 0.0])
with np.errstate(all="ignore"):
    entropy = -target * np.log(p)  # 0 · log 0
    loss = np.sum(entropy) + np.sum(p**2)
    assert np.isnan(loss.item())
    try:
        with detect_anomaly():
            entropy = -target * np.log(p)
            loss = np.sum(entropy) + np.sum(p**2)
        found = ""
    except AutogradError as error:
        found = str(error)
assert "log" in found
print(found)

# %%
with np.errstate(all="ignore"):
    loss = np.sum(-target * np.log(p))
draw(loss, show=("value",), rankdir="TB")

# %% [markdown]
# *Red borders and an exclamation mark, from the logarithm on.* Remedy: the loss that takes
# logits, or a sum over the chosen class only.
#
# ## Fault 6: gradients that are never cleared
#
# `backward()` *adds* to `.grad`, because a parameter may be used in several losses:
# another branch, this time in time. If you forget `zero_grad()`, you descend along the
# sum of all gradients so far.

# %%
w = Tensor([1.0], requires_grad=True)
for k in range(3):
    np.sum(w * 2.0).backward()
    assert w.grad.item() == 2.0 * (k + 1)  # 2, 4, 6


def descend(zero, steps=100):
    """Walk down C = w² / 2 from 1, and return the way."""
    w = Tensor([1.0], requires_grad=True)
    optimizer, path = optim.SGD([w], lr=0.05), []
    for _ in range(steps):
        if zero:
            optimizer.zero_grad()
        np.sum(w**2 / 2).backward()
        optimizer.step()
        path.append(w.item())
    return np.array(path)


kept, cleared = descend(zero=False), descend(zero=True)
assert np.all(np.diff(np.abs(cleared)) < 0)  # closer with every step
assert np.abs(kept[-40:]).max() > 0.95  # as far away as at the start
assert kept.min() < -0.95  # and on the other side

show(
    pictures.forgotten(kept, cleared),
    "The orange weight is faster at first, flies past the minimum, and swings on without end: "
    "the sum of all old gradients is a momentum that never fades.",
)

# %% [markdown]
# ## A list for the wall
#
# | look | if not |
# |---|---|
# | first loss = what chance gives | the loss or the labels are wrong |
# | `gradcheck` of layer and loss | it names the rule |
# | no parameter's gradient is `None` | `explain` names the line |
# | ten examples by heart | the model or the optimizer is wrong |
# | gradients of like size in all layers | notebook 7 |
# | no dead, silent or equal units | smaller rate, other initialization |
# | loss finite | `detect_anomaly` names the operation |
# | training and held-out error close | notebook 10 |

# %% [markdown]
# ## Exercises
#
# From easy to hard. Three digits are enough for a number; a count is exact.
#
# **1.** A classifier of 100 classes knows nothing yet. What is its first loss?
#
# <details><summary>Solution</summary>
#
# $\ln 100$.
#
# ```python
# answer = 4.605
# ```
# </details>

# %%
answer = None
check(1, answer)

# %% [markdown]
# **2.** `np.sum(w * 2.0).backward()`, five times, without clearing. What is `w.grad`?
#
# <details><summary>Solution</summary>
#
# Each adds 2.
#
# ```python
# answer = 10.0
# ```
# </details>

# %%
answer = None
check(2, answer)

# %% [markdown]
# **3.** A unit $\max(0,\ 0.5 \cdot 2 + b)$. Up to which $b$ does it get no gradient?
#
# <details><summary>Solution</summary>
#
# It is on where $1 + b > 0$.
#
# ```python
# answer = -1.0
# ```
# </details>

# %%
answer = None
check(3, answer)

# %% [markdown]
# **4.** $C = w^2/2$ from $w = 1$, rate 0.1, `zero_grad()` forgotten. Where is $w$ after two steps?
#
# <details><summary>Solution</summary>
#
# First $w = 1 - 0.1 \cdot 1 = 0.9$. Then the gradient is $1 + 0.9$: $w = 0.9 - 0.19$.
#
# ```python
# answer = 0.71
# ```
# </details>

# %%
answer = None
check(4, answer)

# %% [markdown]
# **5.** You check a gradient with central differences, first with $h = 0.01$, then with $h = 0.001$. How
# many times smaller is the error of a right rule?
#
# <details><summary>Solution</summary>
#
# The error of a central difference is of order $h^2$. (Down to where rounding shows.) The error of a
# wrong rule does not change.
#
# ```python
# answer = 100
# ```
# </details>

# %%
answer = None
check(5, answer)

# %% [markdown]
# **6.** A classifier of 100 classes, trained with a softmax too many, never gets below a certain loss.
# Which one?
#
# <details><summary>Solution</summary>
#
# The second softmax sees a 1 and ninety-nine 0s: the right class gets $e/(e + 99)$, and the loss is
# $\ln(e + 99) - 1$.
#
# ```python
# answer = 3.622
# ```
# </details>

# %%
answer = None
check(6, answer)

# %% [markdown]
# **7.** Write a function of the outputs $h$ of a ReLU layer, images in rows: which share of its units is
# dead for all of them?
#
# <details><summary>Solution</summary>
#
# A unit is dead if its column has no positive number.
#
# ```python
# def answer(h):
#     return np.mean(np.all(h <= 0, axis=0))
# ```
# </details>

# %%
answer = None
check(7, answer)

# %% [markdown]
# ---
# Sources: R. Fergus, *Neural Networks*, lecture 2, after M. Ranzato, for what to look at; A.
# Karpathy, *A Recipe for Training Neural Networks* (2019), for the first loss and for learning a
# few examples by heart.
#
# Whole programs on this: [checking](../examples/checking.py),
# [inspection](../examples/inspection.py), [signals](../examples/signals.py),
# [monitoring](../examples/monitoring.py) and [restarts](../examples/restarts.py). Each is one
# command; [the table of examples](../examples/README.md) has what they measure, beside a baseline.
