"""One sentence about a whole picture: what goes in, what comes out, and the gradients."""

from __future__ import annotations

from autograd_core.viewer.numbers import NONE
from autograd_core.viewer.view import Card, View

FEW = 4  # inputs that are named
LEAVES = ("parameter", "input", "constant")


def sentence(view: View) -> str:
    """Return what a picture of a view shows, for those who cannot see it."""
    cards = [c for c in view.cards if c.kind != "alias"]
    leaves = [c for c in cards if c.kind in LEAVES]
    made = [c for c in cards if c.kind not in LEAVES]
    ends = [c for c in cards if c.output] or made[-1:] or leaves[-1:]
    going = _listed([c.name for c in leaves], ("goes in", "go in"))
    coming = _listed([c.title for c in ends], ("comes out", "come out"))
    groups = sum(c.kind == "module" for c in made)
    words = [_count(len(made) - groups, "operation"), _count(groups, "closed group")]
    by = " and ".join(filter(None, words))
    facts = [*_values(ends), *_gradients(ends, leaves)] or ["no value is known"]
    return f"{going}, {coming}{', by ' if by else ''}{by}; {', '.join(facts)}."


def _values(ends: list[Card]) -> list[str]:
    return [f"{c.name} = {c.value.text}" for c in ends if c.value.text != NONE]


def _gradients(ends: list[Card], leaves: list[Card]) -> list[str]:
    output = ends[0].name if ends else "F"
    known = [c for c in leaves if c.kind != "constant" and c.gradient.text != NONE]
    return [f"∂{output}/∂{c.name} = {c.gradient.text}" for c in known[:FEW] if not c.output]


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}" if number else ""


def _listed(names: list[str], verbs: tuple[str, str]) -> str:
    few = ", ".join(names[:FEW]) or "nothing"
    more = f" and {len(names) - FEW} more" if len(names) > FEW else ""
    return f"{few}{more} {verbs[len(names) > 1]}"
