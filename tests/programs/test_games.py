"""The rules of the games that the AlphaZero example plays, and its search."""

import math

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra: demo")

from examples import alphazero, tictactoe
from examples.go import BLACK, EMPTY, PASS, WHITE, Go, random_game
from examples.search import Settings, visits


def at(game, row, column):
    return game.stones[row * game.size + column]


def test_a_stone_without_liberties_is_taken():
    game = Go.of(".x. xo. .x.", BLACK)
    game.play(5)
    assert at(game, 1, 1) == EMPTY
    assert game.captured == 1
    assert game.turn == WHITE


def test_a_group_is_taken_whole_and_two_at_once():
    game = Go.of(".xx.. xoo.o .xx.x ..... .....", BLACK)
    game.play(8)  # takes the two to the left; the one to the right keeps a liberty
    assert [at(game, 1, c) for c in range(5)] == [BLACK, EMPTY, EMPTY, BLACK, WHITE]
    game = Go.of(".x.x. xo.ox .x.x. ..... .....", BLACK)
    game.play(7)
    assert game.captured == 2


def test_suicide_is_illegal_unless_it_takes():
    game = Go.of(".o. o.. ...", BLACK)
    assert game.after(0) is None
    with pytest.raises(ValueError, match="row 0, column 0 is illegal"):
        game.play(0)
    assert game.stones[0] == EMPTY
    assert game.turn == BLACK
    assert Go.of(".ox oxx xx.", BLACK).after(0) is not None  # takes both white stones


def test_suicide_of_a_group_is_illegal():
    assert Go.of("x.o oo. ...", BLACK).after(1) is None


def test_ko_comes_back_only_after_another_move():
    game = Go.of(".xo. xo.o .xo. ....", BLACK)
    game.play(6)  # takes the white stone
    assert game.captured == 1
    with pytest.raises(ValueError, match="the board would come back"):
        game.play(5)
    game.play(12)
    game.play(15)
    game.play(5)
    assert game.captured == 2


def test_no_board_comes_back_even_without_a_capture():
    game = Go(3)
    game.seen.add(np.array([0, 0, 0, 0, BLACK, 0, 0, 0, 0], np.int8).tobytes())
    assert game.after(4) is None
    assert game.after(3) is not None


def test_two_passes_end_the_game():
    game = Go(5)
    game.play(PASS)
    game.play(0)
    game.play(PASS)
    assert not game.over
    game.play(PASS)
    assert game.over
    with pytest.raises(ValueError, match="the game is over"):
        game.play(1)


@pytest.mark.parametrize(
    ("drawing", "area"),
    [
        ("... ... ...", 0),
        ("... .x. ...", 9),
        (".x. xx. ..o", 4 - 1),  # a corner for black; what both touch is nobody's
        (".xo xxo ooo", 4 - 5),
        (".x.o. .x.o. .x.o. .x.o. .x.o.", 0),
    ],
)
def test_area(drawing, area):
    assert Go.of(drawing).score() == area - 7.5


def test_planes_are_the_movers_own_and_the_others_history():
    game = Go(5)
    for move in (0, 1, 2):
        game.play(move)
    planes = game.planes()  # white to move
    assert planes.shape == (17, 5, 5)
    row = planes[:, 0]
    assert row[0, :3].tolist() == [0, 1, 0]  # white's now
    assert row[1, :3].tolist() == [1, 0, 1]
    assert row[3, :3].tolist() == [1, 0, 0]  # black's, one move ago
    assert row[2, :3].tolist() == [0, 1, 0]
    assert row[5, :3].tolist() == [1, 0, 0]
    assert not planes[6:16].any()
    assert not planes[16].any()
    game.play(3)
    assert game.planes()[16].all()


def test_random_games_are_legal_and_end():
    record, game = random_game(7, np.random.default_rng(0), 400)
    assert game.over
    assert game.captured > 10
    again = Go(7)
    for planes, move, turn in record:
        assert turn == again.turn
        np.testing.assert_array_equal(planes, again.planes())
        again.play(PASS if move == 49 else move)
    assert again.stones == game.stones
    for point, stone in enumerate(game.stones):  # nobody is left without a liberty
        assert stone == EMPTY or game.group(point, game.stones)[1]


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
    found = visits(given, alphazero.uniform, Settings(simulations=200))
    assert found[0].argmax() == 2  # wins
    assert found[1].argmax() == 2  # the only move that does not lose at once
    assert np.all(found.sum(axis=1) == 200)
    assert np.all(found[given != 0] == 0)


def test_search_of_many_games_is_the_search_of_each():
    given = boards(".........", "x........", "xo.......", "xx.oo....")
    settings = Settings(simulations=40)
    together = visits(given, alphazero.uniform, settings)
    for board, counts in zip(given, together, strict=True):
        np.testing.assert_array_equal(visits(board[None], alphazero.uniform, settings)[0], counts)


def test_search_values_are_exact_when_the_whole_tree_is_seen():
    given = boards("xoxoxo...", "xoxxoo.x.")  # three and two free points
    best = [set(tictactoe.best_replies(b).tolist()) for b in given]
    found = visits(given, alphazero.uniform, Settings(simulations=400)).argmax(axis=1)
    assert all(int(move) in moves for move, moves in zip(found, best, strict=True))


def test_noise_is_a_distribution_over_legal_moves():
    given = boards("x...o....")
    rng = np.random.default_rng(0)
    settings = Settings(simulations=1, noise=1.0)
    counts = sum(visits(given, alphazero.uniform, settings, rng) for _ in range(200))[0]
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
