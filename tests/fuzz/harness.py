"""Cases of a parser, drawn by hypothesis and counted by what became of them."""

import shutil
import tempfile
from collections import Counter
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.configuration import set_hypothesis_home_dir

from tests.fuzz.parser import Parser
from tests.fuzz.sandbox import outcome

set_hypothesis_home_dir(Path(tempfile.gettempdir(), "hypothesis"))  # not in the repository


def run_cases(parser: Parser, number: int, folder: Path, start: int = 0, reproducible: bool = True) -> Counter[str]:
    """Run cases of a parser, each in an empty working folder, and count those accepted and refused.

    Args:
        parser: the parser.
        number: of cases at most; there may be fewer different ones.
        folder: the working folder, emptied for each case.
        start: seed of the draws.
        reproducible: whether the cases depend on the parser alone, not on the seed.

    Raises:
        BaseException: whatever the parser raised beside its refusals, for the smallest case that was found.
    """
    counts: Counter[str] = Counter()
    checks, phases = [*HealthCheck], [Phase.explicit, Phase.generate, Phase.shrink]
    chosen = settings(
        max_examples=number, database=None, deadline=None, suppress_health_check=checks, phases=phases,
        derandomize=reproducible,
    )  # fmt: skip

    @given(parser.cases)
    def run(case: object) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        counts[outcome(lambda place: parser.use(place, case), folder, parser.refusals)] += 1

    chosen(run if reproducible else seed(start)(run))()
    return counts
