"""The rules of Go: drawn positions, and random games beside rules written in another way."""

import itertools
import random

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra: demo")

from scipy import ndimage

from examples import go
from examples.go import BLACK, WHITE, Go


def grid(state):
    """Return the stones as an array of 1, -1 and 0."""
    black, white = state.board.arrays([state.black, state.white]).astype(int)
    return black - white


def by_labels(stones, colour):
    """Return each group of a colour as a mask, and its liberties as a mask."""
    labels, count = ndimage.label(stones == colour)
    for k in range(1, count + 1):
        group = labels == k
        yield group, ndimage.binary_dilation(group) & (stones == 0)


def after_by_labels(stones, point, colour, seen):
    """Return the board after a move, None if it is illegal; nothing is shared with the example."""
    if stones.flat[point]:
        return None
    made = stones.copy()
    made.flat[point] = colour
    taken = np.zeros(made.shape, bool)
    for group, liberties in by_labels(made, -colour):
        if not liberties.any():
            taken |= group
    made[taken] = 0
    if any(not liberties.any() for _, liberties in by_labels(made, colour)):
        return None
    return None if made.tobytes() in seen else made


def area_by_labels(stones):
    """Return black's area minus white's."""
    total = stones.sum()
    labels, count = ndimage.label(stones == 0)
    for k in range(1, count + 1):
        region = labels == k
        border = set(stones[ndimage.binary_dilation(region) & ~region].tolist())
        if len(border) == 1:
            total += border.pop() * region.sum()
    return total


def random_game(size, seed, passes=0.05):
    """Return the moves and positions of a game of random legal moves."""
    rng = np.random.default_rng(seed)
    states, moves = [Go(size)], []
    while not states[-1].over:
        possible = states[-1].sensible()
        if rng.random() < 0.3:
            possible = np.flatnonzero(states[-1].legal()[:-1])  # eyes are filled as well
        move = size * size if rng.random() < passes or not len(possible) else rng.choice(possible)
        moves.append(int(move))
        states.append(states[-1].play(moves[-1]))
    return moves, states


@pytest.mark.parametrize(("size", "seed"), [(2, 1), (3, 1), (4, 2), (5, 3), (7, 4)])
def test_legal_moves_captures_and_area_are_those_found_from_scratch(size, seed):
    moves, states = random_game(size, seed)
    board = grid(states[0])
    seen = {board.tobytes()}
    refused = 0
    for move, state in zip(moves, states, strict=False):
        np.testing.assert_array_equal(grid(state), board)
        made = [after_by_labels(board, p, state.turn, seen) for p in range(size * size)]
        expected = [m is not None for m in made]
        assert state.legal().tolist() == [*expected, True]
        assert state.score() == area_by_labels(board) - state.komi
        refused += size * size - np.count_nonzero(board) - sum(expected)
        if move < size * size:
            board = made[move]
            seen.add(board.tobytes())
        for colour in (BLACK, WHITE):
            assert all(liberties.any() for _, liberties in by_labels(board, colour))
    assert refused > 0
    assert states[-1].captured > 0


def test_stones_are_neither_made_nor_lost():
    moves, states = random_game(6, 0)
    stones = sum(m < 36 for m in moves)
    assert stones == np.abs(grid(states[-1])).sum() + states[-1].captured


@pytest.mark.parametrize("size", [3, 5, 6])
def test_a_turned_game_is_the_game_turned(size):
    moves, states = random_game(size, 7)
    points = np.arange(size * size).reshape(size, size)
    for flipped, turns in itertools.product((points, points[:, ::-1]), range(4)):
        order = np.rot90(flipped, turns).ravel()  # where each point of the new board was
        place = np.append(np.argsort(order), size * size)
        state = Go(size)
        for move, before in zip(moves, states, strict=False):
            np.testing.assert_array_equal(state.legal()[:-1], before.legal()[:-1][order])
            np.testing.assert_array_equal(grid(state).ravel(), grid(before).ravel()[order])
            assert state.score() == before.score()
            state = state.play(int(place[move]))
        assert state.over


def test_with_colours_changed_the_area_changes_its_sign():
    moves, states = random_game(5, 11)
    other = Go(5, komi=0).play(25)  # a pass: white begins
    other.passes = 0
    for move, state in zip(moves, states, strict=False):
        assert other.score() == -(state.score() + state.komi)
        np.testing.assert_array_equal(other.legal(), state.legal())
        other = other.play(move)


def test_a_stone_without_liberties_is_taken():
    state = Go.of(".x. xo. .x.", BLACK).play(5)
    assert str(state) == ".x.\nx.x\n.x."
    assert state.captured == 1
    assert state.turn == WHITE


def test_a_group_is_taken_whole_and_two_at_once():
    state = Go.of(".xx.. xoo.o .xx.x ..... .....", BLACK).play(8)
    assert str(state).splitlines()[1] == "x..xo"  # the one to the right keeps a liberty
    assert Go.of(".x.x. xo.ox .x.x. ..... .....", BLACK).play(7).captured == 2


def test_suicide_is_illegal_unless_it_takes():
    state = Go.of(".o. o.. ...", BLACK)
    assert not state.legal()[0]
    with pytest.raises(ValueError, match="row 0, column 0 is illegal"):
        state.play(0)
    assert str(state) == ".o.\no..\n..."
    assert Go.of(".ox oxx xx.", BLACK).play(0).captured == 2
    assert not Go.of("x.o oo. ...", BLACK).legal()[1]  # of a group


def test_ko_comes_back_only_after_another_move():
    state = Go.of(".xo. xo.o .xo. ....", BLACK).play(6)
    assert state.captured == 1
    with pytest.raises(ValueError, match="the board would come back"):
        state.play(5)
    assert state.play(12).play(15).play(5).captured == 2


def test_ko_after_two_passes_in_between_is_still_refused():
    state = Go.of(".xo. xo.o .xo. ....", BLACK).play(6)  # white may not take back
    state = state.play(16)  # white passes
    state = state.play(12)  # black elsewhere: the board is another one now
    assert state.legal()[5]


def test_no_board_comes_back_even_without_a_capture():
    state = Go(3)
    state.seen = state.seen | {(state.board.bits[4], 0)}
    state.stood = (state.board.bits[4], 0)
    assert not state.legal()[4]
    assert state.legal()[3]


def test_sending_two_to_return_one_ends():
    """A cycle that a simple rule of ko would let go on: no board may come back."""
    seen = set()
    rng = np.random.default_rng(0)
    for _ in range(20):
        state = Go(2)
        boards = [(state.black, state.white)]
        while not state.over:
            points = np.flatnonzero(state.legal()[:-1])
            state = state.play(int(rng.choice(points)) if len(points) else 4)
            if state.passes == 0:
                boards.append((state.black, state.white))
        assert len(set(boards)) == len(boards)
        seen.update(boards)
    assert len(seen) > 30


def test_two_passes_or_the_longest_game_end_it():
    state = Go(5).play(25).play(0).play(25)
    assert not state.over
    state = state.play(25)
    assert state.over
    with pytest.raises(ValueError, match="the game is over"):
        state.play(1)
    state = Go(5)
    state.length = state.board.longest
    assert state.over


@pytest.mark.parametrize("move", [-1, 26])
def test_moves_off_the_board_are_refused(move):
    with pytest.raises(ValueError, match="0 to 24, and 25 is a pass"):
        Go(5).play(move)


@pytest.mark.parametrize("drawing", ["xx x", "x.. ...", "x? .."])
def test_drawings_that_are_no_board_are_refused(drawing):
    with pytest.raises(ValueError, match="no square of the letters"):
        Go.of(drawing)


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
    swapped = drawing.translate(str.maketrans("xo", "ox"))
    assert Go.of(swapped, komi=0).score() == -area


def test_an_end_is_worth_the_opposite_to_the_other_and_winning_is_half():
    black, white = Go.of("... .x. ...", BLACK, 0), Go.of("... .x. ...", WHITE, 0)
    assert black.worth(9.0) == 1.0
    assert white.worth(9.0) == -1.0
    assert black.worth(0.5) > 0.5
    assert black.worth(0.0) == 0
    assert black.worth(-1.0) == pytest.approx(-0.5 - 0.5 / 9)
    assert black.worth(-30.0) == -1.0


def test_planes_are_the_movers_own_and_the_others_history():
    state = Go(5).play(0).play(1).play(2)  # white to move
    planes = go.planes([Go(5), state])[1]
    assert planes.shape == (17, 5, 5)
    row = planes[:, 0]
    assert row[0, :3].tolist() == [0, 1, 0]  # white's now
    assert row[1, :3].tolist() == [1, 0, 1]
    assert row[3, :3].tolist() == [1, 0, 0]  # black's, one move ago
    assert row[2, :3].tolist() == [0, 1, 0]
    assert row[5, :3].tolist() == [1, 0, 0]
    assert not planes[6:16].any()
    assert not planes[16].any()
    assert go.planes([state.play(3)])[0, 16].all()


def test_planes_reach_seven_moves_back():
    _, states = random_game(5, 2, passes=0)
    state = states[20]
    planes = go.planes([state])[0]
    for ago in range(8):
        own, other = planes[2 * ago], planes[2 * ago + 1]
        np.testing.assert_array_equal((own - other) * state.turn, grid(states[20 - ago]))


def test_random_playouts_end_as_random_games_do():
    """Played out from a position that is decided, the score hardly varies; black's and white's
    chances from an empty board without komi differ by the first move only.
    """
    rng = random.Random(0)
    decided = Go.of(".xxx. xxxxx xx.xx xxxxx .xxxo", WHITE, komi=0)
    scores = [go.playout(decided, rng) for _ in range(20)]
    assert min(scores) > 0
    empty = Go(5, komi=0)
    scores = np.array([go.playout(empty, rng) for _ in range(300)])
    assert np.abs(scores).max() <= 25
    assert 0 < scores.mean() < 8


def test_a_playout_of_a_finished_game_is_its_score():
    state = Go.of(".xo xxo ooo", BLACK, komi=0)
    state.passes = 2
    assert go.playout(state, random.Random(0)) == -1
