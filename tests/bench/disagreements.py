"""Why the bridge and a vendor's library differ on a value, each with the page that decides it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

META = "https://developers.facebook.com/docs/marketing-api/audiences/guides/custom-audiences"
GOOGLE = "https://developers.google.com/data-manager, user data formatting"
UID2 = "https://unifiedid.com/docs/getting-started/gs-normalization-encoding"
E164 = "https://www.itu.int/rec/T-REC-E.164"
MAIL = "https://www.rfc-editor.org/rfc/rfc5321 section 4.1.2"
IDNA = "https://www.rfc-editor.org/rfc/rfc5890"
UNICODE = "https://unicode.org/reports/tr15"
LIBPHONE = "https://github.com/google/libphonenumber/blob/master/FAQ.md"
PAGES = {
    "facebook-business": META,
    "google-ads-datamanager-util": GOOGLE,
    "uid2-client": UID2,
    "phonenumbers": LIBPHONE,
}
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\xa0\xad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_MAIL = re.compile(r"[^\s@\"(),<>]+@(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}", re.IGNORECASE)
_DIGEST = re.compile("[0-9a-fA-F]{64}")


@dataclass(frozen=True, slots=True)
class Case:
    """One value that the two judge differently; `ours` and `theirs` are texts or None."""

    library: str
    kind: str
    value: str
    country: str | None
    ours: str | None
    reason: str
    theirs: str | None


@dataclass(frozen=True, slots=True)
class Class:
    """One reason to differ; `page` is the vendor's own where it is left out."""

    name: str
    kinds: str
    holds: Callable[[Case], object]
    why: str
    page: str = ""


def _composed(case: Case) -> bool:
    return case.value != unicodedata.normalize("NFC", case.value)


def _wide(case: Case) -> bool:
    return unicodedata.normalize("NFKC", case.value) != unicodedata.normalize("NFC", case.value)


def _zeros_first(case: Case) -> bool:
    return re.sub("[^0-9]", "", case.value).startswith("00")


CLASSES = (
    Class("a digest as given", "*", lambda c: _DIGEST.fullmatch(c.value.strip()),
          "A digest is never hashed again, and in place of raw data it passes only where the "
          "vendor's page allows digests; in upper case it is the same digest."),
    Class("a stand-in for no value", "*", lambda c: c.reason == "placeholder",
          "`n/a`, `null`, `unknown` and the like name nobody; their hash would be one shared by "
          "strangers, and each page asks for the person's own data."),
    Class("nothing in it", "*", lambda c: c.reason in {"empty", "no_letters", "nothing_left"},
          "Nothing is left to hash, and the hash of nothing or of mere signs matches nobody."),
    Class("signs that nobody sees", "email first_name last_name city zip country",
          lambda c: _INVISIBLE.search(c.value.strip())
          and (c.ours is not None or c.reason in {"control_characters", "empty_local_part"}),
          "Zero-width signs, direction marks, no-break spaces and control characters are copied "
          "along from pages and exports. The bridge removes what is invisible and refuses control "
          "characters; the library hashes them.", UNICODE),
    Class("white space at the ends", "email", lambda c: c.theirs and c.theirs != c.theirs.strip(),
          "Tabs, line ends and no-break spaces are white space as well; the library strips the "
          "space alone.", UNICODE),
    Class("wide letters", "email first_name last_name city zip country", _wide,
          "Full-width letters come from East Asian keyboards; an address or code is ASCII.",
          UNICODE),
    Class("no address", "email",
          lambda c: c.ours is None and not _MAIL.fullmatch(c.value.strip().rstrip(".")),
          "Without one mailbox and one domain with a top-level domain there is no address that a "
          "person could have signed in with; the page asks for an e-mail address.", MAIL),
    Class("an impossible address", "email",
          lambda c: c.reason in {"bad_domain", "bad_local_part", "too_long"},
          "The local part or the domain breaks the length or the letters that mail allows.", MAIL),
    Class("a domain in its own script", "email",
          lambda c: not c.value.rpartition("@")[2].isascii() and c.ours is not None,
          "Logins and mail systems store a domain in its ASCII form.", IDNA),
    Class("composed letters", "*", _composed,
          "The same letters can be stored in two ways; the bridge composes them (NFC) first, as "
          "the platforms' own pages are typed; the library hashes what it is given.", UNICODE),
    Class("capital letters beyond ASCII", "email first_name last_name city",
          lambda c: (c.ours or "").lower() == (c.theirs or "").lower(),
          "The page asks for lower case, of every script; the library lowers A to Z alone, or "
          "otherwise."),
    Class("an address without country names a domain", "email",
          lambda c: c.theirs is None and c.ours is not None,
          "The address is usable: quoted or spelled as mail allows.", MAIL),
    Class("spreadsheet's decimal", "phone", lambda c: c.reason == "spreadsheet_number",
          "A spreadsheet made the number a decimal; with the digit that it added it may be "
          "somebody else's number.", E164),
    Class("no country known", "phone", lambda c: c.reason == "no_country",
          "The page asks for the country code. Without a plus, `00` or the row's country it would "
          "be a guess; the library takes the digits as they stand."),
    Class("00 for plus", "phone", lambda c: c.ours is not None and _zeros_first(c),
          "No country code begins with a zero, so `00` is read as plus where the row's country "
          "makes no number of it; the library keeps the zeros, refuses them, or knows only what "
          "that country dials.", E164),
    Class("country of the row", "phone",
          lambda c: c.ours is not None and c.library != "phonenumbers" and "+" not in c.value,
          "The row's country makes a national number international; the library does not ask for "
          "it and refuses, or sends the national digits."),
    Class("no such number", "phone", lambda c: c.ours is None and c.theirs is not None,
          "The digits are no number of any country's plan, or not a number at all; the library "
          "checks neither length nor plan.", E164),
    Class("zero, extension or words around it", "phone",
          lambda c: c.ours is not None and c.theirs is not None,
          "E.164 has neither a trunk zero after the country code nor an extension; the library "
          "keeps their digits.", E164),
    Class("written as people write", "phone", lambda c: c.theirs is None,
          "Spaces, punctuation, extensions and digits of other scripts do not change which number "
          "it is; the library takes ASCII digits alone, or wants E.164 ready made.", E164),
    Class("accented letters in a place", "city",
          lambda c: c.ours is not None and c.theirs is not None,
          "The page allows a-z alone, without spaces and punctuation; the library keeps other "
          "letters and some punctuation."),
    Class("no letters of a-z", "city", lambda c: c.ours is None,
          "The page allows a-z alone, and nothing is left of this name."),
    Class("titles and suffixes", "first_name last_name",
          lambda c: c.library.startswith("google") and c.ours is not None,
          "Google's Java, Node and .NET utilities drop titles and suffixes; its Python one, which "
          "is compared here, keeps them.",
          "https://github.com/googleads/data-manager-java (UserDataFormatter)"),
    Class("punctuation and spaces in a name", "first_name last_name",
          lambda c: c.ours is not None and c.theirs is not None,
          "The page has punctuation dropped; the library keeps it."),
    Class("no name", "first_name last_name", lambda c: c.ours is None,
          "An address, a digest or mere signs stand where a name should."),
    Class("postal code of the country", "zip", lambda c: True,
          "The page asks for five digits in the United States, and codes are read without spaces "
          "at their ends or inside, their digits in ASCII."),
    Class("a country by name", "country", lambda c: c.ours is not None,
          "An English name, or `U.S.`, says which ISO 3166-1 code is meant; the library refuses "
          "or keeps it.", "https://www.iso.org/iso-3166-country-codes.html"),
    Class("no such country", "country", lambda c: c.ours is None,
          "Two letters that are no ISO 3166-1 code are no country.",
          "https://www.iso.org/iso-3166-country-codes.html"),
)  # fmt: skip


def class_of(case: Case) -> Class | None:
    """Return the first reason that holds for a disagreement, or None where nobody knows one."""
    for one in CLASSES:
        if (one.kinds == "*" or case.kind in one.kinds.split()) and one.holds(case):
            return one
    return None
