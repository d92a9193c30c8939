"""PyTorch's keywords that have no effect here: accepted if harmless, refused otherwise."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from autograd_core.extend import Location, errors, refusal

_Class = TypeVar("_Class", bound=type)

# The values that may be given, the default first.  Those that would change the numbers are absent.
HARMLESS: dict[str, tuple[Any, ...]] = {
    "inplace": (False, True),  # the result is a new array in both cases
    "device": (None, "cpu"),
    "foreach": (None, False, True),
    "fused": (None, False, True),
    "capturable": (False, True),
    "differentiable": (False,),
    "size_average": (None,),
    "reduce": (None,),
    "max_norm": (None,),
    "norm_type": (2.0,),
    "scale_grad_by_freq": (False,),
    "sparse": (False,),
    "_weight": (None,),
    "_freeze": (False,),
    "add_bias_kv": (False,),
    "add_zero_attn": (False,),
    "proj_size": (0,),
    "enable_nested_tensor": (True, False),
    "mask_check": (True, False),
    "pin_memory": (False, True),
    "pin_memory_device": ("",),
    "persistent_workers": (False, True),  # threads are cheap to begin
    "multiprocessing_context": (None,),
    "generator": (None,),
    "in_order": (True,),
}
_IN_ORDER = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_REMEDIES = {
    "device": "arrays live in the machine's memory",
    "size_average": "use reduction=",
    "reduce": "use reduction=",
    "_weight": "use Embedding.from_pretrained",
    "_freeze": "use Embedding.from_pretrained",
    "multiprocessing_context": "workers are threads",
    "in_order": "batches always come in order",
}


def check_harmless(owner: str, name: str, value: Any) -> None:
    """Raise `SettingError` unless a keyword has a value that changes nothing."""
    allowed = HARMLESS[name]
    text = str(value) if name == "device" and value is not None else value
    if not any(type(text) is type(v) and text == v for v in allowed):
        words = " or ".join(map(repr, allowed))
        raise errors.SettingError(
            f"{owner}: {name}={value!r} is not supported; it may be {words}"
            + (f": {_REMEDIES[name]}." if name in _REMEDIES else "."),
            Location.of_caller(),
        )


def accepts(*names: str) -> Callable[[_Class], _Class]:
    """Let a class be made with keywords of PyTorch's that have no effect.

    Parameters
    ----------
    *names : str
        Keywords in `HARMLESS`.

    Examples
    --------
    >>> import nn
    >>> nn.ReLU(inplace=True)
    ReLU()
    """

    def decorate(cls: _Class) -> _Class:
        make: Any = cls.__init__  # type: ignore[misc]
        shown = inspect.signature(make)
        in_order = [n for n, p in shown.parameters.items() if p.kind in _IN_ORDER][1:]
        more = any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in shown.parameters.values())

        @wraps(make)
        def init(self: Any, *args: Any, **keywords: Any) -> None:
            if len(args) == len(in_order) + 1 and "inplace" in names and not more:
                keywords["inplace"], args = args[-1], args[:-1]  # PyTorch's last: ReLU(True)
            elif len(args) > len(in_order) and not more:
                parameters = list(init.__signature__.parameters.values())  # type: ignore[attr-defined]
                raise refusal(type(self).__name__, parameters[1:], args, keywords)
            for name in names:
                if name in keywords:
                    check_harmless(type(self).__name__, name, keywords.pop(name))
            make(self, *args, **keywords)

        init.__signature__ = shown.replace(  # type: ignore[attr-defined]
            parameters=[
                *shown.parameters.values(),
                *(
                    inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=HARMLESS[n][0])
                    for n in names
                ),
            ]
        )
        cls.__init__ = init  # type: ignore[misc]
        return cls

    return decorate
