"""`bridge report`: contrast, decay, match loss and match rate, as tables, JSON or a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from audiences.flows.drift import drift_report
from audiences.flows.match_loss import match_loss
from audiences.flows.report import contrast_report, decay_report, match_rate_report
from audiences.flows.workspace import Workspace
from infra.local.context import HERE, PLAIN, AsOf, Folder, Json, work
from infra.local.output import Output
from infra.local.render.drift import drift_table
from infra.local.render.matching import loss_table, rate_table
from infra.local.render.page import report_page
from infra.local.render.terminal import contrast_table, decay_chart
from shared.clock import iso
from shared.errors import ConfigurationError

app = typer.Typer(
    name="report",
    help="What is durable, what is on a clock, what is lost on the way, and what was taken.",
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


@app.command("match-loss")
def match_loss_(
    audience: Annotated[str, typer.Argument(metavar="AUDIENCE")],
    destination: Annotated[str, typer.Argument(metavar="DESTINATION")],
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", metavar="OUT.csv", help="Write what the owner of the data can mend."
        ),
    ] = None,
    show_values: Annotated[
        bool, typer.Option("--show-values", help="Put raw values into that file: personal data.")
    ] = False,
    mode: Annotated[str, typer.Option("--mode", metavar="mirror|add")] = "",
    as_of: AsOf = "",
    folder: Folder = HERE,
    json: Json = False,
) -> None:
    """Say why each member can or can't be matched.

    By the plan's own verdicts; nothing is sent. The audience is taken as it was last built.
    """
    if show_values and file is None:
        raise ConfigurationError("--show-values needs --file: values are never put on a screen")
    output = Output(json)
    with work(folder, as_of, output) as workspace:
        found = match_loss(
            workspace, audience, destination, mode=mode, file=file, show_values=show_values
        )
    output.result(found.as_json(), lambda console: console.print(loss_table(found)))


@app.command("match-rate")
def match_rate(
    audiences: Names = None, as_of: AsOf = "", folder: Folder = HERE, json: Json = False
) -> None:
    """Say what was sent where, and what was taken."""
    output = Output(json)
    with work(folder, as_of, output) as workspace:
        found = match_rate_report(workspace, audiences or ())
    output.result(found.as_json(), lambda console: console.print(rate_table(found)))


@app.command()
def drift(
    audiences: Names = None, as_of: AsOf = "", folder: Folder = HERE, json: Json = False
) -> None:
    """Compare the platforms' own sizes with ours."""
    output = Output(json)
    with work(folder, as_of, output) as workspace:
        found = drift_report(workspace, tuple(audiences or ()))
        value = {"report": "drift", "as_of": iso(workspace.now())}
    output.result(
        {**value, "pairs": [each.as_json() for each in found]},
        lambda console: console.print(drift_table(found)),
    )


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
