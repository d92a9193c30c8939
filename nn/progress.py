"""The progress bar of a training: tqdm's, if it is installed and the output is a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from autograd_core import UnsupportedError

from .history import History
from .history import shown as in_table


@contextmanager
def progress_bar(wanted: bool | None, done: int, total: int) -> Iterator[Any]:
    """Open a bar over batches, or None where none is to be shown.

    Parameters
    ----------
    wanted : bool, optional
        Default: if tqdm is installed and the output is a terminal.
    done, total : int
        Batches so far, and in all.

    Raises
    ------
    UnsupportedError
        If a bar is wanted and tqdm is not installed.

    Examples
    --------
    >>> with progress_bar(False, 0, 10) as bar:
    ...     print(bar)
    None
    """
    if wanted is False:
        yield None
        return
    try:
        from tqdm.auto import tqdm
    except ImportError as error:
        if wanted:
            raise UnsupportedError(
                "Trainer: the progress bar needs tqdm; install the extra: "
                "pip install 'autograd-core[demo]', or pass progress=False."
            ) from error
        yield None
        return
    # disable=None is tqdm's word for: only on a terminal
    with tqdm(total=total, initial=done, disable=None if wanted is None else False) as bar:
        yield None if bar.disable else bar


def show(bar: Any, epoch: int, means: Mapping[str, float], history: History) -> None:
    """Advance the bar by a batch, and write the epoch's means and the last validation beside it."""
    bar.update()
    shown = {name: f"{value:.4g}" for name, value in means.items()}
    if len(history):
        shown |= {k: in_table(v) for k, v in history.rows[-1].items() if k.startswith("val_")}
    bar.set_description(f"epoch {epoch + 1}", refresh=False)
    bar.set_postfix(shown, refresh=False)
