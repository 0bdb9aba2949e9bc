"""Uploads to S3 that never replace: boto3's own `upload_file` takes no condition."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

ONE_CALL = 1 << 30  # bytes; S3 takes five times as many in one call
PART = 1 << 26  # at most 10,000 of them make a file


def upload_new(client: Any, where: Mapping[str, str], path: Path) -> None:
    """Write a local file where there is none yet; `where` is bucket and key.

    Raises:
        ClientError: `PreconditionFailed` when there is one already.
    """
    if path.stat().st_size <= ONE_CALL:
        with path.open("rb") as file:
            client.put_object(**where, Body=file, IfNoneMatch="*")
        return
    upload = {**where, "UploadId": client.create_multipart_upload(**where)["UploadId"]}
    try:
        parts = _parts(client, upload, path)
        client.complete_multipart_upload(
            **upload, MultipartUpload={"Parts": parts}, IfNoneMatch="*"
        )
    except (ClientError, BotoCoreError):
        with contextlib.suppress(ClientError, BotoCoreError):  # the bucket's own rule ends it too
            client.abort_multipart_upload(**upload)
        raise


def _parts(client: Any, upload: Mapping[str, str], path: Path) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    with path.open("rb") as file:
        while data := file.read(PART):
            number = len(parts) + 1
            answer = client.upload_part(**upload, PartNumber=number, Body=data)
            parts.append({"PartNumber": number, "ETag": answer["ETag"]})
    return parts
