"""The `bridge` command line: one thin command per flow.

Exit codes: 0 done, 1 failed, 2 wrong use, 3 stopped by the guard.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from infra.local.context import PLAIN
from shared.errors import BridgeError, ConfigurationError
from shared.log import log
from shared.redact import scrub

# A command's module is imported when it is called: together they take two seconds.
COMMANDS: Mapping[str, str] = {
    "init": "Make a workspace in a folder, with examples that point at the sandbox.",
    "demo": "Run the whole job on a generated shop against the sandbox.",
    "ingest": "Read files of profiles, events or sightings into the lake.",
    "resolve": "Join identifiers into people who keep their ids.",
    "audience": "List, check, explain and build audiences.",
    "sync": "Bring a platform in step with an audience.",
    "run": "List, show, replay and verify runs.",
    "report": "Say what is durable, what is on a clock, and when it runs out.",
    "person": "Show all that is known of one person.",
    "expire": "Sweep what has outlived its time.",
    "normalize": "Write what a platform would be sent for each value on stdin.",
    "sandbox": "Stand in for the ad platforms on this machine.",
}


class _Commands(TyperGroup):
    """The commands by name, each loaded when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the group's own signature
        """Return the names in the order of the work."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002
        """Load one command, or return None when there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"infra.local.commands.{cmd_name}")
        group = getattr(module, "app", None)
        if group is None:
            group = typer.Typer(**PLAIN)
            module.register(group)
        command = typer.main.get_command(group)
        command.name = cmd_name
        return command

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """List the commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


app = typer.Typer(
    name="bridge",
    cls=_Commands,
    no_args_is_help=True,
    **PLAIN,
)


@app.callback()
def bridge() -> None:
    """Keep ad platforms in step with your own customer records, provably and under consent."""


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
