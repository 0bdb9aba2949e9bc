"""`bridge run sent`: was this person ever sent anywhere, under what consent, and are they out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.console import Console

from audiences.flows.sent import Sent, ever_sent
from audiences.reports.sent import SentList
from infra.local.context import HERE, AsOf, Folder, Json, work
from infra.local.output import Output, table
from infra.local.render.words import agreed
from shared.errors import ConfigurationError

_STATES = {
    "held": "held",
    "out": "out",
    "uncertain": "held or out: no answer came",
    "never_taken": "never taken",
}


def sent(
    email: Annotated[str, typer.Option("--email")] = "",
    phone: Annotated[str, typer.Option("--phone")] = "",
    id_: Annotated[str, typer.Option("--id", metavar="TYPE:VALUE")] = "",
    to: Annotated[str, typer.Option("--to", metavar="DESTINATION")] = "",
    country: Annotated[str, typer.Option("--country", metavar="CC", help="Of the phone.")] = "",
    as_of: AsOf = "",
    folder: Folder = HERE,
    json: Json = False,
) -> None:
    """Say where one person was ever sent.

    Under what consent, what was taken, and whether they are out again.
    """
    kind, value = which(email, phone, id_)
    output = Output(json)
    with work(folder, as_of, output) as workspace:
        found = ever_sent(workspace, kind=kind, value=value, country=country, to=to)
    output.result(found.as_json(), lambda console: _show(console, found))


def which(email: str, phone: str, id_: str) -> tuple[str, str]:
    """Return the type and value of the one identifier that was given.

    Raises:
        ConfigurationError: when it is none, or more than one.
    """
    if sum(map(bool, (email, phone, id_))) != 1:
        raise ConfigurationError("give one of --email, --phone or --id TYPE:VALUE")
    if email or phone:
        return ("email", email) if email else ("phone", phone)
    kind, mark, value = id_.partition(":")
    if kind == "partner":  # its type has a name of its own: partner:NAME:VALUE
        name, mark, value = value.partition(":")
        kind = f"partner:{name}"
    if not mark or not value:
        raise ConfigurationError("--id is TYPE:VALUE, such as gaid:38400000-8cf0-…")
    return kind, value


def _show(console: Console, found: Sent) -> None:
    if not found.lists:
        known = "" if found.person else " (nobody with this identifier is known now)"
        console.print(f"never sent anywhere{known}")
        return
    columns = ("destination → audience", "state", "since", "first sent", "last sent", "consent")
    rows = [
        (
            f"{one.destination} → {one.audience}",
            _state(one),
            one.since,
            one.first_sent,
            one.last_sent,
            agreed(one.consent),
        )
        for one in found.lists
    ]
    console.print(table("Ever sent to", columns, rows))
    for one in found.lists:
        where = f"{one.platform} {one.account}, list {one.list}"
        names = ("run", "at", "op", "rows", "outcome", "consent")
        lines = [
            (
                line["run"],
                line["at"],
                line["op"],
                line["rows"],
                _outcome(line),
                agreed(line["consent"]),
            )
            for line in one.history
        ]
        title = f"\n{one.destination} → {one.audience} ({where})"
        console.print(table(title, names, lines, gap=1))


def _outcome(line: Mapping[str, Any]) -> str:
    counts = ((line[name], name) for name in ("accepted", "rejected", "unknown"))
    return ", ".join(f"{count:,} {name}" for count, name in counts if count)


def _state(one: SentList) -> str:
    return f"{_STATES[one.state]}{f' ({one.how})' if one.how else ''}"
