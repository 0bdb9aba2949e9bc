"""`bridge audience`: list, check, explain and build audiences."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.syntax import Syntax
from rich.text import Text

from audiences.flows import load
from audiences.flows.build import Built, Explained, build, explain_audience
from audiences.flows.publish import LIVE_HOURS, publish
from audiences.lake import snapshot
from audiences.rules.graph import order
from infra.local.context import HERE, PLAIN, AsOf, Folder, Json, work
from infra.local.output import Output, counted, table
from infra.local.render.plan import plan_lines

app = typer.Typer(
    name="audience", help="List, check, explain and build audiences.", no_args_is_help=True, **PLAIN
)
Name = Annotated[str, typer.Argument(metavar="NAME")]


@app.command("list")
def list_(as_of: AsOf = "", folder: Folder = HERE, json: Json = False) -> None:
    """List the audiences with their last size."""
    output, rows = Output(json), []
    with work(folder, as_of, output) as workspace:
        for name, rule in load.audiences(workspace).items():
            last = snapshot.latest(workspace.lake, f"members/{name}")
            rows.append(
                {
                    "audience": name,
                    "title": rule.title,
                    "of": rule.of,
                    "rows": last.rows if last else None,
                    "built_at": last.about["at"] if last else None,
                    "to": [entry.to for entry in rule.sync],
                }
            )
    columns = ("audience", "title", "of", "rows", "built_at", "to")
    lines = [tuple(", ".join(v) if isinstance(v, list) else v for v in r.values()) for r in rows]
    output.result({"audiences": rows}, lambda c: c.print(table("Audiences", columns, lines)))


@app.command()
def check(
    name: Annotated[str, typer.Argument(metavar="[NAME]")] = "",
    as_of: AsOf = "",
    folder: Folder = HERE,
    json: Json = False,
) -> None:
    """Check one file or all, and say every fault at once."""
    output = Output(json)
    with work(folder, as_of, output) as workspace:
        if name:
            load.audience(workspace, name)
        every = load.audiences(workspace)
        names = [name] if name else sorted(every)
        for each in names:
            order(every, each)
            for entry in every[each].sync:
                load.destination(workspace, entry.to)
    value = {"checked": names, "faults": []}
    output.result(value, lambda c: c.print(f"{len(names)} checked, no faults"))


@app.command()
def explain(
    name: Name,
    plan: Annotated[
        bool, typer.Option("--plan", help="Show how DuckDB would run it, too.")
    ] = False,
    as_of: AsOf = "",
    folder: Folder = HERE,
    json: Json = False,
) -> None:
    """Say what an audience means: in words, as SQL."""
    output = Output(json)
    with work(folder, as_of, output) as workspace:
        told = explain_audience(workspace, name)
    steps = [{"name": n, "says": says, "sql": sql} for n, says, sql in told.steps]
    value = {"audience": name, "words": told.words, "steps": steps, "sql": told.sql}
    output.result(value | {"plan": told.plan}, lambda c: _show_explained(c, told, plan))


def _show_explained(console: Console, told: Explained, plan: bool) -> None:
    console.print(told.words, markup=False)
    for name, says, sql in told.steps:
        console.print(Text.assemble("\n", (name, "bold"), "  ", says))
        console.print(
            Syntax(sql, "sql", theme="ansi_dark", background_color="default", word_wrap=True)
        )
    if plan:
        console.print("\n[bold]How DuckDB would run it[/]", plan_lines(told.tree))
    else:
        console.print("\n[dim]--plan shows how DuckDB would run it[/]")


@app.command("build")
def build_(name: Name, as_of: AsOf = "", folder: Folder = HERE, json: Json = False) -> None:
    """Find who is in an audience now; keep it as a snapshot."""
    output = Output(json)
    with work(folder, as_of, output) as workspace:
        made = build(workspace, name)
    output.result(made.as_json(), lambda console: _show_built(console, made))


def _show_built(console: Console, made: Built) -> None:
    console.print(
        f"[bold]{made.audience}[/]: {counted(made.members, 'member')} "
        f"({made.held_out:,} held out, {made.suppressed:,} suppressed)"
    )


@app.command("publish")
def publish_(
    name: Name,
    hours: Annotated[
        int, typer.Option("--hours", min=1, max=2160, help="How long it may be answered.")
    ] = LIVE_HOURS,
    as_of: AsOf = "",
    folder: Folder = HERE,
    json: Json = False,
) -> None:
    """Let pages ask whether a visitor is in this audience."""
    output = Output(json)
    with work(folder, as_of, output) as workspace:
        done = publish(workspace, name, hours)
    live = counted(done.live, "identifier is live", "identifiers are live")
    text = f"{done.audience}: {live}, {done.removed:,} no longer"
    output.result(done.as_json(), lambda console: console.print(text))
