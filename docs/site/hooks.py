"""Hooks of MkDocs: pages written for a Git host become pages of the site, without a second version of any of them.

A Git host resolves links to any file of the repository, and starts a list without a blank line. The site has only
docs/ and needs the blank line. So a file of the repository that a page links to becomes a page under ``repository/``,
links are rewritten to it, and blank lines are added before lists. A link to a file that does not exist is left as it
is: MkDocs reports it, which ends a strict build.
"""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files, InclusionLevel
from mkdocs.structure.pages import Page

LINK = re.compile(r"(\]\()([^)\s#:]+)(#[^)\s]*)?(?=\))")
FENCE = re.compile(r"^ *(`{3,}|~{3,})")
ITEM = re.compile(r"^( *)([-*]|\d+\.) ")
LANGUAGES = {".yaml": "yaml", ".yml": "yaml", ".cff": "yaml", ".py": "python", ".toml": "toml"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add a page for each file outside docs/ that a page, or a page so added, links to."""
    root = Path(config.docs_dir).parent
    waiting = [Path(file.abs_src_path) for file in files.documentation_pages()]
    while waiting:
        source = waiting.pop()
        for target in linked_files(source.read_text(), source.parent) if source.suffix == ".md" else ():
            uri = site_uri(target, root)
            if target.is_relative_to(root) and files.get_file_from_path(uri) is None:
                files.append(File.generated(config, uri, content=content(target), inclusion=InclusionLevel.NOT_IN_NAV))
                waiting.append(target)
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Return a page with links and lists as MkDocs reads them."""
    root = Path(config.docs_dir).parent
    uri = page.file.src_uri
    source = root / uri.removeprefix("repository/") if page.file.generated_by else Path(page.file.abs_src_path)
    return outside_fences(markdown, lambda text: with_spaced_lists(with_site_links(text, source, uri, root)))


def linked_files(markdown: str, folder: Path) -> Iterator[Path]:
    """Yield the existing files that a page in a folder links to, outside fenced code."""
    found = []
    outside_fences(markdown, lambda text: found.extend(match[2] for match in LINK.finditer(text)) or text)
    paths = (Path(os.path.normpath(folder / link)) for link in found)
    yield from (path for path in paths if path.is_file())


def site_uri(path: Path, root: Path) -> str:
    """Return the source path in the site of a file of the repository."""
    if path.is_relative_to(root / "docs"):
        return path.relative_to(root / "docs").as_posix()
    name = "repository/" + os.path.relpath(path, root)
    return name if path.suffix == ".md" else name + ".md"


def content(path: Path) -> str:
    """Return a file of the repository as a Markdown page."""
    text = path.read_text()
    if path.suffix == ".md":
        return text
    return f"# {path.name}\n\n````{LANGUAGES.get(path.suffix, 'text')}\n{text.rstrip()}\n````\n"


def with_site_links(text: str, source: Path, uri: str, root: Path) -> str:
    """Return Markdown with links to existing files of the repository as links between pages of the site."""

    def site_link(match: re.Match[str]) -> str:
        target = Path(os.path.normpath(source.parent / match[2]))
        if not target.is_file() or not target.is_relative_to(root):
            return match[0]
        return match[1] + os.path.relpath(site_uri(target, root), os.path.dirname(uri) or ".") + (match[3] or "")

    return LINK.sub(site_link, text)


def with_spaced_lists(text: str) -> str:
    """Return Markdown with a blank line before each list, and nested items indented by four spaces a level."""
    lines: list[str] = []
    for line in text.split("\n"):
        item, before = ITEM.match(line), lines[-1] if lines else ""
        if item and before.strip() and not ITEM.match(before) and not before.startswith("  "):
            lines.append("")
        lines.append(item[1] + line if item else line)
    return "\n".join(lines)


def outside_fences(markdown: str, change: Callable[[str], str]) -> str:
    """Return Markdown with a change of all text outside fenced code blocks."""
    parts: list[list[str]] = [[]]  # text, code, text, code, …
    fence = ""
    for line in markdown.split("\n"):
        marker = FENCE.match(line)
        if marker and not fence:
            fence = marker[1]
            parts.append([line])
        elif marker and marker[1].startswith(fence):
            fence = ""
            parts[-1].append(line)
            parts.append([])
        else:
            parts[-1].append(line)
    texts = ["\n".join(lines) for lines in parts]
    texts[::2] = [change(text) for text in texts[::2]]
    return "\n".join(text for text, lines in zip(texts, parts, strict=True) if lines)
