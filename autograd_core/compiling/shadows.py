"""Copies of what a function reads through, so that nothing is swapped that others can see.

While a function is recorded, something stands for each captured array.  It does not stand in the
user's own variables: other threads use those, and a child that is forked meanwhile keeps them.
The function is copied instead, with globals and cells of its own, and so is whatever lies between
it and an array: the functions that it calls, lists, dictionaries, objects, modules.
"""

from __future__ import annotations

from abc import ABCMeta
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Collection, Hashable
from functools import partial
from operator import attrgetter
from types import CellType, FunctionType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

from autograd_core.base.packages import module_of
from autograd_core.compiling.classes import ORIGINAL, STAND_INS
from autograd_core.compiling.holders import answers_itself, attribute, item, space_of
from autograd_core.compiling.outside import package_kind
from autograd_core.compiling.places import Elements, Got, Items, Named, Place, first_change
from autograd_core.engine.trace_borders import filled

_DICTS = (dict, OrderedDict, defaultdict)
_KINDS = frozenset(
    {FunctionType, CellType, MethodType, partial, staticmethod, property, ModuleType, list, tuple,
     deque, *_DICTS}
)  # fmt: skip
_METACLASSES = (type, ABCMeta)
_NO_NEW = staticmethod(object)


def can_be_copied(value: Any) -> bool:
    """Whether a copy can take the place of what leads to an array, for one function only."""
    kind = type(value)
    if kind in _KINDS:
        return kind is not ModuleType or package_kind(value.__name__) == "own"
    if issubclass(kind, type):
        told = getattr(value.__init_subclass__, "__func__", None)  # somebody counts subclasses
        return kind in _METACLASSES and told is None and package_kind(module_of(value)) == "own"
    if issubclass(kind, tuple):
        return hasattr(kind, "_fields") and kind.__dictoffset__ == 0
    return _is_plain_object(kind)


def _is_plain_object(kind: type) -> bool:
    """Whether an object of a class is its attributes and nothing more."""
    return (
        type(kind) in _METACLASSES
        and package_kind(module_of(kind)) == "own"
        and not answers_itself(kind)
        and not hasattr(kind, "__del__")
        and all(type(vars(b).get("__new__", _NO_NEW)) is staticmethod for b in kind.__mro__[:-1])
    )


class Shadows:
    """Copies of what leads to certain objects; everything else stays what it is.

    Parameters
    ----------
    needed : collection
        The identities of what is copied.
    stand_in : callable
        Takes a captured array, returns what stands for it.
    asked : dict
        From the identity of a namespace to the names in `STAND_INS` that its code asks.
    """

    def __init__(
        self,
        needed: Collection[Hashable],
        stand_in: Callable[[Any], Any],
        asked: dict[int, set[str]],
    ) -> None:
        self._needed = needed
        self._stand_in = stand_in
        self._asked = asked
        self._made: dict[int, Any] = {}
        self._places: list[Place] = []  # what the copies held at first

    def changed(self) -> str | None:
        """Return what the function has changed in the copies, in words."""
        return first_change(self._places)

    def of(self, value: Any) -> Any:
        """Return the copy of a value, or the value."""
        key = id(value)
        if key not in self._needed:
            return value
        if key not in self._made:
            self._copy(key, value)
        return self._made[key]

    def _copy(self, key: int, value: Any) -> None:
        kind = type(value)
        if kind is FunctionType:
            self._made[key] = self._function(key, value)
        elif kind is ModuleType:
            self._space(vars(value))
            self._made[key] = self._made[id(vars(value))]
        elif kind is MethodType:
            self._made[key] = MethodType(self.of(value.__func__), self.of(value.__self__))
        elif kind is staticmethod:
            self._made[key] = staticmethod(self.of(value.__func__))
        elif kind is property:
            parts = (self.of(value.fget), self.of(value.fset), self.of(value.fdel))
            self._made[key] = property(*parts, value.__doc__)
        elif kind is partial:
            made = partial(self.of(value.func), *map(self.of, value.args))
            made.keywords.update({k: self.of(v) for k, v in value.keywords.items()})
            vars(made).update(vars(value))
            self._made[key] = made
        elif kind in _DICTS:
            self._made[key] = made = value.copy()
            self._fill(made, value)
            self._places.append(Items("a dictionary", made, item("a dictionary")))
        elif kind is list or kind is deque:
            self._made[key] = made = value.copy()
            for k, held in enumerate(value):
                made[k] = self.of(held)
            self._places.append(Elements("a list", made))
        elif issubclass(kind, tuple):
            self._made[key] = tuple.__new__(kind, tuple(map(self.of, value)))
        elif issubclass(kind, type):
            self._class(key, value)
        elif _is_plain_object(kind):
            self._object(key, value)
        else:
            self._made[key] = self._stand_in(value)

    def _fill(self, made: Any, space: Any) -> None:
        for name, held in space.items():
            if id(held) in self._needed:
                made[name] = self.of(held)

    def _function(self, key: int, f: Any) -> Any:
        space = self._space(f.__globals__)
        made = FunctionType(f.__code__, space, f.__name__, None, self._cells(f.__closure__))
        self._made[key] = made  # before what it holds, which may lead back to it
        made.__qualname__, made.__module__, made.__doc__ = f.__qualname__, f.__module__, f.__doc__
        if f.__defaults__:
            made.__defaults__ = tuple(map(self.of, f.__defaults__))
        if f.__kwdefaults__:
            made.__kwdefaults__ = {k: self.of(v) for k, v in f.__kwdefaults__.items()}
        vars(made).update({k: self.of(v) for k, v in vars(f).items()})
        if vars(made):
            self._places.append(Items(f.__name__, vars(made), attribute(f.__name__)))
        for name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
            own = self._made.get(id(cell))
            if own is not None and own is not cell and not filled(own):
                own.cell_contents = self.of(cell.cell_contents)
                self._places.append(Got(name, attrgetter("cell_contents"), own))
        return made

    def _cells(self, cells: tuple[CellType, ...] | None) -> tuple[CellType, ...] | None:
        """Return cells of the function's own, still empty, for those that lead to something."""
        if cells is None:
            return None
        made = []
        for cell in cells:
            wanted = filled(cell) and id(cell.cell_contents) in self._needed
            made.append(self._made.setdefault(id(cell), CellType()) if wanted else cell)
        return tuple(made)

    def _space(self, space: dict[str, Any]) -> dict[str, Any]:
        """Return a function's globals: a copy if something in them is needed."""
        key = id(space)
        if key not in self._made:
            asked = self._asked.get(key, ())
            if not asked and not any(id(v) in self._needed for v in space.values()):
                return space
            self._made[key] = module = ModuleType(space.get("__name__", ""))
            made = vars(module)
            made.clear()
            made.update(space)
            self._fill(made, space)
            made.update({name: STAND_INS[name] for name in asked if name not in space})
            self._places.append(Named(made, [k for k in made if not k.startswith("__")]))
        own: dict[str, Any] = vars(self._made[key])
        return own

    def _class(self, key: int, kind: Any) -> None:
        """Make a subclass with copies of the methods; `super()` finds those of the bases, too.

        The order of methods goes from each copy to its original, then to the next copy.
        """
        bases = tuple(self.of(b) for b in kind.__bases__ if id(b) in self._needed)
        space = {
            "__slots__": (),
            "__module__": kind.__module__,
            "__qualname__": kind.__qualname__,
            "__doc__": kind.__doc__,
            "__class__": property(lambda _: kind),
            ORIGINAL: kind,
        }
        # Not as a class statement does it: `type.__new__` asks no metaclass of somebody's own.
        made = type.__new__(type(kind), kind.__name__, (kind, *bases), space)
        self._made[key] = made
        for name, held in vars(kind).items():
            if id(held) in self._needed:
                type.__setattr__(made, name, self.of(held))

    def _object(self, key: int, value: Any) -> None:
        kind = type(value)
        self._made[key] = made = object.__new__(self.of(kind))
        space = space_of(value)
        if space is not None:
            own = space_of(made)
            own.update(space)
            self._fill(own, space)
            self._places.append(Items(kind.__name__, own, attribute(kind.__name__)))
        for base in kind.__mro__:
            for name, member in vars(base).items():
                if isinstance(member, MemberDescriptorType):
                    try:
                        held = member.__get__(value)
                    except AttributeError:
                        continue
                    member.__set__(made, self.of(held))
                    self._places.append(Got(f"{kind.__name__}.{name}", member.__get__, made))
