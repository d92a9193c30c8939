"""Which saved values a rule reads, so that the others may be changed in place.

Two answers. `values_read` looks at the bytecode, once for each rule: it may name
too many values, never too few.  `really_reads` runs the rule with a `Probe` in the
place of one value: exact, and only worth its price once that value was overwritten.
"""

from __future__ import annotations

import dis
from collections.abc import Callable, Iterable, Sequence
from types import FunctionType
from typing import Any, NoReturn

import numpy as np

_METADATA = frozenset({"shape", "ndim", "size", "dtype", "__class__"})
# With one of these names a function can get at its parameters without loading them.
_LOOKS_AROUND = frozenset({"locals", "vars", "eval", "exec", "dir", "_getframe", "currentframe"})


class Reading(frozenset[int]):
    """The saved values that a rule reads: 0 the result, k argument k; from `rest` on all of them.

    Examples
    --------
    >>> Reading({0}).of(3), Reading(rest=2).of(3), EVERYTHING.of(2), 400 in EVERYTHING
    ([0], [2, 3], [0, 1, 2], True)
    """

    rest: int | None

    def __new__(cls, values: Iterable[int] = (), rest: int | None = None) -> Reading:
        """Make a set of a few values, and of all from `rest` on."""
        made = super().__new__(cls, values)
        made.rest = rest
        return made

    def __contains__(self, k: object) -> bool:
        return (self.rest is not None and isinstance(k, int) and k >= self.rest) or (
            super().__contains__(k)
        )

    def __eq__(self, other: object) -> bool:
        return bool(super().__eq__(other)) and self.rest == getattr(other, "rest", None)

    __hash__ = frozenset.__hash__

    def __repr__(self) -> str:
        more = "" if self.rest is None else f", rest={self.rest}"
        return f"Reading({sorted(self)}{more})"

    def of(self, arguments: int) -> list[int]:
        """Return the values read of an operation with this number of arguments."""
        return [k for k in range(arguments + 1) if k in self]

    def after(self, places: int) -> Reading:
        """Return the same values, counted from a place further left."""
        rest = None if self.rest is None else self.rest + places
        return Reading((k + places for k in self), rest)


NOTHING = Reading()
EVERYTHING = Reading(rest=0)


def reader(rules: Sequence[Any], skip: int) -> Callable[[], tuple[Reading, ...]]:
    """Return a function that finds, from the bytecode, which saved values each rule reads.

    ``skip`` leading parameters are not saved values.  Looking at ``.shape`` and
    its like is not reading.
    """
    return lambda: tuple(values_read(rule, skip) for rule in rules)


def values_read(rule: Any, skip: int) -> Reading:
    """Return the saved values that one rule reads, counted from the first after `skip`.

    Everything, for what is no plain Python function or may see its caller's variables.
    """
    rule = getattr(rule, "in_lines_of", rule)
    if not callable(rule):
        return NOTHING
    if not isinstance(rule, FunctionType):
        return EVERYTHING
    code = rule.__code__
    if not _LOOKS_AROUND.isdisjoint(code.co_names):
        return EVERYTHING
    loaded = _loaded(code)
    names = code.co_varnames[skip : code.co_argcount]
    found = [k for k, name in enumerate(names) if name in loaded]
    rest = None
    if code.co_flags & 4 and code.co_varnames[code.co_argcount + code.co_kwonlyargcount] in loaded:
        rest = max(code.co_argcount - skip, 0)  # *args: all of them
    return Reading(found, rest)


def _loaded(code: Any) -> set[str]:
    """Return the variables whose values a function takes, other than to ask for their shape."""
    found = set(code.co_cellvars)  # what an inner function sees
    instructions = list(dis.get_instructions(code))
    for instruction, following in zip(instructions, [*instructions[1:], None], strict=True):
        if "LOAD_FAST" not in instruction.opname:  # also LOAD_FAST_LOAD_FAST and its like
            continue
        loaded = instruction.argval
        together = loaded if isinstance(loaded, tuple) else (loaded,)  # fused: two names
        metadata = (
            following is not None
            and following.opname == "LOAD_ATTR"
            and following.argval in _METADATA
        )
        found.update(together[:-1] if metadata else together)
    return found


def hollow(shape: tuple[int, ...], dtype: Any) -> Any:
    """Return a read-only array of a shape and a dtype that takes no memory."""
    if dtype.hasobject or dtype.itemsize > len(_ZEROS):
        return np.broadcast_to(np.zeros((), dtype), shape)
    return np.ndarray(shape, dtype, _ZEROS, 0, (0,) * len(shape))  # ten times as fast


_ZEROS = bytes(32)  # the largest of NumPy's numbers


class _TouchedError(Exception):
    """A rule reads the probed value."""


class Probe:
    """Stands for an array in a rule: tells shape and dtype, and notes if its values are wanted."""

    __slots__ = ("touched", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self.touched = False

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of each axis."""
        return np.shape(self.value)

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return np.ndim(self.value)

    @property
    def size(self) -> int:
        """Number of elements."""
        return int(np.size(self.value))

    @property
    def dtype(self) -> Any:
        """Kind of number."""
        return self.value.dtype

    def of_shape(self, shape: tuple[int, ...]) -> Probe:
        """Return what stands for an array of another shape, otherwise like this one."""
        return Probe(hollow(shape, self.dtype))

    def __len__(self) -> int:
        return len(self.value)

    def _touch(self, *_: Any, **__: Any) -> NoReturn:
        self.touched = True
        raise _TouchedError

    # What Python would answer by itself; every other use ends in a TypeError, which counts as well.
    __getattr__ = __array_ufunc__ = __array__ = __bool__ = __eq__ = __ne__ = _touch
    __str__ = __repr__ = __format__ = __reduce_ex__ = __hash__ = __iter__ = _touch

    def __array_function__(self, function: Any, types: Any, args: Any, keywords: Any) -> Any:
        if function in _MAKERS:  # given as `like=`
            return function(*args, **keywords)
        if function not in _LIKE or not args:
            self._touch()
        made: Any = function(*[a.value if isinstance(a, Probe) else a for a in args], **keywords)
        return made


_MAKERS: frozenset[Any] = frozenset(
    {np.eye, np.zeros, np.ones, np.empty, np.full, np.identity, np.arange}
)
_LIKE = frozenset({np.shape, np.ndim, np.size, np.zeros_like, np.ones_like, np.empty_like,
                   np.full_like, np.iscomplexobj, np.isrealobj, np.result_type})  # fmt: skip


def really_reads(rule: Any, g: Any, values: Sequence[Any], k: int, params: dict[str, Any]) -> bool:
    """Return whether a rule reads saved value k, by running it; True where that cannot be told."""
    probe = Probe(values[k])
    given = [*values[:k], probe, *values[k + 1 :]]
    try:
        made = rule(g, *given, **params)
    except Exception:
        return True
    return probe.touched or not _is_plain(made)


def _is_plain(made: Any) -> bool:
    """Whether what a rule returned holds no probe."""
    if isinstance(made, (tuple, list)):
        return all(map(_is_plain, made))
    if isinstance(made, np.ndarray):
        return bool(made.dtype.kind != "O")
    return made is None or isinstance(made, (np.generic, int, float, complex))
