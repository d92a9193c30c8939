"""Memory that one training step freed serves the next: no page is asked of the system again."""

import os
import platform
import subprocess
import sys

import pytest

STEPS = """
import resource
import numpy as np
import nn, optim

rng = np.random.default_rng(0)
layer = nn.TransformerEncoderLayer(256, 8, 1024, 0.0, batch_first=True)
x = rng.normal(size=(8, 128, 256)).astype(np.float32)
target = np.zeros_like(x)
criterion, optimizer = nn.MSELoss(), optim.SGD(layer.parameters(), lr=1e-3)


def step():
    optimizer.zero_grad()
    criterion(layer(x), target).backward()
    optimizer.step()


for _ in range(3):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    step()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 5)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="how glibc gives memory back")
def test_a_training_step_takes_no_fresh_pages():
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    done = subprocess.run(
        [sys.executable, "-c", STEPS], capture_output=True, text=True, check=True, env=environment
    )
    assert float(done.stdout) < 200  # some 5,000 before, 20 MB
