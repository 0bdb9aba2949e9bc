"""The durable side of Lambda on the loopback: the official local runner, in front of MiniStack.

MiniStack keeps what a durable function remembers, and goes on with an execution only when a wait of
one that was called synchronously ends. Here the runner carries executions as Lambda does, and calls
the deployed functions; a door before it takes what `jobs` asks of Lambda: to start one by name.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from tests.aws.rie import ROOT, free_port

_NAME = "X-Amz-Durable-Execution-Name"
_INVOKED = re.compile(r"/2015-03-31/functions/([^/]+)/invocations")
_SECONDS = 600
ACCOUNT = "000000000000"


@dataclass(frozen=True, slots=True)
class Durable:
    """Where executions are carried, and where they are started."""

    runner: str
    door: str


@contextmanager
def carried(endpoint: str, functions: tuple[str, ...], folder: Path) -> Iterator[Durable]:
    """Carry durable executions whose functions are at an endpoint of Lambda."""
    port = free_port()
    runner = f"http://127.0.0.1:{port}"
    known = json.dumps({name: {} for name in functions})
    words = [Path(sys.executable).parent / "dex-local-runner", "start-server"]
    words += ["--host", "127.0.0.1", "--port", port, "--lambda-endpoint", endpoint]
    words += ["--local-runner-endpoint", runner, "--local-runner-region", "eu-west-1"]
    words += ["--function-configs", known]
    words += ["--execution-timeout", _SECONDS, "--skip-time"]
    environment = {**os.environ, "AWS_DEFAULT_REGION": "eu-west-1"}
    with (folder / "runner.log").open("wb") as log:
        process = subprocess.Popen(
            list(map(str, words)), env=environment, stdout=log, stderr=log, cwd=ROOT
        )
        door = ThreadingHTTPServer(("127.0.0.1", 0), _door(runner))
        threading.Thread(target=door.serve_forever, daemon=True).start()
        try:
            yield Durable(runner, f"http://127.0.0.1:{door.server_port}")
        finally:
            door.shutdown()
            door.server_close()
            process.terminate()
            process.wait(20)


def _door(runner: str) -> type[BaseHTTPRequestHandler]:
    class Door(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            invoked, name = _INVOKED.fullmatch(self.path), self.headers.get(_NAME)
            status, told = 400, {"message": "only durable executions are started here"}
            if invoked and name and self.headers.get("X-Amz-Invocation-Type") == "Event":
                status, told = _start(runner, invoked[1], name, body.decode())
            text = json.dumps(told).encode() if told else b""
            self.send_response(status)
            if status == 409:
                self.send_header("X-Amzn-ErrorType", "DurableExecutionAlreadyStartedException")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Door


def _start(runner: str, function: str, name: str, wish: str) -> tuple[int, dict[str, Any]]:
    name_of = unquote(function).rpartition(":function:")[2].partition(":")[0]
    asked = {
        "AccountId": ACCOUNT,
        "FunctionName": name_of,
        "FunctionQualifier": "$LATEST",
        "ExecutionName": name,
        "ExecutionTimeoutSeconds": _SECONDS,
        "ExecutionRetentionPeriodDays": 1,
        "Input": wish,
    }
    request = urllib.request.Request(  # noqa: S310 - the loopback
        f"{runner}/start-durable-execution",
        json.dumps(asked).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=60):  # noqa: S310 - the loopback
            return 202, {}
    except urllib.error.HTTPError as error:
        return error.code, {"message": error.read().decode()}
