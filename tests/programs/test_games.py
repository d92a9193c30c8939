"""Tic-tac-toe as the AlphaZero example plays it, and the tree search of all games."""

import math

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra: demo")

from examples import alphazero, tictactoe
from examples.search import Settings, visits


def test_tic_tac_toe_has_its_known_size_and_value():
    seen, todo = set(), [np.zeros((1, 9), np.int8)]
    while todo:
        board = todo.pop()
        if board.tobytes() in seen:
            continue
        seen.add(board.tobytes())
        if np.isnan(tictactoe.results(board)[0]):
            todo += [tictactoe.after(board, [m]) for m in np.flatnonzero(board[0] == 0)]
    assert len(seen) == 5478
    assert tictactoe.worth(np.zeros(9, np.int8).tobytes())[0] == 0


def test_all_games_are_counted():
    def every(boards):  # the player tries nothing but the first free point
        return (boards == 0).argmax(axis=1)

    def factorial_sum(first):
        return tictactoe.against(every, tictactoe.any_reply, first)["games"].sum()

    # against itself fixed, a player meets at most 8!! or 9!! sequences; shorter games are fewer
    assert factorial_sum(True) <= 8 * 6 * 4 * 2
    assert factorial_sum(False) <= 9 * 7 * 5 * 3
    for first in (True, False):
        found = tictactoe.against(every, tictactoe.any_reply, first)
        assert math.isclose(found["chances"].sum(), 1.0)


@pytest.mark.parametrize("first", [True, False])
def test_the_perfect_player_never_loses_and_draws_with_itself(first):
    assert tictactoe.against(tictactoe.perfect, tictactoe.any_reply, first)["games"][2] == 0
    won, drawn, lost = tictactoe.against(tictactoe.perfect, tictactoe.best_replies, first)["games"]
    assert (won, lost) == (0, 0)
    assert drawn > 0


def boards(*drawings):
    return np.array([[{"x": 1, "o": -1, ".": 0}[c] for c in d] for d in drawings], np.int8)


def test_search_finds_a_win_and_a_defence():
    given = boards("xx.oo....", "oo.x....x", "x...o...x")
    found = visits(tictactoe, given, alphazero.uniform, Settings(simulations=200))
    assert found[0].argmax() == 2  # wins
    assert found[1].argmax() == 2  # the only move that does not lose at once
    assert np.all(found.sum(axis=1) == 200)
    assert np.all(found[given != 0] == 0)


def test_search_of_many_games_is_the_search_of_each():
    given = boards(".........", "x........", "xo.......", "xx.oo....")
    settings = Settings(simulations=40)
    together = visits(tictactoe, given, alphazero.uniform, settings)
    for board, counts in zip(given, together, strict=True):
        np.testing.assert_array_equal(
            visits(tictactoe, board[None], alphazero.uniform, settings)[0], counts
        )


def test_search_values_are_exact_when_the_whole_tree_is_seen():
    given = boards("xoxoxo...", "xoxxoo.x.")  # three and two free points
    best = [set(tictactoe.best_replies(b).tolist()) for b in given]
    found = visits(tictactoe, given, alphazero.uniform, Settings(simulations=400)).argmax(axis=1)
    assert all(int(move) in moves for move, moves in zip(found, best, strict=True))


def test_noise_is_a_distribution_over_legal_moves():
    given = boards("x...o....")
    rng = np.random.default_rng(0)
    settings = Settings(simulations=1, noise=1.0)
    counts = sum(visits(tictactoe, given, alphazero.uniform, settings, rng) for _ in range(200))[0]
    assert counts.sum() == 200
    assert counts[[0, 4]].sum() == 0
    assert np.count_nonzero(counts) == 7


def test_symmetries_are_the_eight_of_a_square():
    assert len({tuple(s) for s in alphazero.SYMMETRIES}) == 8
    for s in alphazero.SYMMETRIES:
        assert np.array_equal(np.sort(s), np.arange(9))
        assert s[4] == 4
        lines = {tuple(sorted(np.flatnonzero(line[s]).tolist())) for line in tictactoe.LINES}
        assert lines == {tuple(np.flatnonzero(line).tolist()) for line in tictactoe.LINES}


def test_self_play_records_who_won():
    seen, shares, values = alphazero.self_play(alphazero.uniform, np.random.default_rng(0))
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)
    assert np.all(shares[seen != 0] == 0)
    assert set(np.unique(values)) <= {-1.0, 0.0, 1.0}
    ends = np.count_nonzero(seen, axis=1) == 8  # one free point: the game's last move
    last = tictactoe.after(seen[ends], shares[ends].argmax(axis=1))
    np.testing.assert_array_equal(values[ends], -tictactoe.results(last))
