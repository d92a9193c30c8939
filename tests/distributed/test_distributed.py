"""Data-parallel training on two ranks: equal to one process, and never a hang."""

from __future__ import annotations

import importlib.util
import json
import os
import random
import re
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import autograd_core
import nn
from nn.distributed import launch
from nn.distributed.streams import reseed, spread
from nn.random import source_state

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MPIEXEC = Path(sys.executable).with_name("mpiexec")
needs_mpi = pytest.mark.skipif(
    importlib.util.find_spec("mpi4py") is None or not MPIEXEC.exists(),
    reason="needs mpi4py and mpiexec beside this Python: pip install 'autograd-core[mpi]'",
)


def environment():
    return {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1", "NN_COMPILED": "0"}


def run(ranks, program, *arguments, timeout=240):
    """Run a program on so many ranks; on none of MPI's for 0."""
    start = [] if ranks == 0 else [str(MPIEXEC), "-n", str(ranks)]
    return subprocess.run(
        [*start, sys.executable, str(HERE / program), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=timeout,
        env=environment(),
        cwd=ROOT,
        check=False,
    )


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """What the checks found on two ranks, all in one start."""
    folder = tmp_path_factory.mktemp("ranks")
    done = run(2, "checks.py", folder / "report.json", folder)
    path = folder / "report.json"
    assert path.exists(), done.stdout + done.stderr
    return json.loads(path.read_text()), done.stdout + done.stderr


def names():
    texts = [path.read_text() for path in sorted(HERE.glob("checks_*.py"))]
    return [name for text in texts for name in re.findall(r"@check\ndef (\w+)", text)]


@needs_mpi
@pytest.mark.slow
@pytest.mark.parametrize("name", names())
def test_on_two_ranks(report, name):
    found, output = report
    assert name in found, f"the program ended before this check:\n{output}"
    for rank, text in enumerate(found[name]):
        assert not text, f"rank {rank}:\n{text}"


@needs_mpi
@pytest.mark.slow
def test_on_three_ranks(tmp_path):
    """Shares that are uneven, and a number that MPI does not halve."""
    chosen = [
        "every_optimizer_equals_one_process",
        "parameters_that_a_rank_does_not_use",
        "batch_norm_over_all_ranks",
        "shares_are_the_whole_in_one_order",
        "weighted_losses_make_uneven_shares_exact",
        "a_trainer_equals_one_process",
        "ranks_that_do_different_things",
    ]
    done = run(3, "checks.py", tmp_path / "report.json", tmp_path, *chosen)
    assert (tmp_path / "report.json").exists(), done.stdout + done.stderr
    found = json.loads((tmp_path / "report.json").read_text())
    assert {name: texts for name, texts in found.items() if any(texts)} == {}
    assert list(found) == chosen


# --- what ends a training ------------------------------------------------------------------------


def losses(done):
    (line,) = [x for x in done.stdout.splitlines() if x.startswith("done")]
    return json.loads(line.removeprefix("done "))


@needs_mpi
@pytest.mark.slow
def test_a_killed_rank_is_named_and_the_next_start_goes_on(tmp_path):
    killed, undisturbed = tmp_path / "killed", tmp_path / "undisturbed"
    killed.mkdir()
    undisturbed.mkdir()
    begin = time.monotonic()
    done = run(2, "program.py", killed, "kill")
    assert time.monotonic() - begin < 60
    assert done.returncode != 0
    assert "nn.distributed: rank 1 (process" in done.stderr
    assert "rank 0 (" not in done.stderr
    assert not (killed / "model.safetensors").exists()
    again = run(2, "program.py", killed)
    straight = run(2, "program.py", undisturbed)
    assert again.returncode == straight.returncode == 0, again.stderr + straight.stderr
    assert again.stdout.count("done") == 1  # printed by one rank
    assert straight.stderr.count("| 0/20 [") == 1  # one progress bar
    assert losses(again) == losses(straight)
    for name in ("model.safetensors",):
        assert (killed / name).read_bytes() == (undisturbed / name).read_bytes()


@needs_mpi
@pytest.mark.slow
def test_resumed_on_another_number_of_ranks(tmp_path):
    """Two ranks, then three, then one process: without dropout all is as if one had done it."""
    whole, moved = tmp_path / "whole", tmp_path / "moved"
    whole.mkdir()
    moved.mkdir()
    done = run(0, "program.py", whole, "plain")
    assert done.returncode == 0, done.stderr
    for ranks, more in ((2, "one"), (3, "one"), (0, "")):
        part = run(ranks, "program.py", moved, "plain", more)
        assert part.returncode == 0, part.stderr
    np.testing.assert_allclose(losses(part), losses(done), rtol=1e-12)
    a, b = (nn.load(folder / "model.safetensors") for folder in (whole, moved))
    for name, value in a.items():
        np.testing.assert_allclose(b[name], value, rtol=1e-10, atol=1e-12, err_msg=name)
    # with dropout: another number of ranks has other streams, but it goes on
    dropped = tmp_path / "dropped"
    dropped.mkdir()
    for ranks, more in ((2, "one"), (3, "")):
        assert run(ranks, "program.py", dropped, more).returncode == 0


@needs_mpi
@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "says"),
    [
        ("error", "rank 1: has failed with ValueError: the seventh seal"),
        ("exit", "rank 1: has reached the end of the script"),
    ],
)
def test_a_rank_that_fails_or_ends_is_an_error_of_all(tmp_path, what, says):
    begin = time.monotonic()
    done = run(2, "program.py", tmp_path, what)
    assert time.monotonic() - begin < 60
    assert done.returncode != 0
    assert "nn.errors.DistributedError" in done.stderr
    assert says in done.stderr
    assert "rank 0: gathers objects" in done.stderr  # the checkpoint after the batch
    assert ("ValueError: the seventh seal" in done.stderr) == (what == "error")
    assert "has died" not in done.stderr


@needs_mpi
@pytest.mark.slow
def test_a_rank_that_never_comes_and_one_that_is_cut_off(tmp_path, monkeypatch):
    monkeypatch.setenv("NN_RANKS_SAY_AFTER", "2")
    monkeypatch.setenv("NN_RANKS_END_AFTER", "4")
    done = run(2, "program.py", tmp_path, "early")
    assert done.returncode != 0
    assert "rank 0 of 2 waits for the others" in done.stderr
    assert "has waited for 4 seconds and ends" in done.stderr
    monkeypatch.setenv("NN_RANKS_END_AFTER", "600")
    begin = time.monotonic()
    done = run(2, "program.py", tmp_path, "cut")
    assert time.monotonic() - begin < 25  # rank 0 would sleep for longer
    assert done.returncode != 0
    assert "KeyboardInterrupt" in done.stderr
    assert "nn.distributed: rank 1 (process" in done.stderr
    assert "was interrupted in the middle of an exchange" in done.stderr


# --- one process ---------------------------------------------------------------------------------


def test_alone_it_only_passes_calls_on():
    nn.manual_seed(0)
    plain = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))
    model = nn.DataParallel(plain)
    x = np.random.default_rng(0).normal(size=(4, 3)).astype("f4")
    state = nn.get_rng_state()
    assert np.array_equal(model(x).detach().data, plain(x).detach().data)
    assert nn.get_rng_state() == state
    assert list(model.state_dict()) == list(plain.state_dict())
    assert [n for n, _ in model.named_parameters()] == [n for n, _ in plain.named_parameters()]
    assert model.get_submodule("0") is plain[0]
    model.load_state_dict(plain.state_dict())
    assert "rank 0 of 1" in repr(model)
    with pytest.raises(autograd_core.SettingError, match="bucket_cap_mb"):
        nn.DataParallel(plain, bucket_cap_mb=0)
    assert (nn.distributed.get_rank(), nn.distributed.get_world_size()) == (0, 1)


def test_a_checkpoint_of_the_plain_model_is_one_of_the_wrapped(tmp_path):
    def training(model):
        optimizer = autograd_core.optim.Adam(model.parameters(), lr=0.1)
        return nn.Trainer(model, nn.MSELoss(), optimizer, checkpoint=tmp_path / "run")

    x = np.random.default_rng(0).normal(size=(8, 2)).astype("f4")
    nn.manual_seed(0)
    plain = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.1))
    plain[1].rng = np.random.default_rng(1)
    training(plain).fit((x, x), epochs=1, batch_size=4)
    wrapped = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.1))
    wrapped[1].rng = np.random.default_rng(2)
    assert training(nn.DataParallel(wrapped)).fit((x, x), epochs=2, batch_size=4)["epoch"] == [1, 2]
    training(plain).load(tmp_path / "run")


def test_started_by_mpi_without_mpi4py(monkeypatch):
    monkeypatch.setattr(launch, "FOUND", [])
    for name in (*launch._RANKS, *launch._SIZES):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delitem(sys.modules, "mpi4py.MPI", raising=False)
    monkeypatch.setitem(sys.modules, "mpi4py", None)  # cannot be imported
    assert launch.world() is launch.ALONE
    launch.FOUND.clear()
    monkeypatch.setenv("PMI_RANK", "2")
    monkeypatch.setenv("PMI_SIZE", "4")
    with pytest.raises(nn.errors.MissingExtraError, match=r"4 processes.*autograd-core\[mpi\]"):
        launch.world()
    monkeypatch.setenv("PMI_SIZE", "1")
    assert launch.world() is launch.ALONE


def test_started_by_mpi_where_no_process_can_be_started(monkeypatch):
    """Then nobody says that a rank waits for the others; all else is as ever."""
    monkeypatch.setattr(launch, "FOUND", [])
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    monkeypatch.setitem(sys.modules, "mpi4py", None)  # cannot be imported
    monkeypatch.delitem(sys.modules, "mpi4py.MPI", raising=False)
    monkeypatch.setenv("PMI_RANK", "0")
    monkeypatch.setenv("PMI_SIZE", "2")
    with pytest.raises(nn.errors.MissingExtraError, match="2 processes"):
        launch.world()


def test_another_mpi_than_mpiexecs_is_refused():
    mpi = SimpleNamespace(
        COMM_WORLD=SimpleNamespace(size=1, rank=0), Get_library_version=lambda: "Some MPI 1.0\n"
    )
    with pytest.raises(autograd_core.UnsupportedError, match=r"started 4.*Some MPI 1\.0.*sees 1"):
        launch.group_of(mpi, 4)
    assert launch.group_of(mpi, 1) is launch.ALONE
    assert launch.group_of(mpi, None) is launch.ALONE


def test_shards_of_a_loader():
    loader = nn.DataLoader(np.arange(10), 4, shuffle=True, last="fill")
    parts = [loader.shard(3, k) for k in range(3)]
    for whole, *shares in zip(loader.batches(5), *(p.batches(5) for p in parts), strict=True):
        assert np.array_equal(np.concatenate([s[0] for s in shares]), whole[0])
    assert parts[0].fingerprint() == loader.fingerprint() == loader.scaled(2).fingerprint()
    with pytest.raises(autograd_core.SettingError, match="index = 3 of 3"):
        loader.shard(3, 3)
    with pytest.raises(autograd_core.SettingError, match="shard already"):
        parts[0].shard(2, 0)
    few = nn.DataLoader([(np.ones(2), 1), (np.zeros(2), 0)], 2)
    assert [len(b) for b in few.shard(3, 0, repeat=False)] == [0]
    assert [len(b[0]) for b in few.shard(3, 0)] == [2]
    with pytest.raises(nn.DataError, match="4 times"):
        nn.DataLoader(np.arange(6), 2, last="drop").scaled(4)


def test_alone_a_share_is_the_whole():
    rows = nn.distributed.shard(np.arange(5), 2, shuffle=False, uneven=True)
    assert [x.tolist() for (x,) in rows] == [[0, 1], [2, 3], [4]]
    thing = object()
    assert launch.ALONE.broadcast(thing) is thing


SOURCES = {
    "Python": lambda: random.Random(0),
    "legacy": lambda: np.random.RandomState(0),
    "generator": lambda: np.random.default_rng(0),
    "bits": lambda: np.random.MT19937(0),
}


def drawn(source):
    if isinstance(source, np.random.MT19937):
        source = np.random.Generator(source)
    return [source.random() for _ in range(3)]


@pytest.mark.parametrize("kind", SOURCES)
def test_a_rank_s_stream_follows_from_rank_0_s(kind):
    make = SOURCES[kind]
    streams = []
    for rank in (1, 2, 1):
        source = make()
        reseed(source, source_state(make()), "layer", rank)
        streams.append(drawn(source))
    assert streams[0] == streams[2]
    assert len({tuple(stream) for stream in (*streams, drawn(make()))}) == 3
    other = make()
    reseed(other, source_state(make()), "another layer", 1)
    assert drawn(other) != streams[0]


def test_a_seed_sequence_gives_all_ranks_the_same_children():
    seeds = np.random.SeedSequence(5)
    reseed(seeds, source_state(seeds), "data", 1)
    wanted = np.random.SeedSequence(5).spawn(1)[0]
    assert np.array_equal(seeds.spawn(1)[0].generate_state(4), wanted.generate_state(4))


class Ranked(type(launch.ALONE)):
    """One of two ranks, both of which have begun alike."""

    size = 2

    def __init__(self, rank):
        self.rank = rank


def test_layers_drop_other_units_on_other_ranks():
    x, masks = np.ones((4, 50)), {}
    for rank in (0, 1):
        nn.manual_seed(3)
        np.random.seed(0)
        model = nn.Sequential(nn.Dropout(0.5), nn.Dropout(0.5))
        model[1].rng = np.random.default_rng(7)
        spread(Ranked(rank), model)
        masks[rank] = [model[0](x), model[1](x), np.random.rand()]
    nn.manual_seed(3)
    assert np.array_equal(masks[0][0], nn.Dropout(0.5)(x))  # rank 0 keeps its stream
    assert not np.array_equal(masks[0][0], masks[1][0])
    assert not np.array_equal(masks[0][1], masks[1][1])
    assert masks[0][2] == masks[1][2]  # what data are shuffled with stays alike


def test_a_checkpoint_of_more_ranks_goes_on_alone():
    """Each of six ranks has taken a batch of 4 rows, so six batches are done."""

    def training():
        nn.manual_seed(0)
        model = nn.DataParallel(nn.Linear(2, 2), scale_batch=True)
        return nn.Trainer(model, nn.MSELoss(), autograd_core.optim.SGD(model.parameters(), lr=0.1))

    x = np.random.default_rng(0).normal(size=(48, 2)).astype("f4")
    whole = training()
    whole.fit((x, x), epochs=1, batch_size=4)
    state = whole.state_dict()
    sums = {"loss": 24.0, "rows": 24}
    halfway = {**state, "epoch": 0, "batch": 1, "sums": sums, "history": []}
    alone = training()
    alone.load_state_dict({**halfway, "ranks": [state["random"]] * 5})
    assert alone.batch == 6
    alone.fit((x, x), epochs=1, batch_size=4)
    assert len(alone.history) == 1
    before = alone.state_dict()
    with pytest.raises(nn.StateDictError, match="'ranks' is a int; it must be a list of random"):
        alone.load_state_dict({**halfway, "ranks": 3})
    np.testing.assert_equal(alone.state_dict(), before)


def test_nothing_of_mpi_is_loaded_alone():
    code = "import sys, nn; nn.DataParallel(nn.Linear(1, 1)); sys.exit('mpi4py' in sys.modules)"
    env = {k: v for k, v in environment().items() if not k.startswith(("PMI", "OMPI"))}
    assert subprocess.run([sys.executable, "-c", code], env=env, cwd=ROOT).returncode == 0
