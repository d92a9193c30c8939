"""Tic-tac-toe for many boards at once, and its perfect player.

A board is nine numbers as the player to move sees it: 1 own, -1 the other's, 0 empty.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

SIZE = 3
LINES = np.zeros((8, 9), np.int8)  # three rows, three columns, two diagonals
for _k in range(3):
    LINES[_k, 3 * _k : 3 * _k + 3] = 1
    LINES[3 + _k, _k::3] = 1
LINES[6, [0, 4, 8]] = 1
LINES[7, [2, 4, 6]] = 1

Policy = Callable[[Any], Any]  # boards (n, 9) -> moves (n,)


def after(boards: Any, moves: Any) -> Any:
    """Return the boards after one move on each, as the other player sees them."""
    made = boards.copy()
    made[np.arange(len(boards)), moves] = 1
    return -made


def results(boards: Any) -> Any:
    """Return -1 where the player to move has lost, 0 at a draw, NaN where the game goes on."""
    lost = ((boards @ LINES.T) == -3).any(axis=1)
    return np.where(lost, -1.0, np.where((boards != 0).all(axis=1), 0.0, np.nan))


def blank(shape: tuple[int, ...]) -> Any:
    """Return empty boards."""
    return np.zeros((*shape, 9), np.int8)


def legal(boards: Any) -> Any:
    """Return which points are free."""
    return boards == 0


def planes(boards: Any) -> Any:
    """Return what the network sees, as in Go: own stones, the other's, and whose turn it is."""
    first = (np.count_nonzero(boards, axis=1) % 2 == 0)[:, None]
    made = np.stack([boards == 1, boards == -1, np.broadcast_to(first, boards.shape)], axis=1)
    return made.reshape(-1, 3, SIZE, SIZE).astype(np.float32)


@cache
def worth(board: bytes) -> tuple[float, tuple[int, ...]]:
    """Return a position's value with perfect play for the player to move, and the best moves."""
    position = np.frombuffer(board, np.int8)[None]
    result = results(position)[0]
    if not np.isnan(result):
        return float(result), ()
    values = {
        int(move): -worth(after(position, [move]).tobytes())[0]
        for move in np.flatnonzero(position[0] == 0)
    }
    best = max(values.values())
    return best, tuple(move for move, value in values.items() if value == best)


def perfect(boards: Any) -> Any:
    """Return a perfect player's moves, the first of the best."""
    return np.array([worth(board.tobytes())[1][0] for board in boards])


def any_reply(board: Any) -> Any:
    """Return all legal moves."""
    return np.flatnonzero(board == 0)


def best_replies(board: Any) -> Any:
    """Return all moves of a perfect player."""
    return np.array(worth(board.tobytes())[1])


def against(policy: Policy, replies: Callable[[Any], Any], first: bool) -> dict[str, Any]:
    """Play a fixed player against every sequence of replies.

    Parameters
    ----------
    policy : callable
        The player, the same move on the same board: ``policy(boards)`` returns moves.
    replies : callable
        The moves of the other player that are tried, all of them: ``replies(board)``.
    first : bool
        Whether the player begins.

    Returns
    -------
    dict
        "games": sequences of replies that end in a win, a draw, a loss;
        "chances": the same if each reply is drawn evenly;
        "boards": the boards on which the player moved.
    """
    games, chances = np.zeros(3, int), np.zeros(3)
    met: list[Any] = []
    frontier = {np.zeros(9, np.int8).tobytes(): (1, 1.0)}  # board: (sequences, chance)
    mine = first
    while frontier:
        boards = np.array([np.frombuffer(key, np.int8) for key in frontier])
        weights = list(frontier.values())
        if mine:
            met.append(boards)
            moved = [(k, [m]) for k, m in enumerate(policy(boards))]
        else:
            moved = [(k, replies(board)) for k, board in enumerate(boards)]
        frontier = {}
        for k, moves in moved:
            made = after(np.repeat(boards[k : k + 1], len(moves), axis=0), np.asarray(moves))
            count, chance = weights[k]
            for board, result in zip(made, results(made), strict=True):
                if np.isnan(result):
                    before = frontier.get(board.tobytes(), (0, 0.0))
                    frontier[board.tobytes()] = (
                        before[0] + count,
                        before[1] + chance / len(moves),
                    )
                else:  # the one who has just moved has won, or it is a draw
                    outcome = 1 if result == 0 else 0 if mine else 2
                    games[outcome] += count
                    chances[outcome] += chance / len(moves)
        mine = not mine
    return {"games": games, "chances": chances, "boards": np.concatenate(met)}
