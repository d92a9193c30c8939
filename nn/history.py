"""History: one row of numbers for each epoch, which plots itself."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Real
from typing import Any

from autograd_core import SettingError, UnsupportedError
from autograd_core.extend import explains_wrong_calls, prints_anywhere


def shown(value: Any) -> str:
    """Return a measure for a table; a callback may have noted something else than a number.

    Examples
    --------
    >>> shown(0.123456), shown("warm-up")
    ('0.1235', 'warm-up')
    """
    return f"{value:.4g}" if isinstance(value, Real) else str(value).replace("\n", " ")[:20]


@explains_wrong_calls
class History:
    """The measurements of a training, epoch by epoch.

    Attributes
    ----------
    rows : list of dict
        One for each epoch: ``epoch``, ``lr``, ``loss``, ``val_loss``, metrics. A validation within
        an epoch has a row too; its epoch is a fraction, such as 2.5, half-way through the third.

    Examples
    --------
    >>> history = History()
    >>> history.append({"epoch": 1, "loss": 0.5})
    >>> history.append({"epoch": 2, "loss": 0.25, "val_loss": 0.3})
    >>> history["loss"]
    [0.5, 0.25]
    >>> print(history)
    epoch  loss  val_loss
        1   0.5         -
        2  0.25       0.3
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, float]] = []

    def append(self, row: dict[str, float]) -> None:
        """Add a row."""
        self.rows.append(row)

    @property
    def columns(self) -> list[str]:
        """The names of everything that was measured, in order of appearance."""
        return list(dict.fromkeys(name for row in self.rows for name in row))

    def __getitem__(self, name: str) -> list[float]:
        """Return one measure over the epochs in which it was taken."""
        if name not in self.columns:
            raise SettingError(
                f"history: there is no column {name!r}; there are {', '.join(self.columns)}."
            )
        return [row[name] for row in self.rows if name in row]

    def __contains__(self, name: str) -> bool:
        return name in self.columns

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[dict[str, float]]:
        return iter(self.rows)

    @prints_anywhere
    def __str__(self) -> str:
        names = self.columns
        table = [names]
        for row in self.rows:
            table.append([shown(row[n]) if n in row else "-" for n in names])
        widths = [max(len(line[k]) for line in table) for k in range(len(names))]
        return "\n".join(
            "  ".join(cell.rjust(w) for cell, w in zip(line, widths, strict=True)) for line in table
        )

    def __repr__(self) -> str:
        epochs = sum(row["epoch"] % 1 == 0 for row in self.rows if "epoch" in row)
        return f"History({epochs} epochs: {', '.join(self.columns)})"

    def plot(self, axes: Any = None, x: str = "epoch") -> Any:
        """Plot all measures, each together with its validation counterpart.

        Parameters
        ----------
        axes : sequence of matplotlib Axes, optional
            Where to draw, one for each measure; default a new figure.
        x : str
            The column over which to draw: ``"epoch"``, or ``"seconds"`` if a `Timer` was among the
            callbacks.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        UnsupportedError
            If Matplotlib is not installed (the extra ``demo``).
        SettingError
            If nothing has been trained yet, or there is no such column.
        """
        try:
            from matplotlib.figure import Figure
        except ImportError as error:
            raise UnsupportedError(
                "History.plot: this needs Matplotlib; install the extra: "
                "pip install 'autograd-core[demo]'."
            ) from error
        if not self.rows:
            raise SettingError("History.plot: no epoch has been trained yet.")
        self[x]  # an error that names the columns, if there is none
        names = [n for n in self.columns if n not in ("epoch", x) and not n.startswith("val_")]
        if axes is None:
            figure = Figure(figsize=(4.2 * len(names), 3.2), layout="constrained")
            axes = [figure.add_subplot(1, len(names), k + 1) for k in range(len(names))]
        for axis, name in zip(axes, names, strict=True):
            for key, label in ((name, "training"), ("val_" + name, "validation")):
                points = [(r[x], r[key]) for r in self.rows if key in r and x in r]
                if points:
                    axis.plot(*zip(*points, strict=True), marker=".", label=label)
            axis.set_title(name)
            axis.set_xlabel(x)
            if "val_" + name in self:
                axis.legend()
        return axes[0].figure
