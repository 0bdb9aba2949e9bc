"""A queue on SQS, to which messages are added; Lambda takes them from there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from botocore.config import Config

from shared.aws.clients import open_client
from shared.aws.errors import asking
from shared.errors import RetryableError

AT_ONCE = 10  # SQS's limit of messages in one call
LARGEST = 256 * 1024  # bytes of one message, and of one call together


def connect(url: str, region: str | None = None) -> SqsQueue:
    """Open a queue with credentials from where AWS's tools look for them."""
    config = Config(retries={"mode": "standard", "total_max_attempts": 5})
    return SqsQueue(url, open_client("sqs", "the queue", region_name=region, config=config))


class SqsQueue:
    """Adds messages in as few calls as SQS allows."""

    def __init__(self, url: str, client: Any) -> None:
        self._url = url
        self._client = client

    def put(self, bodies: Sequence[str]) -> list[int]:
        """Add messages; return the places in `bodies` of those that were not taken.

        Raises:
            RetryableError: when nothing can be taken now.

        """
        sizes = [len(body.encode()) for body in bodies]
        failed = [place for place, size in enumerate(sizes) if size > LARGEST]
        trouble: RetryableError | None = None
        for chunk in _chunks(sizes):
            try:
                failed += self._send(bodies, chunk)
            except RetryableError as error:
                failed, trouble = [*failed, *chunk], error
        if trouble is not None and len(failed) == len(bodies):
            raise trouble
        return sorted(failed)

    def _send(self, bodies: Sequence[str], places: Sequence[int]) -> list[int]:
        entries = [{"Id": str(place), "MessageBody": bodies[place]} for place in places]
        with asking("the queue"):
            answer = self._client.send_message_batch(QueueUrl=self._url, Entries=entries)
        return [int(refused["Id"]) for refused in answer.get("Failed", ())]


def _chunks(sizes: Sequence[int]) -> Iterator[list[int]]:
    chunk: list[int] = []
    total = 0
    for place, size in enumerate(sizes):
        if size > LARGEST:
            continue
        if len(chunk) == AT_ONCE or total + size > LARGEST:
            yield chunk
            chunk, total = [], 0
        chunk.append(place)
        total += size
    if chunk:
        yield chunk
