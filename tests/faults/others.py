"""The other faults: each has a test of its own, marked with ``@pytest.mark.reliability(fault, what_happens)``."""

import os
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
MARKED = re.compile(r"mark\.reliability\(")


def files() -> list[Path]:
    """Return the test files that have marked tests."""
    return [path for path in sorted(TESTS.rglob("test_*.py")) if MARKED.search(path.read_text())]


class Collector:
    """Notes for each marked fault what happens, and how many of its tests passed."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.rows: dict[str, dict] = {}
        self.faults: dict[str, str] = {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Note the marks of tests."""
        for item in items:
            for mark in item.iter_markers("reliability"):
                fault, happens = mark.args
                self.faults[item.nodeid] = fault
                place = item.path.relative_to(TESTS.parent).as_posix()
                self.rows.setdefault(fault, {"happens": happens, "test": place, "passed": 0, "failed": 0, "skipped": 0})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count what a test did."""
        if report.nodeid in self.faults and (report.when == "call" or report.outcome != "passed"):
            self.rows[self.faults[report.nodeid]][report.outcome] += 1


def run_tests(temporary: Path, undisturbed: Path) -> dict[str, dict]:
    """Run the marked tests; return each fault with what happens, its test file, and counts of passed and failed."""
    collector = Collector()
    os.environ["FAULTS_UNDISTURBED"] = str(undisturbed)
    arguments = ["-q", "-m", "reliability", f"--basetemp={temporary}", "--import-mode=importlib"]
    pytest.main([*arguments, *map(str, files())], plugins=[collector])
    return collector.rows
