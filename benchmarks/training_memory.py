"""Peak memory of a training step of the conv net, ours beside PyTorch's (Linux only).

    python -m benchmarks.training_memory

Each engine runs in a process of its own: two steps on four images load the
libraries and kernels, then four steps on 64 images.  What counts is how far the
peak of the resident memory lies above what it was before those.
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


def resident(field: str) -> float:
    """Return a line of the process's status in MiB."""
    found = re.search(rf"{field}:\s+(\d+)", Path("/proc/self/status").read_text())
    assert found
    return int(found.group(1)) / 1024


def measure(engine: str) -> None:
    import numpy as np

    rng = np.random.default_rng(0)
    x: Any = rng.normal(size=(64, 3, 32, 32)).astype(np.float32)
    target: Any = rng.integers(0, 10, 64)
    if engine == "PyTorch":
        import torch

        torch.set_num_threads(2)
        kind, optimizer, x, target = torch.nn, torch.optim.SGD, *map(torch.tensor, (x, target))
    else:
        import nn
        import optim

        nn.use_kernels(compiled=engine == "ours, compiled")
        kind, optimizer = nn, optim.SGD
    model, loss = convnet(kind), kind.CrossEntropyLoss()
    update = optimizer(model.parameters(), lr=1e-3)

    def step(n: int) -> None:
        update.zero_grad()
        loss(model(x[:n]), target[:n]).backward()
        update.step()

    step(4)
    step(4)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
    before = resident("VmRSS")
    for _ in range(4):
        step(64)
    print(f"{resident('VmHWM') - before} {resident('VmHWM')}")


def main() -> None:
    if len(sys.argv) > 1:
        measure(sys.argv[1])
        return
    found = {}
    print(f"{'conv net 3-32-64-64, MiB':28}{'of a step':>10}{'ratio':>8}{'process':>10}")
    for engine in ("PyTorch", "ours, compiled", "ours, NumPy alone"):
        text = subprocess.run(
            [sys.executable, "-m", "benchmarks.training_memory", engine],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        step, process = map(float, text.split())
        found[engine] = step
        print(f"{engine:28}{step:10.1f}{step / found['PyTorch']:8.2f}{process:10.1f}")


if __name__ == "__main__":
    main()
