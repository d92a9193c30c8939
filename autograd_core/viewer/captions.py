"""What an operation does to the gradient: a clause to begin with, then each message's formula."""

from __future__ import annotations

from typing import NamedTuple

from autograd_core.viewer.formulas import Formula
from autograd_core.viewer.numbers import Summary
from autograd_core.viewer.view import Card

# operation -> (how the sentence begins, its verb: shown in bold, how it goes on); only what is
# true of every use, broadcast or not: the formulas that follow have the rest
CLAUSES: dict[str, tuple[str, str, str]] = {
    "add": ("A plus, backward, ", "copies", " upstream to each input"),
    "plus": ("A plus, backward, ", "copies", " upstream to each input"),
    "subtract": (
        "A difference, backward, ",
        "copies",
        " upstream, with the sign changed for what is taken away",
    ),
    "negative": ("A minus sign, backward, ", "changes the sign", " of upstream"),
    "multiply": (
        "A product, backward, ",
        "swaps",
        ": each input gets upstream times the other input",
    ),
    "matmul": (
        "A matrix product, backward, ",
        "swaps",
        ": each input gets the product of upstream with the other, transposed",
    ),
    "maximum": ("A maximum, backward, ", "chooses", ": upstream goes to the larger input"),
    "minimum": ("A minimum, backward, ", "chooses", ": upstream goes to the smaller input"),
    "max": ("A maximum, backward, ", "chooses", ": upstream goes to the largest element"),
    "min": ("A minimum, backward, ", "chooses", ": upstream goes to the smallest element"),
    "max pool": ("Pooling, backward, ", "chooses", ": upstream goes to the largest of each window"),
    "where": ("A choice, backward, ", "chooses", ": upstream goes where the value came from"),
    "sum": ("A sum, backward, ", "copies", " upstream to every element"),
    "mean": ("A mean, backward, ", "spreads", " upstream evenly over what was averaged"),
    "concatenate": ("Joining, backward, ", "cuts", " upstream into the pieces again"),
    "getitem": ("Reading at an index, backward, ", "writes", " upstream back to that place"),
    "part": ("One part of several, backward, ", "hands", " its gradient back to the whole"),
}
DEFAULT = ("Backward, the chain rule ", "multiplies", " upstream by the derivative of this step")
MOVES = ("A change of shape, backward, ", "undoes", " itself: the same numbers, back in place")
COPIES = {"add", "plus", "subtract", "negative", "positive", "sum", "branch", "part", "getitem"}


class Piece(NamedTuple):
    """A piece of a caption: its text, and whether it is "plain", "strong", "code" or a "number"."""

    text: str
    style: str = "plain"


def clause(card: Card, formulas: list[Formula | None]) -> list[Piece]:
    """Return how the caption of a card's operation begins."""
    if card.kind == "module":
        before, verb, after = "Inside, the chain rule runs in the same way; it ", "hands back", ""
    else:
        name = card.node.name if card.node is not None else ""
        name = "part" if card.category == "result" else name
        before, verb, after = CLAUSES.get(name) or (
            MOVES if card.category == "shape" and _only_moves(formulas) else DEFAULT
        )
        if name in ("maximum", "minimum", "max", "min") and any(_shares(f) for f in formulas):
            after += ", and equal ones share it"
    return [Piece(before), Piece(verb, "strong"), Piece(after)]


def _only_moves(formulas: list[Formula | None]) -> bool:
    return all(f is not None and "×" not in f.text and "/" not in f.text for f in formulas)


def _shares(formula: Formula | None) -> bool:
    return formula is not None and ("where(" in formula.text or " / " in formula.text)


def message(
    formula: Formula | None, name: str, sole: bool, value: Summary, pictured: str = ""
) -> list[Piece]:
    """Return the sentence of one message.

    Parameters
    ----------
    formula : Formula or None
        What gives it.
    name : str
        The argument's.
    sole : bool
        Whether this message is the whole gradient of the argument; else it is added to others.
    value : Summary
        The message.
    pictured : str
        What the picture says of it; an equation is said here as well.

    Returns
    -------
    list of Piece
        ``dW = Xᵀ @ upstream: 4×16 @ 16×8, rms 0.31``;
        ``dx += upstream × 3 × x² = 11 × 3 × 2² = 132, that is 12 × 11 = 132``.
    """
    if formula is None:
        said = [Piece(pictured, "code")] if "=" in pictured else [Piece(value.text, "number")]
        return [*said, Piece(f" to {name}")]
    left, text = f"d{name}" if name.isidentifier() else f"d({name})", formula.text
    if text.startswith("zeros["):  # written into some places
        pieces = [Piece(left + text.removeprefix("zeros"), "code")]
        pieces += [Piece(", 0 elsewhere")] if sole else []
    else:
        pieces = [Piece(f"{left} {'=' if sole else '+='} {text}", "code")]
    factors, arithmetic = formula.factors, formula.arithmetic
    if factors:
        pieces.append(Piece(f": {factors}"))
    pieces.append(Piece(formula.ending))
    if value.scalar and arithmetic and arithmetic != value.text:
        pieces += [Piece(" = "), Piece(arithmetic, "code")]
    pieces += [Piece(" = " if value.scalar else ", "), Piece(value.text, "number")]
    if " = " in pictured and pictured not in plain(pieces):
        pieces += [Piece(", that is "), Piece(pictured, "code")]
    return pieces


def multiplies(card: Card) -> bool:
    """Whether a message through this card costs a multiplication, or is only copied or moved."""
    name = card.node.name if card.node is not None else ""
    return name not in COPIES and card.category not in ("shape", "index", "linear", "result")


def plain(pieces: list[Piece]) -> str:
    """Return a caption as one text."""
    return "".join(piece.text for piece in pieces)
