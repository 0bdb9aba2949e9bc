"""Whole columns of canonical values in one form: the easy ones by kernels, others singly."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from audiences.identifiers.catalog import base_type
from audiences.identifiers.distinct import flat, one_by_one
from audiences.identifiers.forms import form_text

WORD = r"^[A-Za-z]+$"
ZIP = r"^[0-9A-Za-z]+(?:[ -][0-9A-Za-z]+)?$"
# Of letters before a hyphen a British code may be made.
_ZIP_AS_READ = r"^(?:[0-9A-Za-z]+(?: [0-9A-Za-z]+)?|[0-9]+-[0-9]+)$"


def form_column(
    type: str,  # noqa: A002
    form: str,
    canonical: pa.Array,
    countries: pa.Array | None = None,
) -> pa.Array:
    """Return the texts of one form; null where a value has no such form."""
    column, name = flat(canonical), base_type(type)
    if form == ("e164" if name in {"phone", "phone_sha256"} else "plain"):
        return column
    if (name, form) == ("phone", "digits"):
        return pc.utf8_ltrim(column, "+0")
    lands = pa.nulls(len(column), pa.string()) if countries is None else flat(countries)
    made, odd = _easy_forms(name, form, column, lands)
    spell = lambda text, land: (form_text(type, form, text, land),)  # noqa: E731
    (rest,) = one_by_one(column.filter(odd), lands.filter(odd), spell, 1)
    return pc.replace_with_mask(made, odd, rest)


def _easy_forms(
    name: str, form: str, column: pa.Array, lands: pa.Array
) -> tuple[pa.Array, pa.Array]:
    """Return what kernels make of a column, and a mask of the values that they can't judge."""
    if name == "email" and form in _GMAIL:
        return _gmails(_GMAIL[form], column)
    if name in {"first_name", "last_name"} and form in _LOWER:
        fits = pc.match_substring_regex(column, WORD)
        return pc.ascii_lower(column), pc.invert(pc.fill_null(fits, True))
    if (name, form) in _CHANGING:
        changing = pc.match_substring_regex(column, _CHANGING[name, form])
        return column, pc.fill_null(changing, False)
    if name == "zip" and form in {"zip_short", "zip_whole"}:
        return _zips(form, column, lands)
    return column, pc.is_valid(column)


# What a form may change, by sight; all other values are as they are in it.
_CHANGING = {
    ("email", "no_tag"): r"\+",
    ("email", "no_dots_no_tag"): r"[.+].*@",
    ("email", "ascii_word"): r"[^a-z0-9_.@-]|xn--",
    ("email", "ascii"): r"[^a-z0-9.@-]|xn--",
    ("email", "word"): r"[^a-z0-9_.@-]|xn--",
    ("external_id", "token"): r"[^0-9A-Za-z_-]|.{129}",
}
_GMAIL = {"gmail": ("@gmail.com", "@googlemail.com"), "gmail_com": ("@gmail.com",)}
# One word in ASCII has neither title nor suffix, and nothing to drop.
_LOWER = frozenset({"lower", "untitled", "unsuffixed", "lower_letters", "lower_joined", "a_z_0_9"})


def _gmails(domains: tuple[str, ...], column: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Drop dots and tags of the domains' addresses; one with nothing left is for `form_text`."""
    made, odd = column, pa.repeat(False, len(column))
    for domain in domains:
        own = pc.fill_null(pc.ends_with(column, domain), False)
        mailbox = pc.utf8_slice_codeunits(column.filter(own), 0, -len(domain))
        bare = pc.replace_substring_regex(mailbox, "[+].*", "")
        bare = pc.replace_substring(bare, ".", "")
        spelled = pc.binary_join_element_wise(bare, domain, "")
        made = pc.replace_with_mask(made, own, spelled)
        usual = pc.match_substring_regex(mailbox, "^[a-z0-9_+-][a-z0-9._+-]*$")
        strange = pc.or_(pc.invert(usual), pc.equal(bare, ""))
        odd = pc.replace_with_mask(odd, own, strange)
    return made, odd


def _zips(form: str, column: pa.Array, lands: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Spell postal codes: five digits in the United States, elsewhere all but spaces."""
    country = pc.utf8_upper(pc.utf8_trim_whitespace(pc.fill_null(lands, "")))
    american = pc.equal(country, "US")
    size = pc.binary_length(column)
    usual = pc.and_(pc.greater_equal(size, 3), pc.less_equal(size, 12))
    sized = pc.if_else(american, pc.equal(size, 5), usual)
    easy = pc.fill_null(pc.and_(sized, pc.ascii_is_decimal(column)), True)
    left = pc.invert(easy)
    made, odd = _written_zips(form, column.filter(left), american.filter(left))
    return (
        pc.replace_with_mask(column, left, made),
        pc.replace_with_mask(pa.repeat(False, len(column)), left, odd),
    )


def _written_zips(form: str, codes: pa.Array, american: pa.Array) -> tuple[pa.Array, pa.Array]:
    text = pc.replace_substring(pc.ascii_lower(codes), " ", "")
    if form == "zip_short":
        text = pc.replace_substring_regex(text, "-.*", "")
    five = pc.utf8_slice_codeunits(codes, 0, 5)
    usual = pc.if_else(
        american,
        pc.match_substring_regex(codes, "^[0-9]{5}-[0-9]{4}$"),
        pc.match_substring_regex(codes, _ZIP_AS_READ),
    )
    return pc.if_else(american, five, text), pc.invert(usual)
