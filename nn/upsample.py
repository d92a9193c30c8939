"""Layers that resize images, sequences and volumes."""

from __future__ import annotations

from typing import Any

from . import checks
from .functional.upsample import MODES, interpolate
from .module import Module
from .values import shape_error


class Upsample(Module):
    """Resize the axes after the channels.

    Parameters
    ----------
    size : int or tuple, optional
        The new lengths.
    scale_factor : float or tuple, optional
        Or the factor to multiply them by.
    mode : {"nearest", "nearest-exact", "linear", "bilinear", "trilinear", "bicubic", "area"}
        How to fill; see `functional.interpolate`.
    align_corners : bool
        For linear modes and bicubic: whether the outer values stay in the corners.
    recompute_scale_factor : bool
        Whether places follow from the rounded lengths in place of the factor.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Upsample(scale_factor=2)(np.array([[[1.0, 2.0]]]))
    array([[[1., 1., 2., 2.]]])
    """

    def __init__(
        self,
        size: Any = None,
        scale_factor: Any = None,
        mode: str = "nearest",
        align_corners: bool | None = None,
        recompute_scale_factor: bool | None = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        checks.choice(name, "mode", mode, MODES)
        if (size is None) == (scale_factor is None):
            raise shape_error(f"{name}: give either size or scale_factor.")
        for n in size if isinstance(size, (tuple, list)) else (size,):
            if size is not None:
                checks.count(name, "size", n)
        for n in scale_factor if isinstance(scale_factor, (tuple, list)) else (scale_factor,):
            if scale_factor is not None:
                checks.positive(name, "scale_factor", n)
        self.size, self.scale_factor = size, scale_factor
        self.mode, self.align_corners = mode, align_corners
        self.recompute_scale_factor = recompute_scale_factor

    def forward(self, input: Any) -> Any:
        """Resize."""
        return interpolate(
            input, self.size, self.scale_factor, self.mode, self.align_corners,
            self.recompute_scale_factor,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """Return the settings."""
        how = f"size={self.size}" if self.size is not None else f"scale_factor={self.scale_factor}"
        return f"{how}, mode={self.mode!r}"


class UpsamplingNearest2d(Upsample):
    """Enlarge images by copies of their values.

    Parameters
    ----------
    size : int or pair, optional
        The new height and width.
    scale_factor : float or pair, optional
        Or the factor to multiply them by.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.UpsamplingNearest2d(scale_factor=2)(np.ones((1, 1, 2, 2))).shape
    (1, 1, 4, 4)
    """

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, "nearest")


class UpsamplingBilinear2d(Upsample):
    """Enlarge images linearly along each axis; the outer values stay in the corners.

    Parameters
    ----------
    size : int or pair, optional
        The new height and width.
    scale_factor : float or pair, optional
        Or the factor to multiply them by.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.UpsamplingBilinear2d(size=3)(np.array([[[[0.0, 2.0], [2.0, 4.0]]]]))[0, 0]
    array([[0., 1., 2.],
           [1., 2., 3.],
           [2., 3., 4.]])
    """

    def __init__(self, size: Any = None, scale_factor: Any = None) -> None:
        super().__init__(size, scale_factor, "bilinear", True)
