"""Activations that are declared by their rule: the keyword, and one form of docstring, for all."""

from __future__ import annotations

from functools import partial

from .pointwise import declared

# Formulas say x; users say `input`, as in PyTorch.
activation = partial(declared, renamed={"x": "input"})


def elementwise_doc(summary: str, call: str, result: str, **settings: str) -> str:
    """Return the docstring of a function of each element.

    Parameters
    ----------
    summary : str
        The formula, its derivative where it has none, its source.
    call, result : str
        An example, and what it shows.
    **settings : str
        What each setting is.

    Examples
    --------
    >>> text = elementwise_doc("x + 1.", "up(np.zeros(2))", "array([1., 1.])", by="The step.")
    >>> text.splitlines()[0], "by : float" in text
    ('x + 1.', True)
    """
    listed = "".join(f"{name} : float\n    {text}\n" for name, text in settings.items())
    return (
        f"{summary}\n\n"
        "Parameters\n----------\n"
        f"input : array or Tensor or Dual\n    Real numbers x, of any shape.\n{listed}\n"
        "Returns\n-------\n"
        "array or Tensor or Dual\n    Shaped like the input.\n\n"
        "Raises\n------\n"
        "DTypeError\n    If the input does not hold numbers.\n\n"
        f"Examples\n--------\n>>> {call}\n{result}\n"
    )
