"""pinterest-generated-client drives the stand-in of Pinterest."""

from __future__ import annotations

import pytest

pytest.importorskip("openapi_generated.pinterest_client")

import openapi_generated.pinterest_client as pinterest
from openapi_generated.pinterest_client.api.audiences_api import AudiencesApi
from openapi_generated.pinterest_client.api.customer_lists_api import (
    CustomerListsApi,
)
from openapi_generated.pinterest_client.model.audience_create_request import (
    AudienceCreateRequest,
)
from openapi_generated.pinterest_client.model.audience_rule import AudienceRule
from openapi_generated.pinterest_client.model.customer_list_request import (
    CustomerListRequest,
)
from openapi_generated.pinterest_client.model.customer_list_update_request import (
    CustomerListUpdateRequest,
)


@pytest.fixture
def client(url: str) -> pinterest.ApiClient:
    said = pinterest.Configuration(host=f"{url}/pinterest/v5", access_token="sandbox")
    return pinterest.ApiClient(said)


def change(word: str, values: list[str]) -> CustomerListUpdateRequest:
    return CustomerListUpdateRequest(operation_type=word, records=",".join(values))


def test_a_list_is_made_changed_and_targeted(client, members, digests) -> None:
    api = CustomerListsApi(client)
    first = CustomerListRequest(name="vips", records=digests[0], list_type="EMAIL")
    made = api.customer_lists_create("549", first)
    api.customer_lists_update("549", made.id, change("ADD", digests))
    api.customer_lists_update("549", made.id, change("REMOVE", digests[:1]))
    assert members("pinterest", made.id) == digests[1:]
    read = api.customer_lists_get("549", made.id)
    assert (read.num_batches, read.num_uploaded_user_records) == (3, 4)
    assert [one["id"] for one in api.customer_lists_list("549")["items"]] == [made.id]
    wanted = AudienceCreateRequest(
        ad_account_id="549",
        name="vips",
        audience_type="CUSTOMER_LIST",
        rule=AudienceRule(customer_list_id=made.id),
    )
    targeted = AudiencesApi(client).audiences_create("549", wanted)
    assert targeted.name == "vips"


def test_an_error_is_one_that_the_client_understands(client, digests) -> None:
    with pytest.raises(pinterest.ApiException) as caught:
        CustomerListsApi(client).customer_lists_update("549", "999", change("ADD", digests))
    assert caught.value.status == 404
