import os
import shlex
import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir, "lib")))

from configuration import ConfigurationError, checked
from packages import missing_packages
from snakemake.logging import logger
from snakemake_interface_executor_plugins.settings import DeploymentMethod

REPOSITORY = Path(workflow.basedir).parent

try:
    config.update(checked(config, REPOSITORY))
except ConfigurationError as error:
    sys.exit(str(error))

# A dry run goes on, to show the plan all the same.
if missing := " ".join(missing_packages(config, REPOSITORY)):
    if not {"-n", "--dry-run", "--dryrun"} & set(sys.argv):
        sys.exit(missing)
    logger.warning(missing)

deployment = workflow.deployment_settings
if DeploymentMethod.CONDA in deployment.deployment_method and not shutil.which("conda"):
    logger.warning(f"No conda on the PATH: the rules run in the active environment, {sys.prefix}.")
    deployment.deployment_method = set(deployment.deployment_method) - {DeploymentMethod.CONDA}

# The rules call the packages of this repository, with the python that runs Snakemake unless conda activates another.
shell.prefix(f"set -euo pipefail; export PYTHONPATH={shlex.quote(str(REPOSITORY))}; ")
os.environ.update(PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.getenv('PATH', os.defpath)}")


pathvars:
    benchmark=f"results/{config['benchmark']}",
    source=f"results/{config['benchmark']}/data/{config['source']}",


wildcard_constraints:
    package="[^/]+",
    dataset="|".join([*config["datasets"], "prior"]),
    generator="|".join(config["generators"]),
    model="|".join(config["models"]),
    training_set="|".join(config["training_sets"]),
    target="|".join(config["targets"]),
    seed=r"\d+",
    shard=r"\d+",
