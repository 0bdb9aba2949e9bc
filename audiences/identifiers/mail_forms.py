"""What platforms make of an e-mail address before they hash it."""

from __future__ import annotations

import re

_GMAIL_COM = frozenset({"gmail.com"})
_GMAILS = frozenset({"gmail.com", "googlemail.com"})


def _without_noise(address: str, domains: frozenset[str] | None) -> str:
    """Return an address without dots and tag at these domains; at every domain for None."""
    local, _, domain = address.rpartition("@")
    if domains is not None and domain not in domains:
        return address
    mailbox = local.partition("+")[0].replace(".", "")
    return f"{mailbox}@{domain}" if mailbox else ""


def gmail(address: str) -> str:
    """Return an address without the dots and the tag that Gmail ignores, at both its domains."""
    return _without_noise(address, _GMAILS)


def gmail_com(address: str) -> str:
    """Return an address without the dots and the tag that Gmail ignores, at gmail.com alone."""
    return _without_noise(address, _GMAIL_COM)


def no_dots_no_tag(address: str) -> str:
    """Return an address without dots and tag before the @, whatever the domain."""
    return _without_noise(address, None)


def no_tag(address: str) -> str:
    """Return an address without the tag before the @, whatever the domain."""
    local, _, domain = address.rpartition("@")
    mailbox = local.partition("+")[0]
    return f"{mailbox}@{domain}" if mailbox else ""


def _kept(address: str, dropped: re.Pattern[str]) -> str:
    local, _, domain = address.rpartition("@")
    mailbox, host = dropped.sub("", local), dropped.sub("", _unicode_domain(domain))
    reached = mailbox.strip(".") and all(host.split(".")) and "." in host
    return f"{mailbox}@{host}" if reached else ""


def _unicode_domain(domain: str) -> str:
    if "xn--" not in domain:
        return domain
    import idna  # noqa: PLC0415 - one address in thousands needs its tables

    try:
        return idna.decode(domain)
    except UnicodeError:  # a label that another version of the tables made
        return domain


_NOT_ASCII_WORD = re.compile(r"[^a-z0-9_.-]")
_NOT_ASCII = re.compile(r"[^a-z0-9.-]")
_NOT_WORD = re.compile(r"[^\w.-]")


def ascii_word(address: str) -> str:
    """Return an address of a-z, 0-9, dot, hyphen and underscore; all else is dropped."""
    return _kept(address, _NOT_ASCII_WORD)


def ascii_bare(address: str) -> str:
    """Return an address of a-z, 0-9, dot and hyphen; all else is dropped."""
    return _kept(address, _NOT_ASCII)


def word(address: str) -> str:
    """Return an address of letters and digits of any script, dot, hyphen and underscore."""
    return _kept(address, _NOT_WORD)
