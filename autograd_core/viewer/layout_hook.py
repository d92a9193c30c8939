"""use_layout(): a layout program of your own in place of Graphviz's, where none can be started."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autograd_core.base.errors import OperandError
from autograd_core.base.source import Location

LayoutFunction = Callable[[str], "str | bytes | dict[str, Any]"]

_current: LayoutFunction | None = None


def current() -> LayoutFunction | None:
    """Return the function that lays graphs out, or None: then Graphviz's program does."""
    return _current


class use_layout:  # noqa: N801 - it is called like a function
    """Lay graphs out by a function instead of by a Graphviz program.

    For places where no program can be started, such as a browser (Graphviz compiled to
    WebAssembly), or where another service lays graphs out. It holds from the call on; as a context
    manager, until its end.

    Parameters
    ----------
    function : callable or None
        Takes a graph in Graphviz's language and returns what ``dot -Tjson0`` prints for it: the
        text, or the object that it stands for. It may raise ``TimeoutError``, and a coarser graph
        is tried; any other exception says that there is no picture. None: Graphviz's programs
        again.

    Raises
    ------
    OperandError
        If it is neither callable nor None.

    Examples
    --------
    >>> from autograd_core import Tensor, draw
    >>> from autograd_core.viewer import use_layout
    >>> def by_hand(source):
    ...     rows = [("n0", "45,20"), ("n1", "45,70")]
    ...     cards = [{"name": n, "pos": p, "width": 1, "height": 0.3} for n, p in rows]
    ...     return {"bb": "0,0,90,90", "objects": cards, "edges": []}
    >>> x = Tensor(3.0, requires_grad=True)
    >>> with use_layout(by_hand):
    ...     draw(x * x).layout().width
    114.0
    """

    def __init__(self, function: LayoutFunction | None) -> None:
        global _current
        if function is not None and not callable(function):
            raise OperandError(
                "use_layout: expected a function from Graphviz's language to what dot -Tjson0 "
                f"prints, or None, not {type(function).__name__}.",
                Location.of_caller(),
            )
        self._before = _current
        _current = function

    def __enter__(self) -> None:
        pass

    def __exit__(self, *error: object) -> None:
        global _current
        _current = self._before
