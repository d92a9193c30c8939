"""LBFGS: limited-memory BFGS as an optimizer whose step calls a closure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from autograd_core import enable_grad, mark_overwritten
from autograd_core.extend import errors, foreign

from . import checks
from .bracketing import Trial, strong_wolfe
from .optimizer import Optimizer
from .restoring import refused
from .state import Group, read_state_dict

_ARRAYS, _LISTS = ("d", "prev_flat_grad"), ("old_dirs", "old_stps", "ro")
_NUMBERS = ("t", "H_diag", "prev_loss")


class LBFGS(Optimizer):
    """L-BFGS: the curvature is learned from the last few gradients, of all parameters together.

    ``step(closure)`` makes up to `max_iter` iterations; the closure clears the gradients, computes
    the loss, calls ``backward()`` and returns the loss.

    Parameters
    ----------
    params : iterable of Tensor
        The parameters, in one group.
    lr : float
        The first step length that is tried.
    max_iter : int
        Iterations in a step.
    max_eval : int, optional
        Calls of the closure in a step; 5/4 of `max_iter` by default.
    tolerance_grad : float
        Stop where no element of the gradient is larger.
    tolerance_change : float
        Stop where neither parameters nor loss change by more.
    history_size : int
        How many gradients are remembered.
    line_search_fn : {"strong_wolfe"}, optional
        How the step length is found; by default it is lr.

    Raises
    ------
    SettingError
        If a setting is out of range, or there are several groups.

    References
    ----------
    Liu and Nocedal, "On the limited memory BFGS method for large scale optimization" (1989).

    Examples
    --------
    >>> from autograd_core import Tensor
    >>> x = Tensor([-1.2, 1.0], requires_grad=True)
    >>> optimizer = LBFGS([x], line_search_fn="strong_wolfe")
    >>> def closure():
    ...     optimizer.zero_grad()
    ...     loss = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
    ...     loss.backward()
    ...     return loss
    >>> for _ in range(5):
    ...     _ = optimizer.step(closure)
    >>> float(closure()) < 1e-6
    True
    """

    numbers = ()

    def __init__(
        self,
        params: Any,
        lr: float = 1.0,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        if max_eval is None and isinstance(max_iter, int):
            max_eval = max_iter * 5 // 4
        super().__init__(
            params,
            {
                "lr": lr,
                "max_iter": max_iter,
                "max_eval": max_eval,
                "tolerance_grad": tolerance_grad,
                "tolerance_change": tolerance_change,
                "history_size": history_size,
                "line_search_fn": line_search_fn,
            },
        )
        self._memory: dict[str, Any] = {}

    def add_param_group(self, param_group: Mapping[str, Any]) -> None:
        """Add the parameters; there can be one group only, for all move together."""
        if self.param_groups:
            raise errors.SettingError(
                "LBFGS: all parameters move together, so there is one group; it has no others."
            )
        super().add_param_group(param_group)

    def validate(self, group: Group) -> None:
        """Raise `SettingError` where a setting is out of range."""
        super().validate(group)
        for name in ("max_iter", "max_eval", "history_size"):
            checks.count(self.name, name, group[name])
        checks.non_negative(self.name, "tolerance_grad", group["tolerance_grad"])
        checks.non_negative(self.name, "tolerance_change", group["tolerance_change"])
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise errors.SettingError(
                f"{self.name}: line_search_fn = {group['line_search_fn']!r}; it must be None or "
                "'strong_wolfe'."
            )
        for p in group["params"]:
            if p.dtype.kind != "f" or foreign(p.data) is not None:
                raise errors.UnsupportedError(
                    f"{self.name}: parameters must be NumPy arrays of real numbers."
                )

    def arrays(self, group: Group) -> tuple[str, ...]:
        """Return no names: what is kept belongs to all parameters together."""
        return ()

    # --- the step -----------------------------------------------------------

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Make up to `max_iter` iterations.

        Parameters
        ----------
        closure : callable
            Computes the loss and its gradients anew, and returns the loss.

        Returns
        -------
        The loss of the closure's first call.

        Raises
        ------
        OperandError
            If there is no closure.
        """
        if closure is None:
            raise errors.OperandError(
                f"{self.name}.step: it needs a closure that clears the gradients, computes the "
                "loss, calls backward() and returns the loss."
            )
        self._run_hooks("step pre", (closure,), {})
        first = self._iterate(closure)
        self._run_hooks("step post", (closure,), {})
        return first

    def _iterate(self, closure: Callable[[], Any]) -> Any:
        group, memory = self.param_groups[0], self._memory
        first, loss, g = self._evaluate(closure)
        memory["func_evals"] = memory.get("func_evals", 0) + 1
        calls, iterations = 1, 0
        if np.max(np.abs(g), initial=0.0) <= group["tolerance_grad"]:
            return first
        while iterations < group["max_iter"]:
            iterations += 1
            memory["n_iter"] = memory.get("n_iter", 0) + 1
            d = self._direction(g, group["history_size"])
            t = float(group["lr"])  # not the array itself, which `*=` would change
            if memory["n_iter"] == 1:
                t *= min(1.0, 1.0 / float(np.sum(np.abs(g))))
            memory.update(d=d, prev_flat_grad=g.copy(), prev_loss=loss, t=t)
            slope = float(g @ d)
            if slope > -group["tolerance_change"]:
                break
            before, more = loss, 0
            if group["line_search_fn"] is not None:
                loss, g, t, more = self._searched(closure, loss, g, d, t, slope, calls)
            else:
                self._move(self._held(), t, d)
                if iterations != group["max_iter"]:
                    _, loss, g = self._evaluate(closure)
                    more = 1
            memory["t"] = t
            calls += more
            memory["func_evals"] += more
            if (
                calls >= group["max_eval"]
                or np.max(np.abs(g)) <= group["tolerance_grad"]
                or np.max(np.abs(d * t)) <= group["tolerance_change"]
                or abs(loss - before) < group["tolerance_change"]
            ):
                break
        return first

    def _direction(self, g: Any, history: int) -> Any:
        """Return minus the gradient times the approximate inverse Hessian."""
        memory = self._memory
        if memory["n_iter"] == 1:
            memory.update(old_dirs=[], old_stps=[], ro=[], H_diag=1.0)
            return -g
        ys, ss, ro = memory["old_dirs"], memory["old_stps"], memory["ro"]
        y, s = g - memory["prev_flat_grad"], memory["d"] * memory["t"]
        curvature = float(y @ s)
        if curvature > 1e-10:
            for kept, value in ((ys, y), (ss, s), (ro, 1.0 / curvature)):
                if len(kept) == history:
                    kept.pop(0)
                kept.append(value)
            memory["H_diag"] = curvature / float(y @ y)
        q = -g
        shares = []
        for y, s, r in zip(reversed(ys), reversed(ss), reversed(ro), strict=True):
            shares.append(float(s @ q) * r)
            q = q - shares[-1] * y
        q = q * memory["H_diag"]
        for y, s, r, share in zip(ys, ss, ro, reversed(shares), strict=True):
            q = q + (share - float(y @ q) * r) * s
        return q

    def _searched(
        self, closure: Any, loss: float, g: Any, d: Any, t: float, slope: float, calls: int
    ) -> tuple[float, Any, float, int]:
        """Move by a step length that the line search finds."""
        held, group = self._held(), self.param_groups[0]

        def evaluate(length: float) -> Trial:
            self._move(held, length, d)
            _, there, gradient = self._evaluate(closure)
            return Trial(length, there, gradient, float(gradient @ d))

        found, more = strong_wolfe(
            evaluate, Trial(0.0, loss, g, slope), t, float(np.max(np.abs(d))), 1e-9,
            group["max_eval"] - calls,
        )  # fmt: skip
        self._move(held, found.length, d)
        return found.loss, found.gradient, found.length, more

    # --- parameters as one vector -------------------------------------------

    def _evaluate(self, closure: Callable[[], Any]) -> tuple[Any, float, Any]:
        """Return what the closure returns, the loss as a number, and the gradient as one vector."""
        with enable_grad():
            found = closure()
        list(self._work())  # each gradient is checked
        parts = []
        for p in self._all():
            grad = np.zeros_like(p.data) if p.grad is None else p.grad.detach().data
            parts.append(np.asarray(grad, p.dtype).reshape(-1))
        try:
            loss = float(found)
        except TypeError:
            raise errors.OperandError(
                f"{self.name}.step: the closure must return the loss, not {found!r:.80}."
            ) from None
        return found, loss, np.concatenate(parts)

    def _held(self) -> list[Any]:
        return [p.data.copy() for p in self._all()]

    def _move(self, held: list[Any], t: float, d: Any) -> None:
        """Set the parameters to what they were, moved along the direction."""
        begin = 0
        for p, old in zip(self._all(), held, strict=True):
            p.data[...] = old + t * d[begin : begin + old.size].reshape(old.shape)
            begin += old.size
        mark_overwritten(*self._all())

    # --- saving -------------------------------------------------------------

    def _entries(self, index: Mapping[int, int]) -> dict[int, dict[str, Any]]:
        """Return a copy of what is remembered, as the state of the first parameter."""
        if not self._memory:
            return {}
        return {
            0: {
                key: [np.copy(v) if np.ndim(v) else v for v in value]
                if isinstance(value, list)
                else (np.copy(value) if np.ndim(value) else value)
                for key, value in self._memory.items()
            }
        }

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Load a state; all of it is checked before anything changes.

        Raises
        ------
        StateDictError
            If it does not fit, or a value is out of range.
        """
        given = self._run_hooks("load pre", state_dict)
        given = state_dict if given is None else given
        state = given.get("state", {}) if isinstance(given, Mapping) else {}
        whole = {**given, "state": {}} if isinstance(given, Mapping) else given
        groups, _ = read_state_dict(self, whole)
        try:
            memory = self._read(dict(state), groups[0]["history_size"])
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            raise refused(self.name, f"this is not its state ({error!s:.200})") from error
        self.param_groups[0].update(groups[0])
        self._memory = memory
        self._run_hooks("load post")

    def _read(self, state: dict[Any, Any], history: int) -> dict[str, Any]:
        """Return what was remembered, each part checked."""
        entry = dict(state.pop(0, {}))
        entry.pop("al", None)  # scratch memory of PyTorch's
        known = {"func_evals", "n_iter", *_ARRAYS, *_LISTS, *_NUMBERS}
        if state or entry.keys() - known or (entry and not {"func_evals"} <= entry.keys()):
            raise refused(self.name, f"the state knows {', '.join(sorted(known))}, of parameter 0")
        size = sum(int(p.size) for p in self._all())
        dtype = np.result_type(*[p.dtype for p in self._all()])

        def vector(key: str, value: Any) -> Any:
            array = np.array(value, dtype=dtype)
            if array.shape != (size,) or not np.all(np.isfinite(array)):
                raise refused(self.name, f"{key} must hold {size} finite numbers")
            return array

        def number(key: str, value: Any) -> float:
            found = float(np.asarray(value).item())
            if not np.isfinite(found):
                raise refused(self.name, f"{key} must be a finite number")
            return found

        made: dict[str, Any] = {}
        for key, value in entry.items():
            if value is None:
                continue
            if key in _ARRAYS:
                made[key] = vector(key, value)
            elif key in _LISTS:
                read = number if key == "ro" else vector
                made[key] = [read(key, v) for v in value]
            elif key in _NUMBERS:
                made[key] = number(key, value)
            else:
                made[key] = int(number(key, value))
                if made[key] < 0:
                    raise refused(self.name, f"{key} must not be negative")
        if made.get("n_iter"):
            if not known <= made.keys():
                raise refused(self.name, f"{min(known - made.keys())!r} is missing")
            if len({len(made[key]) for key in _LISTS}) > 1 or len(made["ro"]) > history:
                raise refused(self.name, "old_dirs, old_stps and ro must be of one length")
        return made
