"""The function that puts files onto SFTP servers, on real events, with AWS and a real server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import paramiko
import pytest

from functions import _lake
from tests.builders import ingest
from tests.contract.sftp_server import PASSWORD, Served, serving
from tests.infra.aws.world import FILES
from tests.infra.stack import Context, Stack, event

CUSTOMERS = [{"external_id": f"C{n}", "country": "VN" if n < 3 else "TH"} for n in range(5)]


@dataclass(frozen=True, slots=True)
class Shop:
    """A stack with a destination on an SFTP server."""

    stack: Stack
    server: Served
    to: str

    def secret(self, **change: str) -> None:
        """Write the destination's credentials anew."""
        text = json.dumps(self.server.login | change)
        secrets = self.stack.clients["secretsmanager"]
        secrets.put_secret_value(SecretId=f"ads/{self.to}", SecretString=text)

    def asked(self, name: str, **what: Any) -> dict[str, Any]:
        """Return a sample event, of a piece for this destination."""
        piece = event(name) | {"turn": f"sync/{self.to}/gold"}
        return piece | {"what": piece["what"] | {"destination": self.to, **what}}

    def files(self) -> list[Path]:
        """List what the server has."""
        return sorted((self.server.folder / "in").iterdir(), key=lambda path: path.suffix)


@pytest.fixture
def shop(stack: Stack, tmp_path: Path) -> Iterator[Shop]:
    folder = tmp_path / "files"
    (folder / "in").mkdir(parents=True)
    ingest(_lake.workspace(), "profiles", CUSTOMERS)
    with serving(folder) as server:
        made = Shop(stack, server, f"files-{stack.lake}")
        text = FILES.format(name=made.to, url=server.url)
        key = f"config/destinations/{made.to}.yaml"
        stack.clients["s3"].put_object(Bucket=stack.lake, Key=key, Body=text.encode())
        stack.clients["secretsmanager"].create_secret(Name=f"ads/{made.to}", SecretString="-")
        made.secret()
        yield made


def planned(shop: Shop) -> dict[str, Any]:
    """Plan a run, and return the piece that sends it."""
    from functions.plan.handler import handler as plan
    from functions.refresh.handler import handler as refresh

    refresh(shop.asked("piece_refresh"), Context())
    told = plan(shop.asked("piece_plan"), Context())["done"]["report"]
    assert (told["status"], told["adds"]) == ("planned", 3), told
    return shop.asked("piece_send", run=told["run"])


def test_a_run_is_put_onto_the_server_and_settled(shop: Shop) -> None:
    from functions.drop.handler import handler
    from functions.plan.handler import handler as plan

    piece = planned(shop)
    for _ in range(2):  # asked again, as after a crash, nothing goes out twice
        assert handler(piece, Context())["done"]["left"] == 0
    rows, done, manifest = shop.files()
    assert [path.suffix for path in (rows, done, manifest)] == [".csv", ".done", ".json"]
    told = sorted(line.split(",")[:2] for line in rows.read_text().splitlines()[1:])
    assert told == [["add", f"C{n}"] for n in range(3)]
    assert len(shop.server.renamed) == 3
    settle = shop.asked("piece_settle", run=piece["what"]["run"])
    assert plan(settle, Context())["done"]["report"]["accepted"] == 3


def test_the_function_without_a_client_says_what_it_speaks(shop: Shop) -> None:
    from functions.deliver.handler import handler

    told = handler(planned(shop), Context())
    assert told["error"] == "configuration"
    assert "sftp:// cannot be sent to from here, only http://, https://, s3://" in told["detail"]


def test_another_host_key_ends_the_run_before_the_server_is_told_anything(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    from functions.drop.handler import handler

    other = paramiko.ECDSAKey.generate()
    shop.secret(host_key=f"{other.get_name()} {other.get_base64()}")
    told = handler(planned(shop), Context())
    assert (told["error"], "the host key of" in told["detail"]) == ("credential", True)
    assert (shop.server.users, shop.files()) == ([], [])
    logged = "".join(capsys.readouterr())
    assert PASSWORD not in logged + str(told)


def test_each_function_probes_the_destinations_that_it_delivers_to(shop: Shop) -> None:
    from functions.deliver.handler import handler as deliver
    from functions.drop.handler import handler as drop

    def found(handler: Any) -> dict[str, str]:
        told = handler(event("schedule_probe"), Context())["destinations"]
        return {one["destination"]: one["status"] for one in told}

    assert found(drop) == {shop.to: "ok"}
    assert found(deliver) == {"meta": "misconfigured"}  # its file has a name and nothing more
    shop.secret(password="another")
    assert found(drop) == {shop.to: "refused"}
