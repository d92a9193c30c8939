"""The exceptions of networks and their training; those of the engine are in autograd_core."""

from __future__ import annotations

from autograd_core import AutogradError, UnsupportedError, optim

StateDictError = optim.StateDictError  # modules and optimizers share it


class DataError(AutogradError, ValueError):
    """Data that cannot be trained on: empty, of unequal lengths, NaN, labels out of range.

    Parameters
    ----------
    message : str
        What is wrong with the data and what to do about it.
    where : Location, optional
        The user's line; shown under the message.

    Examples
    --------
    >>> import nn
    >>> try:
    ...     nn.DataLoader(([1.0, float("nan")],))
    ... except nn.DataError as error:
    ...     print("refused")
    refused
    """


class SerializationError(AutogradError, ValueError):
    """A file that is damaged or hostile, or values that a file cannot hold.

    Parameters
    ----------
    message : str
        The path, what is wrong with the file or the value, and what to do about it.
    where : Location, optional
        The user's line; shown under the message.

    Examples
    --------
    >>> import nn, os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "weights.safetensors")
    ...     _ = open(path, "wb").write(b"not this")
    ...     try:
    ...         nn.load(path)
    ...     except nn.SerializationError as error:
    ...         print("refused")
    refused
    """


class DistributedError(AutogradError, RuntimeError):
    """Processes that train together cannot go on: one has failed, or does something else.

    Raised on all of them, with what each was about to do.

    Parameters
    ----------
    message : str
        What each rank was about to do, and what to do about it.
    where : Location, optional
        The user's line; shown under the message.

    Examples
    --------
    >>> import nn
    >>> issubclass(nn.DistributedError, RuntimeError)
    True
    """


class MissingExtraError(UnsupportedError, ImportError):
    """A package that is optional and not installed; the message says what to install."""
