"""Keys that a configuration file has twice: YAML's readers use the last one without a word."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml


def repeated_keys(files: Iterable[Path]) -> Iterator[str]:
    """Yield a sentence for each key that stands twice in one mapping of a file."""
    for file in files:
        for first, second in _pairs(yaml.compose(Path(file).read_text(), Loader=yaml.CSafeLoader)):
            lines = first.start_mark.line + 1, second.start_mark.line + 1
            yield f"Configuration: {file} has the key {first.value} twice, in lines {lines[0]} and {lines[1]}."


def _pairs(node: yaml.Node | None) -> Iterator[tuple[yaml.Node, yaml.Node]]:
    """Yield the first and a later key of one name."""
    if isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from _pairs(item)
    if isinstance(node, yaml.MappingNode):
        seen: dict[str, yaml.Node] = {}
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and seen.setdefault(key.value, key) is not key:
                yield seen[key.value], key
            yield from _pairs(value)
