"""Jobs on this machine: messages on a local queue, which the worker carries out."""

from __future__ import annotations

import json
from dataclasses import dataclass

from shared.errors import RetryableError
from shared.ports import Queue


@dataclass(frozen=True, slots=True)
class QueueJobs:
    """Starts a job by putting it on a queue."""

    queue: Queue

    def start(self, kind: str, id_: str) -> None:
        """Start the job of a kind that is described under an id; it may be started twice."""
        self.queue.put([json.dumps({"job": kind, "id": id_})])


@dataclass(frozen=True, slots=True)
class NoJobs:
    """Takes no jobs: for commands that ask for none."""

    def start(self, kind: str, id_: str) -> None:
        """Refuse.

        Raises:
            RetryableError: always.
        """
        raise RetryableError(f"no worker takes the {kind} {id_} here: run bridge serve")
