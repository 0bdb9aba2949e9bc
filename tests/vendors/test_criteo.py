"""criteo-api-marketingsolutions-sdk drives the stand-in of Criteo, token and all."""

from __future__ import annotations

import pytest

criteo = pytest.importorskip("criteo_api_marketingsolutions_v2027_01")

from criteo_api_marketingsolutions_v2027_01.api.audience_api import AudienceApi  # noqa: E402
from criteo_api_marketingsolutions_v2027_01.api_client_builder import (  # noqa: E402
    ApiClientBuilder,
)
from criteo_api_marketingsolutions_v2027_01.exceptions import ApiException  # noqa: E402
from criteo_api_marketingsolutions_v2027_01.models import (  # noqa: E402
    AudienceSegmentBulkCreateInputV1,
    AudienceSegmentCreateEntityV1,
    AudienceSegmentCreateEntityV1Resource,
    ContactlistAmendment,
    ContactlistAmendmentAttributes,
    ContactlistAmendmentRequest,
)


@pytest.fixture
def api(url: str) -> AudienceApi:
    host = f"{url}/criteo"
    return AudienceApi(ApiClientBuilder.WithClientCredentials("sandbox", "sandbox", host))


def segment(api: AudienceApi, name: str = "vips") -> str:
    new = AudienceSegmentCreateEntityV1(advertiser_id="123", name=name, contact_list={})
    resource = AudienceSegmentCreateEntityV1Resource(attributes=new)
    wanted = AudienceSegmentBulkCreateInputV1(data=[resource])
    return api.create_audience_segments(wanted).data[0].id


def amend(api: AudienceApi, one: str, operation: str, values: list[str]):
    change = ContactlistAmendmentAttributes(
        operation=operation, identifier_type="email", identifiers=values
    )
    data = ContactlistAmendment(type="ContactlistAmendment", attributes=change)
    return api.update_contact_list_by_audience_segment(
        one, contactlist_amendment_request=ContactlistAmendmentRequest(data=data)
    )


def test_a_contact_list_is_made_filled_and_emptied(api, members, digests) -> None:
    one = segment(api)
    came = amend(api, one, "add", digests)
    assert came.data.attributes.nb_valid_identifiers == 3
    amend(api, one, "remove", digests[:1])
    assert members("criteo", one) == digests[1:]
    counted = api.get_audience_segment_contact_list_statistics(one)
    assert counted.data.attributes.number_of_identifiers == 2
    api.delete_contact_list_by_audience_segment(one)
    assert members("criteo", one) == []


def test_an_error_is_one_that_the_client_understands(api) -> None:
    segment(api)
    with pytest.raises(ApiException) as caught:
        segment(api)
    assert caught.value.status == 400
    assert "name-must-be-unique" in caught.value.body
