"""Destination files: one account on one platform, with its limits of trust."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from audiences.consent.policy import FLAGS, Policy
from audiences.platforms import ALIASES, MODULES, platform
from audiences.platforms.limits import faults as option_faults
from shared.errors import ConfigurationError, Fault
from shared.located import Located, load

ROLE = "role"  # in place of a reference: a bucket goes by the role of who writes into it
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
KEYS = (
    "name",
    "platform",
    "account",
    "audience_ids",
    "credentials",
    "base_url",
    "consent",
    "guard",
    "options",
    "uid2",
)
IDENTITIES = ("uid2", "euid")
LONGEST_OPTOUT_DAYS = 7  # so long it is kept of which raw ids an operator was asked


@dataclass(frozen=True, slots=True)
class Guard:
    """How much one run may change before a person must look, in percent of what is held."""

    max_removed_percent: float = 20.0
    max_change_percent: float = 50.0
    min_held: int = 0  # below this many held members the percentages do not apply


UNSET_GUARD = Guard(min_held=100)  # where the file sets no guard: small lists may move freely


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Who maps contacts to raw ids of UID2 or EUID, for a platform that takes no contacts."""

    identity: str  # uid2 | euid
    credentials: str  # a reference, never the secret itself
    base_url: str | None = None  # None: the operator's public address
    optout_days: int = 1  # a raw id is asked about once in so many days; 0: never

    @property
    def place(self) -> str:
        """Name where contacts are mapped: the ids of one place are not another's."""
        return self.base_url or "live"


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where audiences go: an account on a platform."""

    name: str
    platform: str
    account: str
    credentials: str  # a reference, never the secret itself
    audience_ids: Mapping[str, str] = field(default_factory=dict)
    base_url: str | None = None
    consent: Policy = field(default_factory=Policy)
    guard: Guard = UNSET_GUARD
    options: Mapping[str, str] = field(default_factory=dict)
    uid2: Operator | None = None  # None: contacts are not mapped

    @property
    def scheme(self) -> str:
        """Name the scheme of its address; a platform's own is HTTPS."""
        return urlsplit(self.base_url or "https:").scheme


def parse(text: str, file: str) -> Destination:
    """Read a destination file.

    Raises:
        ConfigurationError: with every fault in it: file, line, what, and how to mend it.
    """
    document = load(text, file)
    if not isinstance(document.value, dict):
        raise ConfigurationError(Fault(f"{file}:1", "not a destination", "write name:, platform:"))
    value, faults = document.value, list(_unknown(document, (), KEYS))
    faults += _missing(document)
    faults += _wrong(document)
    consent, found = _consent(document)
    guard, more = _guard(document)
    operator, others = _operator(document)
    faults += [*found, *more, *others]
    if faults:
        raise ConfigurationError(*faults)
    return Destination(
        name=str(value["name"]),
        platform=value["platform"],
        account=str(value["account"]),
        credentials=str(value["credentials"]),
        audience_ids={str(k): str(v) for k, v in (value.get("audience_ids") or {}).items()},
        base_url=value.get("base_url"),
        consent=consent,
        guard=guard,
        options={str(k): str(v) for k, v in (value.get("options") or {}).items()},
        uid2=operator,
    )


def _unknown(document: Located, path: tuple[str, ...], known: tuple[str, ...]) -> list[Fault]:
    value = document.value
    for part in path:
        value = value.get(part) or {}
    faults = []
    for key in value:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            fix = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(known)}"
            faults.append(Fault(document.where(*path, key), f"'{key}' is not known here", fix))
    return faults


def _missing(document: Located) -> list[Fault]:
    fixes = {
        "name": "name: meta-main",
        "platform": f"platform: one of {', '.join(sorted(MODULES))}",
        "account": "account: the account's id on the platform",
        "credentials": "credentials: env:NAME or secret://path",
    }
    return [
        Fault(document.where(), f"'{key}' is missing", f"add {fix}")
        for key, fix in fixes.items()
        if document.value.get(key) in (None, "")
    ]


def _wrong(document: Located) -> list[Fault]:
    value, faults = document.value, []
    slug = value.get("platform")
    if slug and slug not in MODULES:
        alias = ALIASES.get(str(slug).lower().replace("-", "_"))
        near = [alias] if alias else difflib.get_close_matches(str(slug), MODULES, 1, 0.7)
        fix = f"did you mean '{near[0]}'?" if near else f"use one of {', '.join(sorted(MODULES))}"
        faults.append(Fault(document.where("platform"), f"there is no platform '{slug}'", fix))
    faults += [
        Fault(document.where(key), f"'{key}' must be a mapping", "write key: value below it")
        for key in ("audience_ids", "consent", "guard", "options", "uid2")
        if not isinstance(value.get(key) or {}, dict)
    ]
    return [*faults, *_options(document), *_unsafe(document)]


def _options(document: Located) -> list[Fault]:
    """Judge the options by the settings that the platform declares."""
    slug, options = document.value.get("platform"), document.value.get("options") or {}
    if slug not in MODULES or not isinstance(options, dict):
        return []
    texts = {str(name): str(value) for name, value in options.items()}
    return [
        Fault(document.where("options", name), what, fix)
        for name, what, fix in option_faults(platform(str(slug)), texts)
    ]


def _unsafe(document: Located) -> list[Fault]:
    """Refuse what would send people's data or a secret where it must not go."""
    value = document.value
    url, reference = str(value.get("base_url") or ""), str(value.get("credentials") or "")
    known = platform(str(value["platform"])) if value.get("platform") in MODULES else None
    schemes = sorted(known.schemes) if known else ["https"]
    faults = []
    if not url and known and _is_nowhere(known.base_url):
        fix = f"add base_url: {schemes[-1]}://..., where {value['platform']} is to send to"
        faults.append(Fault(document.where(), "'base_url' is missing", fix))
    return [*faults, *_unsafe_url(document, url, schemes), *_no_reference(document, reference, url)]


def _unsafe_url(
    document: Located, url: str, schemes: Sequence[str], *below: str
) -> Iterator[Fault]:
    where = document.where(*below, "base_url")
    if url and urlsplit(url).scheme not in schemes and not is_loopback(url):
        named = " or ".join(f"{scheme}://" for scheme in schemes)
        fix = f"use {named}, or a loopback address for the sandbox"
        yield Fault(where, "base_url is not safe", fix)
    if "@" in url or "?" in url:  # the address is kept with every plan
        fix = "leave out what stands before an @ and after a ?: credentials have their own line"
        yield Fault(where, "base_url is more than an address", fix)


def _no_reference(document: Located, reference: str, url: str, *below: str) -> Iterator[Fault]:
    where = document.where(*below, "credentials")
    if reference == "sandbox":
        if not is_loopback(url):
            fix = "write env:NAME, or set base_url to the sandbox"
            yield Fault(where, "'sandbox' opens only the sandbox", fix)
    elif reference == ROLE:
        if urlsplit(url).scheme != "s3":
            fix = "write env:NAME, or set base_url to s3://BUCKET/FOLDER"
            yield Fault(where, "'role' opens only buckets", fix)
    elif reference and not reference.startswith(("env:", "file:", "secret://")):
        fix = "a secret never stands in a file: use env:NAME, file:PATH or secret://PATH"
        yield Fault(where, "this is no reference", fix)


def _is_nowhere(url: str) -> bool:
    """Say whether an address is under RFC 2606's `.invalid`: the platform has none of its own."""
    return (urlsplit(url).hostname or "").endswith(".invalid")


def is_loopback(url: str) -> bool:
    """Say whether an address is this machine's own, as the sandbox's is."""
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and parts.hostname in _LOOPBACK


def _operator(document: Located) -> tuple[Operator | None, list[Fault]]:
    value = document.value.get("uid2")
    if not isinstance(value, dict):
        return None, []
    known = ("identity", "credentials", "base_url", "optout_days")
    faults, days = _unknown(document, ("uid2",), known), value.get("optout_days", 1)
    identity, url = str(value.get("identity") or IDENTITIES[0]), str(value.get("base_url") or "")
    reference = str(value.get("credentials") or "")
    if identity not in IDENTITIES:
        where = document.where("uid2", "identity")
        faults.append(Fault(where, f"there is no identity '{identity}'", "write uid2 or euid"))
    elif not takes(str(document.value.get("platform")), identity):
        what = f"{document.value.get('platform')} takes no {identity}"
        faults.append(Fault(document.where("uid2"), what, "leave uid2: out"))
    if not reference:
        fix = "add credentials: env:NAME or secret://path, which holds api_key and client_secret"
        faults.append(Fault(document.where("uid2"), "'uid2.credentials' is missing", fix))
    if type(days) is not int or not 0 <= days <= LONGEST_OPTOUT_DAYS:
        fix = f"write a number from 1 to {LONGEST_OPTOUT_DAYS}, or 0 for never"
        faults.append(Fault(document.where("uid2", "optout_days"), "no number of days", fix))
        days = 1
    faults += _unsafe_url(document, url, ("https",), "uid2")
    faults += _no_reference(document, reference, url, "uid2")
    made = Operator(
        identity=identity, credentials=reference, base_url=url or None, optout_days=days
    )
    return made, faults


def takes(slug: str, identity: str) -> bool:
    """Say whether a platform takes raw ids of an identity; one that is not known takes any."""
    if slug not in MODULES:
        return True
    return any(identity in key.types for key in platform(slug).keys)


def _consent(document: Located) -> tuple[Policy, list[Fault]]:
    value = document.value.get("consent")
    if value is None or not isinstance(value, dict):
        return Policy(), []
    faults = _unknown(document, ("consent",), ("require", "in", "unknown_country"))
    require = value.get("require", list(FLAGS))
    if not isinstance(require, list) or any(flag not in FLAGS for flag in require):
        fix = f"require: [{', '.join(FLAGS)}] or some of them"
        faults.append(Fault(document.where("consent", "require"), "not a list of consents", fix))
        require = []
    within = str(value.get("in", "EEA"))
    if within not in ("EEA", "everywhere"):
        fix = "write EEA or everywhere"
        faults.append(Fault(document.where("consent", "in"), f"no region '{within}'", fix))
    unknown = str(value.get("unknown_country", "outside"))
    if unknown not in ("outside", "inside"):
        where = document.where("consent", "unknown_country")
        faults.append(Fault(where, f"'{unknown}' is neither outside nor inside", "write one"))
    return Policy(tuple(require), within, unknown), faults


def _guard(document: Located) -> tuple[Guard, list[Fault]]:
    value = document.value.get("guard")
    if value is None or not isinstance(value, dict):
        return UNSET_GUARD, []
    known = ("max_removed_percent", "max_change_percent", "min_held")
    faults = _unknown(document, ("guard",), known)
    numbers: dict[str, Any] = {}
    for key in known:
        number = value.get(key)
        if number is None:
            continue
        if isinstance(number, bool) or not isinstance(number, int | float) or number < 0:
            faults.append(Fault(document.where("guard", key), "not a number from 0", f"{key}: 20"))
        else:
            numbers[key] = number
    return Guard(**numbers), faults
