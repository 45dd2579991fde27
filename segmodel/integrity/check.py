"""Verb ``check-run``: the invariants of a finished run."""

from functools import partial
from pathlib import Path
from typing import Literal

from segmodel.checksums import sha256_of
from segmodel.files import write_json
from segmodel.integrity.invariant import Invariant
from segmodel.integrity.sets import Sets
from segmodel.integrity.table import rows_complete, scores_repeat
from segmodel.integrity.trainings import hashes_of_weights, losses_finite, origins_add_up, weights_known
from segmodel.report.integrity import failed
from segmodel.report.run import Run, RunOptions


def check_run(
    *,
    results: Path,
    benchmark: str,
    run: RunOptions,
    output: Path,
    table: Literal["dg_miou.csv", "ablations.csv"] = "dg_miou.csv",
) -> None:
    """Check what must hold of a finished run, and write what was found as JSON.

    The file has ``invariants``, each with ``name``, ``passed``, ``number``, ``unit`` and ``problems``; ``table``, the
    SHA-256 of the table; and ``weights``, that of each file of weights.

    Args:
        results: folder of the tables; that of the benchmark is in it.
        benchmark: its name.
        run: configuration and what it plans.
        output: JSON file to write.
        table: which table the rows of ``run`` make up.

    Raises:
        SystemExit: an invariant does not hold; ``output`` is not written then, but ``<output>.failed.json``.
    """
    found = Run(results, benchmark, run)
    invariants, weights = invariants_of(found, table)
    broken = [one for one in invariants if one.problems]
    record = {
        "benchmark": benchmark,
        "table": sha256_of(results / table) if (results / table).is_file() else None,
        "invariants": [shown(one) for one in invariants],
        "weights": {file.relative_to(results).as_posix(): content for file, content in weights.items()},
    }
    (output if broken else failed(output)).unlink(missing_ok=True)
    write_json(failed(output) if broken else output, record, indent=2)
    if broken:
        raise SystemExit(
            f"{benchmark}: {len(broken)} of {len(invariants)} invariants do not hold, so do not use its results. "
            f"{broken[0].name}: {broken[0].problems[0]}; {failed(output)} has all problems"
        )
    print(f"{output}: {len(invariants)} invariants hold")


def invariants_of(run: Run, table: str) -> tuple[list[Invariant], dict[Path, str]]:
    """Return the invariants of a run, and the SHA-256 of its weights."""
    sets, weights = Sets(run), {}

    def known() -> tuple[int, list[str]]:
        weights.update(hashes_of_weights(run))
        return weights_known(run, weights)

    checks = [
        ("rows complete", f"rows of {table}", partial(rows_complete, run, table)),
        ("scores repeat", "scores, from their confusion matrices", partial(scores_repeat, run, table)),
        ("labels in range", "label maps, trainIds 0–18 and 255 only", sets.in_range),
        ("generated = requested", "generated images", sets.as_requested),
        ("histograms add up", "pixels of label maps, in statistics and confusion matrices", sets.add_up),
        ("origins of training images", "images seen in training", partial(origins_add_up, run)),
        ("hashes of weights", "files of weights", known),
        ("finite losses", "losses, recorded and logged", partial(losses_finite, run)),
    ]
    return [Invariant.of(*check) for check in checks], weights


def shown(invariant: Invariant) -> dict[str, object]:
    """Return an invariant as JSON values."""
    passed = {"passed": not invariant.problems}
    return {
        "name": invariant.name,
        **passed,
        "number": invariant.number,
        "unit": invariant.unit,
        "problems": [*invariant.problems],
    }
