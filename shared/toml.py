"""TOML with places: loads a settings file and remembers the line of every table and key."""

from __future__ import annotations

import re
import tomllib

from shared.errors import ConfigurationError, Fault
from shared.located import Located, Path

_TABLE = re.compile(r"\s*\[\[?\s*([^\]#]+?)\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(
    r"\s*((?:[\w-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[\w-]+|\"[^\"]*\"|'[^']*'))*)\s*="
)
_PART = re.compile(r"[\w-]+|\"[^\"]*\"|'[^']*'")
_AT_LINE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


def load(text: str, file: str) -> Located:
    """Parse TOML.

    Raises:
        ConfigurationError: naming file and line, when it is not TOML.

    """
    try:
        value = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _AT_LINE.search(str(error))
        line = (found and found[1]) or len(text.splitlines()) or 1
        # The parser quotes single characters at most, never a value.
        problem = _AT_LINE.sub("", str(error))
        fault = Fault(f"{file}:{line}", f"not TOML: {problem}", "check quotes and brackets")
        raise ConfigurationError(fault) from error
    return Located(file, value, _lines(text))


def _lines(text: str) -> dict[Path, int]:
    lines: dict[Path, int] = {(): 1}
    table: Path = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _TABLE.match(line):
            table = _parts(header[1])
            lines.setdefault(table, number)
        elif key := _KEY.match(line):
            lines.setdefault((*table, *_parts(key[1])), number)
    return lines


def _parts(dotted: str) -> Path:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))
