"""Files for others in S3: a `PUT` of `s3://bucket/key` is an object, answered as HTTP would."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from shared.aws.clients import open_client
from shared.aws.errors import told
from shared.errors import ConfigurationError, CredentialError
from shared.ports import HttpAnswer, HttpRequest


def connect(endpoint: str | None = None, region: str | None = None) -> S3Drop:
    """Open S3 with credentials from where AWS's tools look for them."""
    config = Config(retries={"mode": "standard", "total_max_attempts": 1})
    return S3Drop(open_client("s3", "S3", endpoint_url=endpoint, region_name=region, config=config))


class S3Drop:
    """Puts objects; its own role is its credential, so no header carries one."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def send(self, request: HttpRequest, timeout_seconds: float) -> HttpAnswer:  # noqa: ARG002
        """Put or read one object; 401 the role may not, 404 no such place, 0 no answer."""
        parts = urlsplit(request.url)
        place = {"Bucket": parts.netloc, "Key": unquote(parts.path.lstrip("/"))}
        try:
            if request.method == "PUT":
                kind = request.headers.get("content-type", "application/octet-stream")
                self._client.put_object(Body=request.body, ContentType=kind, **place)
            elif request.method == "HEAD":
                self._client.head_bucket(Bucket=parts.netloc)
            elif request.method == "DELETE":
                self._client.delete_object(**place)
            else:
                return HttpAnswer(status=405)
        except (ClientError, BotoCoreError) as error:
            return HttpAnswer(status=_status(error))
        return HttpAnswer(status=200)


def _status(error: Exception) -> int:
    match told(error, "S3"):
        case CredentialError():
            return 401
        case ConfigurationError():
            return 404
        case _:
            status = getattr(error, "response", {}).get("ResponseMetadata", {})
            code = status.get("HTTPStatusCode", 0)
            return code if isinstance(code, int) else 0
