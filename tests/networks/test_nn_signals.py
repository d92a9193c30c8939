"""Signals wait while an update is made, and a training leaves the handlers as they were."""

from __future__ import annotations

import signal
import threading

import numpy as np
import pytest

import nn
import optim
from nn.interrupts import Signals


def test_a_signal_waits_until_it_is_let_through() -> None:
    seen = []
    before = signal.signal(signal.SIGTERM, lambda number, frame: seen.append(number))
    try:
        with Signals() as signals:
            signal.raise_signal(signal.SIGTERM)
            assert seen == [signal.SIGTERM]  # at once outside of a section
            signals.hold()
            signal.raise_signal(signal.SIGTERM)
            signal.raise_signal(signal.SIGINT)
            assert seen == [signal.SIGTERM]
            with pytest.raises(KeyboardInterrupt):
                signals.release()
            assert len(seen) == 2
            signals.hold()
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(signal.SIGINT)  # who insists gets through
            signals._waiting.clear()
            signal.signal(signal.SIGTERM, signal.SIG_DFL)  # of the user's, in between: stays
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_training_in_another_thread_leaves_the_signals_alone() -> None:
    x = np.ones((4, 1), np.float32)
    model = nn.Linear(1, 1)
    trainer = nn.Trainer(model, nn.MSELoss(), optim.SGD(model.parameters()))
    found = []

    def work() -> None:
        trainer.fit((x, x), epochs=1)
        found.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert found == [signal.default_int_handler]
    assert trainer.epoch == 1
