"""What an operation does to the gradient, in one plain clause each."""

from __future__ import annotations

from typing import NamedTuple

from autograd_core.viewer.view import Card

# operation -> (the clause, its verb: shown in bold)
CLAUSES: dict[str, tuple[str, str, str]] = {
    "add": ("A plus, backward, ", "copies", ": each input gets upstream as it is"),
    "plus": ("A plus, backward, ", "copies", ": each input gets upstream as it is"),
    "subtract": (
        "A difference, backward, ",
        "copies",
        ", with the sign changed for what is taken away",
    ),
    "negative": ("A minus sign, backward, ", "changes the sign", ""),
    "multiply": (
        "A product, backward, ",
        "swaps",
        ": each input gets upstream times the other input",
    ),
    "divide": (
        "A quotient, backward, ",
        "divides",
        ": upstream by the denominator; minus that times the quotient goes to the denominator",
    ),
    "power": ("A power n, backward, ", "multiplies", " upstream by n times the input to the n−1"),
    "square": ("A square, backward, ", "multiplies", " upstream by twice the input"),
    "exp": ("exp, backward, ", "multiplies", " upstream by its own value"),
    "log": ("log, backward, ", "divides", " upstream by the input"),
    "tanh": ("tanh, backward, ", "multiplies", " upstream by 1 − tanh²"),
    "sqrt": ("A square root, backward, ", "divides", " upstream by twice the root"),
    "maximum": (
        "A maximum, backward, ",
        "chooses",
        ": upstream goes to the larger input, 0 to the other",
    ),
    "minimum": (
        "A minimum, backward, ",
        "chooses",
        ": upstream goes to the smaller input, 0 to the other",
    ),
    "where": (
        "A choice, backward, ",
        "chooses",
        ": upstream goes where the value came from, 0 elsewhere",
    ),
    "matmul": (
        "A matrix product, backward, ",
        "swaps",
        ": upstream times the other factor, transposed",
    ),
    "sum": ("A sum, backward, ", "copies", " upstream to every element"),
    "mean": (
        "A mean, backward, ",
        "spreads",
        " upstream evenly: divided by the number of elements",
    ),
    "getitem": (
        "Reading at an index, backward, ",
        "writes",
        " upstream back to that place, 0 elsewhere",
    ),
    "part": ("One part of several, backward, ", "hands", " its gradient back to the whole"),
    "branch": ("A branch, backward, ", "adds", " what comes back from its copies"),
}
FAMILIES: dict[str, tuple[str, str, str]] = {
    "shape": (
        "A change of shape, backward, ",
        "undoes",
        " itself: the same numbers, back in the old shape",
    ),
    "index": ("Backward, every element ", "returns", " to the place it came from"),
    "linear": ("A linear operation, backward, is its ", "transpose", ""),
    "elementwise": ("Backward, it ", "multiplies", " upstream by its slope, element by element"),
    "reduction": ("A reduction, backward, ", "spreads", " upstream over what was reduced"),
}
COPIES = {"add", "plus", "subtract", "negative", "positive", "sum", "branch", "part", "getitem"}


class Piece(NamedTuple):
    """A piece of a caption: its text, and whether it is "plain", "strong", "code" or a "number"."""

    text: str
    style: str = "plain"


def clause(card: Card) -> list[Piece]:
    """Return what this card's operation does to a gradient."""
    if card.kind == "module":
        before, verb, after = "Inside, the chain rule runs in the same way; it ", "hands back", ""
    else:
        name = card.node.name if card.node is not None else ""
        default = ("Backward, it ", "multiplies", " upstream by the local derivative of each input")
        before, verb, after = CLAUSES.get(name) or FAMILIES.get(card.category) or default
    return [Piece(before), Piece(verb, "strong"), Piece(after)]


def multiplies(card: Card) -> bool:
    """Whether a message through this card costs a multiplication, or is only copied or moved."""
    if card.kind in ("module",):
        return True
    name = card.node.name if card.node is not None else ""
    return name not in COPIES and card.category not in ("shape", "index", "linear")


def plain(pieces: list[Piece]) -> str:
    """Return a caption as one text."""
    return "".join(piece.text for piece in pieces)
