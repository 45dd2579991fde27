import machine
from snakemake.logging import logger

limits = {"download": 2}
if workflow.nodes is None:  # jobs run on this machine
    limits |= machine.resources(jobs.device)
    if jobs.device == "gpu" and "gpu" not in limits and workflow.is_main_process and not workflow.dryrun:
        logger.warning(machine.NO_GPU)
for name, limit in limits.items():
    if name not in workflow.resource_settings.resources:
        workflow.register_resource(name, limit)


def attempts(rule, wildcards=({},)):
    """Return the retries of a training under a scheduler; None for those of `--retries` on one machine."""
    if not workflow.is_main_process:  # in a job, which the main process repeats
        return 0
    return None if workflow.nodes is None else jobs.retries(rule, wildcards)
