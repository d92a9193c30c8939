"""Peak memory of training steps, ours beside PyTorch's (Linux only).

    python -m benchmarks.training_memory [--only lstm]

Each engine runs each model in a process of its own: two small steps load the libraries and
kernels, then four whole steps.  What counts is how far the peak of the resident memory lies above
what it was before those; "process" is the peak of the whole process, libraries included.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.models import convnet

os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "2")


def mlp(kind: Any, bend: str) -> Any:
    return kind.Sequential(
        kind.Linear(1024, 1024), getattr(kind, bend)(),
        kind.Linear(1024, 1024), getattr(kind, bend)(), kind.Linear(1024, 10),
    )  # fmt: skip


# the model, the batch's shape, the axis of the batch, and the target's shape, or None for labels
CASES: dict[str, tuple[Any, tuple[int, ...], int, tuple[int, ...] | None]] = {
    "mlp, relu": (lambda kind: mlp(kind, "ReLU"), (8192, 1024), 0, None),
    "mlp, gelu": (lambda kind: mlp(kind, "GELU"), (8192, 1024), 0, None),
    "conv net with batch norm": (convnet, (256, 3, 32, 32), 0, None),
    "transformer layer": (
        lambda kind: kind.TransformerEncoderLayer(256, 8, 1024, 0.0, batch_first=True),
        (32, 128, 256), 0, (32, 128, 256),
    ),
    "lstm": (lambda kind: kind.LSTM(256, 512), (128, 64, 256), 1, (128, 64, 512)),
    "gru": (lambda kind: kind.GRU(256, 512), (128, 64, 256), 1, (128, 64, 512)),
}  # fmt: skip
ENGINES = ("PyTorch", "ours, compiled", "ours, NumPy alone")


def resident(field: str) -> float:
    """Return a line of the process's status in MiB."""
    found = re.search(rf"{field}:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found
    return int(found.group(1)) / 1024


def measure(engine: str, name: str) -> None:
    import numpy as np

    make, shape, axis, wanted = CASES[name]
    rng = np.random.default_rng(0)
    x: Any = rng.standard_normal(shape, dtype=np.float32)
    target: Any = rng.integers(0, 10, shape[0])
    if wanted is not None:
        target = rng.standard_normal(wanted, dtype=np.float32)
    if engine == "PyTorch":
        import torch

        torch.set_num_threads(2)
        kind, optimizer, x, target = torch.nn, torch.optim.SGD, *map(torch.tensor, (x, target))
    else:
        import nn
        import optim

        nn.use_kernels(compiled=engine == "ours, compiled")
        kind, optimizer = nn, optim.SGD
    model = make(kind)
    loss = kind.CrossEntropyLoss() if wanted is None else kind.MSELoss()
    update = optimizer(model.parameters(), lr=1e-3)

    def step(n: int) -> None:
        few = (slice(None),) * axis + (slice(n),)
        update.zero_grad()
        y = model(x[few])
        y = y[0] if isinstance(y, tuple) else y
        loss(y, target[few]).backward()
        del y
        update.step()

    step(4)
    step(4)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = resident("VmRSS")
    for _ in range(4):
        step(shape[axis])
    print(f"{resident('VmHWM') - before} {resident('VmHWM')}")


def main() -> None:
    if len(sys.argv) > 2 and sys.argv[1] in ENGINES:
        measure(sys.argv[1], sys.argv[2])
        return
    only = sys.argv[2] if sys.argv[1:2] == ["--only"] else ""
    print(f"{'MiB':28}{'engine':20}{'of a step':>10}{'ratio':>8}{'process':>10}")
    for name in CASES:
        if only not in name:
            continue
        found = {}
        for engine in ENGINES:
            text = subprocess.run(
                [sys.executable, "-m", "benchmarks.training_memory", engine, name],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
            found[engine], process = map(float, text.split())
            ratio = found[engine] / found["PyTorch"]
            print(f"{name:28}{engine:20}{found[engine]:10.1f}{ratio:8.2f}{process:10.1f}")


if __name__ == "__main__":
    main()
