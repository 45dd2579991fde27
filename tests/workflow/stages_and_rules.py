"""Comparison of DVC's stages with the jobs that Snakemake plans."""


def require_agreement(stages, jobs):
    """Assert that stages make what their rules make, and depend on what those read from other stages.

    Args:
        stages: ``stages`` of a dvc.yaml.
        jobs: the jobs of a plan of the same configuration.
    """
    jobs = [job for job in jobs if job.rule != "all"]
    home = {}  # stage of each output
    for name, stage in stages.items():
        own = {file for job in jobs if job.rule in rules(stage) for file in job.outputs}
        for out in outs(stage):
            made = {file for file in own if is_within(file, out)}
            assert made or stage.get("frozen"), f"{name}: no rule of the stage makes {out}"
            home.update(dict.fromkeys(made, name))
    made = {file for job in jobs for file in job.outputs}
    shared = ("/models/", "/generated/", "/segmentation/", "/training_sets/", "/predictions/", "results/dg_miou")
    shared += ("/judged/", "/filtered/")
    assert not {file for file in made if any(part in file for part in shared)} - home.keys()
    for job in jobs:
        for name in {home[file] for file in job.outputs if file in home}:
            for file in job.inputs & made:
                if home.get(file, name) != name:
                    assert any(is_within(file, dep) for dep in stages[name]["deps"]), f"{name} does not name {file}"


def rules(stage):
    return str(stage["cmd"]).partition("--allowed-rules ")[2].partition(" -- ")[0].split()


def outs(stage):
    listed = [*stage["outs"], *stage.get("metrics", []), *stage.get("plots", [])]
    return [next(iter(out)) if isinstance(out, dict) else out for out in listed]


def is_within(file, folder):
    return file == folder or file.startswith(f"{folder}/")
