"""Go by search and self-play: trees that are kept, matches, sets of games, and what is learned."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra: demo")

import nn
from examples import alphago, go, go_learning
from examples.go import BLACK, WHITE, Go
from examples.go_learning import Plan, joined, losses, self_play, symmetries, tower, turned
from examples.go_players import Record, at_random, instinct, match, opened, played, playouts
from examples.search import Settings, Trees, visits

TINY = Plan(
    size=3, filters=8, blocks=1, generations=2, games=10, simulations=8, steps=5, memory=2, slots=4
)


@pytest.fixture(autouse=True)
def plain_kernels():
    """Compiling kernels would take longer than the tests do."""
    with nn.use_kernels(compiled=False):
        yield


@pytest.fixture(scope="module")
def games():
    """Games of an untrained network with itself."""
    with nn.use_kernels(compiled=False):
        return self_play(tower(TINY, 0), TINY, np.random.default_rng(0), "games")


def positions(*states):
    """Return an array of positions."""
    made = go.blank((len(states),))
    made[:] = states
    return made


def uniform(states):
    """Judge as one who knows nothing."""
    return np.ones((len(states), len(states[0].board.bits) + 1)), np.zeros(len(states))


def test_what_the_search_found_below_a_move_is_kept():
    given = positions(Go(3).play(4), Go(3), Go(3).play(0).play(1))
    settings = Settings(40, noise=0.25, alpha=1.0, hopeful=False)
    trees = Trees(go, given, playouts(0), settings, np.random.default_rng(0))
    every = np.arange(3)
    for _ in range(4):
        counts = trees.counts(every)
        assert np.all(counts.sum(axis=1) == 40)
        moves = counts.argmax(axis=1)
        below = trees.child[every, 0, moves]
        before = [a[every, below].copy() for a in (trees.visits, trees.total, trees.prior)]
        states = trees.states[every, below]
        trees.advance(every, moves)
        for array, kept in zip((trees.visits, trees.total, trees.prior), before, strict=True):
            np.testing.assert_array_equal(array[:, 0], kept)
        assert all(a is b for a, b in zip(trees.states[:, 0], states, strict=True))
        for g in every:  # every node is where its parent's move leads, and was visited as often
            size = trees.size[g]
            for node in range(size):
                for move in np.flatnonzero(trees.child[g, node] >= 0):
                    child = trees.child[g, node, move]
                    assert node < child < size
                    assert trees.parent[g, child] == node
                    reached, made = trees.states[g, child], trees.states[g, node].play(int(move))
                    assert (str(reached), reached.turn) == (str(made), made.turn)
                    if not reached.over:
                        below = trees.visits[g, child].sum()
                        assert trees.visits[g, node, move] == 1 + below
            assert not trees.visits[g, size:].any()


def test_a_move_that_was_never_tried_has_no_tree():
    trees = Trees(go, positions(Go(3)), uniform, Settings(2))
    trees.counts(np.arange(1))
    with pytest.raises(ValueError, match="never tried"):
        trees.advance(np.arange(1), np.array([9]))


@pytest.mark.parametrize("hopeful", [True, False])
def test_search_passes_when_that_wins_and_takes_what_it_can(hopeful):
    won = Go.of(".xxx x.xx xx.x .xxx", WHITE, komi=0.5).play(16)  # white has passed
    behind = Go.of(".xoo xxoo .ooo oooo", BLACK, komi=0.5)
    behind.passes = 1
    settings = Settings(200, hopeful=hopeful)
    counts = visits(go, positions(won, behind), playouts(1), settings)
    assert counts[0].argmax() == 16
    assert counts[1].argmax() != 16  # passing would lose at once


def test_untried_moves_count_as_the_node_does():
    losing = Go.of("ooo o.o oo.", BLACK)

    def pessimist(states):
        return uniform(states)[0], np.full(len(states), -0.9) * [s.turn for s in states]

    tried = {
        hopeful: np.count_nonzero(
            visits(go, positions(Go(5)), pessimist, Settings(20, hopeful=hopeful))
        )
        for hopeful in (True, False)
    }
    assert losing.legal().sum() >= 1
    assert tried[True] == 20  # each worse than the 0 of the next one that was never tried
    assert tried[False] <= tried[True]


def test_intervals_are_wilsons():
    low, high = Record(8, 10).interval
    assert (low, high) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert Record(0, 10).interval[1] == pytest.approx(0.2775, abs=1e-4)
    assert str(Record(8, 10)) == "8 of 10, 80% [49%, 94%]"


def test_a_match_plays_each_opening_with_both_colours():
    openings = [opened(3, k, np.random.default_rng(k)) for k in (0, 1, 2, 3)]

    def passes(states):
        return np.full(len(states), 9)

    ends = {(k, first): end for k, first, end in played(at_random(0), passes, openings)}
    assert sorted(ends) == [(k, first) for k in range(4) for first in (False, True)]
    assert all(end.over for end in ends.values())
    for (k, first), end in ends.items():
        random_one = openings[k].turn if first else -openings[k].turn
        alone = end.black if random_one == BLACK else end.white
        before = openings[k].black if random_one == BLACK else openings[k].white
        assert alone.bit_count() + end.captured > before.bit_count()  # only this one has moved
    one = match(at_random(0), passes, openings, "one")
    other = match(passes, at_random(0), openings, "other")
    assert one.games == other.games == 8
    assert one.won > other.won
    one = match(passes, passes, openings[:1], "white has the komi")
    assert one == Record(1, 2)


def test_instinct_makes_legal_moves_only():
    state = Go.of(".o. o.. ...", BLACK)

    def judge(states):
        return np.eye(10)[[0]] + 0.1, np.zeros(1)

    assert instinct(judge)(positions(state))[0] != 0


def test_games_with_itself_are_whole_and_recorded(games):
    assert len(games.ends) == TINY.games
    assert all(end.over for end in games.ends)
    np.testing.assert_allclose(games.policies.sum(axis=1), 1, rtol=1e-6)
    taken = (games.planes[:, 0] | games.planes[:, 1]).reshape(len(games.values), -1)
    assert not games.policies[:, :-1][taken].any()
    for number, end in enumerate(games.ends):
        rows = np.flatnonzero(games.game == number)
        assert end.length - 4 <= len(rows) <= end.length
        black = games.planes[rows, 16, 0, 0]
        assert np.all(black[1:] != black[:-1])  # in turn
        worth = end.worth(end.score()) * end.turn
        np.testing.assert_allclose(games.values[rows], np.where(black, worth, -worth), rtol=1e-6)


def test_sets_of_games_are_joined_without_mixing_them(games):
    both = joined([games, games])
    assert len(both.ends) == 20
    assert set(both.game.tolist()) == set(range(20))
    np.testing.assert_array_equal(both.game[len(games.game) :], games.game + 10)


def test_games_that_are_kept_out_are_kept_out(games):
    learned, apart = alphago.fixed_set([games, games, games], TINY)
    assert not set(learned.game.tolist()) & set(apart.game.tolist())
    assert set(learned.game.tolist()) | set(apart.game.tolist()) == set(range(20))
    assert len(learned.values) + len(apart.values) == 2 * len(games.values)


def test_symmetries_turn_positions_and_moves_alike():
    assert len({tuple(s) for s in symmetries(5)}) == 8
    rng = np.random.default_rng(3)
    moves, state = [], Go(5)
    for _ in range(14):
        moves.append(int(rng.choice(state.sensible())))
        state = state.play(moves[-1])
    policy = rng.random((1, 26)).astype(np.float32)
    given = go_learning.Games(
        go.planes([state]).astype(bool), policy, np.ones(1), np.zeros(1, int), [state]
    )
    for order in symmetries(5):
        place, other = np.argsort(order), Go(5)
        for move in moves:
            other = other.play(int(place[move]))
        made = turned(given, order)
        np.testing.assert_array_equal(made.planes, go.planes([other]).astype(bool))
        np.testing.assert_array_equal(made.policies[0, place], policy[0])
        assert order[25] == 25


def test_the_loss_is_that_of_the_paper(games):
    model = tower(TINY, 0).eval()
    few = games.rows(np.arange(6))
    value, policy = losses(model, few)
    logits, guesses = (a.data.astype(float) for a in model(few.planes.astype(np.float32)))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert value.item() == pytest.approx(np.mean((few.values - guesses) ** 2), rel=1e-5)
    expected = -np.mean(np.sum(few.policies * np.log(shares), axis=1))
    assert policy.item() == pytest.approx(expected, rel=1e-5)


def test_generations_learn_and_the_same_seed_gives_the_same_networks():
    first, second = (list(go_learning.generations(TINY, 3)) for _ in range(2))
    assert len(first) == TINY.generations
    for (model, games), (again, others) in zip(first, second, strict=True):
        np.testing.assert_array_equal(games.policies, others.policies)
        for a, b in zip(model.parameters(), again.parameters(), strict=True):
            np.testing.assert_array_equal(a.data, b.data)
    assert np.any(first[0][0].tower[0].weight.data != first[1][0].tower[0].weight.data)


def test_a_tower_learns_a_fixed_set_of_games():
    """Value and moves of games that were kept out, better than a constant and than untrained."""
    plan = Plan(
        size=4, filters=12, blocks=1, generations=1, games=60, simulations=10, steps=90, slots=60
    )
    rng = np.random.default_rng(1)
    played_ = self_play(tower(plan, 0), plan, rng, "games")
    learned, apart = alphago.fixed_set([played_], plan)
    model = tower(plan, 1)
    before = alphago.held_out(model, apart)
    curve = go_learning.train(model, learned, plan.steps, 0.05, rng, "learning")
    after = alphago.held_out(model, apart)
    assert np.mean(curve[-10:]) < np.mean(curve[:10]) - 0.2
    assert after["policy"] < before["policy"]
    assert after["value"] < after["spread"]
