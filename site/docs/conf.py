"""Sphinx's settings; the pages come from site/docs/build_docs.py."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1])]

from autograd_core import __version__  # noqa: E402

project = "autograd-core"
author = "The autograd-core authors"
copyright = "the autograd-core authors"
version = release = __version__
extensions = [
    "myst_nb",
    "sphinx.ext.viewcode",
    "sphinx_design",
    "extensions.mathml",
    "extensions.name_links",
    "extensions.source_links",
    "extensions.tryit",
]
default_role = "literal"  # names between single backticks; name_links makes links of them
highlight_language = "text"
pygments_style = "a11y-high-contrast-light"
nitpicky = False
suppress_warnings = ["config.cache"]

nb_execution_mode = "off"  # the outputs are in the notebooks
nb_merge_streams = True
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 4
myst_dmath_double_inline = True

html_theme = "pydata_sphinx_theme"
html_math_renderer = "mathml"
html_favicon = "static/favicon.svg"
html_title = "autograd-core"
html_static_path = ["static"]
html_css_files = ["site.css", "colours.css"]
html_js_files = [("site.js", {"defer": "defer"})]
html_copy_source = False
html_show_sourcelink = False
html_theme_options = {
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
    "navigation_with_keys": False,
    "show_nav_level": 1,
    "navigation_depth": 3,
    "collapse_navigation": True,
    "header_links_before_dropdown": 7,
    "navbar_align": "left",
    "secondary_sidebar_items": {"**": ["page-toc"], "index": []},
    "footer_start": ["copyright"],
    "footer_end": [],
    "article_footer_items": ["prev-next"],
    "show_prev_next": True,
    "back_to_top_button": False,
}
html_context = {"default_mode": "auto"}
html_sidebars = {"index": [], "overview": []}


def setup(app):
    """Add what was generated beside the pages."""
    app.connect(
        "config-inited",
        lambda app, config: config.html_static_path.append(str(Path(app.srcdir).parent / "static")),
    )
