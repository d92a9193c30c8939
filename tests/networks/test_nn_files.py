"""Files that a training writes: whole or not at all, found out early, by one run at a time."""

from __future__ import annotations

import contextlib
import copy
import gc
import multiprocessing
import os
import pickle
import shutil
import socket
import stat
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import nn
import optim
from autograd_core.base.errors import SettingError
from nn import files
from nn.files import PathLock, check_target, remove_leftovers, write_atomically

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
X = np.linspace(-1, 1, 8, dtype=np.float32)[:, None]
posix = pytest.mark.skipif(os.name != "posix", reason="permissions and signals of POSIX")


def trainer(path: Any = None, *callbacks: Any) -> Any:
    nn.manual_seed(0)
    model = nn.Linear(1, 1)
    adam = optim.Adam(model.parameters())
    return nn.Trainer(model, nn.MSELoss(), adam, callbacks=callbacks, checkpoint=path)


# --- permissions, links, and what is no file ---------------------------------


@posix
@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_permissions_follow_the_umask_or_the_file_before(
    mask: int, mode: int, tmp_path: Path
) -> None:
    path = tmp_path / "weights"
    before = os.umask(mask)
    try:
        nn.save({"w": np.ones(2)}, path)
        assert stat.S_IMODE(path.stat().st_mode) == mode
        path.chmod(0o640)
        nn.save({"w": np.ones(3)}, path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        trainer(tmp_path / "run", nn.SaveBest(tmp_path / "best", "loss")).fit((X, X), epochs=1)
        for name in ("run", "best"):
            assert stat.S_IMODE((tmp_path / name).stat().st_mode) == mode
    finally:
        os.umask(before)


@posix
def test_a_link_stays_a_link_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    target, link, dangling = tmp_path / "far" / "a", tmp_path / "link", tmp_path / "dangling"
    link.symlink_to(target)
    dangling.symlink_to(tmp_path / "far" / "new")
    nn.save({"w": np.ones(1)}, target)
    nn.save({"w": np.ones(2)}, link)
    nn.save({"w": np.ones(3)}, dangling)
    trainer(link, nn.SaveBest(dangling, "loss"))
    assert link.is_symlink()
    assert dangling.is_symlink()
    assert nn.load(target)["w"].shape == (2,)
    assert nn.load(tmp_path / "far" / "new")["w"].shape == (3,)
    assert sorted(os.listdir(tmp_path / "far")) == ["a", "new"]


@posix
def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for path in (pipe, tmp_path):
        with pytest.raises(SettingError, match=r"not a regular file|a folder"):
            nn.save({"w": np.ones(1)}, path)
        with pytest.raises(SettingError, match=r"not a regular file|a folder"):
            trainer(path).fit((X, X), epochs=1)
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_names_as_long_as_a_name_may_be(tmp_path: Path) -> None:
    path = tmp_path / ("ä" * 126)
    trainer(path).fit((X, X), epochs=1)
    assert os.listdir(tmp_path) == [path.name]


@posix
def test_a_file_system_without_permissions(tmp_path: Path, monkeypatch: Any) -> None:
    def refuse(*args: Any) -> None:
        raise PermissionError(1, "not here")

    path = tmp_path / "weights"
    path.write_bytes(b"old")
    monkeypatch.setattr(os, "fchmod", refuse)
    write_atomically(path, [b"new"])
    assert path.read_bytes() == b"new"


# --- found before the first epoch --------------------------------------------

WRONG: list[tuple[Any, str]] = [
    ("", "the path is empty"),
    ("nodir/run.st", "there is no folder .*nodir"),
    (".", "this is a folder"),
    ("new/", "this is a folder"),
    (3, "int is not a path"),
    ("a\0b", "cannot be written"),
    ("x" * 300, "cannot be written"),
]


@pytest.mark.parametrize(("path", "words"), WRONG)
def test_a_path_that_cannot_be_is_found_before_the_first_epoch(
    path: Any, words: str, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    for made, name in (
        (trainer(path), "checkpoint"),
        (trainer(None, nn.SaveBest(path)), "SaveBest"),
    ):
        with pytest.raises(SettingError, match=words) as caught:
            made.fit((X, X), epochs=1)
        assert str(caught.value).startswith(name)
        assert made.epoch == made.batch == 0
    assert os.listdir(tmp_path) == []


@posix
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write")
def test_a_read_only_folder(tmp_path: Path) -> None:  # pragma: no cover - not as root
    tmp_path.chmod(0o500)
    with pytest.raises(SettingError, match="cannot be written"):
        trainer(tmp_path / "run").fit((X, X), epochs=1)


def test_a_read_only_file_a_full_disk_and_a_folder_that_takes_nothing(
    tmp_path: Path, monkeypatch: Any
) -> None:
    path = tmp_path / "run"
    path.write_bytes(b"kept")
    with monkeypatch.context() as m:
        m.setattr(os, "access", lambda *args: False)
        with pytest.raises(SettingError, match="the file is read-only"):
            trainer(path).fit((X, X), epochs=1)
    path.unlink()
    with monkeypatch.context() as m:
        m.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=20))
        with pytest.raises(SettingError, match=r"has 20 bytes left, a checkpoint takes 24"):
            trainer(path).fit((X, X), epochs=1)

    def full(*args: Any) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as m:
        m.setattr(os, "write", full)
        with pytest.raises(SettingError, match="No space left"):
            trainer(path).fit((X, X), epochs=1)
    assert os.listdir(tmp_path) == []


def test_what_no_file_can_hold_is_found_before_the_first_epoch(tmp_path: Path) -> None:
    class Odd(nn.Callback):
        def state_dict(self) -> Any:
            return {"a": object()}

    made = trainer(tmp_path / "run", Odd())
    with pytest.raises(nn.SerializationError, match=r"callbacks\.0\.a is a object"):
        made.fit((X, X), epochs=1)
    assert made.epoch == 0
    assert os.listdir(tmp_path) == []


def test_a_trainer_can_be_pickled_and_copied(tmp_path: Path) -> None:
    made = trainer(tmp_path / "run", nn.SaveBest(tmp_path / "best", "loss"))
    made.fit((X, X), epochs=1)
    for again in (pickle.loads(pickle.dumps(made)), copy.deepcopy(made)):
        again.checkpoint = None
        assert again.fit((X, X), epochs=2)["epoch"] == [1, 2]


# --- leftovers ----------------------------------------------------------------


def left_by_a_dead_process(path: Path) -> Path:
    """Let a process die in the middle of writing; return its temporary file."""
    before = set(os.listdir(path.parent))
    child = os.fork()
    if child == 0:  # pragma: no cover - in the child
        os.replace = lambda a, b: os._exit(9)  # type: ignore[assignment]
        write_atomically(path, [b"half"])
    os.waitpid(child, 0)
    (name,) = set(os.listdir(path.parent)) - before
    return path.parent / name


@posix
def test_leftovers_of_the_dead_are_removed_and_nothing_else(tmp_path: Path) -> None:
    dead = left_by_a_dead_process(tmp_path / "exp")
    other = left_by_a_dead_process(tmp_path / "exp.seed1")
    parts = dead.name[:-4].rsplit("-", 4)  # ..., machine, process, beginning, number
    living = [
        "-".join([parts[0], parts[1], str(os.getpid()), files._began(os.getpid()), "7"]),
        "-".join([parts[0], "00000000", *parts[2:]]),  # of another machine
        "-".join([parts[0], parts[1], "1", files._began(1), "7"]),  # of another user
        "-".join([parts[0], parts[1], "9" * 30, "1", "7"]),
        "-".join([parts[0], parts[1], "x", "1", "7"]),
        "exp.notes",
        "exp.abc",
    ]
    for name in living:
        (tmp_path / f"{name}.tmp").write_bytes(b"mine")
    reborn = "-".join([parts[0], parts[1], str(os.getpid()), "1", "7"])  # the number given anew
    (tmp_path / f"{reborn}.tmp").write_bytes(b"half")
    trainer(tmp_path / "exp", nn.SaveBest(tmp_path / "best", "loss")).fit((X, X), epochs=1)
    expected = ["best", "exp", other.name, *(f"{name}.tmp" for name in living)]
    assert sorted(os.listdir(tmp_path)) == sorted(expected)
    nn.save({"w": np.ones(1)}, tmp_path / "exp.seed1")
    assert not other.exists()


def test_an_error_in_writing_leaves_nothing(tmp_path: Path, monkeypatch: Any) -> None:
    def fail(*args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space"):
        write_atomically(tmp_path / "a", [b"x"])
    assert os.listdir(tmp_path) == []


def test_a_temporary_name_of_another_container_is_left(tmp_path: Path, monkeypatch: Any) -> None:
    numbers = iter([1, 1, 2])
    monkeypatch.setattr(files, "_numbers", lambda: next(numbers))
    number, taken = files._new(str(tmp_path / "a"))
    os.close(number)
    write_atomically(tmp_path / "a", [b"x"])
    assert sorted(os.listdir(tmp_path)) == sorted(["a", os.path.basename(taken)])


def test_systems_that_say_less(tmp_path: Path, monkeypatch: Any) -> None:
    """Without /proc a process is known by its number; on Windows nothing is taken for dead."""

    def nothing(*args: Any) -> Any:
        raise FileNotFoundError

    monkeypatch.setattr(os, "readlink", nothing)
    monkeypatch.setattr(Path, "read_text", nothing)
    assert files._process(os.getpid()).endswith(f"-{os.getpid()}-0")
    assert not files._is_dead(files._process(os.getpid()) + "-1")
    monkeypatch.setattr(files.os, "name", "nt")
    assert not files._is_dead("00000000-99999999-0-1")


# --- one run at a time --------------------------------------------------------

HOLDER = """
    import os, sys, time
    sys.path.insert(0, {root!r})
    from nn.files import PathLock
    lock = PathLock("checkpoint", {path!r})
    if {fork}:
        if os.fork() == 0:
            time.sleep(60)
    print("held", flush=True)
    time.sleep(60)
"""


LATE = """
    import os, sys, time
    sys.path.insert(0, {root!r})
    from nn.files import PathLock
    lock = PathLock("checkpoint", {path!r})
    if os.fork():
        os._exit(0)
    lock._file = open({path!r} + ".lock")  # as if this child had not run yet
    import fcntl
    fcntl.flock(lock._file, fcntl.LOCK_EX)
    print("held", flush=True)
    time.sleep({seconds})
"""


@posix
@pytest.mark.parametrize("seconds", [0.3, 60])
def test_a_lock_that_a_child_of_the_dead_holder_still_has(tmp_path: Path, seconds: float) -> None:
    """It is waited for, but not for ever."""
    path = tmp_path / "run"
    script = textwrap.dedent(LATE).format(root=ROOT, path=str(path), seconds=seconds)
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            process.wait(60)
            if seconds < 1:
                PathLock("checkpoint", path).release()
            else:
                with pytest.raises(SettingError, match=f"process {process.pid} on "):
                    PathLock("checkpoint", path)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 9)


@posix
@pytest.mark.parametrize(
    "holder", ["", "process 1 on elsewhere", "process x on here", "process 9" * 9]
)
def test_a_holder_that_may_live(holder: str) -> None:
    assert not files._has_ended(holder)
    assert not files._has_ended(f"process {os.getpid()} on {socket.gethostname()}")
    assert not files._has_ended(f"process {10**30} on {socket.gethostname()}")


@posix
@pytest.mark.parametrize("fork", [False, True])
def test_two_processes_on_one_path(tmp_path: Path, fork: bool) -> None:
    """The second is told; after a kill nothing has to be removed by hand."""
    path = tmp_path / "run"
    script = textwrap.dedent(HOLDER).format(root=ROOT, path=str(path), fork=fork)
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "held\n"
            words = rf"another training writes this file now \(process {process.pid} on "
            for made in (trainer(path), trainer(None, nn.SaveBest(path))):
                with pytest.raises(SettingError, match=words):
                    made.fit((X, X), epochs=1)
            process.kill()
            process.wait(60)
            assert (tmp_path / "run.lock").exists()
            trainer(path).fit((X, X), epochs=1)  # though a child of the dead one may live
        finally:
            with contextlib.suppress(ProcessLookupError):  # no child
                os.killpg(process.pid, 9)
    assert os.listdir(tmp_path) == ["run"]


def test_two_trainers_of_one_process_on_one_path(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "run"

    class Second(nn.Callback):
        def on_epoch_end(self, trainer_: Any, row: Any) -> None:
            with pytest.raises(SettingError, match="another training writes"):
                trainer(os.path.relpath(path)).fit((X, X), epochs=1)

    monkeypatch.chdir(tmp_path)
    trainer(path, Second()).fit((X, X), epochs=1)
    with pytest.raises(SettingError, match=r"SaveBest: path = .*another training writes"):
        trainer("b", nn.SaveBest("b", "loss")).fit((X, X), epochs=1)
    trainer(path, nn.Callback()).fit((X, X), epochs=2)  # one after the other is no conflict
    assert sorted(os.listdir(tmp_path)) == ["b", "run"]


def test_a_file_that_another_run_has_written_meanwhile(tmp_path: Path) -> None:
    path = tmp_path / "run"
    first, second = trainer(path), trainer(path)
    first.fit((X, X), epochs=1)
    second.fit((X, X), epochs=2)
    with pytest.raises(SettingError, match="another training has written this file"):
        first.fit((X, X), epochs=2)
    first.load(path)
    first.save(tmp_path / "copy")
    first.fit((X, X), epochs=3)
    path.unlink()
    first.fit((X, X), epochs=4)
    assert path.exists()


@pytest.mark.parametrize("where", ["before the file", "after the file", "at the note"])
@pytest.mark.parametrize("save", [1, 2])
def test_an_interrupt_beside_the_writing_leaves_the_file_this_runs_own(
    tmp_path: Path, monkeypatch: Any, where: str, save: int
) -> None:
    """Wherever it comes, going on with the same trainer works; another's file is still noticed."""
    path, real, calls = tmp_path / "run", nn.resuming.save_checkpoint, []
    signature = nn.resuming.signature

    def interrupted(state: Any, path: Any) -> None:
        calls.append(path)
        if len(calls) != save:
            real(state, path)
            return
        if where == "before the file":
            raise KeyboardInterrupt
        real(state, path)
        if where == "after the file":
            raise KeyboardInterrupt
        monkeypatch.setattr(nn.resuming, "signature", once)

    def once(path: Any) -> Any:
        monkeypatch.setattr(nn.resuming, "signature", signature)
        raise KeyboardInterrupt

    monkeypatch.setattr(nn.resuming, "save_checkpoint", interrupted)
    first, second = trainer(path), trainer(path)
    with pytest.raises(KeyboardInterrupt):
        first.fit((X, X), epochs=2)
    first.fit((X, X), epochs=2)
    assert first.epoch == 2
    second.fit((X, X), epochs=3)
    with pytest.raises(SettingError, match="another training has written this file"):
        first.fit((X, X), epochs=3)


def test_locks_end_with_their_holder_and_are_not_copied(tmp_path: Path) -> None:
    path = tmp_path / "run"
    lock = PathLock("checkpoint", path)
    assert copy.deepcopy(lock) is None
    assert pickle.loads(pickle.dumps([lock])) == [None]
    del lock
    gc.collect()
    lock = PathLock("checkpoint", path)
    lock.release()
    lock.release()
    assert os.listdir(tmp_path) == []


def test_a_file_in_the_place_of_a_lock_is_the_users(tmp_path: Path) -> None:
    (tmp_path / "run.lock").write_text("my notes", encoding="utf-8")
    with pytest.raises(SettingError, match=r"run\.lock is not the lock of a training"):
        trainer(tmp_path / "run").fit((X, X), epochs=1)
    assert (tmp_path / "run.lock").read_text(encoding="utf-8") == "my notes"


@posix
def test_a_lock_that_is_removed_while_it_is_taken(tmp_path: Path, monkeypatch: Any) -> None:
    real, calls = files._try_lock, []

    def slow(file: Any, name: str) -> bool:
        calls.append(name)
        if len(calls) == 1:
            os.unlink(name)  # the holder before ends just now
        return real(file, name)

    monkeypatch.setattr(files, "_try_lock", slow)
    lock = PathLock("checkpoint", tmp_path / "run")
    assert len(calls) == 2
    assert files._is_at(lock._file, lock._name)
    os.unlink(lock._name)
    lock.release()


@posix
def test_file_systems_and_systems_without_locks(tmp_path: Path, monkeypatch: Any) -> None:
    def refuse(*args: Any) -> None:
        raise OSError(95, "Operation not supported")

    fcntl: Any = files.fcntl
    with monkeypatch.context() as m:
        m.setattr(fcntl, "flock", refuse)
        with pytest.warns(RuntimeWarning, match="has no locks"):
            PathLock("checkpoint", tmp_path / "run").release()
    monkeypatch.setattr(files, "fcntl", None)
    PathLock("checkpoint", tmp_path / "run").release()


@posix
def test_a_child_of_a_fork_does_not_hold_the_lock(tmp_path: Path) -> None:
    lock = PathLock("checkpoint", tmp_path / "run")
    context = multiprocessing.get_context("fork")

    def work(queue: Any) -> None:
        try:
            PathLock("checkpoint", tmp_path / "run")
        except SettingError:
            queue.put("told")
        lock.release()  # of the parent's: nothing
        queue.put(os.listdir(tmp_path))

    queue = context.Queue()
    child = context.Process(target=work, args=(queue,))
    child.start()
    assert queue.get(timeout=60) == "told"
    assert queue.get(timeout=60) == ["run.lock"]
    child.join()
    lock.release()


def test_a_target_is_returned_where_it_really_is(tmp_path: Path) -> None:
    assert check_target("checkpoint", tmp_path / ".." / tmp_path.name / "a") == str(
        Path(os.path.realpath(tmp_path)) / "a"
    )
    remove_leftovers(tmp_path / "a")
    assert os.listdir(tmp_path) == []
