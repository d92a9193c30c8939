"""Everything that is made to be printed prints under every encoding of standard output."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from autograd_core.base.printing import Text, printable

ROOT = Path(__file__).parents[2]
SCRIPT = textwrap.dedent("""
    import numpy as np
    import nn, optim
    from autograd_core import Tensor, cost, draw, explain, jacobian, vmap
    from autograd_core.elimination import compare_orders
    from autograd_core.matrix_chain import matrix_chain
    from autograd_core.rounding import rounding

    x, y = Tensor(2.0, requires_grad=True), Tensor(3.0, requires_grad=True)
    F = x**3 * (x + 3 * y)
    W = Tensor(np.ones((3, 3)), requires_grad=True)
    L = np.ones(3)
    for _ in range(3):
        L = np.tanh(W @ L)
    L = np.sum(L)
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    trainer = nn.Trainer(model, nn.CrossEntropyLoss(), optim.SGD(model.parameters(), lr=0.1),
                         callbacks=[nn.LayerStatistics()])
    ledger = cost(lambda x: np.sum(np.tanh(x)), np.ones(3))
    things = [
        F, W, model, draw(F), draw(F).to_text(), draw(L), explain(x, F), explain(W, L), ledger,
        ledger.table("line"), ledger.summary(), ledger.modes(),
        nn.summary(model, np.ones((2, 3), np.float32)),
        jacobian(np.tanh, return_plan=True)(np.ones(3))[1], matrix_chain((2, 3), (3, 4), (4, 1)),
        compare_orders(lambda x: np.exp(x[0]) * x[1], np.ones(2)),
        rounding(lambda x: np.sum(np.sin(x)), np.ones(3)),
        trainer.fit((np.ones((8, 3), np.float32), np.zeros(8, int)), epochs=2), *trainer.callbacks,
        *F.backward_steps(),
    ]
    for thing in things:
        print(thing)
        print(repr(thing)) if not isinstance(thing, str) else None
    vmap(lambda x: (print(x), print(repr(x)), x)[-1])(np.ones((2, 3)))
""")


@pytest.mark.slow
@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "cp437", "utf-8"])
def test_everything_prints(encoding: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": encoding, "PYTHONPATH": str(ROOT)},
    )
    assert run.returncode == 0, run.stderr.decode(errors="replace")
    shown = run.stdout.decode(encoding)
    assert len(shown) > 3000
    assert ("∂F/∂x = 140" if encoding == "utf-8" else "140") in shown
    assert "?" not in shown or encoding != "ascii"  # every sign of ours has a spelling


def test_text_is_whole_where_it_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Console:
        encoding = "ascii"

    text = Text("a × b")
    monkeypatch.setattr(sys, "stdout", Console)
    assert str(text) == "a x b"
    assert text == "a × b"
    (tmp_path / "kept").write_text(text, encoding="utf-8")
    assert (tmp_path / "kept").read_text(encoding="utf-8") == "a × b"
    monkeypatch.setattr(sys, "stdout", None)  # as under pythonw
    assert str(text) == "a × b"
    assert printable("x", "no such encoding") == "x"
