"""The page in a headless Chromium: charts, sorting, filters, no errors, no requests."""

import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from segmodel.report.render import render_report
from segmodel.report.run import RunOptions
from tests.segmodel.report.conftest import CONFIGURATION, TRAININGS

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium on the PATH; install it: apt-get install chromium")
PROBE = """<script>
const problems = [];
window.addEventListener("error", (event) => problems.push(event.message));
window.addEventListener("unhandledrejection", (event) => problems.push(String(event.reason)));
window.addEventListener("securitypolicyviolation", (event) => problems.push(event.blockedURI));
for (const level of ["error", "warn"]) console[level] = (...words) => problems.push(words.join(" "));
</script>"""
STEPS = f"<script>{Path(__file__).with_name('steps.js').read_text()}</script>"


@pytest.fixture
def state(results, tmp_path):
    """What the page is like after clicks on columns, a choice of target and two changes of theme."""
    note_starts(results, "2026-11-27T15:53", "2026-11-26T10:00")
    render_report(
        results=results, benchmark="mini", output=tmp_path / "report.html",
        run=RunOptions(configuration=CONFIGURATION, trainings=TRAININGS),
    )  # fmt: skip
    page = (tmp_path / "report.html").read_text().replace("</title>", f"</title>{PROBE}", 1)
    place = page.rindex("</body>")
    (tmp_path / "probe.html").write_text(page[:place] + STEPS + page[place:])
    options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    options += ["--virtual-time-budget=60000", "--window-size=1280,2000", f"--user-data-dir={tmp_path / 'profile'}"]
    command = [BROWSER, *options, "--dump-dom", (tmp_path / "probe.html").as_uri()]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=300).stdout
    return json.loads(html.unescape(re.search(r'<pre id="state">(.*?)</pre>', printed, re.DOTALL)[1]))


def note_starts(results, *times):
    """Write when a training started and resumed."""
    facts = {"after_step": 0, "commit": "", "machine": {"processor": "", "cores": "", "GPUs": ""}, "versions": {}}
    lines = [json.dumps({"started": time, **facts}) for time in times]
    (results / "mini/state/controlnet/logs/runs.jsonl").write_text("\n".join(lines))


def test_page_works_without_errors_and_without_network(state):
    assert state["problems"] == []
    assert state["loaded"] == []
    assert state["drawn"] == state["charts"] > 5
    scores = [float(cell.split()[0]) for cell in state["ascending"]]
    assert scores == sorted(scores) and len(set(scores)) > 1
    assert state["order"] == "descending"
    assert state["starts"] == ["2026-11-26 10:00", "2026-11-27 15:53"]
    assert set(state["targets"]) == {"bdd100k"} and len(state["targets"]) < state["before"]
    assert state["count"] == f"{len(state['targets'])} of {state['before']} rows"
    assert state["dark"] == "rgb(20, 23, 26)"
    assert (state["duplicates"], state["unnamed"]) == (0, 0)
    assert state["narrow"] == [True, False]
    assert state["mediaOfDark"] == ["screen", "screen"]  # dark pages are printed on white paper
