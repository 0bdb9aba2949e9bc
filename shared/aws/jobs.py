"""Jobs as asynchronous calls of a Lambda function."""

from __future__ import annotations

import json
from typing import Any

from shared.aws.clients import open_client
from shared.aws.errors import asking


def connect(function: str, region: str | None = None) -> LambdaJobs:
    """Open Lambda with credentials from where AWS's tools look for them."""
    return LambdaJobs(function, open_client("lambda", f"function {function}", region_name=region))


class LambdaJobs:
    """Starts a job by calling one function with `{"job": KIND, "id": ID}`; Lambda retries it."""

    def __init__(self, function: str, client: Any) -> None:
        self._function = function
        self._client = client

    def start(self, kind: str, id_: str) -> None:
        """Start the job of a kind that is described under an id; it may be started twice."""
        payload = json.dumps({"job": kind, "id": id_}).encode()
        with asking(f"function {self._function}"):
            self._client.invoke(
                FunctionName=self._function, InvocationType="Event", Payload=payload
            )
