"""Graphs as data: the schema of to_dict, NetworkX, pandas, and what two graphs share."""

import json

import graphs
import numpy as np
import pytest

from autograd_core import Graph, Tensor, primitive
from autograd_core.engine.graph_data import LARGEST

FIELDS = {"id", "operation", "inputs", "settings", "shape", "dtype", "value", "freed", "file",
          "line", "code"}  # fmt: skip


def leaf(value):
    return Tensor(value, requires_grad=True)


@pytest.mark.parametrize("name", [name for name in graphs.ALL if name != "cut_off"])
def test_to_dict_is_json_and_says_what_the_graph_is(name):
    graph = Graph(graphs.ALL[name]())
    data = json.loads(json.dumps(graph.to_dict(), allow_nan=False))
    assert (data["schema"], data["version"]) == ("autograd-core graph", 1)
    assert len(data["nodes"]) == len(graph)
    assert [node["id"] for node in data["nodes"]] == list(range(len(graph)))
    assert all(set(node) == FIELDS for node in data["nodes"])
    place = {node: k for k, node in enumerate(graph.nodes)}
    assert data["outputs"] == [place[node] for node in graph.outputs]
    assert [(e["source"], e["target"], e["index"]) for e in data["edges"]] == [
        (place[e.source], place[e.target], e.index) for e in graph.edges
    ]
    for edge in data["edges"]:
        assert edge["source"] < edge["target"]
        target = data["nodes"][edge["target"]]
        assert target["inputs"][edge["index"]] == {"node": edge["source"]}
    for node, shown in zip(graph.nodes, data["nodes"], strict=True):
        if node.primitive is None or not isinstance(node.output, tuple):
            assert shown["shape"] == list(np.shape(node.output))
            if np.size(node.output) <= LARGEST:
                np.testing.assert_array_equal(shown["value"], node.output)


def test_values_that_json_lacks_are_written_as_the_schema_says():
    z = leaf(np.array([1 + 2j, np.inf, -np.inf + 0j, np.nan]))
    data = Graph(np.real(z[1:]) * np.float32(2)).to_dict()
    json.dumps(data, allow_nan=False)
    assert data["nodes"][0]["value"][0] == {"real": 1.0, "imag": 2.0}
    assert data["nodes"][0]["value"][1]["real"] == "Infinity"
    assert data["nodes"][0]["value"][2]["real"] == "-Infinity"
    assert data["nodes"][0]["value"][3]["real"] == "NaN"
    (reading,) = [node for node in data["nodes"] if node["operation"] == "getitem"]
    assert reading["settings"] == {"index": {"slice": [1, None, None]}}
    large = Graph(leaf(np.ones((9, 9))) * 1.0).to_dict()["nodes"][0]
    assert large["value"] == {"shape": [9, 9], "dtype": "float64"}
    y = leaf(2.0) * 3.0
    y.backward()
    assert [node["freed"] for node in Graph(y).to_dict()["nodes"]] == [True]


def test_to_networkx_has_every_node_and_every_use():
    networkx = pytest.importorskip("networkx")
    graph = Graph(graphs.transformer(2))
    made = graph.to_networkx()
    assert networkx.is_directed_acyclic_graph(made)
    assert made.number_of_nodes() == len(graph)
    assert made.number_of_edges() == len(graph.edges)
    x = leaf(3.0)
    square = Graph(x * x).to_networkx()
    assert sorted(square.edges(keys=True)) == [(0, 1, 0), (0, 1, 1)]
    assert square.nodes[1]["operation"] == "multiply"
    assert square.nodes[1]["value"] == 9.0
    order = {node: k for k, node in enumerate(graph.nodes)}
    some = graph.nodes[len(graph) // 2]
    before = networkx.ancestors(made, order[some])
    behind, stack = set(), [some]
    while stack:
        for source in stack.pop().inputs or ():
            if source in order and order[source] not in behind:
                behind.add(order[source])
                stack.append(source)
    assert before == behind


def test_to_pandas_is_two_tables():
    pandas = pytest.importorskip("pandas")
    graph = Graph(graphs.cubic())
    nodes, edges = graph.to_pandas()
    assert isinstance(nodes, pandas.DataFrame)
    assert len(nodes) == len(graph)
    assert list(edges.itertuples(index=False)) == [
        (e["source"], e["target"], e["index"]) for e in graph.to_dict()["edges"]
    ]


def test_a_missing_package_is_named(monkeypatch):
    import sys

    for package in ("networkx", "pandas"):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(ImportError, match=f"pip install {package}"):
            getattr(Graph(graphs.cubic()), f"to_{package}")()


@pytest.mark.parametrize("name", ["cubic", "mlp", "residual", "lstm"])
def test_a_graph_is_the_same_as_itself_recorded_again(name):
    one, two = Graph(graphs.ALL[name]()), Graph(graphs.ALL[name]())
    found = one.diff(two)
    assert not found.added
    assert not found.removed
    for a, b in found.same:
        assert (a.name, np.shape(a.output)) == (b.name, np.shape(b.output))
        np.testing.assert_array_equal(a.output, b.output)


def test_diff_tells_what_was_added_and_removed():
    x, w = leaf(2.0), leaf(3.0)
    before, after = np.tanh(x * w) + x, np.exp(np.tanh(x * w)) * x
    found = Graph(before).diff(Graph(after))
    assert {n.name for n in found.added} == {"exp", "multiply"}
    assert [n.name for n in found.removed] == ["add"]
    assert len(found.same) == 4
    back = Graph(after).diff(Graph(before))
    assert back.added == found.removed
    assert back.removed == found.added
    assert str(found).splitlines()[0] == "4 the same, 2 added, 1 removed."
    assert repr(found) == "<4 the same, 2 added, 1 removed.>"
    other = Graph(np.sum(leaf(np.ones(3)) ** 2)).diff(Graph(np.sum(leaf(np.ones(3)) ** 3)))
    assert [n.name for n in other.added] == ["power"]  # another exponent is another operation


def test_settings_of_any_kind_are_json():
    """Python's own kinds as they are, an Ellipsis as dots, anything else by its type."""
    scaled = primitive(lambda x, *, how: x * how["by"], vjp=lambda g, y, x, *, how: g * how["by"],
                       name="scaled")  # fmt: skip
    x = leaf(np.ones((2, 3)))
    nodes = Graph(np.sum(scaled(x[..., 1:], how={"by": 2.0, "of": object()}))).to_dict()["nodes"]
    settings = {node["operation"]: node["settings"] for node in json.loads(json.dumps(nodes))}
    assert settings["scaled"] == {"how": {"by": 2.0, "of": {"type": "object"}}}
    assert settings["getitem"] == {"index": ["...", {"slice": [1, None, None]}]}
