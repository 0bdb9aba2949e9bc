"""What file drops have in common: credentials by scheme, answers, and what there is to know."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import urlsplit

from audiences.platforms import answers as say
from audiences.platforms.base import Access, Action, Answer, Outcome, Request

CREDENTIALS = (
    "`s3://`: `role`, its own role counts; `https://`: a bearer token, or JSON with `user` and "
    "`password`; `sftp://`: JSON with `user`, `host_key`, and `password` or `private_key`"
)
ANSWERS = {
    Action.DONE: "2xx",
    Action.RETRY: "no answer, 408, 409, 429, 5xx; 2xx with a page",
    Action.REAUTH: "401",
    Action.REFUSED: "other 4xx",
    Action.STOP: "3xx, 400, 403, 404, 405, 413, 422: without one file a set is no set",
}
NOTES = (
    "`base_url` is the folder, such as `s3://bucket/incoming`; it has no default.",
    (
        "`bridge`: `<audience>_<add, remove or full>_<time>_<part>.csv` with a header and an "
        "`action` in each row; when all parts are there, `<audience>_<time>.manifest.json` "
        "with the rows, bytes and SHA-256 of each, and last `<audience>_<time>.done`."
    ),
    "In AWS the role of the function that delivers must be allowed `s3:PutObject` in that folder.",
    "`sftp://` wants the extra `sftp` on a machine of yours; in AWS the function `drop` speaks it.",
    "A reader waits for `.done`: then all files of its manifest are whole.",
    (
        "`liveramp`: every value in quotes, a column with the audience's name; no file takes "
        "anybody out, so it has the modes add and replace, and LiveRamp must know the file as "
        "incremental or as a full refresh. Phone numbers are wanted as SHA-1 and do not go."
    ),
    (
        "`adobe`: `date=<day>/ftp_dpm_<account>_<time>.sync.<part>`, an id of one kind and "
        "`d_sid=<trait>` on a line; `audience_ids` must give the trait's number."
    ),
    "No answer says which rows a receiver could not use.",
)
UNVERIFIED = (
    "`adobe`: `d_unsid=` takes a trait from an id; its S3 directory must be part of base_url.",
    "`liveramp`: a full refresh of more than one part.",
)


def outcome(answer: Answer, _rows: int) -> Outcome:
    """Judge an answer: a file is there, or it is not."""
    # A set without one of its files is no set: the run ends before anything says that it is done.
    if answer.status in (400, 413, 422):
        return say.judged(Action.STOP, f"http_{answer.status}")
    if not 200 <= answer.status < 300:
        return say.by_status(answer)
    # A page comes from what stands before the store: nobody knows what that did.
    if say.is_page(answer):
        return say.judged(Action.RETRY, "unreadable")
    return Outcome(action=Action.DONE)


def authorise(request: Request, access: Access) -> Mapping[str, str]:
    """Give a web server its header, SFTP its credentials; a bucket goes by the role."""
    scheme, given = urlsplit(request.path).scheme, access.credentials.strip()
    if scheme == "s3":
        return {}
    if scheme == "sftp":
        return {"authorization": f"SFTP {given}"}
    secrets = say.read_object(given.encode())
    if secrets is None:
        return {"authorization": f"Bearer {given}"}
    pair = f"{secrets.get('user', '')}:{secrets.get('password', '')}"
    return {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
