import shlex
import shutil

from snakemake.logging import logger
from snakemake_interface_executor_plugins.settings import DeploymentMethod, ExecMode
from stale_lock import take_over

if workflow.exec_mode == ExecMode.DEFAULT and not workflow.dryrun:
    lock_of_this_run = take_over()

deployment = workflow.deployment_settings
if DeploymentMethod.CONDA in deployment.deployment_method and not shutil.which("conda"):
    logger.warning(f"No conda on the PATH; rules run in the active environment, {sys.prefix}.")
    deployment.deployment_method = set(deployment.deployment_method) - {DeploymentMethod.CONDA}

if config.get("container"):

    container: config["container"]


# Rules run this repository's packages with Snakemake's Python, or that of a conda environment or container. Jobs that
# compute are started by on_gpus, which locks their GPUs; they have no network: what they need is downloaded before.
ON_GPUS = 'on_gpus() {{ exec python "$PYTHONPATH/workflow/lib/gpus.py" %s "$@"; }}; ' % config.get("device", "any")
ENDS_WITH_US = "export DGINSTYLE_WORKFLOW=$PPID; "  # dginstyle/orphans.py
shell.prefix(f"set -euo pipefail; export PYTHONPATH={shlex.quote(str(REPOSITORY))}; {ENDS_WITH_US}{ON_GPUS}")
os.environ.update(PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.getenv('PATH', os.defpath)}")
