"""Requests that are worked off later: a job per request, a task per record, each with a result of its own.

A collection of at most 100 records is taken with `Prefer: respond-async` and answered 202 with the job's address. Its
tasks are done in their order, one bad one spoils no other. No answer tells all results at once. A second request with an
idempotency key is refused, and names the job of the first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from .faults import Fault, missing

__all__ = ["MOST_RECORDS", "Job", "Jobs", "Repeated", "Result"]

MOST_RECORDS = 100


@dataclass
class Result:
    """What came of one record: an HTTP status, and where it is or what was wrong with it."""

    status: int
    location: str = ""
    body: Any = None


@dataclass
class Job:
    """One request that waits, or is done."""

    id: str
    method: str
    kind: str
    records: list[Any]
    replaced: list[str]
    strict: bool
    base: str
    due: datetime
    key: str
    results: list[Result] = field(default_factory=list)
    completed: bool = False


class Jobs:
    """The jobs of an account. `write` does one task; `delay` is how long a job waits for its turn."""

    def __init__(self, write: Callable[[Job, Any], Result], delay: timedelta) -> None:
        self._write = write
        self._delay = delay
        self._jobs: dict[str, Job] = {}

    def take(self, now: datetime, key: str, **asked: Any) -> str:
        """Put a request into the queue; the id of its job."""
        earlier = next((job for job in self._jobs.values() if key and job.key == key), None)
        if earlier:
            raise Repeated(earlier.id)
        job = Job(id=str(len(self._jobs) + 1), due=now + self._delay, key=key, **asked)
        self._jobs[job.id] = job
        return job.id

    def catch_up(self, now: datetime) -> None:
        """Work off what is due."""
        for job in self._jobs.values():
            if not job.completed and job.due <= now:
                job.results = [self._write(job, record) for record in job.records]
                job.completed = True

    def told(self, id: str, address: str) -> dict[str, Any]:
        """A job's state."""
        job = self._job(id)
        failed = any(result.status >= 400 for result in job.results)
        progress = "pending" if not job.completed else "failed" if failed else "succeeded"
        return {
            "links": [{"rel": "self", "href": address}],
            "completed": job.completed,
            "id": id,
            "progress": progress,
            "task": {"links": [{"rel": "self", "href": f"{address}/task"}]},
        }

    def tasks(self, id: str, address: str) -> dict[str, Any]:
        """The addresses of a job's tasks."""
        links = [
            {"rel": "self", "href": f"{address}/{i}"} for i, _ in enumerate(self._job(id).records, start=1)
        ]
        return {"links": [{"rel": "self", "href": address}], "count": 1, "items": [{"links": links}]}

    def result(self, id: str, task: str) -> Result:
        """What came of one record."""
        job = self._job(id)
        if not 1 <= int(task) <= len(job.results):
            raise missing("The task does not exist, or is not done.")
        return job.results[int(task) - 1]

    def _job(self, id: str) -> Job:
        if id not in self._jobs:
            raise missing("The job does not exist.")
        return self._jobs[id]

    def state(self) -> Any:
        """As plain data."""
        return [asdict(job) for job in self._jobs.values()]

    def restore(self, state: Any) -> None:
        """The inverse of `state`."""
        made = [
            Job(**{**each, "results": [Result(**result) for result in each["results"]]}) for each in state
        ]
        self._jobs = {job.id: job for job in made}


class Repeated(Fault):
    """The idempotency key was used before; `job` is that one."""

    def __init__(self, job: str) -> None:
        super().__init__(
            400,
            "IDEMPOTENCY_ERROR",
            'A request with the same idempotency key is already submitted. See the "Location" header.',
        )
        self.job = job
