"""The colours of graphs, light and dark, and the rules by which a picture follows its page."""

from __future__ import annotations

LIGHT = {
    "text": "#1b1b1f", "muted": "#5a5f6b", "ground": "#ffffff", "card": "#ffffff",
    "line": "#858b98", "value": "#005f99", "grad": "#a64200", "tangent": "#00704e",
    "bad": "#b3001b", "lit-value": "#d8ebf8", "lit-grad": "#fde6d3", "lit-tangent": "#d7efe4",
    "parameter": "#e6edf9", "module": "#f1f2f6", "frame": "#f6f7fa", "frame-line": "#c2c7d0",
    "added": "#00704e", "removed": "#b3001b",
}  # fmt: skip
DARK = {
    "text": "#eceef2", "muted": "#a9afbb", "ground": "#16181d", "card": "#1f242b",
    "line": "#868d99", "value": "#7cc4f5", "grad": "#ffab66", "tangent": "#5fd6ad",
    "bad": "#ff8f9c", "lit-value": "#14334a", "lit-grad": "#4a2a10", "lit-tangent": "#0f3b2d",
    "parameter": "#232e47", "module": "#262a32", "frame": "#1a1d23", "frame-line": "#4a505b",
    "added": "#5fd6ad", "removed": "#ff8f9c",
}  # fmt: skip
# what pages around a picture say of themselves: ours, JupyterLab's and VS Code's
_SAYS_LIGHT = ('[data-theme="light"]', '[data-jp-theme-light="true"]', ".vscode-light")
_SAYS_DARK = ('[data-theme="dark"]', '[data-jp-theme-light="false"]', ".vscode-dark")
FONTS = '"Noto Sans", "DejaVu Sans", "Segoe UI", system-ui, sans-serif'


def palette() -> str:
    """Return the colours as CSS: the reader's scheme, unless the page around says another."""
    light, dark = (
        "; ".join(f"--{name}: {value}" for name, value in colors.items())
        for colors in (LIGHT, DARK)
    )
    around_light = ", ".join(f"{where} .graph" for where in _SAYS_LIGHT)
    around_dark = ", ".join(f"{where} .graph" for where in _SAYS_DARK)
    return (
        f".graph {{ {light}; font-family: {FONTS}; background: var(--ground); "
        "color: var(--text); }\n"
        f"@media (prefers-color-scheme: dark) {{ .graph {{ {dark} }} }}\n"
        f"@media screen {{ {around_light} {{ {light} }}\n{around_dark} {{ {dark} }} }}\n"
        f"@media print {{ .graph {{ {light} }} }}\n"
    )
