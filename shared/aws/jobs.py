"""Jobs as asynchronous calls of a Lambda function."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from shared.aws.clients import open_client
from shared.aws.errors import told


def connect(function: str, region: str | None = None) -> LambdaJobs:
    """Open Lambda with credentials from where AWS's tools look for them."""
    try:
        return LambdaJobs(function, open_client("lambda", region_name=region))
    except (BotoCoreError, ValueError) as error:
        raise told(error, f"function {function}") from error


class LambdaJobs:
    """Starts a job by calling one function with `{"job": KIND, "id": ID}`; Lambda retries it."""

    def __init__(self, function: str, client: Any) -> None:
        self._function = function
        self._client = client

    def start(self, kind: str, id_: str) -> None:
        """Start the job of a kind that is described under an id; it may be started twice."""
        payload = json.dumps({"job": kind, "id": id_}).encode()
        try:
            self._client.invoke(
                FunctionName=self._function, InvocationType="Event", Payload=payload
            )
        except (ClientError, BotoCoreError) as error:
            raise told(error, f"function {self._function}") from error
