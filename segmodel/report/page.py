"""A page of sections as one HTML file."""

from collections.abc import Sequence
from pathlib import Path

import jinja2
import vl_convert
from markupsafe import Markup

from segmodel.report.blocks import Chart, Section

_FILES = Path(__file__).parent


def page(title: str, sections: Sequence[Section], made: str = "") -> str:
    """Return a page, and when it was made; the library that draws charts is in it only if there are charts."""
    loader = jinja2.FileSystemLoader(_FILES)
    environment = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    asset = {name: Markup((_FILES / f"report.{name}").read_text()) for name in ("css", "js")}
    has_charts = any(isinstance(block, Chart) for section in sections for block in section.blocks)
    library = vl_convert.javascript_bundle().replace("</script", "<\\/script") if has_charts else ""
    return environment.get_template("report.html.j2").render(
        title=title,
        made=made,
        sections=sections,
        library=Markup(library),
        **asset,
    )
