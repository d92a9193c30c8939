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
    longest: int = field(init=False)  # moves, after which area is counted

    def __post_init__(self) -> None:
        size, row = self.size, self.size + 1
        bits = tuple(1 << (p // size * row + p % size) for p in range(size * size))
        for name, value in (
            ("row", row), ("full", sum(bits)), ("bits", bits), ("longest", 2 * size * size),
        ):  # fmt: skip
            object.__setattr__(self, name, value)

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
        count = (self.size * self.row + 7) // 8
        raw = np.frombuffer(b"".join([s.to_bytes(count, "little") for s in sets]), np.uint8)
        found = np.unpackbits(raw.reshape(-1, count), axis=1, bitorder="little")
        square = found[:, : self.size * self.row].reshape(-1, self.size, self.row)
        return square[:, :, : self.size].astype(bool)

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
    """

    __slots__ = (
        "_takes", "before", "black", "board", "captured", "komi", "length", "passes", "seen",
        "turn", "white",
    )  # fmt: skip

    def __init__(self, size: int = 19, komi: float = KOMI) -> None:
        self.board, self.komi = board_of(size), komi
        self.black = self.white = 0
        self.turn = BLACK
        self.passes = self.length = self.captured = 0
        self.seen = frozenset([(0, 0)])
        self.before: tuple[tuple[int, int], ...] = ()
        self._takes: dict[int, int] | None = None

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
        made.seen = frozenset([(made.black, made.white)])
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

    def takes(self) -> dict[int, int]:
        """Return the legal moves but the pass: the point's bit, and the stones that it takes."""
        if self._takes is not None:
            return self._takes
        beside, groups = self.board.beside, self.board.groups
        own, other = (self.black, self.white)[:: self.turn]
        empty = self.board.full & ~(own | other)
        free = beside(empty) & empty
        taken: dict[int, int] = {}
        for group in groups(other):
            last = beside(group) & empty
            if not last & (last - 1):  # its only liberty
                taken[last] = taken.get(last, 0) | group
                free |= last
        if empty & ~free:
            for group in groups(own):
                liberties = beside(group) & empty
                if liberties & (liberties - 1):  # it keeps one
                    free |= liberties
        found = {}
        while free:
            point = free & -free
            free ^= point
            stones = taken.get(point, 0)
            pair = (own | point, other ^ stones)[:: self.turn]
            if pair not in self.seen:  # superko
                found[point] = stones
        self._takes = found
        return found

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
        made.before = ((self.black, self.white), *self.before[: HISTORY - 2])
        made._takes = None
        if move == len(board.bits):
            made.black, made.white, made.seen = self.black, self.white, self.seen
            made.passes, made.captured = self.passes + 1, self.captured
            return made
        point = board.bits[move]
        stones = self.takes().get(point)
        if stones is None:
            row, column = divmod(int(move), board.size)
            raise ValueError(
                f"Go: the move at row {row}, column {column} is illegal: the point is taken, "
                "the stone would have no liberty, or the board would come back."
            )
        if self.turn == BLACK:
            made.black, made.white = self.black | point, self.white ^ stones
        else:
            made.black, made.white = self.black ^ stones, self.white | point
        made.seen = self.seen | {(made.black, made.white)}
        made.passes, made.captured = 0, self.captured + stones.bit_count()
        return made

    def sensible(self) -> list[int]:
        """Return the legal moves that fill no eye (a point with own stones on all its sides)."""
        own = self.black if self.turn == BLACK else self.white
        eyes = ~self.board.beside(self.board.full & ~own)
        takes = self.takes()
        return [k for k, b in enumerate(self.board.bits) if b in takes and not b & eyes]

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
    points = board.arrays([sum(state.takes()) for state in states]).reshape(len(states), -1)
    return np.concatenate([points, np.ones((len(states), 1), bool)], axis=1)


def planes(states: Any) -> Any:
    """Return the input of the network, shape (n, 17, size, size).

    The mover's stones and the other's, now and one to seven moves ago, in turn;
    then all ones if black is to move, else zeros.
    """
    board = states[0].board
    sets: list[int] = []
    for state in states:
        boards = [(state.black, state.white), *state.before]
        for black, white in boards:
            sets += (black, white) if state.turn == BLACK else (white, black)
        sets += [0] * (2 * (HISTORY - len(boards)))
        sets.append(board.full if state.turn == BLACK else 0)
    made = board.arrays(sets).reshape(len(states), 2 * HISTORY + 1, board.size, board.size)
    return made.astype(np.float32)


def playout(state: Go, rng: random.Random) -> float:
    """Return the score after both have moved at random from here to the end.

    Nobody fills an own eye or takes back a ko at once; longer repetitions end
    at the limit of the game's length.
    """
    board, komi = state.board, state.komi
    beside, connected, bits, full = board.beside, board.connected, board.bits, board.full
    own, other = (state.black, state.white)[:: state.turn]
    turn, passes, ko, count = state.turn, state.passes, 0, len(bits)
    for _ in range(board.longest - state.length):
        if passes == 2:
            break
        empty = full & ~(own | other)
        open_ = empty & beside(full & ~own) & ~ko
        ko = 0
        while open_:
            point = bits[int(rng.random() * count)]
            if not point & open_:
                continue
            open_ ^= point
            taken, near = 0, beside(point) & other
            rest = empty ^ point
            while near:
                group = connected(near & -near, other)
                near &= ~group
                if not beside(group) & rest:
                    taken |= group
            mine = own | point
            if not taken and not beside(point) & rest:
                group = connected(point, mine)
                if not beside(group) & rest:
                    continue  # suicide
            own, other, passes = mine, other ^ taken, 0
            if taken.bit_count() == 1 and not beside(point) & (mine | rest):
                ko = taken  # one stone took one stone, and could be taken back
            break
        else:
            passes += 1
        own, other, turn = other, own, -turn
    black, white = (own, other)[::turn]
    return board.area(black, white) - komi
