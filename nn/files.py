"""Files that appear complete or not at all, written by one run at a time.

A file is written beside its place under a temporary name, forced to the disk and renamed.  The
temporary name tells the process, so that leftovers of a killed one can be removed, and nothing
else is.  A lock file beside the target tells a second run that the first is alive; the operating
system drops the lock with its process.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import socket
import stat
import time
import warnings
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import Any
from weakref import WeakSet

from autograd_core import SettingError
from autograd_core.extend import Location

try:  # neither is everywhere
    import fcntl
except ImportError:  # pragma: no cover - Windows
    fcntl = None  # type: ignore[assignment]
try:
    import msvcrt
except ImportError:
    msvcrt = None  # type: ignore[assignment]

_numbers = count(1).__next__
_cleaned: set[str] = set()  # files whose leftovers this process has removed
_LONGEST = 255  # bytes of a file's name
_MARK = b"autograd_core lock"
_FAR = 1 << 30  # Windows locks bytes against reading too: one that nobody reads


# --- writing -----------------------------------------------------------------


def write_atomically(path: str | os.PathLike[str], parts: Iterable[Any]) -> None:
    """Write bytes so that the path holds the old file whole, or the new one whole.

    A new file's permissions follow the umask; an old one's are kept.  Of a symbolic link the
    target is replaced.
    """
    target = os.path.realpath(path)
    mode = _mode(target)
    number, temporary = _new(target)
    try:
        with os.fdopen(number, "wb") as file:
            if mode is not None and hasattr(os, "fchmod"):
                with contextlib.suppress(OSError):  # some file systems have one mode for all
                    os.fchmod(file.fileno(), mode)
            for part in parts:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    if target not in _cleaned:
        remove_leftovers(target)
    try:  # the rename itself must reach the disk too, where the system allows it
        folder_number = os.open(os.path.dirname(target), os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(folder_number)
    except OSError:
        pass
    finally:
        os.close(folder_number)


def _mode(target: str) -> int | None:
    """Return the permissions of a file, None if there is none yet; refuse what is no file."""
    try:
        found = os.stat(target)
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(found.st_mode):
        kind = "a folder" if stat.S_ISDIR(found.st_mode) else "not a regular file"
        raise SettingError(
            f"{target}: this is {kind}; give the path of a file to write.", Location.of_caller()
        )
    return stat.S_IMODE(found.st_mode)


def _new(target: str) -> tuple[int, str]:
    """Open a new file beside a target, with the permissions that the umask leaves."""
    folder = os.path.dirname(target)
    while True:
        temporary = os.path.join(folder, f"{_prefix(target)}{_process(os.getpid())}-{_numbers()}")
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
            return os.open(temporary + ".tmp", flags, 0o666), temporary + ".tmp"
        except FileExistsError:  # of a process of the same number in another container
            continue


def _prefix(target: str) -> str:
    """Return how the temporary files of a target begin: names are at most 255 bytes long."""
    name = os.path.basename(target)
    short = os.fsencode(name)[:100].decode("ascii", "ignore")
    return f"{short}.{hashlib.sha256(os.fsencode(name)).hexdigest()[:8]}-"


def _process(pid: int) -> str:
    """Return what tells a process from all others: machine, number, and when it began."""
    try:
        numbered = os.readlink("/proc/self/ns/pid")  # containers count their processes anew
    except OSError:
        numbered = ""
    machine = hashlib.sha256(f"{socket.gethostname()}{numbered}".encode()).hexdigest()[:8]
    return f"{machine}-{pid}-{_began(pid)}"


def _began(pid: int) -> str:
    """Return when a process began, as far as the system says: numbers are given out again."""
    try:
        return (
            Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()[19]
        )
    except (OSError, IndexError):
        return "0"


def remove_leftovers(path: str | os.PathLike[str]) -> None:
    """Remove the half-written files that killed runs of this machine have left beside a file."""
    target = os.path.realpath(path)
    _cleaned.add(target)
    folder, prefix = os.path.dirname(target), _prefix(target)
    for name in os.listdir(folder):
        if name.startswith(prefix) and name.endswith(".tmp") and _is_dead(name[len(prefix) : -4]):
            with contextlib.suppress(OSError):
                os.unlink(os.path.join(folder, name))


def _is_dead(writer: str) -> bool:
    """Whether a temporary file's writer was a process of this machine that has ended."""
    machine, _, rest = writer.partition("-")
    pid, _, rest = rest.partition("-")
    if not pid.isdigit() or os.name == "nt":  # there signal 0 is Ctrl-C
        return False
    if not _process(int(pid)).startswith(machine + "-"):
        return False
    there = _is_there(int(pid))
    return there is False or (there is True and rest.partition("-")[0] != _began(int(pid)))


def _is_there(pid: int) -> bool | None:
    """Whether a process has this number now; None if the system does not say."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return None
    return True


def signature(path: str | os.PathLike[str]) -> Any:
    """Return what tells a file from one that was written later in its place."""
    found = os.stat(path)
    return os.path.realpath(path), found.st_ino, found.st_mtime_ns, found.st_size


# --- before the first epoch --------------------------------------------------


def check_target(owner: str, path: Any, size: int = 0) -> str:
    """Return the real path of a file that can be written; raise `SettingError` if it cannot.

    Parameters
    ----------
    owner : str
        The setting's name, for messages.
    path : path
        Where a file is to be written.
    size : int
        How many bytes it will take.
    """

    def refuse(reason: str, error: BaseException | None = None) -> None:
        raise SettingError(f"{owner} = {path!r}: {reason}", Location.of_caller()) from error

    try:
        given = os.fspath(path)
    except TypeError as error:
        refuse(f"a {type(path).__name__} is not a path; give a str or a pathlib.Path.", error)
    if not given:
        refuse("the path is empty; give the path of a file.")
    try:
        target = os.path.realpath(os.fsdecode(given))
        folder = os.path.dirname(target)
        if os.path.isdir(target) or os.fsdecode(given).endswith(("/", os.sep)):
            refuse("this is a folder; give the path of a file in it.")
        if not os.path.isdir(folder):
            refuse(f"there is no folder {folder}; make it first.")
        try:
            mode: int | None = os.stat(target).st_mode
        except FileNotFoundError:
            mode = None
        if mode is not None and not stat.S_ISREG(mode):
            refuse("this is not a regular file; give the path of a file to write.")
        if mode is not None and not os.access(target, os.W_OK):
            refuse("the file is read-only; allow writing, or give another path.")
        number, temporary = _new(target)
        try:
            os.write(number, bytes(4096))
        finally:
            os.close(number)
            os.unlink(temporary)
        free = shutil.disk_usage(folder).free
    except (OSError, ValueError) as error:
        if isinstance(error, SettingError):
            raise
        refuse(f"it cannot be written ({error}); give another path, or make room.", error)
    if free < size:
        refuse(f"the disk has {free} bytes left, a checkpoint takes {size}; make room.")
    return target


# --- one run at a time -------------------------------------------------------


class PathLock:
    """The right to write a file, held by one object of one living process.

    Parameters
    ----------
    owner : str
        The setting's name, for messages.
    path : path
        The file; the lock lies beside it while it is held.

    Raises
    ------
    SettingError
        If another process, or another object of this one, holds it.

    Examples
    --------
    >>> import tempfile
    >>> path = os.path.join(tempfile.mkdtemp(), "run.safetensors")
    >>> lock = PathLock("checkpoint", path)
    >>> os.listdir(os.path.dirname(path))
    ['run.safetensors.lock']
    >>> lock.release()
    >>> os.listdir(os.path.dirname(path))
    []
    """

    def __init__(self, owner: str, path: str | os.PathLike[str]) -> None:
        target = os.path.realpath(path)
        self._name = target + ".lock"
        if len(os.fsencode(os.path.basename(self._name))) > _LONGEST:
            self._name = os.path.join(os.path.dirname(target), _prefix(target) + "lock")
        self._file: Any = None
        self._pid = os.getpid()
        self._waits = 40
        while self._file is None:
            self._take(owner, path)
        _held.add(self)

    def _take(self, owner: str, path: Any) -> None:
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
        file: Any = os.fdopen(os.open(self._name, flags, 0o666), "r+b", buffering=0)
        try:
            text = file.read(200)
            if text and not text.startswith(_MARK):
                raise SettingError(
                    f"{owner} = {path!r}: {self._name} is not the lock of a training, but it is "
                    "where the lock would be. Rename it, or give another path.",
                    Location.of_caller(),
                )
            if not _try_lock(file, self._name):
                holder = text[len(_MARK) :].decode(errors="replace").strip()
                if self._waits and _has_ended(holder):  # a child of it is about to let go
                    self._waits -= 1
                    time.sleep(0.05)
                    return
                raise SettingError(
                    f"{owner} = {path!r}: another training writes this file now"
                    f"{f' ({holder})' if holder else ''}; two runs on one path would overwrite "
                    "each other. Give each run a path of its own, or wait until the other one "
                    "ends.",
                    Location.of_caller(),
                )
            if not _is_at(file, self._name):  # the holder before has just removed it
                return
            file.seek(0)
            file.truncate()
            file.write(_MARK + f" process {self._pid} on {socket.gethostname()}\n".encode())
            self._file, file = file, None
        finally:
            if file is not None:
                file.close()

    def release(self) -> None:
        """Let others write; again does nothing."""
        file, self._file = self._file, None
        if file is None:
            return
        _held.discard(self)
        if self._pid == os.getpid() and msvcrt is None and _is_at(file, self._name):
            with contextlib.suppress(OSError):
                os.unlink(self._name)
        file.close()
        if msvcrt is not None:  # pragma: no cover - Windows removes no open file
            with contextlib.suppress(OSError):
                os.unlink(self._name)

    def __deepcopy__(self, memo: Any) -> None:
        """Return None: a copy of what holds the lock does not hold it."""

    def __reduce__(self) -> Any:
        return type(None), ()


def _has_ended(holder: str) -> bool:
    """Whether a lock was taken by a process of this machine that no longer runs."""
    told = re.fullmatch(r"process (\d+) on (.*)", holder)
    if told is None or told[2] != socket.gethostname() or os.name == "nt":
        return False
    return _is_there(int(told[1])) is False


_held: WeakSet[PathLock] = WeakSet()


def _drop_in_child() -> None:  # pragma: no cover - runs in the child of a fork
    """Close the parent's locks in its child: else they would live as long as the child."""
    for lock in list(_held):
        lock._file.close()
        lock._file = None
    _held.clear()


if hasattr(os, "register_at_fork"):  # pragma: no branch - Windows has no fork
    os.register_at_fork(after_in_child=_drop_in_child)


def _is_at(file: Any, name: str) -> bool:
    """Whether an open file is the one of this name."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(name))
    except OSError:
        return False


def _try_lock(file: Any, name: str) -> bool:
    """Lock a file against other processes, and other openings of this one; False if it is."""
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        elif msvcrt is not None:  # pragma: no cover - Windows
            file.seek(_FAR)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except (BlockingIOError, PermissionError):
        return False
    except OSError as error:  # a file system without locks
        warnings.warn(
            f"{name}: this file system has no locks ({error}); make sure that no other training "
            "writes the same path.",
            RuntimeWarning,
            stacklevel=2,
        )
    return True
