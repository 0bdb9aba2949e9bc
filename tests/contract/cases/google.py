"""Google: members with lists of digests, refused whole at once or judged later in counts."""

from __future__ import annotations

from audiences.platforms.base import Action, Consent, Op, Row
from audiences.platforms.bodies import PART
from tests.contract.cases.case import RAW, Case, Error, Golden, digest, sha

DIGEST = sha("x")


def rpc(action: Action, reason: str, *fields: str, status: int = 400) -> Error:
    violations = [{"field": f, "reason": reason} for f in fields]
    details = [{"reason": reason}, {"fieldViolations": violations}]
    return Error(status=status, body={"error": {"details": details}}, action=action)


def status(action: Action, word: str, *counts: tuple[str, object]) -> Error:
    found = [{"reason": f"PROCESSING_ERROR_REASON_{r}", "recordCount": n} for r, n in counts]
    done = {"requestStatus": word, "errorInfo": {"errorCounts": found}}
    return Error(status=200, body={"requestStatusPerDestination": [done]}, action=action)


def body(members: str, more: str = "") -> str:
    return (
        '{"destinations":[{"operatingAccount":{"accountType":"GOOGLE_ADS","accountId":"act_42"},'
        '"loginAccount":{"accountType":"GOOGLE_ADS","accountId":"9998887777"},'
        '"productDestinationId":"{audience_id}"}],"audienceMembers":['
        + members
        + '],"encoding":"HEX"'
        + more
        + "}"
    )


def address(n: int) -> tuple[str, str, str, str]:
    return sha(f"given {n}"), sha(f"family {n}"), "GB", f"SW1A {n}AA"


ADDED = Golden(
    row=Row(
        (
            ("emailAddress", DIGEST),
            ("emailAddress", DIGEST),
            ("address", PART.join(address(1))),
        ),
        Consent(True, None),
    ),
    path="/audienceMembers:ingest",
    body=body(
        '{"compositeData":{"userData":{"userIdentifiers":'
        f'[{{"emailAddress":"{DIGEST}"}},{{"emailAddress":"{DIGEST}"}},'
        f'{{"address":{{"givenName":"{sha("given 1")}","familyName":"{sha("family 1")}",'
        '"regionCode":"GB","postalCode":"SW1A 1AA"}}]}},'
        '"consent":{"adUserData":"CONSENT_GRANTED"}}',
        ',"termsOfService":{"customerMatchTermsOfServiceStatus":"ACCEPTED"}',
    ),
)


CASE = Case(
    account="111-222-3333",
    values={
        "emailAddress": digest("email"),
        "phoneNumber": digest("phone"),
        "address": lambda n: PART.join(address(n)),
    },
    raw={
        "address": [
            PART.join(parts)
            for parts in (
                *[(raw, sha("l"), "GB", "SW1A 1AA") for raw in RAW],
                (sha("f"), "lovelace", "GB", "SW1A 1AA"),
                (sha("f"), sha("l"), sha("gb"), "SW1A 1AA"),
                (sha("f"), sha("l"), "gb", "SW1A 1AA"),
                (sha("f"), sha("l"), "GB", sha("SW1A 1AA")),
                (sha("f"), sha("l"), "GB", ""),
            )
        ]
    },
    options={"login_account": "999-888-7777"},
    tokens_at="/token",
    bad_row="whole",
    yes='{"requestId": "r-1"}',
    errors=[
        Error(status=200, body={"requestId": "r-1"}, action=Action.PENDING),
        Error(status=200, body={}, action=Action.RETRY),
        *(Error(status=s, body={}, action=Action.RETRY) for s in (409, 429, 500, 503, 504)),
        rpc(Action.REAUTH, "ACCESS_TOKEN_EXPIRED", status=401),
        rpc(Action.STOP, "NOT_ALLOWLISTED", status=403),
        Error(status=404, body={}, action=Action.STOP),
        rpc(Action.STOP, "TERMS_AND_CONDITIONS_NOT_SIGNED"),
        rpc(Action.STOP, "DESTINATION_ACCOUNT_TYPE_MISMATCH"),
        rpc(Action.STOP, "EU_POLITICAL_ADVERTISING_DECLARATION_REQUIRED"),
        rpc(Action.STOP, "INVALID_USER_LIST_TYPE", "audience_members[0]"),
        rpc(Action.SPLIT, "INVALID_HEX_ENCODING", "audience_members[1]"),
        rpc(Action.SPLIT, "INVALID_HEX_ENCODING"),
        rpc(Action.SPLIT, "TOO_MANY_AUDIENCE_MEMBERS"),
        rpc(Action.REFUSED, "TOO_MANY_DESTINATIONS"),
        Error(status=413, body="", action=Action.SPLIT),
    ],
    statuses=[
        status(Action.DONE, "SUCCESS"),
        status(Action.PENDING, "PROCESSING"),
        status(Action.DONE, "PARTIAL_SUCCESS", ("DENIED_CONSENT", "2")),
        status(Action.RETRY, "PARTIAL_SUCCESS", ("INTERNAL_ERROR", "2")),
        status(Action.REFUSED, "FAILED", ("INVALID_FORMAT", "10")),
        status(Action.RETRY, "FAILED", ("INTERNAL_ERROR", "10")),
        status(Action.PENDING, "NEW_WORD"),
        *(Error(status=s, body="", action=Action.PENDING) for s in (0, 503)),
        *(Error(status=s, body="", action=Action.RETRY) for s in (400, 404)),
        Error(status=401, body="", action=Action.REAUTH),
        Error(status=403, body="", action=Action.STOP),
    ],
    golden={
        Op.ADD: ADDED,
        Op.REPLACE: ADDED,
        Op.REMOVE: Golden(
            row=Row((("phoneNumber", DIGEST),), Consent(True, False)),
            path="/audienceMembers:remove",
            body=body(
                '{"compositeData":{"userData":{"userIdentifiers":'
                f'[{{"phoneNumber":"{DIGEST}"}}]}}}}}}'
            ),
        ),
    },
)
