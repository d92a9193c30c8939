"""The cross fuzzer without PyTorch and JAX: differences of NumPy's values are its oracle here.

The whole of it, 100,000 programs: python tests/fuzz_cross.py.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import fuzz_cross
import numpy as np
import pytest
from fuzzing_cross import judging, report
from fuzzing_cross.drawing import draw
from fuzzing_cross.judging import Judge
from fuzzing_cross.minimising import minimised, snippet
from fuzzing_cross.statements import Program, Statement

from autograd_core.rules import elementwise


@pytest.fixture
def judge() -> Judge:
    return Judge(torch=False, jax_every=0)


@pytest.mark.slow
def test_a_slice_of_programs_has_no_finding(judge: Judge) -> None:
    found = [f for seed in range(2_000_000, 2_000_060) for f in judge.check(seed)]
    assert not found, found[0]
    # the slice does look at everything
    for kind in ("value", "reverse", "forward", "second", "compile", "compile elsewhere",
                 "vmap", "vmap of gradient"):  # fmt: skip
        assert judge.counts[f"compared: {kind}"] > 25, kind


def test_the_drawn_programs_have_everything_in_them() -> None:
    programs = [draw(seed) for seed in range(120)]
    kinds = {s.kind for p in programs for s in p.every()}
    assert kinds == {"value", "write", "grad", "vmap", "jvp", "checkpoint", "for", "while", "if"}
    text = "\n".join(p.text("numpy") for p in programs)
    for word in ("np.linalg.", "np.fft.", "np.einsum", "F.", "1j", "float32", " @ ", "np.sort"):
        assert word in text, word
    assert any(p.in_jax() for p in programs)


def test_a_program_without_end_is_a_finding(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judging, "SECONDS", 1)
    body = (Statement("{0} * 1.0", (1,), out=2),)
    loop = Statement("while np.sum({0}) > 0", (0,), out=3, kind="while", body=body, param=1)
    program = Program({0: np.ones(2)}, {}, [loop], [3], 7, {0: np.ones(2), 3: np.ones(2)})
    assert [f.kind for f in judge.judge(program)] == ["endless"]


PLANTED = {
    "reverse": ("vjps", (lambda g, y, x: g * (1 - y),)),
    "forward": ("jvps", (lambda t, y, x: t * (1 + y * y),)),
}


def planted(request: pytest.FixtureRequest, operation: Any, name: str, rule: Any) -> None:
    """Give an operation another rule until the test ends: it is frozen for everybody else."""
    old = getattr(operation, name)
    request.addfinalizer(lambda: object.__setattr__(operation, name, old))
    object.__setattr__(operation, name, rule)


@pytest.mark.part(2)
@pytest.mark.slow
@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_fault_is_found_and_made_small(
    kind: str, judge: Judge, request: pytest.FixtureRequest
) -> None:
    """A wrong rule for tanh: a program of that one call is left."""
    seed = next(s for s in range(10**6) if _is_met(draw(s)))
    assert not judge.check(seed)
    name, rule = PLANTED[kind]
    planted(request, elementwise.tanh, name, rule)
    finding = next(f for f in judge.check(seed) if f.kind == kind)
    assert len(draw(seed).statements) > 1
    small = minimised(draw(seed), lambda p: any(f.kind == kind for f in judge.judge(p)))
    assert len(small.statements) == len(small.arguments) == 1
    assert "np.tanh" in small.statements[0].text
    scope: dict[str, object] = {}
    exec(snippet(small, kind), scope)  # it runs as it is printed
    told = fuzz_cross.told(judge, seed, finding)
    assert f"seed {seed}: {kind}" in told
    assert "torch.tanh" in told


def _is_met(program: Program) -> bool:
    """Whether tanh is called once, of several statements, and reaches an output."""
    calls = [s for s in program.statements if s.text == "np.tanh({0})"]
    kinds = {s.kind for s in program.statements}
    return len(calls) == 1 and kinds == {"value"} and program.outputs == [calls[0].out] and (
        len(program.statements) > 1 and program.kept[calls[0].inputs[0]].dtype == float
    )  # fmt: skip


def test_writes_are_kept_while_their_target_is_read(judge: Judge) -> None:
    seed = next(s for s in range(10**6) if _writes(draw(s)))
    program = draw(seed)

    def changes(p: Program) -> bool:
        return any(s.kind == "write" for s in p.statements)

    small = minimised(program, changes)
    assert len(small.statements) < len(program.statements)
    assert not judge.judge(small)


def _writes(program: Program) -> bool:
    return sum(s.kind == "write" for s in program.statements) > 1


def test_the_report_counts_findings_and_drops_other_fuzzers(tmp_path: Path) -> None:
    page = tmp_path / "fuzz.md"
    counts = Counter({"programs": 10, "statements": 40, "compared: value": 9})
    report.write(page, 0, 1.0, counts + Counter({"finding: the oracle is off: value": 2}))
    report.write(page, 10, 1.0, counts + Counter({"finding: value": 1}))
    text = page.read_text(encoding="utf-8")
    assert "20 programs, 80 statements, 1 findings" in text
    assert "| 10 to 19 | 10 | 1 | 1 |" in text
    page.write_text(text.replace(report.digest(), "another"), encoding="utf-8")
    report.write(page, 20, 1.0, counts)
    assert "10 programs, 40 statements, 0 findings" in page.read_text(encoding="utf-8")


def test_the_same_seed_is_the_same_program() -> None:
    one, two = draw(7), draw(7)
    assert one.text("torch") == two.text("torch")
    for k, a in one.arguments.items():
        np.testing.assert_array_equal(a, two.arguments[k])
