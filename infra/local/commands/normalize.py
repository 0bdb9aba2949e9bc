"""`bridge normalize`: values on stdin, one a line, to what a platform would be sent."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from audiences.identifiers.packs import apply, pack


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("normalize")(normalize)


def normalize(
    platform: Annotated[str, typer.Option("--platform", metavar="P")],
    kind: Annotated[str, typer.Option("--type", metavar="T")],
    country: Annotated[str, typer.Option("--country", metavar="CC")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Always so; taken for evenness.")] = True,
) -> None:
    """Write one JSON object a line: value, canonical, sent, form, reason."""
    _ = as_json
    pack(platform)
    for line in sys.stdin.buffer:
        value = line.rstrip(b"\r\n").decode("utf-8", errors="replace")
        done = apply(platform, kind, value, country or None)
        told = {
            "value": value,
            "canonical": done.canonical,
            "sent": done.sent,
            "form": done.form,
            "reason": done.reason or None,
        }
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    sys.stdout.flush()
