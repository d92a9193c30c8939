"""Names for a program's values: the user's own where they exist, d_ before a gradient."""

from __future__ import annotations

import builtins
import keyword
import re
import unicodedata
from collections.abc import Iterable
from itertools import zip_longest

from autograd_core.compiling.program import Program, Step, Value, values_in
from autograd_core.viewer.naming import targets

_TAKEN = frozenset({"np", "self", *keyword.kwlist, *keyword.softkwlist, *dir(builtins)})


def identifier(text: str) -> str:
    """Return a text as a Python name, in the form that Python itself reads it in (NFKC).

    Examples
    --------
    >>> identifier("layers.0.weight"), identifier("params['w']"), identifier("h[t]")
    ('layers_0_weight', 'params_w', 'h_t')
    """
    name = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", text)).strip("_")
    name = name if name and not name[0].isdigit() else f"p{name}"
    return name if name.isidentifier() else re.sub(r"\W+", "_", name, flags=re.ASCII)


class Names:
    """Hands out names, each once: h, h_2, h_3."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._used: dict[str, int] = dict.fromkeys((*_TAKEN, *taken), 1)

    def new(self, wish: str) -> str:
        """Return the wished name, with a number if it is taken; t1, t2, ... without a wish."""
        name = wish or "t1"
        while name in self._used:
            self._used[wish] = self._used.get(wish, 1) + 1
            name = f"{wish}_{self._used[wish]}" if wish else f"t{self._used[wish]}"
        self._used[name] = 1
        return name


def hints(program: Program) -> dict[Value, str]:
    """Return the names that the user's source has for values: ``h = np.tanh(w @ x)`` names h.

    A line can make many values; the last one of a run is what was assigned.
    """
    found: dict[Value, str] = {}
    forward = [s for s in program.steps if s.operation is not None and not s.backward]
    for step, following in zip_longest(forward, forward[1:]):
        if following is not None and _same_place(step, following) and not _repeats(step, following):
            continue
        name = targets(step.where.file).get(step.where.span)
        if name is not None:
            for value in step.results:
                if value is not None:
                    found[value] = identifier(name)
    value = next(values_in(program.outputs[:1]), None)
    if value is not None and value.maker is not None and value not in found:
        found[value] = "value"
    return found


def _same_place(a: Step, b: Step) -> bool:
    return a.where.code is b.where.code and a.where.lasti == b.where.lasti


def _repeats(a: Step, b: Step) -> bool:
    """Whether two neighbours are one operation in two rounds of a loop."""
    return a.operation is b.operation and any(v is x for v in a.results for x in b.args)


def gradient_name(value: Value, names: dict[Value, str]) -> str | None:
    """Return the name of a gradient, after what it is the gradient of; None for other values."""
    of = value.gradient_of
    if of is None:
        return None
    return f"d_{names[of]}" if of in names else None
