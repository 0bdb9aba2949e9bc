"""The steps of a sync as operations of a durable function: each is done once and remembered."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, InvokeError
from aws_durable_execution_sdk_python.config import Duration

from functions import _work
from shared.errors import RetryableError

_TRIES = 5
_FIRST_WAIT, _LONGEST_WAIT = 20.0, 600.0
# A durable execution may have 3,000 operations; this leaves room for what is not done in time.
_MOST_PARTS = 500
_LEAST_PART = 200


@dataclass(frozen=True, slots=True)
class Functions:
    """The functions that do the work."""

    refresh: str
    plan: str
    deliver: str
    drop: str

    def sender(self, scheme: str) -> str:
        """Name the one that reaches platforms whose addresses have a scheme."""
        return self.drop if scheme == _work.SFTP else self.deliver


@dataclass(slots=True)
class DurableSteps:
    """Does pieces of work by calling other functions, and waits without running."""

    context: DurableContext
    functions: Functions
    owner: str
    turn: str
    patience_seconds: float = 6 * 3600.0
    _sender: str = ""  # as `ready` said, whose answer is remembered, too

    def lake(self, work: str, what: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do what needs the tables."""
        refresh = work == "refresh"
        return self._done(self.functions.refresh if refresh else self.functions.plan, work, what)

    def light(self, work: str, what: Mapping[str, Any]) -> Mapping[str, Any]:
        """Do what needs the platform; `ready` comes first, and says by what it is reached."""
        told = self._done(self._sender or self.functions.deliver, work, what)
        if work == "ready":
            self._sender = self.functions.sender(told["scheme"])
        return told

    def wait(self, seconds: float) -> None:
        """Let time pass; nothing runs meanwhile."""
        self.context.wait(Duration.from_seconds(max(1, math.ceil(seconds))))

    def part_size(self, requests: int) -> int:
        """Cut a run into so many pieces that all fit into one execution."""
        return max(_LEAST_PART, math.ceil(requests / _MOST_PARTS))

    def once(self, name: str, do: Callable[[], Any]) -> Any:
        """Do something small here, and remember what it answered."""
        return self.context.step(lambda _: do(), name=name)

    def _done(self, function: str, work: str, what: Mapping[str, Any]) -> Mapping[str, Any]:
        event = {"work": work, "what": dict(what), "owner": self.owner, "turn": self.turn}
        pause = _FIRST_WAIT
        for _ in range(_TRIES - 1):
            try:
                return _work.result(self.context.invoke(function, event, name=work))
            except (InvokeError, RetryableError):  # the function died, or the other side is away
                self.wait(pause)
                pause = min(pause * 3, _LONGEST_WAIT)
        try:
            return _work.result(self.context.invoke(function, event, name=work))
        except InvokeError as error:
            raise RetryableError(f"the function for '{work}' died {_TRIES} times") from error
