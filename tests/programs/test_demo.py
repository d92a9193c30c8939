"""The main job does what it says."""

import pytest

pytest.importorskip("sklearn", reason="needs the extra: demo")

from examples import common, digits


@pytest.mark.slow
def test_main_job(tmp_path, capsys):
    found = {r.key: r.value for r in digits.main(["--out", str(tmp_path)])}
    assert found["accuracy"] >= 0.97
    assert found["times"] > 100  # thousands, on a machine with nothing else to do
    assert found["difference"] < 1e-12
    assert "4,810 passes" in capsys.readouterr().out
    for name in ("backprop.html", "learning_curve.png", "misread.png", "digits.safetensors"):
        assert (tmp_path / name).stat().st_size > 5000
    assert "loss" in (tmp_path / "graph.txt").read_text(encoding="utf-8")


@pytest.mark.slow
def test_weights_can_be_loaded_again(tmp_path):
    import nn

    (first, *_) = digits.main(["--quick", "--out", str(tmp_path), "--epochs", "3"])
    assert "3 epochs" in first.claim
    model = digits.network()
    model.load_state_dict(nn.load(tmp_path / "digits.safetensors"))
    _, held_out, _, labels = common.digits()
    assert common.accuracy(model, held_out, labels) == first.value > 0.85
