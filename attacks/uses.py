"""Some thirty kinds of use, each a function without arguments that always returns the same bits.

Threads run them at once, children of forks run them, interrupts hit them, loops look for what
they leave behind, and every way of starting Python must come to the same numbers.
"""

from __future__ import annotations

import asyncio
import copy
import hashlib
import json
import os
import pickle
import tempfile
import warnings
from collections.abc import AsyncIterator, Callable, Generator
from typing import Any

import numpy as np

import autograd_core as ag
import nn
import optim
from attacks.harness import Finding
from autograd_core import Tensor
from autograd_core.base import tree
from autograd_core.engine import scopes
from autograd_core.workers import setting

X = np.array([0.3, -1.2, 2.0, 0.7])
A = np.cos(np.arange(16.0)).reshape(4, 4) + 4 * np.eye(4)
Use = Callable[[], Any]
USES: dict[str, Use] = {}
warnings.filterwarnings("ignore", category=ag.RecordedAgain)


def use(f: Use) -> Use:
    """Put a function into the table."""
    USES[f.__name__] = f
    return f


def digest(nest: Any) -> str:
    """Return a short name of all bits, shapes and dtypes in a nest."""
    found = hashlib.sha256()
    for leaf in tree.leaves(nest):
        if leaf is None or isinstance(leaf, str):
            found.update(repr(leaf).encode())
            continue
        array = np.asarray(leaf.data if isinstance(leaf, Tensor) else leaf)
        found.update(f"{array.dtype} {array.shape}".encode() + array.tobytes())
    return found.hexdigest()[:16]


def records() -> bool:
    """Tell whether an operation is recorded here and now."""
    return bool((Tensor(1.0, requires_grad=True) * 2.0).requires_grad)


def check_modes() -> None:
    """Require that no mode and no scope was left behind."""
    if scopes._inner.get() is not None:
        raise Finding("a scope was left open")
    if not records():
        raise Finding("no_grad was left on")
    with np.errstate(divide="ignore"):
        try:
            np.log(Tensor(0.0, requires_grad=True))
        except ag.NonFiniteError as error:
            raise Finding("detect_anomaly was left on") from error


def check_arrays() -> None:
    """Require that what a compiled function captures is not left locked."""
    if A.__class__ is not np.ndarray:
        raise Finding("something else was left in a captured array's place")
    if not A.flags.writeable:
        raise Finding("an array that a compiled function captured was left locked")


def f(x: Any) -> Any:
    return np.sum(np.tanh(A @ x) * x) + np.prod(x)


def fixed(model: Any) -> Any:
    """Give a model weights that do not depend on the shared random sequence."""
    rng = np.random.default_rng(3)
    for p in model.parameters():
        p.data[...] = rng.normal(size=p.shape) * 0.3
    return model


def step(model: Any, x: Any, optimizer: Any = None, times: int = 2) -> Any:
    """Train a few steps; return weights and buffers."""
    fixed(model)
    optimizer = optimizer or optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(times):
        optimizer.zero_grad()
        output = model(x)
        output = output[0] if isinstance(output, tuple) else output
        np.mean(output * output).backward()
        optimizer.step()
    return {k: np.array(v) for k, v in model.state_dict().items()}


@use
def backward() -> Any:
    x = Tensor(X, requires_grad=True)
    for _ in range(2):
        f(x).backward()
    return x.grad


@use
def gradient_of_gradient() -> Any:
    return ag.grad(lambda x: np.sum(ag.grad(f)(x) ** 2))(X)


@use
def forward() -> Any:
    return ag.jvp(ag.grad(f), (X,), (np.ones(4),)), ag.hvp(f, (X,), (X,))


@use
def pullback() -> Any:
    value, back = ag.vjp(lambda x: np.sin(A @ x), X)
    return value, back(X), ag.linearize(f, X)[1](X)


@use
def jacobians() -> Any:
    return ag.jacobian(lambda x: np.exp(-((A @ x) ** 2)))(X), ag.hessian(f)(X)


@use
def sparse() -> Any:
    from autograd_core.sparse import sparse_jacobian

    return sparse_jacobian(lambda x: x[1:] * x[:-1], format="triples")(X)


@use
def batches() -> Any:
    return ag.vmap(ag.grad(f))(np.stack([X, 2 * X, -X]))


@use
def forgetting() -> Any:
    return ag.grad(lambda x: ag.checkpoint(f)(ag.checkpoint(np.sin)(x)))(X)


SHARED = ag.compile(lambda x: np.sum(np.cos(x) * x))


@use
def compiled_once() -> Any:
    return SHARED(X), SHARED(np.ones((2, 3)))


@use
def compiled_anew() -> Any:
    g = ag.compile(lambda x, k: np.sum(np.sin(k * x) ** 2) + np.sum(A))
    return g(X, 2.0), g(X, 3.0), g(np.ones((3, 1)), 1.0)


@use
def in_place() -> Any:
    x = Tensor(X, requires_grad=True)
    y = x * 2.0
    y[1:3] += y[2:] * 3.0
    y += 1.0
    np.sum(np.exp(y)).backward()
    return x.grad


@use
def complex_numbers() -> Any:
    return ag.grad(lambda x: np.sum(np.abs(np.fft.fft(x * x)) ** 2))(X)


@use
def linear_algebra() -> Any:
    def g(m: Any) -> Any:
        s = m @ m.T
        return np.sum(np.linalg.solve(m, X)) + np.linalg.slogdet(s)[1] + np.linalg.eigvalsh(s)[0]

    return ag.grad(g)(A), ag.grad(lambda m: np.sum(np.linalg.svd(m)[1] ** 3))(A)


@use
def products() -> Any:
    return ag.grad(lambda m: np.sum(np.einsum("ij,jk,k->i", m, m, X) ** 2))(A)


def _cube(x: Any) -> Any:
    return x**3


@use
def own_rule() -> Any:
    cube = ag.primitive(_cube, vjp=lambda g, y, x: (3 * g * x * x,), name="cube")
    return ag.grad(lambda x: np.sum(cube(x)))(X)


@use
def hooks() -> Any:
    seen: list[Any] = []
    x = Tensor(X, requires_grad=True)
    y: Any = np.exp(x)
    y.retain_grad()
    y.register_hook(lambda g: g * (1.0 + len(seen.__iadd__([g.data]))))
    np.sum(y * x).backward()
    return x.grad, y.grad, seen


@use
def errors() -> Any:
    text = []
    for wrong in (
        lambda x: x @ np.ones(3),
        lambda x: float(x[0]),
        lambda x: np.linalg.cholesky(-A * x[0]),
    ):
        try:
            ag.grad(wrong)(X)
        except ag.AutogradError as error:
            text.append(len(str(error)) > 20)
    return text


@use
def modes() -> Any:
    x = Tensor(X, requires_grad=True)
    with ag.no_grad(), ag.detect_anomaly():
        with ag.enable_grad():
            y = np.sum(x * x)
        z = y * 2
    y.backward()
    return x.grad, z.requires_grad, records()


def silent() -> Generator[bool, None, None]:
    with ag.no_grad():
        yield records()
        yield records()


@use
def generators() -> Any:
    running = [silent() for _ in range(3)]
    seen = [next(steps) for steps in running]
    for k in (1, 0, 2):
        running[k].close()
    return seen, records()


async def _numbers() -> AsyncIterator[bool]:
    with ag.no_grad():
        for _ in range(3):
            yield records()


async def _consumer() -> list[bool]:
    seen = []
    left = []
    for _ in range(3):
        steps = _numbers()
        left.append(steps)
        async for value in steps:
            seen.append(value)
            break
    del left, steps  # the loop closes them, in a context of its own
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    return [*seen, records()]


@use
def asynchronous_generators() -> Any:
    return asyncio.run(_consumer()), records()


@use
def dense() -> Any:
    return step(nn.Sequential(nn.Linear(4, 8), nn.GELU(), nn.LayerNorm(8), nn.Linear(8, 2)), A)


@use
def images() -> Any:
    layers = [nn.Conv2d(2, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2)]
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(36, 2))
    x = np.sin(np.arange(3 * 2 * 36.0)).reshape(3, 2, 6, 6).astype(np.float32)
    return step(model, x, optim.SGD(model.parameters(), lr=0.1, momentum=0.9))


@use
def sequences() -> Any:
    return step(nn.LSTM(4, 5, batch_first=True), np.sin(np.arange(24.0)).reshape(2, 3, 4))


@use
def attention() -> Any:
    layer = nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True)
    return step(layer, np.cos(np.arange(24.0)).reshape(2, 3, 4), times=1)


@use
def trainer() -> Any:
    model = fixed(nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 1)))
    optimizer = optim.AdamW(model.parameters(), lr=1e-2)
    calls = [nn.EarlyStopping("loss", patience=3), nn.GradientClipping(1.0)]
    teacher = nn.Trainer(model, nn.MSELoss(), optimizer, callbacks=calls, progress=False)
    history = teacher.fit((A, X[:, None]), epochs=2, batch_size=2)
    return dict(model.state_dict()), history["loss"]


@use
def settings() -> Any:
    model = fixed(nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.5), nn.BatchNorm1d(3)))
    with nn.use_kernels(compiled=False, threads=1):
        model.eval()
        other = {k: v * 2 for k, v in model.state_dict().items() if "bias" not in k}
        found = nn.functional_call(model, other, (A,)), model(A)
    return found, setting("threads")


@use
def files() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "weights.safetensors")
        nn.save({"a": A, "b": X.astype(np.float32)}, path, {"who": "né"})
        return nn.load(path), nn.load_metadata(path)["who"] == "né"


@use
def copies() -> Any:
    model = fixed(nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3)))
    twin = pickle.loads(pickle.dumps(copy.deepcopy(model)))
    return step(twin, A, times=1)


@use
def minimum() -> Any:
    return optim.newton(lambda x: np.sum(np.cosh(x - X)), np.zeros(4)).x


@use
def graphs() -> Any:
    x = Tensor(X, requires_grad=True)
    y = f(x)
    text = str(ag.Graph(y)) + str(ag.explain(x, y)) + str(ag.cost(f, X)) + repr(x)
    return len(text) > 100


@use
def checked() -> Any:
    return ag.gradcheck(f, X)


@use
def branches() -> Any:
    def g(x: Any) -> Any:
        a, b = ag.branch(x, 2)
        with ag.scope("part"):
            return np.sum(ag.plus(a, b * ag.stop_gradient(x), np.where(x > 0, x, x * 0.1)))

    return ag.value_and_grad(g)(X)


_known: dict[str, str] = {}


def expected(name: str) -> str:
    """Return the digest of a use, run alone; the second run, since the first one loads modules."""
    if name not in _known:
        USES[name]()
        _known[name] = digest(USES[name]())
    return _known[name]


def same(name: str, what: str) -> None:
    """Run a use again, and require the same bits and no mode left behind."""
    found = digest(USES[name]())
    if found != expected(name):
        raise Finding(f"{name}: other bits {what}")
    check_modes()


def main() -> None:
    """Print the digest of every use, and some text that not every terminal can show."""
    text = json.dumps({name: digest(work()) for name, work in USES.items()})
    check_modes()
    print(ag.cost(f, X))
    print("digests", text)


if __name__ == "__main__":
    main()
