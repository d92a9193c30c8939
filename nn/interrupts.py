"""Signals that wait: an interrupt comes before a critical section or after it, never inside.

Python runs signal handlers between any two bytecodes of the main thread.  Half of an update is a
wrong training, so while a Trainer fits, the handlers that raise (Ctrl-C's, or one's own) are
called at the end of the update instead.
"""

from __future__ import annotations

import signal
import sys
import threading
from typing import Any, Self

_PATIENCE = 2  # so many of one signal wait; who insists gets through


class Signals:
    """Python's signal handlers, which wait while `held`.

    Examples
    --------
    >>> with Signals() as signals:
    ...     try:
    ...         signals.hold()
    ...         signal.raise_signal(signal.SIGINT)
    ...         print("not yet")
    ...         signals.release()
    ...     except KeyboardInterrupt:
    ...         print("now")
    not yet
    now
    """

    def __init__(self) -> None:
        self.held = False
        self._waiting: list[int] = []
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> Self:
        """Take the place of all handlers that are Python functions, in the main thread."""
        if threading.current_thread() is threading.main_thread():
            for number in signal.valid_signals():
                handler = signal.getsignal(number)
                if callable(handler):
                    self._handlers[number] = handler
                    signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *error: object) -> None:
        """Put the handlers back, and call those that still wait."""
        self.held = True
        self.put_back()
        self.release()

    def put_back(self) -> None:
        """Put the handlers back; a second time, nothing is left to do."""
        for number, handler in self._handlers.items():
            if signal.getsignal(number) == self._on_signal:
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: Any) -> None:
        if self.held and self._waiting.count(number) < _PATIENCE:
            self._waiting.append(number)
        else:
            self._handlers[number](number, frame)

    def hold(self) -> None:
        """Let signals wait from here on."""
        self.held = True

    def release(self) -> None:
        """Call the handlers of the signals that came since `hold`; one that raises, raises here."""
        self.held = False
        while self._waiting:
            number = self._waiting.pop(0)
            self._handlers[number](number, sys._getframe())
