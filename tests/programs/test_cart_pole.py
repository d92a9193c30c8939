"""The examples that balance a pole: episodes, the policy's gradient, and Q-learning's aims."""

import numpy as np
import pytest

pytest.importorskip("gymnasium", reason="needs the extra: demo")
pytest.importorskip("sklearn", reason="needs the extra: demo")

import gymnasium
from example_bars import meets_bars

import nn
import optim
from autograd_core import Tensor
from examples import cart_pole, dqn, policy_gradient


@pytest.fixture(autouse=True)
def plain_kernels():
    """Compiling kernels would take longer than the tests do."""
    with nn.use_kernels(compiled=False):
        yield


def lean(seen):
    """Push to where the pole leans."""
    return (seen[:, 2] > 0).astype(int)


def test_many_carts_are_gymnasiums_one_cart():
    seen, actions, going = cart_pole.episodes(lean, 5, seed=3)
    assert seen.shape == (*going.shape, 4)
    single = gymnasium.make("CartPole-v1")
    for k in range(5):
        single.reset(seed=0)
        single.unwrapped.state = tuple(seen[0, k].astype(float))
        total, ended = 0.0, False
        while not ended:
            observed, reward, fell, cut, _ = single.step(int(actions[int(total), k]))
            total += reward
            ended = fell or cut
            if not ended:
                np.testing.assert_allclose(seen[int(total), k], observed, rtol=1e-3, atol=1e-3)
        assert going[:, k].sum() == total
        assert going[: int(total), k].all()


def test_evaluation_is_on_other_episodes_and_repeats():
    a, b = (cart_pole.returns(cart_pole.by_hand, 20) for _ in range(2))
    np.testing.assert_array_equal(a, b)
    assert a.max() <= 500
    assert cart_pole.returns(cart_pole.at_random(0), 20).mean() < 60 < a.mean()


def test_the_interval_is_students():
    assert cart_pole.interval([10.0, 20.0, 30.0]) == "20 ± 25"  # 4.303 · 10 / √3


def test_what_is_still_to_come_is_the_discounted_sum():
    rewards = np.random.default_rng(0).random((7, 3)).astype(np.float32)
    found = policy_gradient.discounted(rewards, 0.9)
    for k in range(7):
        weights = 0.9 ** np.arange(7 - k)
        np.testing.assert_allclose(found[k], weights @ rewards[k:], rtol=1e-5)


@pytest.mark.parametrize("base", [0.0, 0.7])
def test_the_policy_gradient_is_that_of_the_expected_reward(base):
    """All actions weighted by their probability, against differences; a baseline moves nothing."""
    nn.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 3, dtype=np.float64), nn.Tanh())
    rng = np.random.default_rng(0)
    seen, rewards = rng.standard_normal((5, 4)), rng.standard_normal((5, 3))

    def shares(weight):
        logits = np.tanh(seen @ weight.T + model[0].bias.data)
        found = np.exp(logits)
        return found / found.sum(axis=1, keepdims=True)

    weight = model[0].weight.data.copy()
    chances = shares(weight)
    every = np.repeat(seen, 3, axis=0)  # each action of each observation
    gains = (chances * (rewards - base)).ravel() * 3  # the loss is a mean over 3 times as many
    policy_gradient.policy_loss(model, every, np.tile(np.arange(3), 5), gains).backward()

    for i, j in np.ndindex(weight.shape):
        step = np.zeros_like(weight)
        step[i, j] = 1e-6
        up, down = ((shares(weight + s) * rewards).sum() / 5 for s in (step, -step))
        slope = (up - down) / 2e-6
        assert -model[0].weight.grad.data[i, j] == pytest.approx(slope, abs=1e-8)


def test_memory_forgets_the_oldest():
    memory = dqn.Memory(4)
    for k in range(3):
        rows = np.full((2, 4), k, np.float32)
        memory.add(rows, np.array([k, k]), np.ones(2), rows + 1, np.zeros(2, bool))
    seen, actions, _, following, _ = memory.draw(4, np.random.default_rng(0))
    assert sorted(actions.tolist()) == [1, 1, 2, 2]
    np.testing.assert_array_equal(following, seen + 1)


def test_aims_follow_the_target_and_nothing_follows_a_fall():
    nn.manual_seed(0)
    model, target = dqn.network(8), dqn.network(8)
    rng = np.random.default_rng(0)
    seen, following = rng.standard_normal((2, 6, 4)).astype(np.float32)
    actions, fell = np.array([0, 1, 0, 1, 1, 0]), np.array([0, 0, 1, 0, 1, 0], bool)
    loss = dqn.loss_of(model, target, (seen, actions, np.ones(6), following, fell), 0.9)
    loss.backward()
    q, now, later = (m(Tensor(x)).data for m, x in ((model, seen), (model, following),
                                                    (target, following)))  # fmt: skip
    apart = []
    for k in range(6):
        aim = 0.1 if fell[k] else 0.1 + 0.9 * later[k, now[k].argmax()]
        apart.append(q[k, actions[k]] - aim)
    huber = [a * a / 2 if abs(a) < 1 else abs(a) - 0.5 for a in apart]
    assert loss.item() == pytest.approx(np.mean(huber), rel=1e-5)
    assert all(p.grad is None for p in target.parameters())
    bias = model[4].bias.grad.data  # of the last layer: the mean of Huber's slopes
    slopes = np.clip(apart, -1, 1)
    np.testing.assert_allclose(bias, [slopes[actions == a].sum() / 6 for a in (0, 1)], rtol=1e-4)


def test_updates_until_the_bar():
    assert policy_gradient.reached([0.0] * 3 + [400.0] * 7) == 8
    assert policy_gradient.reached([10.0] * 12) == 12


def test_value_network_learns_what_comes():
    nn.manual_seed(0)
    critic = policy_gradient.network(1)
    seen = np.random.default_rng(0).standard_normal((200, 4)).astype(np.float32)
    come = 3 + seen[:, 0]
    policy_gradient.fit(critic, optim.Adam(critic.parameters(), lr=0.02), seen, come, 300)
    left = come - policy_gradient.baseline(critic, seen[:, None])[:, 0]
    assert left.var() < 0.1 * come.var()


@pytest.mark.exhaustive
@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "bars"),
    [
        ("policy_gradient", {"value network": (150, 500), "noise": (1.2, 100)}),
        ("dqn", {"DQN": (100, 500), "no memory": (0, 150)}),
    ],
)
def test_example(name, bars, tmp_path):
    meets_bars(name, bars, tmp_path)
