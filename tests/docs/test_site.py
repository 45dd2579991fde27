"""The documentation as a site: complete, with links that lead somewhere, and without anything from the network."""

import os
import re
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
LOADED = {"script": "src", "img": "src", "link": "href", "iframe": "src", "source": "src"}


def build(repository, site):
    """Build the site of a repository as `make docs` does, and return the finished process."""
    command = [sys.executable, "-m", "mkdocs", "build", "--config-file", repository / "mkdocs.yml", "--site-dir", site]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    return subprocess.run(list(map(str, command)), env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    done = build(REPOSITORY, folder)
    assert done.returncode == 0, done.stderr
    return folder


class Resources(HTMLParser):
    """Collects what a page loads."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        self.found.append(dict(attributes).get(LOADED.get(tag, ""), "") or "")


def loaded(page):
    parser = Resources()
    parser.feed(page.read_text())
    return [address for address in parser.found if address]


def test_pages_load_nothing_from_the_network(site):
    pages = list(site.rglob("*.html"))
    addresses = {address for page in pages for address in loaded(page)}
    assert len(pages) > 20 and any(address.endswith(".js") for address in addresses)
    assert [address for address in addresses if re.match(r"(https?:)?//", address)] == []
    styles = "".join(style.read_text() for style in site.rglob("*.css"))
    assert not re.findall(r"(?:url\(|@import )['\"]?(?:https?:)?//", styles)


def test_files_of_the_repository_are_pages_of_the_site(site):
    assert '<a href="repository/index.html">README</a>' in (site / "index.html").read_text()
    assert "extends_default" in (site / "repository/config/paper.yaml.html").read_text()
    assert 'href="../plan.html"' in (site / "repository/index.html").read_text()


def test_lists_are_lists_without_a_blank_line_before_them(site):
    page = (site / "segmentation.html").read_text()
    assert re.search(r"<p>Hardware:</p>\s*<ul>\s*<li>", page)
    assert re.search(r"<li>[^<]*<code>redraw</code>(?:(?!</li>).)*<ul>\s*<li>", page, re.DOTALL)


def test_links_that_lead_nowhere_end_the_build(tmp_path):
    broken = {
        "no_page.md": "[a page](no_page.md)",
        "#no-section": "[a section](#no-section)",
        "no_file.yaml": "[a file of the repository](../config/no_file.yaml)",
        "#not-in-readme": "[a section of one](../README.md#not-in-readme)",
        "no_picture.png": "![a picture](images/no_picture.png)",
    }
    shutil.copytree(REPOSITORY / "docs/site", tmp_path / "docs/site")
    (tmp_path / "mkdocs.yml").write_text((REPOSITORY / "mkdocs.yml").read_text().partition("nav:")[0])
    (tmp_path / "README.md").write_text("# Read me\n")
    (tmp_path / "docs/README.md").write_text("\n".join(["# Page", "[fine](../README.md#read-me)", *broken.values()]))
    done = build(tmp_path, tmp_path / "site")
    warnings = [line for line in done.stderr.splitlines() if line.startswith("WARNING")]
    assert done.returncode == 1 and len(warnings) == len(broken), done.stderr
    assert all(any(name in warning for warning in warnings) for name in broken)
