"""Make the pictures of docs/pictures anew: ``python -m docs.make_pictures``.

SVG follows the reader's light or dark scheme by itself.  The page as a picture
(PNG) needs Playwright and a Chromium; without them it is left as it is.
"""

import argparse
import shutil
import sys
from pathlib import Path

import numpy as np

from autograd_core import Tensor, animate, draw, scope

HERE = Path(__file__).parent / "pictures"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def cubic():
    """F = x³ (x + 3y), whose x is a branch: 132 and 8 come back, and add to 140."""
    x = Tensor(2.0, requires_grad=True)
    y = Tensor(3.0, requires_grad=True)
    c = x**3
    t = 3 * y
    s = x + t
    F = c * s  # noqa: N806 - the name in the picture
    return draw(F), animate(F, title="F = x³ (x + 3y)")


def regression():
    """One hidden layer, mean squared error."""
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(32, 2)), rng.normal(size=(32, 1))  # noqa: N806
    W = Tensor(rng.normal(size=(2, 16)), requires_grad=True)  # noqa: N806
    b = Tensor(np.zeros(16), requires_grad=True)
    v = Tensor(rng.normal(size=(16, 1)) / 4, requires_grad=True)
    h = np.maximum(X @ W + b, 0)
    e = h @ v - Y
    loss = np.mean(e * e)
    return draw(loss, rankdir="LR")


def residual():
    """Six equal blocks, folded, and one of them opened."""
    x = Tensor(np.linspace(-1, 1, 8), requires_grad=True)
    h = x
    for k in range(6):
        with scope(f"block{k}"):
            with scope("branch"):
                part = np.tanh(h) * 0.5
            h = h + part
    loss = np.sum(h * h)
    return draw(loss, depth=0, open="block2", rankdir="LR")


def page_pictures(path):
    """Photograph the stepping page, light and dark, at the sum in the branch."""
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        browser = None
    if browser is None:
        print("page-light.png, page-dark.png: left as they are (no browser)", file=sys.stderr)
        return
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=browser, args=FLAGS)
        for scheme in ("light", "dark"):
            page = opened.new_page(
                viewport={"width": 1000, "height": 640},
                color_scheme=scheme,
                reduced_motion="reduce",
            )
            page.goto(path.resolve().as_uri())
            page.keyboard.press("End")
            page.screenshot(path=HERE / f"page-{scheme}.png")
        opened.close()


def main():
    """Write all pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", default="out/cubic.html", help="where the stepping page goes")
    page = Path(parser.parse_args().page)
    HERE.mkdir(exist_ok=True)
    drawing, animation = cubic()
    drawing.save(HERE / "cubic.svg")
    regression().save(HERE / "regression.svg")
    residual().save(HERE / "residual.svg")
    page_pictures(animation.save(page))


if __name__ == "__main__":
    main()
