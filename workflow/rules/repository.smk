import os
import sys
from pathlib import Path


def repository_folder(rules):
    """Return the root of this repository, given the folder of the rules.

    For a module from a Git host, Snakemake reads single files from a bare clone in its cache. The rules need the packages
    too, so that version is checked out there once.
    """
    if rules.is_local:
        return Path(rules).parents[1]
    clone = rules.hosted_repo.repo
    folder = Path(rules.cache_path, "checkouts", clone.commit(rules.ref).hexsha)
    if not folder.exists():
        clone.git.worktree("add", "--detach", folder, rules.ref)
    return folder


REPOSITORY = repository_folder(workflow.current_basedir)
sys.path.insert(0, str(REPOSITORY / "workflow/lib"))

from encoding import require_utf8
