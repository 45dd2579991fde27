"""Packages whose names a shell would obey: they are fetched and unpacked, or refused in a sentence."""

import zipfile
from hashlib import sha256

import pytest
import yaml
from configuration import ConfigurationError, checked

NAMES = ['a b;touch ran $(touch ran) `touch ran` it\'s "é" & | *.zip', "-rf .zip"]


def test_names_that_a_shell_would_obey_are_names(snakemake, repository, tmp_path):
    (tmp_path / "my packages").mkdir()
    for number, name in enumerate(NAMES):
        with zipfile.ZipFile(tmp_path / "my packages" / name, "w") as package:
            package.writestr(f"{number}.txt", str(number))
    files = [tmp_path / "my packages" / name for name in NAMES]
    packages = [{"url": str(file), "sha256": sha256(file.read_bytes()).hexdigest()} for file in files]
    (tmp_path / "my.yaml").write_text(
        yaml.safe_dump({"datasets": {"cityscapes": {"packages": packages, "checksums": None}}})
    )
    work = tmp_path / "wo rk;touch ran"
    work.mkdir()
    files = (str(repository / "config/smoke.yaml"), str(tmp_path / "my.yaml"))
    run = snakemake(work, "results/smoke/data/cityscapes/raw", "--configfile", *files)
    assert run.returncode == 0, run.stderr[-3000:]
    assert {path.name for path in (work / "results/smoke/data/cityscapes/raw").glob("*.txt")} == {"0.txt", "1.txt"}
    assert not [*tmp_path.rglob("ran")]


@pytest.mark.parametrize("name", ["{x}.zip", "a}/b.zip", "https://example.org/${TOKEN}"])
def test_names_with_braces_are_refused(config, repository, name):
    config["datasets"]["cityscapes"]["packages"] = [name]
    with pytest.raises(ConfigurationError, match="of cityscapes has braces in its name.*: rename it"):
        checked(config, repository)


@pytest.mark.parametrize("name", ["a\nb.zip", "a\x1b[2J.zip", "a\x00.zip"])
def test_names_that_cannot_be_printed_are_refused(config, repository, name):
    config["datasets"]["cityscapes"]["packages"] = [name]
    with pytest.raises(ConfigurationError, match=r"cannot be printed: rename the file\.$") as stop:
        checked(config, repository)
    assert str(stop.value).isprintable()
