"""Optimizer: what all update rules share.

A rule says three things: which arrays it keeps for a parameter, which numbers
one step needs, and what to do with one piece of memory.  This file does the
rest: parameter groups, checks before anything is written, the walk through
memory in pieces that stay in the cache, and the state dict (PyTorch's keys).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar, TypeVar, overload

import numpy as np

from autograd_core import Tensor, enable_grad, mark_overwritten
from autograd_core.extend import (
    errors,
    explains_wrong_calls,
    foreign,
    present_names,
    renamed_attribute,
)

from . import checks
from .compiled import rule
from .hooks import Hooked
from .keywords import check_harmless
from .overflow import check_squares
from .pieces import Scratch, pieces
from .state import FOREIGN, SCHEDULED, Group, State, read_state_dict

R = TypeVar("R")
_OURS = f"{__package__}."


class Optimizer(Hooked):
    """Base class of all optimizers: parameters in groups, each with its own settings.

    Parameters
    ----------
    params : iterable of Tensor, of (name, Tensor), or of dict
        The parameters; or groups ``{"params": [...], "lr": ...}``, each of which may have its own
        options.
    defaults : dict
        The options of groups that do not set them.

    Attributes
    ----------
    param_groups : list of dict
        The groups with their settings, which may be read and changed at any time.
    state : dict
        From parameter to its state: step count and arrays.

    Raises
    ------
    SettingError
        If a setting is out of range, no parameters are given, or one is given twice.
    OperandError
        If something is not a parameter: a Tensor leaf that requires grad.

    Examples
    --------
    >>> from optim import SGD
    >>> w = Tensor([1.0, 2.0], requires_grad=True)
    >>> optimizer = SGD([w], lr=0.5)
    >>> (w * w).sum().backward()
    >>> optimizer.step()
    >>> w
    Tensor([0., 0.], requires_grad=True)
    """

    scratch: ClassVar[int] = 1  # temporary pieces that `update` needs
    numbers: ClassVar[tuple[str, ...]] = ("step",)  # what else a parameter's state holds
    squares: ClassVar[str] = ""  # the array that holds squared gradients, if the rule has one
    compiled: ClassVar[str] = ""  # the rule's name in optim/compiled/rules.py, if it has one

    def __init_subclass__(cls) -> None:
        """Leave the compiled rule where a subclass changes what it does."""
        own = vars(cls)
        if "compiled" not in own and ("update" in own or "scalars" in own):
            cls.compiled = ""
        old = {name: own[name] for name in own.keys() & {"share"}}
        for name, method in present_names(cls.__name__, {"share": "squares_weight"}, old).items():
            setattr(cls, name, method)
        if "__init__" in own and cls.__module__.startswith(_OURS):
            explains_wrong_calls(cls)

    @explains_wrong_calls
    def __init__(self, params: Any, defaults: Mapping[str, Any]) -> None:
        self.defaults = dict(defaults)
        self.param_groups: list[Group] = []
        self.state: dict[Any, State] = {}
        self._scratch = Scratch()
        self._hooks = {}
        self._begun = False  # whether the last step came so far as to write
        groups = _as_groups(params, self.name)
        for group in groups:
            self.add_param_group(group)

    @property
    def name(self) -> str:
        """The rule's name."""
        return type(self).__name__

    # --- what a rule says ---------------------------------------------------

    def validate(self, group: Group) -> None:
        """Raise `SettingError` where a group's settings are out of range."""
        checks.positive(self.name, "lr", group["lr"])
        checks.non_negative(self.name, "weight_decay", group.get("weight_decay", 0.0))

    def arrays(self, group: Group) -> tuple[str, ...]:
        """Return the names of the arrays that the rule keeps for each parameter."""
        raise NotImplementedError

    def arrays_of(self, group: Group, shape: tuple[int, ...]) -> dict[str, tuple[int, ...]]:
        """Return the arrays kept for a parameter of a shape, and their shapes: as a rule its own.

        Parameters
        ----------
        group : dict
            The settings.
        shape : tuple of int
            The parameter's.
        """
        return dict.fromkeys(self.arrays(group), shape)

    def fill(self, name: str, group: Group) -> float:
        """Return what an array of the state holds before the first step."""
        return 0.0

    def squares_weight(self, group: Group) -> float:
        """Return how much of the gradient's square is added to the array named by `squares`."""
        return 1.0

    share = renamed_attribute("share", "squares_weight")

    def decoupled(self, group: Group) -> bool:
        """Whether weight decay shrinks the weights directly, or is added to the gradient (L2)."""
        return bool(group.get("decoupled_weight_decay", False))

    def scalars(self, group: Group, state: State, first: bool) -> tuple[Any, ...]:
        """Return the numbers that one step of one parameter needs, and count the step.

        Parameters
        ----------
        group, state : dict
            The settings and the parameter's state.
        first : bool
            Whether the state's arrays were just created.
        """
        raise NotImplementedError

    def update(self, scalars: Any, scratch: Any, p: Any, g: Any, *state: Any) -> None:
        """Do one step on one piece, in place.

        Parameters
        ----------
        scalars : tuple
            What `scalars` returned.
        scratch : list of ndarray
            Temporary memory shaped like p, in as many pieces as the class asks for.
        p : ndarray
            The parameter; to be written.
        g : ndarray
            The gradient; only to be read.
        *state : ndarray
            The arrays named by `arrays`; to be written.
        """
        raise NotImplementedError

    # --- groups -------------------------------------------------------------

    def add_param_group(self, param_group: Mapping[str, Any]) -> None:
        """Add parameters with their own settings, for instance when a layer is unfrozen.

        Parameters
        ----------
        param_group : dict
            ``{"params": [...]}`` and any settings that differ from the defaults.
        """
        group = dict(param_group)
        params, names = _as_params(group.get("params"), self.name)
        for name in FOREIGN & set(group):
            check_harmless(self.name, name, group.pop(name))
        unknown = set(group) - set(self.defaults) - SCHEDULED - {"params", "param_names"}
        if unknown:
            raise errors.SettingError(
                f"{self.name}: unknown setting {sorted(unknown)[0]!r} in a parameter group; "
                f"it knows {', '.join(sorted(self.defaults))}."
            )
        group["params"] = params
        if self.param_groups:
            checks.named_alike(self.name, bool(names), "param_names" in self.param_groups[0])
        if names:
            group["param_names"] = names
        for key, value in self.defaults.items():
            group.setdefault(key, value)
        self.validate(group)
        seen = {id(p) for other in self.param_groups for p in other["params"]}
        for k, p in enumerate(params):
            if id(p) in seen:
                raise errors.SettingError(
                    f"{self.name}: parameter {k} of shape {p.shape} is given twice; "
                    "a shared parameter belongs in one group, once."
                )
            seen.add(id(p))
        self.param_groups.append(group)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Clear the gradients of all parameters.

        Parameters
        ----------
        set_to_none : bool
            Set ``.grad`` to None; otherwise fill it with zeros.
        """
        for group in self.param_groups:
            for p in group["params"]:
                if set_to_none or p.grad is None:
                    p.grad = None
                else:
                    p.grad = np.zeros_like(p.grad.detach().data)

    # --- the step -----------------------------------------------------------

    @overload
    def step(self) -> None: ...
    @overload
    def step(self, closure: None) -> None: ...
    @overload
    def step(self, closure: Callable[[], R]) -> R: ...
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Do one update of all parameters that have a gradient.

        Everything is checked before anything is written.

        Parameters
        ----------
        closure : callable, optional
            Computes the loss and its gradients anew.

        Returns
        -------
        The closure's result, or None.

        Raises
        ------
        ShapeError, DTypeError
            If a gradient does not fit its parameter.
        NonFiniteError
            If the rule squares gradients and the square of a finite one overflows.
        SettingError
            If a setting was changed to something out of range.
        """
        loss = None
        self._begun = False
        if self._hooks:
            self._run_hooks("step pre", () if closure is None else (closure,), {})
        if closure is not None:
            with enable_grad():
                loss = closure()
        work = list(self._work())
        settings = {id(group): self._settings(group) for group in self.param_groups}
        self._begun = True
        for group, p, data, g in work:
            decay, maximize = settings[id(group)]
            shapes = self.arrays_of(group, data.shape)
            state = self.state.get(p)
            if state is None:
                state = self.state[p] = {}
            first = False
            for name, shape in shapes.items():
                if name not in state:
                    first = True
                    both = 1 + 1j if data.dtype.kind == "c" else 1  # parts are updated as reals
                    value = self.fill(name, group) * both
                    state[name] = np.full_like(data, value, shape=shape)
            scalars = self.scalars(group, state, first)
            self._walk(scalars, [data, g, *[state[name] for name in shapes]], decay, maximize)
        mark_overwritten(*[p for _, p, _, _ in work])
        if self._hooks:
            self._run_hooks("step post", () if closure is None else (closure,), {})
        return loss

    def _settings(self, group: Group) -> tuple[float, bool]:
        """Return what is the same for all parameters of a group: L2 penalty, sign."""
        decay = 0.0 if self.decoupled(group) else group.get("weight_decay", 0.0)
        return decay, group.get("maximize", False)

    def _work(self) -> Iterator[tuple[Group, Any, Any, Any]]:
        """Return what is to be updated, each checked."""
        for group in self.param_groups:
            checks.rate(self.name, group["lr"])
            decay = self._settings(group)[0] if self.squares else 0.0
            for k, p in enumerate(group["params"]):
                grad = p.grad
                if grad is None:
                    continue
                data, g = p.data, (grad.detach() if grad.requires_grad else grad).data
                if not _are_of_one_kind(data, g):
                    raise errors.OperandError(
                        f"{self.name}: parameter {k} holds a {type(data).__name__}, its gradient a "
                        f"{type(g).__name__}; updates in place need arrays of one kind, which can "
                        "be written into."
                    )
                if g.shape != data.shape:
                    raise errors.ShapeError(
                        f"{self.name}: parameter {k} has shape {data.shape}, its gradient "
                        f"{g.shape}; call zero_grad() after changing a parameter's shape."
                    )
                if g.dtype != data.dtype:
                    if not np.can_cast(g.dtype, data.dtype, "same_kind"):
                        raise errors.DTypeError(
                            f"{self.name}: parameter {k} has dtype {data.dtype}, its gradient "
                            f"{g.dtype}."
                        )
                    g = g.astype(data.dtype)
                if type(data) is np.ndarray and not data.flags.writeable:
                    raise errors.InPlaceError(
                        f"{self.name}: parameter {k} of shape {data.shape} is read-only; "
                        "give it memory of its own: p.data = p.data.copy()."
                    )
                if self.squares:
                    held = self.state.get(p, {}).get(self.squares)
                    check_squares(self.name, k, data, g, decay, self.squares_weight(group), held)
                yield group, p, data, g

    def _walk(self, scalars: Any, held: list[Any], decay: float, maximize: bool) -> None:
        """Run the rule over all pieces of one parameter."""
        changed = bool(decay) or maximize
        if not changed and (whole := rule(self.compiled, held)):
            whole(scalars, *[a.reshape(-1) for a in held])
            return
        if held[0].dtype.kind == "c":
            held = [_as_real(a, self.name) for a in held]
        if foreign(held[0]) is not None:
            scratch = [np.empty_like(held[0]) for _ in range(self.scratch + changed)]
            self._whole(scalars, scratch, held, decay, maximize)
            return
        size, scratch = self._scratch.of(held[0].dtype, len(held), self.scratch + changed)
        if not changed:
            update = self.update
            for p, g, *state in pieces(held, size):
                length = p.size
                update(scalars, [s[:length] for s in scratch], p, g, *state)
            return
        for part in pieces(held, size):
            length = part[0].size
            self._whole(scalars, [s[:length] for s in scratch], part, decay, maximize)

    def _whole(
        self, scalars: Any, temporary: list[Any], held: Sequence[Any], decay: float, maximize: bool
    ) -> None:
        """Run the rule on a parameter, or a piece of one, with its L2 penalty and sign."""
        p, g, *state = held
        if decay or maximize:
            mine = temporary.pop()
            if decay:
                np.multiply(p, decay, out=mine)
                (np.subtract if maximize else np.add)(mine, g, out=mine)
            else:
                np.negative(g, out=mine)
            g = mine
        self.update(scalars, temporary, p, g, *state)

    # --- saving -------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of the state and the settings, with PyTorch's keys.

        Returns
        -------
        dict
            ``{"state": {index: {...}}, "param_groups": [...]}``; parameters
            are numbered across all groups.
        """
        self._run_hooks("state pre")
        index = {id(p): k for k, p in enumerate(self._all())}
        made: dict[str, Any] = {
            "state": self._entries(index),
            "param_groups": [
                {
                    **{k: v for k, v in group.items() if k != "params"},
                    "params": [index[id(p)] for p in group["params"]],
                }
                for group in self.param_groups
            ],
        }
        hooked = self._run_hooks("state post", made)
        return made if hooked is None else hooked

    def _entries(self, index: Mapping[int, int]) -> dict[int, dict[str, Any]]:
        """Return a copy of each parameter's state, by its number."""
        return {
            index[id(p)]: {key: _copied(value) for key, value in state.items()}
            for p, state in self.state.items()
        }

    def _all(self) -> list[Any]:
        return [p for group in self.param_groups for p in group["params"]]

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Load a state; all of it is checked before anything changes.

        Parameters
        ----------
        state_dict : dict
            From `state_dict`, or from the PyTorch optimizer of the same name.

        Raises
        ------
        StateDictError
            If groups, settings, names or shapes do not match, or a value is out of range.
        """
        given = self._run_hooks("load pre", state_dict)
        groups, state = read_state_dict(self, state_dict if given is None else given)
        for group, new in zip(self.param_groups, groups, strict=True):
            group.update(new)
        self.state = state
        self._run_hooks("load post")

    def __repr__(self) -> str:
        lines = [f"{self.name} ("]
        for k, group in enumerate(self.param_groups):
            count = sum(int(p.size) for p in group["params"])
            lines.append(f"Parameter Group {k}: {len(group['params'])} arrays, {count} numbers")
            lines += [
                f"    {key}: {value}"
                for key, value in sorted(group.items())
                if key not in ("params", "param_names")
            ]
        return "\n".join([*lines, ")"])


def _copied(value: Any) -> Any:
    return value.copy() if hasattr(value, "__array_function__") else value


def _are_of_one_kind(data: Any, g: Any) -> bool:
    """Tell whether both are NumPy's, or both of one other library's arrays with memory."""
    if isinstance(data, np.ndarray):
        return isinstance(g, np.ndarray)
    return type(g) is type(data) and hasattr(data, "strides")


def _as_real(array: Any, name: str) -> Any:
    """Return a complex array's memory as real numbers: each part is updated by itself."""
    if not array.flags.c_contiguous:
        raise errors.UnsupportedError(
            f"{name}: complex parameters and gradients must be contiguous; "
            "use p.data = np.ascontiguousarray(p.data)."
        )
    return array.reshape(-1).view(array.real.dtype)


def _as_groups(params: Any, name: str) -> Sequence[Mapping[str, Any]]:
    if isinstance(params, (Tensor, np.ndarray, Mapping)):
        raise errors.OperandError(
            f"{name}: params must be an iterable of Tensors or of groups, not one "
            f"{type(params).__name__}; write [p]."
        )
    if not isinstance(params, Iterable):
        raise errors.OperandError(f"{name}: params must be iterable, not {type(params).__name__}.")
    found = list(params)
    if not found:
        raise errors.SettingError(
            f"{name}: the parameter list is empty; there is nothing to train."
        )
    if isinstance(found[0], Mapping):
        return found
    return [{"params": found}]


def _as_params(given: Any, name: str) -> tuple[list[Any], list[str]]:
    """Return checked parameters, and their names where they came in pairs."""
    if given is None:
        raise errors.SettingError(f"{name}: a parameter group needs the key 'params'.")
    found = [given] if isinstance(given, Tensor) else list(given)
    if not found:
        raise errors.SettingError(f"{name}: a parameter group is empty; there is nothing to train.")
    names: list[str] = []
    if isinstance(found[0], tuple):
        names = [str(pair[0]) for pair in found]
        found = [pair[1] for pair in found]
    for k, p in enumerate(found):
        if not isinstance(p, Tensor):
            raise errors.OperandError(
                f"{name}: parameter {k} is a {type(p).__name__}; "
                "give Tensors made with requires_grad=True."
            )
        if not p.is_leaf or not p.requires_grad:
            kind = "does not require grad" if p.is_leaf else "was computed, it is not a leaf"
            raise errors.OperandError(
                f"{name}: parameter {k} of shape {p.shape} {kind}; "
                "give Tensors made with requires_grad=True."
            )
    return found, names
