"""`bridge normalize`: values on stdin, one a line, to what a platform would be sent."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Annotated, BinaryIO

import pyarrow as pa
import typer

from audiences.identifiers.columns import canonical_column
from audiences.identifiers.packs import Pack, applied, pack, rule_of
from audiences.identifiers.reasons import Canonical
from shared.errors import ConfigurationError

_BLOCK_BYTES = 256 << 10
# Some readers end a line at these, though JSON lines do not.
_LINE_ENDS = {ord(sign): f"\\u{ord(sign):04x}" for sign in "\x85\u2028\u2029"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("normalize")(normalize)


def normalize(
    platform: Annotated[
        str, typer.Option("--platform", metavar="P", help="Such as meta or google.")
    ],
    kind: Annotated[str, typer.Option("--type", metavar="T", help="Such as email or phone.")],
    country: Annotated[
        str, typer.Option("--country", metavar="CC", help="Of phones that do not say theirs.")
    ] = "",
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="NAME=VALUE", help="A choice of the platform's rules."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Always so; taken for evenness.")] = True,
) -> None:
    """Write one JSON object a line: value, canonical, sent, form, reason; and flags, if any."""
    _ = as_json
    rules = _rules(platform, option or [])
    rule_of(rules, kind)  # says at once when there is no such rule
    for values in _lines(sys.stdin.buffer):
        for told in _told(rules, kind, country, values):
            text = json.dumps(told, ensure_ascii=False)
            line = text if text.isascii() else text.translate(_LINE_ENDS)
            sys.stdout.buffer.write(line.encode() + b"\n")
        sys.stdout.buffer.flush()


def _lines(stream: BinaryIO) -> Iterator[list[str]]:
    """Yield the lines that have come, so that who writes one and waits gets its answer."""
    begun: list[bytes] = []  # of a line whose end has not come yet
    while block := stream.read1(_BLOCK_BYTES):  # type: ignore[attr-defined]
        whole, end, rest = block.rpartition(b"\n")
        if end:
            yield _texts(b"".join([*begun, whole]))
            begun = []
        begun.append(rest)
    if any(begun):
        yield _texts(b"".join(begun))


def _texts(lines: bytes) -> list[str]:
    return [line.rstrip(b"\r\n").decode("utf-8", errors="replace") for line in lines.split(b"\n")]


def _rules(platform: str, options: Sequence[str]) -> Pack:
    """Return a platform's rules with the choices `name=value` made."""
    chosen = {name: value for name, _, value in (text.partition("=") for text in options)}
    known = {choice.name for choice in pack(platform).choices}
    for name in chosen.keys() - known:
        listed = ", ".join(sorted(known)) or "none"
        raise ConfigurationError(f"{platform} has no option '{name}'; it has {listed}")
    return pack(platform, chosen)


def _told(
    rules: Pack, kind: str, country: str, values: Sequence[str]
) -> Iterator[dict[str, object]]:
    """Yield what `apply` says of each value, for all of them at once."""
    countries = pa.array([country or None] * len(values), pa.string())
    found, reasons = canonical_column(kind, pa.array(values, pa.string()), countries)
    for value, text, reason in zip(values, found.to_pylist(), reasons.to_pylist(), strict=True):
        one = applied(rules, kind, value, Canonical(text, reason or ""), country or None)
        told: dict[str, object] = {
            "value": value,
            "canonical": one.canonical,
            "sent": one.sent,
            "form": one.form,
            "reason": one.reason or None,
        }
        yield told | {"flags": list(one.flags)} if one.flags else told
