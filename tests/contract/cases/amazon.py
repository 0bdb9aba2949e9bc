"""Amazon: records with a name of ours, a job an upload, and by name what it did not take."""

from __future__ import annotations

from audiences.platforms.base import Action, Consent, Op, Row
from tests.contract.cases.case import Case, Error, Golden, digest, sha

DIGEST, OTHER, NAME, CODE = sha("x"), sha("y"), sha("l"), sha("z")
ALONG = f'"lastname":"{NAME}","postal":"{CODE}"'


def job(action: Action, state: str, *invalid: str) -> Error:
    found = [{"audienceId": "1", "externalId": f"x{n}", "error": e} for n, e in enumerate(invalid)]
    return Error(status=200, body={"jobState": state, "invalidRecords": found}, action=action)


def record(name: str, action: str, pii: str, more: str = "") -> str:
    return (
        '{"audienceId":{audience_id},"records":[{"externalUserId":"'
        + sha(name)
        + f'","countryCode":"DE","action":"{action}","hashedPII":[{pii}]{more}}}],'
        '"targetResource":{"connectionId":"act_42","targetTypes":["DSP"]}}'
    )


CASE = Case(
    account="580000000000000042",
    values={"email": digest("email"), "phone": digest("phone")},
    along={
        wire: digest(wire)
        for wire in ("firstname", "lastname", "address", "city", "state", "postal")
    },
    credentials='{"client_id":"amzn1.application-oa2-client.1","access_token":"sandbox"}',
    tokens_at="/auth/o2/token",
    name="vips audience",
    options={"country": "de", "region": "eu"},
    yes='{"jobRequestId":"1155d3e3-b18c-4b2b-a3b2-26173cdaf770"}',
    errors=[
        Error(status=202, body={"jobRequestId": "1155d3e3"}, action=Action.PENDING),
        Error(status=202, body={"jobRequestId": "not one"}, action=Action.RETRY),
        Error(status=202, body="", action=Action.RETRY),
        Error(status=400, body={"message": "m"}, action=Action.SPLIT),
        Error(status=401, body={"message": "Unauthorized"}, action=Action.REAUTH),
        *(Error(status=s, body={"message": "m"}, action=Action.STOP) for s in (403, 404, 415)),
        Error(status=413, body="", action=Action.SPLIT),
        *(Error(status=s, body="", action=Action.RETRY) for s in (429, 500, 502, 504)),
    ],
    statuses=[
        job(Action.DONE, "SUCCEEDED"),
        job(Action.DONE, "COMPLETED"),
        job(Action.PENDING, "PENDING"),
        job(Action.PENDING, "NEW_WORD"),
        job(Action.DONE, "PARTIALLYSUCCEEDED", "INVALID_HASH: no digest"),
        job(Action.RETRY, "PARTIALLYSUCCEEDED"),
        job(Action.RETRY, "FAILED"),
        job(Action.RETRY, "FAILED", "CONSENT_DENIED"),
        job(Action.REFUSED, "FAILED", *["CONSENT_DENIED"] * 10),
        *(Error(status=s, body="", action=Action.PENDING) for s in (0, 429, 503)),
        *(Error(status=s, body="", action=Action.RETRY) for s in (400, 404)),
        Error(status=401, body="", action=Action.REAUTH),
        Error(status=403, body="", action=Action.STOP),
    ],
    golden={
        Op.ADD: Golden(
            row=Row(
                (("email", DIGEST), ("email", OTHER), ("phone", DIGEST)),
                Consent(True, None),
                attributes=(("lastname", NAME), ("postal", CODE)),
            ),
            path="/amc/audiences/records",
            body=record(
                f"email={DIGEST}|email={OTHER}|phone={DIGEST}",
                "CREATE",
                f'{{"email":"{DIGEST}","phone":"{DIGEST}",{ALONG}}},{{"email":"{OTHER}",{ALONG}}}',
                ',"userConsent":{"geo":{"countryCode":"DE"},'
                '"consent":{"amzn":{"amznUserData":"GRANTED"}}}',
            ),
        ),
        Op.REMOVE: Golden(
            row=Row((("phone", DIGEST),), Consent(False, False)),
            path="/amc/audiences/records",
            body=record(f"phone={DIGEST}", "DELETE", f'{{"phone":"{DIGEST}"}}'),
        ),
    },
)
