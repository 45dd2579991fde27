"""config/paper.yaml reproduces each published row, setting by setting, and docs/published_rows.md says so."""

import pytest
from configuration import checked
from published_rows import COUNTED, PAGE, compared, page, paper_configuration, row_settings

from segmodel.identity import digest
from segmodel.tables.changes import differences
from segmodel.tables.published import definitions, matched_target

PROTOCOLS = definitions()["protocols"]
ROWS = [(name, target) for name, protocol in PROTOCOLS.items() for target in protocol["targets"]]


@pytest.fixture(scope="module")
def paper():
    return paper_configuration()


@pytest.mark.parametrize(("name", "target"), ROWS)
def test_paper_configuration_has_every_published_setting(paper, name, target):
    settings = compared(paper, PROTOCOLS[name], target)
    assert len(settings) > 60
    differing = [(row.name, row.published, row.ours) for row in settings if not row.agrees]
    assert differing == [], "state the published values of new options in published_protocols.yaml"


@pytest.mark.parametrize(("name", "target"), ROWS)
def test_evaluation_of_the_paper_configuration_is_recognised(paper, name, target):
    settings = row_settings(paper, **PROTOCOLS[name]["ours"], target=target)
    settings["images.source"] = 24900 if settings["images.source"] == COUNTED else settings["images.source"]
    assert [key for key in PROTOCOLS if matched_target(settings, PROTOCOLS[key])] == [name]
    assert matched_target(settings, PROTOCOLS[name]) == target
    assert matched_target({**settings, "training.iterations": 40}, PROTOCOLS[name]) is None


def test_page_is_up_to_date(paper):
    assert PAGE.read_text() == page(paper), "run `make rows`"


def test_page_marks_what_differs(paper):
    paper = {**paper, "training_sets": {**paper["training_sets"]}}
    paper["training_sets"]["dginstyle"] = {**paper["training_sets"]["dginstyle"], "shade": {}}
    text = page(paper)
    assert "| `shade` | `null` | missing (differs) |" in text
    assert "| `shade.refresh_every` | missing | `4000` (differs) |" in text


@pytest.mark.parametrize("protocol", ["matched", "published", "extension_paper"])
def test_every_published_row_has_its_protocol(paper, protocol):
    assert paper["protocols"][protocol].keys() <= paper["training_sets"].keys()
    followed = {row["ours"]["training_set"] for row in PROTOCOLS.values()}
    assert protocol == "matched" or paper["protocols"][protocol].keys() <= followed


def changes_between(paper, model, base, new, base_model=None):
    rows = (row_settings(paper, *row, "cityscapes") for row in ((base_model or model, base), (model, new)))
    return {*differences(*rows)}


def test_only_the_generated_images_differ_within_matched_pairs(paper):
    pairs = [
        (model, entry["compared_with"][0], name)
        for name, entry in paper["protocols"]["published"].items()
        for model in entry["models"]
    ]
    assert len(pairs) == 5
    for model, base, new in pairs:
        assert base in paper["protocols"]["matched"]
        assert changes_between(paper, model, base, new) == {"generated images"}


def test_gains_over_the_extension_paper_name_what_else_differs(paper):
    found = changes_between(paper, "daformer", "extension_daformer", "dginstyle")
    assert found == {"source images", "redraw", "SHADE", "generated images", "inference"}
    found = changes_between(paper, "hrda", "extension_hrda", "dginstyle_hrda", base_model="hrda_384")
    assert found == {"network", "generated images"}


def test_all_seeds_are_the_published_ones(paper):
    assert {tuple(protocol["seeds"]) for protocol in PROTOCOLS.values()} == {tuple(paper["seeds"])}


def test_execution_keys_do_not_change_the_digest_of_a_row(paper, repository):
    changed = checked(
        {**paper, "models": {**paper["models"], "daformer": {**paper["models"]["daformer"], "workers": 8}}}, repository
    )
    rows = (row_settings(config, "daformer", "dginstyle", "acdc") for config in (paper, changed))
    assert len({digest(row) for row in rows}) == 1
