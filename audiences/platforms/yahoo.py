"""Yahoo DataX: identifiers in columns, each with the end of its membership, counted when wrong."""

from __future__ import annotations

from audiences.platforms import _yahoo_answers as judge
from audiences.platforms import _yahoo_taxonomy as taxonomy
from audiences.platforms import answers as say
from audiences.platforms import oauth
from audiences.platforms._yahoo_token import SCOPE, refresh
from audiences.platforms.base import Batch, Key, Limits, Op, Platform, Request, Row
from audiences.platforms.bodies import rows_at

MAX_TTL_DAYS = 90  # ours, and what Yahoo's own connector writes; without an end it is 45
KEYS = (
    Key(wire="SHA256EMAIL", types=("email", "email_sha256")),
    Key(wire="IDFA", types=("idfa",)),
    Key(wire="GPADVID", types=("gaid", "maid")),
    Key(wire="HASHEDID", types=("phone",)),
)
_COLUMNS = [key.wire for key in KEYS]


def _request(batch: Batch) -> Request:
    body = {
        "schema": [*_COLUMNS, "SEGMENTS"],
        "gdpr": False,  # a consent string of each person would be wanted with it
        "data": [_row(batch, row) for row in batch.rows],
    }
    return Request(method="POST", path="/online/audience/", body=say.compact(body))


def _row(batch: Batch, row: Row) -> list[str]:
    keys, ends = dict(row.keys), batch.ends(row)
    removing = batch.op is Op.REMOVE
    # Yahoo goes by `ts`: what is taken out and put in again in one run must be in at last.
    moment = int(batch.at.timestamp()) + (0 if removing else 1)
    end = 0 if removing or ends is None else int(ends.timestamp())
    segment = f"exp={end}&seg_id={batch.target.audience_id}&ts={moment}"
    return [*(keys.get(column, "") for column in _COLUMNS), segment]


YAHOO = Platform(
    slug="yahoo",
    title="Yahoo DataX",
    base_url="https://dataxonline.yahoo.com",
    version="v1",
    docs="https://help.yahooinc.com/datax/docs/user-and-audience-data",
    keys=KEYS,
    of=frozenset({"people", "devices"}),
    limits=Limits(rows=1_000, keys_per_row=1, one_per_wire=True, concurrency=4, per_second=5.0),
    row_ttl=True,
    max_ttl_days=MAX_TTL_DAYS,
    hosts={taxonomy.HOST: "https://datax.yahooapis.com"},
    request=_request,
    outcome=judge.outcome,
    divide=rows_at("data"),
    authorise=oauth.bearer,
    refresh=refresh,
    refreshed=lambda access, answer: oauth.renewed("Yahoo", access, answer),
    probe=taxonomy.find,
    told=judge.told,
    find=taxonomy.find,
    found=taxonomy.found,
    create=taxonomy.create,
    created=taxonomy.created,
    account="MDM id of the advertiser",
    credentials="access token, or JSON with `client_id` and `client_secret`",
    lifetime="of each identifier: at most 90 days (ours); removal is an end of 0",
    consent="none: `gdpr` is false, and `gdpr_mode` of the segment says whose it is",
    answers=judge.ANSWERS,
    settings=(taxonomy.PARENT, taxonomy.GDPR_MODE, SCOPE),
    notes=(
        "Every request has the same four columns, with one identifier in each row.",
        (
            "A new segment is there when Yahoo has worked it in, which takes up to 45 minutes: the "
            "first run ends with that message, and the next goes on."
        ),
        "A segment's id is made from the account and the audience's name.",
        "Rows that Yahoo quotes in `exampleInvalidRows` are never read; only their count is used.",
        "A mobile id of an unknown system goes as an Android one.",
        "Yahoo does not say how many a segment holds.",
    ),
    unverified=(
        "Rows in one request: 1,000, as its own connector sends.",
        "Requests a second; of calls to the taxonomy 100 an hour are allowed.",
        "Whether one client may both make segments and fill them, as it does here.",
        "Letter case of mobile ids: IDFA in capitals, the others in lower case.",
    ),
)
