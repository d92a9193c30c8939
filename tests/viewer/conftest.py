"""One browser for each module of tests, and pages that may neither complain nor use a network."""

import pytest

from autograd_core.viewer.layout import layout_program


@pytest.fixture(scope="module")
def laid_out():
    """Leave out what needs a layout program where there is none."""
    if layout_program() is None:
        pytest.skip("no layout program is installed")


@pytest.fixture
def page(browser, laid_out, tmp_path):
    """Open pages; at the end nothing may have been logged, thrown or asked of a network."""
    complaints, contexts = [], []

    def opened(content, width=1200, height=860, **options):
        path = tmp_path / f"page{len(contexts)}.html"
        path.write_text(content, encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        context.set_default_timeout(8000)
        made = context.new_page()
        made.on("console", lambda m: complaints.append(m.text))
        made.on("pageerror", lambda e: complaints.append(str(e)))
        made.on("dialog", lambda d: (complaints.append(d.message), d.dismiss()))
        made.on(
            "request",
            lambda r: complaints.append(r.url) if not r.url.startswith("file://") else None,
        )
        made.goto(path.as_uri())
        return made

    yield opened
    for context in contexts:
        context.close()
    assert not complaints
