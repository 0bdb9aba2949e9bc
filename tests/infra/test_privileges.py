"""Each role allows what its function was seen to call, and nothing that it never called."""

from __future__ import annotations

import os
import threading

import pytest
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

from functions import _lake
from infra.sandbox import server
from tests.contract.sftp_server import serving
from tests.infra.aws import world as stack
from tests.infra.aws.implied import implied, in_template, matches
from tests.infra.aws.recorder import Need, Recorder
from tests.infra.aws.story import play
from tests.infra.aws.template import allowed, functions
from tests.infra.stack import forget

pytestmark = pytest.mark.timeout(900)


@pytest.fixture(scope="session")  # as these tests may come in two parts, and one worker has one AWS
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[Need]]:
    recorder = Recorder(DomainDispatcherApplication(create_backend_app))
    aws = make_server("127.0.0.1", 0, recorder, threaded=True)  # type: ignore[arg-type]
    threading.Thread(target=aws.serve_forever, daemon=True).start()
    running, folder = server.start(), tmp_path_factory.mktemp("files")
    (folder / "in").mkdir()
    before = dict(os.environ)
    endpoint = f"http://127.0.0.1:{aws.server_port}"
    with pytest.MonkeyPatch.context() as patch, serving(folder) as files:
        patch.setattr(_lake, "SCRATCH", tmp_path_factory.mktemp("scratch"))
        os.environ.update(stack.environment(endpoint, ""))
        os.environ["BRIDGE_QUEUE"] = stack.make(running.url, files)
        forget()  # another test of this process may have wired the functions to its own stack
        world = stack.World(recorder, running.url)
        try:
            play(world)
            assert len([*folder.glob("in/gold_full_*.csv")]) == 1
        finally:
            forget()
            os.environ.clear()
            os.environ.update(before)
            running.stop()
            aws.shutdown()
    return world.seen


def wanted(function: str, seen: dict[str, set[Need]]) -> set[Need]:
    called = seen[function]
    return {in_template(need) for need in called} | implied(function, called)


@pytest.mark.parametrize("function", functions())
def test_a_role_allows_all_that_its_function_calls(
    function: str, seen: dict[str, set[Need]]
) -> None:
    rules = allowed(function)
    missing = {
        need for need in wanted(function, seen) if not any(matches(need, rule) for rule in rules)
    }
    assert sorted(missing) == []


@pytest.mark.parametrize("function", functions())
def test_a_role_allows_nothing_that_its_function_does_not_call(
    function: str, seen: dict[str, set[Need]]
) -> None:
    needs = wanted(function, seen)
    spare = {rule for rule in allowed(function) if not any(matches(need, rule) for need in needs)}
    assert sorted(spare) == []


def test_every_function_was_called(seen: dict[str, set[Need]]) -> None:
    assert {*seen} == {*functions()}
    assert all(len(calls) > 2 for calls in seen.values())
