"""Destination files: every fault at once, with its line and a way to mend it; never a secret."""

from __future__ import annotations

import pytest

from audiences.consent.policy import Policy
from audiences.destinations import LONGEST_OPTOUT_DAYS, UNSET_GUARD, Guard, Operator, parse
from audiences.lake.layout import LOGS
from infra.local.demo.examples import DESTINATIONS
from shared.errors import ConfigurationError

GOOD = """\
name: meta-main
platform: meta
account: act_1
credentials: env:META
"""


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        parse(text, "destinations/meta-main.yaml")
    return [str(fault) for fault in caught.value.faults]


def test_what_a_short_file_leaves_out_has_a_cautious_value() -> None:
    found = parse(GOOD, "f.yaml")
    assert (found.name, found.platform, found.account) == ("meta-main", "meta", "act_1")
    assert found.consent == Policy(("ad_user_data", "ad_personalization"), "EEA", "outside")
    assert found.guard is UNSET_GUARD
    assert (found.base_url, found.audience_ids, found.options) == (None, {}, {})
    assert found.scheme == "https"


def test_a_full_file_is_read() -> None:
    text = GOOD + (
        'audience_ids: {vips: 2385}\nbase_url: "https://proxy.example.com/x"\n'
        "consent: {require: [ad_user_data], in: everywhere, unknown_country: inside}\n"
        "guard: {max_removed_percent: 0, max_change_percent: 1.5, min_held: 10}\n"
        "options: {requests_at_once: 2}\n"
    )
    found = parse(text, "f.yaml")
    assert found.audience_ids == {"vips": "2385"}
    assert found.consent == Policy(("ad_user_data",), "everywhere", "inside")
    assert found.guard == Guard(0, 1.5, 10)
    assert found.options == {"requests_at_once": "2"}


@pytest.mark.parametrize("name", DESTINATIONS)
def test_the_examples_are_right(name: str) -> None:
    assert parse(DESTINATIONS[name], f"destinations/{name}.yaml").name == name


def test_everything_that_is_missing_is_said_at_once() -> None:
    told = faults("title: x\n")
    assert len(told) == 5
    for word in ("'title'", "'name'", "'platform'", "'account'", "'credentials'"):
        assert any(word in fault for fault in told)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("platfrom: meta", "did you mean 'platform'?"),
        ("consent: {requires: []}", "did you mean 'require'?"),
        ("consent: {require: [marketing]}", "not a list of consents"),
        ("consent: {require: ad_user_data}", "not a list of consents"),
        ("consent: {in: EU}", "no region 'EU'"),
        ("consent: {unknown_country: maybe}", "neither outside nor inside"),
        ("consent: [EEA]", "'consent' must be a mapping"),
        ("guard: {max_removed_percent: -1}", "not a number from 0"),
        ("guard: {max_removed_percent: true}", "not a number from 0"),
        ("guard: {max_removed: 5}", "did you mean 'max_removed_percent'?"),
        ("audience_ids: [1]", "'audience_ids' must be a mapping"),
        ("options: x", "'options' must be a mapping"),
        ("base_url: http://ads.example.com", "base_url is not safe"),
        ("base_url: http://127.0.0.1.evil.example", "base_url is not safe"),
        ("base_url: http://localhost@evil.example", "base_url is not safe"),
        ("base_url: ftp://127.0.0.1", "base_url is not safe"),
    ],
)
def test_a_fault_is_said_with_its_place(line: str, said: str) -> None:
    told = faults(GOOD + line + "\n")
    assert said in told[0]
    assert all(fault.startswith("destinations/meta-main.yaml:5") for fault in told)


TTD = GOOD.replace("platform: meta", "platform: the_trade_desk")
OPERATOR = "credentials: env:UID2"


def test_an_id_is_asked_about_no_later_than_is_remembered_that_it_was() -> None:
    assert LOGS["uid2_asked"].keep_days == LONGEST_OPTOUT_DAYS


def test_an_operator_is_read_with_its_identity() -> None:
    found = parse(f"{TTD}uid2: {{{OPERATOR}}}\n", "f.yaml").uid2
    assert found == Operator(identity="uid2", credentials="env:UID2", base_url=None, optout_days=1)
    found = parse(f"{TTD}uid2: {{{OPERATOR}, optout_days: 0}}\n", "f.yaml").uid2
    assert found is not None
    assert found.optout_days == 0
    text = f"{TTD}uid2: {{{OPERATOR}, identity: euid, base_url: 'https://integ.euid.eu'}}\n"
    found = parse(text, "f.yaml").uid2
    assert (found.identity, found.base_url) == ("euid", "https://integ.euid.eu")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("uid2: yes", "'uid2' must be a mapping"),
        ("uid2: {}", "'uid2.credentials' is missing"),
        ("uid2: {identity: uid2}", "'uid2.credentials' is missing"),
        (f"uid2: {{{OPERATOR}, identity: uid3}}", "there is no identity 'uid3'"),
        (f"uid2: {{{OPERATOR}, secret: x}}", "'secret' is not known here"),
        (f"uid2: {{{OPERATOR}, optout_days: 8}}", "no number of days (write a number from 1 to 7"),
        (f"uid2: {{{OPERATOR}, optout_days: -1}}", "no number of days"),
        (f"uid2: {{{OPERATOR}, optout_days: true}}", "no number of days"),
        (f"uid2: {{{OPERATOR}, optout_days: daily}}", "no number of days"),
        (f"uid2: {{{OPERATOR}, base_url: 'http://op.example.com'}}", "base_url is not safe"),
        (f"uid2: {{{OPERATOR}, base_url: 'https://k@op.example.com'}}", "more than an address"),
        ("uid2: {credentials: sandbox}", "opens only the sandbox"),
        ("uid2: {credentials: the-key-itself}", "this is no reference"),
    ],
)
def test_a_fault_of_an_operator_is_said_with_its_place(line: str, said: str) -> None:
    told = faults(f"{TTD}{line}\n")
    assert said in told[0]
    assert told[0].startswith("destinations/meta-main.yaml:5")
    assert "the-key-itself" not in told[0]


def test_a_platform_that_takes_no_raw_ids_takes_no_operator() -> None:
    (fault,) = faults(f"{GOOD}uid2: {{{OPERATOR}}}\n")
    assert "meta takes no uid2 (leave uid2: out)" in fault


def test_a_platform_that_is_not_there_is_said_with_the_nearest() -> None:
    (fault,) = faults(GOOD.replace("platform: meta", "platform: metta"))
    assert "did you mean 'meta'?" in fault


@pytest.mark.parametrize("secret", ["EAAB-token-itself", "hunter2", "Bearer x"])
def test_a_secret_in_the_file_is_refused_and_not_repeated(secret: str) -> None:
    (fault,) = faults(GOOD.replace("env:META", secret))
    assert "this is no reference" in fault
    assert secret not in fault


def test_the_sandbox_s_credentials_open_only_the_sandbox() -> None:
    local = "base_url: http://127.0.0.1:8900/meta\n"
    assert parse(GOOD.replace("env:META", "sandbox") + local, "f.yaml").credentials == "sandbox"
    (fault,) = faults(GOOD.replace("env:META", "sandbox"))
    assert "opens only the sandbox" in fault


@pytest.mark.parametrize("text", ["", "[]", "x", "1", "name: [", "name: a\nname: b\n"])
def test_what_is_no_destination_is_said_to_be_none(text: str) -> None:
    assert faults(text)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("{login_account: 1}", "Meta Custom Audiences has no option 'login_account'"),
        ("{requests_at_once: many}", "'requests_at_once' is not a number above 0"),
        ("{rows_per_request: 0}", "'rows_per_request' is not a number above 0"),
        ("{customer_file_source: MINE}", "'customer_file_source' cannot be 'MINE'"),
    ],
)
def test_options_are_those_that_the_platform_declares(options: str, told: str) -> None:
    (fault,) = faults(f"{GOOD}options: {options}\n")
    assert told in fault
    assert fault.startswith("destinations/meta-main.yaml:5")
