"""Complex numbers: one convention inside, PyTorch's at .grad, JAX's at the transforms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from cases.complex_numbers import FUNCTIONS, SHIFT

from autograd_core import NonScalarError, Tensor, grad, gradients, jvp, vjp

RNG = np.random.default_rng(5)


def draw(*shape: int) -> Any:
    return RNG.uniform(0.3, 1.2, shape) + 1j * RNG.uniform(0.3, 1.2, shape)


Z = draw(3, 3)
rows = pytest.mark.parametrize("name", FUNCTIONS)


def parts(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def slope(f: Any, z: Any, v: Any) -> list[Any]:
    h = 1e-3

    def at(t: float) -> list[Any]:
        return parts(f(z + t * v))

    return [
        (8 * (a - b) - (c - d)) / (12 * h)
        for a, b, c, d in zip(at(h), at(-h), at(2 * h), at(-2 * h), strict=True)
    ]


@rows
def test_both_modes(name: str) -> None:
    """Forward mode is the derivative along a complex direction; reverse is its transpose."""
    f, _ = FUNCTIONS[name]
    v = draw(3, 3)
    _, pushed = jvp(f, (Z,), (v,))
    for t, n in zip(parts(pushed), slope(f, Z, v), strict=True):
        np.testing.assert_allclose(t, n, rtol=1e-7, atol=1e-8)
    out, pull = vjp(f, Z)
    ws = [draw(*np.shape(o)) if np.iscomplexobj(o) else draw(*np.shape(o)).real for o in parts(out)]
    (g,) = pull(ws if isinstance(out, list) else ws[0])
    left = sum(np.sum(w * t).real for w, t in zip(ws, parts(pushed), strict=True))
    np.testing.assert_allclose(np.sum(g * v).real, left, rtol=1e-9)


@rows
def test_second_order(name: str) -> None:
    f, _ = FUNCTIONS[name]
    v, u = draw(3, 3), draw(3, 3)

    def s(z: Any) -> Any:
        total: Any = 0.0
        for k, part in enumerate(parts(f(z))):
            total = total + np.sum(np.real(part * (0.7 - 0.4j + k)))
        return total

    def along(z: Any) -> Any:
        return jvp(s, (z,), (v,))[1]

    numerical = (along(Z + 1e-5 * u) - along(Z - 1e-5 * u)) / 2e-5
    np.testing.assert_allclose(jvp(along, (Z,), (u,))[1], numerical, rtol=2e-4, atol=1e-5)
    np.testing.assert_allclose(np.sum(grad(along)(Z) * u).real, numerical, rtol=2e-4, atol=1e-5)
    gradient = jvp(grad(s), (Z,), (u,))[1]
    np.testing.assert_allclose(np.sum(gradient * v).real, numerical, rtol=2e-4, atol=1e-5)


def loss(z: Any) -> Any:
    return np.sum(np.abs(np.exp(z) * z) ** 2) + np.sum(np.real(z * (2 - 3j)))


def test_dot_grad_is_the_steepest_ascent_and_grad_its_conjugate() -> None:
    """PyTorch: dL/dx + i dL/dy.  JAX: dL/dx - i dL/dy."""
    numerical = np.zeros_like(Z)
    for place in np.ndindex(Z.shape):
        unit = np.zeros_like(Z)
        unit[place] = 1.0
        (dx,), (dy,) = slope(loss, Z, unit), slope(loss, Z, 1j * unit)
        numerical[place] = dx + 1j * dy
    z = Tensor(Z, requires_grad=True)
    loss(z).backward()
    np.testing.assert_allclose(z.grad.data, numerical, rtol=1e-8)
    np.testing.assert_allclose(gradients(loss(z), [z])[0].data, numerical, rtol=1e-8)
    np.testing.assert_allclose(grad(loss)(Z), np.conj(numerical), rtol=1e-8)


def test_a_step_against_dot_grad_descends() -> None:
    z = Tensor(Z, requires_grad=True)
    value = loss(z)
    value.backward()
    assert loss(Z - 1e-4 * z.grad.data) < value.item()


def test_jax_s_holomorphic_statement() -> None:
    """For a holomorphic f, the vjp of 1 is f'(z), without conjugates."""
    z = 0.4 + 0.9j
    (g,) = vjp(np.sin, np.complex128(z))[1](np.complex128(1.0))
    np.testing.assert_allclose(g, np.cos(z))


@pytest.mark.parametrize("name", [n for n, (_, t) in FUNCTIONS.items() if t])
def test_pytorch_agrees(name: str) -> None:
    torch = pytest.importorskip("torch")
    f, called = FUNCTIONS[name]
    x = torch.tensor(Z, requires_grad=True)
    shifted = x + torch.tensor(SHIFT) if called in ("inv", "det") else x
    theirs = getattr(torch if hasattr(torch, called) else torch.linalg, called)(shifted)
    w = draw(*theirs.shape)
    w = w if theirs.is_complex() else w.real
    theirs.backward(torch.tensor(w))
    z = Tensor(Z, requires_grad=True)
    out = f(z)
    out.backward(w)
    np.testing.assert_allclose(z.grad.data, x.grad.resolve_conj().numpy(), rtol=1e-9, atol=1e-10)
    (again,) = gradients(f(z), [z], seed=w)
    np.testing.assert_allclose(again.data, z.grad.data, rtol=1e-14)


def test_hooks_see_pytorch_s_gradient() -> None:
    seen = []
    z = Tensor(Z, requires_grad=True)

    def hook(g: Any) -> Any:
        seen.append(g.data)
        return g * 2j

    z.register_hook(hook)
    loss(z).backward()
    np.testing.assert_allclose(seen[0], np.conj(grad(loss)(Z)), rtol=1e-12)
    np.testing.assert_allclose(z.grad.data, 2j * seen[0], rtol=1e-12)


def test_real_inputs_of_complex_programs_have_real_gradients() -> None:
    x = Tensor([0.3, 0.7], requires_grad=True)
    np.sum(np.abs(np.fft.fft(np.exp(1j * x) * x)) ** 2).backward()
    assert x.grad.dtype == np.float64
    np.testing.assert_allclose(x.grad.data, 4 * x.data, rtol=1e-12)  # Parseval


def test_complex_values_have_no_gradient_of_their_own() -> None:
    z = Tensor(1 + 2j, requires_grad=True)
    with pytest.raises(NonScalarError, match="complex"):
        (z * z).backward()
    with pytest.raises(NonScalarError, match="complex"):
        grad(lambda z: z * z)(np.complex128(1 + 2j))


def test_python_s_complex_numbers_do_not_leave_numpy() -> None:
    x = Tensor(2.0, requires_grad=True)
    assert (1j * x).dtype == np.complex128
    assert (1j * Tensor(np.float32(2.0), requires_grad=True)).dtype == np.complex64
    np.real((3 - 1j) * np.exp(1j * x)).backward()
    np.testing.assert_allclose(x.grad.data, np.real((3 - 1j) * 1j * np.exp(2j)))
