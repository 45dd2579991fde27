"""Filters of training sets in the configuration: what is refused, what decides a result, and their DVC stages."""

import copy

import pytest
import yaml
from configuration import ConfigurationError, checked
from filters import judges_first, shards_of
from settings import data_settings
from stages import Pipeline

from segmodel.identity import flat
from tests.workflow.stages_and_rules import require_agreement

JUDGE = {"model": "segformer_mini", "training_set": "source_only"}
IMPORTED = {"kind": "imported", "packages": ["results/{benchmark}/publishers/bdd100k/bdd100k_images_10k.zip"]}


def with_filter(config, name="dginstyle", **values):
    """Return a configuration whose training set has another filter."""
    config = copy.deepcopy(config)
    config["training_sets"][name]["filter"] = {"judge": JUDGE, "max_loss": 1.25} | values
    return config


@pytest.mark.parametrize(
    ("judge", "sentence"),
    [
        ({"training_set": "oracle"}, "names 'oracle', the oracle's images, but a judge may only see the source and"),
        ({"training_set": "bdd100k"}, "names the target bdd100k, but a judge must never see a target"),
        ({"training_set": "none"}, "names 'none', which training_sets does not have (it has source_only,"),
        (
            {"training_set": "dginstyle"},
            "names 'dginstyle', which is filtered by this judge itself; name a set without",
        ),
        ({"training_set": "real"}, "whose generator real has packages of the target bdd100k, but a judge must never"),
        ({"training_set": "rendered"}, "names 'rendered', the oracle's images"),
        ({"training_set": "second"}, "names 'oracle' (by the judge of second), the oracle's images"),
        ({"model": "other"}, "judge.model names 'other', which models does not have (it has segformer_mini"),
        ({"model": "theirs"}, "judge.model names 'theirs', which is imported, but the judge must be trained here"),
        ({"training_set": "unused"}, "judge: protocols do not train segformer_mini on unused; name another"),
    ],
)
def test_a_judge_that_must_not_judge_is_refused_in_a_sentence(config, repository, judge, sentence):
    sets, mini = config["training_sets"], config["models"]["segformer_mini"]
    config["generators"] |= {"real": IMPORTED, "painted": {"based_on": "oracle", "appearance": "cityscapes"}}
    sets |= {
        name: {"based_on": "source_only", "generator": of} for name, of in (("real", "real"), ("rendered", "painted"))
    }
    sets["second"] = {"based_on": "no_rcs", "filter": {"judge": JUDGE | {"training_set": "oracle"}, "relabel": 0.9}}
    sets["unused"] = {"based_on": "no_rcs"}
    config["models"]["more"] = mini
    config["protocols"] = {"p": {"unused": {"models": ["more"]}}}
    checkpoint = {
        "kind": "imported",
        "config": mini["config"],
        "checkpoints": [{"training_set": "gta", "url": "a.pth"}],
    }
    config["models"]["theirs"] = checkpoint
    only = [name for name in sets if "filter" in sets[name] and name not in ("second", "dginstyle")]
    for name in only:
        del sets[name]
    if judge.get("training_set") != "second":
        del sets["second"]
    config["ablations"] = [name for name in config["ablations"] if name in sets]
    with pytest.raises(ConfigurationError) as error:
        checked(with_filter(config, judge=JUDGE | judge), repository)
    assert sentence in str(error.value) and str(error.value).endswith(".") and "\n" not in str(error.value)


def test_a_filter_needs_generated_images_and_an_operation(config, repository):
    with pytest.raises(ConfigurationError, match="source_only.filter is for generated images, but generator is null"):
        checked(with_filter(config, "source_only"), repository)
    with pytest.raises(ConfigurationError, match="dginstyle.filter: has no operation: set relabel, max_loss,"):
        checked(with_filter(config, max_loss=None), repository)


def test_models_without_a_loss_in_each_pixel_neither_judge_nor_weigh_pixels(config, repository):
    config["models"]["masks"] = dict(config["models"]["dinov2_rein_mini"], training_sets=["source_only"])
    with pytest.raises(ConfigurationError, match="judge.model names 'masks', whose scores are no logits, so that it"):
        checked(with_filter(config, judge=JUDGE | {"model": "masks"}), repository)
    config["models"]["masks"]["training_sets"] = ["dginstyle"]
    with pytest.raises(ConfigurationError, match="boundaries weighs the pixels of a cross entropy, which masks does"):
        checked(with_filter(config, max_loss=None, boundaries={"width": 2}), repository)
    assert checked(with_filter(config), repository)


def test_means_of_the_source_need_a_judge_of_the_source(config, repository):
    judge = {"judge": JUDGE | {"training_set": "generated_only"}}
    config["training_sets"]["generated_only"]["filter"] = None
    with pytest.raises(
        ConfigurationError, match="class_means is source, but generated_only has no source images; set it"
    ):
        checked(with_filter(config, **judge), repository)
    assert checked(with_filter(config, **judge, class_means="generated"), repository)


def settings_of(config, repository):
    return flat(data_settings(checked(config, repository), "dginstyle", "cityscapes"))


def test_a_filter_and_all_that_decided_its_judge_count(config, repository):
    plain, filtered = settings_of(config, repository), settings_of(with_filter(config), repository)
    new = {name: value for name, value in filtered.items() if name not in plain}
    assert plain.items() <= filtered.items() and all(name.startswith("filter.") for name in new)
    assert (
        new["filter.max_loss"],
        new["filter.judge.training.iterations"],
        new["filter.judge.source.subset.images"],
    ) == (1.25, 1500, 480)
    config["models"]["segformer_mini"]["iterations"] = 7
    assert settings_of(with_filter(config), repository)["filter.judge.training.iterations"] == 7
    assert "filter.judge.model" not in settings_of(with_filter(config, max_loss=None, erode=1), repository)


def test_a_judge_comes_before_what_it_judges(config, repository):
    config["training_sets"]["again"] = {"based_on": "noisy_pixels", "filter": {"judge": {"training_set": "eroded"}}}
    config = checked(config, repository)
    assert judges_first(config, ["again", "noisy_pixels_published"]) == [
        "eroded", "again", "source_only", "noisy_pixels_published",
    ]  # fmt: skip


def test_an_imported_set_is_judged_in_shards_of_its_expected_size(config):
    config["generators"] |= {"known": IMPORTED | {"expected_pairs": 7000}, "unknown": IMPORTED}
    assert [shards_of(config, name) for name in ("known", "unknown", "dginstyle")] == [28, 1, 4]


def test_stages_of_a_filtered_set_agree_with_its_rules(config, plan, repository, tmp_path):
    config["ablations"].remove("noisy_pixels_published")
    file = tmp_path / "config.yaml"
    file.write_text(yaml.safe_dump({"extends_default": False, **config}, sort_keys=False))
    pipeline = Pipeline(file, repository)
    assert {"judge-segformer_mini-source_only-dginstyle", "filter-noisy_pixels_published"} <= pipeline.stages.keys()
    require_agreement(pipeline.stages, plan(tmp_path, "--configfile", str(file)))
