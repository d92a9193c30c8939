"""The position of a training: resumed from a checkpoint, saved, and restored after an exception.

The half of the Trainer that is not the loop.  A checkpoint holds everything that decides how
training goes on; `nn.rollback` holds what one batch changes.
"""

from __future__ import annotations

import os
import random
import warnings
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

import numpy as np

from autograd_core import AutogradError, SettingError, optim

from .callbacks import Callback
from .checkpoints import load_checkpoint, save_checkpoint
from .data import DataLoader
from .distributed.alone import Alone
from .distributed.parallel import DataParallel
from .distributed.streams import reseed_layers, streams_of_ranks
from .errors import StateDictError
from .files import PathLock, check_target, remove_leftovers, signature
from .history import History
from .random import (
    get_rng_state,
    own_sources,
    restore_source,
    set_rng_state,
    shared_sources,
    source_state,
)
from .random_states import checked_random_state
from .restoring import checked_randomness, checked_training, contents
from .rollback import Rollback

_VERSION = 2
_DATA = ("data", "validation")  # how the names of their random sources begin


class Resumable:
    """A training's state, and its file."""

    model: Any
    loss: Callable[[Any, Any], Any]
    optimizer: Any
    scheduler: Any
    metrics: dict[str, Callable[[Any, Any], Any]]
    callbacks: list[Callback]
    parallel: DataParallel | None
    group: Alone
    checkpoint: str | os.PathLike[str] | None
    history: History
    epoch: int
    batch: int
    stopped: str | None

    def __init__(self) -> None:
        self._sums: dict[str, Any] = {}
        self._loader: DataLoader | None = None
        self._tests: dict[str, DataLoader] = {}  # of one set that has no name: ""
        self._loaded: Mapping[str, Any] | None = None
        self._written: dict[str, Any] = {}  # what tells this run's files from another's
        self._source = ""  # the file that the training goes on from
        self._searched: dict[str, Any] = {}  # by name: a loader and the random sources in it
        self._waiting: dict[str, Any] = {}  # states of the data's sources, until `fit` names them
        self._fitting = False
        self._warned: set[str] = set()
        self._rollback: Rollback | None = None
        self._tells = False  # whether the optimizer says how far it came
        self._updating_weights = False  # True from the update's beginning to the batch's end
        self._cut = ""  # why the state is no longer that of a whole number of batches

    def _begin(self, held: ExitStack) -> None:
        """Take up the checkpoint, or find out now that there can be none."""
        path, fresh = self.checkpoint, self.epoch == 0 and self.batch == 0
        if path is not None:
            there, foreign = self.group.on_main(
                "looks for the checkpoint", lambda: self._reserve(path, held)
            )
            if self._cut and there:
                warnings.warn(f"{self._cut} Going on from {path}.", RuntimeWarning, stacklevel=3)
            if there and (fresh or self._cut):
                self.load(path)
            elif foreign:
                raise SettingError(
                    f"checkpoint = {path!r}: another training has written this file since this one "
                    "last did; load() it, or give another path."
                )
            self._warn_of_unkept()
        if self._cut:
            raise StateDictError(
                f"{self._cut} load() a checkpoint; or make a new Trainer to continue from what "
                "the model holds now."
            )
        if self._loaded is not None:
            self._check_loader(self._loaded)
            self._restore_waiting(self._loaded["random"]["own"])
        elif path is not None and not there:
            self.save(path)  # what cannot be written is found now, not after an epoch
        self._loaded = None

    def _reserve(self, path: Any, held: ExitStack) -> tuple[bool, bool]:
        """Keep other runs off a file; return whether it exists, and whether another wrote it."""
        target = check_target("checkpoint", path, self._size())
        held.callback(PathLock("checkpoint", target).release)
        remove_leftovers(target)
        there = os.path.exists(target)
        known = self._written.get(target)
        return there, there and known is not None and known != signature(target)

    def _undo_unfinished(self) -> None:
        """Put back what an exception has left half-done; note it if that cannot be."""
        rollback = self._rollback
        if rollback is None or not rollback.open:
            return
        where = f"Trainer: epoch {self.epoch + 1}, batch {self.batch + 1} was cut off"
        if self._updating_weights and not (self._tells and not self.optimizer._begun):
            rollback.open = False
            self._cut = (
                f"{where} in the middle of the update: of the weights, the optimizer's state and "
                "the schedule, some were updated and some were not."
            )
        elif lost := rollback.undo():
            self._cut = f"{where}, and could not be taken back ({lost})."
        self._updating_weights = False

    # --- checkpoints --------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """Return everything that decides how training goes on.

        Model, optimizer, schedule, callbacks, history, position, and the state
        of every random source of this process; `save` writes those of all ranks.
        """
        if not self._fitting:  # else a callback asks, in the middle of an epoch's end
            self._undo_unfinished()
        if self._cut:
            raise StateDictError(
                f"{self._cut} Such a state is not saved; fit() or load() from a checkpoint first."
            )
        return self._state()

    def _state(self) -> dict[str, Any]:
        return {
            "version": _VERSION,
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": None if self.scheduler is None else self.scheduler.state_dict(),
            "callbacks": [callback.state_dict() for callback in self.callbacks],
            "history": self.history.rows,
            "epoch": self.epoch,
            "batch": self.batch,
            "sums": self._sums,
            "stopped": self.stopped,
            "data": None if self._loader is None else self._loader.fingerprint(),
            "random": {
                "nn": get_rng_state(),
                "numpy": np.random.get_state(legacy=False),
                "python": random.getstate(),
                "own": {name: source_state(source) for name, source in self._sources()[0].items()},
            },
        }

    def _sources(self) -> tuple[dict[str, Any], dict[str, str]]:
        """Return the random sources by name, and what has no state; callbacks may know all."""
        own = {
            "model": self.model if self.parallel is None else self.parallel.module,
            "loss": self.loss,
            "metrics": self.metrics,
            "optimizer": self.optimizer,
            "schedule": self.scheduler,  # its name in checkpoints
            "callbacks": self.callbacks,
        }
        found, unkept = own_sources(own, self)
        loaders = {"data": self._loader} | {
            ("validation" if not name else f"validation {name}"): tests
            for name, tests in self._tests.items()
        }
        for name, loader in loaders.items():
            if loader is None:
                continue
            if self._searched.get(name, (None,))[0] is not loader:  # once: a data set may be long
                roots = {name: loader.dataset, name + ".transform": loader.transform}
                self._searched[name] = loader, own_sources(roots, self)
            found |= self._searched[name][1][0]
            unkept |= self._searched[name][1][1]
        return found, unkept

    def _warn_of_unkept(self) -> None:
        """Name once what a checkpoint cannot hold."""
        unkept = {k: v for k, v in self._sources()[1].items() if k not in self._warned}
        if unkept:
            self._warned |= set(unkept)
            warnings.warn(
                "Trainer: the checkpoint does not keep "
                + ", ".join(f"{name} ({kind})" for name, kind in unkept.items())
                + "; a run that resumes from it may end with other numbers. Draw from a "
                "numpy.random.Generator.",
                RuntimeWarning,
                stacklevel=4,
            )

    def _checked_sources(self, given: Any) -> dict[str, Any]:
        """Return the states of all random sources, each checked; change nothing."""
        sources = self._sources()[0]
        live: dict[str, Any] = {k: source_state(source) for k, source in shared_sources().items()}
        live["own"] = {name: source_state(source) for name, source in sources.items()}
        waiting = {}
        if isinstance(given, Mapping) and isinstance(own := given.get("own"), Mapping):
            waiting = {name: own[name] for name in self._later(own)}
            _check_names(set(own) - set(waiting), set(sources))
            given = {**given, "own": {name: own[name] for name in sources}}
        checked: dict[str, Any] = checked_randomness("random", live, given)
        checked["own"] |= waiting
        return checked

    def _later(self, states: Mapping[str, Any]) -> set[str]:
        """Return the names of the data's random sources, if `fit` has not told the data yet."""
        return set() if self._loader is not None else {k for k in states if k.startswith(_DATA)}

    def _restore_sources(self, states: Mapping[str, Any]) -> None:
        """Put the random sources back; those of the data later, if `fit` has not named them yet."""
        for name, source in self._sources()[0].items():
            restore_source(source, states[name])
        self._waiting = {name: states[name] for name in self._later(states)}

    def _restore_waiting(self, states: Mapping[str, Any]) -> None:
        """Put back the random sources of the data, now that they are known."""
        sources = self._sources()[0]
        _check_names(set(states), set(sources))
        for name, state in self._waiting.items():
            source = sources[name]
            restore_source(source, checked_random_state(name, source_state(source), state))
        self._waiting = {}

    def _size(self) -> int:
        """Return about how many bytes a checkpoint takes."""
        groups = self.optimizer.param_groups
        arrays = getattr(self.optimizer, "arrays", lambda group: ())
        state = sum(p.data.nbytes * len(arrays(group)) for group in groups for p in group["params"])
        return int(state + sum(a.nbytes for a in self.model.state_dict().values()))

    def _save(self) -> None:
        if self.checkpoint is not None:
            self.save(self.checkpoint)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a checkpoint: the file is the old one whole, or the new one whole.

        All ranks of a `DataParallel` model must call this; rank 0 writes.
        """
        state = self.state_dict()
        if self.group.size > 1:
            state["random"], *state["ranks"] = self.group.gather(state["random"])

        target = os.path.realpath(path)

        def write() -> None:
            before, known = _signed(target), self._written.get(target)
            self._written[target] = None  # no other's, also if an interrupt leaves it so
            try:
                save_checkpoint(state, path)
            finally:  # the interrupt may have come when the file was there already
                now = _signed(target)
                self._written[target] = now if now != before else known

        self.group.on_main("writes the checkpoint", write)

    def load(self, path: str | os.PathLike[str]) -> None:
        """Go on from a checkpoint.

        All ranks of a `DataParallel` model must call this; rank 0 reads. It may have been written
        by another number of ranks.

        Raises
        ------
        SerializationError
            If the file is damaged.
        StateDictError
            If it does not belong to this model, optimizer, schedule or data.
        """
        state, known = self.group.on_main(
            "reads the checkpoint", lambda: (load_checkpoint(path), signature(path))
        )
        try:
            self.load_state_dict(state)
        except AutogradError as error:  # SettingError too, from a class of the user's
            raise StateDictError(f"{os.fspath(path)}: {error}") from error
        self._source = os.fspath(path)
        self._written[os.path.realpath(path)] = known

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Load what `state_dict` returned; if it does not fit, nothing is changed."""
        if not self._fitting:
            self._undo_unfinished()
        expected = self._state()
        if (
            not isinstance(state, Mapping)
            or set(state) - {"ranks"} != set(expected)
            or type(state["version"]) is not int
            or state["version"] != _VERSION
        ):
            raise StateDictError("Trainer: this is not the state of a training of this version.")
        undo = self._undo()
        try:
            streams = streams_of_ranks(state)
            state = checked_training(self, state)
            state["ranks"] = len(streams)
            state["batch"] = self._batch_here(state)
            self._check_loader(state)
            rank = self.group.rank
            state["random"] = self._checked_sources(streams[rank if rank < len(streams) else 0])
            self._take(state)
            if rank >= len(streams):  # this rank had no stream yet
                reseed_layers(self.model, rank)
        except Exception as error:
            undo()
            if isinstance(error, AutogradError):
                raise
            raise StateDictError(
                f"Trainer: this is not the state of a training ({type(error).__name__}: {error}); "
                "nothing was changed."
            ) from error
        except BaseException:
            undo()
            raise
        self._loaded, self._cut = state, ""

    def _undo(self) -> Callable[[], None]:
        """Return a function that puts everything back that `_take` changes."""
        model = [(a, a.copy()) for a in self.model.state_dict().values()]
        groups = [(group, dict(group)) for group in self.optimizer.param_groups]
        held = [(part, dict(vars(part))) for part in (self, self.optimizer, *self.callbacks)]
        if self.scheduler is not None:
            held += optim.lr_scheduler.compose.attributes(self.scheduler)
        rows, state = self.history.rows, get_rng_state()
        legacy, python = np.random.get_state(legacy=False), random.getstate()
        own = [(source, source_state(source)) for source in self._sources()[0].values()]
        put_contents_back = contents(self.callbacks)

        def undo() -> None:
            for array, values in model:
                np.copyto(array, values)
            for group, settings in groups:
                group.clear()
                group.update(settings)
            optim.lr_scheduler.compose.put_back(held)
            put_contents_back()
            self.history.rows = rows
            set_rng_state(state)
            np.random.set_state(legacy)
            random.setstate(python)
            for source, place in own:
                restore_source(source, place)

        return undo

    def _take(self, state: Mapping[str, Any]) -> None:
        self.model.load_state_dict(state["model"])
        if self.scheduler is not None:
            self.scheduler.load_state_dict(state["schedule"])
        # after the schedule, which sets its own rate: a callback may have lowered it since
        self.optimizer.load_state_dict(state["optimizer"])
        for callback, found in zip(self.callbacks, state["callbacks"], strict=True):
            callback.load_state_dict(found)
        self.history.rows = state["history"]
        self.epoch, self.batch = state["epoch"], state["batch"]
        self._sums = dict(state["sums"])
        self.stopped = state["stopped"]
        set_rng_state(state["random"]["nn"])
        np.random.set_state(state["random"]["numpy"])
        random.setstate(state["random"]["python"])
        self._restore_sources(state["random"]["own"])

    def _batch_here(self, state: Mapping[str, Any]) -> int:
        """Return the batch to go on with, where more ranks than before make larger batches."""
        batch: int = state["batch"]
        ranks: int = state["ranks"]
        now = self.group.size
        if self.parallel is None or not self.parallel.scale_batch or ranks == now:
            return batch
        if batch * ranks % now:
            raise StateDictError(
                f"Trainer: the checkpoint was written by {ranks} ranks after {batch} batches of an "
                f"epoch; with {now} ranks, whose batches are of another size, none begins there. "
                "Go on with as many ranks as before to the end of an epoch."
            )
        return batch * ranks // now

    def _check_loader(self, state: Mapping[str, Any]) -> None:
        if self._loader is None or state["data"] is None:
            return
        mine, saved = self._loader.fingerprint(), state["data"]
        for key, value in mine.items():
            if saved.get(key) != value:
                source = f"{self._source}: " if state is self._loaded and self._source else ""
                raise StateDictError(
                    f"{source}Trainer: the checkpoint was made with {key} = {saved.get(key)!r}, "
                    f"this run has {value!r}; it would not end with the same numbers."
                )


def _check_names(saved: set[str], found: set[str]) -> None:
    """Require that a checkpoint and a training have the same random sources."""
    if saved == found:
        return
    name = min(saved ^ found)
    having, lacking = ("the checkpoint", "this training")
    if name in found:
        having, lacking = lacking, having
    raise StateDictError(
        f"Trainer: {having} has the random source {name}, {lacking} has not; make all random "
        "sources before fit(), and give the same data."
    )


def _signed(path: str) -> Any:
    """Return what tells a file from a later one; None where there is none."""
    return signature(path) if os.path.exists(path) else None
