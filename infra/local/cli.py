"""The `bridge` command line: one thin command per flow.

Exit codes: 0 done, 1 failed, 2 wrong use, 3 stopped by the guard.
"""

from __future__ import annotations

import json
import os
import sys

import typer
from rich.console import Console

from infra.local.commands import (
    audience,
    demo,
    expire,
    ingest,
    init,
    normalize,
    person,
    report,
    resolve,
    run,
    sandbox,
    sync,
)
from shared.errors import BridgeError, ConfigurationError
from shared.log import log
from shared.redact import scrub

app = typer.Typer(
    name="bridge",
    help="Keeps ad platforms in step with your own customer records, provably and under consent.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (init, demo, ingest, resolve, sync, person, expire, normalize, sandbox):
    command.register(app)
for group in (audience, run, report):
    app.add_typer(group.app)


def main() -> None:
    """Run the command line; an error becomes one clear message and an exit code."""
    machine = "--json" in sys.argv[1:]
    try:
        app()
    except BridgeError as error:
        _say(error, machine)
        raise SystemExit(error.exit_code) from None
    except KeyboardInterrupt:
        sys.stderr.write("stopped; run the same command again to go on\n")
        raise SystemExit(130) from None
    except BrokenPipeError:
        # The reader of our output has gone; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
    except Exception as error:  # noqa: BLE001 - the last stop before the user
        log("crash", level="error", error=error)
        _say_bug(error, machine)
        raise SystemExit(1) from None


def _say(error: BridgeError, machine: bool) -> None:
    text = scrub(str(error))
    if machine:
        told: dict[str, object] = {"code": error.code, "message": text}
        if isinstance(error, ConfigurationError):
            told["faults"] = [
                {"where": f.where, "what": scrub(f.what), "fix": f.fix} for f in error.faults
            ]
        sys.stdout.write(json.dumps({"error": told}, ensure_ascii=False) + "\n")
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for line in text.split("\n"):
        console.print(f"error: {line}", markup=False, style="red" if console.is_terminal else None)


def _say_bug(error: Exception, machine: bool) -> None:
    text = f"{type(error).__name__}: {scrub(str(error))}"
    if machine:
        value = {"error": {"code": "bug", "message": text}}
        sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stderr.write(
        f"error: {text}\nThis is a fault of the bridge, not yours; nothing was left half-done. "
        "Run again with BRIDGE_LOG=debug to see where.\n"
    )
