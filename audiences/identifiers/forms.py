"""Forms: the texts that platforms want of one canonical value, before any hashing."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from audiences.identifiers import mail_forms, names, places
from audiences.identifiers.catalog import ATTRIBUTES, CATALOG, base_type
from audiences.identifiers.countries import code_of
from audiences.identifiers.reasons import Canonical, refused

_Spell = Callable[[str, str], Canonical]


@dataclass(frozen=True, slots=True)
class Form:
    """One form of one type; `spell` takes the canonical value and the country's code or ""."""

    type: str
    form: str
    spell: _Spell
    says: str


def _as_it_is(canonical: str, _country: str) -> Canonical:
    return Canonical(canonical)


def _made(text: Callable[[str], str], reason: str = "nothing_left") -> _Spell:
    def spell(canonical: str, _country: str) -> Canonical:
        found = text(canonical)
        return Canonical(found) if found else refused(reason)

    return spell


_TOKEN = re.compile(r"[0-9A-Za-z_-]{1,128}")


def _token(canonical: str) -> str:
    return canonical if _TOKEN.fullmatch(canonical) else ""


_PLAIN = {
    "external_id": "as it is, case kept",
    "email": "trimmed and lower case, dots and tags kept",
    **dict.fromkeys(
        ("email_sha256", "phone_sha256"),
        "the digest as it was given; it is that of the form of this name",
    ),
    **dict.fromkeys(("maid", "idfa", "gaid"), "lower case, with hyphens"),
    **dict.fromkeys(("first_name", "first_initial", "last_name"), "as it is read, case kept"),
    **dict.fromkeys(("street", "city", "state", "zip"), "as it is read, case kept"),
    "country": "two capital letters",
    "birth_date": "YYYY-MM-DD",
    "birth_year": "four digits",
    "birth_month": "01 to 12",
    "birth_day": "01 to 31",
    "gender": "f or m",
    "value": "a plain decimal, 0 or more",
}
_lower = _made(names.lower)
_letters = _made(names.lower_letters)
_joined = _made(names.lower_joined)
_digits = _made(lambda canonical: canonical.lstrip("+0"))
_upper = _made(str.upper)
_no_mailbox = "empty_local_part"
# (types, form, spell, what it says); the form `plain` or `e164` of each type is its canonical value
_ROWS: tuple[tuple[str, str, _Spell, str], ...] = (
    ("external_id", "token", _made(_token, "bad_external_id"),
     "as it is; letters, digits, - and _ alone, at most 128"),
    ("email", "gmail", _made(mail_forms.gmail, _no_mailbox),
     "gmail.com and googlemail.com without dots and +tag"),
    ("email", "gmail_com", _made(mail_forms.gmail_com, _no_mailbox),
     "gmail.com alone without dots and +tag"),
    ("email", "no_tag", _made(mail_forms.no_tag, _no_mailbox), "every domain without +tag"),
    ("email", "no_dots_no_tag", _made(mail_forms.no_dots_no_tag, _no_mailbox),
     "every domain without dots and +tag"),
    ("email", "ascii_word", _made(mail_forms.ascii_word, _no_mailbox),
     "a-z, 0-9 and . _ - alone; all else dropped, + and accented letters too"),
    ("email", "ascii", _made(mail_forms.ascii_bare, _no_mailbox),
     "a-z, 0-9 and . - alone; all else dropped"),
    ("email", "word", _made(mail_forms.word, _no_mailbox),
     "letters and digits of any script and . _ - alone; all else dropped"),
    ("phone", "digits", _digits, "country code and number, no plus, no leading zeros"),
    ("idfa gaid maid", "upper", _upper, "upper case, with hyphens"),
    ("first_name last_name", "lower", _lower, "lower case"),
    ("first_name", "untitled", _made(names.untitled), "lower case, without Mr., Mrs., Ms., Dr."),
    ("last_name", "unsuffixed", _made(names.unsuffixed), "lower case, without Jr., II, PhD"),
    ("first_name last_name", "lower_letters", _letters,
     "lower case; letters, digits and single spaces of any script"),
    ("first_name last_name", "lower_joined", _joined,
     "lower case; letters and digits of any script, no spaces"),
    ("first_name last_name", "a_z_0_9", places.folded_name,
     "a-z and 0-9; ä, ö, ü, ß, ø, æ spelled out, all else dropped"),
    ("first_initial", "initial", _made(names.initial), "the first letter, lower case"),
    ("street", "street_line", places.street_line,
     "lower case, words abbreviated as the country does, joined; needs the country"),
    ("city", "a_z", places.a_z, "a-z; all else dropped"),
    ("city", "letters", places.letters, "lower case; letters of any script, no spaces"),
    ("city", "a_z_0_9", places.a_z_0_9, "a-z and 0-9; all else dropped"),
    ("state", "ansi_a_z", places.ansi_a_z, "US: ANSI code, lower case; elsewhere the name in a-z"),
    ("state", "ansi_letters", places.ansi_letters,
     "US: ANSI code, lower case; elsewhere the name's letters of any script"),
    ("state", "two_letters", places.two_letters,
     "small code, else the name's first two letters; names need the country"),
    ("zip", "zip_short", places.zip_short,
     "lower case, no spaces, nothing from a hyphen on; US: five digits"),
    ("zip", "zip_sector", places.zip_sector, "as zip_short; GB: area, district and sector"),
    ("zip", "zip_whole", places.zip_whole, "lower case, no spaces; US: five digits"),
    ("zip", "zip_by_country", places.zip_by_country,
     "CA 6, GB 7 letters and digits, case kept; IN 6, JP 7 digits; US and others 5"),
    ("country", "lower", _lower, "two small letters"),
)  # fmt: skip
FORMS: tuple[Form, ...] = (
    *(
        Form(name, "plain", _as_it_is, _PLAIN.get(name, "as it is, case kept"))
        for name in (*CATALOG, *ATTRIBUTES)
        if name not in {"phone", "phone_sha256"}
    ),
    Form("phone", "e164", _as_it_is, "plus, country code, number"),
    Form("phone_sha256", "e164", _as_it_is, _PLAIN["phone_sha256"]),
    *(
        Form(name, form, spell, says)
        for types, form, spell, says in _ROWS
        for name in types.split()
    ),
)
_BY_NAME = {(form.type, form.form): form for form in FORMS}


def spelled(type: str, form: str, canonical: str, country: str | None = None) -> Canonical:  # noqa: A002
    """Return a canonical value in one form, or why it has none; `country` is that of the row."""
    row = _BY_NAME.get((base_type(type), form))
    if row is None:
        return refused("unknown_type")
    return row.spell(canonical, code_of(country or ""))


def form_text(type: str, form: str, canonical: str, country: str | None = None) -> str | None:  # noqa: A002
    """Return a canonical value in one form; None where that form of it does not exist."""
    return spelled(type, form, canonical, country).value


def forms_of(type: str) -> tuple[str, ...]:  # noqa: A002
    """Return the names of a type's forms; none for a type not known."""
    name = base_type(type)
    known = CATALOG.get(name) or ATTRIBUTES.get(name)
    return known.forms if known else ()
