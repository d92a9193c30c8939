"""Weights on disk, and input that is wrong: a clear error, nothing half-changed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd_core import AutogradError, ShapeError

F = nn.functional


def test_round_trip_of_every_dtype(tmp_path: Path) -> None:
    path = tmp_path / "all.safetensors"
    kinds = ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?"]
    state: dict[str, Any] = {k: np.arange(6).astype(k).reshape(2, 3) for k in kinds}
    state.update(empty=np.zeros((0, 3)), scalar=np.float32(2.5), strided=np.arange(9.0)[::2])
    nn.save(state, path, {"who": "test"})
    found = nn.load(path)
    assert found.keys() == state.keys()
    for name, value in state.items():
        assert found[name].dtype == np.asarray(value).dtype
        np.testing.assert_array_equal(found[name], value)
    assert nn.load_metadata(path) == {"who": "test"}
    assert int.from_bytes(path.read_bytes()[:8], "little") % 8 == 0


def test_bfloat16_is_read_as_float32(tmp_path: Path) -> None:
    path = tmp_path / "b.safetensors"
    bits = (np.array([1.0, -2.5], np.float32).view(np.uint32) >> 16).astype("<u2")
    path.write_bytes(
        made({"x": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}, bits.tobytes())
    )
    np.testing.assert_array_equal(nn.load(path)["x"], np.array([1.0, -2.5], np.float32))


def made(header: Any, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def entry(kind: Any = "F32", shape: Any = (2,), offsets: Any = (0, 8)) -> dict[str, Any]:
    return {"x": {"dtype": kind, "shape": shape, "data_offsets": offsets}}


HOSTILE = {
    "empty": (b"", "too few"),
    "seven bytes": (b"\0" * 7, "too few"),
    "huge header": (made({}, length=2**63), "claims"),
    "header beyond the end": (made({}, length=50), "claims"),
    "no json": (made(b"{nope"), "not valid JSON"),
    "not utf-8": (made(b'{"\xff\xfe":1}'), "not valid JSON"),
    "deep json": (made(b'{"x":' + b"[" * 100_000), "exactly dtype"),
    "a list": (made([1]), "not a JSON object"),
    "same name twice": (made(b'{"__metadata__":{},"__metadata__":{}}'), "twice"),
    "no entry": (made({"x": 3}), "exactly dtype, shape"),
    "unknown dtype": (made(entry("F7"), b"\0" * 8), "dtype"),
    "dtype of wrong kind": (made(entry(["F32"]), b"\0" * 8), "dtype"),
    "negative length": (made(entry(shape=[-2], offsets=[0, 8]), b"\0" * 8), "natural numbers"),
    "fractional length": (made(entry(shape=[2.0]), b"\0" * 8), "natural numbers"),
    "boolean length": (made(entry(shape=[True], offsets=[0, 4]), b"\0" * 4), "natural numbers"),
    "enormous shape": (made(entry(shape=[2**40, 2**40], offsets=[0, 8]), b"\0" * 8), "takes"),
    "shape and data differ": (made(entry(shape=[3]), b"\0" * 8), "takes 12 bytes"),
    "offsets backwards": (made(entry(offsets=[8, 0]), b"\0" * 8), "takes"),
    "gap": (made(entry(offsets=[4, 12]), b"\0" * 12), "expected"),
    "overlap": (
        made({"a": entry()["x"], "b": entry(offsets=(4, 12))["x"]}, b"\0" * 12), "expected",
    ),
    "truncated": (made(entry(), b"\0" * 7), "truncated"),
    "too long": (made(entry(), b"\0" * 9), "the file has 9"),
    "metadata of wrong kind": (made({"__metadata__": {"a": 1}}), "metadata"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_file(case: str, tmp_path: Path) -> None:
    content, reason = HOSTILE[case]
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content)
    with pytest.raises(nn.SerializationError, match=reason) as caught:
        nn.load(path)
    assert "bad.safetensors" in str(caught.value)


def test_every_truncation_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "cut.safetensors"
    nn.save(nn.Linear(2, 2), path)
    whole = path.read_bytes()
    for n in range(len(whole)):
        path.write_bytes(whole[:n])
        with pytest.raises(nn.SerializationError):
            nn.load(path)


def test_failed_save_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    nn.save({"a": np.ones(3)}, path)
    for wrong in ({"a": np.array(["text"])}, {"a": np.array([1j])}, {3: np.ones(2)}, [1]):
        with pytest.raises(nn.SerializationError):
            nn.save(wrong, path)
    with pytest.raises(nn.SerializationError, match="metadata"):
        nn.save({}, path, {"a": 1})  # type: ignore[dict-item]
    assert [p.name for p in tmp_path.iterdir()] == ["w.safetensors"]
    np.testing.assert_array_equal(nn.load(path)["a"], np.ones(3))


@pytest.mark.slow
def test_kill_in_mid_save_leaves_a_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    nn.save({"a": np.zeros(500_000)}, path)
    script = (
        "import sys, numpy as np, nn\n"
        "k = 0\n"
        "print('ready', flush=True)\n"
        "while True:\n"
        "    k += 1\n"
        f"    nn.save({{'a': np.full(500_000, float(k))}}, {str(path)!r})\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    for wait in (0.011, 0.023, 0.037):
        child = subprocess.Popen(
            [sys.executable, "-c", script], stdout=subprocess.PIPE, env=environment
        )
        assert child.stdout is not None
        child.stdout.readline()
        try:
            child.wait(wait)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        found = nn.load(path)["a"]
        assert found.shape == (500_000,)
        assert (found == found[0]).all()


# --- state dicts ------------------------------------------------------------


def test_state_dict_that_does_not_fit_changes_nothing() -> None:
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    before = {k: v.copy() for k, v in model.state_dict().items()}
    wrong = {k: np.full_like(v, 7) for k, v in before.items()}
    wrong["0.wieght"] = wrong.pop("0.weight")
    wrong["1.bias"] = np.zeros(3)
    wrong["0.bias"] = np.array(["a", "b"])
    with pytest.raises(nn.StateDictError) as caught:
        model.load_state_dict(wrong)
    text = str(caught.value)
    for part in (
        "missing: 0.weight", "0.wieght (did you mean 0.weight?)", "1.bias: shape (3,)",
        "0.bias: <U1",
    ):  # fmt: skip
        assert part in text
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(value, before[name])
    with pytest.raises(nn.StateDictError, match="mapping"):
        model.load_state_dict([1, 2])  # type: ignore[arg-type]


def test_not_strict_takes_what_fits() -> None:
    model = nn.Linear(3, 2)
    report = model.load_state_dict({"weight": np.ones((2, 3)), "other": 1}, strict=False)
    assert report == (["bias"], ["other"])
    assert (model.weight.data == 1).all()


def test_loading_between_forward_and_backward_is_noticed() -> None:
    model = nn.Linear(3, 2)
    x = nn.Parameter(np.ones((1, 3), np.float32))
    loss = np.sum(model(x))
    model.load_state_dict(model.state_dict())
    with pytest.raises(AutogradError, match="overwritten"):
        loss.backward()


# --- bad input --------------------------------------------------------------

X = np.ones((4, 3))
IMAGES = np.ones((2, 3, 8, 8))
BAD = {
    "linear": (lambda: nn.Linear(5, 2)(X), r"linear: the input has shape \(4, 3\).*s = 5"),
    "no features": (lambda: nn.Linear(0, 2), "must be positive"),
    "conv channels": (lambda: nn.Conv2d(4, 2, 3)(IMAGES), "the input has 3 channels"),
    "conv groups": (lambda: nn.Conv2d(4, 3, 3, groups=2), "divide"),
    "conv kernel": (lambda: nn.Conv2d(3, 2, 9)(IMAGES), "larger than the input"),
    "conv axes": (lambda: nn.Conv2d(3, 2, 3)(X), "need 4 axes"),
    "conv stride": (lambda: nn.Conv2d(3, 2, 3, stride=0)(IMAGES), "positive"),
    "conv pair": (lambda: nn.Conv2d(3, 2, (1, 2, 3)), "integer or 2"),
    "transposed": (lambda: nn.ConvTranspose2d(3, 2, 3, output_padding=1)(IMAGES), "output_padding"),
    "pool": (lambda: nn.MaxPool2d(9)(IMAGES), "larger than the input"),
    "pool padding": (lambda: nn.MaxPool2d(2, padding=2)(IMAGES), "at most half"),
    "batch norm axes": (lambda: nn.BatchNorm2d(3)(X), "needs 4 axes"),
    "batch norm channels": (lambda: nn.BatchNorm1d(4)(X), "channels on axis 1"),
    "batch norm of one": (lambda: nn.BatchNorm1d(3)(X[:1]), "more than one value"),
    "layer norm": (lambda: nn.LayerNorm(4)(X), "must end in"),
    "group norm": (lambda: nn.GroupNorm(2, 3), "do not divide"),
    "dropout": (lambda: nn.Dropout(1.5), r"in \[0, 1\]"),
    "embedding": (lambda: nn.Embedding(3, 2)(np.array([0, 3])), "index 3 is outside"),
    "embedding floats": (lambda: nn.Embedding(3, 2)(X), "must be integers"),
    "lstm": (lambda: nn.LSTM(4, 2)(np.ones((5, 2, 3))), "input_size = 4"),
    "lstm state": (lambda: nn.LSTM(3, 2)(np.ones((5, 2, 3)), np.ones((1, 2, 2))), r"2 array\(s\)"),
    "lstm lengths": (lambda: nn.GRU(3, 2)(np.ones((5, 2, 3)), None, [6, 1]), "from 1 to 5"),
    "lstm empty": (lambda: nn.RNN(3, 2)(np.ones((0, 2, 3))), "empty"),
    "rnn": (lambda: nn.RNN(3, 2, nonlinearity="sin"), "'tanh' or 'relu'"),
    "heads": (lambda: nn.MultiheadAttention(6, 4), "do not divide"),
    "attention": (lambda: nn.MultiheadAttention(4, 2)(X, X, X), "features"),
    "mask": (
        lambda: nn.MultiheadAttention(4, 2)(*[np.ones((3, 1, 4))] * 3, attn_mask=np.ones((2, 2))),
        "attn_mask has shape",
    ),
    "flatten": (lambda: nn.Flatten(2)(X), "no axes"),
    "upsample": (lambda: nn.Upsample()(IMAGES), "either size or scale_factor"),
    "softmax": (lambda: nn.Softmax(temperature=0.0)(X), "temperature must be positive"),
    "mse": (lambda: F.mse_loss(X, X[:1]), "must be equal"),
    "mse empty": (lambda: F.mse_loss(X[:0], X[:0]), "empty"),
    "reduction": (lambda: nn.MSELoss(reduction="avg"), "reduction must be"),
    "label range": (lambda: F.cross_entropy(X, np.array([0, 1, 3, 2])), "2 is class 3.*0 to 2"),
    "label negative": (lambda: F.nll_loss(X, np.array([0, -1, 1, 2])), "target 1 is class -1"),
    "label count": (lambda: F.cross_entropy(X, np.array([0, 1])), r"targets of shape \(4,\)"),
    "label empty": (lambda: F.cross_entropy(X[:0], np.zeros(0, int)), "empty"),
    "all ignored": (lambda: F.cross_entropy(X, np.full(4, -100)), "no target counts"),
    "class weights": (
        lambda: F.cross_entropy(X, np.zeros(4, int), weight=np.ones(2)), "there are 3 classes",
    ),
    "smoothing": (lambda: F.cross_entropy(X, X, label_smoothing=2.0), "label_smoothing"),
    "bce of logits": (lambda: F.binary_cross_entropy(3 * X, X), "_with_logits"),
    "bce of nan": (lambda: F.binary_cross_entropy(np.nan * X, X), "probabilities"),
    "hinge": (lambda: F.hinge_loss(X, 0 * X), r"-1 or \+1"),
    "huber": (lambda: F.huber_loss(X, X, delta=0.0), "positive"),
    "penalty": (lambda: nn.l2_penalty(nn.Linear(2, 2), -1.0), "negative"),
    "fan": (lambda: nn.init.xavier_uniform_(np.ones(3)), "at least 2 axes"),
    "gain": (lambda: nn.init.calculate_gain("sine"), "none of"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_bad_input(case: str) -> None:
    call, message = BAD[case]
    with pytest.raises(ShapeError, match=message) as caught:
        call()
    assert "test_nn_files_and_errors.py" in str(caught.value)  # the user's line, not the layer's


class Forgetful(nn.Module):
    def __init__(self) -> None:
        self.w = nn.Parameter([1.0])


MISUSE = {
    "init missing": (lambda: Forgetful(), "super"),
    "dotted name": (lambda: nn.Module().register_buffer("a.b", X), "without dots"),
    "not a module": (lambda: nn.Sequential(3), "not a Module"),
    "parameter replaced": (lambda: setattr(nn.Linear(2, 2), "weight", X), "is a parameter"),
    "integer dtype": (lambda: nn.Linear(2, 2).to(int), "floating-point"),
}  # fmt: skip


@pytest.mark.parametrize("case", MISUSE)
def test_misuse(case: str) -> None:
    call, message = MISUSE[case]
    with pytest.raises(AutogradError, match=message):
        call()


def test_nan_in_data_is_found_by_detect_anomaly() -> None:
    from autograd_core import detect_anomaly

    x = X.copy()
    x[1, 1] = np.nan
    model = nn.Sequential(nn.Linear(3, 2), nn.LogSoftmax())
    assert np.isnan(model(x).detach().data[1]).all()
    with (
        np.errstate(divide="ignore"),
        detect_anomaly(),
        pytest.raises(AutogradError, match="non-finite"),
    ):
        np.log(model(X) - model(X))
