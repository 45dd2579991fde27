import opening
import packages
import terminal
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

requests = {}  # requests for missing packages that planned jobs need, by data set


def package_origins(wildcards):
    """Return the local files behind a package, except missing ones, so that planning can continue."""
    dataset = wildcards.dataset
    files = packages.origins(config, dataset, wildcards.package, REPOSITORY)
    if not (request := packages.request(config, dataset, REPOSITORY)):
        return files
    if workflow.dryrun and dataset not in requests:
        logger.warning(request)
    requests[dataset] = request
    absent = packages.absent_files(config, dataset, REPOSITORY)
    return [file for file in files if file not in absent]


onstart:
    if requests and not workflow.touch:
        raise WorkflowError(" ".join(requests.values()))
    if not workflow.touch:
        if line := opening.announced(workflow, config, Path(BENCHMARK)):
            print(line, file=sys.stderr)
        terminal.Follower(Path(BENCHMARK, "logs")).start()
