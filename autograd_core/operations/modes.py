"""Switches for what is recorded and what is checked, separate for each thread and context.

A trace records while its level is at least the floor.  ``no_grad`` raises the
floor above every trace that exists, so that a transform which starts inside it
still works; ``enable_grad`` lowers it to the ground.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import ContextDecorator
from contextvars import ContextVar
from functools import wraps
from itertools import count
from types import TracebackType
from typing import Any, NamedTuple, TypeVar, cast

from autograd_core.base import errors

_F = TypeVar("_F", bound=Callable[..., Any])

# A transform takes the next multiple of STEP; values made by hand inside of it
# take the levels between (see Tensor and Dual), so they are younger than it and
# older than the next transform.
STEP = 1024
# Where Tensors made by hand live: above Duals made by hand (which count up from
# their contents), below the next transform.
BASE = STEP // 2
_levels = count(1)


def new_level() -> int:
    """Return a level younger than every trace so far."""
    return next(_levels) * STEP


class Mode:
    """What the current context records and checks.

    Attributes
    ----------
    floor : int
        Traces below this level are not recorded.
    anomaly : bool
        Whether NaN and Inf are looked for.
    outer : Mode
        What held before; of the default, itself.
    ended : bool
        Whether its block was left.  A context that still stands in it then behaves as outside.
    """

    __slots__ = ("anomaly", "ended", "floor", "outer")

    def __init__(self, floor: int = 0, anomaly: bool = False, outer: Mode | None = None) -> None:
        self.floor = floor
        self.anomaly = anomaly
        self.outer: Mode = self if outer is None else outer
        self.ended = False


DEFAULT = Mode()
_mode: ContextVar[Mode] = ContextVar("autograd_core.mode", default=DEFAULT)
current = _mode.get


class _Resumed(NamedTuple):
    """What a generator gave: a value, or its return value at the end."""

    value: Any
    ended: bool = False


def _next(resume: Callable[[Any], Any], value: Any) -> _Resumed:
    try:
        return _Resumed(resume(value))
    except StopIteration as end:
        return _Resumed(end.value, ended=True)


class _Switch(ContextDecorator):
    """A context manager and decorator that changes the mode; may be nested and reused.

    A block may be left in another order than it was entered (generators), in another context
    (an event loop closes asynchronous generators), and by several threads through one object.
    """

    def __init__(self) -> None:
        self._entered: list[Mode] = []

    def _recreate_cm(self) -> _Switch:  # the name that contextlib asks for
        return type(self)()  # a decorated function may run in several threads at once

    def __call__(self, f: _F) -> _F:
        """Return f run in this mode; a generator in each of its steps, not between them."""
        from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction

        if isasyncgenfunction(f) or iscoroutinefunction(f):
            raise errors.UnsupportedError(
                f"@{type(self).__name__}() on the coroutine {f.__name__}: it would end before the "
                "coroutine runs; write `with` inside it."
            )
        if not isgeneratorfunction(f):
            return super().__call__(f)

        @wraps(f)
        def stepped(*args: Any, **keywords: Any) -> Generator[Any, Any, Any]:
            steps = f(*args, **keywords)
            with self._recreate_cm():
                answer = _next(steps.send, None)
            while not answer.ended:
                try:
                    sent = yield answer.value
                except GeneratorExit:
                    with self._recreate_cm():
                        steps.close()
                    raise
                except BaseException as error:
                    with self._recreate_cm():
                        answer = _next(steps.throw, error)
                else:
                    with self._recreate_cm():
                        answer = _next(steps.send, sent)
            return answer.value

        return cast("_F", stepped)

    def _changed(self, outer: Mode) -> Mode:
        raise NotImplementedError

    def __enter__(self) -> _Switch:
        outer = current()
        while outer.ended:
            outer = outer.outer
        mode = self._changed(outer)
        self._entered.append(mode)
        try:
            _mode.set(mode)
        except BaseException:  # an interrupt meanwhile: nobody will leave the block
            mode.ended = True
            mode.floor, mode.anomaly = outer.floor, outer.anomaly
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # Python looks for an interrupt where a call returns: the mode ends before the first one,
        # unless the object was entered several times and it has to be found out which this is
        mode = self._entered[-1]
        if self._entered[1:]:
            mode = current()
            while mode is not DEFAULT and mode not in self._entered:
                mode = mode.outer
            if mode is DEFAULT:  # entered in another context
                mode = self._entered[-1]
        outer = mode.outer
        while outer.ended:
            outer = outer.outer
        mode.ended = True
        mode.floor, mode.anomaly = outer.floor, outer.anomaly  # for who still stands in it
        self._entered.remove(mode)
        here = current()
        while here.ended:
            here = here.outer
        _mode.set(here)


class no_grad(_Switch):  # noqa: N801 - the field's name for it
    """Do not record operations on existing Tensors (context manager and decorator).

    Transforms that start inside it (``grad``, ``vjp``, ...) still differentiate,
    and Duals are not affected: forward mode records nothing.

    Examples
    --------
    >>> from autograd_core import Tensor, no_grad
    >>> x = Tensor(3.0, requires_grad=True)
    >>> with no_grad():
    ...     y = x * x
    >>> y.requires_grad
    False
    """

    def _changed(self, outer: Mode) -> Mode:
        return Mode(new_level(), outer.anomaly, outer)


class enable_grad(_Switch):  # noqa: N801 - the field's name for it
    """Record again inside ``no_grad`` (context manager and decorator).

    Examples
    --------
    >>> from autograd_core import Tensor, enable_grad, no_grad
    >>> x = Tensor(3.0, requires_grad=True)
    >>> with no_grad(), enable_grad():
    ...     y = x * x
    >>> y.requires_grad
    True
    """

    def _changed(self, outer: Mode) -> Mode:
        return Mode(0, outer.anomaly, outer)


class detect_anomaly(_Switch):  # noqa: N801 - the field's name for it
    """Stop where NaN or Inf first appears, forward or backward.

    Every operation's result and every gradient message is tested, which costs about one extra pass
    over the data. Use it for debugging, not for training.

    Raises
    ------
    NonFiniteError
        Inside the block, at the operation whose inputs are finite and whose result is not.

    Examples
    --------
    >>> import numpy as np
    >>> from autograd_core import NonFiniteError, Tensor, detect_anomaly
    >>> x = Tensor(0.0, requires_grad=True)
    >>> with detect_anomaly(), np.errstate(divide="ignore"):
    ...     try:
    ...         np.log(x)
    ...     except NonFiniteError as error:
    ...         print(str(error).splitlines()[0])
    log: the result has 1 non-finite value of 1 (first at index ()), from finite inputs
    """

    def _changed(self, outer: Mode) -> Mode:
        return Mode(outer.floor, True, outer)
