"""`bridge normalize`: values on stdin, one a line, to what a platform would be sent."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from json.encoder import encode_basestring
from typing import Annotated, BinaryIO

import typer

from audiences.identifiers.normalise import canonical
from audiences.identifiers.packs import Encoding, Pack, applied, pack, rule_of
from shared.errors import ConfigurationError

_BLOCK_BYTES = 1 << 20
_FEW = 10_000  # lines that are through before Arrow and DuckDB would have begun
_SMALL = 500  # lines of a block that are not worth the kernels' own cost
# Some readers end a line at the first three, though JSON lines do not; surrogates have no UTF-8.
_ESCAPED = {sign: f"\\u{sign:04x}" for sign in (0x85, 0x2028, 0x2029, *range(0xD800, 0xE000))}
_Told = tuple[str | None, str, str | None, str]  # canonical, sent in JSON, reason, flags


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
    form = _quoted(rule_of(rules, kind).form)  # or says that there is no rule
    seen = 0
    for values in _lines(sys.stdin.buffer):
        seen += len(values)
        judge = _whole if seen > _FEW and len(values) > _SMALL else _singly
        told = judge(rules, kind, country or None, values)
        lines = (_line(value, form, *one) for value, one in zip(values, told, strict=True))
        sys.stdout.buffer.write("".join(lines).encode())
        sys.stdout.buffer.flush()


def _rules(platform: str, options: Sequence[str]) -> Pack:
    """Return a platform's rules with the choices `name=value` made."""
    chosen = {name: value for name, _, value in (text.partition("=") for text in options)}
    known = {choice.name for choice in pack(platform).choices}
    for name in chosen.keys() - known:
        listed = ", ".join(sorted(known)) or "none"
        raise ConfigurationError(f"{platform} has no option '{name}'; it has {listed}")
    return pack(platform, chosen)


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
    try:
        texts = lines.decode().split("\n")
    except UnicodeDecodeError:  # somewhere; the others are text all the same
        texts = [_text(line) for line in lines.split(b"\n")]
    return [text.removesuffix("\r") for text in texts]


def _text(line: bytes) -> str:
    """Return a line as text; what is no UTF-8 stays recognisable as lone surrogates."""
    try:
        return line.decode("utf-8", errors="surrogatepass")
    except UnicodeDecodeError:
        return line.decode("utf-8", errors="surrogateescape")


def _singly(rules: Pack, kind: str, country: str | None, values: Sequence[str]) -> Iterator[_Told]:
    for value in values:
        one = applied(rules, kind, value, canonical(kind, value, country), country)
        sent = _quoted(one.sent) if isinstance(one.sent, str | None) else json.dumps(one.sent)
        yield one.canonical, sent, one.reason or None, " ".join(one.flags)


def _whole(rules: Pack, kind: str, country: str | None, values: Sequence[str]) -> Iterator[_Told]:
    """Yield what `_singly` does, by way of Arrow's kernels."""
    import pyarrow as pa  # noqa: PLC0415 - a handful of lines does without

    from audiences.identifiers.sent_columns import sent_column  # noqa: PLC0415

    no_text = {at for at, value in enumerate(values) if not _is_text(value)}
    texts = ["" if at in no_text else value for at, value in enumerate(values)]
    countries = pa.repeat(pa.scalar(country, pa.string()), len(values))
    found = sent_column(rules, kind, pa.array(texts, pa.string()), countries)
    number = rule_of(rules, kind).encoding is Encoding.NUMBER
    parts = (found.canonical, found.sent, found.reason, found.flags)
    for at, told in enumerate(zip(*(part.to_pylist() for part in parts), strict=True)):
        if at in no_text:
            yield from _singly(rules, kind, country, [values[at]])
        else:
            sent = told[1] if number and told[1] else _quoted(told[1])
            yield told[0], sent, told[2], told[3] or ""


def _is_text(value: str) -> bool:
    try:
        return value.isascii() or bool(value.encode())
    except UnicodeEncodeError:
        return False


def _line(
    value: str, form: str, canonical: str | None, sent: str, reason: str | None, flags: str
) -> str:
    listed = f', "flags": {json.dumps(flags.split())}' if flags else ""
    return (
        f'{{"value": {_quoted(value)}, "canonical": {_quoted(canonical)}, '
        f'"sent": {sent}, "form": {form}, "reason": {_quoted(reason)}{listed}}}\n'
    )


def _quoted(text: str | None) -> str:
    if text is None:
        return "null"
    quoted = encode_basestring(text)
    return quoted if text.isascii() else quoted.translate(_ESCAPED)
