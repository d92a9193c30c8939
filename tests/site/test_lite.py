"""The notebooks in the browser: each runs whole in JupyterLite, and prints what it printed before.

`make site` builds them; without a built folder (site/build, or what AUTOGRAD_SITE names) these
tests are skipped.
"""

import importlib.util
import json
from pathlib import Path

import pytest
from built_site import BUILT, needs, served

FOLDER = Path(__file__).parents[2] / "notebooks"
spec = importlib.util.spec_from_file_location("notebooks_build", FOLDER / "build.py")
build = importlib.util.module_from_spec(spec)
spec.loader.exec_module(build)
PATIENCE = 600_000  # milliseconds for one notebook, on a machine that is busy with other things
IS_OPEN = "window.jupyterapp?.shell?.currentWidget?.context?.isReady"
PICTURES_SEEN = "[...document.images].every(i => i.complete && i.naturalWidth > 0)"
RUN = """async () => {
  const { shell, commands } = window.jupyterapp;
  const panel = shell.currentWidget;
  await panel.sessionContext.ready;
  await commands.execute("notebook:run-all-cells");
  return panel.context.model.toJSON();
}"""

pytestmark = [pytest.mark.slow, needs("lite")]


class Notebooks:
    """Runs notebooks; all that is asked for must come, and from the same folder."""

    def __init__(self, browser, address):
        self.address = address
        self.context = browser.new_context()
        self.context.set_default_timeout(PATIENCE)
        self.complaints = []
        beat = "/".join([*address.split("/")[:3], "api/service-worker-heartbeat"])
        inside = (address, "data:", "blob:", beat)  # the last one stays in the browser
        self.context.on(
            "request",
            lambda r: None if r.url.startswith(inside) else self.complaints.append(r.url),
        )
        self.context.on(
            "response",
            lambda r: self.complaints.append(r.url) if r.status >= 400 else None,
        )

    def run(self, name):
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.goto(f"{self.address}notebooks/index.html?path={name}")
        page.wait_for_function(IS_OPEN)
        made = page.evaluate(RUN)
        page.wait_for_function(PICTURES_SEEN)
        page.close()
        found, self.complaints[:] = self.complaints[:], []
        assert found == []
        return made


@pytest.fixture(scope="module")
def notebooks(browser):
    """From a folder of another name, without the two headers: as any server sends files."""
    with served(BUILT.parent, False) as address:
        made = Notebooks(browser, f"{address}{BUILT.name}/lite/")
        yield made
        made.context.close()


def joined(made):
    """Put the pieces together in which a cell's stream comes."""
    for cell in made["cells"]:
        outputs = []
        for output in cell.get("outputs", ()):
            last = outputs[-1] if outputs else {}
            if "text" in output and last.get("name") == output["name"]:
                last["text"] = "".join(last["text"]) + "".join(output["text"])
            else:
                outputs.append(output)
        cell["outputs"] = outputs
    return made


def check(made, source):
    """Every cell ran without an error, and printed the numbers that are kept in the repository."""
    kept = json.loads(build.page_of(source).read_text(encoding="utf-8"))
    for new, old in zip(made["cells"], kept["cells"], strict=True):
        outputs = new.get("outputs", ())
        assert not [o for o in outputs if "error" in o["output_type"] or o.get("name") == "stderr"]
        assert new.get("execution_count") == old.get("execution_count")
        shown = [set(o.get("data", {})) for o in outputs]
        assert shown == [set(o.get("data", {})) for o in old.get("outputs", ())], old["id"]
    assert build.differences(joined(made), kept) == []


@pytest.mark.parametrize("source", build.sources(), ids=lambda path: path.stem)
def test_a_notebook_runs_in_the_browser(notebooks, source):
    check(notebooks.run(build.page_of(source).name), source)


def test_a_notebook_runs_on_the_server_that_shows_the_site(browser):
    """`make site-serve` isolates the playground, where the kernel of the notebooks would hang."""
    source = build.sources()[0]
    with served(BUILT, isolated=True) as address:
        made = Notebooks(browser, f"{address}lite/")
        check(made.run(build.page_of(source).name), source)
        made.context.close()
