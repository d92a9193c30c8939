"""The rules of Go, for whole batches of positions, and the 17 planes that AlphaGo Zero sees.

Stones without liberties are taken; suicide is not allowed; no board may come
back (positional superko, of which ko is the smallest case); two passes end the
game, and area counts.  A move is the number of a point, row by row, or size²,
which is a pass, as in the network's output.

A set of points is one integer with a bit for each point.  Every row has one bit
more than it has points, always 0, so that a shift never carries a stone from
the end of one row to the beginning of the next.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

BLACK, WHITE = 1, -1
KOMI = 7.5
HISTORY = 8  # boards that the network sees


@dataclass(frozen=True)
class Board:
    """What depends on the size alone."""

    size: int
    row: int = field(init=False)  # bits from one row to the next
    full: int = field(init=False)  # all points
    bits: tuple[int, ...] = field(init=False)  # of each point
    sides: tuple[int, ...] = field(init=False)  # the points that touch each point
    longest: int = field(init=False)  # moves, after which area is counted
    nbytes: int = field(init=False)  # of a set of points

    def __post_init__(self) -> None:
        size, row = self.size, self.size + 1
        bits = tuple(1 << (p // size * row + p % size) for p in range(size * size))
        for name, value in (
            ("row", row), ("full", sum(bits)), ("bits", bits), ("longest", 2 * size * size),
            ("nbytes", (size * row + 7) // 8),
        ):  # fmt: skip
            object.__setattr__(self, name, value)
        object.__setattr__(self, "sides", tuple(map(self.beside, bits)))

    def beside(self, points: int) -> int:
        """Return all points that touch one of these."""
        w = self.row
        return (points << 1 | points >> 1 | points << w | points >> w) & self.full

    def connected(self, seed: int, stones: int) -> int:
        """Return the seed, and the stones that are connected with it."""
        w = self.row
        while True:
            more = (seed | seed << 1 | seed >> 1 | seed << w | seed >> w) & stones
            if more == seed:
                return seed
            seed = more

    def groups(self, stones: int) -> list[int]:
        """Return the groups of connected stones."""
        found = []
        while stones:
            found.append(self.connected(stones & -stones, stones))
            stones ^= found[-1]
        return found

    def arrays(self, sets: Any) -> Any:
        """Return n sets of points as booleans, shape (n, size, size)."""
        return self.unpacked(b"".join([s.to_bytes(self.nbytes, "little") for s in sets]))

    def unpacked(self, sets: bytes, dtype: Any = bool) -> Any:
        """Return sets of points, each so many bytes, as an array, shape (n, size, size)."""
        raw = np.frombuffer(sets, np.uint8).reshape(-1, self.nbytes)
        found = np.unpackbits(raw, axis=1, bitorder="little")
        square = found[:, : self.size * self.row].reshape(-1, self.size, self.row)
        return square[:, :, : self.size].astype(dtype)

    def area(self, black: int, white: int) -> int:
        """Return the stones of black and the empty points that only black reaches, less white's."""
        empty = self.full & ~(black | white)
        for_black = self.connected(self.beside(black) & empty, empty)
        for_white = self.connected(self.beside(white) & empty, empty)
        return (black | for_black & ~for_white).bit_count() - (
            white | for_white & ~for_black
        ).bit_count()


board_of = cache(Board)


class Go:
    """A position that never changes, with what the rules must know of the game before it.

    Parameters
    ----------
    size : int
        Side of the board.
    komi : float
        Points that white gets for moving second.

    Attributes
    ----------
    black, white : int
        Their stones, one bit for each point.
    turn : int
        Whose move is next, BLACK or WHITE.
    passes, length, captured : int
        Passes in a row, moves so far, and stones taken so far by both.
    stood : tuple of int
        Where a black and where a white stone ever stood.
    """

    __slots__ = (
        "_moves", "before", "black", "board", "captured", "komi", "length", "passes", "seen",
        "stood", "turn", "white",
    )  # fmt: skip

    def __init__(self, size: int = 19, komi: float = KOMI) -> None:
        self.board, self.komi = board_of(size), komi
        self.black = self.white = 0
        self.turn = BLACK
        self.passes = self.length = self.captured = 0
        self.seen = frozenset([(0, 0)])
        self.before: tuple[tuple[bytes, bytes], ...] = ()  # the faces of earlier positions
        self.stood = (0, 0)
        self._moves: tuple[int, dict[int, int]] | None = None

    @classmethod
    def of(cls, drawing: str, turn: int = BLACK, komi: float = KOMI) -> Go:
        """Return a drawn position: ``x`` black, ``o`` white, ``.`` empty, a space after each row.

        Raises
        ------
        ValueError
            If it is no square of these letters.
        """
        rows = drawing.split()
        text = "".join(rows)
        if any(len(r) != len(rows) for r in rows) or set(text) - set("xo."):
            raise ValueError(f"Go.of: {drawing!r} is no square of the letters x, o and '.'.")
        made = cls(len(rows), komi)
        made.black = sum(bit for bit, c in zip(made.board.bits, text, strict=True) if c == "x")
        made.white = sum(bit for bit, c in zip(made.board.bits, text, strict=True) if c == "o")
        made.turn = turn
        made.stood = (made.black, made.white)
        made.seen = frozenset([made.stood])
        return made

    def __str__(self) -> str:
        text = [
            "x" if bit & self.black else "o" if bit & self.white else "." for bit in self.board.bits
        ]
        size = self.board.size
        return "\n".join("".join(text[k * size : (k + 1) * size]) for k in range(size))

    @property
    def over(self) -> bool:
        """Whether both have passed, or the game is as long as it may be."""
        return self.passes == 2 or self.length >= self.board.longest

    def faces(self) -> tuple[bytes, bytes]:
        """Return the stones as black sees them, own ones first, and as white does."""
        black, white = (s.to_bytes(self.board.nbytes, "little") for s in (self.black, self.white))
        return black + white, white + black

    def moves(self) -> tuple[int, dict[int, int]]:
        """Return the points where a stone may be put, and what it takes, for those that take."""
        if self._moves is not None:
            return self._moves
        board, beside = self.board, self.board.beside
        own, other = (self.black, self.white)[:: self.turn]
        empty = board.full & ~(own | other)
        roomy = self._roomy(empty)
        free = beside(empty) & empty
        taken: dict[int, int] = {}
        for group in board.groups(other & ~board.connected(roomy & other, other)):
            last = beside(group) & empty
            if not last & (last - 1):  # its only liberty
                taken[last] = taken.get(last, 0) | group
                free |= last
        if empty & ~free:
            safe = board.connected(roomy & own, own)
            free |= beside(safe) & empty
            for group in board.groups(own & ~safe):
                liberties = beside(group) & empty
                if liberties & (liberties - 1):  # it keeps one
                    free |= liberties
        again = free & self.stood[self.turn == WHITE]  # elsewhere no board can come back
        while again:
            point = again & -again
            again ^= point
            if (own | point, other ^ taken.get(point, 0))[:: self.turn] in self.seen:  # superko
                free ^= point
        self._moves = free, taken
        return self._moves

    def _roomy(self, empty: int) -> int:
        """Return the points with empty points on two sides: no group with such a stone is in atari.

        Most groups have one, and need not be looked at one by one.
        """
        w = self.board.row
        left, right, up, down = empty << 1, empty >> 1, empty << w, empty >> w
        return (left | right) & (up | down) | left & right | up & down

    def legal(self) -> Any:
        """Return which moves are legal, shape (size² + 1,); the last is the pass."""
        return legal([self])[0]

    def play(self, move: int) -> Go:
        """Return the position after a move.

        Raises
        ------
        ValueError
            If the move is illegal or the game is over.
        """
        board = self.board
        if self.over:
            raise ValueError("Go: the game is over; nobody can move.")
        if not 0 <= move <= len(board.bits):
            raise ValueError(
                f"Go: there is no move {move}: the points are 0 to {len(board.bits) - 1}, "
                f"and {len(board.bits)} is a pass."
            )
        made = Go.__new__(Go)
        made.board, made.komi = board, self.komi
        made.turn, made.length = -self.turn, self.length + 1
        made.before = (self.faces(), *self.before[: HISTORY - 2])
        made.stood, made._moves = self.stood, None
        if move == len(board.bits):
            made.black, made.white, made.seen = self.black, self.white, self.seen
            made.passes, made.captured = self.passes + 1, self.captured
            return made
        point = board.bits[move]
        legal, taken = self.moves()
        if not point & legal:
            row, column = divmod(int(move), board.size)
            raise ValueError(
                f"Go: the move at row {row}, column {column} is illegal: the point is taken, "
                "the stone would have no liberty, or the board would come back."
            )
        stones = taken.get(point, 0)
        black, white = self.stood
        if self.turn == BLACK:
            made.black, made.white = self.black | point, self.white ^ stones
            made.stood = black | point, white
        else:
            made.black, made.white = self.black ^ stones, self.white | point
            made.stood = black, white | point
        made.seen = self.seen | {(made.black, made.white)}
        made.passes, made.captured = 0, self.captured + stones.bit_count()
        return made

    def sensible(self) -> list[int]:
        """Return the legal moves that fill no eye (a point with own stones on all its sides)."""
        own = self.black if self.turn == BLACK else self.white
        open_ = self.board.beside(self.board.full & ~own)
        good = self.moves()[0] & open_
        return [k for k, b in enumerate(self.board.bits) if b & good]

    def score(self) -> float:
        """Return black's area minus white's and the komi."""
        return self.board.area(self.black, self.white) - self.komi

    def worth(self, score: float) -> float:
        """Return what ending with this score is worth to the player to move, within -1 and 1.

        Half counts who wins, half by how much: whoever is behind for certain
        still has something to play for.
        """
        margin = min(max(score / len(self.board.bits), -1.0), 1.0)
        return 0.5 * self.turn * ((score > 0) - (score < 0) + margin)


# What the search asks, of many positions at once (see examples.search.Rules)


def blank(shape: tuple[int, ...]) -> Any:
    """Return an array that can hold positions."""
    return np.empty(shape, object)


def after(states: Any, moves: Any) -> Any:
    """Return the positions after one move on each."""
    made = np.empty(len(states), object)
    for k, (state, move) in enumerate(zip(states, moves, strict=True)):
        made[k] = state.play(int(move))
    return made


def results(states: Any) -> Any:
    """Return what the ends are worth to the player to move; NaN where the game goes on."""
    return np.array([s.worth(s.score()) if s.over else np.nan for s in states])


def legal(states: Any) -> Any:
    """Return which moves are legal, shape (n, size² + 1)."""
    board = states[0].board
    points = board.arrays([state.moves()[0] for state in states]).reshape(len(states), -1)
    return np.concatenate([points, np.ones((len(states), 1), bool)], axis=1)


def planes(states: Any) -> Any:
    """Return the input of the network, shape (n, 17, size, size).

    The mover's stones and the other's, now and one to seven moves ago, in turn;
    then all ones if black is to move, else zeros.
    """
    board = states[0].board
    nothing, everything = bytes(board.nbytes), board.full.to_bytes(board.nbytes, "little")
    sets: list[bytes] = []
    for state in states:
        side = state.turn == WHITE
        sets += [faces[side] for faces in (state.faces(), *state.before)]
        sets.append(nothing * (2 * (HISTORY - 1 - len(state.before))))
        sets.append(nothing if side else everything)
    made = board.unpacked(b"".join(sets), np.float32)
    return made.reshape(len(states), 2 * HISTORY + 1, board.size, board.size)


def playout(state: Go, rng: random.Random) -> float:
    """Return the score after both have moved at random from here to the end.

    Nobody fills an own eye or takes back a ko at once; longer repetitions end
    at the limit of the game's length.  `Board.beside` is spelt out here, for speed.
    """
    board, komi = state.board, state.komi
    connected, bits, sides, full, w = (
        board.connected, board.bits, board.sides, board.full, board.row
    )  # fmt: skip
    own, other = (state.black, state.white)[:: state.turn]
    turn, passes, ko, count = state.turn, state.passes, 0, len(bits)
    for _ in range(board.longest - state.length):
        if passes == 2:
            break
        empty, beyond = full & ~(own | other), full & ~own
        open_ = empty & (beyond << 1 | beyond >> 1 | beyond << w | beyond >> w) & ~ko
        ko = 0
        while open_:
            k = int(rng.random() * count)
            point, around = bits[k], sides[k]
            if not point & open_:
                continue
            open_ ^= point
            rest, mine = empty ^ point, own | point
            held = rest << 1 | rest >> 1 | rest << w | rest >> w  # stones there have a liberty
            taken = 0
            if around & other & ~held:
                taken = other & ~connected(other & held, other)
            if not taken and not point & held and not connected(mine & held, mine) & point:
                continue  # suicide
            own, other, passes = mine, other ^ taken, 0
            if taken.bit_count() == 1 and not around & (mine | rest):
                ko = taken  # one stone took one stone, and could be taken back
            break
        else:
            passes += 1
        own, other, turn = other, own, -turn
    black, white = (own, other)[::turn]
    return board.area(black, white) - komi
