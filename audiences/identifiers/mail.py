"""E-mail addresses: one spelling for each mailbox, before any platform's own treatment of it."""

from __future__ import annotations

import re
from functools import lru_cache

from audiences.identifiers.hashes import looks_hashed
from audiences.identifiers.mail_flags import flags_of
from audiences.identifiers.reasons import Canonical, refused
from audiences.identifiers.text import (
    CONTROL,
    INVISIBLE,
    NARROW,
    compose,
    first_fault,
    has_space,
    is_sentinel,
    trim,
)

_STOPS = {0x3002: ".", 0xFF61: "."}  # what an East Asian keyboard types for a dot
_AS_MEANT: dict[int, int | str | None] = {
    **NARROW,
    **_STOPS,
    **dict.fromkeys(map(ord, INVISIBLE)),
}
_ATOM = r"a-z0-9!#$%&'*+/=?^_`{|}~\-"
# Dots may follow each other: Japanese carriers and Gmail gave out such addresses.
# Said by what may not stand there: a class up to the last character takes long to compile.
_OTHERS = "".join(c for c in map(chr, range(128)) if not re.match(f"[{_ATOM}]", c))
_LOCAL = re.compile(rf"[^{re.escape(_OTHERS)}][^{re.escape(_OTHERS.replace('.', ''))}]*")
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+(?:[a-z]{{2,63}}|xn--[a-z0-9-]{{1,58}}[a-z0-9])")
_A_LABEL = re.compile(r"(?:^|\.)xn--")


_RAW_CHECKS = (
    ("empty", lambda text: not text),
    ("placeholder", is_sentinel),
    ("already_hashed", looks_hashed),
    ("too_long", lambda text: len(text) > 320),  # before any work that grows with the length
)
_TEXT_CHECKS = (
    ("control_characters", CONTROL.search),
    ("space_inside", has_space),
)


def canonical_email(value: str) -> Canonical:
    """Return an address trimmed, composed and lower case, its domain in ASCII; or why not."""
    trimmed = trim(value)
    reason = first_fault(trimmed, _RAW_CHECKS)
    if reason:
        return refused(reason)
    text = trimmed.lower() if trimmed.isascii() else _as_meant(trimmed)
    reason = first_fault(text, _TEXT_CHECKS)
    return refused(reason) if reason else _parts(text)


def _as_meant(text: str) -> str:
    return compose(compose(text.translate(_AS_MEANT)).lower())


def _parts(text: str) -> Canonical:
    text = _unquoted(text)
    reason = first_fault(text, _PART_CHECKS)
    if reason:
        return refused(reason)
    local, _, domain = text.rpartition("@")
    ascii_domain = _ascii_domain(domain)
    if ascii_domain is None:
        return refused("bad_domain")
    if len(local.encode()) > 64 or len(local.encode()) + len(ascii_domain) > 253:
        return refused("too_long")
    whole = f"{local}@{ascii_domain}"
    if is_sentinel(whole):
        return refused("placeholder")
    return Canonical(whole, flags=flags_of(whole))


def _unquoted(text: str) -> str:
    """Return an address without quotes that need not be there: by RFC 5321 it is the same."""
    local, _, domain = text.rpartition("@")
    inner = local[1:-1]
    quoted = local.startswith('"') and local.endswith('"') and _LOCAL.fullmatch(inner)
    return f"{inner}@{domain}" if quoted else text


def _has_no_at(text: str) -> bool:
    return "@" not in text


def _has_two_ats(text: str) -> bool:
    return text.count("@") > 1 and not text.startswith('"')


def _has_bad_local(text: str) -> bool:
    local = text.rpartition("@")[0]
    return not _LOCAL.fullmatch(local) or not local.isprintable()


_PART_CHECKS = (
    ("no_at_sign", _has_no_at),
    ("two_at_signs", _has_two_ats),
    ("bad_local_part", _has_bad_local),
)


@lru_cache(maxsize=4096)
def _ascii_domain(domain: str) -> str | None:
    """Return a domain with its non-ASCII labels as A-labels (IDNA 2008 after UTS 46), or None."""
    if not domain.isascii() or _A_LABEL.search(domain):
        import idna  # noqa: PLC0415 - one address in thousands needs its tables

        try:
            domain = idna.encode(domain, uts46=True, std3_rules=True).decode("ascii")
        except UnicodeError:  # the root of every error of idna
            return None
    return domain if _DOMAIN.fullmatch(domain) else None
