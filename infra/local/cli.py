"""The `bridge` command line: one thin command per flow.

Exit codes: 0 done, 1 failed, 2 wrong use, 3 stopped by the guard, 130 interrupted.
"""

from __future__ import annotations

import difflib
import itertools
import json
import os
import sys
import traceback
from collections.abc import Mapping
from importlib import import_module
from pathlib import PurePath
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from infra.local.context import PLAIN
from infra.local.interrupts import INTERRUPTED, noted_interrupts
from shared.errors import BridgeError, ConfigurationError, RetryableError
from shared.log import log
from shared.redact import scrub

# A command's module is imported when it is called: together they take two seconds.
COMMANDS: Mapping[str, str] = {
    "init": "Make a workspace in a folder, with examples that point at the sandbox.",
    "demo": "Run the whole job on a generated shop against the sandbox.",
    "ingest": "Read files of profiles, events or sightings into the lake.",
    "rejects": "List the rows and fields that ingest refused, and what mends them.",
    "resolve": "Join identifiers into people who keep their ids.",
    "audience": "List, check, explain and build audiences.",
    "sync": "Bring a platform in step with an audience.",
    "run": "List, show, replay and verify runs.",
    "platform": "List the platforms, and write a destination file to begin with.",
    "report": "Say what lasts, what is on a clock, what is lost on the way, what was taken.",
    "person": "Show all that is known of one person.",
    "expire": "Sweep what has outlived its time.",
    "inspect": "Find what is wrong with a list of hashes, in a minute.",
    "normalize": "Write what a platform would be sent for each value on stdin.",
    "key": "Create, list and revoke keys to the HTTP API.",
    "serve": "Answer tracking calls and the API over HTTP on this machine.",
    "doctor": "Look at configuration, credentials, clock and disk.",
    "sandbox": "Stand in for the ad platforms on this machine.",
}
# What `bridge --remote` can do: the same words, by a deployed stack's API.
REMOTE = ("audience", "sync", "run", "report")


class _Commands(TyperGroup):
    """The commands by name, each loaded when it is asked for."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - the group's own signature
        """Return the names in the order of the work."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Load one command, or return None when there is none of that name."""
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"infra.local.{_where(ctx, cmd_name)}.{cmd_name}")
        group = getattr(module, "app", None)
        if group is None:
            group = typer.Typer(**PLAIN)
            module.register(group)
        command = typer.main.get_command(group)
        command.name = cmd_name
        return command

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that is asked for; of one that is misspelt, say what it may be."""
        try:
            return super().resolve_command(ctx, args)
        except TyperException as error:
            for near in difflib.get_close_matches(args[0], COMMANDS, 1):
                error.message = f"{error.message.rstrip('.')}. Did you mean '{near}'?"
            raise

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """List the commands without loading them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _where(ctx: Any, name: str) -> str:
    if not ctx.params.get("remote"):
        return "commands"
    if name not in REMOTE:
        words = f"bridge {name} works on this machine: leave out --remote"
        raise ConfigurationError(f"{words} (what a stack does: {', '.join(REMOTE)})")
    return "remote"


app = typer.Typer(
    name="bridge",
    cls=_Commands,
    no_args_is_help=True,
    **PLAIN,
)


@app.callback()
def bridge(
    remote: Annotated[
        str,
        typer.Option(
            "--remote", metavar="URL", envvar="BRIDGE_REMOTE", help="Drive a deployed stack."
        ),
    ] = "",
    key: Annotated[
        str, typer.Option("--key", metavar="REF", help="Its API key: env:NAME or file:PATH.")
    ] = "env:BRIDGE_KEY",
) -> None:
    """Keep ad platforms in step with your own customer records, provably and under consent."""


def main() -> None:
    """Run the command line; an error becomes one clear message and an exit code."""
    machine = _for_a_machine(sys.argv[1:])
    with noted_interrupts() as interrupts:
        try:
            code = app(prog_name="bridge", standalone_mode=False)
            sys.stdout.flush()
        except BrokenPipeError:
            # The reader of our output has gone; there is nobody left to tell.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise SystemExit(1) from None
        except Exception as error:  # noqa: BLE001 - the last stop before the user
            # Libraries turn an interrupt that reaches them into errors of their own.
            code = INTERRUPTED if interrupts else _failed(error, machine)
        if code == INTERRUPTED:
            _stopped(machine)
    raise SystemExit(code if isinstance(code, int) else 0)


def _failed(error: Exception, machine: bool) -> int:
    """Say what went wrong, in one message; return the exit code."""
    if isinstance(error, TyperException):
        _say_usage(error, machine)
        return ConfigurationError.exit_code
    if isinstance(error, OSError):
        error = _of_the_machine(error)
    if isinstance(error, BridgeError):
        _say(error, machine)
        return error.exit_code
    log("crash", level="error", place=_place(error))
    _say_bug(error, machine)
    return 1


def _stopped(machine: bool) -> None:
    text = "stopped; run the same command again to go on"
    _tell(machine, {"code": "interrupted", "message": text}, [], f"{text}\n")


def _for_a_machine(arguments: list[str]) -> bool:
    pairs = itertools.pairwise(arguments)
    return "--json" in arguments or ("--format", "json") in pairs or "--format=json" in arguments


def _say(error: BridgeError, machine: bool) -> None:
    text = scrub(str(error))
    told: dict[str, object] = {"code": error.code, "message": text}
    if isinstance(error, ConfigurationError):
        told["faults"] = [
            {"where": f.where, "what": scrub(f.what), "fix": scrub(f.fix)} for f in error.faults
        ]
    _tell(machine, told, text.split("\n"))


def _say_usage(error: TyperException, machine: bool) -> None:
    text = scrub(error.format_message())
    if text.startswith("Usage:"):  # a group of commands that was called without one
        return _tell(machine, {"code": "usage", "message": "no command is given"}, [], f"{text}\n")
    command = getattr(getattr(error, "ctx", None), "command_path", "bridge")
    text = f"{text.rstrip('.')} (see: {command} -h)"
    return _tell(machine, {"code": "usage", "message": text}, [text])


def _of_the_machine(error: OSError) -> BridgeError:
    place = f"{error.filename}: " if error.filename else ""
    return RetryableError(f"{place}{error.strerror or error} (mend this, then run again)")


def _say_bug(error: Exception, machine: bool) -> None:
    if type(error).__name__ == "OutOfMemoryException":  # by name, as DuckDB is slow to import
        text = "the work needs more memory (set BRIDGE_MEMORY, such as 4GB, or free disk space)"
        return _tell(machine, {"code": "memory", "message": text}, [text])
    text = f"{type(error).__name__} in {_place(error)}"
    fault = "This is a fault of the bridge, not yours; nothing was left half-done.\n"
    return _tell(machine, {"code": "bug", "message": text}, [text], fault)


def _place(error: Exception) -> str:
    # Whoever did not mean to raise it did not mind what its words quote either: only its place.
    frames = traceback.extract_tb(error.__traceback__)[:-4:-1]
    return " < ".join(f"{PurePath(f.filename).name}:{f.lineno} {f.name}" for f in frames)


def _tell(machine: bool, told: Mapping[str, object], lines: list[str], last: str = "") -> None:
    if machine:
        sys.stdout.write(json.dumps({"error": told}, ensure_ascii=False) + "\n")
    in_colour = sys.stderr.isatty() and "NO_COLOR" not in os.environ
    red, plain = ("\033[31m", "\033[0m") if in_colour else ("", "")
    sys.stderr.write("".join(f"{red}error: {line}{plain}\n" for line in lines) + last)
