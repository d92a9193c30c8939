"""What a batch changes before its update, and how to roll it back.

An exception may come at any moment: Ctrl-C, an error in a callback, a batch that cannot be
learned.  What has changed by then (random sources, running statistics, callbacks, gradients) goes
back to where the batch began, so that the next `fit` does the same batch again, to the bit.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from autograd_core import mark_overwritten, optim
from autograd_core.extend import host

from .callbacks import Callback
from .random import restore_source, same_state, shared_sources, source_state

_SELDOM = 512  # batches between two looks at what nothing has changed so far, in the long run
_LARGE = 1 << 16  # bytes of a buffer that is not copied before it was seen to change
_OFTEN = ("on_loss", "on_backward", "on_fit_start")  # the last may put hooks on layers


class Rollback:
    """Notes what a batch may change, as cheaply as it can, and puts it back.

    Reading a random state can take longer than a small step.  So what nothing changes is looked
    at now and then only; what was seen to change is noted at each batch from then on.

    Parameters
    ----------
    trainer : Trainer
        Whose model, optimizer, schedule, callbacks and position.
    sources : mapping
        The random sources beside the shared ones, by name.

    Attributes
    ----------
    open : bool
        True while there is something to put back.
    """

    def __init__(self, trainer: Any, sources: Mapping[str, Any]) -> None:
        self.open = False
        self._trainer = trainer
        self._parameters = list(trainer.model.parameters())
        every = {**shared_sources(), **sources}
        self._quiet: dict[str, Any] = {
            name: _Source(name, source) for name, source in every.items()
        }
        self._moving: list[Any] = []
        for path, module in trainer.model.named_modules():
            for key, array in module._buffers.items():
                if isinstance(array, np.ndarray):
                    name = f"the buffer {path}.{key}"
                    buffer = _Buffer(name, module._buffers, key)
                    if array.nbytes > _LARGE:
                        self._quiet[name] = buffer
                    else:
                        self._moving.append(buffer)
        self._looked = {name: part.look() for name, part in self._quiet.items()}
        self._fresh = True  # nothing has run since the last look
        self._count, self._next = 0, 2  # batches; the one before which to look
        callbacks = trainer.callbacks
        self._stateful = [c for c in callbacks if _overrides(c, "state_dict")]
        self._busy = [c for c in self._stateful if any(_overrides(c, name) for name in _OFTEN)]
        self._tuned = any(
            _overrides(c, "on_loss") or _overrides(c, "on_backward") for c in callbacks
        )
        self._shaken = any(
            _overrides(c, name) for c in callbacks for name in ("on_epoch_end", "on_val_check")
        )
        self._parts: Sequence[Any] = ()
        self._callbacks: Sequence[Any] = ()
        self._groups: Sequence[Any] = ()
        self._held: Sequence[Any] = ()
        self._weights: Sequence[Any] = ()
        self._grads: Sequence[Any] = ()
        self._place: Any = None
        self._rows = 0

    def note_batch(self) -> None:
        """Remember what a batch may change."""
        first = self._trainer.batch == 0  # before it, on_epoch_start is called
        self._note(self._stateful if first else self._busy, self._tuned, first)
        self.open = True

    def note_epoch_end(self) -> None:
        """Remember what validation, the schedule and callbacks may change."""
        self._note(self._stateful, True, True)
        trainer = self._trainer
        held = (
            []
            if trainer.scheduler is None
            else optim.lr_scheduler.compose.attributes(trainer.scheduler)
        )
        if self._shaken:
            self._weights = [(p, p.data, p.data.copy()) for p in self._parameters]
            held.append((trainer.optimizer, dict(vars(trainer.optimizer))))
        self._held = held
        self.open = True

    def _note(self, callbacks: list[Any], groups: bool, whole: bool) -> None:
        self._count = count = self._count + 1
        if count == self._next:
            self._look()
            self._next += min(count, _SELDOM)
        elif count > 1:
            self._fresh = False
        trainer = self._trainer
        self._grads = self._weights = self._held = ()
        self._parts = [(part, part.read()) for part in self._moving]
        self._callbacks = [
            (c, copied(c.state_dict() if whole else getattr(c, "_batch_state", c.state_dict)()))
            for c in callbacks
        ]
        self._groups = [(g, dict(g)) for g in trainer.optimizer.param_groups] if groups else ()
        self._place = trainer.epoch, trainer.batch, trainer._sums, trainer.stopped
        self._rows = len(trainer.history.rows)

    def close(self) -> None:
        """Forget what was noted: it is done."""
        self.open = False
        self._weights = ()

    def note_gradients(self) -> None:
        """Remember gradients that ``zero_grad()`` has left: they are added to."""
        self._grads = [(p, p.grad) for p in self._parameters if p.grad is not None]

    def _look(self) -> None:
        """Look at what was quiet; what has moved since the last time is noted from here on."""
        for name, part in list(self._quiet.items()):
            now = part.look()
            if not same_state(now, self._looked[name]):
                self._moving.append(self._quiet.pop(name))
            self._looked[name] = now
        self._fresh = True

    def undo(self) -> str:
        """Put back what was noted last; return what could not be, or nothing."""
        lost = []
        for name, part in self._quiet.items():
            if not same_state(part.look(), self._looked[name]):
                if self._fresh and isinstance(part, _Source):
                    lost += _restored(part, self._looked[name])
                else:
                    lost.append(f"{name} changed for the first time in many batches")
        for part, state in self._parts:
            lost += _restored(part, state)
        for callback, state in self._callbacks:
            try:
                if _overrides(callback, "load_state_dict") and not hasattr(
                    callback, "_batch_state"
                ):
                    callback.load_state_dict(state)
                else:  # without the checks, for which None and a dict are of two kinds
                    vars(callback).update(copied(state))
            except Exception as error:  # a user's own
                lost.append(f"{type(callback).__name__}.load_state_dict: {error}")
        for group, settings in self._groups:
            group.clear()
            group.update(settings)
        optim.lr_scheduler.compose.put_back(self._held)
        for p, data, values in self._weights:
            p.data = data
            data[...] = values
        mark_overwritten(*[p for p, _, _ in self._weights])
        for p, grad in self._grads:
            p.grad = grad
        trainer = self._trainer
        trainer.epoch, trainer.batch, trainer._sums, trainer.stopped = self._place
        del trainer.history.rows[self._rows :]
        self.open = False
        return "; ".join(lost)


def _restored(part: Any, state: Any) -> list[str]:
    try:
        part.restore(state)
    except ValueError as error:  # a seed sequence
        return [f"{part.name}: {error}"]
    return []


class _Source:
    """A random source."""

    def __init__(self, name: str, source: Any) -> None:
        self.name, self.source = name, source

    def read(self) -> Any:
        return source_state(self.source)

    look = read

    def restore(self, state: Any) -> None:
        restore_source(self.source, state)


class _Buffer:
    """A module's buffer: the array under its name, which may become another."""

    def __init__(self, name: str, held: dict[str, Any], key: str) -> None:
        self.name, self.held, self.key = name, held, key

    def read(self) -> Any:
        array: Any = self.held.get(self.key)
        return array, array.copy() if hasattr(array, "__array_function__") else array

    def look(self) -> Any:
        """Return a number that changes with the contents."""
        array: Any = np.ascontiguousarray(host(self.held.get(self.key)))
        return zlib.crc32(array.data.cast("B"))

    def restore(self, state: Any) -> None:
        array, contents = state
        if hasattr(array, "__array_function__"):
            array[...] = contents
        self.held[self.key] = array


def _overrides(callback: Any, name: str) -> bool:
    own = getattr(type(callback), name, None) is not getattr(Callback, name)
    return own or name in vars(callback)


def copied(pytree: Any) -> Any:
    """Return a pytree whose containers and arrays belong to nobody else.

    Examples
    --------
    >>> state = {"sums": [1.0]}
    >>> copy = copied(state)
    >>> state["sums"].append(2.0)
    >>> copy
    {'sums': [1.0]}
    """
    kind = type(pytree)
    if kind is np.ndarray:
        return pytree.copy()
    if isinstance(pytree, dict):
        made = pytree.copy()  # of its own kind
        made.update((key, copied(value)) for key, value in pytree.items())
        return made
    if kind is list or kind is tuple:
        return kind(map(copied, pytree))
    return pytree
