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


nn.keep_freed_memory()


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


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="how glibc gives memory back")
def test_a_training_step_takes_no_fresh_pages():
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    done = subprocess.run(
        [sys.executable, "-c", STEPS], capture_output=True, text=True, check=True, env=environment
    )
    assert float(done.stdout) < 200  # some 5,000 before, 20 MB


KEPT = """
import sys
import numpy as np
import nn, optim

def kept():
    '''Freed in pieces that stand between others, as programs do: how much of 48 MB stays.'''
    def resident():
        return int(open("/proc/self/statm").read().split()[1]) * 4096
    before = resident()
    arrays = [np.ones(3 << 20, np.uint8) for _ in range(16)]
    top = bytes(64)
    del arrays
    return (resident() - before) >> 20

if sys.argv[1] == "trainer":
    model = nn.Linear(2, 1)
    trainer = nn.Trainer(model, nn.MSELoss(), optim.SGD(model.parameters(), lr=0.1), progress=False)
    trainer.fit((np.ones((4, 2), np.float32), np.ones((4, 1), np.float32)), epochs=1)
print(kept())
"""


@pytest.mark.slow
@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="how glibc gives memory back")
def test_importing_changes_nothing_and_training_keeps_memory():
    environment = {k: v for k, v in os.environ.items() if not k.startswith("MALLOC_")}
    imported, trained = (
        int(subprocess.run([sys.executable, "-c", KEPT, what], capture_output=True, text=True,
                           check=True, env=environment).stdout)
        for what in ("import", "trainer")
    )  # fmt: skip
    assert imported <= 4
    assert trained >= 24
