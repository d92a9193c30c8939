"""Kernels shared without the interpreter's lock: helpers come, go, and never change a result."""

import os
import threading
import time

import numpy as np
import pytest

import nn
from autograd_core.workers import threads
from autograd_core.workers.formula import trace
from autograd_core.workers.settings import importable

pytestmark = pytest.mark.skipif(not importable("numba"), reason="the compiled kernels need numba")


@pytest.fixture
def team():
    from autograd_core.workers.compiled import team

    with nn.use_kernels(threads=3):
        yield team


made, lock = {}, threading.Lock()


def relu(team, x, parts=7):
    from autograd_core.workers.compiled.generated import kernel

    y = np.full_like(x, np.nan)
    with lock:
        if "relu" not in made:
            made["relu"] = kernel(trace(lambda x: np.maximum(x, 0), "f"))._run
    made["relu"](team.helped(parts), parts, x, y)
    return y


def numbers(n, seed=0):
    return np.random.default_rng(seed).normal(size=n).astype(np.float32)


def wait_until(true, seconds=5.0):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.001)


@pytest.mark.parametrize("n", [0, 1, 5, 1000, 70001])
@pytest.mark.parametrize("parts", [1, 2, 7, 50])
def test_every_part_is_done_once(team, n, parts):
    x = numbers(n)
    np.testing.assert_array_equal(relu(team, x, parts), np.maximum(x, 0))


def test_helpers_come_look_out_for_a_while_and_sleep_again(team, monkeypatch):
    monkeypatch.setattr(team, "_looks", 100 * team._looks)  # long enough to be seen
    for _ in range(2):  # the second time they have to be woken
        team.helped(3)
        wait_until(lambda: team.board[team.AWAKE] > 0)
        wait_until(lambda: team.board[team.AWAKE] == 0)


def test_a_helper_that_is_awake_does_not_stand_for_one_that_was_never_called(team, monkeypatch):
    monkeypatch.setattr(threads, "_pool", threads._Pool())
    monkeypatch.setattr(team, "_looks", 1000 * team._looks)
    team.helped(2)
    wait_until(lambda: team.board[team.AWAKE] == 1)
    team.helped(3)
    wait_until(lambda: team.board[team.AWAKE] == 2)
    team._recall()
    wait_until(lambda: team.board[team.AWAKE] == 0)


def test_helpers_take_parts_of_their_own_accord(team):
    x = numbers(1 << 20)
    before = team.board[team.TICKET]
    for _ in range(50):
        np.testing.assert_array_equal(relu(team, x, 64), np.maximum(x, 0))
    assert team.board[team.TICKET] == before + 50
    assert team.board[team.INSIDE] == team.board[team.TAKEN] == team.board[team.GATE] == 0


def test_callers_of_several_threads_do_not_disturb_each_other(team):
    failed = []

    def call(seed):
        for k in range(300):
            x = numbers(1000 + 17 * seed + k, seed)
            if not np.array_equal(relu(team, x), np.maximum(x, 0)):
                failed.append((seed, k))

    callers = [threading.Thread(target=call, args=(seed,)) for seed in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(60)
        assert not caller.is_alive()
    assert not failed


def test_a_round_of_python_calls_the_helpers_away(team):
    x, found = numbers(5000), []
    for _ in range(200):
        np.testing.assert_array_equal(relu(team, x), np.maximum(x, 0))
        threads.share(found.append, 4, threads=3)
    assert sorted(found) == sorted(list(range(4)) * 200)


def test_one_thread_asks_nobody(team):
    with nn.use_kernels(threads=1):
        before = team.board.copy()
        x = numbers(5000)
        np.testing.assert_array_equal(relu(team, x), np.maximum(x, 0))
        assert team.board[team.TICKET] == before[team.TICKET]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Python's own, of threads and fork
def test_a_forked_child_starts_anew(team):
    x = numbers(70001)
    relu(team, x)  # helpers are awake, which the child does not inherit
    child = os.fork()
    if not child:
        right = all(np.array_equal(relu(team, x), np.maximum(x, 0)) for _ in range(20))
        os._exit(0 if right else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
