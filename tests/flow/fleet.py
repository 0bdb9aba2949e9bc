"""A deployed stack on this machine: real handlers in processes of their own that may be killed."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from random import Random
from typing import Any

import boto3

from audiences import schemas
from audiences.delivery import outbox
from audiences.flows.ingest import ingest_file
from audiences.flows.places import held_table
from audiences.flows.runs import verify_ledger
from audiences.flows.workspace import Workspace
from audiences.lake import snapshot
from audiences.lake.query import connect
from tests.builders import SECRET, write
from tests.flow.sync_world import GOLD, PLATFORMS, Customer, World, keys
from tests.infra.stack import Context

HANDLERS = ("plan", "refresh", "deliver")
_PRELOAD = [f"functions.{name}.handler" for name in HANDLERS]
_SMALL = {"meta": 2, "google": 2, "the_trade_desk": 2}  # rows in a request


class KilledError(Exception):
    """Stands for a Lambda worker that died."""


def _serve(name: str, event: dict[str, Any], environment: dict[str, str], answer: Any) -> None:
    """Answer one event in this process; what the handler writes goes to the log of the stack."""
    os.environ.update(environment)
    log = os.open(environment["TEST_LOG"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(log, stream.fileno())
    from audiences.platforms import MODULES, platform
    from functions import _lake

    _lake.SCRATCH = Path(environment["TEST_SCRATCH"])
    for slug, rows in _SMALL.items():
        module, attribute = MODULES[slug].split(":")
        known = platform(slug)
        setattr(
            import_module(module),
            attribute,
            replace(known, limits=replace(known.limits, rows=rows)),
        )
    answer.send(json.dumps(import_module(f"functions.{name}.handler").handler(event, Context())))


@dataclass(slots=True)
class Fleet:
    """The stack's functions; each call is a new worker, which may die at any moment."""

    world: World
    environment: dict[str, str]
    draw: Random | None = None  # None: nobody dies
    kills: int = 0
    calls: int = 0
    acknowledged: list[tuple[int, frozenset[str]]] = field(default_factory=list)

    def handler(self, name: str) -> Callable[[dict[str, Any], Any], Any]:
        """Return the function of a name, as it is called by others."""
        return lambda event, _context: self.call(name, event)

    def call(self, name: str, event: dict[str, Any]) -> Any:
        """Call a function in a worker of its own.

        Raises:
            KilledError: when the worker died.
        """
        self.calls += 1
        forks = multiprocessing.get_context("forkserver")
        forks.set_forkserver_preload(_PRELOAD)
        mine, theirs = forks.Pipe(duplex=False)
        worker = forks.Process(target=_serve, args=(name, event, self.environment, theirs))
        worker.start()
        theirs.close()
        timer = self._doom(worker)
        try:
            return json.loads(mine.recv())
        except EOFError:
            self.kills += 1
            worker.join()
            arrived = len(self.world.requests())
            self.acknowledged.append((arrived, frozenset(self.recorded().values())))
            raise KilledError(name) from None
        finally:
            if timer is not None:
                timer.cancel()
            worker.join()
            mine.close()

    def _doom(self, worker: Any) -> threading.Timer | None:
        if self.draw is None or self.kills >= 4 or self.draw.random() > 0.5:
            return None
        timer = threading.Timer(
            self.draw.uniform(0.02, 0.9), lambda: os.kill(worker.pid, signal.SIGKILL)
        )
        timer.daemon = True
        timer.start()
        return timer

    # what a test looks at

    def workspace(self) -> Workspace:
        """Open the stack's workspace in this process."""
        from functions import _lake

        return _lake.workspace()

    def customers(self, people: Iterable[Customer]) -> None:
        """Take in records of customers and the devices of those who have one."""
        people = list(people)
        self.world.files += 1
        folder = self.world.folder
        folder.mkdir(parents=True, exist_ok=True)
        at = self.workspace().now().isoformat()
        rows = [one.row() | {"updated_at": at} for one in people]
        path = write(folder / f"profiles-{self.world.files}.csv", rows)
        ingest_file(self.workspace(), "profiles", path, "shop")

    def held(self, destination: str) -> list[str]:
        """What we hold the platform to hold, as the member keys that the stand-in shows."""
        lake = self.workspace().lake
        found = snapshot.latest(lake, held_table(destination, "gold"))
        rows = snapshot.dataset(lake, found, schemas.HELD).to_table().to_pylist()
        return sorted(",".join(key["value"] for key in row["keys"]) for row in rows)

    def recorded(self) -> dict[str, str]:
        """Return the digests of the bodies that have an outcome, by run and request."""
        store = self.workspace().lake.store
        runs = {found.key.split("/")[1] for found in store.list("outcomes/")}
        return {
            f"{run}/{one}": outcome.sha256
            for run in runs
            for one in outbox.recorded_ids(store, run)
            if (outcome := outbox.recorded(store, run, one.removesuffix(".status"))) is not None
        }

    def never_again(self) -> None:
        """Assert that no body arrived after its outcome was recorded."""
        arrived = [one["sha256"] for one in self.world.requests()]
        for count, known in self.acknowledged:
            assert known.isdisjoint(arrived[count:])

    def check(self, destination: str, people: Iterable[Customer]) -> None:
        """Assert that platform, held, ledger and truth are one, and nothing was settled twice."""
        wanted = keys(people, PLATFORMS[destination])
        assert self.world.members(destination) == wanted
        assert self.held(destination) == sorted(wanted)
        workspace = self.workspace()
        ledger = verify_ledger(workspace)
        assert ledger.faults == ()
        files = [found.key for found in workspace.lake.store.list("sends/day=")]
        assert ledger.links == len(files)
        with connect(workspace.lake.scratch) as con:
            con.register("sends", workspace.lake.dataset(files, schemas.SENDS))
            twice = con.execute(
                "SELECT count(*) FROM (SELECT run, op, row FROM sends "
                "GROUP BY ALL HAVING count(*) > 1)"
            ).fetchone()
        assert twice == (0,)
        assert workspace.kv.get(f"open/{destination}/gold") is None


def make_stack(endpoint: str, number: int, url: str) -> dict[str, str]:
    """Make bucket, table, secrets and files of a stack; return the environment of its functions."""
    environment = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_REQUEST_CHECKSUM_CALCULATION": "when_required",
        "BRIDGE_LAKE": f"s3://fleet-{number}/lake",
        "BRIDGE_CONFIG": f"s3://fleet-{number}/config",
        "BRIDGE_TABLE": f"fleet-{number}",
        "BRIDGE_SECRET": f"secret://fleet-{number}",
        "BRIDGE_REFRESH": "refresh",
        "BRIDGE_PLAN": "plan",
        "BRIDGE_DELIVER": "deliver",
        "BRIDGE_DROP": "drop",
        "POWERTOOLS_TRACE_DISABLED": "true",
        "POWERTOOLS_METRICS_NAMESPACE": "AudienceBridge",
    }
    os.environ.update(environment)
    bucket = f"fleet-{number}"
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    world = World(Path(), url)
    texts = {f"destinations/{name}": world.destination(name) for name in PLATFORMS}
    for name, text in {**texts, "audiences/gold": GOLD}.items():
        named = text.replace("credentials: sandbox", f"credentials: secret://token-{number}")
        s3.put_object(Bucket=bucket, Key=f"config/{name}.yaml", Body=named.encode())
    boto3.client("dynamodb").create_table(
        TableName=bucket,
        AttributeDefinitions=[{"AttributeName": "key", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "key", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )
    secrets = boto3.client("secretsmanager")
    secrets.create_secret(Name=bucket, SecretString=SECRET)
    secrets.create_secret(Name=f"token-{number}", SecretString="sandbox")
    return environment
