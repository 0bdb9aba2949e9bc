"""The callers of the large ad platforms' stand-ins."""

from __future__ import annotations

from tests.infra.sandbox.callers import Caller, Sent, Words, sent

MAID = "ea7583cd-a667-48bc-b806-000000000001"


def tiktok_mapping(action: str):
    def call(audience: str, values: list[str]) -> Sent:
        rows = [[{"id": value, "audience_ids": [audience]}] for value in values]
        body = {"advertiser_ids": ["7011"], "action": action, "id_schema": ["EMAIL_SHA256"]}
        return sent("POST", "/open_api/v1.3/segment/mapping/", {**body, "batch_data": rows})

    return call


TIKTOK = Caller(
    slug="tiktok",
    create=sent(
        "POST",
        "/open_api/v1.3/segment/audience/",
        {"advertiser_id": "7011", "action": "create", "custom_audience_name": "NAME"},
    ),
    made=lambda came: came.json()["data"]["audience_id"],
    add=tiktok_mapping("add"),
    remove=tiktok_mapping("delete"),
    auth=lambda _url, _sent, secret: {"access-token": secret},
    rows=1_000,
    words=Words(
        auth=(200, '"code":40105'),
        shape=(200, '"code":40002'),
        raw=(200, '"code":40002'),
        long=(200, '"code":40002'),
        unknown=(200, '"code":40002'),
        broken=(200, '"code":50000'),
        expired=(200, '"code":40102'),
        rate=(200, '"code":40100'),
        partial=(200, '"code":20001'),
    ),
)


def linkedin_users(action: str):
    def call(audience: str, values: list[str]) -> Sent:
        ids = [[{"idType": "SHA256_EMAIL", "idValue": value}] for value in values]
        body = {"elements": [{"action": action, "userIds": one} for one in ids]}
        method = {"x_restli_method": "BATCH_CREATE"}
        return sent(
            "POST", f"/rest/dmpSegments/{audience}/users", body, **LINKEDIN_HEADERS, **method
        )

    return call


LINKEDIN_HEADERS = {"linkedin_version": "202608", "x_restli_protocol_version": "2.0.0"}
LINKEDIN = Caller(
    slug="linkedin",
    create=sent(
        "POST",
        "/rest/dmpSegments",
        {
            "name": "NAME",
            "sourcePlatform": "ACME",
            "sourceSegmentId": "seg-17",
            "account": "urn:li:sponsoredAccount:123",
            "type": "USER",
            "destinations": [{"destination": "LINKEDIN"}],
        },
        **LINKEDIN_HEADERS,
    ),
    made=lambda came: came.headers["x-restli-id"],
    add=linkedin_users("ADD"),
    remove=linkedin_users("REMOVE"),
    rows=5_000,
    needs={
        "linkedin-version": (400, "VERSION_MISSING"),
        "x-restli-protocol-version": (400, "ILLEGAL_ARGUMENT"),
        "x-restli-method": (400, "BATCH_CREATE"),
    },
    words=Words(
        auth=(401, '"serviceErrorCode":65600'),
        shape=(400, '"status":400'),
        raw=(200, "INVALID_USER"),
        long=(400, "VALIDATION_ERROR"),
        unknown=(404, "NOT_FOUND"),
        broken=(500, "INTERNAL_SERVER_ERROR"),
        expired=(401, '"serviceErrorCode":65602'),
        rate=(429, "TOO_MANY_REQUESTS"),
        partial=(200, "INVALID_USER"),
    ),
)


def snapchat_users(method: str):
    def call(audience: str, values: list[str]) -> Sent:
        users = {"schema": ["EMAIL_SHA256"], "data": [[value] for value in values]}
        return sent(method, f"/v1/segments/{audience}/users", {"users": [users]})

    return call


SNAPCHAT = Caller(
    slug="snapchat",
    create=sent(
        "POST",
        "/v1/adaccounts/acc-1/segments",
        {
            "segments": [
                {
                    "name": "NAME",
                    "description": "d",
                    "source_type": "FIRST_PARTY",
                    "retention_in_days": 180,
                    "ad_account_id": "acc-1",
                }
            ]
        },
    ),
    made=lambda came: came.json()["segments"][0]["segment"]["id"],
    add=snapchat_users("POST"),
    remove=snapchat_users("DELETE"),
    rows=100_000,
    lost=10,
    words=Words(
        auth=(401, "unauthorized"),
        shape=(400, '"request_status":"ERROR"'),
        raw=(400, '"error_code":"E1001"'),
        long=(400, '"error_code":"E1001"'),
        unknown=(404, '"request_status":"ERROR"'),
        broken=(500, '"request_status":"ERROR"'),
        expired=(401, "unauthorized"),
        rate=(429, '"request_status":"ERROR"'),
        partial=(200, '"sub_request_status":"ERROR"'),
    ),
)


def pinterest_records(operation: str):
    def call(audience: str, values: list[str]) -> Sent:
        body = {"operation_type": operation, "records": ",".join(values)}
        return sent("PATCH", f"/v5/ad_accounts/549/customer_lists/{audience}", body)

    return call


PINTEREST = Caller(
    slug="pinterest",
    # A list cannot be made empty: its first record is the one that the tests number 0.
    create=sent(
        "POST",
        "/v5/ad_accounts/549/customer_lists",
        {
            "name": "NAME",
            "records": "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9",
            "list_type": "EMAIL",
        },
    ),
    add=pinterest_records("ADD"),
    remove=pinterest_records("REMOVE"),
    rows=10_000,
    words=Words(
        auth=(401, '"code":2'),
        shape=(400, '"code":1'),
        raw=(400, '"code":1'),
        long=(413, '"code":1'),
        unknown=(404, "not found"),
        broken=(500, '"code":0'),
        expired=(401, '"code":2'),
        rate=(429, '"code":8'),
        rate_header="x-ratelimit-reset",
        partial=(200, '"num_uploaded_user_records"'),
    ),
)


def amazon_records(action: str):
    def call(audience: str, values: list[str]) -> Sent:
        agreed = {"amzn": {"amznAdStorage": "GRANTED", "amznUserData": "GRANTED"}}
        records = [
            {
                "externalUserId": f"u-{value[:40]}" if "@" not in value else "u-1",
                "countryCode": "US",
                "action": action,
                "hashedPII": [{"email": value}],
                "userConsent": {"geo": {"countryCode": "US"}, "consent": agreed},
            }
            for value in values
        ]
        body = {"audienceId": int(audience), "records": records}
        return sent("POST", "/amc/audiences/records", body, **AMAZON_HEADERS)

    return call


AMAZON_HEADERS = {
    "content_type": "application/vnd.amcaudiences.v1+json",
    "amazon_advertising_api_clientid": "amzn1.application-oa2-client.1",
}
AMAZON = Caller(
    slug="amazon",
    create=sent(
        "POST",
        "/amc/audiences/metadata",
        {
            "name": "NAME",
            "description": "",
            "targetResource": {"advertiserId": "42"},
            "countryCode": "US",
            "metadata": {"externalAudienceId": "vips", "ttl": 86400},
        },
        **AMAZON_HEADERS,
    ),
    made=lambda came: came.json()["audienceId"],
    add=amazon_records("CREATE"),
    remove=amazon_records("DELETE"),
    rows=6_000,
    needs={
        "amazon-advertising-api-clientid": (401, "ClientId"),
        "content-type": (415, "Unsupported Media Type"),
    },
    words=Words(
        auth=(401, '"message":"Unauthorized"'),
        shape=(400, "message"),
        raw=(202, "jobRequestId"),
        long=(400, "1 to 6000"),
        unknown=(404, "audience was not found"),
        broken=(500, "Internal Server Error"),
        expired=(401, "Unauthorized"),
        rate=(429, "Too Many Requests"),
        partial=(202, "jobRequestId"),
    ),
)


def microsoft_items(action: str):
    def call(audience: str, values: list[str]) -> Sent:
        data = {
            "ActionType": action,
            "AudienceId": audience,
            "CustomerListItemSubType": "Email",
            "CustomerListItems": values,
            "AcceptCustomerMatchTerm": True,
        }
        path = "/CampaignManagement/v13/CustomerListUserData/Apply"
        return sent("POST", path, {"CustomerListUserData": data}, **MICROSOFT_HEADERS)

    return call


MICROSOFT_HEADERS = {"developertoken": "sandbox", "customeraccountid": "42", "customerid": "7"}
MICROSOFT = Caller(
    slug="microsoft",
    create=sent(
        "POST",
        "/CampaignManagement/v13/Audiences",
        {"Audiences": [{"Name": "NAME", "Type": "CustomerList", "MembershipDuration": 30}]},
        **MICROSOFT_HEADERS,
    ),
    made=lambda came: came.json()["AudienceIds"][0],
    add=microsoft_items("Add"),
    remove=microsoft_items("Remove"),
    rows=1_000,
    needs=dict.fromkeys(("developertoken", "customeraccountid", "customerid"), (401, '"Code":105')),
    words=Words(
        auth=(401, '"ErrorCode":"InvalidCredentials"'),
        shape=(400, '"Type":"ApiFaultDetail"'),
        raw=(200, '"Index":0'),
        long=(400, "CustomerListItemsExceedLimit"),
        unknown=(400, "InvalidAudienceId"),
        broken=(500, '"Code":0'),
        expired=(500, '"Code":109'),
        rate=(429, '"Code":117'),
        partial=(200, '"PartialErrors":[{"Index":0'),
    ),
)
