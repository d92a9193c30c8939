"""Programs for `compile` that read something besides their argument, which is then changed.

A program is text: something holds a number (objects.py, arrays.py), a function reads it somehow,
and the result depends on it somehow (readers.py).  It is compiled and called, one thing is
changed, and it is called again: the answer is the uncompiled function's, or a refusal by name.
"""

from __future__ import annotations

import os
import random
import sys
import types
import warnings
from typing import Any

import numpy as np

import autograd_core
from autograd_core import value_and_grad
from autograd_core.base.errors import SettingError, UnsupportedError
from fuzzing_compile.arrays import ARRAYS, REFUSED
from fuzzing_compile.objects import HOLDERS
from fuzzing_compile.readers import READERS, USES

HEAD = """
import array, collections, collections.abc, contextlib, contextvars, dataclasses, datetime
import decimal, enum, fractions, functools
import heapq, itertools, math, operator, os, queue, random, sys, threading, time, types, typing
import weakref
import numpy as np
import scipy.interpolate, scipy.sparse
import autograd_core, nn
from autograd_core import Tensor
"""
_X = np.array([0.5, -1.25, 2.0])
KINDS = {**HOLDERS, **ARRAYS, **REFUSED}
NAMES = list(KINDS)


class StaleError(AssertionError):
    """A compiled function that answered otherwise than the function."""


def draw(seed: int) -> tuple[str, list[str], str]:
    """Return a random program: its text, the statements that change something, its kinds."""
    rng = random.Random(seed)
    setup, values, changes, kinds = [HEAD], [], [], []
    for k in range(rng.choice((1, 1, 2, 3))):
        kind, reader = rng.choice(NAMES), rng.choice(list(READERS))
        a, b = rng.sample(range(1, 9), 2)
        before, expression, after = (t.format(k=k, a=a, b=b) for t in KINDS[kind])
        define, read = READERS[reader]
        setup += [before, define.format(k=k, E=expression)]
        values.append(read.format(k=k, E=expression))
        kinds.append(f"{kind} ({reader})")
        if after:
            changes.append(after)
    body = []
    for value in values:
        body += [f"    n = {value}", f"    y = y + {rng.choice(USES)}"]
    setup += ["def f(x):", "    y = 0.0", *body, "    return y + np.sum(x * x)"]
    rng.shuffle(changes)
    return "\n".join(setup), changes, ", ".join(kinds)


def check(seed: int) -> str:
    """Draw a program, change what it reads, compare; return how it ended."""
    text, changes, kinds = draw(seed)
    return run(text, changes, f"seed {seed}: {kinds}")


def run(text: str, changes: list[str], title: str) -> str:
    """Compile a program's function f, and hold it to f itself after every change."""
    module = types.ModuleType("stale_program")
    environment = dict(os.environ)
    sys.modules["stale_program"] = module
    exec(compile(text, f"<{title}>", "exec"), vars(module))
    function = module.f
    compiled = autograd_core.compile(function)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for change in ["", "", *changes, ""]:
                exec(compile(change, "<change>", "exec"), vars(module))
                try:
                    found = compiled(_X.copy())
                except (UnsupportedError, SettingError) as refusal:
                    _must_be_clear(refusal, title, text)
                    return "refused"
                wanted = value_and_grad(function)(_X.copy())
                if not all(map(_close, found, wanted)):
                    raise StaleError(f"{title}\n{text}\nafter: {change}\n{found} for {wanted}")
    finally:
        os.environ.clear()
        os.environ.update(environment)
        for name in [n for n in sys.modules if n.startswith("stale_")]:
            del sys.modules[name]
    again = len(compiled.recordings) > 1
    return "recorded again, right" if again else "read anew, right"


def _close(found: Any, wanted: Any) -> bool:
    return np.shape(found) == np.shape(wanted) and np.allclose(
        found, wanted, rtol=1e-12, atol=1e-12, equal_nan=True
    )


def _must_be_clear(refusal: Exception, title: str, text: str) -> None:
    if not str(refusal).startswith("compile: the function"):
        raise StaleError(f"{title}\n{text}\nobscure: {refusal}") from refusal


__all__ = ["StaleError", "check", "draw"]
