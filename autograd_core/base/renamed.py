"""What was renamed: keywords, attributes and names of modules work as before, with a warning."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, TypeVar, cast

from autograd_core.base import errors
from autograd_core.base.source import Location, user_frame
from autograd_core.base.wrong_calls import explains_wrong_calls

_F = TypeVar("_F", bound=Callable[..., Any])


def warn_deprecated(message: str) -> None:
    """Warn at the user's line that something has a new name.

    Parameters
    ----------
    message : str
        What to write instead.

    Examples
    --------
    >>> import warnings
    >>> with warnings.catch_warnings(record=True) as caught:
    ...     warnings.simplefilter("always")
    ...     warn_deprecated("old() is new() now.")
    >>> print(caught[0].message)
    old() is new() now.
    """
    frame = user_frame(2)
    where = Location(frame.f_code, frame.f_lasti)
    names = frame.f_globals
    warnings.warn_explicit(
        message,
        DeprecationWarning,
        where.file,
        where.line,
        names.get("__name__"),
        names.setdefault("__warningregistry__", {}),
    )


def present_names(
    operation: str, renamed: Mapping[str, str], given: Mapping[str, Any]
) -> dict[str, Any]:
    """Return keyword arguments under their present names, with a warning for each old one.

    Parameters
    ----------
    operation : str
        What was called, for the message.
    renamed : dict
        From each old name to the present one.
    given : dict
        The keyword arguments of a call.

    Returns
    -------
    dict
        The same values.

    Raises
    ------
    OperandError
        If an argument was given under both names; it is a TypeError.

    Examples
    --------
    >>> present_names("f()", {"old": "new"}, {"new": 1, "other": 2})
    {'new': 1, 'other': 2}
    """
    found = {}
    for name, value in given.items():
        new = renamed.get(name, name)
        if new != name:
            if new in given:
                raise errors.OperandError(
                    f"{operation}: {name}= is the old name of {new}=, and both were given; "
                    f"write {new}= only.",
                    Location.of_caller(),
                )
            warn_deprecated(f"{operation}: {name}= is {new}= now.")
        found[new] = value
    return found


def renamed_keywords(**renamed: str) -> Callable[[_F], _F]:
    """Let a function also take keywords by their old names.

    `inspect.signature` shows the present names only.  What the signature does not allow gets the
    error of `explains_wrong_calls`.  A call costs 0.2 us more: functions that
    check their keywords anyway call `present_names` there instead.

    Parameters
    ----------
    **renamed : str
        The present name for each old one.

    Returns
    -------
    callable
        A decorator.

    Raises
    ------
    OperandError
        From the function, if an argument is given under both names.

    Examples
    --------
    >>> @renamed_keywords(colour="color")
    ... def paint(color):
    ...     return color
    >>> paint(color="red")
    'red'
    """

    def decorate(function: _F) -> _F:
        owner = function.__qualname__.removesuffix(".__init__").rpartition("<locals>.")[2]
        function = explains_wrong_calls(function)

        @wraps(function)
        def taking_both(*args: Any, **given: Any) -> Any:
            if not renamed.keys().isdisjoint(given):
                given = present_names(f"{owner}()", renamed, given)
            return function(*args, **given)

        return cast(_F, taking_both)

    return decorate


def renamed_attribute(old: str, new: str) -> property:
    """Return a property that reads and writes an attribute by its old name.

    Parameters
    ----------
    old, new : str
        The name that it had, and its present one.

    Returns
    -------
    property
        For the body of the class.

    Examples
    --------
    >>> class Line:
    ...     colour = renamed_attribute("colour", "color")
    >>> line = Line()
    >>> line.colour = "red"
    >>> line.color
    'red'
    """

    def read(self: Any) -> Any:
        warn_deprecated(f"{type(self).__name__}.{old} is {new} now.")
        return getattr(self, new)

    def write(self: Any, value: Any) -> None:
        warn_deprecated(f"{type(self).__name__}.{old} is {new} now.")
        setattr(self, new, value)

    return property(read, write, doc=f"The old name of `{new}`.")


def renamed_names(module: str, **renamed: str) -> Callable[[str], Any]:
    """Return a module's ``__getattr__``, which finds its names under their old names too.

    Parameters
    ----------
    module : str
        The module's ``__name__``.
    **renamed : str
        The present name for each old one.

    Returns
    -------
    callable
        For the module to bind to ``__getattr__``.

    Examples
    --------
    >>> find = renamed_names("autograd_core.base.renamed", warn="warn_deprecated")
    >>> find("warn") is warn_deprecated
    True
    """

    def find(name: str) -> Any:
        if name not in renamed:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        warn_deprecated(f"{module}.{name} is {renamed[name]} now.")
        return getattr(sys.modules[module], renamed[name])

    return find
