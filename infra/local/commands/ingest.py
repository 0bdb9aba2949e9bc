"""`bridge ingest`: files of profiles, events or sightings into the lake."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from audiences.flows.ingest import Ingested, ingest_file
from audiences.flows.rejects import first_places
from audiences.flows.workspace import Workspace
from audiences.ingest.parse import format_of
from audiences.ingest.rejects import fix
from infra.local.context import HERE, AsOf, Folder, Json, work
from infra.local.output import Output, table
from shared.errors import ConfigurationError, DataError

Places = Mapping[str, Sequence[Mapping[str, Any]]]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("ingest")(ingest)


def ingest(
    kind: Annotated[str, typer.Argument(metavar="profiles|events|sightings")],
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...")],
    source: Annotated[str, typer.Option("--source", help="The system that the files come from.")],
    preset: Annotated[str, typer.Option("--preset", help="How headers are named.")] = "native",
    as_of: AsOf = "",
    folder: Folder = HERE,
    json: Json = False,
) -> None:
    """Read files into the lake; a file that came before changes nothing."""
    if preset != "native":
        raise ConfigurationError(f"there is no preset '{preset}' (this version has: native)")
    for path in paths:
        format_of(path)
    output = Output(json)
    with work(folder, as_of, output) as workspace:
        done = _all(workspace, kind, paths, source)
        refused = {one.commit: one.file for one in done if one.reasons or one.field_reasons}
        first = first_places(workspace, refused) if refused else {}
    value = _json(done) | {"first": first}
    output.result(value, lambda console: _show(console, kind, done, first))


def _all(workspace: Workspace, kind: str, paths: list[Path], source: str) -> list[Ingested]:
    done: list[Ingested] = []
    for path in paths:
        try:
            done.append(ingest_file(workspace, kind, path, source))
        except DataError as error:
            if not done:
                raise
            kept = "the file before it is" if len(done) == 1 else f"{len(done)} files before it are"
            kept += " kept: mend it and run the same again"
            raise DataError(f"{error} ({kept})") from error
    return done


def _json(done: list[Ingested]) -> dict[str, object]:
    reasons: Counter[str] = Counter()
    field_reasons: Counter[str] = Counter()
    for each in done:
        reasons.update(each.reasons)
        field_reasons.update(each.field_reasons)
    return {
        "rows_in": sum(d.rows_in for d in done),
        "kept": sum(d.kept for d in done),
        "rejected": sum(d.rejected for d in done),
        "dropped_by_consent": sum(d.dropped_by_consent for d in done),
        "reasons": dict(sorted(reasons.items())),
        "field_reasons": dict(sorted(field_reasons.items())),
        "files": [d.as_json() for d in done],
    }


def _show(console: Console, kind: str, done: list[Ingested], first: Places) -> None:
    rows = [
        (d.file, d.rows_in, d.kept, d.rejected, "seen before" if d.already else "new") for d in done
    ]
    console.print(table(f"Ingested {kind}", ("file", "rows", "kept", "rejected", ""), rows))
    for title, name in (("Rows rejected", "reasons"), ("Fields left out of rows", "field_reasons")):
        counts: Counter[str] = Counter()
        for each in done:
            counts.update(getattr(each, name))
        if counts:
            lines = [
                (count, reason, _where(first.get(reason, ()), len(done) > 1), fix(reason))
                for reason, count in counts.most_common()
            ]
            columns = ("count", "reason", "first rows", "what to do")
            console.print(table(f"\n{title}", columns, lines, gap=1))
    if first:
        name = done[0].file if len(done) == 1 else ""
        console.print(f"\nbridge rejects {name} lists them all".replace("  ", " "), style="dim")


def _where(places: Sequence[Mapping[str, Any]], several: bool) -> str:
    """Name the first rows: 4 email, 17 email; with their file where there are several."""
    return ", ".join(
        " ".join(map(str, filter(None, (one["file"] if several else "", one["row"], one["field"]))))
        for one in places
    )
