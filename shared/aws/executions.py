"""Durable executions of a Lambda function, started by name: the same name is the same execution."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from botocore.config import Config
from botocore.exceptions import ClientError

from shared.aws.clients import open_client
from shared.aws.errors import asking, code

_STARTED = "DurableExecutionAlreadyStartedException"


def connect(function: str, region: str | None = None) -> Executions:
    """Open Lambda with credentials from where AWS's tools look for them."""
    return Executions(function, open_client("lambda", f"function {function}", region_name=region))


def checkpoints() -> Any:
    """Make the client that a durable function remembers with; the SDK's own reads all anew."""
    return open_client(
        "lambda", "the durable execution", config=Config(connect_timeout=5, read_timeout=50)
    )


class Executions:
    """Starts executions of one durable function, named with its alias or version."""

    def __init__(self, function: str, client: Any) -> None:
        self._function = function
        self._client = client

    def start(self, name: str, event: Mapping[str, Any]) -> bool:
        """Start an execution; return False where one of that name was started before."""
        how = {"InvocationType": "Event", "DurableExecutionName": name}
        payload = json.dumps(event).encode()
        with asking(f"function {self._function}"):
            try:
                self._client.invoke(FunctionName=self._function, Payload=payload, **how)
            except ClientError as error:
                if code(error) != _STARTED:
                    raise
                return False
        return True
