"""Programs of readers: what is shown, where errors are marked, what a changed leaf does."""

import base64
import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import playground
import playground_runner
import pytest

SITE = Path(playground_runner.__file__).parents[2]
START = "from autograd_core import Tensor, animate, draw, grad, nn, optim\nimport numpy as np\n"
CUBIC = (
    START
    + "x = Tensor(2.0, requires_grad=True)\ny = Tensor(3.0, requires_grad=True)\n"
    + "F = x**3 * (x + 3 * y)\n"
)


def ran(text, send=None, **settings):
    return json.loads(playground_runner.run(text, json.dumps(settings), send))


def page_data(result):
    return json.loads(re.search(r'id="data">(.*?)</script>', result["page"], re.DOTALL)[1])


# --- what is shown --------------------------------------------------------------------


@pytest.mark.part(2)
@pytest.mark.parametrize("last", ["animate(F)", "draw(F)", "F", "F.backward()", "pass", "x"])
def test_the_page_is_of_the_last_line_or_the_last_sweep_or_the_last_number(last, capsys):
    result = ran(CUBIC + last)
    assert (result["error"], result["name"], result["output"]) == (None, "F", 88)
    names = [card["name"] for card in page_data(result)["cards"].values()]
    assert {"x", "y", "F"} <= set(names)


def test_what_the_last_line_computes_is_printed(capsys):
    result = ran("import numpy as np\nnp.arange(3)")
    assert capsys.readouterr().out == "array([0, 1, 2])\n"
    assert result["page"] == ""
    assert ran("x = 1\nx = None\nx")["error"] is None
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing", "import os\n"])
def test_programs_that_show_nothing(text):
    assert ran(text)["page"] == ""


def test_the_page_of_a_training_shows_its_last_sweep_with_the_numbers_of_then():
    text = CUBIC + (
        "for _ in range(3):\n"
        "    F = x**3 * (x + 3 * y)\n"
        "    F.backward()\n"
        "    x.data -= 0.001 * x.grad.data\n"
        "    x.grad = None\n"
    )
    x = 2.0
    for _ in range(2):
        x -= 0.001 * (3 * x**2 * (x + 9) + x**3)
    result = ran(text)
    assert result["output"] == pytest.approx(x**3 * (x + 9))
    assert "x" not in result["leaves"]  # its first value is not the one that is shown
    assert "y" in result["leaves"]


TRAINED = START + (
    "from autograd_core import scope\n"
    "w = Tensor(np.array([1.0, 2.0]), requires_grad=True)\nopt = optim.SGD([w], lr=0.25)\n"
    "with scope('part'):\n    h = w * w\nF = np.sum(h)\nF.backward()\nopt.step()\n"
)


def numbers_of(result, name):
    """The value of a card in each view of a page in which it stands."""
    data = page_data(result)
    views = [data, *data["views"]]
    cards = [view["cards"] for view in views]
    found = [card for one in cards for card in one.values() if isinstance(card, dict)]
    return {tuple(card["value"]["cells"][0]) for card in found if card["name"] == name}


def test_what_an_optimizer_changed_meanwhile_is_shown_as_it_was():
    result = ran(TRAINED)
    assert result["output"] == 5
    assert numbers_of(result, "w") == {(1, 2)}
    assert result["leaves"]["w"]["gradients"] == [2, 4]


def test_a_page_that_was_asked_for_has_the_numbers_of_now():
    """Not those of an earlier sweep, in none of its views."""
    result = ran(TRAINED + "with scope('part'):\n    k = w * w\nG = np.sum(k)\nanimate(G, depth=0)")
    assert result["output"] == 0.25 + 1
    assert page_data(result)["views"]
    assert numbers_of(result, "w") == {(0.5, 1)}
    assert numbers_of(result, "k") == {(0.25, 1)}
    assert "w" not in result["leaves"]


def test_a_program_is_main_and_leaves_nothing_behind():
    before = sys.modules["__main__"]
    text = "import sys\nassert sys.modules['__main__'].__name__ == __name__ == '__main__'\na = 5\n"
    assert ran(text)["error"] is None
    assert sys.modules["__main__"] is before
    assert ran("a")["error"]["kind"] == "NameError"


def test_exit_ends_a_program_without_an_error(capsys):
    assert ran("import sys\nsys.exit()")["error"] is None
    assert ran("import sys\nsys.exit('done')")["error"] is None
    assert capsys.readouterr().err == "done\n"


# --- errors ------------------------------------------------------------------------------


@pytest.mark.part(3)
@pytest.mark.parametrize(
    ("text", "kind", "place"),
    [
        ("x = 1\nx = = 2\n", "SyntaxError", (2, 5, 2, 6)),
        ("x = 1\n  y = 2\n", "IndentationError", (2, None, None, None)),
        ("a = 1\nb = a / 0\n", "ZeroDivisionError", (2, 5, 2, 10)),
        ("ä, b = 'ö', 1 / 0\n", "ZeroDivisionError", (1, 13, 1, 18)),  # columns are characters
        ("def f():\n    return g()\ndef g():\n    raise KeyError(3)\nf()\n", "KeyError", (4,)),
        (
            START + "h = Tensor(np.ones((3, 4)), True) @ np.ones((3, 2))",
            "ShapeError",
            (3, 5, 3, 52),
        ),
        (START + "nn.Linear(3, 2)(np.ones((1, 4)))", "ShapeError", (3, 1, 3, 33)),
        ("(\n1 /\n0)\n", "ZeroDivisionError", (2, 1, 3, 2)),
        ("raise KeyboardInterrupt", "KeyboardInterrupt", (1,)),
    ],
)
def test_an_error_is_marked_where_the_program_went_wrong(text, kind, place):
    error = ran(text)["error"]
    assert error["kind"] == kind
    found = error["place"]
    for given, wanted in zip(found, place, strict=False):
        assert wanted in (None, given)
    lines = text.splitlines()
    assert 1 <= found[0] <= len(lines)
    assert "playground_runner" not in error["trace"]
    assert kind in error["text"]


def test_an_error_far_away_is_marked_at_the_program_s_own_line():
    error = ran("import json\n\njson.loads('{')\n")["error"]
    assert error["place"][0] == 3
    assert "decoder.py" in error["trace"]


def test_an_error_of_the_engine_says_its_line_and_is_drawn():
    result = ran(START + "x = Tensor(np.ones((3, 4)), True)\nh = np.tanh(x)\nh @ np.ones((3, 2))")
    assert "program.py:5" in result["error"]["text"]
    assert "ShapeError" in result["page"]
    assert any(card["kind"] == "error" for card in page_data(result)["cards"].values())


def test_what_there_was_when_a_program_was_stopped_is_shown():
    result = ran(CUBIC + "F.backward()\nx = None\nraise KeyboardInterrupt\n")
    assert result["error"]["kind"] == "KeyboardInterrupt"
    assert result["error"]["place"][0] == 8
    assert result["output"] == 88
    assert page_data(result)["cards"]


def test_who_does_not_wait_for_the_page_is_told_so(monkeypatch):
    def slow(self):
        raise KeyboardInterrupt

    monkeypatch.setattr(playground_runner.Animation, "to_html", slow)
    result = ran(CUBIC + "animate(F)")
    assert result["error"]["kind"] == "KeyboardInterrupt"
    assert result["error"]["place"] is None
    assert result["page"] == ""


def test_deep_recursion_and_its_message_end_as_an_error():
    assert ran("def f():\n    f()\nf()\n")["error"]["kind"] == "RecursionError"


# --- changed leaves ------------------------------------------------------------------------


def test_a_changed_leaf_runs_the_program_again_with_the_new_number():
    plain = ran(CUBIC)
    assert plain["leaves"]["x"] == {"leaf": 0, "shape": [], "values": [2], "gradients": [140]}
    moved = ran(CUBIC, changes=[[0, 0, 3.0]])
    assert moved["output"] == 27 * 12
    assert moved["leaves"]["x"]["values"] == [3]
    assert moved["leaves"]["x"]["gradients"] == [3 * 9 * 12 + 27]
    assert moved["leaves"]["y"]["gradients"] == [3 * 27]
    both = ran(CUBIC, changes=[[0, 0, 3.0], [1, 0, -1.0]], page=False)
    assert both["output"] == 0
    assert both["page"] == ""


def test_the_program_takes_the_other_branch():
    text = START + "x = Tensor(1.0, True)\nif x > 0:\n    F = x * x\nelse:\n    F = np.exp(x)\n"
    assert ran(text)["output"] == 1
    moved = ran(text, changes=[[0, 0, -1.0]])
    assert moved["output"] == pytest.approx(np.exp(-1))
    assert {card["name"] for card in page_data(moved)["cards"].values()} == {"x", "F"}


def test_weights_of_modules_keep_their_dtype():
    text = START + (
        "nn.manual_seed(0)\nnet = nn.Linear(2, 1)\nF = np.sum(net(np.ones((1, 2), 'float32')))\nF"
    )
    plain = ran(text)
    (name,) = [name for name, leaf in plain["leaves"].items() if leaf["shape"] == [1, 2]]
    weight = plain["leaves"][name]
    moved = ran(text, changes=[[weight["leaf"], 1, 0.5]])
    assert moved["output"] == pytest.approx(plain["output"] - weight["values"][1] + 0.5, abs=1e-6)
    assert moved["leaves"][name]["values"] == [weight["values"][0], 0.5]


def test_a_weight_is_changed_before_the_training_that_follows():
    text = START + (
        "nn.manual_seed(0)\nnet = nn.Sequential(nn.Linear(1, 1))\n"
        "opt = optim.SGD(net.parameters(), lr=0.1)\n"
        "for _ in range(2):\n"
        "    F = np.sum(net(np.ones((1, 1), 'float32')) ** 2)\n    opt.zero_grad()\n"
        "    F.backward()\n    opt.step()\n"
    )
    assert ran(text)["leaves"] == {}  # after a step they do not have their first values
    w, b = 0.25, 0.5
    for _ in range(2):
        output = (w + b) ** 2
        w, b = w - 0.2 * (w + b), b - 0.2 * (w + b)
    found = ran(text, changes=[[0, 0, 0.25], [1, 0, 0.5]])
    assert found["output"] == pytest.approx(output, rel=1e-6)


def test_a_change_that_does_not_fit_any_more_is_said():
    text = START + (
        "x = Tensor(1.0, True)\n"
        "y = Tensor(np.ones(3 if x > 0 else 1), True)\n"
        "if x > 0:\n    z = Tensor(2.0, True)\nF = np.sum(x * y)\n"
    )
    gone = ran(text, changes=[[0, 0, -1.0], [1, 2, 5.0]])["error"]
    assert gone["kind"] == "OperandError"
    assert "leaf 1 has no element 2 in this run; its shape is 1" in gone["text"]
    assert gone["place"][0] == 4
    left = ran(text, changes=[[0, 0, -1.0], [2, 0, 5.0]])
    assert left["notes"] == [
        "The changed leaf 2 was not made in this run: the program took another way."
    ]


def test_only_numbers_that_can_be_changed_are_offered():
    text = START + (
        "big = Tensor(np.ones(300), True)\nc = Tensor(1 + 1j, True)\nw = Tensor(1.0, True)\n"
        "w.data = np.array(2.0)\nn = Tensor(np.nan, True)\nx = Tensor(np.float32(3), True)\n"
        "F = np.sum(big) * x * w * n + np.real(c)\nF"
    )
    assert set(ran(text)["leaves"]) == {"x"}


def test_no_gradient_is_made_up_where_the_end_is_no_number():
    result = ran(START + "x = Tensor(np.ones(3), True)\ny = x * 2\nanimate(y)")
    assert result["output"] is None
    assert result["leaves"]["x"]["gradients"] is None


# --- surfaces ----------------------------------------------------------------------------


def surfaces(text):
    found = []
    result = ran(text, lambda kind, data: found.append(json.loads(data)))
    assert result["error"] is None, result["error"]
    return found


def test_a_surface_says_which_class_wins_where():
    text = (
        "import numpy as np\nfrom playground import surface\n"
        "points = np.array([[0.0, 0.0], [1.0, 2.0]])\n"
        "surface(lambda p: p[:, 0] - 0.5, points, [0, 1], 'half', cells=5)\n"
        "three = lambda p: np.stack([p[:, 1], -p[:, 1], 0 * p[:, 0]], 1)\n"
        "surface(three, points, [2, 1], cells=3)\n"
    )
    half, three = surfaces(text)
    assert half["title"] == "half"
    assert np.array(half["winner"]).reshape(5, 5).tolist() == [[0, 0, 0, 1, 1]] * 5
    edge = 1 / (1 + np.exp(-(1.15 - 0.5)))  # the margin is 15 % of the width
    assert half["sure"][4] == pytest.approx(edge, abs=1e-3)
    assert half["points"] == [[0.1154, 0.1154], [0.8846, 0.8846]]
    assert three["classes"] == 3
    assert three["labels"] == [2, 1]
    assert three["winner"] == [1] * 3 + [0] * 6


def test_a_surface_leaves_the_model_as_it_was():
    text = START + (
        "from playground import surface\nnn.manual_seed(0)\n"
        "net = nn.Sequential(nn.Linear(2, 4), nn.Dropout(0.5), nn.Linear(4, 1))\n"
        "surface(net, np.eye(2), [0, 1], cells=4)\nassert net.training\nnet.eval()\n"
        "surface(net, np.eye(2), [0, 1], cells=4)\nassert not net.training\n"
        "assert net[0].weight.grad is None\n"
    )
    first, second = surfaces(text)
    assert first == second  # without dropout


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("surface(lambda p: p, np.ones((3, 3)), [0, 1, 0])", "points of shape (m, 2)"),
        ("surface(lambda p: p, np.ones((3, 2)), [0, 1])", "m labels are needed"),
        ("surface(lambda p: 1.0, np.eye(2), [0, 1])", "gave shape () for 2304 places"),
        ("surface(lambda p: p[:3], np.eye(2), [0, 1])", "gave shape (3, 2)"),
    ],
)
def test_a_surface_that_cannot_be_drawn_says_why(call, said):
    error = ran(f"import numpy as np\nfrom playground import surface\n{call}\n")["error"]
    assert error["kind"] == "ValueError"
    assert said in error["text"]
    assert error["place"][0] == 3


def test_outside_of_a_page_a_surface_goes_nowhere():
    playground.connect(None)
    playground.surface(lambda p: p[:, 0], np.eye(2), [0, 1])


# --- links and the build -------------------------------------------------------------------


def test_the_link_that_the_page_of_the_site_describes():
    text = (SITE / "README.md").read_text(encoding="utf-8")
    code = re.search(r"```python\n(.*?)```", text, re.DOTALL)[1]
    space = {}
    exec(code, space)
    kept = space["address"].partition("#code=")[2]
    assert "=" not in kept
    assert base64.urlsafe_b64decode(kept + "=" * (-len(kept) % 4)).decode() == space["source"]


@pytest.mark.slow
def test_what_the_build_packs_is_all_that_runs(tmp_path, monkeypatch):
    """The zip of our packages, imported as the browser does: by itself, in a fresh process."""
    build = importlib.import_module("build_playground")
    (tmp_path / "ours.zip").write_bytes(build.our_packages())
    program = (
        "import sys; sys.path.insert(0, sys.argv[1]); import playground_runner as r, json; "
        "from autograd_core.viewer import use_layout; import autograd_core, nn, optim, tqdm; "
        "assert 'ours.zip' in autograd_core.__file__ and 'ours.zip' in tqdm.__file__; "
        "use_layout(lambda s: {}); print(json.loads(r.run(sys.argv[2]))['output'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "ours.zip"), CUBIC],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": "", "PATH": "", "PYTHONSAFEPATH": "1"},
    )
    assert done.stdout == "88.0\n", done.stderr


def test_the_lock_file_of_npm_names_no_registry():
    lock = json.loads((SITE / "package-lock.json").read_text(encoding="utf-8"))
    wanted = json.loads((SITE / "package.json").read_text(encoding="utf-8"))
    public = "https://registry.npmjs.org/"
    for name, package in lock["packages"].items():
        assert package.get("resolved", public).startswith(public), name
        assert not name or package["integrity"].startswith("sha512-")
    assert lock["packages"][""]["dependencies"] == wanted["dependencies"]
    assert lock["packages"]["node_modules/pyodide"]["version"] == "0.27.7"
