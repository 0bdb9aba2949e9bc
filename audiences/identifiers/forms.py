"""Forms: the texts that platforms want of one canonical value, before any hashing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from audiences.identifiers.catalog import base_type


@dataclass(frozen=True, slots=True)
class Form:
    """One form of one type; `text` returns None where nothing is left of the value."""

    type: str
    form: str
    text: Callable[[str], str | None]
    says: str


def _plain(canonical: str) -> str:
    return canonical


def _digits(canonical: str) -> str:
    return canonical.lstrip("+0")


def _without_gmail_noise(canonical: str, domains: frozenset[str]) -> str | None:
    local, _, domain = canonical.rpartition("@")
    if domain not in domains:
        return canonical
    mailbox = local.partition("+")[0].replace(".", "")
    return f"{mailbox}@{domain}" if mailbox else None


_GMAIL_COM = frozenset({"gmail.com"})
_GMAILS = frozenset({"gmail.com", "googlemail.com"})


def _gmail(canonical: str) -> str | None:
    return _without_gmail_noise(canonical, _GMAILS)


def _gmail_com(canonical: str) -> str | None:
    return _without_gmail_noise(canonical, _GMAIL_COM)


_DIGEST_OF = "the digest as it was given; it is that of the form of this name"
FORMS: tuple[Form, ...] = (
    Form("external_id", "plain", _plain, "as it is, case kept"),
    Form("email", "plain", _plain, "trimmed and lower case, dots and tags kept"),
    Form("email", "gmail", _gmail, "gmail.com and googlemail.com without dots and +tag"),
    Form("email", "gmail_com", _gmail_com, "gmail.com alone without dots and +tag"),
    Form("phone", "e164", _plain, "plus, country code, number"),
    Form("phone", "digits", _digits, "country code and number, no plus, no leading zeros"),
    Form("email_sha256", "plain", _plain, _DIGEST_OF),
    Form("phone_sha256", "e164", _plain, _DIGEST_OF),
    *(
        Form(type_name, "plain", _plain, "lower case, with hyphens")
        for type_name in ("maid", "idfa", "gaid")
    ),
    *(
        Form(type_name, "plain", _plain, "as it is, case kept")
        for type_name in ("cookie", "ctv", "partner", "ip")
    ),
)
_BY_NAME = {(form.type, form.form): form for form in FORMS}


def form_text(type: str, form: str, canonical: str) -> str | None:  # noqa: A002
    """Return a canonical value in one form; None where that form of it does not exist."""
    row = _BY_NAME.get((base_type(type), form))
    return row.text(canonical) if row else None


def forms_of(type: str) -> tuple[str, ...]:  # noqa: A002
    """Return the names of a type's forms; none for a type not known."""
    name = base_type(type)
    return tuple(form.form for form in FORMS if form.type == name)
