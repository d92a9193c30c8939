"""The update alone: one optimizer step over an MLP's parameters, beside PyTorch's.

    OMP_NUM_THREADS=2 python benchmarks/optimizers.py [results.json]

784-512-512-10, float32, given gradients.  The two are timed in turn, so that
whatever else the machine does hits both; the ratio is the median over pairs.
"""

import gc
import json
import os
import sys
import time

import numpy as np

import optim
from autograd_core import Tensor

SHAPES = [(512, 784), (512,), (512, 512), (512,), (10, 512), (10,)]
CASES = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 1e-4}),
    ("RMSprop", {}),
    ("Adagrad", {}),
    ("Adam", {}),
    ("AdamW", {}),
    ("Adam", {"amsgrad": True}),
    ("NAdam", {}),
    ("RAdam", {}),
]


def seconds(step, repeat):
    start = time.perf_counter()
    for _ in range(repeat):
        step()
    return (time.perf_counter() - start) / repeat


def pair(mine, theirs, pairs=40, repeat=5):
    """Return the medians of both times and of their ratio."""
    gc.collect()
    gc.disable()
    try:
        for step in (mine, theirs):
            seconds(step, repeat)
        times = [(seconds(mine, repeat), seconds(theirs, repeat)) for _ in range(pairs)]
    finally:
        gc.enable()
    a, b = np.array(times).T
    return float(np.median(a)), float(np.median(b)), float(np.median(a / b))


def main():
    try:
        import torch
    except ImportError:
        sys.exit("this compares with PyTorch: pip install 'autograd-core[bench]'")
    torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "2")))
    rng = np.random.default_rng(0)
    start = [rng.standard_normal(s).astype(np.float32) for s in SHAPES]
    gradients = [rng.standard_normal(s).astype(np.float32) for s in SHAPES]
    print(f"{'':<58}{'ours':>9}{'torch':>9}{'ratio':>7}")
    rows = []
    for name, options in CASES:
        mine = [Tensor(a, requires_grad=True) for a in start]
        theirs = [torch.nn.Parameter(torch.tensor(a)) for a in start]
        for p, q, g in zip(mine, theirs, gradients, strict=True):
            p.grad, q.grad = g, torch.tensor(g)
        a, b, ratio = pair(
            getattr(optim, name)(mine, **options).step,
            getattr(torch.optim, name)(theirs, **options).step,
        )
        label = name + " " + ", ".join(f"{k}={v}" for k, v in options.items())
        print(f"{label:<58}{a * 1e6:>6.0f} us{b * 1e6:>6.0f} us{ratio:>7.2f}")
        rows.append({"case": label.strip(), "ours_s": a, "torch_s": b, "ratio": ratio})
    if len(sys.argv) > 1:
        with open(sys.argv[1], "w", encoding="utf-8") as file:
            json.dump(rows, file, indent=1)


if __name__ == "__main__":
    main()
