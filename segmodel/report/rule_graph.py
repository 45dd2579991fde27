"""The rules of a run and what they passed on, from Snakemake's records of the files that it made."""

from collections import Counter
from html import escape
from pathlib import Path

import networkx

from segmodel.report.records import file_records

_WIDTH, _HEIGHT, _ACROSS, _DOWN = 190, 40, 206, 78


def rule_graph(records: Path, benchmark: str) -> networkx.DiGraph:
    """Return the graph of the rules that made a benchmark's files, with the number of files of each as ``files``.

    An edge leads from a rule to those that read its files; edges that follow from others are left out.

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
    if not networkx.is_directed_acyclic_graph(graph):
        return graph
    reduced = networkx.transitive_reduction(graph)
    reduced.add_nodes_from(graph.nodes(data=True))
    return reduced


def drawn(graph: networkx.DiGraph) -> str:
    """Return an acyclic graph as SVG, a row per depth."""
    rows = _ordered([sorted(row) for row in networkx.topological_generations(graph)], graph)
    width = max(len(row) for row in rows) * _ACROSS
    places = {
        name: (width * (place + 0.5) / len(row), _DOWN * (depth + 0.5))
        for depth, row in enumerate(rows)
        for place, name in enumerate(row)
    }
    lines = [_edge(*places[one], *places[other]) for one, other in graph.edges]
    boxes = [_box(name, *place, graph.nodes[name]["files"]) for name, place in places.items()]
    return (
        f'<svg class="graph" viewBox="0 0 {width} {_DOWN * len(rows)}" width="{width}" role="img" '
        f'aria-label="Rules and what they pass on">{"".join(lines)}{"".join(boxes)}</svg>'
    )


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


def _edge(x0: float, y0: float, x1: float, y1: float) -> str:
    y0, y1 = y0 + _HEIGHT / 2, y1 - _HEIGHT / 2
    middle = (y0 + y1) / 2
    return f'<path d="M{x0:.0f},{y0:.0f} C{x0:.0f},{middle:.0f} {x1:.0f},{middle:.0f} {x1:.0f},{y1:.0f}"/>'


def _box(name: str, x: float, y: float, files: int) -> str:
    left, top = x - _WIDTH / 2, y - _HEIGHT / 2
    return (
        f'<g><rect x="{left:.0f}" y="{top:.0f}" width="{_WIDTH}" height="{_HEIGHT}" rx="6"/>'
        f'<text x="{x:.0f}" y="{y - 2:.0f}">{escape(name)}</text>'
        f'<text x="{x:.0f}" y="{y + 13:.0f}" class="count">{files} file{"s" if files > 1 else ""}</text></g>'
    )
