"""The store on S3, or on anything that speaks its protocol and honours `If-None-Match`."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from boto3.exceptions import S3UploadFailedError
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from shared import keys as checked
from shared.aws.clients import open_client
from shared.aws.errors import asking, code, told
from shared.aws.uploads import upload_new
from shared.errors import ConfigurationError, RetryableError
from shared.ports import StoredFile

_DELETE_AT_ONCE = 1_000  # S3's limit
_CONFLICTS = 20


def connect(url: str, endpoint: str | None = None, region: str | None = None) -> S3Store:
    """Open a store with credentials from where AWS's tools look for them."""
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 5},
        max_pool_connections=32,  # outcomes are read by 16 threads at once
    )
    return S3Store(
        url, open_client("s3", url, endpoint_url=endpoint, region_name=region, config=config)
    )


class S3Store:
    """Keeps files in a bucket, below the prefix that its URL names."""

    def __init__(self, url: str, client: Any) -> None:
        scheme, _, rest = url.partition("://")
        self._bucket, _, prefix = rest.strip("/").partition("/")
        if scheme != "s3" or not self._bucket:
            raise ConfigurationError("an S3 store is written s3://bucket or s3://bucket/prefix")
        self._prefix = f"{prefix}/" if prefix else ""
        self._client = client
        self.url = url.rstrip("/")

    def put(self, key: str, data: bytes, *, if_absent: bool = False) -> bool:
        """Write a file; with `if_absent`, return False and change nothing when it exists."""
        options = {"IfNoneMatch": "*"} if if_absent else {}
        for _ in range(_CONFLICTS):
            try:
                self._client.put_object(
                    Bucket=self._bucket, Key=self._key(key), Body=data, **options
                )
            except (ClientError, BotoCoreError) as error:
                match code(error):
                    case "PreconditionFailed":
                        return False
                    case "ConditionalRequestConflict":
                        continue  # another writer is at it: S3 asks to try again
                raise told(error, self.url) from error
            return True
        raise RetryableError(f"{self.url}: too many writers at one file")

    def upload(self, path: Path, key: str, *, if_absent: bool = False) -> bool:
        """Move a finished local file to `key`; with `if_absent`, not over one that exists."""
        where = {"Bucket": self._bucket, "Key": self._key(key)}
        for _ in range(_CONFLICTS):
            try:
                if if_absent:
                    upload_new(self._client, where, path)
                else:
                    self._client.upload_file(str(path), *where.values())
            except (ClientError, BotoCoreError, S3UploadFailedError) as error:
                match code(error):
                    case "PreconditionFailed":
                        return False
                    case "ConditionalRequestConflict":
                        continue
                raise told(error, self.url) from error
            path.unlink()
            return True
        raise RetryableError(f"{self.url}: too many writers at one file")

    def get(self, key: str) -> bytes | None:
        """Return a file's bytes, or None when there is none."""
        with asking(self.url):
            try:
                answer = self._client.get_object(Bucket=self._bucket, Key=self._key(key))
            except ClientError as error:
                if code(error) != "NoSuchKey":
                    raise
                return None
            with contextlib.closing(answer["Body"]) as body:
                return bytes(body.read())

    def list(self, prefix: str) -> Iterator[StoredFile]:
        """Yield the files whose key begins with `prefix`, in the order of their keys."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix + prefix
        )
        with asking(self.url):
            for page in pages:
                for item in page.get("Contents", ()):
                    yield StoredFile(item["Key"].removeprefix(self._prefix), item["Size"])

    def delete(self, keys: Iterable[str]) -> None:
        """Remove files; one that is not there is no error."""
        names = ({"Key": self._key(key)} for key in keys)
        while batch := _next(names):
            with asking(self.url):
                answer = self._client.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": batch, "Quiet": True}
                )
            if failed := answer.get("Errors"):
                message = f"{self.url}: {len(failed)} files are not deleted ({failed[0]['Code']})"
                raise RetryableError(message)

    def _key(self, key: str) -> str:
        return self._prefix + checked.check(key)


def _next(names: Iterator[dict[str, str]]) -> list[dict[str, str]]:
    return list(itertools.islice(names, _DELETE_AT_ONCE))
