"""Embedding: a learned vector for each of a finite set of items."""

from __future__ import annotations

from typing import Any

import numpy as np

from autograd_core import optim

from . import checks, init
from .functional.embedding import embedding
from .functional.sets import embedding_bag
from .module import Module
from .parameter import Parameter, parameter_dtype
from .values import shape_error


@optim.keywords.accepts(
    "max_norm", "norm_type", "scale_grad_by_freq", "sparse", "_weight", "_freeze", "device"
)
class Embedding(Module):
    """A table of vectors, looked up by integers.

    Parameters
    ----------
    num_embeddings, embedding_dim : int
        Rows and columns of the table.
    padding_idx : int, optional
        A row that starts at 0 and is not trained.
    dtype : dtype, optional
        Of the table.

    Attributes
    ----------
    weight : Parameter, shape (num_embeddings, embedding_dim)
        Drawn from N(0, 1).

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.Embedding(10, 3)(np.array([[1, 2], [2, 9]])).shape
    (2, 2, 3)
    """

    weight: Parameter

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        *,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        checks.count("Embedding", "num_embeddings", num_embeddings)
        checks.count("Embedding", "embedding_dim", embedding_dim)
        if padding_idx is not None:
            checks.count("Embedding", "padding_idx", padding_idx, -num_embeddings)
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise shape_error(
                f"Embedding: padding_idx {padding_idx} is outside of {num_embeddings} rows."
            )
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = padding_idx
        self.weight = Parameter(
            np.empty((num_embeddings, embedding_dim), parameter_dtype("Embedding", dtype))
        )
        init.normal_(self.weight)
        if padding_idx is not None:
            self.weight.data[padding_idx] = 0

    @classmethod
    def from_pretrained(
        cls, embeddings: Any, freeze: bool = True, padding_idx: int | None = None
    ) -> Embedding:
        """Return an Embedding with given rows, trained further only if not frozen."""
        table = np.asarray(embeddings)
        rows, columns = table.shape
        made = cls(rows, columns, padding_idx, dtype=table.dtype)
        made.weight.data[...] = table
        made.weight.requires_grad = not freeze
        return made

    def forward(self, input: Any) -> Any:
        """Look up."""
        return embedding(input, self.weight, self.padding_idx)

    def extra_repr(self) -> str:
        """Return the settings."""
        text = f"{self.num_embeddings}, {self.embedding_dim}"
        return text if self.padding_idx is None else f"{text}, padding_idx={self.padding_idx}"


@optim.keywords.accepts(
    "max_norm", "norm_type", "scale_grad_by_freq", "sparse", "_weight", "device"
)
class EmbeddingBag(Module):
    """Sums, means or maxima of bags of rows of a table.

    Parameters
    ----------
    num_embeddings, embedding_dim : int
        Rows and columns of the table.
    mode : {"mean", "sum", "max"}
        What is made of a bag; of an empty one zeros.
    include_last_offset : bool
        Whether the last offset is the end of the last bag, not the begin of another.
    padding_idx : int, optional
        A row that starts at 0 and does not count.
    dtype : dtype, optional
        Of the table.

    Attributes
    ----------
    weight : Parameter, shape (num_embeddings, embedding_dim)
        Drawn from N(0, 1).

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> nn.EmbeddingBag(10, 3)(np.array([1, 2, 2, 9]), np.array([0, 1])).shape
    (2, 3)
    """

    weight: Parameter

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        *,
        mode: str = "mean",
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        name = "EmbeddingBag"
        checks.count(name, "num_embeddings", num_embeddings)
        checks.count(name, "embedding_dim", embedding_dim)
        checks.choice(name, "mode", mode, ("mean", "sum", "max"))
        if padding_idx is not None:
            checks.count(name, "padding_idx", padding_idx, -num_embeddings)
            if padding_idx >= num_embeddings:
                raise shape_error(
                    f"{name}: padding_idx {padding_idx} is outside of {num_embeddings} rows."
                )
            padding_idx %= num_embeddings
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.mode, self.include_last_offset = mode, include_last_offset
        self.padding_idx = padding_idx
        self.weight = Parameter(
            np.empty((num_embeddings, embedding_dim), parameter_dtype(name, dtype))
        )
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw new values from N(0, 1)."""
        init.normal_(self.weight)
        if self.padding_idx is not None:
            self.weight.data[self.padding_idx] = 0

    def forward(self, input: Any, offsets: Any = None, per_sample_weights: Any = None) -> Any:
        """Look up and add; see `functional.embedding_bag`."""
        return embedding_bag(
            input, self.weight, offsets, mode=self.mode, per_sample_weights=per_sample_weights,
            include_last_offset=self.include_last_offset, padding_idx=self.padding_idx,
        )  # fmt: skip

    def extra_repr(self) -> str:
        """Return the settings."""
        text = f"{self.num_embeddings}, {self.embedding_dim}, mode={self.mode!r}"
        return text if self.padding_idx is None else f"{text}, padding_idx={self.padding_idx}"
