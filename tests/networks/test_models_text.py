"""The architectures for text: sizes, shapes, gradients, masks, and that nothing peeks ahead."""

import numpy as np
import pytest

import nn
from autograd_core import Tensor, gradcheck, gradients, no_grad
from nn.models import CharRNN, LSTMTagger, Seq2Seq, SkipGram, Transformer
from nn.models.transformer import positions

CODES = np.array([[1, 2], [0, 3], [4, 1], [2, 2]])  # (time, batch)
TARGET = np.array([[5, 5], [1, 0], [3, 2]])


def lstm(inputs, hidden):
    return 4 * hidden * (inputs + hidden + 2)  # gates i, f, g, o with two biases each


def attention(d):
    return 4 * (d * d + d)


def transformer(vocabulary, d, layers, ff, norm_first):
    """Return the number of parameters by hand, from the paper's table 3 and figure 1."""
    feed = d * ff + ff + ff * d + d
    encoder = attention(d) + feed + 2 * 2 * d
    decoder = 2 * attention(d) + feed + 3 * 2 * d
    return vocabulary * d + layers * (encoder + decoder) + (2 * 2 * d if norm_first else 0)


def seq2seq(source, target, h, e, attention):
    made = (source + target) * e + 2 * lstm(e, h) + 2 * (2 * h * h + h) + lstm(e, h)
    made += (2 * h * h + 3 * h * h) if attention else 0
    return made + h * target + target


COUNTS = {
    "char rnn": (CharRNN(11, 7, embedding=3), 11 * 3 + lstm(3, 7) + 8 * 11),
    "char rnn, two layers": (
        CharRNN(11, 7, layers=2, embedding=3),
        11 * 3 + lstm(3, 7) + lstm(7, 7) + 8 * 11,
    ),
    "tagger": (LSTMTagger(11, 2, 7, 3), 11 * 3 + lstm(3, 7) + 8 * 2),
    "tagger, both ways": (
        LSTMTagger(11, 2, 7, 3, bidirectional=True),
        11 * 3 + 2 * lstm(3, 7) + 15 * 2,
    ),
    "seq2seq": (Seq2Seq(11, 13, 7, 3), seq2seq(11, 13, 7, 3, True)),
    "seq2seq, no attention": (
        Seq2Seq(11, 13, 7, 3, attention=False),
        seq2seq(11, 13, 7, 3, False),
    ),
    "transformer": (Transformer(11, 8, 2, 3, 12), transformer(11, 8, 3, 12, False)),
    "transformer, norm first": (
        Transformer(11, 8, 2, 2, 12, norm_first=True),
        transformer(11, 8, 2, 12, True),
    ),
    "skip-gram": (SkipGram(11, 5), 2 * 11 * 5),
}


@pytest.mark.parametrize("name", COUNTS)
def test_parameters_are_as_many_as_by_hand(name):
    net, count = COUNTS[name]
    assert sum(p.size for p in net.parameters()) == count


def test_base_model_has_the_papers_65_million():
    # 37,000 shared symbols, 512 features, 6 layers, 2048 between: "65 x 10^6" in table 3
    assert transformer(37_000, 512, 6, 2048, norm_first=False) == pytest.approx(65e6, rel=0.035)
    net = Transformer(5, num_layers=1)  # the base model's sizes, one layer of each stack
    assert sum(p.size for p in net.parameters()) == transformer(5, 512, 1, 2048, False)


def small(kind, **options):
    nn.manual_seed(0)
    net = kind(6, dtype=np.float64, **options)
    net.eval()
    return net


def char_loss(net):
    logits, _ = net(CODES)
    return nn.functional.cross_entropy(logits.reshape((-1, 6)), np.roll(CODES, -1, 0).ravel())


def tag_loss(net):
    return nn.functional.cross_entropy(net(CODES).reshape((-1, 2)), CODES.ravel() % 2)


def pair_loss(net):
    logits = net(CODES, TARGET, lengths=np.array([4, 3]))
    return nn.functional.cross_entropy(logits.reshape((-1, 6)), np.roll(TARGET, -1, 0).ravel())


def transformer_loss(net):
    padding = np.array([[False] * 4, [False, False, False, True]])
    logits = net(CODES.T, TARGET.T, padding)
    return nn.functional.cross_entropy(logits.reshape((-1, 6)), np.roll(TARGET.T, -1, 1).ravel())


def near_loss(net):
    return net.loss(np.array([0, 1, 1]), np.array([2, 3, 0]), np.array([[1, 1], [4, 5], [2, 5]]))


GRADIENTS = {
    "char rnn": (CharRNN, {"hidden": 3, "layers": 2, "embedding": 2}, char_loss),
    "tagger": (LSTMTagger, {"tags": 2, "hidden": 3, "embedding": 2}, tag_loss),
    "tagger, both ways": (
        LSTMTagger,
        {"tags": 2, "hidden": 2, "embedding": 2, "bidirectional": True},
        tag_loss,
    ),
    "seq2seq": (Seq2Seq, {"target": 6, "hidden": 2, "embedding": 2}, pair_loss),
    "seq2seq, no attention": (
        Seq2Seq,
        {"target": 6, "hidden": 2, "embedding": 2, "attention": False},
        pair_loss,
    ),
    "transformer": (
        Transformer,
        {"d_model": 4, "nhead": 2, "num_layers": 1, "dim_feedforward": 5},
        transformer_loss,
    ),
    "skip-gram": (SkipGram, {"features": 3}, near_loss),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", GRADIENTS)
def test_gradients_of_every_parameter(name):
    kind, options, loss = GRADIENTS[name]
    net = small(kind, **options)
    names = [key for key, _ in net.named_parameters()]
    rng = np.random.default_rng(1)  # away from 0, where skip-gram starts
    values = [p.data + 0.3 * rng.normal(size=p.shape) for p in net.parameters()]

    class Caller(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net

        def forward(self):
            return loss(self.net)

    caller = Caller()

    def f(parameters):
        named = {"net." + k: v for k, v in zip(names, parameters, strict=True)}
        return nn.functional_call(caller, named, ())

    assert gradcheck(f, values, order=1)  # second orders: the layers' own tests


@pytest.mark.parametrize("name", GRADIENTS)
def test_a_state_dict_carries_everything(name):
    kind, options, loss = GRADIENTS[name]
    one = small(kind, **options)
    nn.manual_seed(5)
    other = kind(6, dtype=np.float64, **options)
    other.eval()
    other.load_state_dict(one.state_dict())
    assert loss(other).item() == loss(one).item()


def seen(net, read, at):
    """Return which inputs the answer at one place depends on, by its gradient."""
    vectors = Tensor(np.random.default_rng(0).normal(size=(6, 1, 2)), requires_grad=True)
    (found,) = gradients(read(net, vectors)[at].sum(), [vectors])
    return (np.abs(found.data) > 0).any(axis=(1, 2)).tolist()


def test_one_way_sees_the_past_and_two_ways_see_all():
    past = [True] * 4 + [False] * 2
    read = lambda net, x: net.read(x)
    options = {"tags": 2, "hidden": 3, "embedding": 2}
    assert seen(small(LSTMTagger, **options), read, 3) == past
    assert seen(small(LSTMTagger, **options, bidirectional=True), read, 3) == [True] * 6
    rnn = small(CharRNN, hidden=3, embedding=2)
    assert seen(rnn, lambda net, x: net.out(net.lstm(x)[0]), 3) == past


@pytest.mark.parametrize("kind", [Seq2Seq, Transformer])
def test_the_decoder_does_not_peek(kind):
    options = {"target": 6, "hidden": 3} if kind is Seq2Seq else {"d_model": 4, "nhead": 2}
    net = small(kind, **options)
    axis = 0 if kind is Seq2Seq else 1
    turn = (lambda x: x) if kind is Seq2Seq else (lambda x: x.T)
    changed = TARGET.copy()
    changed[2] = 4
    with no_grad():
        a, b = (np.asarray(net(turn(CODES), turn(t)).data) for t in (TARGET, changed))
    before, after = ((x.take(k, axis=axis)) for x in (a - b,) for k in ([0, 1], [2]))
    assert np.abs(before).max() < 1e-14
    assert np.abs(after).max() > 1e-6


def test_padding_of_the_source_changes_nothing():
    net, lengths = small(Seq2Seq, target=6, hidden=3), np.array([4, 2])
    nets = small(Transformer, d_model=8, nhead=2, num_layers=2, dim_feedforward=8, norm_first=True)
    padding = np.arange(4) >= lengths[:, None]
    with no_grad():
        padded = net(CODES, TARGET, lengths).data[:, 1]
        alone = net(CODES[:2, 1:], TARGET[:, 1:]).data[:, 0]
        np.testing.assert_allclose(padded, alone, atol=1e-14)
        padded = nets(CODES.T, TARGET.T, padding).data[1]
        alone = nets(CODES.T[1:, :2], TARGET.T[1:]).data[0]
        np.testing.assert_allclose(padded, alone, atol=1e-14)


def test_attention_weights_are_shares_and_leave_padding_out():
    net = small(Seq2Seq, target=6, hidden=3)
    _, weights = net.translate(CODES, 5, 4, 3, lengths=np.array([4, 2]))
    np.testing.assert_allclose(weights.sum(axis=-1), 1)
    assert np.all(weights[:, 1, 2:] == 0)
    assert np.all(weights[:, 0] > 0)


def test_without_places_the_source_is_a_bag():
    options = {"d_model": 8, "nhead": 2, "num_layers": 1, "dim_feedforward": 8}
    with no_grad():
        for places in (True, False):
            net = small(Transformer, **options, places=places)
            a, b = (net(source, TARGET.T).data for source in (CODES.T, CODES.T[:, ::-1]))
            assert (np.abs(a - b).max() < 1e-14) == (not places)


@pytest.mark.parametrize("kind", [Seq2Seq, Transformer])
def test_greedy_writing_agrees_with_reading(kind):
    """What is written step by step is the likeliest at each step of one reading of it."""
    options = {"target": 6, "hidden": 4} if kind is Seq2Seq else {"d_model": 8, "nhead": 2}
    net = small(kind, **options)
    net.train()
    if kind is Seq2Seq:
        written = net.translate(CODES, start=5, end=-1, limit=7)[0].T
    else:
        written = net.translate(CODES.T, start=5, end=-1, limit=7)
    assert net.training  # as before
    net.eval()
    given = np.concatenate([np.full((2, 1), 5), written[:, :-1]], axis=1)
    with no_grad():
        logits = net(CODES, given.T).data.transpose(1, 0, 2) if kind is Seq2Seq else None
        logits = net(CODES.T, given).data if logits is None else logits
    np.testing.assert_array_equal(logits.argmax(axis=-1), written)


@pytest.mark.parametrize("attention", [True, False])
def test_translations_end(attention):
    net = small(Seq2Seq, target=6, hidden=4, attention=attention)
    for p in net.out.parameters():
        p.data[...] = 0
    net.out.bias.data[3] = 1  # always says 3
    written, weights = net.translate(CODES, start=5, end=3, limit=7)
    assert written.tolist() == [[3, 3]]
    assert (weights is None) == (not attention)
    net.out.weight.data[...] = np.random.default_rng(2).normal(size=(6, 4)) * 20
    written, _ = net.translate(CODES, start=5, end=3, limit=30)
    for row in written.T:
        ended = np.flatnonzero(row == 3)
        assert not len(ended) or np.all(row[ended[0] :] == 3)


def test_a_transformer_ends():
    net = small(Transformer, d_model=4, nhead=2, num_layers=1, dim_feedforward=4)
    with no_grad():
        free = net.translate(CODES.T, start=5, end=-1, limit=6)
    end = free[0, 0]
    written = net.translate(CODES.T[:1], start=5, end=end, limit=6)
    assert written.tolist() == [[end]]


def test_state_is_carried_and_the_gradient_is_cut():
    net = small(CharRNN, hidden=3, embedding=2)
    whole, _ = net(CODES)
    first, state = net(CODES[:2])
    second, _ = net(CODES[2:], state)
    np.testing.assert_allclose(np.concatenate([first.data, second.data]), whole.data, atol=1e-15)
    (found,) = gradients(second.sum(), [state[0]])
    assert found is None
    again, _ = net(CODES[2:], tuple(s.data for s in state))  # plain arrays do as well
    np.testing.assert_array_equal(again.data, second.data)


def test_generated_text_follows_the_probabilities():
    net = small(CharRNN, hidden=3, embedding=2, dropout=0.5)
    net.train()
    for p in net.out.parameters():
        p.data[...] = 0
    net.out.bias.data[:] = np.log([0.4, 0.3, 0.1, 0.1, 0.05, 0.05])
    net.rng = np.random.default_rng(0)
    drawn = net.generate(np.array([0]), 800)
    share = np.bincount(drawn, minlength=6) / 800
    np.testing.assert_allclose(share, [0.4, 0.3, 0.1, 0.1, 0.05, 0.05], atol=0.05)
    assert net.training
    cold = net.generate(np.array([0]), 50, temperature=0.01)
    assert set(cold.tolist()) == {0}


def test_sinusoids_of_the_paper():
    table = positions(50, 6)
    for t in (0, 7, 49):
        for i in range(3):
            angle = t / 10000 ** (2 * i / 6)
            np.testing.assert_allclose(table[t, 2 * i : 2 * i + 2], [np.sin(angle), np.cos(angle)])
    assert positions(4, 5).shape == (4, 5)


def test_skip_gram_loss_by_hand(rng):
    net = small(SkipGram, features=3)
    for p in net.parameters():
        p.data[...] = rng.normal(size=p.shape)
    u, v = net.centre.weight.data, net.neighbour.weight.data
    log_s = lambda x: -np.log(1 + np.exp(-x))
    expected = -np.mean(
        [
            log_s(u[0] @ v[2]) + log_s(-u[0] @ v[1]) + log_s(-u[0] @ v[1]),
            log_s(u[1] @ v[3]) + log_s(-u[1] @ v[4]) + log_s(-u[1] @ v[5]),
            log_s(u[1] @ v[0]) + log_s(-u[1] @ v[2]) + log_s(-u[1] @ v[5]),
        ]
    )
    assert near_loss(net).item() == pytest.approx(expected, rel=1e-12)


WRONG = {
    "nothing to start from": lambda: CharRNN(6, 3).generate(np.array([], int), 3),
    "temperature": lambda: CharRNN(6, 3).generate(np.array([1]), 3, temperature=0.0),
    "Seq2Seq.translate: limit": lambda: Seq2Seq(6, 6, 3).translate(CODES, 0, 1, 0),
    "Transformer.translate: limit": lambda: Transformer(6, 4, 2, 1, 4).translate(CODES, 0, 1, 0),
    "SkipGram: centre": lambda: SkipGram(6, 3)(np.array([1, 2]), np.array([[1, 2]])),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_input_is_named(name):
    with pytest.raises(Exception, match=r"needed|positive"):
        WRONG[name]()
