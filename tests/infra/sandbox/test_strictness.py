"""The stand-ins refuse what the platforms' documents refuse, in the platforms' own words."""

from __future__ import annotations

import hashlib

import pytest
import requests

from infra.sandbox.server import Running

WAIT = 10.0
HASH = hashlib.sha256(b"x").hexdigest()
MAID = "ea7583cd-a667-48bc-b806-000000000001"
BEARER = {"authorization": "Bearer sandbox"}


@pytest.fixture
def url(server: Running) -> str:
    requests.post(f"{server.url}/_sandbox/reset", timeout=WAIT).raise_for_status()
    for slug, number in (("meta", "2385"), ("google", "7090")):
        made = {"platform": slug, "id": number, "name": "vips", "account": "42"}
        requests.post(f"{server.url}/_sandbox/audiences", json=made, timeout=WAIT)
    return server.url


def kept(url: str, slug: str) -> int:
    state = requests.get(f"{url}/_sandbox/state", timeout=WAIT).json()
    return sum(audience["count"] for audience in state[slug].values())


def graph(url: str, method: str, path: str, **more) -> dict:
    came = requests.request(
        method, f"{url}/meta{path}", **{"headers": BEARER, **more}, timeout=WAIT
    )
    return came.json() | {"http": came.status_code}


def users(schema: object = ("EMAIL",), data: object = ((HASH,),), **more: object) -> dict:
    return {"payload": {"schema": schema, "data": data, **more}}


@pytest.mark.parametrize("path", ["/2385/users", "/v26.0/2385/users"])
@pytest.mark.parametrize("removal", ["DELETE", "?method=delete"])
def test_meta_takes_both_ways_to_remove(url: str, path: str, removal: str) -> None:
    assert graph(url, "POST", path, json=users())["num_received"] == 1
    assert kept(url, "meta") == 1
    if removal == "DELETE":
        graph(url, "DELETE", path, json=users())
    else:
        graph(url, "POST", path + removal, json=users())
    assert kept(url, "meta") == 0


META_WRONG = [
    ("GET", "/2385/users", {}, (100, 33)),
    ("POST", "/999/users", users(), (100, 33)),
    ("POST", "/v19.0/2385/users", users(), (2635, None)),
    ("POST", "/nonsense", users(), (2500, None)),
    ("POST", "/2385/users", {"rows": []}, (100, None)),
    ("POST", "/2385/users", users(schema=["NAME"]), (100, None)),
    ("POST", "/2385/users", users(schema=["EMAIL", "EMAIL"], data=[[HASH, HASH]]), (100, None)),
    ("POST", "/2385/users", users(data=[[HASH, ""]]), (100, None)),
    ("POST", "/2385/users", users(data=[]), (100, None)),
    ("POST", "/2385/users", users(schema="EMAIL_SHA256", data=[HASH], is_raw=True), (100, None)),
    ("POST", "/2385/users", users(colour="red"), (100, None)),
    ("POST", "/act_42/customaudiences", {"name": "n", "subtype": "WEBSITE"}, (100, None)),
    ("POST", "/act_42/customaudiences", {"name": "n", "subtype": "CUSTOM"}, (100, 1870053)),
]


@pytest.mark.parametrize(("method", "path", "body", "code"), META_WRONG)
def test_meta_refuses_in_its_own_words(url: str, method, path, body, code) -> None:
    error = graph(url, method, path, json=body)["error"]
    assert (error["code"], error.get("error_subcode")) == code
    assert kept(url, "meta") == 0


def test_meta_refuses_other_tokens_and_other_bodies(url: str) -> None:
    wrong = graph(url, "POST", "/2385/users", json=users(), headers={"authorization": "Bearer x"})
    assert (wrong["http"], wrong["error"]["code"]) == (400, 190)
    text = {**BEARER, "content-type": "text/plain"}
    assert graph(url, "POST", "/2385/users", data=b"{}", headers=text)["error"]["code"] == 100


def test_meta_counts_malformed_rows_and_keeps_the_others(url: str) -> None:
    data = [[HASH], ["ann@example.com"], [HASH.upper()], [7], [""], [HASH + "," + HASH]]
    came = graph(url, "POST", "/2385/users", json=users(data=data))
    assert (came["num_received"], came["num_invalid_entries"]) == (6, 5)
    assert kept(url, "meta") == 1


def test_meta_keeps_an_audience_to_its_first_schema(url: str) -> None:
    graph(url, "POST", "/2385/users", json=users(schema="EMAIL_SHA256", data=[HASH]))
    assert graph(url, "POST", "/2385/users", json=users())["error"]["code"] == 2650
    graph(url, "DELETE", "/2385/users", json=users())
    assert kept(url, "meta") == 0


def test_meta_reads_forms_too(url: str) -> None:
    form = {"payload": f'{{"schema":["EMAIL"],"data":[["{HASH}"]]}}', "access_token": "sandbox"}
    assert graph(url, "POST", "/2385/users", data=form)["num_received"] == 1


def ingest(**more: object) -> dict:
    member = {"userData": {"userIdentifiers": [{"emailAddress": HASH}]}}
    account = {"accountType": "GOOGLE_ADS", "accountId": "42"}
    return {
        "destinations": [{"operatingAccount": account, "productDestinationId": "7090"}],
        "audienceMembers": [member],
        "encoding": "HEX",
        "termsOfService": {"customerMatchTermsOfServiceStatus": "ACCEPTED"},
        **more,
    }


def members(*identifiers: object, **more: object) -> dict:
    return ingest(audienceMembers=[{"userData": {"userIdentifiers": list(identifiers)}, **more}])


def manager(url: str, path: str, body: object, method: str = "POST", **more) -> tuple[int, str]:
    came = requests.request(
        method, f"{url}/google{path}", json=body, **{"headers": BEARER, **more}, timeout=WAIT
    )
    error = came.json().get("error", {})
    violations = [v for d in error.get("details", []) for v in d.get("fieldViolations", [])]
    reasons = [v["reason"] for v in violations] or [
        d.get("reason") for d in error.get("details", [])
    ]
    return came.status_code, next(iter(reasons), "")


OTHER = {"accountType": "GOOGLE_ADS", "accountId": "43"}
DASHED = {"accountType": "GOOGLE_ADS", "accountId": "4-2"}
GOOGLE_WRONG = [
    (ingest(extra=1), "INVALID_ARGUMENT"),
    (ingest(audienceMembers=[]), "REQUIRED_FIELD_MISSING"),
    (ingest(encoding="RAW"), "INVALID_ENUM_VALUE"),
    (ingest(termsOfService=None), "TERMS_AND_CONDITIONS_NOT_SIGNED"),
    (ingest(destinations=[]), "TOO_MANY_DESTINATIONS"),
    (ingest(destinations=[{"productDestinationId": "7090"}]), "INVALID_DESTINATION"),
    (ingest(destinations=[{"operatingAccount": DASHED}]), "INVALID_DESTINATION"),
    (
        ingest(destinations=[{"operatingAccount": OTHER, "productDestinationId": "7090"}]),
        "INVALID_USER_LIST_ID",
    ),
    (members({"emailAddress": "ann@example.com"}), "INVALID_HEX_ENCODING"),
    (members({"emailAddress": HASH[1:]}), "INVALID_SHA256_FORMAT"),
    (members({"emailAddress": ""}), "INVALID_SHA256_FORMAT"),
    (members({"emailAddress": 7}), "INVALID_SHA256_FORMAT"),
    (members({"hashedEmail": HASH}), "INVALID_AUDIENCE_MEMBER"),
    (members(*[{"emailAddress": HASH}] * 11), "TOO_MANY_USER_IDENTIFIERS"),
    (members({"emailAddress": HASH}, consent={"adUserData": "YES"}), "INVALID_ENUM_VALUE"),
    (members({"emailAddress": HASH}, consent="YES"), "INVALID_ARGUMENT"),
    (ingest(audienceMembers=["x"]), "INVALID_AUDIENCE_MEMBER"),
    (ingest(audienceMembers=[{"mobileData": {}}]), "INVALID_ARGUMENT"),
]


@pytest.mark.parametrize(("body", "reason"), GOOGLE_WRONG)
def test_google_refuses_in_its_own_words(url: str, body: dict, reason: str) -> None:
    assert manager(url, "/v1/audienceMembers:ingest", body) == (400, reason)
    assert kept(url, "google") == 0


def test_google_knows_its_methods_tokens_and_requests(url: str) -> None:
    assert manager(url, "/audienceMembers:ingest", ingest())[0] == 200
    assert manager(url, "/audienceMembers:ingest", ingest(), method="PUT")[0] == 404
    assert manager(url, "/audienceMembers:remove", ingest())[0] == 400  # removals accept no terms
    assert manager(url, "/audienceMembers:ingest", ingest(), headers={})[0] == 401
    assert manager(url, "/requestStatus:retrieve?requestId=x", None, method="GET")[0] == 404


def test_google_counts_members_without_consent(url: str) -> None:
    yes, no = ({"adUserData": f"CONSENT_{word}"} for word in ("GRANTED", "DENIED"))
    people = [
        {
            "userData": {"userIdentifiers": [{"emailAddress": hashlib.sha256(n).hexdigest()}]},
            "consent": c,
        }
        for n, c in ((b"1", yes), (b"2", no), (b"3", yes))
    ]
    at = f"{url}/google/audienceMembers:ingest"
    came = requests.post(at, json=ingest(audienceMembers=people), headers=BEARER, timeout=WAIT)
    ask = f"{url}/google/requestStatus:retrieve?requestId={came.json()['requestId']}"
    told = [requests.get(ask, headers=BEARER, timeout=WAIT).json() for _ in range(2)]
    first, last = (one["requestStatusPerDestination"][0] for one in told)
    assert (first["requestStatus"], last["requestStatus"]) == ("PROCESSING", "PARTIAL_SUCCESS")
    denied = {"reason": "PROCESSING_ERROR_REASON_DENIED_CONSENT", "recordCount": "1"}
    assert last["errorInfo"]["errorCounts"] == [denied]
    assert kept(url, "google") == 2


LIST = {"displayName": "n", "ingestedUserListInfo": {"uploadKeyTypes": ["CONTACT_ID"]}}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"displayName": "vips"}, "DISPLAY_NAME_ALREADY_USED"),
        ({"displayName": ""}, "REQUIRED_FIELD_MISSING"),
        ({"membershipDuration": "86401s"}, "INVALID_FORMAT"),
        ({"membershipDuration": f"{541 * 86400}s"}, "MEMBERSHIP_DURATION_TOO_LONG"),
        ({"ingestedUserListInfo": {"uploadKeyTypes": ["MOBILE_ID"]}}, "INVALID_USER_LIST_TYPE"),
        ({"colour": "red"}, "INVALID_ARGUMENT"),
    ],
)
def test_google_refuses_lists_that_it_could_not_keep(url: str, change: dict, reason: str) -> None:
    path = "/accountTypes/GOOGLE_ADS/accounts/42/userLists"
    assert manager(url, path, LIST | change) == (400, reason)
    assert manager(url, path, LIST, headers={**BEARER, "login-account": "1"})[0] == 400
    assert manager(url, path, LIST)[0] == 200


def test_googles_minted_tokens_end_after_an_hour(url: str) -> None:
    form = dict.fromkeys(("client_id", "client_secret", "refresh_token"), "sandbox")
    form["grant_type"] = "refresh_token"
    door = f"{url}/_sandbox/clock"
    requests.post(door, json={"now": "2026-11-21T00:00:00Z"}, timeout=WAIT)
    minted = requests.post(f"{url}/google/token", data=form, timeout=WAIT).json()["access_token"]
    bearer = {"authorization": f"Bearer {minted}"}
    assert manager(url, "/audienceMembers:ingest", ingest(), headers=bearer)[0] == 200
    requests.post(door, json={"now": "2026-11-21T01:00:01Z"}, timeout=WAIT)
    assert manager(url, "/audienceMembers:ingest", ingest(), headers=bearer)[0] == 401
    form["refresh_token"] = "revoked"
    assert requests.post(f"{url}/google/token", data=form, timeout=WAIT).status_code == 400


def item(**change: object) -> dict:
    whole = {"DAID": MAID, "Data": [{"Name": "vips", "TtlInMinutes": 60}], **change}
    return {name: value for name, value in whole.items() if value != "-"}


TTD_LINES = [
    (item(DAID="-"), "MissingUserId"),
    (item(UID2="x"), "InvalidParameterFormat"),
    (item(DAID=HASH), "InvalidParameterFormat"),
    (item(DAID="-", TDID="ann@example.com"), "InvalidParameterFormat"),
    (item(DAID="-", TDID="+84 901 234 567"), "InvalidParameterFormat"),
    (item(DAID="-", TDID=HASH), "InvalidParameterFormat"),
    (item(Data=[{"Name": "vips", "TTLInMinutes": 5}]), "ItemDeserializationError"),
    (item(Data=[{"Name": "vips", "TtlInMinutes": 259_201}]), "InvalidTtlInMinutes"),
    (item(Data=[{"Name": "vips", "TtlInMinutes": "5"}]), "InvalidTtlInMinutes"),
    (item(Data=[{"Name": "n" * 257}]), "DataNameTooLong"),
    (item(Data="vips"), "ItemDeserializationError"),
    ("x", "ItemDeserializationError"),
]


def desk(url: str, items: object, method: str = "POST", path: str = "/data/advertiser", **more):
    headers = {"ttd-auth": "sandbox", **more.pop("headers", {})}
    body = {"AdvertiserId": "abc", "Items": items, **more}
    address = f"{url}/the_trade_desk{path}"
    return requests.request(method, address, json=body, headers=headers, timeout=WAIT)


@pytest.mark.parametrize(("wrong", "code"), TTD_LINES)
def test_the_trade_desk_names_the_lines_that_fail(url: str, wrong: object, code: str) -> None:
    came = desk(url, [item(), wrong])
    failed = came.json()["FailedLines"]
    assert came.status_code == 200
    assert [(line["ItemNumber"], line["ErrorCode"]) for line in failed] == [("2", code)]
    assert desk(url, [wrong]).status_code == 400
    assert kept(url, "the_trade_desk") == 1


def test_the_trade_desk_refuses_whole_requests(url: str) -> None:
    assert desk(url, [item()], headers={"ttd-auth": "x"}).status_code == 401
    assert desk(url, [item()], path="/data/nothing").status_code == 404
    assert desk(url, [item()], method="PUT").status_code == 405
    assert desk(url, [item()], headers={"content-type": "text/plain"}).status_code == 415
    assert desk(url, []).status_code == 400
    assert desk(url, [item()], Colour="red").status_code == 400
    assert desk(url, [item()], DataProviderId=None).status_code == 400
    assert desk(url, [item()], AdvertiserId="a/b").status_code == 400
    assert desk(url, [item()] * 1601).status_code == 413
    assert kept(url, "the_trade_desk") == 0


def test_two_advertisers_may_use_one_name(url: str) -> None:
    desk(url, [item()])
    desk(url, [item()], AdvertiserId="other")
    state = requests.get(f"{url}/_sandbox/state", timeout=WAIT).json()["the_trade_desk"]
    assert {name: found["count"] for name, found in state.items()} == {"vips": 1, "other/vips": 1}


def test_googles_removal_of_all_spares_who_came_since_though_they_share_an_identifier(
    url: str,
) -> None:
    """A person whose address has changed is there under the new one, with the same number."""

    phone = {"phoneNumber": "c" * 64}
    for now, email in (("2026-07-01", HASH), ("2026-07-02", "b" * 64)):
        requests.post(f"{url}/_sandbox/clock", json={"now": f"{now}T00:00:00Z"}, timeout=WAIT)
        body = members({"emailAddress": email}, phone)
        assert manager(url, "/audienceMembers:ingest", body)[0] == 200
    where = {"destinations": ingest()["destinations"], "removeAsOfTime": "2026-07-02T00:00:00Z"}
    assert manager(url, "/audienceMembers:removeAll", where)[0] == 200
    (shown,) = requests.get(f"{url}/_sandbox/state", timeout=WAIT).json()["google"].values()
    assert shown["count"] == 1
