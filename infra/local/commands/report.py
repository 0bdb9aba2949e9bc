"""`bridge report`: contrast and decay, as tables, JSON or a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from audiences.flows.report import contrast_report, decay_report
from audiences.flows.workspace import Workspace
from infra.local.context import HERE, PLAIN, AsOf, Folder, Json, work
from infra.local.output import Output
from infra.local.render.page import report_page
from infra.local.render.terminal import contrast_table, decay_chart
from shared.errors import ConfigurationError

app = typer.Typer(
    name="report",
    help="What is durable, what is on a clock, and when it runs out.",
    no_args_is_help=True,
    **PLAIN,
)
Names = Annotated[list[str] | None, typer.Argument(metavar="[AUDIENCE...]")]
Format = Annotated[str, typer.Option("--format", metavar="table|json|html")]


@app.command()
def contrast(
    audiences: Names = None,
    form: Format = "table",
    as_of: AsOf = "",
    folder: Folder = HERE,
    json: Json = False,
) -> None:
    """Compare durable reach (CDP) with cookies and devices (DMP)."""
    output, form = _form(form, json)
    with work(folder, as_of, output) as workspace:
        if form == "html":
            output.out.file.write(_page(workspace, audiences or ()))
            return
        found = contrast_report(workspace, audiences or ())
    output.result(found.as_json(), lambda console: console.print(contrast_table(found)))


@app.command()
def decay(
    audiences: Names = None,
    form: Format = "table",
    as_of: AsOf = "",
    folder: Folder = HERE,
    json: Json = False,
) -> None:
    """Forecast reach over 90 days when nobody is seen again."""
    output, form = _form(form, json)
    with work(folder, as_of, output) as workspace:
        if form == "html":
            output.out.file.write(_page(workspace, audiences or ()))
            return
        found = decay_report(workspace, audiences or ())
    output.result(found.as_json(), lambda console: console.print(decay_chart(found)))


def _form(form: str, json: bool) -> tuple[Output, str]:
    if form not in ("table", "json", "html"):
        raise ConfigurationError(f"--format {form} is not one of table, json, html")
    return Output(json or form == "json"), "json" if json else form


def _page(workspace: Workspace, audiences: Sequence[str]) -> str:
    return report_page(
        contrast_report(workspace, audiences),
        decay_report(workspace, audiences),
        title=f"Reach of {workspace.settings.name}",
        notes=(),
    )
