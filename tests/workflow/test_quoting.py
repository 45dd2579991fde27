"""Names that come from a user or a server are quoted in every shell line; the others are ours, letters and digits."""

import re

import pytest

OURS = r"output(\.\w+)?|log|threads|resources\.gpu|wildcards\.(?!package)\w+"
NUMBERS_AND_OUR_FOLDERS = {
    *("data", "folder", "images", "rare_class_sampling", "min_pixels", "seed", "shard", "shards", "source", "split"),
    *("state", "model", "temperature", "baseline", "benchmark"),
}
GIVEN_INPUTS = {"fetch_package", "extract_packages", "import_checkpoint", "score_predictions", "import_network"}
"""Rules with files of a user's or a server's naming."""


def shell_lines(repository):
    """Yield each rule's name and shell line."""
    for file in sorted((repository / "workflow/rules").glob("*.smk")):
        for block in re.split(r"^rule ", file.read_text(), flags=re.MULTILINE)[1:]:
            if shell := re.search(r"^    shell:\n((?:^ {8}.*\n)+)", block, re.MULTILINE):
                yield block.partition(":")[0], shell[1]


def is_ours(rule, name):
    kind, _, key = name.partition(".")
    if kind == "input":
        return rule not in GIVEN_INPUTS
    return kind == "params" and key in NUMBERS_AND_OUR_FOLDERS or re.fullmatch(OURS, name)


def test_every_name_in_a_shell_line_is_quoted_or_ours(repository):
    lines = dict(shell_lines(repository))
    assert len(lines) > 25
    bare = {
        (rule, name)
        for rule, line in lines.items()
        for name, quoted in re.findall(r"\{([\w.]+)(?:\[\d\])?(:q)?\}", line)
        if not quoted and not is_ours(rule, name)
    }
    assert not bare, "quote them with :q"


@pytest.mark.parametrize("key", ["benchmark", "datasets", "generators", "models", "training_sets"])
def test_names_of_entries_are_letters_digits_and_underscores(config, repository, key):
    from configuration import ConfigurationError, checked

    config[key] = "a; b" if key == "benchmark" else {**config[key], "$(b)": next(iter(config[key].values()))}
    with pytest.raises(ConfigurationError, match="must be a name of letters, digits and underscores"):
        checked(config, repository)
