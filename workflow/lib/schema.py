"""Generate the configuration's schema and reference from the options classes: ``make schema``.

``workflow/schemas/config.schema.yaml`` is for editors and the workflow catalog, ``docs/options.md`` for readers. A test
fails if either is out of date; validation uses the classes directly.
"""

import json
from typing import Any

import yaml
from pydantic.json_schema import GenerateJsonSchema
from sections import INHERITING, REPOSITORY, Configuration

SCHEMA = REPOSITORY / "workflow/schemas/config.schema.yaml"
REFERENCE = REPOSITORY / "docs/options.md"
HEADER = "# Made by `make schema` from the options classes (workflow/lib/sections.py); do not edit.\n"
INTRODUCTION = """<!-- Made by `make schema` from the options classes (workflow/lib/sections.py); do not edit. -->
# Options

Every key of the configuration: type and range, default, meaning. [Configuration](configuration.md) has recipes.
A key without a default must be given. Changing a key marked \\* neither retrains nor regenerates anything: results do
not depend on it, or only by rounding (batch sizes of the generation, `compile`).
"""
BASED_ON = {"type": "string", "description": "another entry of the section, whose values this one inherits"}


class Untitled(GenerateJsonSchema):
    """JSON schema without pydantic's titles."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Return False for every field."""
        return False


def schema() -> dict:
    """Return the JSON schema of the configuration, including ``based_on``."""
    made = Configuration.model_json_schema(schema_generator=Untitled)
    for section in INHERITING:
        entry = made["properties"][section]["additionalProperties"]
        for reference in entry.get("oneOf", [entry]):
            made["$defs"][reference["$ref"].rpartition("/")[2]]["properties"]["based_on"] = BASED_ON
    return {"$schema": GenerateJsonSchema.schema_dialect, **made}


def reference() -> str:
    """Return docs/options.md: one table for the top level and one per nested class."""
    made = Configuration.model_json_schema(schema_generator=Untitled)
    parts = [INTRODUCTION, table(made, made)]
    for name, section in made["properties"].items():
        for title, node in sections(made, name, section):
            parts += [f"## {title}", table(made, node)]
    return "\n".join(parts)


def sections(made: dict, title: str, node: dict) -> list[tuple[str, dict]]:
    """Return the titles and schemas of the objects nested in a node, depth first."""
    found = []
    if "additionalProperties" in node and isinstance(node["additionalProperties"], dict):
        return sections(made, f"{title}.NAME", node["additionalProperties"])
    for option in alternatives(node):
        if "$ref" in option:
            target = resolved(made, option)
            kind = target["properties"].get("kind", {}).get("const")
            found.append((f"{title}, kind {kind}" if kind else title, target))
            for name, child in target["properties"].items():
                found += sections(made, f"{title}.{name}", child)
        elif option.get("type") == "array" and isinstance(option.get("items"), dict):
            found += sections(made, f"{title}[]", option["items"])
    return found


def table(made: dict, node: dict) -> str:
    """Return a Markdown table of an object's keys."""
    required = node.get("required", [])
    lines = ["", "| key | type | default | meaning |", "|---|---|---|---|"]
    for name, child in node["properties"].items():
        default = "" if name in required else f"`{json.dumps(child.get('default'))}`"
        mark = " \\*" if child.get("x-execution") else ""
        lines.append(f"| `{name}`{mark} | {words(made, child)} | {default} | {child.get('description', '')} |")
    return "\n".join(lines) + "\n"


def words(made: dict, node: dict) -> str:
    """Return a type and its range in words."""
    options = [one for option in alternatives(node) for one in alternatives(resolved(made, option))]
    return " or ".join(dict.fromkeys(word(made, option) for option in options))


def word(made: dict, node: dict) -> str:
    """Return one alternative of a type in words."""
    if "const" in node:
        return f"`{node['const']}`"
    if "enum" in node:
        return ", ".join(f"`{value}`" for value in node["enum"])
    if "prefixItems" in node:
        return f"[{', '.join(words(made, item) for item in node['prefixItems'])}]"
    if node.get("type") == "array":
        return f"list of {words(made, node['items'])}"
    if node.get("type") == "object":
        return "mapping"
    limits = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
    return " ".join(
        [node.get("type", "any"), *(f"{sign} {node[key]:g}" for key, sign in limits.items() if key in node)]
    )


def alternatives(node: dict) -> list[dict]:
    """Return the alternatives of a type."""
    return node.get("anyOf") or node.get("oneOf") or [node]


def resolved(made: dict, node: dict) -> dict:
    """Return a node with its reference resolved."""
    return made["$defs"][node["$ref"].rpartition("/")[2]] if "$ref" in node else node


def main() -> None:
    """Write both files."""
    SCHEMA.write_text(HEADER + yaml.safe_dump(schema(), sort_keys=False, width=118, allow_unicode=True))
    REFERENCE.write_text(reference())


if __name__ == "__main__":
    main()
