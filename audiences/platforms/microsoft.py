"""Microsoft Advertising customer lists: hashed addresses, refused singly, in calls or in files."""

from __future__ import annotations

from audiences.platforms import _microsoft_account as account
from audiences.platforms import _microsoft_answers as judge
from audiences.platforms import _microsoft_bulk as bulk
from audiences.platforms.base import Batch, Key, Limits, Op, Platform, Request
from audiences.platforms.bodies import rows_at

_ACTIONS = {Op.ADD: "Add", Op.REMOVE: "Remove"}


def _request(batch: Batch) -> Request:
    data = {
        "ActionType": _ACTIONS[batch.op],
        "AudienceId": batch.target.audience_id,
        "CustomerListItemSubType": "Email",
        "CustomerListItems": [value for row in batch.rows for _, value in row.keys],
        # Wanted in every call: it takes the place of the click in the web interface.
        "AcceptCustomerMatchTerm": True,
    }
    path = "/CustomerListUserData/Apply"
    return account.post(batch.target, path, {"CustomerListUserData": data})


MICROSOFT = Platform(
    slug="microsoft",
    title="Microsoft Advertising Customer Match",
    base_url="https://campaign.api.bingads.microsoft.com/CampaignManagement/v13",
    version="v13",
    docs="https://learn.microsoft.com/advertising/campaign-management-service/applycustomerlistuserdata",
    keys=(Key(wire="Email", types=("email", "email_sha256")),),
    of=frozenset({"people"}),
    limits=Limits(rows=1_000, keys_per_row=1, one_per_wire=False, concurrency=4, per_second=5.0),
    row_ttl=False,
    max_ttl_days=None,
    forgets=account.LIFETIME,
    minimum=300,
    variant=bulk.bulked,
    request=_request,
    outcome=judge.outcome,
    divide=rows_at("CustomerListUserData", "CustomerListItems"),
    authorise=account.authorise,
    refresh=account.OAUTH.refresh,
    refreshed=account.OAUTH.refreshed,
    probe=lambda target: account.query(target, None),
    told=judge.told,
    find=lambda target: account.query(target, None),
    found=account.found,
    create=account.create,
    created=account.created,
    size=lambda target: account.query(target, [target.audience_id]),
    sized=account.sized,
    account="customer id and account id, as `123/456`",
    credentials=(
        "JSON with `developer_token`, and either `access_token` or `client_id`, `client_secret`, "
        "`refresh_token`"
    ),
    lifetime="as `membership_duration` says, from the last add",
    answers=judge.ANSWERS,
    settings=(account.LIFETIME, account.SCOPE, bulk.FLOW, bulk.UPLOAD_HOST),
    notes=(
        "Every call says that Microsoft's customer match terms are accepted: read them first.",
        "Each renewal gives a new refresh token: store the credentials where they can be written.",
        (
            "Mode `replace` wants `flow: bulk`: a replacing call holds at most 1,000 addresses, "
            "and the next one would throw out those of the first."
        ),
        (
            "`bulk`: a replacement is one file, as what adds and what clears are worked on side by "
            "side; a list that does not fit into one is kept in step by mode mirror."
        ),
        (
            "`bulk`: a file is worked on for a minute for each 10,000 rows, by Microsoft's guide; "
            "a run that waits is gone on with by the next sync."
        ),
        "Sizes come a day or two after the first members.",
        "A list that was made elsewhere keeps its own duration: set `membership_duration` to it.",
    ),
    unverified=(
        "`bulk`: whether 100 MB is meant of a file as it is or compressed: ours go as they are.",
        "Calls a minute, which Microsoft keeps to itself: 5 a second, and slower when it says so.",
        "Phone numbers and mobile ids, which the API names and the documents call not supported.",
        "Whether somebody who shows no activity for 180 days leaves a list before its duration.",
    ),
)
