"""Modes end where their block ends, whoever ends it: generators, other contexts, threads."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import pytest

from autograd_core import NonFiniteError, Tensor, detect_anomaly, enable_grad, jvp, no_grad
from autograd_core.operations.modes import current


def records() -> bool:
    return bool((Tensor(1.0, requires_grad=True) * 2.0).requires_grad)


def looks_for_anomalies() -> bool:
    with np.errstate(divide="ignore"):
        try:
            np.log(Tensor(0.0, requires_grad=True))
        except NonFiniteError:
            return True
    return False


def silent() -> Iterator[int]:
    with no_grad():
        yield 1
        yield 2


@pytest.mark.parametrize("outer", [no_grad, enable_grad, detect_anomaly])
def test_a_generator_that_outlives_the_block_around_it(outer: Any) -> None:
    """What ends in another order than it began leaves nothing behind."""
    with outer():
        steps = silent()
        next(steps)
    assert not records()  # the generator's block is still open here
    steps.close()
    assert records()
    assert not looks_for_anomalies()
    assert (current().floor, current().anomaly) == (0, False)


def test_many_generators_closed_in_any_order() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        running = [silent() for _ in range(5)]
        for steps in running:
            next(steps)
        for k in rng.permutation(5):
            assert not records()
            running[k].close()
        assert records()


def test_inside_of_a_block_that_ended_early() -> None:
    first, second = no_grad(), detect_anomaly()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert looks_for_anomalies()
    second.__exit__(None, None, None)
    assert records()
    assert not looks_for_anomalies()


def test_closed_in_another_context() -> None:
    """As an event loop does with an asynchronous generator that nobody finishes."""
    block = no_grad()
    here = contextvars.copy_context()
    here.run(block.__enter__)
    assert not here.run(records)
    elsewhere = contextvars.copy_context()
    elsewhere.run(block.__exit__, None, None, None)
    assert elsewhere.run(records)
    assert here.run(records)
    assert records()


def test_an_asynchronous_generator_left_half_way() -> None:
    async def batches() -> AsyncIterator[int]:
        with no_grad():
            for k in range(3):
                yield k

    async def consumer() -> tuple[bool, bool]:
        async for _ in batches():
            inside = records()
            break
        await asyncio.sleep(0)  # the loop closes what was left behind
        await asyncio.sleep(0)
        return inside, records()

    assert asyncio.run(consumer()) == (False, True)


def test_an_interrupt_leaves_no_mode() -> None:
    for mode in (no_grad, enable_grad, detect_anomaly):
        with pytest.raises(KeyboardInterrupt), mode(), no_grad():
            raise KeyboardInterrupt
        assert (current().floor, current().anomaly) == (0, False)


def test_one_object_in_several_threads() -> None:
    """Each thread leaves the block that it entered."""
    block, inside = no_grad(), threading.Barrier(2)
    found: list[tuple[bool, bool]] = []

    def work(wait: threading.Event | None, done: threading.Event | None) -> None:
        with block:
            inside.wait(60)
            if wait is not None:
                wait.wait(60)
            before = records()
        found.append((before, records()))
        if done is not None:
            done.set()

    first_out = threading.Event()
    threads = [
        threading.Thread(target=work, args=(first_out, None)),
        threading.Thread(target=work, args=(None, first_out)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert found == [(False, True)] * 2


def test_anomaly_in_forward_mode():
    with (
        detect_anomaly(),
        np.errstate(all="ignore"),
        pytest.raises(NonFiniteError, match="sqrt"),
    ):
        jvp(np.sqrt, (0.0,), (1.0,))


def test_an_object_entered_twice_ends_the_younger_of_its_blocks_first():
    """Also where another block, which was opened inside, still stands open."""
    block, other = no_grad(), enable_grad()
    block.__enter__()
    block.__enter__()
    other.__enter__()
    assert records()
    block.__exit__(None, None, None)
    assert records()  # the inner block's `other` goes on
    other.__exit__(None, None, None)
    assert not records()
    block.__exit__(None, None, None)
    assert records()


def test_an_object_entered_in_several_contexts_and_left_in_none_of_them():
    block = no_grad()
    contexts = [contextvars.Context(), contextvars.Context()]
    for context in contexts:
        context.run(block.__enter__)
    assert [context.run(records) for context in contexts] == [False, False]
    contextvars.Context().run(block.__exit__, None, None, None)  # the latest ends
    assert [context.run(records) for context in contexts] == [False, True]
    contexts[0].run(block.__exit__, None, None, None)
    assert [context.run(records) for context in contexts] == [True, True]
    assert records()
