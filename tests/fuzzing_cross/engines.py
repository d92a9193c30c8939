"""The engines: each runs a program's text and answers the same questions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

import autograd_core as ac
import nn.functional
from fuzzing_cross import layers
from fuzzing_cross.statements import Program, Statement

Arrays = Sequence[Any]


def prelude(dialect: str) -> dict[str, Any]:
    """The names that a program's text uses."""
    return dict(_prelude(dialect))


@cache
def _prelude(dialect: str) -> dict[str, Any]:
    if dialect == "numpy":
        names = {"np": np, "F": nn.functional, "grad": ac.grad, "vmap": ac.vmap, "jvp": ac.jvp,
                 "checkpoint": ac.checkpoint, "I": np.array}  # fmt: skip
        library: Any = np
    elif dialect == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)
        jax.config.update("jax_platforms", "cpu")
        library = jax.numpy
        names = {"jnp": library, "grad": jax.grad, "vmap": jax.vmap, "jvp": jax.jvp,
                 "checkpoint": jax.checkpoint, "I": np.array}  # fmt: skip
    else:
        import torch

        torch.set_default_dtype(torch.float64)
        torch.set_num_threads(1)
        functions: Any = torch.nn.functional
        library = torch
        if dialect == "noisy":
            library, functions = _Noisy(torch), _Noisy(functions)
        names = {"torch": library, "F": functions, "grad": torch.func.grad, "I": torch.tensor,
                 "vmap": lambda f: torch.func.vmap(f, randomness="different"), "noise": _noise,
                 "jvp": torch.func.jvp, "checkpoint": lambda f: f}  # fmt: skip
    names["lstm"] = lambda *a: layers.lstm(library, *a)
    names["gru"] = lambda *a: layers.gru(library, *a)
    return names


def _noise(x: Any) -> Any:
    """X with rounding errors some times larger than they are."""
    import torch

    size = 3e-7 if x.dtype in (torch.float32, torch.complex64) else 1e-15
    return x * (1 + size * torch.randn(x.shape, dtype=x.real.dtype if x.is_complex() else x.dtype))


class _Noisy:
    """A module of PyTorch whose saturating functions have noise that their derivatives see.

    The slope of tanh near 1 is made from the rounded result, so one last place of it may be all.
    """

    def __init__(self, module: Any) -> None:
        self._module = module
        self.tanh = _seen(module.tanh, lambda y: 1 - y * y)
        self.sigmoid = _seen(module.sigmoid, lambda y: y * (1 - y))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._module, name)


def _seen(function: Callable[[Any], Any], slope: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A function with noise in its result, from which its derivatives are made."""
    from torch.autograd import Function

    class Seen(Function):
        generate_vmap_rule = True

        @staticmethod
        def forward(x: Any) -> Any:
            return _noise(function(x))

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.save_for_backward(output)
            ctx.save_for_forward(output)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * slope(ctx.saved_tensors[0])

        @staticmethod
        def jvp(ctx: Any, t: Any) -> Any:
            return t * slope(ctx.saved_tensors[0])

    applied: Callable[[Any], Any] = Seen.apply
    return applied


def load(program: Program, dialect: str, constant: Callable[[Any], Any] = lambda a: a) -> Any:
    """The program's function in an engine's words, and the program as one number.

    The number is the outputs' sum with fixed, uneven weights, so that it depends on all of them.
    """
    scope = prelude(dialect)
    scope.update({f"v{k}": constant(a) for k, a in program.constants.items()})
    terms = []
    for k, n in enumerate(program.outputs):
        y = np.asarray(program.kept[n])
        w = (1 + 0.5 * np.cos(1.7 * np.arange(y.size) + k)).reshape(y.shape)
        w = w.astype(np.float32 if y.dtype.char in "fF" else np.float64)
        scope[f"w{k}"] = constant(w)
        part = (
            f"np.sum(np.real(y[{k}]) * w{k})" if y.dtype.kind == "c" else f"np.sum(y[{k}] * w{k})"
        )
        terms.append(part)
        if y.dtype.kind == "c":
            scope[f"u{k}"] = constant(w * 0.5)
            terms.append(f"np.sum(np.imag(y[{k}]) * u{k})")
    total = Statement(" + ".join(terms), ()).line(dialect)
    text = f"{program.text(dialect)}\n\ndef s(*xs):\n    y = f(*xs)\n    return {total}\n"
    exec(compile(text, f"<program {program.seed}>", "exec"), scope)
    return scope["f"], scope["s"]


def doubled(x: Any) -> Any:
    """An array in double precision."""
    return x.astype(complex if x.dtype.kind == "c" else float)


def wide(program: Program) -> Program:
    """The program in double precision."""

    def widened(s: Statement) -> Statement:
        text = s.text.replace("float32", "float64")
        torch = None if s.torch is None else s.torch.replace("float32", "float64")
        return replace(s, text=text, torch=torch, body=tuple(map(widened, s.body)))

    arguments, constants, kept = (
        {k: doubled(a) for k, a in arrays.items()}
        for arrays in (program.arguments, program.constants, program.kept)
    )
    statements = list(map(widened, program.statements))
    return Program(arguments, constants, statements, program.outputs, program.seed, kept)


class Torch:
    """PyTorch's eager mode: values, gradients, and second derivatives along a direction."""

    name = "PyTorch"

    def __init__(self, program: Program, dialect: str = "torch") -> None:
        import torch

        self.torch = torch
        self.f, self.s = load(program, dialect, torch.tensor)

    def answers(self, xs: Arrays, vs: Arrays, second: bool = True) -> dict[str, list[Any]]:
        """The outputs, the gradients, and the Hessian times vs."""
        torch = self.torch
        inputs = [torch.tensor(x, requires_grad=True) for x in xs]
        found = {"value": [_array(y) for y in self.f(*inputs)]}
        gradients = self._of(self.s(*inputs), inputs, second)
        found["gradient"] = [_array(g) for g in gradients]
        if second:
            pairs = zip(gradients, vs, strict=True)
            along = sum((g * torch.tensor(v)).real.sum() for g, v in pairs)
            found["second"] = [_array(h) for h in self._of(along, inputs, False)]
        return found

    def _of(self, y: Any, inputs: Any, more: bool) -> Any:
        if not isinstance(y, self.torch.Tensor) or not y.requires_grad:
            return [self.torch.zeros_like(x) for x in inputs]
        found = self.torch.autograd.grad(
            y, inputs, create_graph=more, retain_graph=True, materialize_grads=True
        )
        return [g.conj() for g in found]  # PyTorch's gradient of a complex number is the conjugate


def _array(x: Any) -> Any:
    return np.array((x + 0).detach().resolve_conj().resolve_neg().numpy())


class Jax:
    """JAX without jit."""

    name = "JAX"

    def __init__(self, program: Program) -> None:
        import jax

        self.jax = jax
        self.f, self.s = load(program, "jax")

    def answers(self, xs: Arrays, vs: Arrays, second: bool = True) -> dict[str, list[Any]]:
        """As PyTorch's."""
        jax, jnp = self.jax, self.jax.numpy
        every = tuple(range(len(xs)))
        with jax.disable_jit():
            inputs = tuple(jnp.asarray(x) for x in xs)
            found = {"value": [np.asarray(y) for y in self.f(*inputs)]}
            first, along = jax.jvp(jax.grad(self.s, every), inputs, tuple(map(jnp.asarray, vs)))
        found["gradient"] = [np.asarray(g) for g in first]
        found["second"] = [np.asarray(h) for h in along]
        return found


class Differences:
    """NumPy's values and their differences: an oracle that needs no other library."""

    name = "differences"

    def __init__(self, program: Program) -> None:
        self.f, self.s = load(wide(program), "numpy")

    def answers(self, xs: Arrays, vs: Arrays, second: bool = False) -> dict[str, list[Any]]:
        """The outputs, and the gradients by central differences of two sizes."""
        xs = [doubled(x) for x in xs]
        outputs = self.f(*[x.copy() for x in xs])
        gradients = []
        for k, x in enumerate(xs):
            g = np.zeros_like(x)
            for place in np.ndindex(x.shape):
                g[place] = self._slope(xs, k, place, 1.0)
                if x.dtype.kind == "c":
                    g[place] -= 1j * self._slope(xs, k, place, 1j)
            gradients.append(g)
        return {"value": [np.array(y) for y in outputs], "gradient": gradients}

    def _slope(self, xs: Arrays, k: int, place: Any, unit: Any) -> Any:
        slopes = []
        for h in (2e-4, 1e-4):
            ends = []
            for sign in (h, -h):
                near = [x.copy() for x in xs]
                near[k][place] += sign * unit
                ends.append(self.s(*near))
            slopes.append((ends[0] - ends[1]) / (2 * h))
        return (4 * slopes[1] - slopes[0]) / 3
