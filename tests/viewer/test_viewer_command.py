"""``python -m autograd_core.viewer``: what it draws, which status it ends with, what it prints."""

import os
import re
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from autograd_core.viewer.__main__ import INTERRUPTED, main

START = """
import sys
import numpy as np
from autograd_core import Tensor, grad, gradients, value_and_grad, vjp

def loss(w, b):
    h = np.tanh(w * 2.0)
    return np.sum(h * h) + b

w, b = np.array([0.5, -1.0]), 3.0
"""
VALUE = np.array([0.5, -1.0])
SLOPE = 4 * np.tanh(2 * VALUE) * (1 - np.tanh(2 * VALUE) ** 2)
RMS = f"rms {np.sqrt(np.mean(SLOPE**2)):.4g}"

SWEEPS = {
    "grad": ("grad(loss)(w, b)", "w"),
    "value_and_grad": ("value_and_grad(loss, argnums=(0, 1))(w, b)", "w"),
    "a dictionary": ("p = {'w': w}\nvalue_and_grad(lambda q: loss(q['w'], b))(p)", 'p["w"]'),
    "vjp": ("out, pull = vjp(loss, w, b)\npull(1.0)", "w"),
    "gradients": ("t = Tensor(w, requires_grad=True)\ngradients(loss(t, b), [t])", "t"),
    "backward": ("t = Tensor(w, requires_grad=True)\nloss(t, b).backward()", "t"),
    "the last of two": ("grad(lambda v: np.sum(v ** 3))(w)\ngrad(loss)(w, b)", "w"),
    "overwritten later": ("grad(loss)(w, b)\nw[:] = 100.0", "w"),
}


def run(folder, text, *arguments, out="graph.txt"):
    script = folder / "script.py"
    script.write_text(START + textwrap.dedent(text), encoding="utf-8")
    status = main([str(script), "--out", str(folder / out), *arguments])
    path = folder / out
    return status, path.read_text(encoding="utf-8") if path.exists() else ""


@pytest.mark.parametrize("name", SWEEPS)
def test_every_way_of_sweeping_back_is_drawn(name, tmp_path):
    text, leaf = SWEEPS[name]
    status, table = run(tmp_path, text)
    assert status == 0
    row = next(line for line in table.splitlines() if line.startswith(leaf + " "))
    assert re.split(r"  +", row)[3:5] == ["rms 0.7906", RMS]


def test_of_nested_transforms_the_outer_one_is_drawn(tmp_path):
    status, table = run(tmp_path, "grad(lambda v: np.sum(grad(loss)(v, b)))(w)")
    assert status == 0
    y = np.tanh(2 * VALUE)
    second = 8 * (1 - y**2) * (1 - 3 * y**2)
    row = next(line for line in table.splitlines() if line.startswith("w "))
    assert f"rms {np.sqrt(np.mean(second**2)):.4g}" in row


def test_a_sweep_of_the_librarys_own_is_not_drawn(tmp_path):
    text = "from autograd_core import gradcheck\ngrad(loss)(w, b)\n"
    text += "gradcheck(lambda v: np.sum(v ** 3), np.array([2.0]), order=1)"
    status, table = run(tmp_path, text)
    assert status == 0
    assert RMS in next(line for line in table.splitlines() if line.startswith("w "))


def test_forward_mode_has_the_numbers_of_that_time_too(tmp_path):
    text = "t = Tensor(w, requires_grad=True)\nloss(t, b).backward()\nt.data[:] = 100.0"
    status, page = run(tmp_path, text, "--mode", "forward", out="page.html")
    assert status == 0
    assert f'"text":"{SLOPE[0]:.4g}"' in page


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("sys.exit()", 0),
        ("sys.exit(7)", 7),
        ("sys.exit('that was it ∂')", 1),
        ("raise KeyError('x')", 1),
        ("raise KeyboardInterrupt", INTERRUPTED),
    ],
)
def test_the_status_is_the_scripts(end, status, tmp_path, capsys):
    found, table = run(tmp_path, "grad(loss)(w, b)\n" + end)
    assert found == status
    assert RMS in table  # and what there is was drawn
    said = capsys.readouterr().err
    assert ("that was it ∂" in said) == ("that was it" in end)


def test_the_whole_traceback_is_shown_and_nothing_of_ours(tmp_path, capsys):
    text = "def inner():\n    return {}['x']\n\ndef outer():\n    return inner()\n\nouter()\n"
    assert run(tmp_path, text)[0] == 1
    said = capsys.readouterr().err
    line = START.count("\n") + 2
    assert f'script.py", line {line}, in inner' in said
    assert "in outer" in said
    assert "return {}['x']" in said
    assert "KeyError: 'x'" in said
    assert "__main__.py" not in said
    assert "runpy" not in said


def test_a_module_runs_by_its_name(tmp_path, capsys, monkeypatch):
    package = tmp_path / "package"
    package.mkdir()
    (package / "__init__.py").write_text("factor = 2.0\n")
    (package / "train.py").write_text(
        START + "from package import factor\nprint(sys.argv[1:])\ngrad(loss)(w * factor / 2, b)\n"
    )
    monkeypatch.chdir(tmp_path)
    assert main(["-m", "package.train", "--out", "g.txt", "--", "--epochs", "3"]) == 0
    assert "['--epochs', '3']" in capsys.readouterr().out
    assert RMS in (tmp_path / "g.txt").read_text(encoding="utf-8")
    for name in ("package", "package.train"):
        sys.modules.pop(name, None)
    assert main(["-m", "package.absent", "--out", "g.txt"]) == 1
    assert "package.absent" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_ctrl_c_draws_what_there_is_where_output_is_not_utf8(tmp_path):
    script = tmp_path / "schön.py"
    script.write_text(
        START + "t = Tensor(w, requires_grad=True)\ny = loss(t, b)\ny.backward(retain_graph=True)\n"
        "from autograd_core import explain, draw\nprint(explain(t, y)); print(draw(y))\n"
        "print('ready', flush=True)\nimport time\ntime.sleep(60)\n",
        encoding="utf-8",
    )
    process = subprocess.Popen(
        [sys.executable, "-m", "autograd_core.viewer", str(script), "--out",
         str(tmp_path / "größe.txt")],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ | {
            "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )  # fmt: skip
    told = []
    while not told or not told[-1].startswith(b"ready"):
        told.append(process.stdout.readline())
        assert told[-1], process.stderr.read().decode()
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=30)
    assert process.returncode == INTERRUPTED, error
    assert b"operations and leaves" in out
    assert b"UnicodeEncodeError" not in error
    assert any(b"dy/dt" in line for line in told)
    assert RMS in (tmp_path / "größe.txt").read_text(encoding="utf-8")
