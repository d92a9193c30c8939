"""The rules of Go, and a position as the 17 planes that AlphaGo Zero sees.

Stones without liberties are taken; suicide is not allowed; no board may come
back (positional superko, of which ko is the smallest case); two passes end the
game, and area counts.  Points are numbered row by row.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

BLACK, EMPTY, WHITE = 1, 0, -1
PASS = -1
KOMI = 7.5


@cache
def neighbours(size: int) -> tuple[tuple[int, ...], ...]:
    """Return the points beside each point."""
    found = []
    for p in range(size * size):
        row, column = divmod(p, size)
        around = ((row - 1, column), (row + 1, column), (row, column - 1), (row, column + 1))
        found.append(tuple(r * size + c for r, c in around if 0 <= r < size and 0 <= c < size))
    return tuple(found)


class Go:
    """A game: the board, whose turn it is, and all boards before.

    Parameters
    ----------
    size : int
        Side of the board.

    Attributes
    ----------
    stones : list of int
        BLACK, WHITE or EMPTY for each point.
    turn : int
        Whose move is next.
    boards : list of ndarray
        After each move, the last one latest.
    captured : int
        Stones taken so far, by both.
    """

    def __init__(self, size: int = 19) -> None:
        self.size = size
        self.near = neighbours(size)
        self.stones = [EMPTY] * (size * size)
        self.turn = BLACK
        self.boards = [np.array(self.stones, np.int8)]
        self.seen = {self.boards[0].tobytes()}
        self.passes = 0
        self.captured = 0

    @classmethod
    def of(cls, drawing: str, turn: int = BLACK) -> Go:
        """Return the game at a drawn position: ``x`` black, ``o`` white, ``.`` empty."""
        rows = drawing.split()
        game = cls(len(rows))
        game.stones = [{"x": BLACK, "o": WHITE, ".": EMPTY}[c] for row in rows for c in row]
        game.boards = [np.array(game.stones, np.int8)]
        game.seen = {game.boards[0].tobytes()}
        game.turn = turn
        return game

    @property
    def over(self) -> bool:
        """Whether both have passed."""
        return self.passes == 2

    def group(self, point: int, stones: list[int]) -> tuple[set[int], bool]:
        """Return the stones connected with a point's, and whether they have a liberty."""
        colour = stones[point]
        members, todo, free = {point}, [point], False
        while todo:
            for p in self.near[todo.pop()]:
                if stones[p] == EMPTY:
                    free = True
                elif stones[p] == colour and p not in members:
                    members.add(p)
                    todo.append(p)
        return members, free

    def after(self, point: int) -> tuple[list[int], int] | None:
        """Return the stones after a move there and how many it takes; None if it is illegal."""
        if self.stones[point] != EMPTY:
            return None
        stones = list(self.stones)
        stones[point] = self.turn
        taken = 0
        for p in self.near[point]:
            if stones[p] == -self.turn:
                members, free = self.group(p, stones)
                if not free:
                    taken += len(members)
                    for member in members:
                        stones[member] = EMPTY
        if not taken and not self.group(point, stones)[1]:
            return None  # suicide
        if np.array(stones, np.int8).tobytes() in self.seen:
            return None  # superko
        return stones, taken

    def play(self, move: int) -> None:
        """Make a move, or PASS.

        Raises
        ------
        ValueError
            If the move is illegal or the game is over; nothing has changed.
        """
        if self.over:
            raise ValueError("Go: both have passed; the game is over.")
        if move == PASS:
            self.passes += 1
        else:
            made = self.after(move)
            if made is None:
                row, column = divmod(move, self.size)
                raise ValueError(
                    f"Go: the move at row {row}, column {column} is illegal: the point is taken, "
                    "the stone would have no liberty, or the board would come back."
                )
            self.stones, taken = made
            self.captured += taken
            self.passes = 0
        self.boards.append(np.array(self.stones, np.int8))
        self.seen.add(self.boards[-1].tobytes())
        self.turn = -self.turn

    def eye(self, point: int) -> bool:
        """Return whether only own stones are beside an empty point: filling it is rarely wise."""
        return all(self.stones[p] == self.turn for p in self.near[point])

    def score(self) -> float:
        """Return black's area minus white's and the komi."""
        total, seen = 0.0, set()
        for point, stone in enumerate(self.stones):
            if stone != EMPTY:
                total += stone
            elif point not in seen:
                region, borders, todo = {point}, set(), [point]
                while todo:
                    for p in self.near[todo.pop()]:
                        if self.stones[p] != EMPTY:
                            borders.add(self.stones[p])
                        elif p not in region:
                            region.add(p)
                            todo.append(p)
                seen |= region
                if len(borders) == 1:
                    total += len(region) * borders.pop()
        return total - KOMI

    def planes(self) -> Any:
        """Return the input of the network, shape (17, size, size).

        The mover's stones and the other's, now and one to seven moves ago, in
        turn; then all ones if black is to move, else zeros.
        """
        made = np.zeros((17, self.size, self.size), np.float32)
        for ago, board in enumerate(self.boards[-1:-9:-1]):
            square = board.reshape(self.size, self.size)
            made[2 * ago] = square == self.turn
            made[2 * ago + 1] = square == -self.turn
        made[16] = self.turn == BLACK
        return made


def random_game(size: int, rng: np.random.Generator, longest: int) -> tuple[list[Any], Go]:
    """Play a whole game of random legal moves that fill no own eye.

    Returns
    -------
    list of (planes, move, whose turn)
        One for each move; a pass has the number size * size, as in the network.
    Go
        The game at its end.
    """
    game, record = Go(size), []
    while not game.over and len(record) < longest:
        move = PASS
        for point in rng.permutation([p for p, s in enumerate(game.stones) if s == EMPTY]):
            if not game.eye(point) and game.after(point) is not None:
                move = int(point)
                break
        record.append((game.planes(), size * size if move == PASS else move, game.turn))
        game.play(move)
    return record, game
