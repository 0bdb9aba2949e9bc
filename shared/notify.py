"""Notices over HTTP: to a webhook as JSON, and to Slack's incoming webhooks."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass

from shared.errors import ConfigurationError, RetryableError
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
class Late:
    """Tells by what is made when it is first needed, as AWS's client takes long to load.

    Nobody is told where nothing is made.
    """

    make: Callable[[], Notify | None]

    def tell(self, notice: Notice) -> None:
        """Tell it once.

        Raises:
            BridgeError: when it could not be told.
        """
        made = self.make()
        if made is not None:
            made.tell(notice)


_KINDS: Mapping[str, Callable[[Http, Address], Notify]] = {"webhook": Webhook, "slack": Slack}


def notifying(
    http: Callable[[], Http],
    secrets: Callable[[], Secrets],
    *,
    webhook: str | None = None,
    slack: str | None = None,
    either: str | None = None,
    topic: Callable[[], Notify] | None = None,
) -> dict[str, Notify]:
    """Return all who are to be told, by their kind.

    Addresses are references, read when there is something to tell. What `either` refers to holds
    the URL of a webhook, of Slack, or of both: `{"webhook": URL, "slack": URL}`.
    """

    def named(kind: str, reference: str) -> Late:
        return Late(lambda: _KINDS[kind](http(), lambda: secrets().resolve(reference)))

    def held(kind: str, reference: str) -> Late:
        def make() -> Notify | None:
            url = _urls(secrets().resolve(reference), reference).get(kind)
            return _KINDS[kind](http(), lambda: url) if url else None

        return Late(make)

    found: dict[str, Notify] = {kind: held(kind, either) for kind in _KINDS if either}
    given = {"webhook": webhook, "slack": slack}
    found |= {kind: named(kind, reference) for kind, reference in given.items() if reference}
    return found | ({"topic": Late(topic)} if topic else {})


def _urls(text: str, reference: str) -> dict[str, str]:
    try:
        found = json.loads(text)
    except ValueError:
        found = None
    if isinstance(found, dict) and found and {*found} <= {*_KINDS}:
        urls = {kind: url for kind, url in found.items() if isinstance(url, str) and url}
        if len(urls) == len(found):
            return urls
    wanted = '{"slack": "https://…", "webhook": "https://…"}'
    raise ConfigurationError(f"{reference} must be JSON such as {wanted}, one of them or both")


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
