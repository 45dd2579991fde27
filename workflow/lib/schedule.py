"""The time that jobs take together: each starts as soon as what it waits for is done and what it needs is free."""

import heapq
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Task:
    """A job to schedule.

    Attributes:
        seconds: how long it takes.
        after: indices of the tasks that it waits for.
        needs: amount of each resource that it takes; more than there is counts as all of it.
        priority: tasks of higher priority start first.
    """

    seconds: float
    after: frozenset[int] = frozenset()
    needs: Mapping[str, float] = field(default_factory=dict)
    priority: int = 0


def finishing_times(tasks: Sequence[Task], limits: Mapping[str, float]) -> list[float]:
    """Return when each task ends, in seconds from the start.

    Args:
        tasks: the tasks.
        limits: amount of each resource; one that is missing here is unlimited.
    """
    ended = [0.0] * len(tasks)
    missing = [set(task.after) for task in tasks]
    followers: list[list[int]] = [[] for _ in tasks]
    for index, task in enumerate(tasks):
        for earlier in task.after:
            followers[earlier].append(index)
    ready = [index for index in range(len(tasks)) if not missing[index]]
    running: list[tuple[float, int]] = []
    now = 0.0
    while ready or running:
        used = in_use([tasks[index] for _, index in running], limits)
        for index in sorted(ready, key=lambda index: (-tasks[index].priority, index)):
            needs = taken(tasks[index], limits)
            if all(used[name] + amount <= limits[name] for name, amount in needs.items()):
                used.update({name: used[name] + amount for name, amount in needs.items()})
                heapq.heappush(running, (now + tasks[index].seconds, index))
                ready.remove(index)
        now, index = heapq.heappop(running)
        ended[index] = now
        for follower in followers[index]:
            missing[follower].discard(index)
            if not missing[follower]:
                ready.append(follower)
    return ended


def in_use(running: Sequence[Task], limits: Mapping[str, float]) -> dict[str, float]:
    """Return what tasks take of the limited resources: summed anew, since a running total would round to less room."""
    amounts = [taken(task, limits) for task in running]
    return {name: sum(needs.get(name, 0) for needs in amounts) for name in limits}


def taken(task: Task, limits: Mapping[str, float]) -> dict[str, float]:
    """Return what a task takes of the limited resources."""
    return {name: min(amount, limits[name]) for name, amount in task.needs.items() if name in limits}
