"""The fast way through a number ends where libphonenumber ends, for every region."""

from __future__ import annotations

import os
import random
import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneMetadata, PhoneNumberFormat, PhoneNumberType

from audiences.identifiers import phone

NUMBERS = int(os.environ.get("PHONE_AGREEMENT_NUMBERS", "30000"))
REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
TYPES = [
    kind
    for kind in PhoneNumberType.values()
    if kind not in {PhoneNumberType.UNKNOWN, PhoneNumberType.FIXED_LINE_OR_MOBILE}
]
REASONS = {
    NumberParseException.NOT_A_NUMBER: "not_a_number",
    NumberParseException.INVALID_COUNTRY_CODE: "unknown_country_code",
}


def library(text: str, region: str | None) -> tuple[str | None, str]:
    """What the library alone says."""
    try:
        number = phonenumbers.parse(text, region)
    except NumberParseException as error:
        if error.error_type == NumberParseException.INVALID_COUNTRY_CODE and "+" not in text:
            return None, "no_country"
        return None, REASONS.get(error.error_type, "impossible_number")
    if phonenumbers.is_valid_number(number):
        return phonenumbers.format_number(number, PhoneNumberFormat.E164), ""
    possible = phonenumbers.is_possible_number(number)
    return None, "invalid_number" if possible else "impossible_number"


def expected(text: str, region: str | None) -> tuple[str | None, str]:
    """The library; after it `00` read as plus where it found no number; never a decimal."""
    if re.fullmatch(r"[0-9]+\.0+", text):
        return None, "spreadsheet_number"
    first = library(text, region)
    digits = text.translate(str.maketrans("", "", " ().-"))
    if first[0] or not digits.startswith("00") or digits.startswith("000"):
        return first
    second = library("+" + digits[2:], None)
    return second if second[0] or region is None else first


def seeds() -> dict[str, list[str]]:
    """Valid national significant numbers of each region, of every type that has an example."""
    found: dict[str, list[str]] = {}
    for region in REGIONS:
        examples = (phonenumbers.example_number_for_type(region, kind) for kind in TYPES)
        found[region] = sorted(
            {phonenumbers.national_significant_number(number) for number in examples if number}
        )
    return found


def changed(number: str, rng: random.Random) -> str:
    """The number with some of its digits changed, one missing, or one more."""
    digits = list(number)
    for _ in range(rng.choice([0, 0, 1, 1, 2, 4])):
        digits[rng.randrange(len(digits))] = rng.choice("0123456789")
    if rng.random() < 0.12:
        digits.pop(rng.randrange(len(digits)))
    if rng.random() < 0.12:
        digits.insert(rng.randrange(len(digits)), rng.choice("0123456789"))
    return "".join(digits)


def written(number: str, region: str, rng: random.Random) -> str:
    """The number as somebody might write it: international or national, with punctuation."""
    code = str(phonenumbers.country_code_for_region(region))
    trunk = PhoneMetadata.metadata_for_region(region).national_prefix or "0"
    heads = [f"+{code}", f"+{code}{trunk}", f"+ {code} ({trunk})", f"00{code}", f"00 {code} "]
    heads += [
        f"(+{code}) ",
        f"011{code}",
        code,
        code + trunk,
        trunk,
        f"({trunk})",
        "",
        "",
        "0",
        "1",
    ]
    text = rng.choice(heads) + number
    for _ in range(rng.choice([0, 0, 1, 3])):
        at = rng.randrange(1, len(text) + 1)
        text = text[:at] + rng.choice([" ", "-", ".", "(", ") ", "--", " - "]) + text[at:]
    return text


def test_fast_way_agrees_with_the_library_in_every_region():
    """No seeded number, valid or spoilt, is judged otherwise than by the library itself."""
    rng = random.Random(20261121)
    numbers = seeds()
    differ, valid, fast = [], 0, 0
    for i in range(NUMBERS):
        region = REGIONS[i % len(REGIONS)]
        text = written(changed(rng.choice(numbers[region]), rng), region, rng)
        given = rng.choice([region, region, region, region.lower(), None, rng.choice(REGIONS)])
        found = phone.e164(text, given)
        valid += found.value is not None
        fast += phone._COMMON.fullmatch(text) is not None
        if (found.value, found.reason) != expected(text, given.upper() if given else None):
            differ.append((text, given, found))
    assert differ == []
    assert 0.2 < valid / NUMBERS < 0.9  # both outcomes are well represented
    assert fast / NUMBERS > 0.8


def test_a_number_made_canonical_stays_as_it_is():
    """Every region's example numbers are fixed points."""
    for region, numbers in seeds().items():
        for number in numbers:
            first = phone.e164(number, region)
            if first.value is not None:
                assert phone.e164(first.value, None) == first
