"""The platforms' own clients send rows to the stand-ins; runs in a venv that has them alone.

    python tests/bench/senders.py LANE URL ADDS.jsonl REMOVES.jsonl MOST_ROWS

A row is one of the bridge's own bodies, so both send the same values. What is printed has the
seconds, processor seconds and calls of the sending; reading the rows is left out, and start-up.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

ROWS = 10_000  # in a call, as both platforms allow
IN_A_URL = 150  # rows that the client's removals have room for: it writes them into the address
# (operation, what the places of rows are, rows) -> bytes of the message, or 0
Send = Callable[[str, Any, tuple[Any, ...]], int]


def facebook(url: str) -> Send:
    """What a user of facebook-business does with rows that are hashed: `add_users`."""
    from facebook_business.adobjects.adaccount import AdAccount
    from facebook_business.api import FacebookAdsApi
    from facebook_business.session import FacebookSession

    FacebookSession.GRAPH = f"{url}/meta"
    FacebookAdsApi.init(access_token="sandbox", crash_log=False)
    facts = {"name": "peer", "subtype": "CUSTOM", "customer_file_source": "USER_PROVIDED_ONLY"}
    made = AdAccount("act_99").create_custom_audience(fields=[], params=facts)

    def send(op: str, places: Any, rows: tuple[Any, ...]) -> int:
        act = made.add_users if op == "add" else made.remove_users
        act(places, list(rows), is_raw=True, pre_hashed=True)
        return 0

    return send


def google(url: str) -> Send:
    """What a user of google-ads-datamanager does: messages from rows, over REST."""
    from google.ads import datamanager_v1 as dm
    from google.auth.credentials import AnonymousCredentials

    class Bearer(AnonymousCredentials):
        def before_request(self, request: Any, method: str, url: str, headers: Any) -> None:
            headers["authorization"] = "Bearer sandbox"

    def service(name: str) -> Any:
        client = getattr(dm, f"{name}Client")
        host = url.removeprefix("http://") + "/google"
        transport = client.get_transport_class("rest")
        return client(transport=transport(host=host, url_scheme="http", credentials=Bearer()))

    info = dm.IngestedUserListInfo(
        upload_key_types=[dm.IngestedUserListInfo.UploadKeyType.CONTACT_ID],
        contact_id_info=dm.ContactIdInfo(
            data_source_type=dm.DataSourceType.DATA_SOURCE_TYPE_FIRST_PARTY
        ),
    )
    made = service("UserListService").create_user_list(
        parent="accountTypes/GOOGLE_ADS/accounts/99",
        user_list=dm.UserList(display_name=f"peer {os.getpid()}", ingested_user_list_info=info),
    )
    owner = dm.ProductAccount(
        account_type=dm.ProductAccount.AccountType.GOOGLE_ADS, account_id="99"
    )
    where = dm.Destination(operating_account=owner, product_destination_id=str(made.id))
    terms = dm.TermsOfService(customer_match_terms_of_service_status="ACCEPTED")
    ingestion = service("IngestionService")

    def send(op: str, _: Any, rows: tuple[Any, ...]) -> int:
        told: dict[str, Any] = {
            "destinations": [where],
            "audience_members": [_member(dm, row) for row in rows],
            "encoding": dm.Encoding.HEX,
        }
        if op == "add":
            asked = dm.IngestAudienceMembersRequest(**told, terms_of_service=terms)
            ingestion.ingest_audience_members(asked)
        else:
            asked = dm.RemoveAudienceMembersRequest(**told)
            ingestion.remove_audience_members(asked)
        return int(type(asked).pb(asked).ByteSize())

    return send


def _member(dm: Any, row: Any) -> Any:
    said = row["compositeData"]["userData"]["userIdentifiers"]
    names = {"emailAddress": "email_address", "phoneNumber": "phone_number"}
    ids = [dm.UserIdentifier(**{names[k]: v for k, v in one.items()}) for one in said]
    return dm.AudienceMember(
        composite_data=dm.CompositeData(user_data=dm.UserData(user_identifiers=ids))
    )


def _batches(path: str, size: int, most: int) -> Iterator[tuple[Any, ...]]:
    with Path(path).open() as file:
        lines = islice(file, most)
        while rows := tuple(json.loads(line) for line in islice(lines, size)):
            yield rows


def main() -> None:
    """Send all rows, and say what the sending took."""
    lane, url, adds, removes, most = sys.argv[1:]
    send = {"facebook": facebook, "google": google}[lane](url)
    told = {"calls": 0, "rows": 0, "message_bytes": 0, "cpu": 0.0, "seconds": 0.0}
    told["start_cpu"] = time.process_time()
    small = IN_A_URL if lane == "facebook" else ROWS
    for op, path, size in (("remove", removes, small), ("add", adds, ROWS)):
        beside = Path(path).with_suffix(".schema")
        places = json.loads(beside.read_text()) if beside.exists() else None
        for rows in _batches(path, size, int(most)):
            wall, cpu = time.perf_counter(), time.process_time()
            told["message_bytes"] += send(op, places, rows)
            told["cpu"] += time.process_time() - cpu
            told["seconds"] += time.perf_counter() - wall
            told["calls"] += 1
            told["rows"] += len(rows)
    # The peak of this very process: that of getrusage begins with its parent's.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    peak = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    told["peak_mb"] = int(peak) / 1024
    print(json.dumps(told))


if __name__ == "__main__":
    main()
