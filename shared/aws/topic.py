"""Notices to an SNS topic, which sends them on as e-mail."""

from __future__ import annotations

from typing import Any

from botocore.config import Config

from shared.aws.clients import open_client
from shared.aws.errors import asking
from shared.ports import Notice

_PLACE = "the topic of notices"
_SUBJECT = 100  # SNS takes a subject of fewer characters, in ASCII
_CONFIG = Config(connect_timeout=5, read_timeout=10, retries={"total_max_attempts": 2})


def connect(topic: str, region: str | None = None) -> Topic:
    """Open a topic with credentials from where AWS's tools look for them."""
    region = region or topic.split(":")[3] or None
    return Topic(topic, open_client("sns", _PLACE, region_name=region, config=_CONFIG))


class Topic:
    """Tells whoever subscribes to a topic."""

    def __init__(self, topic: str, client: Any) -> None:
        self._topic = topic
        self._client = client

    def tell(self, notice: Notice) -> None:
        """Tell it once.

        Raises:
            BridgeError: when it could not be told.
        """
        facts = "\n".join(f"{name}: {value}" for name, value in notice.facts.items() if value)
        text = f"{notice.text}\n\nWhat to do: {notice.next}\n\n{facts}\n"
        subject = notice.title.encode("ascii", "replace").decode()[: _SUBJECT - 1]
        with asking(_PLACE):
            self._client.publish(TopicArn=self._topic, Subject=subject, Message=text)
