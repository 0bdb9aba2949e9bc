"""klaviyo-api drives the stand-in of Klaviyo."""

from __future__ import annotations

import pytest

klaviyo = pytest.importorskip("klaviyo_api")

import openapi_client  # noqa: E402


@pytest.fixture
def api(url: str):
    return klaviyo.KlaviyoAPI("pk_sandbox", max_retries=0, test_host=f"{url}/klaviyo")


def job(one: str, people: list[str]) -> dict:
    profiles = [{"type": "profile", "attributes": {"email": email}} for email in people]
    return {
        "data": {
            "type": "profile-bulk-import-job",
            "attributes": {"profiles": {"data": profiles}},
            "relationships": {"lists": {"data": [{"type": "list", "id": one}]}},
        }
    }


def test_a_list_is_made_filled_and_emptied(api, members) -> None:
    new = {"data": {"type": "list", "attributes": {"name": "vips"}}}
    one = api.Lists.create_list(new).data.id
    people = ["ann@example.com", "bob@example.com", "nobody"]
    wanted = job(one, people)
    sent = api.Profiles.bulk_import_profiles(wanted).data.id
    read = [api.Profiles.get_bulk_import_profiles_job(sent) for _ in range(2)][-1]
    assert read.data.attributes.failed_count == 1
    wrong = api.Profiles.get_errors_for_bulk_import_profiles_job(sent).data
    assert wrong[0].attributes.source.pointer.endswith("/data/2/attributes")
    assert members("klaviyo", one) == people[:2]
    found = api.Profiles.get_profiles(filter='any(email,["ann@example.com"])').data
    gone = {"data": [{"type": "profile", "id": person.id} for person in found]}
    api.Lists.remove_profiles_from_list(one, gone)
    assert members("klaviyo", one) == people[1:2]


def test_an_error_is_one_that_the_client_understands(api) -> None:
    with pytest.raises(openapi_client.ApiException) as caught:
        api.Lists.get_list("NONE")
    assert caught.value.status == 404
