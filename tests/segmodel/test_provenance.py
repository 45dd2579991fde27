"""The commit of the code, as results name it."""

import subprocess

import pytest

from segmodel import provenance


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A repository with one commit, in place of this one; called, it returns the commit that results would name."""
    for file in ("segmodel/__main__.py", "segmodel/a.py", "docs/a.md", "dvc.lock"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text("first\n")
    author = ("-c", "user.name=test", "-c", "user.email=test@localhost")
    for words in (["init", "--quiet"], ["add", "."], [*author, "commit", "--quiet", "--message", "first"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)

    def commit(root=tmp_path):
        monkeypatch.setattr(provenance, "REPOSITORY", root)
        return provenance.commit.__wrapped__()

    commit.folder = tmp_path
    return commit


def test_commit_of_unchanged_code(checkout):
    assert len(checkout()) == 40
    for file in ("docs/a.md", "dvc.lock"):
        (checkout.folder / file).write_text("changed\n")
    assert len(checkout()) == 40


@pytest.mark.parametrize("file", ["segmodel/a.py", "segmodel/new.py"])
def test_changed_code_is_dirty(checkout, file):
    clean = checkout()
    (checkout.folder / file).write_text("changed\n")
    assert checkout() == f"{clean}-dirty"


def test_code_outside_of_a_checkout_has_no_commit(checkout, tmp_path_factory):
    installed = checkout.folder / "lib"  # into the folder of another project
    installed.mkdir()
    assert checkout(installed) == checkout(tmp_path_factory.mktemp("none")) == ""
