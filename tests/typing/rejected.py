"""What a type checker must reject: each comment names the error; unused ones are errors too."""

from __future__ import annotations

import optim
from autograd_core import Tensor, grad


def loss(w: Tensor, scale: float) -> Tensor:
    return (w * scale).sum()


def mistakes() -> None:
    x = Tensor([1.0, 2.0], requires_grad=True)
    x.requires_gard = True  # type: ignore[attr-defined]
    x.backwards()  # type: ignore[attr-defined]
    Tensor([1.0], require_grad=True)  # type: ignore[call-arg]
    grad(loss)(x)  # type: ignore[call-arg]
    grad(loss)(x, "two")  # type: ignore[arg-type]
    grad(loss)(1.0, 2.0)  # type: ignore[arg-type]
    grad(loss, argnum=1)  # type: ignore[call-overload]
    x.reshape(order=3)  # type: ignore[arg-type]
    optim.Adam([x], rate=0.1)  # type: ignore[call-arg]
    optim.Adam([x]).step(closure=3.0)  # type: ignore[call-overload]
