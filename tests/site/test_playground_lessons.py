"""Each lesson of the playground: its numbers against plain NumPy, its links, its planted bug."""

import json
import re
from pathlib import Path

import lesson_numbers
import numpy as np
import playground_runner
import pytest

LESSONS = Path(playground_runner.__file__).parents[1] / "lessons"
INDEX = json.loads((LESSONS / "index.json").read_text(encoding="utf-8"))
NAMES = [name for _, names in INDEX for name in names]
BUGS = {  # what is wrong, and what mends it
    "bug_rule": ("2 + 0 * x", "0.5 + 0 * x"),
    "bug_cut": ("h = h.detach() / size.detach()", "h = h / size"),
    "bug_broadcast": ("error = out - target", "error = out[:, 0] - target"),
}
RIGHT = [name for name in NAMES if name not in BUGS and name != "moons"]


def source(name):
    return (LESSONS / f"{name}.py").read_text(encoding="utf-8")


def ran(text, **settings):
    return json.loads(playground_runner.run(text, json.dumps(settings)))


def same_numbers(name, result):
    """The output and all gradients, against the lesson written again without the engine."""
    leaves = {
        key: np.array(leaf["values"]).reshape(leaf["shape"])[()]
        for key, leaf in result["leaves"].items()
    }
    function = getattr(lesson_numbers, name)
    np.testing.assert_allclose(result["output"], function(**leaves), rtol=1e-12)
    slopes = lesson_numbers.gradients(function, leaves)
    assert slopes
    for key, leaf in result["leaves"].items():
        np.testing.assert_allclose(leaf["gradients"], slopes[key], rtol=1e-9, atol=1e-14)


def test_every_lesson_is_in_the_menu_with_a_title():
    assert sorted(NAMES) == sorted(file.stem for file in LESSONS.glob("*.py"))
    for name in NAMES:
        assert re.match(r'"""[A-Z][^\n]+\.\n\n', source(name)), name
        assert max(map(len, source(name).splitlines())) <= 100


@pytest.mark.part(3)
@pytest.mark.parametrize("name", RIGHT)
def test_numbers_of_a_lesson(name, capsys):
    result = ran(source(name))
    assert result["error"] is None
    assert result["notes"] == []
    assert result["page"].startswith("<!DOCTYPE html>")
    same_numbers(name, result)


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_one_and_can_be_mended(name, capsys):
    wrong, right = BUGS[name]
    text = source(name)
    assert text.count(wrong) == 1
    result = ran(text)
    assert "bug gone: False" in capsys.readouterr().out
    with pytest.raises((AssertionError, TypeError)):  # a leaf without a path is not there at all
        same_numbers(name, result)
    mended = ran(text.replace(wrong, right))
    assert "bug gone: True" in capsys.readouterr().out
    same_numbers(name, mended)


def test_the_ode_is_near_its_exact_solution():
    (leaf,) = ran(source("ode"), page=True)["leaves"].values()
    assert leaf["gradients"][0] == pytest.approx(-np.exp(-1.5), rel=3e-2)


@pytest.mark.slow
def test_the_network_learns_the_moons(capsys):
    shown = []
    answer = playground_runner.run(
        source("moons"), "{}", lambda kind, text: shown.append((kind, json.loads(text)))
    )
    assert json.loads(answer)["error"] is None
    (said,) = re.findall(r"([\d.]+)% of the points", capsys.readouterr().out)
    assert float(said) >= 95
    assert [kind for kind, _ in shown] == ["surface"] * 40
    first, last = shown[0][1], shown[-1][1]
    assert last["title"].startswith("epoch 40, loss 0.")
    for picture in (first, last):
        assert len(picture["winner"]) == len(picture["sure"]) == 48 * 48
        assert set(picture["winner"]) <= {0, 1}
    assert first["winner"] != last["winner"]  # it moves
    points, labels = np.array(last["points"]), np.array(last["labels"])
    cells = np.rint(points * 47).astype(int)
    at = np.array(last["winner"]).reshape(48, 48)[cells[:, 1], cells[:, 0]]
    assert np.mean(at == labels) > 0.9  # the picture is that of the network, and the right way up
