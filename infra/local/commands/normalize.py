"""`bridge normalize`: values on stdin, one a line, to what a platform would be sent."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Annotated, BinaryIO

import pyarrow as pa
import typer

from audiences.identifiers.columns import canonical_column, form_column
from audiences.identifiers.packs import apply, encode, encode_digest, pack

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
    as_json: Annotated[bool, typer.Option("--json", help="Always so; taken for evenness.")] = True,
) -> None:
    """Write one JSON object a line: value, canonical, sent, form, reason."""
    _ = as_json
    apply(platform, kind, "", country or None)  # says at once when there is no such rule
    for values in _lines(sys.stdin.buffer):
        for told in _told(platform, kind, country, values):
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


def _told(
    platform: str, kind: str, country: str, values: Sequence[str]
) -> Iterator[dict[str, str | None]]:
    """Yield what `apply` says of each value, for all of them at once."""
    rule = pack(platform).rule(kind)
    if rule is None:
        raise KeyError(kind)
    countries = pa.array([country or None] * len(values), pa.string())
    found, reasons = canonical_column(kind, pa.array(values, pa.string()), countries)
    texts = form_column(kind, rule.form, found).to_pylist()
    made = encode_digest if rule.type.endswith("_sha256") else encode
    for value, text, reason in zip(values, texts, reasons.to_pylist(), strict=True):
        yield {
            "value": value,
            "canonical": text,
            "sent": None if text is None else made(rule.encoding, text),
            "form": rule.form,
            "reason": None if text is not None else reason or "empty_local_part",
        }
