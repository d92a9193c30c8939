"""PyTorch's own settings of every optimizer: twenty steps, states, flags, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import optim
from autograd_core import AutogradError, Tensor

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")  # PyTorch's databases import it

from pytorch_samples import OPTIMIZERS, ours  # noqa: E402 - it needs PyTorch

# SparseAdam takes sparse gradients there; test_torch_optim.py compares it
HERE = [info for info in OPTIMIZERS if hasattr(optim, info.name) and info.name != "SparseAdam"]
BY_NAME = {info.name: info for info in HERE}
STEPS, CLOSE = 20, 1e-9
# flags that choose among kernels of PyTorch's: accepted, with the same numbers
FLAGS = [
    {}, {"foreach": True}, {"foreach": False}, {"fused": False}, {"differentiable": False},
    {"capturable": False}, {"foreach": True, "maximize": True},
]  # fmt: skip
SHAPES = [(3, 4), (2, 5)]


def settings_of(info: Any) -> list[dict[str, Any]]:
    """Return PyTorch's settings, each with the flags that the optimizer there knows."""
    found = []
    for given in info.optim_inputs_func(device="cpu"):
        for flags in FLAGS:
            merged = {**given.kwargs, **flags}
            if isinstance(merged.get("lr"), torch.Tensor) and flags.get("foreach"):
                continue  # refused there
            try:
                info.optim_cls([torch.nn.Parameter(torch.zeros(2, 2))], **merged)
            except (TypeError, RuntimeError):  # no such flag
                continue
            if merged not in found:
                found.append(merged)
    return found


@pytest.fixture(autouse=True)
def _double_precision() -> Any:
    """Let PyTorch keep its rates in double precision too; by default ASGD rounds them."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


CASES = [(info.name, settings) for info in HERE for settings in settings_of(info)]


def label(case: Any) -> str:
    name, settings = case
    return f"{name}-" + "-".join(f"{k}={v}" for k, v in settings.items())


class Pair:
    """The same parameters and the same loss in both libraries."""

    def __init__(self, name: str, settings: dict[str, Any], complex_: bool = False) -> None:
        rng = np.random.default_rng(5)
        draw = rng.standard_normal
        start = [draw(s) + 1j * draw(s) if complex_ else draw(s) for s in SHAPES]
        self.start = start
        self.mine = [Tensor(a, requires_grad=True) for a in start]
        self.its = [torch.nn.Parameter(torch.tensor(a)) for a in start]
        self.a = getattr(optim, name)(self.mine, **{k: ours(v) for k, v in settings.items()})
        self.b = BY_NAME[name].optim_cls(self.its, **settings)

    def step(self) -> None:
        def mine() -> Any:
            self.a.zero_grad()
            loss = sum(np.sum(np.sqrt(1 + np.abs(p - 0.3) ** 2)) for p in self.mine)
            loss.backward()
            return loss

        def its() -> Any:
            self.b.zero_grad()
            loss = sum(torch.sqrt(1 + torch.abs(p - 0.3) ** 2).sum() for p in self.its)
            loss.backward()
            return loss

        self.a.step(mine)
        self.b.step(its)

    def check(self, tolerance: float = CLOSE) -> None:
        for p, q in zip(self.mine, self.its, strict=True):
            np.testing.assert_allclose(p.data, q.detach().numpy(), tolerance, tolerance)


@pytest.mark.parametrize("case", CASES, ids=label)
def test_twenty_steps(case: Any) -> None:
    name, settings = case
    pair = Pair(name, settings)
    for _ in range(STEPS):
        pair.step()
        if name != "Muon":
            pair.check()
    if name == "Muon":  # PyTorch orthogonalizes in bfloat16, whose numbers have three digits
        moved = max(np.abs(p.data - a).max() for p, a in zip(pair.mine, pair.start, strict=True))
        pair.check(0.02 * moved)
        return
    found, wanted = pair.a.state_dict(), pair.b.state_dict()
    for place, entry in wanted["state"].items():
        for key, value in entry.items():
            if value is None or key == "al":  # scratch memory of PyTorch's
                continue
            mine = found["state"][place][key]
            if isinstance(value, list):
                assert len(mine) == len(value)
            else:
                np.testing.assert_allclose(mine, np.asarray(value), 1e-7, 1e-9, err_msg=key)
    for group, other in zip(found["param_groups"], wanted["param_groups"], strict=True):
        for key in group.keys() & other.keys() - {"params", "lr"}:
            assert group[key] == pytest.approx(other[key]) or not other[key], key


COMPLEX = [info.name for info in HERE if info.supports_complex and info.name != "LBFGS"]


def test_lbfgs_refuses_complex_parameters() -> None:
    with pytest.raises(AutogradError, match="arrays of real numbers"):
        Pair("LBFGS", {}, complex_=True).step()


@pytest.mark.parametrize("name", COMPLEX)
def test_complex_parameters(name: str) -> None:
    for given in BY_NAME[name].optim_inputs_func(device="cpu"):
        pair = Pair(name, given.kwargs, complex_=True)
        for _ in range(STEPS):
            pair.step()
            pair.check()


# what PyTorch cannot do with its kernels, and what is done here
ACCEPTED = {
    "lr as a Tensor is not supported for capturable=False and foreach=True",
    "betas must be either both floats or both Tensors",
    "betas\\[0\\] as a Tensor is not supported for capturable=False and foreach=True",
}


def error_cases() -> list[Any]:
    found = []
    for info in HERE:
        for k, entry in enumerate(info.optim_error_inputs_func(device="cpu", dtype=torch.float64)):
            found.append(pytest.param(info, entry, id=f"{info.name}-{k}"))
    return found


def converted(params: Any, made: dict[int, Any]) -> Any:
    """Return parameters as ours, the same object for the same tensor."""
    if isinstance(params, torch.Tensor):
        if id(params) not in made:
            made[id(params)] = Tensor(params.detach().numpy().copy(), requires_grad=True)
            if params.grad is not None:
                made[id(params)].grad = params.grad.numpy()
        return made[id(params)]
    if isinstance(params, dict):
        return {key: converted(value, made) for key, value in params.items()}
    if isinstance(params, (list, tuple)):
        return type(params)(converted(value, made) for value in params)
    return params


@pytest.mark.parametrize(("info", "entry"), error_cases())
def test_what_pytorch_refuses(info: Any, entry: Any) -> None:
    given = entry.optimizer_error_input
    params = given.params
    if params is None:
        params = [torch.nn.Parameter(torch.ones(2, 2, dtype=torch.float64))]
    mine, settings = converted(params, {}), {k: ours(v) for k, v in given.kwargs.items()}

    def made() -> None:
        getattr(optim, info.name)(mine, **settings).step()

    if entry.error_regex in ACCEPTED:
        made()
        return
    with pytest.raises(AutogradError):
        made()


def test_flags_are_accepted_and_other_values_refused() -> None:
    p = Tensor(np.ones(2), requires_grad=True)
    for info in HERE:
        if info.name not in ("LBFGS", "Muon"):
            with pytest.raises(AutogradError, match="differentiable"):
                getattr(optim, info.name)([p], differentiable=True)
