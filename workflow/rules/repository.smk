import os
import sys
from pathlib import Path


def repository_folder(rules):
    """Return the folder of this repository, given that of the rules.

    A module from a git host has no folder: Snakemake reads its files one by one from a bare clone in its cache. The rules
    need the packages beside them, so that version is checked out there, once.
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
