"""Consent strings of all frameworks: one no is a no, and nothing that can't be read grants."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audiences.consent import tcf
from audiences.consent.gpp import answers

GOOGLE = 755
YES, NO, SILENT = (
    {"ad_user_data": value, "ad_personalization": value} for value in (True, False, None)
)
AGREED = "CQuSqEAQuSqEAAAAAAENAAFgAP_gAAAAAAAAF5wAgAKgLzAAAAAA.IF5wAgAKgLzA.YAAAAAAAAAAA"
# Written by IAB Tech Lab's own encoder (npm package @iabgpp/cmpapi 3.2.0): of each section one
# string with each opt-out, one that says of each that there was none, and one with GPC.
EXAMPLES = {
    "DBABLA~CAAQAAAAAABA.QA": NO,
    "DBABLA~CAAEAAAAAABA.QA": NO,
    "DBABLA~CAABAAAAAABA.QA": NO,
    "DBABLA~CAAqAAAAAABA.QA": SILENT,
    "DBABLA~CAAAAAAAAABA.YA": NO,
    "DBABBg~BAQAAABA.QA": NO,
    "DBABBg~BAEAAABA.QA": NO,
    "DBABBg~BAoAAABA.QA": SILENT,
    "DBABBg~BAAAAABA.YA": NO,
    "DBABRg~BAQAABA": NO,
    "DBABRg~BAEAABA": NO,
    "DBABRg~BAoAABA": SILENT,
    "DBABJg~BAQAAEA.QA": NO,
    "DBABJg~BAEAAEA.QA": NO,
    "DBABJg~BAoAAEA.QA": SILENT,
    "DBABJg~BAAAAEA.YA": NO,
    "DBABFg~BAEAAAQA": NO,
    "DBABFg~BABAAAQA": NO,
    "DBABFg~BAKAAAQA": SILENT,
    "DBABVg~BAQAAAEA.QA": NO,
    "DBABVg~BAEAAAEA.QA": NO,
    "DBABVg~BAoAAAEA.QA": SILENT,
    "DBABVg~BAAAAAEA.YA": NO,
    "DBABAw~BAQAAABA": NO,
    "DBABAw~BAEAAABA": NO,
    "DBABAw~BAoAAABA": SILENT,
    "DBABQw~BAQAAABA.QA": NO,
    "DBABQw~BAEAAABA.QA": NO,
    "DBABQw~BAoAAABA.QA": SILENT,
    "DBABQw~BAAAAABA.YA": NO,
    "DBABIw~BAQAAAABAA.QA": NO,
    "DBABIw~BAEAAAABAA.QA": NO,
    "DBABIw~BAoAAAABAA.QA": SILENT,
    "DBABIw~BAAAAAABAA.YA": NO,
    "DBABEw~BAQAAAQA.QA": NO,
    "DBABEw~BAEAAAQA.QA": NO,
    "DBABEw~BAoAAAQA.QA": SILENT,
    "DBABEw~BAAAAAQA.YA": NO,
    "DBABUw~BAQAAAABAA.QA": NO,
    "DBABUw~BAEAAAABAA.QA": NO,
    "DBABUw~BAoAAAABAA.QA": SILENT,
    "DBABUw~BAAAAAABAA.YA": NO,
    "DBABCw~BAEAAAQA.QA": NO,
    "DBABCw~BABAAAQA.QA": NO,
    "DBABCw~BAKAAAQA.QA": SILENT,
    "DBABCw~BAAAAAQA.YA": NO,
    "DBABSw~BAQAAAQA.QA": NO,
    "DBABSw~BAEAAAQA.QA": NO,
    "DBABSw~BAoAAAQA.QA": SILENT,
    "DBABSw~BAAAAAQA.YA": NO,
    "DBABKw~BAQAAABA.QA": NO,
    "DBABKw~BAEAAABA.QA": NO,
    "DBABKw~BAoAAABA.QA": SILENT,
    "DBABKw~BAAAAABA.YA": NO,
    "DBABAYA~BAQAAAAAQA.QA": NO,
    "DBABAYA~BAEAAAAAQA.QA": NO,
    "DBABAYA~BAoAAAAAQA.QA": SILENT,
    "DBABAYA~BAAAAAAAQA.YA": NO,
    "DBABQYA~BAQAAAQA.QA": NO,
    "DBABQYA~BAEAAAQA.QA": NO,
    "DBABQYA~BAoAAAQA.QA": SILENT,
    "DBABQYA~BAAAAAQA.YA": NO,
    "DBABIYA~BAQAAAQA.QA": NO,
    "DBABIYA~BAEAAAQA.QA": NO,
    "DBABIYA~BAoAAAQA.QA": SILENT,
    "DBABIYA~BAAAAAQA.YA": NO,
    "DBABEYA~BQBA.QA": NO,
    "DBABEYA~BQAQ.QA": NO,
    "DBABEYA~BQCg.QA": SILENT,
    "DBABEYA~BQAA.YA": NO,
    "DBABUYA~BQBA.AAA": NO,
    "DBABUYA~BQAQ.AAA": NO,
    "DBABUYA~BQCg.AAA": SILENT,
    "DBABCYA~BQBA.AAA": NO,
    "DBABCYA~BQAQ.AAA": NO,
    "DBABCYA~BQCg.AAA": SILENT,
    "DBABSYA~BQBA.AAA": NO,
    "DBABSYA~BQAQ.AAA": NO,
    "DBABSYA~BQCg.AAA": SILENT,
    "DBABTA~1-Y-": NO,
    "DBABTA~1-N-": SILENT,
    "DBAChtM~BAgAAABA.QA~BAgAABA~BAgAAEA.QA~BAQAAAQA.QA": NO,
    "DBADTtpg~1-N-~BAgAAABA.QA~BAgAABA~BAgAAEA.QA~BAgAAAQA.QA": SILENT,
    f"DBABMA~{AGREED}": YES,
    f"DBACNMA~{AGREED}~BAgAAABA.QA": YES,
    f"DBACNMA~{AGREED}~BAQAAABA.QA": NO,
    "DBACNMA~CQuSqEAQuSqEAAAAAAENAAFgAAAAAAAAAAAAF5wAQF5gAAAA.IAAA.YAAAAAAAAAAA~BAgAAABA.QA": NO,
}


@pytest.mark.parametrize("text", EXAMPLES)
def test_strings_of_the_iabs_own_encoder_say_what_was_put_into_them(text: str) -> None:
    assert answers(text, GOOGLE) == EXAMPLES[text]


@pytest.mark.parametrize("text", ["1YYN", "1yyn", "1-Y-", "1NYY"])
def test_a_us_privacy_string_by_itself_can_refuse(text: str) -> None:
    assert answers(text, GOOGLE) == NO


@pytest.mark.parametrize("text", ["1YNN", "1---", "2YYN", "1YY", "1YYNN", "", "YYN"])
def test_a_us_privacy_string_never_grants(text: str) -> None:
    assert answers(text, GOOGLE) == SILENT


def test_a_tc_string_by_itself_is_read_as_one() -> None:
    assert answers(f" {AGREED} ", GOOGLE) == tcf.answers(AGREED, GOOGLE) == YES


def test_of_several_strings_any_no_is_a_no() -> None:
    assert answers(f"DBABLA~CAAgAAAAAABA.QA {AGREED}", GOOGLE) == YES
    assert answers(f"{AGREED} 1YYN", GOOGLE) == NO
    assert answers("x y", GOOGLE) == SILENT


@pytest.mark.parametrize(
    "text",
    [
        "DBABLA",  # a header alone
        "DBABLA~",
        "DBABLA~BAQAAABA~BAQAAABA",  # more sections than the header names
        "DCABLA~CAAQAAAAAABA",  # a later version of the framework
        "DBABLA~DAAQAAAAAABA",  # a later version of the section
        "DBABzw~BAQAAABA",  # a section that is not known
        "DBAC" + "~BAQA" * 2,
        "é~BAQAAABA",
        "DBABLA~" + "A" * 20_000,
    ],
)
def test_what_cannot_be_read_says_nothing(text: str) -> None:
    assert answers(text, GOOGLE) == SILENT


@pytest.mark.parametrize("section", ["", "BA", "DAQAAABA.QA", "BAgAAABA."])
def test_beside_a_section_that_cannot_be_read_nothing_is_granted(section: str) -> None:
    """It is California's, and may have been a no before it was cut off."""
    assert answers(f"DBACNMA~{AGREED}~BAgAAABA.QA", GOOGLE) == YES
    assert answers(f"DBACNMA~{AGREED}~{section}", GOOGLE) == SILENT


@settings(max_examples=300, deadline=None)
@given(
    st.text() | st.text("ABCDO012YN-_.~", max_size=60).map(lambda tail: f"DB{tail}"),
    st.sampled_from(sorted(EXAMPLES)),
    st.integers(0, 200),
)
def test_no_text_whatever_and_no_cut_grants_anything(text: str, whole: str, length: int) -> None:
    assert True not in answers(text, GOOGLE).values()
    if EXAMPLES[whole] != YES:
        assert True not in answers(whole[:length], GOOGLE).values()
