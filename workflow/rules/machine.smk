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
    """Return the retries of a training under a scheduler; a local failure, and those of other jobs, are not repeated."""
    scheduled = workflow.nodes is not None and workflow.is_main_process
    return jobs.retries(rule, wildcards) if scheduled else 0
