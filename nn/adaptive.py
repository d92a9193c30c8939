"""The adaptive softmax: log-probabilities of many classes, the rare ones in clusters."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from autograd_core import no_grad, optim
from autograd_core.extend import beside

from . import checks
from .containers import ModuleList, Sequential
from .functional.softmax import log_softmax
from .functional.targets import valid_targets
from .linear import Linear
from .module import Module
from .values import as_array, at, everything, is_batched, raw, shape_error


class _ASMoutput(NamedTuple):
    output: Any
    loss: Any


@optim.keywords.accepts("device")
class AdaptiveLogSoftmaxWithLoss(Module):
    """Log-probabilities of many classes, computed in clusters (Grave et al., 2017).

    Classes are numbered by how frequent they are, the most frequent first. A head gives the
    log-probabilities of the first ones and of each cluster; a cluster, which is computed only for
    samples whose class lies there, those of its classes. Of a class in a cluster the two are added.

    Parameters
    ----------
    in_features : int
        Features of the input.
    n_classes : int
        How many classes.
    cutoffs : sequence of int
        The first class of each cluster, increasing.
    div_value : float
        Cluster k = 1, 2, ... computes with in_features // div_value**k features.
    head_bias : bool
        Whether the head has a bias.
    dtype : dtype, optional
        Of the parameters.

    Attributes
    ----------
    head : Linear
        Of the first classes, then the clusters.
    tail : ModuleList
        A Sequential of two Linear without bias for each cluster.

    Raises
    ------
    ShapeError
        If a setting is out of range.

    Examples
    --------
    >>> import numpy as np, nn
    >>> layer = nn.AdaptiveLogSoftmaxWithLoss(8, 20, cutoffs=[5, 10], div_value=2.0)
    >>> x = np.ones((3, 8), dtype=np.float32)
    >>> output, loss = layer(x, np.array([0, 7, 19]))
    >>> output.shape, bool(np.isclose(loss, -output.mean()))
    ((3,), True)
    >>> p = np.exp(layer.log_prob(x))
    >>> p.shape, bool(np.allclose(p.sum(axis=1), 1))
    ((3, 20), True)
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        *,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        name = type(self).__name__
        checks.count(name, "in_features", in_features)
        checks.count(name, "n_classes", n_classes)
        checks.positive(name, "div_value", div_value)
        firsts = list(cutoffs)
        whole = all(hasattr(c, "__index__") and not isinstance(c, bool) for c in firsts)
        if not firsts or not whole or any(b <= a for a, b in pairwise([0, *firsts, n_classes])):
            raise shape_error(
                f"{name}: cutoffs must be one or more increasing integers from 1 to n_classes - 1 "
                f"= {n_classes - 1}, not {cutoffs!r}."
            )
        self.in_features, self.n_classes, self.div_value = in_features, n_classes, div_value
        self.cutoffs = [*map(int, firsts), n_classes]
        self.head_bias = head_bias
        self.shortlist_size, self.n_clusters = self.cutoffs[0], len(firsts)
        self.head_size = self.shortlist_size + self.n_clusters
        self.head = Linear(in_features, self.head_size, bias=head_bias, dtype=dtype)
        self.tail = ModuleList()
        for k, (first, end) in enumerate(pairwise(self.cutoffs), 1):
            features = int(in_features // div_value**k)
            if not features:
                raise shape_error(
                    f"{name}: cluster {k} would compute with in_features // div_value**{k} = 0 "
                    f"features; give a div_value below {in_features ** (1 / k):.3g}, or fewer "
                    "cutoffs."
                )
            self.tail.append(
                Sequential(
                    Linear(in_features, features, bias=False, dtype=dtype),
                    Linear(features, end - first, bias=False, dtype=dtype),
                )
            )

    def reset_parameters(self) -> None:
        """Draw new values."""
        for layer in (self.head, *(layer for cluster in self.tail for layer in cluster)):
            layer.reset_parameters()

    def forward(self, input_: Any, target_: Any) -> Any:
        """Compare.

        Parameters
        ----------
        input_ : shape (n, in_features), or (in_features,)
            The samples.
        target_ : integers of shape (n,), or ()
            Their classes.

        Returns
        -------
        output : shape (n,), or ()
            The log-probability of each sample's class.
        loss : scalar
            Minus their mean.
        """
        name = type(self).__name__
        input_ = as_array(input_)
        target = beside(input_, raw(target_))
        shape = np.shape(input_)
        if (len(shape), np.ndim(target)) not in ((2, 1), (1, 0)) or shape[-1] != self.in_features:
            raise shape_error(
                f"{name}: an input of shape {shape} and targets of shape {np.shape(target)} do not "
                f"fit; (n, {self.in_features}) and (n,) are needed, or ({self.in_features},) and "
                "() for one sample."
            )
        rows, index = input_.reshape((-1, shape[-1])), target.reshape(-1)
        valid_targets(name, index, (np.shape(rows)[0], self.n_classes), None)
        if not np.shape(rows)[0]:
            raise shape_error(f"{name}: the batch is empty, so it has no mean.")
        if is_batched(index):  # `vmap` follows the classes: they choose no rows
            output = at(self.log_prob(rows), np.arange(np.shape(rows)[0]), index)
        else:
            output = self._of_classes(rows, index)
        return _ASMoutput(output.reshape(np.shape(target)), -np.mean(output))

    def _of_classes(self, rows: Any, index: Any) -> Any:
        """Return the log-probability of one class for each row; clusters see their own rows."""
        cluster = np.searchsorted(np.asarray(self.cutoffs), index, side="right")  # 0: the head
        places = np.where(cluster == 0, index, self.shortlist_size - 1 + cluster)
        output = at(log_softmax(self.head(rows), 1), np.arange(len(places)), places)
        parts, order = [], []
        for k in range(self.n_clusters + 1):
            (chosen,) = np.nonzero(cluster == k)
            if not len(chosen):
                continue
            part = at(output, chosen)
            if k:
                inside = index[chosen] - self.cutoffs[k - 1]
                found = log_softmax(self.tail[k - 1](at(rows, chosen)), 1)
                part = part + at(found, np.arange(len(chosen)), inside)
            parts.append(part)
            order.append(chosen)
        if len(parts) == 1:
            return parts[0]
        return at(np.concatenate(parts), np.argsort(np.concatenate(order)))

    def log_prob(self, input: Any) -> Any:
        """Return the log-probabilities of all classes.

        Parameters
        ----------
        input : shape (n, in_features)
            The samples.

        Returns
        -------
        shape (n, n_classes)
            Log-probabilities.
        """
        input = self._rows(input)
        head = log_softmax(self.head(input), 1)
        parts = [head[:, : self.shortlist_size]]
        for k, cluster in enumerate(self.tail):
            of_cluster = head[:, self.shortlist_size + k, None]
            parts.append(log_softmax(cluster(input), 1) + of_cluster)
        return np.concatenate(parts, axis=1)

    def predict(self, input: Any) -> Any:
        """Return the most probable class of each sample.

        Parameters
        ----------
        input : shape (n, in_features)
            The samples.

        Returns
        -------
        integers of shape (n,)
            Classes.
        """
        input = raw(self._rows(input))
        with no_grad():
            best = np.argmax(raw(self.head(input)), axis=1)
            rare = best >= self.shortlist_size
            if is_batched(input):
                return np.argmax(raw(self.log_prob(input)), axis=1)
            if np.any(everything(rare)):  # a class of a cluster is rarer than its cluster
                best[rare] = np.argmax(raw(self.log_prob(input[rare])), axis=1)
        return best

    def _rows(self, input: Any) -> Any:
        input = as_array(input)
        if np.ndim(input) != 2 or np.shape(input)[1] != self.in_features:
            raise shape_error(
                f"{type(self).__name__}: the input has shape {np.shape(input)}; "
                f"(n, {self.in_features}) is needed."
            )
        return input
