"""Digests and keys: the same in Python and in SQL, the same for raw and hashed."""

from __future__ import annotations

import uuid

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiences.identifiers.digest import identifier_key, identifier_key_sql, identity, sha256_hex

TEXT = st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), min_size=1)


def test_hash_is_of_utf8_bytes():
    """Names beyond ASCII hash as UTF-8: no two of them collide with ASCII ones."""
    assert sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert sha256_hex("李") != sha256_hex("N")
    assert sha256_hex("łukasz") != sha256_hex("Bukasz")


@pytest.mark.parametrize(
    ("raw_type", "hashed_type", "value"),
    [("email", "email_sha256", "ada@example.com"), ("phone", "phone_sha256", "+84912345678")],
)
def test_raw_and_hashed_have_one_key(raw_type, hashed_type, value):
    """An identifier known raw and one known hashed are the same identifier."""
    hashed = sha256_hex(value)
    assert identity(raw_type, value) == identity(hashed_type, hashed) == (raw_type, hashed)
    assert identifier_key("s", raw_type, value) == identifier_key("s", hashed_type, hashed)


def test_mobile_ids_have_one_key_and_partners_their_own():
    """A phone's advertising id is one id by whichever name; partners' ids are apart."""
    keys = {identifier_key("s", name, "x") for name in ("idfa", "gaid", "maid")}
    assert len(keys) == 1
    assert identifier_key("s", "partner:a", "x") != identifier_key("s", "partner:b", "x")
    assert identifier_key("s", "cookie", "x") != identifier_key("t", "cookie", "x")


@settings(max_examples=40, deadline=None)
@given(secret=TEXT, kind=st.sampled_from(["email", "phone", "maid", "partner:a"]), value=TEXT)
def test_sql_makes_the_same_key(secret, kind, value):
    """DuckDB and Python agree, byte for byte."""
    identity_type, identity_value = identity(kind, value)
    sql = identifier_key_sql("secret", "t.kind", "t.value")
    query = f"SELECT {sql} FROM (SELECT $kind AS kind, $value AS value) AS t"
    given_values = {"secret": secret, "kind": identity_type, "value": identity_value}
    with duckdb.connect() as connection:
        found = connection.execute(query, given_values).fetchone()
    assert found == (uuid.UUID(bytes=identifier_key(secret, kind, value)),)
