"""The steps of a pass through a graph, as plain data: what lights up, what travels, one sentence.

The page, the text form and ``Tensor.backward_steps()`` all show these steps.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from autograd_core.base.printing import prints_anywhere
from autograd_core.base.renamed import renamed_names
from autograd_core.viewer.captions import Piece, clause, message, multiplies, plain
from autograd_core.viewer.elements import is_rounding
from autograd_core.viewer.numbers import Summary, number_text
from autograd_core.viewer.recorded_sweep import RecordedSweep, Tangents
from autograd_core.viewer.seeds import Seed
from autograd_core.viewer.view import Card, Junction, View, Wire

FEW_TERMS = 4  # of a sum that is written out


@dataclass
class PassStep:
    """One step.

    Attributes
    ----------
    phase : str
        "forward", "seed", "backward", "branch" or "tangent".
    card : str or None
        The card that is at work.
    lit : list of str
        The cards that light up.
    messages : list of (str, str)
        What travels: a wire's or a junction's key, and the text on it.
    values, gradients : list of str
        The cards whose value, or gradient (tangent), is known from here on.
    pieces : list of Piece
        The sentence.
    flops : float
        Floating-point operations of this sweep so far, as `cost` counts them; what an operation
        needs for its messages, and to add them to others, is counted at its step.
    """

    phase: str
    card: str | None = None
    lit: list[str] = field(default_factory=list)
    messages: list[tuple[str, str]] = field(default_factory=list)
    values: list[str] = field(default_factory=list)
    gradients: list[str] = field(default_factory=list)
    pieces: list[Piece] = field(default_factory=list)
    flops: float = 0.0

    @property
    def caption(self) -> str:
        """The sentence as one text."""
        return plain(self.pieces)

    @prints_anywhere
    def __str__(self) -> str:
        return f"{self.phase:8}  {self.caption}"

    __repr__ = __str__


def forward_steps(view: View) -> list[PassStep]:
    """Return the forward pass: the inputs together, then one step an operation."""
    leaves = [c for c in view.cards if c.kind in ("parameter", "input", "constant")]
    some = leaves[:6]
    pieces = [Piece("The inputs")]
    for k, card in enumerate(some):
        pieces += [Piece(": " if not k else ", "), *_equation(card.name, card.value.text)]
    pieces.append(
        Piece(f" and {len(leaves) - len(some)} more." if len(leaves) > len(some) else ".")
    )
    keys = [c.key for c in leaves]
    steps = [PassStep("forward", None, keys, values=keys, pieces=pieces)]
    for card in view.cards:
        if card.kind in ("operation", "plus", "module"):
            steps.append(_forward(view, card))
        elif card.kind == "error":
            text = [Piece("Here it stopped: "), Piece(card.expression or card.name, "code")]
            steps.append(PassStep("forward", card.key, [card.key], values=[card.key], pieces=text))
    return steps


def _forward(view: View, card: Card) -> PassStep:
    shape = f", shape {card.shape}" if card.shape else ""
    if card.kind == "module":
        pieces = [Piece(card.name, "code"), Piece(" gives "), Piece(card.value.text, "number")]
        pieces.append(Piece(f"{shape} ({card.note.rpartition(': ')[2]} inside)."))
    else:
        pieces = [Piece(card.title, "code"), Piece(" = "), Piece(card.value.text, "number")]
        pieces.append(Piece(f"{shape}."))
    return PassStep("forward", card.key, [card.key], values=[card.key], pieces=pieces)


def reverse_steps(view: View, recording: RecordedSweep) -> list[PassStep]:
    """Return the whole of back-propagation: the forward pass, dF/dF = 1, and the way back."""
    steps = forward_steps(view)
    if recording.messages or recording.gradients:
        steps += _Backward(view, recording).steps()
    return steps


class _Backward:
    def __init__(self, view: View, recording: RecordedSweep) -> None:
        self.view = view
        self.recording = recording
        self.junction_of = {key: j for j in view.junctions for key in j.wires}
        self.terms: dict[str, list[Summary]] = {j.key: [] for j in view.junctions}
        self.order = {key: k for k, key in enumerate(recording.arrivals)}
        self.output = next((c.name for c in view.cards if c.output), "F")
        self.flops = 0.0

    def steps(self) -> list[PassStep]:
        ends = [c for c in self.view.cards if c.output and c.node in self.recording.gradients]
        pieces = [Piece("Backward starts at the output: ")]
        pieces += _equation(
            f"∂{self.output}/∂{self.output}", ends[0].gradient.text if ends else "1"
        )
        keys = [c.key for c in ends]
        made = [
            PassStep(
                "seed",
                keys[0] if keys else None,
                keys,
                gradients=keys,
                pieces=[*pieces, Piece(".")],
            )
        ]
        for card in reversed(self.view.cards):
            several = card.kind == "module" and card.node is None
            reached = several or card.gradient.text != "—"
            if card.kind in ("operation", "plus", "module") and reached:
                made += self._at(card)
        return made

    def _at(self, card: Card) -> list[PassStep]:
        sent = [w for w in self.view.into(card.key) if w.key in self.recording.messages]
        if not sent:
            return []
        if card.kind == "module":
            sent.sort(key=lambda w: self.order.get(w.key, 0))
        else:  # as the operation names its inputs, whichever the sweep served first
            sent.sort(key=lambda w: w.index)
        step = PassStep("backward", card.key, [card.key])
        upstream = [
            Piece(", upstream "),
            *_equation(f"∂{self.output}/∂{card.name}", card.gradient.text),
        ]
        step.pieces = [
            Piece("At "),
            Piece(card.title if card.kind != "module" else card.name, "code"),
            *(upstream if card.node is not None else [Piece(f", with {card.value.text}")]),
            Piece(". "),
            *clause(card, [self.recording.formula(w) for w in sent]),
            Piece(": " if card.kind != "module" else " "),
        ]
        sums: list[PassStep] = []
        for k, wire in enumerate(sorted(sent, key=lambda w: w.index)):
            step.pieces += [Piece("; ") if k else Piece("")]
            step.pieces += message(
                self.recording.formula(wire),
                self._name(wire),
                wire.key not in self.junction_of,
                self.recording.messages[wire.key],
                self._text(card, wire),
            )
        step.pieces.append(Piece("."))
        for wire in sent:
            step.messages.append((wire.key, self._text(card, wire)))
            junction = self.junction_of.get(wire.key)
            if junction is None:
                step.gradients.append(wire.source)
                step.lit.append(wire.source)
                continue
            terms = self.terms[junction.key]
            terms.append(self.recording.messages[wire.key])
            if len(terms) == self._expected(junction):
                sums.append(self._sum(junction, terms))
        step.gradients = self._known(step.gradients, sent)
        self.flops += sum(self.recording.reverse_flops.get(n, 0.0) for n in card.members)
        step.flops = self.flops
        for late in sums:
            late.flops = self.flops
        return [step, *sums]

    def _expected(self, junction: Junction) -> int:
        return sum(key in self.recording.messages for key in junction.wires)

    def _known(self, keys: list[str], sent: list[Wire]) -> list[str]:
        """Return the cards whose own gradient is what arrived (a scope has several values)."""
        nodes = {w.source: w.node for w in sent}
        return [k for k in keys if self.view.card(k).node is nodes[k]]

    def _name(self, wire: Wire) -> str:
        return self.view.card(wire.source).name

    def _text(self, card: Card, wire: Wire) -> str:
        """Return ``local × upstream = message`` between scalars, the message alone otherwise."""
        message = self.recording.messages[wire.key]
        local = self.recording.local(wire)
        if local is None or card.gradient.number is None or not multiplies(card):
            return message.text
        return f"{_factor(local)} × {_factor(card.gradient.number)} = {message.text}"

    def _sum(self, junction: Junction, terms: list[Summary]) -> PassStep:
        card = self.view.card(junction.card)
        whole = card.gradient
        if junction.node is not card.node:
            whole = Summary(terms[0].text if len(terms) == 1 else "their sum")
        texts = [t.text for t in terms]
        pieces = [Piece("Branch, backward, "), Piece("adds", "strong")]
        several = len(terms) > 1 or junction.uses == 1
        place = "" if several else " inside of "
        sums = f", in {len(terms)} sums" if several and junction.uses > len(terms) else place
        pieces.append(Piece(f" the {junction.uses} incoming gradients{sums}"))
        if not several:
            inside = next(w for w in self.view.wires if w.key == junction.wires[0]).target
            pieces += [Piece(self.view.card(inside).name, "code"), Piece(": ")]
            text = f"sum of {junction.uses} = {whole.text}"
        elif all(t.scalar for t in terms):
            text = sum_text(texts, whole.text)
            pieces += [Piece(": "), Piece(sum_text(texts, ""), "code")]
        else:  # of arrays, element by element: their sizes do not add
            text = f"sum of {len(terms)} = {whole.text}"
            few = " and ".join(texts) if len(texts) <= FEW_TERMS else f"{len(texts)} arrays"
            pieces += [Piece(", element by element: "), Piece(few, "code"), Piece(" give ")]
        pieces += [Piece(whole.text, "number"), Piece(f" = ∂{self.output}/∂{card.name}")]
        numbers = [t.number for t in terms if t.scalar and t.number is not None]
        noise = whole.number is not None and is_rounding(whole.number, numbers)
        pieces.append(Piece(" (0 but for rounding: exactly, the terms cancel)." if noise else "."))
        known = [card.key] if junction.node is card.node else []
        return PassStep(
            "branch",
            card.key,
            [card.key, junction.key],
            [(junction.key, text)],
            gradients=known,
            pieces=pieces,
        )


def sum_text(terms: list[str], total: str) -> str:
    """Return a sum as it is written on a page; past four terms only their number.

    Examples
    --------
    >>> sum_text(["132", "8"], "140")
    '132 + 8 = 140'
    >>> sum_text(["1"] * 9, "9")
    'sum of 9 = 9'
    """
    if len(terms) > FEW_TERMS:
        return f"sum of {len(terms)} = {total}"
    text = terms[0] if terms else "0"
    for term in terms[1:]:
        text += f" − {term[1:]}" if term.startswith("-") else f" + {term}"
    return f"{text} = {total}"


def _factor(number: float) -> str:
    text = number_text(number)
    return f"({text})" if text.startswith("-") else text


def _equation(left: str, right: str) -> Iterable[Piece]:
    return Piece(left, "code"), Piece(" = "), Piece(right, "number")


def tangent_steps(
    view: View, recording: RecordedSweep, seed: Seed, pushed: Tangents
) -> list[PassStep]:
    """Return one forward-mode sweep: values and tangents together, from one seeded input."""
    own = "1 in every element, that" if seed.whole else "1, that"
    leaves = [c.key for c in view.cards if c.kind in ("parameter", "input", "constant")]
    pieces = [
        Piece("One forward sweep asks how everything changes with "),
        Piece(seed.name, "code"),
        Piece(f": its tangent is {own} of every other input number is 0."),
    ]
    steps = [
        PassStep("tangent", seed.card, [seed.card], values=leaves, gradients=leaves, pieces=pieces)
    ]
    counted, flops = recording.forward_flops(seed), 0.0
    for card in view.cards:
        if card.kind not in ("operation", "plus", "module"):
            continue
        step = _tangent(view, recording, card, pushed)
        flops += sum(counted.get(n, 0.0) for n in card.members)
        step.flops = flops
        steps.append(step)
    output = next((c for c in view.cards if c.output), None)
    if output is not None:
        t = pushed.tangents.get(output.node) if output.node is not None else None
        what = f"∂{output.name}/∂{seed.name}" if not seed.whole else f"the change of {output.name}"
        pieces = [
            Piece("So "),
            *_equation(what, t.text if t else "0"),
            Piece(
                ". Each further input number needs a sweep of its own; one reverse sweep gives "
                "them all."
            ),
        ]
        last = PassStep("tangent", output.key, [output.key], pieces=pieces, flops=flops)
        steps.append(last)
    return steps


def _tangent(view: View, recording: RecordedSweep, card: Card, pushed: Tangents) -> PassStep:
    step = PassStep("tangent", card.key, [card.key], values=[card.key], gradients=[card.key])
    t = pushed.tangents.get(card.node) if card.node is not None else None
    name = card.name if card.kind == "module" else card.title
    step.pieces = [Piece(name, "code"), Piece(" = "), Piece(card.value.text, "number")]
    if card.kind == "module" and card.node is None:
        step.pieces = [Piece(name, "code"), Piece(f" hands on {card.value.text}.")]
    elif t is None:
        step.pieces.append(Piece(" does not depend on the seed: its tangent is 0."))
        return step
    terms = []
    for wire in view.into(card.key):
        term = pushed.terms.get(wire.key)
        if term is None or wire.node is None:
            continue
        incoming, local = pushed.tangents.get(wire.node), recording.local(wire)
        text = term.text
        if (
            local is not None
            and incoming is not None
            and incoming.number is not None
            and multiplies(card)
        ):
            text = f"{_factor(local)} × {_factor(incoming.number)} = {term.text}"
        step.messages.append((wire.key, text))
        terms.append(term.text)
    if t is None:
        return step
    step.pieces.append(Piece("; its tangent is "))
    for _, text in step.messages:
        if "=" in text and len(terms) > 1:
            step.pieces += [Piece(text, "code"), Piece(", ")]
    if len(terms) > 1 and card.kind != "module" and t.scalar:
        step.pieces.append(Piece(sum_text(terms, ""), "code"))
    elif len(terms) == 1 and "=" in step.messages[0][1]:
        step.pieces.append(Piece(step.messages[0][1].rpartition("= ")[0] + "= ", "code"))
    step.pieces += [Piece(t.text, "number"), Piece(".")]
    return step


__getattr__ = renamed_names(__name__, Step="PassStep")
