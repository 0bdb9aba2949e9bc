"""E-mail addresses: one spelling for each mailbox, before any platform's own treatment of it."""

from __future__ import annotations

import re

from audiences.identifiers.hashes import looks_hashed
from audiences.identifiers.reasons import Canonical, refused
from audiences.identifiers.text import (
    CONTROL,
    INVISIBLE,
    compose,
    first_fault,
    has_space,
    is_sentinel,
    trim,
)

# ASCII typed with an East Asian keyboard in its wide mode, and its full stops.
_NARROW = {0xFF01 + i: 0x21 + i for i in range(94)} | {0x3002: ".", 0xFF61: "."}
_AS_MEANT: dict[int, int | str | None] = {**_NARROW, **dict.fromkeys(map(ord, INVISIBLE))}
_ATOM = r"a-z0-9!#$%&'*+/=?^_`{|}~\-"
# Dots may follow each other: Japanese carriers and Gmail gave out such addresses.
_LOCAL = re.compile(rf"[{_ATOM}\x80-\U0010ffff][{_ATOM}.\x80-\U0010ffff]*")
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
    local, at, domain = text.rpartition("@")
    if not at:
        return refused("no_at_sign")
    if "@" in local and not local.startswith('"'):
        return refused("two_at_signs")
    if not _LOCAL.fullmatch(local) or not local.isprintable():
        return refused("bad_local_part")
    ascii_domain = _ascii_domain(domain)
    if ascii_domain is None:
        return refused("bad_domain")
    if len(local.encode()) > 64 or len(local.encode()) + len(ascii_domain) > 253:
        return refused("too_long")
    whole = f"{local}@{ascii_domain}"
    return refused("placeholder") if is_sentinel(whole) else Canonical(whole)


def _ascii_domain(domain: str) -> str | None:
    """Return a domain with its non-ASCII labels as A-labels (IDNA 2008 after UTS 46), or None."""
    if not domain.isascii() or _A_LABEL.search(domain):
        import idna  # noqa: PLC0415 - one address in thousands needs its tables

        try:
            domain = idna.encode(domain, uts46=True, std3_rules=True).decode("ascii")
        except UnicodeError:  # the root of every error of idna
            return None
    return domain if _DOMAIN.fullmatch(domain) else None
