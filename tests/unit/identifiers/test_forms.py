"""Forms: what platforms want of one canonical value."""

from __future__ import annotations

import pytest

from audiences.identifiers.forms import form_text, forms_of


@pytest.mark.parametrize(
    ("type_name", "form", "value", "expected"),
    [
        ("email", "plain", "a.b+c@gmail.com", "a.b+c@gmail.com"),
        ("email", "gmail", "a.b+c+d@gmail.com", "ab@gmail.com"),
        ("email", "gmail", "a.b.c+d@googlemail.com", "abc@googlemail.com"),
        ("email", "gmail", "a.b+c@gmail-corp.com", "a.b+c@gmail-corp.com"),
        ("email", "gmail", "a.b+c@notgmail.com", "a.b+c@notgmail.com"),
        ("email", "gmail", "+@gmail.com", None),
        ("email", "gmail_com", "a.b+c@gmail.com", "ab@gmail.com"),
        ("email", "gmail_com", "a.b+c@googlemail.com", "a.b+c@googlemail.com"),
        ("phone", "e164", "+84912345678", "+84912345678"),
        ("phone", "digits", "+84912345678", "84912345678"),
        ("phone", "digits", "+390669812345", "390669812345"),
        ("maid", "plain", "ab", "ab"),
        ("partner:acme", "plain", "Ab", "Ab"),
        ("email_sha256", "plain", "ab" * 32, "ab" * 32),
        ("email_sha256", "gmail", "ab" * 32, None),
        ("phone_sha256", "digits", "ab" * 32, None),
        ("fax", "plain", "x", None),
    ],
)
def test_form_text(type_name, form, value, expected):
    """One row for each rule."""
    assert form_text(type_name, form, value) == expected


def test_hashed_values_have_the_digest_they_came_with_alone():
    """No other form can be made from a digest."""
    assert forms_of("email_sha256") == ("plain",)
    assert forms_of("phone_sha256") == ("e164",)
    assert forms_of("email")[:3] == ("plain", "gmail", "gmail_com")
    assert forms_of("phone") == ("e164", "digits")
    assert forms_of("fax") == ()
