"""DataParallel: a model of which every rank has a copy, and whose gradients are averaged."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from weakref import WeakValueDictionary
from zlib import crc32

import numpy as np

from autograd_core import SettingError, UnsupportedError, mark_overwritten
from autograd_core.extend import Location

from ..module import Module
from ..parameter import Parameter
from ..values import shape_error
from .alone import Alone
from .buckets import Reducer, signature_of
from .group import Group
from .launch import world
from .streams import spread

# Who averages the gradients of a parameter, by its id: if two did, sums would be divided twice.
_owners: WeakValueDictionary[int, DataParallel] = WeakValueDictionary()


class DataParallel(Module):
    r"""Train a model on several processes: each has a copy, and gradients are averaged.

    .. math:: \bar g = \frac{1}{R} \sum_{r=1}^{R} g_r

    Start the script with ``mpiexec -n 4 python train.py`` and wrap the model in this. All ranks
    begin with rank 0's parameters and buffers. While ``loss.backward()`` runs, the gradients that
    are complete are sent; at its end every ``.grad`` is the ranks' average, and so all ranks do the
    same update. A parameter that a rank's loss does not use counts as zero there; one that no rank
    uses keeps its ``.grad``.

    `Trainer` does the rest: it shares out each batch, counts uneven shares right, sums the
    measures, and lets rank 0 write the files. Without mpiexec the script runs alone, and this class
    only passes calls on. Names of parameters and buffers are those of the model inside.

    Parameters
    ----------
    module : Module
        The model, made alike on all ranks. Make the optimizer from this object's or the model's
        parameters.
    bucket_cap_mb : float
        Megabytes of gradients in one message.
    broadcast_buffers : bool
        Whether the ranks take rank 0's buffers (running statistics) at the end of each sweep.
    scale_batch : bool
        Whether `Trainer` takes a loader's batch size for that of each rank, so that more ranks make
        larger batches. By default it is that of all ranks together.

    Attributes
    ----------
    module : Module
        The model.
    group : object
        The ranks: ``group.rank``, ``group.size``.

    Raises
    ------
    DistributedError
        On all ranks, if the ranks' models differ in a name, a shape or a dtype.
    ShapeError
        If `module` is no module.
    SettingError
        If `bucket_cap_mb` is out of range.

    References
    ----------
    Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour" (2017). Li et al.,
    "PyTorch distributed: experiences on accelerating data parallel training" (2020).

    Examples
    --------
    >>> import nn
    >>> model = nn.DataParallel(nn.Linear(3, 2))
    >>> model.group.size, [name for name, _ in model.named_parameters()]
    (1, ['weight', 'bias'])
    """

    module: Module

    def __init__(
        self,
        module: Module,
        *,
        bucket_cap_mb: float = 4.0,
        broadcast_buffers: bool = True,
        scale_batch: bool = False,
    ) -> None:
        super().__init__()
        if not isinstance(module, Module):
            raise shape_error(f"DataParallel: module must be an nn.Module, not {module!r}.")
        if not bucket_cap_mb > 0:
            raise SettingError(
                f"DataParallel: bucket_cap_mb = {bucket_cap_mb}; it must be positive.",
                Location.of_caller(),
            )
        self.module = module
        self.bucket_cap_mb = bucket_cap_mb
        self.broadcast_buffers = broadcast_buffers
        self.scale_batch = scale_batch
        self.group: Alone = world()
        self._syncs = True
        self._reducer: Reducer | None = None
        self._trained: list[tuple[str, Any]] = []
        self._handles: list[Any] = []
        self._retired = False
        if self.group.size > 1:
            self._begin_alike()
            self._take_over()

    @property
    def _inner(self) -> str:
        return type(self.module).__name__

    def _begin_alike(self) -> None:
        named = list(self.module.named_parameters())
        buffers = [(name, a) for name, a in self.module.named_buffers() if _is_array(a)]
        self.group.agree(f"wraps a {self._inner}", signature_of(named + buffers))
        self.group.copy_from_main(
            f"takes rank 0's {self._inner}", [p.data for _, p in named] + [a for _, a in buffers]
        )
        mark_overwritten(*(p for _, p in named))
        spread(self.group, self.module)

    def _take_over(self) -> None:
        """Let this object alone average the gradients of its parameters."""
        for p in self.module.parameters():
            other = _owners.get(id(p))
            if other is not None and other is not self and any(q is p for q in other.parameters()):
                other._retired = True
                other._hear_nothing()
            _owners[id(p)] = self

    # --- names are the model's own ------------------------------------------

    def named_modules(
        self, *, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """Yield (name, module) for this object and all of the model, under the model's names."""
        yield prefix, self
        yield from self.module.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)

    def get_submodule(self, target: str) -> Module:
        """Return the model's module at a dotted path."""
        return self.module.get_submodule(target)

    # --- computing ----------------------------------------------------------

    def forward(self, *args: Any, **keywords: Any) -> Any:
        """Return what the model returns."""
        if self.group.size > 1:
            self._listen()
        return self.module(*args, **keywords)

    def _listen(self) -> None:
        """Be told of the gradients of all parameters that are trained now."""
        if self._retired:
            raise UnsupportedError(
                f"DataParallel: parameters of this {self._inner} have been wrapped in another "
                "DataParallel since, which averages their gradients; use that one. A parameter "
                "that two models share belongs into one DataParallel of both.",
                Location.of_caller(),
            )
        self._hear_nothing()  # anew each time, since a parameter may have been frozen meanwhile
        self._trained = [
            (name, p)
            for name, p in self.module.named_parameters()
            if isinstance(p, Parameter) and p.requires_grad  # not what functional_call has put in
        ]
        for k, (_, p) in enumerate(self._trained):
            handle = p.register_post_accumulate_grad_hook(lambda p, k=k: self._on_gradient(k))
            self._handles.append(handle)

    def _hear_nothing(self) -> None:
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def _on_gradient(self, k: int) -> None:
        """Take a gradient that is complete; the first of a sweep finds out what is to be averaged.

        Only here ranks meet: going forward on one rank alone is allowed.
        """
        if not self._syncs:
            return
        reducer = self._reducer
        if reducer is None or not reducer.running:
            if reducer is None or reducer.signature != signature_of(self._trained):
                assert isinstance(self.group, Group)
                capacity = self.bucket_cap_mb * 1e6
                self._reducer = reducer = Reducer(
                    self.group, self._inner, self._trained, capacity, self._main_arrays
                )
            reducer.begin(self._trained)
        reducer.add(k)

    def _main_arrays(self) -> list[Any]:
        """Return the buffers that rank 0 gives to the others."""
        if not self.broadcast_buffers:
            return []
        return [a for a in self.module.buffers() if _is_array(a)]

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """Let `backward` leave each rank's own gradients in ``.grad``, to be added up.

        The first ``backward()`` outside averages the sums.

        Examples
        --------
        >>> import numpy as np, nn
        >>> model = nn.DataParallel(nn.Linear(1, 1))
        >>> with model.no_sync():
        ...     model(np.ones((2, 1))).sum().backward()
        >>> model(np.ones((2, 1))).sum().backward()
        >>> model.module.bias.grad
        Tensor([4.], dtype=float32)
        """
        before, self._syncs = self._syncs, False
        try:
            yield
        finally:
            self._syncs = before

    def weighted(self, loss: Any, rows: int) -> Any:
        r"""Return a loss whose averaged gradient is that of the mean over all ranks' rows.

        .. math:: L_r \cdot \frac{R\,n_r}{\sum_s n_s}

        Parameters
        ----------
        loss : Tensor
            This rank's mean over its rows.
        rows : int
            n, how many they are.

        Returns
        -------
        Tensor

        Examples
        --------
        >>> import nn
        >>> nn.DataParallel(nn.Linear(1, 1)).weighted(2.0, rows=5)
        2.0
        """
        if self.group.size == 1:
            return loss
        total = self.group.sum(np.array([rows]))
        return loss if rows * self.group.size == total[0] else loss * share_of(rows, total[0], self)

    def check_replicas(self) -> None:
        """Raise unless all ranks have the same parameters, to the bit.

        Raises
        ------
        DistributedError
            On all ranks, if two differ; the message names the first parameter.

        Examples
        --------
        >>> import nn
        >>> nn.DataParallel(nn.Linear(1, 1)).check_replicas()
        """
        if self.group.size == 1:
            return
        details = [
            f"{name} with the checksum {crc32(np.asarray(p.data).tobytes()):08x}"
            for name, p in self.module.named_parameters()
        ]
        self.group.agree(f"holds the parameters of {self._inner}", details)

    def extra_repr(self) -> str:
        """Return which rank this is."""
        return f"rank {self.group.rank} of {self.group.size}"

    # --- copies -------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        # the hooks are those of this object's parameters
        return {**self.__dict__, "_reducer": None, "_trained": [], "_handles": []}


def share_of(rows: int, total: Any, model: DataParallel) -> float:
    """Return what a rank's mean loss is multiplied with, so that each row counts the same."""
    if not total:
        raise UnsupportedError("DataParallel: no rank has any rows.", Location.of_caller())
    return float(rows * model.group.size / int(total))


def _is_array(value: Any) -> bool:
    return isinstance(value, np.ndarray)
