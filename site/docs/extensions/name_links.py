"""Names written as code become links to the reference, where they are public names."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes
from sphinx import addnodes

CALL = re.compile(r"\(\)$")
# Words that are mostly something else where they stand alone.
NOT_ALONE = {"nn", "optim", "autograd_core", "numpy", "scipy", "viewer", "e", "pi", "t", "f"}


def module_of(page: str) -> str:
    """Return the module that a page of the reference describes; of other pages the empty text."""
    section, _, rest = page.partition("/")
    return rest.split("/")[0] if section == "reference" else ""


def place_of(text: str, module: str, objects: Any) -> Any:
    """Return the public name that a text means on a page of a module, or None."""
    text = CALL.sub("", text.removeprefix("~"))
    if text in NOT_ALONE:
        return None
    tried = [f"{module}.{text}"] if module else []
    tried += [text, f"autograd_core.{text}", text.removeprefix("autograd_core.")]
    return next((objects[name] for name in tried if name in objects), None)


def link(app: Any, tree: Any, page: str) -> None:
    """Put links around the names of one page."""
    objects = app.env.get_domain("py").objects
    module = module_of(page)
    for node in list(tree.findall(nodes.literal)):
        if within(node) or not re.fullmatch(r"~?[A-Za-z_][\w.]*(\(\))?", node.astext()):
            continue
        found = place_of(node.astext(), module, objects)
        if found is None or found.docname == page:
            continue
        node.replace_self(linked(app, page, found, node.deepcopy()))
    if module:
        link_kinds(app, tree, page)


def link_kinds(app: Any, tree: Any, page: str) -> None:
    """Put links around classes in what a docstring says of the kinds of arguments and results."""
    objects = app.env.get_domain("py").objects
    module = module_of(page)
    for node in list(tree.findall(lambda n: isinstance(n, nodes.term | nodes.classifier))):
        for text in list(node.findall(nodes.Text)):
            parts = re.split(r"\b([A-Z]\w+)\b", text.astext())
            made: list[nodes.Node] = []
            for k, part in enumerate(parts):
                found = place_of(part, module, objects) if k % 2 else None
                known = found is not None and found.docname != page
                made.append(
                    linked(app, page, found, nodes.Text(part)) if known else nodes.Text(part)
                )
            if len(made) > 1 and not within(text):
                text.parent.replace(text, made)


def linked(app: Any, page: str, found: Any, inner: nodes.Node) -> nodes.reference:
    """Return a node inside of a link to a public name."""
    address = app.builder.get_relative_uri(page, found.docname)
    if not found.docname.endswith(f"/{found.node_id.rsplit('.', 1)[-1]}"):
        address += f"#{found.node_id}"
    around = nodes.reference("", "", internal=True, refuri=address, classes=["name"])
    around += inner
    return around


def within(node: Any) -> bool:
    """Tell whether a node stands where a link would be wrong: in a link, a title or a signature."""
    while node.parent is not None:
        node = node.parent
        if isinstance(node, nodes.reference | nodes.title | addnodes.desc_signature):
            return True
    return False


def setup(app: Any) -> dict[str, Any]:
    """Tell Sphinx."""
    app.connect("doctree-resolved", link)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
