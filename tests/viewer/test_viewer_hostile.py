"""Every page, picture and table that can be saved keeps a user's text as text, whatever it is."""

from __future__ import annotations

import base64
import xml.dom.minidom
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from autograd_core import Tensor, animate, cost, draw, explain, scope

TEXTS = [
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onload='alert(1)",
    "<!--<script>",
    "-->",
    "]]>",
    "</style><style>*{display:none}",
    "</title><base href=//x>",
    "</noscript></pre><iframe src=//x>",
    "%%data%%%%script%%",
    "{{x}}${x}`${alert(1)}`",
    "&lt;script&gt;&#60;",
    "javascript:alert(1)",
    '\\"]; x [URL="//x"',
    "\\N\\G\\",
    "\x00\x1b[2J\u202e\u2028\ud800",
]


def drawn(tag: str, source: str) -> str:
    """Return the picture that an image holds in data; an image runs nothing and loads nothing."""
    head, _, data = source.partition(",")
    image = tag == "img" and head == "data:image/svg+xml;base64"
    return base64.b64decode(data, validate=True).decode() if image else ""


class Elements(HTMLParser):
    """What a browser would find in a page: elements, and attributes that do something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.active: list[tuple[str, str]] = []
        self.pictures: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: Any) -> None:
        self.names.append(tag)
        self.pictures += filter(None, [drawn(tag, value) for _, value in attributes if value])
        self.active += [
            (tag, name)
            for name, value in attributes
            if name.startswith("on")
            or (name in ("href", "src") and not value.startswith("#") and not drawn(tag, value))
        ]


def made(text: str) -> tuple[Any, Any]:
    x = Tensor(np.ones(2), requires_grad=True)
    with scope(text):
        y = np.tanh(x) * x
    return np.sum(y), x


def forms(text: str, folder: Any) -> dict[str, str]:
    total, x = made(text)
    drawing, page = draw(total, names={text: x}), animate(total, names={text: x})
    found = {
        "page": page.to_html(),
        "frame": page._repr_html_(),
        "figure": drawing._repr_mimebundle_()["text/html"],
        "svg": drawing._repr_mimebundle_()["image/svg+xml"],
    }
    for form in ("frame", "figure"):  # a script puts it into the page
        (found[f"svg of the {form}"],) = Elements(found[form]).pictures
    for ending in ("html", "svg", "dot", "txt"):
        path = folder / f"graph.{ending}"
        drawing.save(path)
        found[f".{ending}"] = path.read_text(encoding="utf-8")
    return found


@pytest.fixture(scope="module")
def plain(tmp_path_factory: Any) -> dict[str, str]:
    return forms("name", tmp_path_factory.mktemp("plain"))


@pytest.mark.parametrize("text", TEXTS)
def test_names_stay_text(text: str, plain: dict[str, str], tmp_path: Any) -> None:
    for form, content in forms(text, tmp_path).items():
        assert not any(c in content for c in "\x00\x1b\u202e\u2028\ud800"), form
        if form in (".dot", ".txt"):
            continue
        found, expected = Elements(content), Elements(plain[form])
        assert set(found.names) == set(expected.names), form
        assert found.names.count("script") == expected.names.count("script"), form
        assert not found.active, form
        if "svg" in form:
            xml.dom.minidom.parseString(content)


@pytest.mark.parametrize("text", TEXTS)
def test_dot_has_no_attributes_of_a_users(text: str, tmp_path: Any) -> None:
    source = forms(text, tmp_path)[".dot"]
    outside, depth = "", 0  # what does not stand in a label's <...>
    for character in source:
        depth += (character == "<") - (character == ">" and depth > 0)
        outside += character if not depth else ""
    assert "URL" not in outside
    assert "alert" not in outside


def test_tables_and_errors_stay_text() -> None:
    for text in TEXTS:
        total, x = made(text)
        assert "\x1b" not in str(explain(x, total))

        def f(a: Any) -> Any:
            return np.sum(a * a)

        f.__name__ = f.__qualname__ = text
        found = Elements(cost(f, np.ones(2), measure=False)._repr_html_())
        assert not found.active
        assert not {"script", "img", "iframe", "style"} & set(found.names)
        try:
            np.reshape(total, (2, 3))
        except Exception as error:
            picture = draw(error)._repr_mimebundle_()["image/svg+xml"]
            assert not Elements(picture).active
            assert "script" not in Elements(picture).names
