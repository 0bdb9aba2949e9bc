"""What a story of the stack is told with: files that arrive, requests, and a durable context."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import boto3

from tests.infra.aws.world import World, event


def drop(world: World, kind: str, text: str) -> None:
    """Put a file into the inbox and let it be read."""
    key = f"inbox/{kind}/crm/new.csv"
    boto3.client("s3").put_object(Bucket="inboxbucket", Key=key, Body=text.encode())
    dropped = event("s3_inbox")
    dropped["detail"]["bucket"]["name"], dropped["detail"]["object"]["key"] = "inboxbucket", key
    told = world.call("ingest", dropped)
    assert told["status"] in ("done", "already"), told


def die() -> None:
    """Leave things as commits do that died before they were whole."""
    s3 = boto3.client("s3")
    for found in listed("commits/"):
        s3.delete_object(Bucket="lakebucket", Key=found)
        attempt = found.replace("commits/", "attempts/")
        s3.put_object(Bucket="lakebucket", Key=attempt, Body=b'{"at": "2026-11-20"}')


def listed(prefix: str) -> list[str]:
    """Return the keys of the lake below a prefix."""
    found = boto3.client("s3").list_objects_v2(Bucket="lakebucket", Prefix=prefix)
    return [each["Key"] for each in found.get("Contents", [])]


def routed(method: str, path: str) -> dict[str, Any]:
    """Return the part of an HTTP event that names method and path."""
    asked = event("http_audiences")["requestContext"]
    return {"requestContext": {**asked, "http": {**asked["http"], "method": method, "path": path}}}


def http(base: str, method: str, path: str, *more: Any) -> dict[str, Any]:
    """Return an HTTP event made of a sample, with other fields by name."""
    pairs = dict(zip(more[::2], more[1::2], strict=True))
    return event(base) | {"rawPath": path, **routed(method, path), **pairs}


def api(world: World, key: str, method: str, path: str, body: Any = None, **headers: str) -> Any:
    """Send a request to the API with a key."""
    asked = http("http_audiences", method, path)
    asked["headers"] |= {"authorization": f"Bearer {key}", **headers}
    if body is not None:
        asked["body"] = body if isinstance(body, str) else json.dumps(body)
    return world.call("api", asked)


@dataclass(frozen=True, slots=True)
class Durable:
    """A durable context that does everything at once, and notes whom it would call."""

    world: World
    execution_context: Any = field(
        default_factory=lambda: SimpleNamespace(durable_execution_arn="arn:execution/1")
    )

    before: Callable[[str], None] = field(default=lambda _: None)

    def step(self, do: Callable[[Any], Any], name: str) -> Any:
        return do(None)

    def invoke(self, function: str, asked: Any, name: str) -> Any:
        recorder = self.world.recorder
        recorder.of, of = None, recorder.of  # what the test does is nobody's
        self.before(name)
        recorder.of = of
        self.world.seen["sync"].add(("lambda:InvokeFunction", function))
        return self.world.call(function.removesuffix("Function").lower(), asked)

    def wait(self, duration: Any) -> None:
        """Let no time pass."""


def synced(
    world: World, wish: dict[str, Any], before: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Let the durable function do what an event asks for, and return what it answers.

    `before` is told the name of each piece of work just before it is called.
    """
    from functions.sync.run import run

    with world.as_function("sync"):
        return run(wish, Durable(world, before=before))  # type: ignore[arg-type]
