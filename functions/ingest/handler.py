"""Ingest in Lambda: an object in the inbox, or a batch of queued calls."""

from __future__ import annotations

import re
import shutil
import tempfile
from pathlib import Path
from typing import Any

from aws_lambda_powertools import Tracer
from aws_lambda_powertools.utilities.data_classes import S3EventBridgeNotificationEvent, SQSEvent
from aws_lambda_powertools.utilities.typing import LambdaContext
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError

from audiences.flows.absorb import absorb
from audiences.flows.ingest import ingest_file
from audiences.flows.queued import Delivered
from functions import _lake, _runtime
from shared.aws.clients import open_client
from shared.aws.errors import told
from shared.errors import ConfigurationError, DataError

logger = _runtime.logger("ingest")
metrics = _runtime.metrics("ingest")
tracer = Tracer(service="ingest", auto_patch=False)
# inbox/KIND/SOURCE/any/name.csv.gz
_INBOX = re.compile(r"(?:.+/)?inbox/(profiles|events|sightings)/([a-z0-9][a-z0-9_-]*)/.+")


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False, capture_error=False)
@metrics.log_metrics(capture_cold_start_metric=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:  # noqa: ARG001
    """Read a file, or absorb messages and name those that failed."""
    if event.get("source") == "aws.s3":
        return _file(S3EventBridgeNotificationEvent(event))
    return _messages(SQSEvent(event))


def _messages(event: SQSEvent) -> dict[str, Any]:
    messages = [Delivered(record.message_id, record.body) for record in event.records]
    done = absorb(_lake.workspace(), messages, _lake.LEASE_SECONDS)
    for name, count in (
        ("Kept", done.kept),
        ("Rejected", done.rejected),
        ("Failed", len(done.failed)),
    ):
        metrics.add_metric(name=name, unit="Count", value=count)
    return {"batchItemFailures": [{"itemIdentifier": id_} for id_ in done.failed]}


def _file(event: S3EventBridgeNotificationEvent) -> dict[str, Any]:
    key = event.detail.object.key
    match = _INBOX.fullmatch(key)
    if match is None:
        return _refused("the key is not inbox/KIND/SOURCE/NAME")
    _lake.SCRATCH.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=_lake.SCRATCH))
    # A file's own name may be personal; only its ending is needed.
    path = folder / f"input{''.join(Path(key).suffixes[-2:])}"
    try:
        _download(event.detail.bucket.name, key, path)
        done = ingest_file(_lake.workspace(), match[1], path, match[2])
    except (DataError, ConfigurationError) as error:
        return _refused(str(error))  # trying again would not mend the file
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    metrics.add_metric(name="Kept", unit="Count", value=done.kept)
    metrics.add_metric(name="Rejected", unit="Count", value=done.rejected)
    return {"status": "already" if done.already else "done"} | done.as_json()


def _refused(why: str) -> dict[str, Any]:
    metrics.add_metric(name="RefusedFiles", unit="Count", value=1)
    logger.error("a file in the inbox was refused: %s", why)
    return {"status": "refused", "detail": why}


def _download(bucket: str, key: str, path: Path) -> None:
    place = f"s3://{bucket}/inbox"
    try:
        open_client("s3", place).download_file(bucket, key, str(path))
    except (ClientError, BotoCoreError, Boto3Error) as error:
        raise told(error, place) from error
