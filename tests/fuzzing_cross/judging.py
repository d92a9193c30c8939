"""Whether the engine answers as the others do; where not, how far rounding alone would take it.

An answer is compared with PyTorch's (with JAX's too for some programs) to nine digits, five in
single precision.  What is further off is measured: PyTorch runs the program again with noise of a
few roundings in every statement, and what the noise moves the answer by, twenty times, is allowed.
What is still further off goes to a vote: differences of NumPy's values, PyTorch in double
precision, and JAX.
"""

from __future__ import annotations

import signal
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

import autograd_core as ac
from autograd_core import AutogradError, Tensor
from fuzzing_cross.drawing import draw
from fuzzing_cross.engines import Differences, Jax, Torch, doubled, load, prelude, wide
from fuzzing_cross.statements import Program

Arrays = Sequence[Any]
SECONDS = 60  # for one program; most take some hundredths


class Finding(AssertionError):
    """An answer that is not the others'; `kind` says which."""

    def __init__(self, kind: str, told: str) -> None:
        super().__init__(told)
        self.kind = kind


class Late(BaseException):
    """A program does not end; no handler of errors shall take it for an answer."""


class Engine:
    """This engine's answers to the questions, each in a way drawn by the program's seed."""

    def __init__(self, program: Program) -> None:
        self.f, self.s = load(program, "numpy")
        self.every = tuple(range(len(program.arguments)))
        self.rng = np.random.default_rng([program.seed + 2, 5])

    def values(self, xs: Arrays) -> list[Any]:
        tracked = [Tensor(x, requires_grad=True) for x in xs]
        return [y.detach().data if isinstance(y, Tensor) else y for y in self.f(*tracked)]

    def reverse(self, xs: Arrays, vs: Arrays) -> list[Any]:
        way = int(self.rng.integers(4))
        if way == 0:
            return list(ac.grad(self.s, self.every)(*xs))
        if way == 1:
            return list(ac.vjp(self.s, *xs)[1](1.0))
        if way == 2:
            return list(ac.grad(ac.checkpoint(self.s), self.every)(*xs))
        tracked = [Tensor(x, requires_grad=True) for x in xs]
        total = self.s(*tracked)
        if isinstance(total, Tensor) and total.requires_grad:
            total.backward()
        found = [np.zeros_like(t.data) if t.grad is None else t.grad.data for t in tracked]
        return [np.conj(g) for g in found]  # .grad is PyTorch's, the transforms' pairing is JAX's

    def forward(self, xs: Arrays, vs: Arrays) -> Any:
        if self.rng.random() < 0.5:
            return ac.jvp(self.s, tuple(xs), tuple(vs))[1]
        return ac.linearize(self.s, *xs)[1](*vs)

    def second(self, xs: Arrays, vs: Arrays) -> list[Any]:
        way, gradient = int(self.rng.integers(4)), ac.grad(self.s, self.every)

        def along(*zs: Any) -> Any:
            pairs = zip(gradient(*zs), vs, strict=True)
            return sum(np.sum(np.real(g * v)) for g, v in pairs)

        if way == 0:
            return list(ac.jvp(gradient, tuple(xs), tuple(vs))[1])
        if way == 1:
            return list(ac.grad(along, self.every)(*xs))
        if way == 2:
            pushed = ac.grad(lambda *zs: ac.jvp(self.s, zs, tuple(vs))[1], self.every)
            return list(pushed(*xs))
        found = ac.hvp(self.s, tuple(xs), tuple(vs))
        return list(found) if isinstance(found, tuple) else [found]

    def mapped(self, xs: Arrays, ys: Arrays) -> tuple[list[Any], list[Any]]:
        """Values and gradients of two rows, by vmap along some axis."""
        axes = tuple(int(self.rng.integers(-x.ndim - 1, x.ndim + 1)) for x in xs)
        rows = [np.stack(pair, axis=a) for *pair, a in zip(xs, ys, axes, strict=True)]
        values = ac.vmap(self.f, axes)(*rows)
        if self.rng.random() < 0.5:
            return list(values), list(ac.vmap(ac.grad(self.s, self.every), axes)(*rows))
        total = ac.grad(lambda *rows: np.sum(ac.vmap(self.s, axes)(*rows)), self.every)
        gradients = total(*rows)
        return list(values), [np.moveaxis(g, a, 0) for g, a in zip(gradients, axes, strict=True)]


class Judge:
    """Puts every question to a program; ``counts`` says what was compared with what."""

    def __init__(self, torch: bool = True, jax_every: int = 10) -> None:
        self.torch, self.jax_every = torch, jax_every
        if torch:
            prelude("torch")  # imported before a program's time begins
        self.counts: Counter[str] = Counter()

    def check(self, seed: int) -> list[Finding]:
        """Draw a program and judge it."""
        program = draw(seed)
        self.counts["programs"] += 1
        self.counts["statements"] += len(program.every())
        return self.judge(program)

    def judge(self, program: Program) -> list[Finding]:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                with at_most(SECONDS):
                    return Trial(program, self).findings()
            except Late:
                return [Finding("endless", f"no end after {SECONDS} seconds")]


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Interrupt a block that does not end, where the system can."""
    if not hasattr(signal, "SIGALRM"):
        yield
        return

    def late(number: int, frame: Any) -> None:
        raise Late

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _drawn(rng: Any, x: Any, size: float) -> Any:
    """Random numbers of x's shape and kind."""
    made = rng.uniform(-size, size, x.shape)
    if x.dtype.kind == "c":
        made = made + 1j * rng.uniform(-size, size, x.shape)
    return made.astype(x.dtype)


def _apart(x: Any, y: Any) -> float:
    """How far two answers are apart; NaN beside NaN is nothing, beside a number everything."""
    if np.array_equal(np.isnan(x), np.isnan(y)):
        return float(np.nanmax(np.abs(np.where(np.isnan(x), 0, x - y)), initial=0))
    return np.inf


class Trial:
    """One program before the judge."""

    def __init__(self, program: Program, judge: Judge) -> None:
        self.program, self.judge = program, judge
        rng = np.random.default_rng([program.seed + 2, 3])
        self.xs = list(program.arguments.values())
        self.vs = [_drawn(rng, x, 1) for x in self.xs]
        far = rng.random() < 0.5  # another point, where branches may go another way
        self.ys = [
            _drawn(rng, x, 2) if far else x * (1 + 0.01 * _drawn(rng, x, 1)) for x in self.xs
        ]
        self.single = program.single()
        self.found: list[Finding] = []

    def count(self, what: str) -> None:
        self.judge.counts[what] += 1

    def findings(self) -> list[Finding]:
        try:
            oracle = Torch(self.program) if self.judge.torch else Differences(self.program)
            self._ask(self._wanted(oracle))
        except Exception as error:
            self.found.append(Finding("crash", f"{type(error).__name__}: {error}"))
        return self.found

    def _wanted(self, oracle: Any) -> Any:
        """The oracle's answers, without a second derivative where it has none."""
        for second in (True, False):
            try:
                return oracle.answers(self.xs, self.vs, second)
            except Exception as error:
                order = "a second derivative" if second else "a program"
                self.count(f"{oracle.name} refuses {order}: {' '.join(str(error).split()[:6])}")
        return None

    def _ask(self, wanted: Any) -> None:
        program = self.program
        engine = Engine(program)
        values = self._answer("value", lambda: engine.values(self.xs))
        if values is None or wanted is None:
            return
        oracle = Torch if self.judge.torch else Differences
        if not all(np.all(np.isfinite(a)) for part in wanted.values() for a in part):
            self.count("not finite")
            return
        self._compare("value", values, wanted["value"], "value")
        gradients = self._answer("reverse", lambda: engine.reverse(self.xs, self.vs))
        self._compare("reverse", gradients, wanted["gradient"], "gradient")
        pushed = self._answer("forward", lambda: engine.forward(self.xs, self.vs))
        if pushed is not None:
            dot = self._along(wanted["gradient"])
            self._compare("forward", [pushed], [dot], "dot", kinds=False)
        second = self._answer("second", lambda: engine.second(self.xs, self.vs))
        if "second" in wanted:
            self._compare("second", second, wanted["second"], "second")
        else:
            self._compare("second", second, second and self._slopes(), "slopes", kinds=False)
        if self.judge.jax_every and program.seed % self.judge.jax_every == 0 and program.in_jax():
            self._with_jax(values, gradients, second)
        self._elsewhere(engine, oracle, wanted)

    def _along(self, gradients: Arrays) -> Any:
        """The derivative along vs."""
        return sum(np.sum(np.real(g * v)) for g, v in zip(gradients, self.vs, strict=True))

    def _slopes(self) -> list[Any]:
        """The second derivative along vs by differences of first ones, which were compared.

        Differences of two sizes, so that the error is of fourth order: some 1e-12.
        """
        engine, h = Engine(wide(self.program)), 1e-3
        gradient = ac.grad(engine.s, engine.every)

        def slopes(h: float) -> Iterator[Any]:
            up, down = (gradient(*[doubled(x) + sign * doubled(v)
                                   for x, v in zip(self.xs, self.vs, strict=True)])
                        for sign in (h, -h))  # fmt: skip
            return ((a - b) / (2 * h) for a, b in zip(up, down, strict=True))

        return [
            (4 * fine - rough) / 3 for fine, rough in zip(slopes(h / 2), slopes(h), strict=True)
        ]

    def _with_jax(self, values: Any, gradients: Any, second: Any) -> None:
        try:
            jax = Jax(self.program).answers(self.xs, self.vs)
        except Exception as error:
            self.count(f"JAX refuses: {' '.join(str(error).split()[:6])}")
            return
        if not all(np.all(np.isfinite(a)) for part in jax.values() for a in part):
            return
        for kind, found in {"value": values, "gradient": gradients, "second": second}.items():
            self._compare(f"{kind}, JAX", found, jax[kind], kind, kinds=False)

    def _elsewhere(self, engine: Engine, oracle: Any, wanted: Any) -> None:
        """`compile` at the point, at another and at the first again; `vmap` of both points."""
        other = self._other(oracle)
        compiled = ac.compile(engine.s, argnums=engine.every)
        for xs, answers, where in [
            (self.xs, wanted, ""), (self.ys, other, " elsewhere"), (self.xs, wanted, " again"),
        ]:  # fmt: skip
            if answers is None or not self._same_shapes(answers, wanted):
                continue
            answer = self._answer("compile", lambda xs=xs: compiled(*[x.copy() for x in xs]))
            if answer is None:
                return
            self._compare(f"compile{where}", list(answer[1]), answers["gradient"], "gradient",
                          at=xs)  # fmt: skip
        if other is None or not self._same_shapes(other, wanted):
            return
        if any(s.kind in ("while", "if") for s in self.program.every()):
            return  # Python may not branch on the values
        mapped = self._answer("vmap", lambda: engine.mapped(self.xs, self.ys))
        if mapped is None:
            return
        for k, (xs, answers) in enumerate([(self.xs, wanted), (self.ys, other)]):
            values, gradients = ([np.asarray(a)[k] for a in part] for part in mapped)
            self._compare("vmap", values, answers["value"], "value", at=xs)
            self._compare("vmap of gradient", gradients, answers["gradient"], "gradient", at=xs)

    @staticmethod
    def _same_shapes(one: Any, two: Any) -> bool:
        return all(a.shape == b.shape for a, b in zip(one["value"], two["value"], strict=True))

    def _other(self, oracle: Any) -> Any:
        try:
            other = oracle(self.program).answers(self.ys, self.vs, second=False)
        except Exception:
            return None
        fine = all(np.all(np.isfinite(a)) for part in other.values() for a in part)
        return other if fine else None

    def _answer(self, kind: str, question: Callable[[], Any]) -> Any:
        """An answer, or None where the engine refuses, which only writes in place excuse."""
        try:
            return question()
        except AutogradError as error:
            self.count(f"refused, {kind}: {type(error).__name__}")
            if not any(s.kind == "write" for s in self.program.every()):
                self.found.append(Finding(f"{kind} refused", f"{type(error).__name__}: {error}"))
        except Exception as error:
            self.found.append(Finding(f"{kind} raises", f"{type(error).__name__}: {error}"))
        return None

    def _compare(self, kind: str, found: Any, wanted: Any, answer: str, kinds: bool = True,
                 at: Any = None) -> None:  # fmt: skip
        if found is None or wanted is None:
            return
        self.count(f"compared: {kind}")
        for k, (a, b) in enumerate(zip(found, wanted, strict=True)):
            a, b = np.asarray(a), np.asarray(b)
            kinds = kinds and not any(
                s.kind == "jvp" for s in self.program.every()
            )  # see report.py
            alike = a.shape == b.shape and (a.dtype == b.dtype or not kinds)
            if not alike and self.judge.torch:
                told = f"{a.shape} {a.dtype}, the oracle {b.shape} {b.dtype}"
                self.found.append(Finding(f"{kind}: kind", told))
                return
            scale = max([1.0, *(float(np.max(np.abs(w), initial=0)) for w in wanted)])
            rtol = 1e-4 if self.single else 1e-9
            if not self.judge.torch or answer == "slopes":  # differences are not as exact
                rtol = 2e-3 if self.single else 1e-5
            off = float(np.max(np.abs(a - b), initial=0))
            if off <= rtol * scale:
                continue
            if not np.isfinite(off) or not self._rounding(answer, k, off, scale, at):
                self._vote(kind, k, a, b, answer, at)
                return
            self.count("rounding decides")

    def _rounding(self, answer: str, k: int, off: float, scale: float, at: Any) -> bool:
        """Whether noise of a few roundings in every statement moves the answer as far."""
        xs = self.xs if at is None else at
        if not self.judge.torch or answer == "slopes":
            return False
        made = []
        for _ in range(6):
            noisy = Torch(self.program, "noisy").answers(xs, self.vs, answer == "second")
            if answer == "dot":
                noisy["dot"] = [self._along(noisy["gradient"])]
            made.append(noisy[answer][k])
        spread = float(np.max(np.ptp(np.stack([np.real(m) for m in made]), axis=0), initial=0))
        spread += float(np.max(np.ptp(np.stack([np.imag(m) for m in made]), axis=0), initial=0))
        return not np.isfinite(spread) or off <= 20 * spread + 1e-9 * scale

    def _vote(self, kind: str, k: int, a: Any, b: Any, answer: str, at: Any) -> None:
        """Count a finding; where a third answer is the engine's, against the oracle."""
        told = f"{kind}, number {k}:\n  engine {a!r}\n  oracle {b!r}"
        xs = self.xs if at is None else at
        if np.isnan(a).any() and self._infinite_on_the_way(xs):
            self.count("infinite on the way")
            return
        for name, voter in self._voters(answer):
            try:
                c = voter(xs)[k]
            except Exception as error:
                told += f"\n  {name} refuses: {type(error).__name__}"
                continue
            told += f"\n  {name} {c!r}"
            near, far = _apart(a, c), _apart(b, c)
            if near < 1e-2 * far:
                kind = f"the oracle is off: {kind}"
                break
        self.found.append(Finding(kind, told))

    def _infinite_on_the_way(self, xs: Arrays) -> bool:
        """Whether NumPy meets an infinity or NaN in the program: 0 times it is a convention."""
        f = load(self.program, "numpy")[0]
        try:
            with np.errstate(divide="raise", over="raise", invalid="raise"):
                f(*[x.copy() for x in xs])
        except FloatingPointError:
            return True
        return False

    def _voters(self, answer: str) -> Iterator[tuple[str, Callable[[Arrays], list[Any]]]]:
        """Who can say which of two answers is right."""
        program, vs = self.program, self.vs
        if not self.judge.torch or answer == "slopes":
            return
        if answer == "dot":
            yield (
                "differences",
                lambda xs: [self._along(Differences(program).answers(xs, vs)["gradient"])],
            )
            return
        if answer == "value":  # of views and layouts too, NumPy's answer is the right one
            yield "NumPy", lambda xs: load(program, "numpy")[0](*[x.copy() for x in xs])
        if answer == "gradient":
            yield "differences", lambda xs: Differences(program).answers(xs, vs)[answer]
        if self.single:
            more = [doubled(v) for v in vs]
            yield (
                "double precision",
                lambda xs: Torch(wide(program)).answers([doubled(x) for x in xs], more)[answer],
            )
        if program.in_jax():
            yield "JAX", lambda xs: Jax(program).answers(xs, vs)[answer]
        if answer == "second":
            yield "differences", lambda _: self._slopes()
