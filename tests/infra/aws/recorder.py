"""AWS on loopback that notes which permissions each request would need."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, unquote

_SERVICE = re.compile(r"Credential=[^/]+/[^/]+/[^/]+/([a-z0-9-]+)/")
_KEY = re.compile(rb"<Key>([^<]+)</Key>")
_NAMED = ("TableName", "QueueUrl", "SecretId")
# Where one permission covers calls under several names.
_SAME = {"SendMessageBatch": "SendMessage", "DeleteMessageBatch": "DeleteMessage"}
Need = tuple[str, str]


@dataclass(slots=True)
class Recorder:
    """A WSGI application before moto's; `of` takes (action, resource) of each request."""

    app: Any
    of: set[Need] | None = None  # None: nobody's, such as the test's own

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        chunked = environ.get("HTTP_TRANSFER_ENCODING", "") == "chunked"
        size = int(environ.get("CONTENT_LENGTH") or 0)
        body = environ["wsgi.input"].read() if chunked else environ["wsgi.input"].read(size)
        environ["wsgi.input"] = BytesIO(body)
        of = self.of
        if of is not None and environ["PATH_INFO"].endswith("/invocations"):
            of |= set(needs(environ, body, 202))
            start("202 Accepted", [("Content-Length", "0")])  # functions are not called from here
            return [b""]

        def started(status: str, *rest: Any) -> Any:
            if of is not None:
                of.update(needs(environ, body, int(status[:3])))
            return start(status, *rest)

        answer: Iterable[bytes] = self.app(environ, started)
        return answer


def needs(environ: dict[str, Any], body: bytes, status: int) -> Iterator[Need]:
    """Yield the permissions that one request needs on AWS."""
    match = _SERVICE.search(environ.get("HTTP_AUTHORIZATION", ""))
    assert match, "a call without a signature"
    service, target = match[1], environ.get("HTTP_X_AMZ_TARGET", "")
    if service == "s3":
        yield from _s3(environ, body, status)
    elif target:
        value = json.loads(body)
        name = next(str(value[key]) for key in _NAMED if key in value)
        action = target.rpartition(".")[2]
        if service == "sqs":
            name = name.rpartition("/")[2]
        yield f"{service}:{_SAME.get(action, action)}", name
    elif service == "sns":
        asked = parse_qs(body.decode())
        yield f"sns:{asked['Action'][0]}", asked["TopicArn"][0].rpartition(":")[2]
    else:
        yield from _rest(service, environ)


def _s3(environ: dict[str, Any], body: bytes, status: int) -> Iterator[Need]:
    method, query = environ["REQUEST_METHOD"], parse_qs(environ["QUERY_STRING"], True)
    bucket, _, key = unquote(environ["PATH_INFO"]).strip("/").partition("/")
    if not key:
        if method == "POST" and "delete" in query:
            yield from (
                ("s3:DeleteObject", f"{bucket}/{name.decode()}") for name in _KEY.findall(body)
            )
        else:
            yield "s3:ListBucket", bucket
        return
    if method == "DELETE":
        action = "s3:AbortMultipartUpload" if "uploadId" in query else "s3:DeleteObject"
    else:
        action = "s3:GetObject" if method in ("GET", "HEAD") else "s3:PutObject"
    yield action, f"{bucket}/{key}"
    if status == 404 and action == "s3:GetObject":
        yield "s3:ListBucket", bucket  # else S3 says 403 of what is not there


def _rest(service: str, environ: dict[str, Any]) -> Iterator[Need]:
    method, path = environ["REQUEST_METHOD"], unquote(environ["PATH_INFO"])
    if service == "lambda" and path.endswith("/invocations"):
        yield "lambda:InvokeFunction", path.split("/functions/")[1].removesuffix("/invocations")
    elif service == "scheduler":
        verb = {"POST": "Create", "PUT": "Update", "DELETE": "Delete", "GET": "Get"}[method]
        name = path.removeprefix("/schedules").strip("/")
        yield (f"scheduler:{verb}Schedule", name) if name else ("scheduler:ListSchedules", "*")
    else:
        raise AssertionError(f"which permission is this? {service} {method}")
