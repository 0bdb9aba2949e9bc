"""Notices over HTTP: to a webhook as JSON, and to Slack's incoming webhooks."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from shared.errors import BridgeError, RetryableError
from shared.ports import Http, HttpRequest, Notice, Notify, Secrets

Address = Callable[[], str]
_SECONDS = 10.0  # nobody waits longer for a notice


@dataclass(frozen=True, slots=True)
class Webhook:
    """Tells a webhook: the notice as one JSON object."""

    http: Http
    url: Address  # it may hold a secret

    def tell(self, notice: Notice) -> None:
        """Tell it once.

        Raises:
            RetryableError: when it was not taken.
            ConfigurationError: when its address is not where the setting says.
        """
        _post(self.http, self.url, asdict(notice), "webhook")


@dataclass(frozen=True, slots=True)
class Slack:
    """Tells a channel of Slack by its incoming webhook.

    https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
    """

    http: Http
    url: Address  # who has it can write there

    def tell(self, notice: Notice) -> None:
        """Tell it once.

        Raises:
            RetryableError: when it was not taken.
            ConfigurationError: when its address is not where the setting says.
        """
        lines = [f"*{_plain(notice.title)}*", _plain(notice.text)]
        lines.append(f"*What to do:* {_plain(notice.next)}")
        facts = " · ".join(f"{name} `{value}`" for name, value in notice.facts.items() if value)
        _post(self.http, self.url, {"text": "\n".join([*lines, facts])}, "Slack")


@dataclass(frozen=True, slots=True)
class Everybody:
    """Tells all, and the others too where one cannot be told; nobody is everybody of none."""

    all: Sequence[Notify] = ()

    def tell(self, notice: Notice) -> None:
        """Tell each once.

        Raises:
            BridgeError: the first that one of them raised, after all were tried.
        """
        failed: list[BridgeError] = []
        for each in self.all:
            try:
                each.tell(notice)
            except BridgeError as error:
                failed.append(error)
        if failed:
            raise failed[0]


@dataclass(frozen=True, slots=True)
class Late:
    """Tells by what is made when it is first needed, as AWS's client takes long to load."""

    make: Callable[[], Notify]

    def tell(self, notice: Notice) -> None:
        """Tell it once.

        Raises:
            BridgeError: when it could not be told.
        """
        self.make().tell(notice)


def notifying(
    http: Callable[[], Http],
    secrets: Callable[[], Secrets],
    *,
    webhook: str | None = None,
    slack: str | None = None,
    topic: Callable[[], Notify] | None = None,
) -> Everybody:
    """Return all who are to be told; addresses are references, read when there is something."""
    found: list[Notify] = []
    if webhook:
        found.append(Late(lambda: Webhook(http(), lambda: secrets().resolve(webhook))))
    if slack:
        found.append(Late(lambda: Slack(http(), lambda: secrets().resolve(slack))))
    if topic:
        found.append(Late(topic))
    return Everybody(found)


def _post(http: Http, url: Address, value: object, whom: str) -> None:
    body = json.dumps(value, ensure_ascii=False).encode()
    headers = {"content-type": "application/json"}
    request = HttpRequest(method="POST", url=url(), headers=headers, body=body)
    answer = http.send(request, _SECONDS)
    if not 200 <= answer.status < 300:
        word = f"answered {answer.status}" if answer.status else "gave no answer"
        raise RetryableError(f"the {whom} of [notify] {word}")


def _plain(text: str) -> str:
    """Escape what Slack reads as markup."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
