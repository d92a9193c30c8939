"""A training as a user writes it, which something may happen to.

[mpiexec -n 2] python tests/distributed/program.py FOLDER [what happens]
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np

if "early" in sys.argv and os.environ.get("PMI_RANK") == "1":
    raise ImportError("before nn")

import nn
import optim

HAPPENS = sys.argv[2] if len(sys.argv) > 2 else ""


class Accident(nn.Callback):
    """Lets something happen to rank 1 in the third epoch."""

    def on_backward(self, trainer):
        if nn.distributed.get_rank() != 1 or (trainer.epoch, trainer.batch) != (2, 1):
            return
        if HAPPENS == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if HAPPENS == "error":
            raise ValueError("the seventh seal")
        if HAPPENS == "exit":
            sys.exit(0)


def cut():
    """Interrupt rank 1 while it waits for rank 0."""
    group = nn.distributed.launch.world()
    if group.rank == 1:
        threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    else:
        time.sleep(30)
    group.sum(np.ones(2))


def main():
    folder = Path(sys.argv[1])
    if HAPPENS == "cut":
        cut()
    nn.set_default_dtype(np.float64)
    nn.manual_seed(0)
    rng = np.random.default_rng(0)
    x = rng.normal(size=(50, 5))
    y = (x[:, 0] * x[:, 1] > 0).astype(int)
    dropout = 0.0 if "plain" in sys.argv else 0.3
    model = nn.Sequential(nn.Linear(5, 16), nn.Tanh(), nn.Dropout(dropout), nn.Linear(16, 2))
    model = nn.DataParallel(model)  # the one line
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    trainer = nn.Trainer(
        model,
        nn.CrossEntropyLoss(),
        optimizer,
        metrics={"accuracy": nn.accuracy},
        callbacks=[Accident()],
        checkpoint=folder / "run.safetensors",
        checkpoint_batches=2,
        progress=True,
    )
    trainer.fit((x, y), epochs=1 if "one" in sys.argv else 5, batch_size=16)
    if nn.distributed.is_main_process():
        print("done", trainer.history["loss"])
        nn.save(model, folder / "model.safetensors")


if __name__ == "__main__":
    main()
