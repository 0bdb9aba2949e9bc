"""Normalisation: one spelling, or a reason; never an exception, never a guess."""

from __future__ import annotations

import base64
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from audiences.identifiers.catalog import ATTRIBUTES, CATALOG
from audiences.identifiers.forms import form_text, forms_of
from audiences.identifiers.normalise import SENTINELS, Canonical, canonical, fix_for

TYPES = [*sorted(CATALOG), *sorted(ATTRIBUTES), "partner:acme"]
ROOT = Path(__file__).parents[3]
EMPTY_HASH = hashlib.sha256(b"").hexdigest()
HEX = hashlib.sha256(b"ada@example.com").hexdigest()
B64 = base64.b64encode(bytes.fromhex(HEX)).decode()


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (" Ada.Lovelace@Example.COM ", "ada.lovelace@example.com"),
        ("\u200bada@example.com\ufeff", "ada@example.com"),
        ("ada\u200b@example\u00ad.com", "ada@example.com"),
        ("\u3000ada@example.com\u00a0", "ada@example.com"),
        ("ａｄａ＠ｅｘａｍｐｌｅ。ｃｏｍ", "ada@example.com"),
        ("JOSÉ@example.com", "josé@example.com"),
        ("jose\u0301@example.com", "josé@example.com"),
        ("łukasz@example.pl", "łukasz@example.pl"),
        ("李@example.cn", "李@example.cn"),
        ("ada@Müller.de", "ada@xn--mller-kva.de"),
        ("ada@mu\u0308ller.de", "ada@xn--mller-kva.de"),
        ("ada@xn--mller-kva.de", "ada@xn--mller-kva.de"),
        ("ada@straße.de", "ada@xn--strae-oqa.de"),
        ("a.d.a+news@gmail.com", "a.d.a+news@gmail.com"),
        ("taro..yamada.@docomo.ne.jp", "taro..yamada.@docomo.ne.jp"),
        ("o'brien@example.co.uk", "o'brien@example.co.uk"),
        ('"Ada.Lovelace"@example.com', "ada.lovelace@example.com"),
    ],
)
def test_emails_have_one_spelling(value, expected):
    """Ways of typing one address end in one text."""
    assert canonical("email", value) == Canonical(expected)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "empty"),
        (" \u200b\t", "empty"),
        ("None", "placeholder"),
        (" N/A ", "placeholder"),
        ("test@test.com", "placeholder"),
        ("ada", "no_at_sign"),
        ("a@b@c.com", "two_at_signs"),
        ("ada@example.com@", "two_at_signs"),
        ("@example.com", "bad_local_part"),
        ("...@gmail.com", "bad_local_part"),
        ('"ada l"@example.com', "space_inside"),
        ('"a@b"@example.com', "bad_local_part"),
        ('""@example.com', "bad_local_part"),
        ('"ada@example.com', "bad_local_part"),
        ('".ada"@example.com', "bad_local_part"),
        ('"ada"x@example.com', "bad_local_part"),
        ("ada(work)@example.com", "bad_local_part"),
        ("ada,bob@example.com", "bad_local_part"),
        ("mailto:ada@example.com", "bad_local_part"),
        ("ada@", "bad_domain"),
        ("ada@example", "bad_domain"),
        ("ada@example,com", "bad_domain"),
        ("ada@-example.com", "bad_domain"),
        ("ada@example.com.", "bad_domain"),
        ("ada@[127.0.0.1]", "bad_domain"),
        ("ada@127.0.0.1", "bad_domain"),
        ("ada@😊test.com", "bad_domain"),
        ("ada@xn--\u00fc.com", "bad_domain"),
        ("ada l@example.com", "space_inside"),
        ("a\x00da@example.com", "control_characters"),
        ("a\ud800da@example.com", "control_characters"),
        ("a" * 65 + "@example.com", "too_long"),
        ("é" * 33 + "@example.com", "too_long"),
        ("a@" + "b" * 60 + ("." + "c" * 60) * 3 + ".com" + "m" * 20, "too_long"),
        ("a" * 10_000, "too_long"),
        (HEX, "already_hashed"),
        (HEX.upper(), "already_hashed"),
        (B64, "already_hashed"),
    ],
)
def test_unusable_emails_say_why(value, reason):
    """Each refusal has its own reason."""
    assert canonical("email", value) == Canonical(None, reason)


@pytest.mark.parametrize(
    ("value", "country", "expected"),
    [
        ("0912 345 678", "VN", "+84912345678"),
        ("912345678", "vn", "+84912345678"),
        ("84912345678", "VN", "+84912345678"),
        ("+84912345678", "US", "+84912345678"),
        ("0084912345678", "VN", "+84912345678"),
        ("0044 20 7123 4567", None, "+442071234567"),
        ("(0044) 20 7123 4567", "US", "+442071234567"),
        ("011 44 20 7123 4567", "US", "+442071234567"),
        ("+44 (0)20 7946 0958", None, "+442079460958"),
        ("๐๘๑-๒๓๔-๕๖๗๘", "TH", "+66812345678"),
        ("٠١٠٠١٢٣٤٥٦٧", "EG", "+201001234567"),
        ("＋６６８１２３４５６７８", None, "+66812345678"),
        ("06 698 12345", "IT", "+390669812345"),
        ("011 15 2345 6789", "AR", "+5491123456789"),
        ("8 (912) 345-67-89", "RU", "+79123456789"),
        ("(415) 555-0132", "us", "+14155550132"),
        ("+1 415 555 0132 ext. 12", None, "+14155550132"),
        ("tel:+1-415-555-0132", None, "+14155550132"),
        ("1-800-FLOWERS", "US", "+18003569377"),
        ("\u202a+84 912 345 678\u202c", None, "+84912345678"),
        ("+80012345678", None, "+80012345678"),
        ("+44 1624 712345", "IM", "+441624712345"),
    ],
)
def test_phones_have_one_spelling(value, country, expected):
    """Ways of writing one number end in one text."""
    assert canonical("phone", value, country) == Canonical(expected)


@pytest.mark.parametrize(
    ("value", "country", "reason"),
    [
        ("", "VN", "empty"),
        ("null", "VN", "placeholder"),
        ("0912345678", None, "no_country"),
        ("0912345678", "", "no_country"),
        ("0912345678", "ZZ", "no_country"),
        ("0912345678", "Vietnam", "no_country"),
        ("0912345678", "001", "no_country"),
        ("(415) 555-0132", None, "no_country"),
        ("4155550132", None, "no_country"),
        ("+999 12345678", None, "unknown_country_code"),
        ("call me", "VN", "not_a_number"),
        ("ada1234567@example.com", "US", "not_a_number"),
        ("12", "VN", "impossible_number"),
        ("+1 415 555 01", None, "impossible_number"),
        ("+1 123 456 7890", None, "invalid_number"),
        ("0000000000", "US", "invalid_number"),
        ("912345678.0", "VN", "spreadsheet_number"),
        ("8.4912E+10", "VN", "spreadsheet_number"),
        ("9" * 300, "VN", "too_long"),
        ("09\x001234", "VN", "control_characters"),
        (HEX, "VN", "already_hashed"),
    ],
)
def test_unusable_phones_say_why(value, country, reason):
    """A number is never guessed into another country's."""
    assert canonical("phone", value, country) == Canonical(None, reason)


@pytest.mark.parametrize(
    ("type_name", "value", "expected"),
    [
        ("external_id", " C-17 ", Canonical("C-17")),
        ("external_id", "e\u0301", Canonical("é")),
        ("external_id", "a b", Canonical("a b")),
        ("external_id", "x" * 257, Canonical(None, "too_long")),
        ("external_id", "null", Canonical(None, "placeholder")),
        ("external_id", "a\nb", Canonical(None, "control_characters")),
        (
            "idfa",
            " AB1234CD-E123-12FA-B123-ABCDEF012345",
            Canonical("ab1234cd-e123-12fa-b123-abcdef012345"),
        ),
        ("maid", "00000000-0000-0000-0000-000000000000", Canonical(None, "no_tracking_id")),
        ("gaid", "ab1234cde12312fab123abcdef012345", Canonical(None, "bad_uuid")),
        ("gaid", "", Canonical(None, "empty")),
        ("cookie", " GA1.2.x ", Canonical("GA1.2.x")),
        ("cookie", "a b", Canonical(None, "space_inside")),
        ("cookie", "ada@example.com", Canonical(None, "looks_like_email")),
        ("cookie", "a@b", Canonical("a@b")),
        ("cookie", "undefined", Canonical(None, "placeholder")),
        ("cookie", "x" * 257, Canonical(None, "too_long")),
        ("cookie", "a\x07b", Canonical(None, "control_characters")),
        ("ctv", "00000000-0000-0000-0000-000000000000", Canonical(None, "no_tracking_id")),
        ("partner:acme", "AbC+/=", Canonical("AbC+/=")),
        ("ip", " 203.0.113.7 ", Canonical("203.0.113.7")),
        ("ip", "2001:DB8:0:0::1", Canonical("2001:db8::1")),
        ("ip", "::ffff:203.0.113.7", Canonical("203.0.113.7")),
        ("ip", "192.168.1.1", Canonical(None, "private_ip")),
        ("ip", "fe80::1%eth0", Canonical(None, "private_ip")),
        ("ip", "203.0.113.7:80", Canonical(None, "bad_ip")),
        ("email_sha256", HEX.upper(), Canonical(HEX)),
        ("email_sha256", f" {B64} ", Canonical(HEX)),
        ("phone_sha256", B64.replace("+", "-").replace("/", "_"), Canonical(HEX)),
        ("email_sha256", "ada@example.com", Canonical(None, "not_a_hash")),
        ("email_sha256", HEX[:-1], Canonical(None, "not_a_hash")),
        ("email_sha256", EMPTY_HASH, Canonical(None, "empty_hash")),
        ("email_sha256", sha(" "), Canonical(None, "empty_hash")),
        ("email_sha256", sha("None"), Canonical(None, "sentinel_hash")),
        ("phone_sha256", sha("nan").upper(), Canonical(None, "sentinel_hash")),
        ("email_sha256", sha("NULL"), Canonical(None, "sentinel_hash")),
        ("email_sha256", sha("N/A"), Canonical(None, "sentinel_hash")),
        ("fax", "1", Canonical(None, "unknown_type")),
    ],
)
def test_other_types_have_one_spelling_or_a_reason(type_name, value, expected):
    """Each type's rules, one example each."""
    assert canonical(type_name, value) == expected


COUNTRY = st.sampled_from([None, "VN", "us", "DE", "IT", "ZZ"])
LOOKS = st.one_of(
    st.text(),
    st.text(alphabet=st.characters(exclude_categories=()), max_size=40),  # surrogates too
    st.from_regex(r"[^@\s]{1,9}@[^@\s]{1,9}\.[^@\s]{2,4}", fullmatch=True),
    st.from_regex(r"[+]?[0-9 ()-]{4,16}", fullmatch=True),
    st.emails(),
    st.ip_addresses().map(str),
    st.uuids().map(str),
)


@pytest.mark.parametrize("type_name", TYPES)
@settings(max_examples=150, deadline=None)
@given(value=LOOKS, country=COUNTRY)
@example(value="İ̇Σ@ΣΑΣ.gr", country=None)
@example(value="ﬀ@ﬀ.com", country=None)
@example(value="+390" + "0" * 9, country="IT")
def test_canonical_never_raises_and_is_stable(type_name, value, country):
    """Any text has an outcome; what is canonical stays so, and never hashes as an empty value."""
    found = canonical(type_name, value, country)
    assert (found.value is None) == bool(found.reason)
    if found.value is None:
        assert fix_for(found.reason)
        return
    assert canonical(type_name, found.value, country) == found
    for form in forms_of(type_name):
        text = form_text(type_name, form, found.value)
        assert text is None or (text.strip() and text != EMPTY_HASH)


def test_every_sentinel_is_refused_as_text_and_as_hash():
    """A word for "no value" never becomes somebody's identifier."""
    for word in SENTINELS:
        assert canonical("external_id", f" {word.upper()} ").reason == "placeholder"
        assert canonical("email", word).reason == "placeholder"
        assert canonical("email_sha256", sha(word)).reason == "sentinel_hash"
        assert canonical("phone_sha256", sha(word.upper())).reason == "sentinel_hash"


def test_light_modules_load_no_heavy_library():
    """A Lambda that only normalises an e-mail address pays for nothing else."""
    code = (
        "import sys; from audiences.identifiers import packs, digest, normalise;"
        "normalise.canonical('email', 'ada@example.com');"
        "heavy = {'pyarrow', 'duckdb', 'phonenumbers', 'idna', 'requests'} & set(sys.modules);"
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False, text=True, cwd=ROOT
    )
    assert done.stderr == ""
