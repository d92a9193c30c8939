"""Each rank's share of the batches."""

from __future__ import annotations

from typing import Any

from autograd_core import SettingError
from autograd_core.extend import Location

from ..data import DataLoader, as_loader
from .launch import world


def shard(data: Any, batch_size: int = 32, shuffle: bool = True, *, seed: int = 0,
          uneven: bool = False) -> DataLoader:  # fmt: skip
    """Return a loader of this rank's share of each batch, for a training loop of one's own.

    All ranks go through the data in the same order, which the seed and the epoch decide, and each
    takes its rows of each batch, the batch's next part for each rank. Together they see what one
    process would see. `nn.Trainer` does this by itself for a `DataParallel` model.

    Parameters
    ----------
    data : DataLoader or data
        The whole of it, on every rank. Of a loader, all settings are kept; `batch_size` counts the
        rows of all ranks together.
    batch_size, shuffle, seed
        As for `DataLoader`, for data that is not in a loader.
    uneven : bool
        Allow batches that the ranks cannot share evenly. Then the average of the ranks' gradients
        is not that of all rows, unless the loss goes through `DataParallel.weighted`.

    Returns
    -------
    DataLoader

    Raises
    ------
    SettingError
        If a batch cannot be shared evenly, and `uneven` does not allow that.

    Examples
    --------
    >>> import numpy as np
    >>> [x.tolist() for (x,) in shard(np.arange(4), batch_size=2, shuffle=False)]
    [[0, 1], [2, 3]]
    """
    loader, ranks = as_loader(data, batch_size, shuffle, seed), world().size
    if not uneven:
        for k in (0, len(loader) - 1):
            if loader.rows_in(k) % ranks:
                raise SettingError(
                    f"shard: batch {k + 1} of {len(loader)} has {loader.rows_in(k)} rows, which "
                    f"{ranks} ranks cannot share evenly. Choose a batch_size that is a multiple of "
                    f"{ranks} and last='drop' or last='fill'; or pass uneven=True and "
                    "differentiate model.weighted(loss, rows).",
                    Location.of_caller(),
                )
    return loader.shard(ranks, world().rank)
