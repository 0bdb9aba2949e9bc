"""`bridge person`: the single customer view."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console

from audiences.flows.person import Person, find_person
from infra.local.context import HERE, AsOf, Folder, Json, work
from infra.local.output import Output, table
from infra.local.render.words import agreed
from shared.errors import ConfigurationError


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("person")(person)


def person(
    person_id: Annotated[str, typer.Argument(metavar="[ID]")] = "",
    email: Annotated[str, typer.Option("--email")] = "",
    phone: Annotated[str, typer.Option("--phone")] = "",
    country: Annotated[str, typer.Option("--country", metavar="CC", help="Of the phone.")] = "",
    as_of: AsOf = "",
    folder: Folder = HERE,
    json: Json = False,
) -> None:
    """Show all that is known of one person."""
    if sum(map(bool, (person_id, email, phone))) != 1:
        raise ConfigurationError("give one of: a person's id, --email or --phone")
    kind = "email" if email else "phone"
    output = Output(json)
    with work(folder, as_of, output) as workspace:
        found = find_person(
            workspace, person=person_id, kind=kind, value=email or phone, country=country
        )
    output.result(found.as_json(), lambda console: _show(console, found))


def _show(console: Console, found: Person) -> None:
    console.print(f"[bold]person {found.person}[/]")
    for record in found.profiles:
        facts = [(name, _told(value)) for name, value in record.items() if name != "source"]
        title = f"\nRecord in {record.get('source', 'an unnamed source')}"
        console.print(table(title, ("", ""), facts))
    for title, rows in (
        ("Identifiers", found.identifiers),
        ("What they did", found.events),
        ("Devices", found.sightings),
        ("Held by platforms", found.platforms),
    ):
        if rows:
            names = list(dict.fromkeys(name for row in rows for name in row))
            lines = [tuple(_told(row.get(name)) for name in names) for row in rows]
            console.print(table(f"\n{title}", names, lines))
    console.print("\nAudiences: " + (", ".join(found.audiences) or "none"))


def _told(value: Any) -> Any:
    if isinstance(value, str) and value.startswith("ad_user_data="):
        return agreed(value)
    if isinstance(value, dict):
        return ", ".join(f"{name}: {item}" for name, item in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else value
