"""Settings of a workspace: reads `bridge.toml` and says all that is wrong with it at once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared import toml
from shared.errors import ConfigurationError, Fault
from shared.located import Located

FILE = "bridge.toml"
MAX_LIFETIME_DAYS = 90  # no advertising id is kept longer, whatever a file says


@dataclass(frozen=True, slots=True)
class S3:
    """How to reach an `s3://` lake; both empty means AWS as the environment says."""

    endpoint: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Retention:
    """Days that each kind of derived file is kept."""

    landing: int = 7
    members: int = 90
    runs: int = 30


@dataclass(frozen=True, slots=True)
class Guard:
    """Limits of a destination that states none: a run that changes more waits for approval."""

    max_removed_percent: float = 20.0
    max_change_percent: float = 50.0


@dataclass(frozen=True, slots=True)
class Notify:
    """Whom to tell of runs that want a look; addresses are references, as they are secrets."""

    webhook: str | None = None
    slack: str | None = None
    topic: str | None = None  # ARN of an SNS topic, which sends e-mail
    match_rate_drop: float = 10.0  # percentage points
    drift_percent: float = 20.0  # between the platform's size and ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """A workspace's settings, checked; paths and URLs are absolute."""

    folder: Path
    name: str
    lake: str  # file:///… or s3://bucket/prefix
    secret: str  # a reference, never the secret itself
    default_country: str | None = None
    max_shared: int = 100  # an identifier that more records share is no evidence of one person
    write_keys: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()  # whose ids a browser may bring to the collector
    log_level: str | None = None
    lifetimes: Mapping[str, int] = field(default_factory=dict)  # only what the file overrides
    s3: S3 = S3()
    retention: Retention = Retention()
    guard: Guard = Guard()
    notify: Notify = Notify()


Check = Callable[[Any], str]  # "" when the value is right, else what is wrong with it


def _whole(low: int, high: int) -> Check:
    def check(value: Any) -> str:
        good = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        return "" if good else f"must be a whole number from {low} to {high}"

    return check


def _percent(value: Any) -> str:
    good = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    return "" if good else "must be a number of percent, such as 20"


def _matches(pattern: str, problem: str) -> Check:
    wanted = re.compile(pattern)

    def check(value: Any) -> str:
        return "" if isinstance(value, str) and wanted.fullmatch(value) else problem

    return check


def _texts(value: Any) -> str:
    good = isinstance(value, list) and all(isinstance(v, str) and v.strip() for v in value)
    return "" if good else 'must be a list of texts, such as ["local"]'


_REFERENCE = "must say where the secret is: file:PATH, env:NAME or secret://NAME"
_DAYS = _whole(1, MAX_LIFETIME_DAYS)
_TABLES: Mapping[str, Mapping[str, Check]] = {
    "workspace": {
        "name": _matches(r"[a-z0-9][a-z0-9-]{0,62}", "must be of a-z, 0-9 and -, 63 at most"),
        "lake": _matches(
            r"file://.+|s3://[^/]+(?:/.*)?|(?![a-z0-9]+://).+", "must be a folder, file:// or s3://"
        ),
        "secret": _matches(r"(?:file:|env:|secret://).+", _REFERENCE),
        "default_country": _matches(r"[A-Za-z]{2}", 'must be two letters, such as "VN"'),
    },
    "s3": {
        "endpoint": _matches(r"https?://\S+", "must be an http:// or https:// address"),
        "region": _matches(r"[a-z0-9-]+", 'must be a region, such as "ap-southeast-1"'),
    },
    "resolve": {"max_shared": _whole(2, 1_000_000)},
    "collector": {"write_keys": _texts, "partners": _texts},
    "retention": {
        "landing": _DAYS,
        "members": _DAYS,
        "runs": _DAYS,
    },
    "guard": {"max_removed_percent": _percent, "max_change_percent": _percent},
    "notify": {
        "webhook": _matches(r"(?:file:|env:|secret://).+", _REFERENCE),
        "slack": _matches(r"(?:file:|env:|secret://).+", _REFERENCE),
        "topic": _matches(r"arn:aws[a-z-]*:sns:\S+", "must be the ARN of an SNS topic"),
        "match_rate_drop": _percent,
        "drift_percent": _percent,
    },
    "log": {"level": _matches(r"debug|info|warning|error|off", "must be a level: info, warning …")},
}
_REQUIRED = (("workspace", "name"), ("workspace", "secret"))


def load(folder: Path, *, id_types: Collection[str] | None = None) -> Settings:
    """Read a workspace's settings.

    Args:
        folder: where `bridge.toml` stands.
        id_types: the identifier types that `[lifetimes]` may name; None takes any.

    Raises:
        ConfigurationError: listing every fault, with file and line.

    """
    path = folder / FILE
    try:
        text = path.read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError) as error:
        message = f"no {FILE} in {folder}"
        raise ConfigurationError(Fault("", message, "run: bridge init")) from error
    except (OSError, UnicodeDecodeError) as error:
        fault = Fault(str(path), "cannot be read", "make it readable UTF-8 text")
        raise ConfigurationError(fault) from error
    document = toml.load(text, FILE)
    faults = [
        *_unknown(document),
        *_wrong(document),
        *_lifetimes(document, id_types),
        *_missing(document),
    ]
    if faults:
        raise ConfigurationError(*sorted(faults, key=_line))
    return _settings(folder.resolve(), document.value)


def _line(fault: Fault) -> int:
    return int(fault.where.rpartition(":")[2])


def _unknown(document: Located) -> list[Fault]:
    known = [*_TABLES, "lifetimes"]
    out = []
    for table, content in document.value.items():
        if table not in known:
            out.append(_unknown_fault(document, (table,), known))
        elif not isinstance(content, dict):
            out.append(Fault(document.where(table), f"'{table}' is a table", f"write [{table}]"))
        elif table in _TABLES:
            keys = _TABLES[table]
            out += [_unknown_fault(document, (table, k), keys) for k in content if k not in keys]
    return out


def _unknown_fault(document: Located, path: tuple[str, ...], known: Collection[str]) -> Fault:
    near = difflib.get_close_matches(path[-1], known, n=1)
    fix = f"did you mean '{near[0]}'?" if near else "known: " + ", ".join(sorted(known))
    return Fault(document.where(*path), f"'{'.'.join(path)}' is unknown", fix)


def _wrong(document: Located) -> list[Fault]:
    return [
        Fault(document.where(table, key), f"'{table}.{key}' {problem}")
        for table, keys in _TABLES.items()
        for key, check in keys.items()
        if key in _table(document.value, table)
        and (problem := check(_table(document.value, table)[key]))
    ]


def _lifetimes(document: Located, id_types: Collection[str] | None) -> list[Fault]:
    out = []
    for name, days in _table(document.value, "lifetimes").items():
        # `partner:<name>` is one type per partner.
        if id_types is not None and name.partition(":")[0] not in id_types and name not in id_types:
            out.append(_unknown_fault(document, ("lifetimes", name), id_types))
        elif _DAYS(days):
            where = document.where("lifetimes", name)
            out.append(Fault(where, f"'lifetimes.{name}' {_DAYS(days)} days", _why(days)))
    return out


def _why(days: Any) -> str:
    over = isinstance(days, int) and days > MAX_LIFETIME_DAYS
    return f"no advertising id is kept longer than {MAX_LIFETIME_DAYS} days" if over else ""


def _missing(document: Located) -> list[Fault]:
    return [
        Fault(document.where(table), f"'{table}.{key}' is missing")
        for table, key in _REQUIRED
        if key not in _table(document.value, table)
    ]


def _table(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = value.get(name, {})
    return table if isinstance(table, dict) else {}


def _settings(folder: Path, value: Mapping[str, Any]) -> Settings:
    workspace = _table(value, "workspace")
    country = workspace.get("default_country")
    return Settings(
        folder=folder,
        name=workspace["name"],
        lake=_lake_url(folder, workspace.get("lake", "lake")),
        secret=workspace["secret"],
        default_country=country.upper() if country else None,
        max_shared=_table(value, "resolve").get("max_shared", 100),
        write_keys=tuple(_table(value, "collector").get("write_keys", ())),
        partners=tuple(_table(value, "collector").get("partners", ())),
        log_level=_table(value, "log").get("level"),
        lifetimes=dict(_table(value, "lifetimes")),
        s3=S3(**_table(value, "s3")),
        retention=Retention(**_table(value, "retention")),
        guard=Guard(**{k: float(v) for k, v in _table(value, "guard").items()}),
        notify=Notify(**_table(value, "notify")),
    )


def _lake_url(folder: Path, lake: str) -> str:
    if lake.startswith("s3://"):
        return lake.rstrip("/")
    return (folder / lake.removeprefix("file://")).resolve().as_uri()
