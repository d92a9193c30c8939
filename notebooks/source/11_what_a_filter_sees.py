# %% [markdown]
# # 11 · What does a filter see?
#
# **A filter is nine numbers. What do they look for, and how far does it see?**
#
# A convolution slides a small filter over an image and writes down, at each place, how well
# the filter fits there. The same few weights are used everywhere, so a stroke is recognized
# wherever it is. On this page you make a filter by hand, see its weights as one large
# branch, train a small network on real digits, and look at what its filters have become.

# %%
import numpy as np
from sklearn.datasets import load_digits

import nn
import optim
from autograd_core import Tensor, animate, draw, grad, gradients, no_grad
from page import exercises, show
from pictures import what_a_filter_sees as pictures

check = exercises("what_a_filter_sees")

conv2d = nn.functional.conv2d
digits = load_digits()
images = (digits.images / 16)[:, None].astype(np.float32)  # N, 1, 8, 8
labels = digits.target
order = np.random.default_rng(0).permutation(len(images))
train, test = order[:1200], order[1200:]

# %% [markdown]
# ## A filter by hand
#
# Ones on the left, minus ones on the right: this filter answers where it is bright on the
# left and dark on the right, which is the right edge of a stroke. At each place: multiply
# the nine weights by the nine pixels below them, and add.

# %%
edge = np.array([[1.0, 0, -1], [1, 0, -1], [1, 0, -1]])
image = images[order[3], 0].astype(float)
answer_map = np.asarray(conv2d(image[None, None], edge[None, None]))[0, 0]

by_hand = np.zeros((6, 6))
for i in range(6):
    for j in range(6):
        by_hand[i, j] = np.sum(image[i : i + 3, j : j + 3] * edge)
assert np.allclose(answer_map, by_hand)

show(
    pictures.filter_by_hand(image, f"a {labels[order[3]]}, 8 × 8", edge, answer_map),
    "What to see: the answer is red where a stroke ends on its right, blue where one begins on "
    "its left, and pale where nothing changes from left to right.",
)

# %% [markdown]
# ## Moving along
#
# Shift the image, and the answer shifts with it: nothing has to be learned twice. A dense
# layer has no such property.

# %%
shifted = np.zeros((1, 1, 12, 12))
shifted[0, 0, 3:11, 2:10] = image
first = np.zeros((1, 1, 12, 12))
first[0, 0, 2:10, 2:10] = image
a, b = (np.asarray(conv2d(p, edge[None, None]))[0, 0] for p in (first, shifted))
assert np.allclose(a[:-1], b[1:])  # one row further down, and otherwise the same

dense, shared = nn.Linear(64, 8 * 64), nn.Conv2d(1, 8, 3, padding=1)
count = {
    kind: sum(p.size for p in m.parameters())
    for kind, m in (("dense", dense), ("shared", shared))
}
assert count == {"dense": 33_280, "shared": 80}
print(f"8 maps of 8 × 8 from one image: dense {count['dense']:,}, shared {count['shared']}")

# %% [markdown]
# ## Shared weights are a branch
#
# Written out for a filter of two weights on four pixels: each weight is used at three
# places. So each weight is a branch, and its gradient is a *sum over places*.

# %%
w1, w2 = Tensor(0.5, requires_grad=True), Tensor(-1.0, requires_grad=True)
p1, p2, p3, p4 = 1.0, 2.0, 4.0, 7.0
h1 = w1 * p1 + w2 * p2
h2 = w1 * p2 + w2 * p3
h3 = w1 * p3 + w2 * p4
F = h1 * h2 * h3
dw1, dw2, g1, g2, g3 = (g.item() for g in gradients(F, [w1, w2, h1, h2, h3]))
assert np.isclose(dw1, g1 * p1 + g2 * p2 + g3 * p3)
assert np.isclose(dw2, g1 * p2 + g2 * p3 + g3 * p4)
animate(F, title="One filter at three places")

# %% [markdown]
# (Where a site removes scripts, the place above is a still: run the notebook to see it.) In the
# two dimensions of a picture it is the same: the gradient of a filter weight is the sum, over all places, of
# the pixel below it times what came back to that place. That is again a convolution.

# %%
weight = Tensor(edge[None, None], requires_grad=True)
h = conv2d(image[None, None], weight)
loss = np.sum(np.tanh(h))
dweight, dh = gradients(loss, [weight, h])
summed = np.zeros((3, 3))
for i in range(6):
    for j in range(6):
        summed += dh.data[0, 0, i, j] * image[i : i + 3, j : j + 3]
assert np.allclose(dweight.data[0, 0], summed)
draw(loss, rankdir="TB")

# %% [markdown]
# *The engine keeps the convolution as one operation; the branches are inside it.*
#
# ## Train a small network
#
# Two convolutions of 3 × 3 with 8 and 16 filters, a maximum over 2 × 2 after each, and a
# dense layer to ten classes.

# %%
nn.manual_seed(0)
net = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(8, 16, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(64, 10),
)
before = net[0].weight.data.copy()
print(nn.summary(net, images[:1]))
optimizer, shuffle = optim.Adam(net.parameters(), lr=5e-3), np.random.default_rng(0)
for _ in range(12):
    for batch in np.array_split(shuffle.permutation(train), 30):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(images[batch]), labels[batch]).backward()
        optimizer.step()


# %% tags=["approximate"]
def score(some):
    with no_grad():
        return np.mean(net(images[some]).data.argmax(axis=1) == labels[some])


accuracy = score(test)
assert accuracy > 0.95
weights = sum(p.size for p in net.parameters())
print(f"{accuracy:.1%} of {len(test)} new digits read right, with {weights:,} weights")

# %% [markdown]
# ## The filters, before and after
#
# An edge is a filter that rises in one direction: a tilted plane, plus a constant. Fit such a
# plane to the nine weights. Of nine random numbers it explains a quarter on average (2 of 8
# degrees of freedom). What does it explain of the trained ones?

# %% tags=["approximate"]
after = net[0].weight.data


def edge_share(filters):
    """Return the share of each filter's variation that the best tilted plane explains."""
    down, right = (a.ravel() for a in np.mgrid[-1:2, -1:2])
    slopes = np.stack([down, right], axis=1) / np.sqrt(6)  # orthonormal
    varied = filters.reshape(-1, 9) - filters.reshape(-1, 9).mean(axis=1, keepdims=True)
    return np.sum((varied @ slopes) ** 2, axis=1) / np.sum(varied**2, axis=1)


random = edge_share(np.random.default_rng(0).normal(size=(4000, 9)))
assert np.isclose(random.mean(), 0.25, atol=0.02)
shares = {"before": edge_share(before), "after": edge_share(after)}
assert shares["after"].mean() > shares["before"].mean() + 0.1
assert shares["after"].mean() > 0.25 + 0.05
for name, share in shares.items():
    print(f"{name:7}", " ".join(f"{s:4.0%}" for s in share), f"  mean {share.mean():.0%}")

show(
    pictures.filters(before, after),
    "Before training the weights are noise. Nobody told them to, but after it some filters "
    "have become edges, with a red side and a blue side. Others are hard to read.",
)

# %% [markdown]
# What do they answer to one digit? The maps of the first layer, after ReLU:

# %%
chosen = test[np.argmax(labels[test] == 5)]
with no_grad():
    maps = net[1](net[0](images[chosen][None])).data[0]
assert 0.05 < np.mean(maps == 0) < 0.95  # some places are silent
each = maps.reshape(8, 64)
alike = np.corrcoef(each[each.std(axis=1) > 0])
assert np.triu(alike, 1).max() < 0.98  # no two maps are the same

show(
    pictures.maps(images[chosen, 0], maps),
    "Yellow where a filter answers, dark where it is silent. No two of them answer in the same "
    "way, though some are alike.",
)

# %% [markdown]
# ## How far does it see?
#
# Ask the derivative: which pixels can a unit feel at all? The **receptive field** is where
# $\partial\,\text{unit}/\partial\,\text{pixel}$ can be other than zero. In the first layer
# it is the filter's own 3 × 3. Behind a pooling and a second convolution it is 8 × 8: the 3
# × 3 places that the filter looks at are two pixels apart, and each has seen 4 × 4 by
# itself.

# %%
nn.manual_seed(3)
layers = nn.Sequential(
    nn.Conv2d(1, 4, 3, padding=1, dtype=np.float64),
    nn.AvgPool2d(2),  # an average feels every pixel, a maximum only one of them at a time
    nn.Conv2d(4, 4, 3, padding=1, dtype=np.float64),
)


def seen(depth):
    """Return which of 16 × 16 pixels a unit in the middle feels."""

    def unit(p):
        x = p[None, None]
        for layer in list(layers)[:depth]:
            x = layer(x)
        return x[0, 0, x.shape[2] // 2, x.shape[3] // 2]

    return grad(unit)(np.random.default_rng(0).normal(size=(16, 16))) != 0


fields = [seen(depth) for depth in (1, 2, 3)]
sizes = [(int(f.any(axis=1).sum()), int(f.any(axis=0).sum())) for f in fields]
assert sizes == [(3, 3), (4, 4), (8, 8)]

show(
    pictures.receptive_fields(fields, sizes),
    "The pixels that one unit can feel, darker. They spread with each layer, faster behind a "
    "pooling.",
)

# %% [markdown]
# ## What speaks for the answer?
#
# The derivative of the winning score with respect to the *pixels* says where a little more
# ink would help and where it would harm. One backward sweep.

# %%
picked = [test[np.argmax(labels[test] == d)] for d in (0, 3, 4, 7, 8)]
net.eval()


def winning(p, digit):
    scores = net(p)
    return scores[0, digit] - np.mean(scores)


def slope_of(k):
    p = Tensor(images[k][None], requires_grad=True)
    return gradients(winning(p, labels[k]), [p])[0].data[0, 0]


slopes = [slope_of(k) for k in picked]

step = 0.05  # a small step along the slope raises the score
for k, slope in zip(picked, slopes, strict=True):
    moved = images[k][None] + step * slope / np.linalg.norm(slope)
    with no_grad():
        assert winning(moved, labels[k]).item() > winning(images[k][None], labels[k]).item()
zeros = test[labels[test] == 0]
holes = [slope_of(k)[3:5, 3:5].mean() for k in zeros]
assert np.mean(np.array(holes) < 0) > 0.95  # ink in the hole of a zero, any zero

show(
    pictures.slopes(images[picked, 0], slopes),
    "Below each digit its derivative: red, more ink would raise the score; blue, it would "
    "lower it. The hole of the zero is blue: it must stay empty.",
)

# %% [markdown]
# ## Exercises
#
# From easy to hard. Three digits are enough for a number; a count is exact.
#
# **1.** A filter of 5 × 5 slides over 28 × 28 pixels, without padding. How wide is its answer?
#
# <details><summary>Solution</summary>
#
# $28 - 5 + 1$.
#
# ```python
# answer = 24
# ```
# </details>

# %%
answer = None
check(1, answer)

# %% [markdown]
# **2.** The edge filter of this page lies on three rows $(1, 1, 0)$. What does it answer?
#
# <details><summary>Solution</summary>
#
# Each row gives $1 \cdot 1 + 0 \cdot 1 - 1 \cdot 0 = 1$, and there are three.
#
# ```python
# answer = 3
# ```
# </details>

# %%
answer = None
check(2, answer)

# %% [markdown]
# **3.** `nn.Conv2d(3, 16, 3)`: how many numbers does it learn, biases included?
#
# <details><summary>Solution</summary>
#
# 16 filters of $3 \cdot 3 \cdot 3$ weights and one bias: $16 \cdot 28$.
#
# ```python
# answer = 448
# ```
# </details>

# %%
answer = None
check(3, answer)

# %% [markdown]
# **4.** A filter of 3 × 3 moves by two pixels at a time over 8 × 8 pixels, with one pixel of padding. How
# wide is its answer?
#
# <details><summary>Solution</summary>
#
# $\lfloor (8 + 2 - 3)/2 \rfloor + 1$.
#
# ```python
# answer = 4
# ```
# </details>

# %%
answer = None
check(4, answer)

# %% [markdown]
# **5.** Three convolutions of 3 × 3 in a row, no pooling: how many pixels wide is the receptive field?
#
# <details><summary>Solution</summary>
#
# Each layer adds one pixel on either side: 3, 5, 7. Three small filters see as far as one of 7 × 7,
# with 27 weights instead of 49, and two more bends between.
#
# ```python
# answer = 7
# ```
# </details>

# %%
answer = None
check(5, answer)

# %% [markdown]
# **6.** Convolution of 3 × 3, pooling of 2 × 2, convolution, pooling, convolution: how wide is it now?
#
# <details><summary>Solution</summary>
#
# 3; a pooling adds 1: 4; places are now 2 pixels apart, so the second convolution adds 4: 8; pooling
# adds 2: 10; places are 4 apart, so the third adds 8.
#
# ```python
# answer = 18
# ```
# </details>

# %%
answer = None
check(6, answer)

# %% [markdown]
# **7.** Hard: in one dimension, $y_i = \sum_{k=0}^2 w_k\,x_{i+k}$. Write $\partial C/\partial w$ as a function
# of $g = \partial C/\partial y$ and $x$.
#
# <details><summary>Solution</summary>
#
# $w_k$ is used at each place $i$ with the factor $x_{i+k}$: $\sum_i g_i\,x_{i+k}$, a convolution
# (without turning) of $x$ by $g$.
#
# ```python
# def answer(g, x):
#     return np.array([np.sum(g * x[k : k + len(g)]) for k in range(3)])
# ```
# </details>

# %%
answer = None
check(7, answer)

# %% [markdown]
# ---
# Sources: M. Nielsen, *Neural Networks and Deep Learning* (2015), chapter 6, for receptive fields
# and shared weights; Y. LeCun and others (1998) for the kind of network; K. Simonyan and others
# (2014) for the derivative by the pixels.
#
# Whole programs on this: [lenet](../examples/lenet.py), [conv_ladder](../examples/conv_ladder.py),
# [alexnet_parts](../examples/alexnet_parts.py) and [inception](../examples/inception.py). Each is
# one command; [the table of examples](../examples/README.md) has what they measure, beside a
# baseline.
