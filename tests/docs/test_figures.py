"""The diagrams of the pages show the code as it is."""

from pathlib import Path

import pytest

from docs.figures import architecture, method

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize(("figure", "name"), [(architecture, "architecture.svg"), (method, "method.svg")])
def test_diagram_is_up_to_date(figure, name, tmp_path, monkeypatch):
    monkeypatch.chdir(REPOSITORY)
    figure.main(str(tmp_path / name))
    drawn = (REPOSITORY / "docs/images" / name).read_text()
    assert (tmp_path / name).read_text() == drawn, f"run `python -m {figure.__name__}`"
