"""The rules of a run and what they passed on, from Snakemake's records of the files that it made."""

import math
from collections import Counter
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

import networkx

from segmodel.report.records import file_records

_WIDTH, _HEIGHT, _ACROSS, _DOWN, _NEAR = 178, 40, 188, 78, 54
_MOST = 5
"""Boxes side by side, as many as the page is wide."""


def rule_graph(records: Path, benchmark: str) -> networkx.DiGraph:
    """Return the graph of the rules that made a benchmark's files, with the number of files of each as ``files``.

    An edge leads from a rule to those that read its files; edges that follow from others are left out. Edges that lead
    back to an earlier rule have the attribute ``back``: filters read a model that was trained, and trainings what they
    filtered. Without those edges, the graph is acyclic.

    Args:
        records: folder with a JSON file per output.
        benchmark: outputs in the folders of other benchmarks are left out.
    """
    made = dict(file_records(records, benchmark))
    home = {file: record["rule"] for file, record in made.items()}
    counts = Counter(home.values())
    graph = networkx.DiGraph()
    graph.add_nodes_from((rule, {"files": counts[rule]}) for rule in sorted(counts))
    edges = {(home[file], record["rule"]) for record in made.values() for file in record["input"] if file in home}
    graph.add_edges_from(sorted((one, other) for one, other in edges if one != other))
    back = _back_edges(graph, _depths(made))
    graph.remove_edges_from(back)
    reduced = networkx.transitive_reduction(graph)
    reduced.add_nodes_from(graph.nodes(data=True))
    reduced.add_edges_from(back, back=True)
    return reduced


def drawn(graph: networkx.DiGraph) -> str:
    """Return a graph of rules as SVG: from top to bottom, edges that lead back up dashed."""
    forward = networkx.subgraph_view(graph, filter_edge=lambda one, other: "back" not in graph.edges[one, other])
    rows = _ordered([sorted(row) for row in networkx.topological_generations(forward)], forward)
    width = min(max(len(row) for row in rows), _MOST) * _ACROSS
    places = _places(rows, width)
    height = max(y for _, y in places.values()) + _DOWN / 2
    lines = [_edge(*places[one], *places[other]) for one, other in forward.edges]
    back = [(one, other) for one, other, leads_back in graph.edges(data="back") if leads_back]
    lines += [_edge(*places[other], *places[one], ' class="back"') for one, other in back]
    boxes = [_box(name, *place, graph.nodes[name]["files"]) for name, place in places.items()]
    return (
        f'<svg class="graph" viewBox="0 0 {width} {height:.0f}" width="{width}" role="img" '
        f'aria-label="Rules and what they pass on">{"".join(lines)}{"".join(boxes)}</svg>'
    )


def _back_edges(graph: networkx.DiGraph, depth: Mapping[str, int]) -> list[tuple[str, str]]:
    """Return the edges within cycles to the rule of the cycle to whose first file the fewest steps lead."""
    found: list[tuple[str, str]] = []
    for cycle in networkx.strongly_connected_components(graph):
        if len(cycle) > 1:
            first = min(cycle, key=lambda rule: (depth[rule], rule))
            inner = graph.subgraph(cycle).copy()
            back = [*inner.in_edges(first)]
            inner.remove_edges_from(back)
            found += [*back, *_back_edges(inner, depth)]
    return sorted(found)


def _depths(made: Mapping[str, dict[str, Any]]) -> dict[str, int]:
    """Return of each rule how many steps lead to its first file, from the records of all files."""
    files = networkx.DiGraph([(file, name) for name, record in made.items() for file in record["input"]])
    files.add_nodes_from(made)
    steps = networkx.condensation(files)
    depths: dict[str, int] = {}
    for depth, row in enumerate(networkx.topological_generations(steps)):
        for file in (file for step in row for file in steps.nodes[step]["members"] if file in made):
            depths.setdefault(made[file]["rule"], depth)
    return depths


def _ordered(rows: list[list[str]], graph: networkx.DiGraph) -> list[list[str]]:
    """Order each row by the mean place of what its rules read, so that few edges cross."""
    place: dict[str, float] = {}
    ordered = []
    for row in rows:
        means = {}
        for name in row:
            before = [place[other] for other in graph.predecessors(name) if other in place]
            means[name] = sum(before) / len(before) if before else 0.5
        ordered.append(sorted(row, key=lambda name: (means[name], name)))
        place |= {name: (index + 0.5) / len(row) for index, name in enumerate(ordered[-1])}
    return ordered


def _places(rows: list[list[str]], width: float) -> dict[str, tuple[float, float]]:
    """Return where the middle of each box is; a long row has several lines, each between the boxes of the others."""
    places: dict[str, tuple[float, float]] = {}
    y = _DOWN / 2
    for row in rows:
        lines = math.ceil((len(row) - 1) / (_MOST - 1)) or 1
        margin = _ACROSS if lines > 1 else width / len(row)
        step = (width - margin) / max(len(row) - 1, 1)
        for place, name in enumerate(row):
            places[name] = (margin / 2 + step * place, y + _NEAR * (place % lines))
        y += _NEAR * (lines - 1) + _DOWN
    return places


def _edge(x0: float, y0: float, x1: float, y1: float, attribute: str = "") -> str:
    y0, y1 = y0 + _HEIGHT / 2, y1 - _HEIGHT / 2
    middle = (y0 + y1) / 2
    return f'<path{attribute} d="M{x0:.0f},{y0:.0f} C{x0:.0f},{middle:.0f} {x1:.0f},{middle:.0f} {x1:.0f},{y1:.0f}"/>'


def _box(name: str, x: float, y: float, files: int) -> str:
    left, top = x - _WIDTH / 2, y - _HEIGHT / 2
    return (
        f'<g><rect x="{left:.0f}" y="{top:.0f}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>'
        f'<text x="{x:.0f}" y="{y - 2:.0f}">{escape(name)}</text>'
        f'<text x="{x:.0f}" y="{y + 13:.0f}" class="count">{files} file{"s" if files > 1 else ""}</text></g>'
    )
