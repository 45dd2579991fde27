"""Resources of the jobs: GPUs, memory and time, with a margin, and more of them in each further attempt."""

import math
from collections.abc import Callable, Sequence

import costs
from costs import Cost
from snakemake.iocontainers import Wildcards
from workloads import Workloads

MEMORY, TIME = 1.25, 2.0
"""Factors of the first attempt on the costs."""
SHORTEST = 30
"""Minutes of the shortest job."""


class Jobs:
    """The resource functions of the rules that compute."""

    def __init__(self, config: dict) -> None:
        """Store the validated configuration."""
        self.workloads = Workloads(config)
        self.device, self.longest = config.get("device", "any"), config.get("max_runtime")

    def gpu(self, rule: str) -> Callable:
        """Return a function that returns the number of GPUs of a rule's job."""

        def gpu(wildcards: Wildcards) -> int:
            return self._cost(rule, wildcards).gpus

        return gpu

    def gpu_mem_mb(self, rule: str) -> Callable:
        """Return a function that returns the memory of each GPU of a rule's job."""

        def gpu_mem_mb(wildcards: Wildcards) -> int:
            return math.ceil(MEMORY * self._cost(rule, wildcards).card / 1e6)

        return gpu_mem_mb

    def mem_mb(self, rule: str) -> Callable:
        """Return a function that returns the host memory of a rule's job, at most twice in further attempts."""

        def mem_mb(wildcards: Wildcards, attempt: int) -> int:
            return math.ceil(MEMORY * self._cost(rule, wildcards).host / 1e6 * min(1 + (attempt - 1) / 2, 2))

        return mem_mb

    def runtime(self, rule: str) -> Callable:
        """Return a function that returns the minutes of a rule's job, at most ``max_runtime``."""

        def runtime(wildcards: Wildcards, attempt: int) -> int:
            return min(self._minutes(rule, wildcards) * attempt, self.longest or math.inf)

        return runtime

    def retries(self, rule: str, jobs: Sequence[dict[str, str]] = ({},), failures: int = 2) -> int:
        """Return how often a rule's jobs are started again: after some failures, and whenever ``max_runtime`` is over.

        Args:
            rule: name of the rule.
            jobs: the wildcards of its jobs; the slowest one decides.
            failures: how many are allowed.
        """
        if not self.longest:
            return failures
        slowest = max(self._minutes(rule, wildcards) for wildcards in jobs)
        return failures + math.ceil(slowest / self.longest) - 1

    def _minutes(self, rule: str, wildcards: Wildcards | dict[str, str]) -> int:
        return max(SHORTEST, math.ceil(TIME * self._cost(rule, wildcards).seconds / 60))

    def _cost(self, rule: str, wildcards: Wildcards | dict[str, str]) -> Cost:
        names = dict(wildcards.items())
        if self.device == "cpu":
            return self.workloads.cost(rule, names, costs.CPU, on_gpu=False)
        cost = self.workloads.cost(rule, names, costs.GPU, on_gpu=True)
        if self.device == "gpu":
            return cost
        slow = self.workloads.cost(rule, names, costs.CPU, on_gpu=False)
        return Cost(max(cost.seconds, slow.seconds), max(cost.host, slow.host), cost.card, cost.gpus)
