"""The main job does what it says."""

import pytest

pytest.importorskip("sklearn", reason="needs the extra: demo")

from examples import digits


def test_main_job(tmp_path, capsys):
    assert digits.main(["--out", str(tmp_path)]) >= 0.97
    printed = capsys.readouterr().out
    assert "reverse mode: 1 sweep" in printed
    assert "4,810 passes" in printed
    for name in ("backprop.html", "learning_curve.png", "misread.png", "digits.safetensors"):
        assert (tmp_path / name).stat().st_size > 5000
    assert "loss" in (tmp_path / "graph.txt").read_text(encoding="utf-8")


def test_weights_can_be_loaded_again(tmp_path):
    import nn

    digits.main(["--out", str(tmp_path), "--epochs", "3"])
    model = digits.network()
    model.load_state_dict(nn.load(tmp_path / "digits.safetensors"))
    _, held_out, _, labels = digits.data()
    assert digits.accuracy(model, held_out, labels) > 0.85
