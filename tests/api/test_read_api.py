"""The read API as its contract says: shapes, keyset pages, problems, roles, merged ids."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from channels_ingest import pipeline
from channels_ingest.models import IntakeCount
from cxhub.health import BACKLOG
from profiles.models import (
    ApiToken,
    Boundary,
    ChannelAccount,
    ChannelIdentity,
    Identifier,
    Profile,
    Role,
    Sighting,
    StaffMember,
)
from tests.conftest import Deliver, payload, whatsapp_text
from timeline.filtersets import QueueFilter
from timeline.models import QueueRow

Headers = dict[str, str]
TokenFor = Callable[[Role], Headers]
AT = 1_760_000_000


#: A queue of 20,000 customers, the first two of them on another line than the others.
MANY_CUSTOMERS = """
INSERT INTO profiles_profile (id, display_name, created_at) SELECT n, '', now() FROM generate_series(1, 20000) n;
INSERT INTO profiles_channelidentity
    (id, account_id, address, standing, epoch_start, profile_id, reply_refusal, created_at) OVERRIDING SYSTEM VALUE
SELECT n, CASE WHEN n < 3 THEN %(rare)s ELSE %(many)s END, n::text, 'proved', '1970-01-01', n, '', now()
FROM generate_series(1, 20000) n;
INSERT INTO timeline_queuerow (profile_id, last_entry_at)
SELECT n, now() + n * interval '1 s' FROM generate_series(1, 20000) n;
ANALYZE profiles_profile, profiles_channelidentity, timeline_queuerow
"""


@pytest.fixture
def agent(token_for: TokenFor) -> Headers:
    return token_for(Role.AGENT)


@pytest.fixture
def mira(deliver: Deliver) -> int:
    """A customer with 120 messages, five of each same second."""
    for n in range(120):
        deliver(whatsapp_text(f"message {n}", wamid=f"w.{n}", at=AT + n // 5))
    pipeline.drain()
    return ChannelIdentity.objects.get().profile_id


def get(client: Client, headers: Headers, path: str) -> Any:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_profile_has_what_the_contract_names(client: Client, agent: Headers, mira: int) -> None:
    document = get(client, agent, f"/api/v1/profiles/{mira}/")
    assert document["display_name"] == "Mira Lind"
    assert document["state"] == "waiting"
    assert document["traits"] == {"name": "Mira Lind"}
    assert document["consents"] == []
    [identity] = document["channel_identities"]
    assert {k: identity[k] for k in ("channel", "account", "address", "standing", "epoch", "grade")} == {
        "channel": "whatsapp",
        "account": "Orders",
        "address": "15550100001",
        "standing": "proved",
        "epoch": 0,
        "grade": "proved",
    }
    assert identity["first_seen"] == "2025-10-09T08:53:20Z"
    assert document["identifiers"] == [
        {"kind": "phone", "scope": "", "value": "+15550100001", "grade": "proved", "status": "normal"}
    ]


@pytest.mark.parametrize(
    "written", ["phone:+15550100001", "phone:%2B15550100001", "phone: 15550100001", "phone:15550100001"]
)
def test_profile_is_found_by_identifier_however_the_plus_arrived(
    client: Client, agent: Headers, mira: int, written: str
) -> None:
    found = get(client, agent, f"/api/v1/profiles/?identifier={written}")
    assert found == {"results": [{"id": mira, "display_name": "Mira Lind"}], "next": None}


def test_present_holders_come_before_past_ones_page_by_page(
    client: Client, agent: Headers, whatsapp: ChannelAccount
) -> None:
    phone = Identifier.objects.create(kind="phone", value="+15550100001", join_key="+15550100001")
    passed_on = datetime(2026, 1, 1, tzinfo=UTC)
    for pk, days in ((3, -9), (5, -5), (7, 5)):
        Profile.objects.create(id=pk, display_name=f"Holder {pk}")
        ChannelIdentity.objects.create(id=pk, account=whatsapp, address=f"a{pk}", profile_id=pk)
        Sighting.objects.create(
            identifier=phone,
            channel_identity_id=pk,
            grade="proved",
            source="s",
            occurred_at=passed_on + timedelta(days),
        )
    Boundary.objects.create(account=whatsapp, address="15550100001", starts_at=passed_on, source="s", reason="r")
    url, seen = "/api/v1/profiles/?identifier=phone:15550100001&limit=1", []
    while url:
        page = get(client, agent, url)
        seen += [row["id"] for row in page["results"]]
        url = page["next"]
    assert seen == [7, 5, 3]


def test_national_variants_find_the_same_person(client: Client, agent: Headers, deliver: Deliver) -> None:
    deliver(whatsapp_text("oi", wamid="w.1", wa_id="553188880000"))
    pipeline.drain()
    for variant in ("%2B553188880000", "%2B5531988880000"):
        assert len(get(client, agent, f"/api/v1/profiles/?identifier=phone:{variant}")["results"]) == 1


def test_timeline_pages_join_without_gap_or_repetition(client: Client, agent: Headers, mira: int) -> None:
    url, texts, pages = f"/api/v1/profiles/{mira}/timeline/?limit=17", [], 0
    while url:
        page = get(client, agent, url)
        texts += [entry["text"] for entry in page["results"]]
        url, pages = page["next"], pages + 1
    assert texts == [f"message {n}" for n in reversed(range(120))]
    assert pages == 8


def test_next_is_at_the_public_address_whatever_the_request_came_as(
    client: Client, agent: Headers, mira: int, settings: Any
) -> None:
    settings.PUBLIC_BASE_URL = "https://hub.example.com/desk"
    page = get(client, agent, f"/api/v1/profiles/{mira}/timeline/?limit=17&kind=message")
    assert page["next"].startswith(f"https://hub.example.com/desk/api/v1/profiles/{mira}/timeline/?")
    assert "kind=message" in page["next"]


def test_entry_has_what_the_contract_names(client: Client, agent: Headers, mira: int) -> None:
    [entry] = get(client, agent, f"/api/v1/profiles/{mira}/timeline/?limit=1")["results"]
    assert set(entry) == {
        "id", "occurred_at", "recorded_at", "channel", "kind", "direction", "text", "channel_identity", "account",
        "provider_message_id", "sender_grade", "delivery", "detail", "restricted",
    }  # fmt: skip
    assert (entry["kind"], entry["direction"], entry["channel"], entry["sender_grade"]) == (
        "message",
        "in",
        "whatsapp",
        "proved",
    )


def test_timeline_is_filtered_by_kind_and_channel(client: Client, agent: Headers, mira: int) -> None:
    base = f"/api/v1/profiles/{mira}/timeline/"
    assert len(get(client, agent, f"{base}?kind=message&channel=whatsapp&limit=200")["results"]) == 120
    assert get(client, agent, f"{base}?kind=note,order")["results"] == []
    assert get(client, agent, f"{base}?channel=sms&channel=email")["results"] == []


def test_new_entries_while_paging_do_not_shift_the_pages(
    client: Client, agent: Headers, mira: int, deliver: Deliver
) -> None:
    first = get(client, agent, f"/api/v1/profiles/{mira}/timeline/?limit=60")
    deliver(whatsapp_text("newer", wamid="w.newer", at=AT + 1_000))
    pipeline.drain()
    second = get(client, agent, first["next"])
    assert [e["text"] for e in first["results"] + second["results"]] == [f"message {n}" for n in reversed(range(120))]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("profiles/?identifier=nonsense", "identifier"),
        ("profiles/?identifier=fax:1", "identifier"),
        ("profiles/?limit=0", "limit"),
        ("profiles/?after=x", "after"),
        ("profiles/{id}/timeline/?limit=201", "limit"),
        ("profiles/{id}/timeline/?before=garbage", "cursor"),
        ("profiles/{id}/timeline/?before=WzEsMl0", "cursor"),
        ("profiles/{id}/timeline/?kind=nonsense", "kind"),
        ("queue/?waiting=perhaps", "waiting"),
        ("queue/?channel=pigeon", "channel"),
    ],
)
def test_bad_input_is_a_problem_that_names_the_parameter(
    client: Client, agent: Headers, mira: int, path: str, name: str
) -> None:
    answer = client.get(f"/api/v1/{path.format(id=mira)}", headers=agent)
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    problem = answer.json()
    assert (problem["title"], problem["status"]) == ("Bad Request", 400)
    assert list(problem["errors"]) == [name]


def test_unknown_profile_is_a_404_problem(client: Client, agent: Headers) -> None:
    for path in ("profiles/999999/", "profiles/999999/timeline/"):
        answer = client.get(f"/api/v1/{path}", headers=agent)
        assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_merged_id_answers_307_to_the_survivor_with_the_query_kept(
    client: Client, agent: Headers, deliver: Deliver
) -> None:
    deliver(whatsapp_text("I have a username", wamid="w.1", from_user_id="US.1", wa_id="15550100002"))
    pipeline.drain()
    deliver(whatsapp_text("from my other phone", wamid="w.2"))
    pipeline.drain()
    one, other = ChannelIdentity.objects.order_by("id").values_list("id", flat=True)
    tie = whatsapp_text("now with both", wamid="w.3", from_user_id="US.1")
    deliver(tie)
    pipeline.drain()
    answer = client.get(f"/api/v1/profiles/{other}/timeline/?limit=2", headers=agent)
    survivor = f"{settings.PUBLIC_BASE_URL}/api/v1/profiles/{one}/timeline/?limit=2"
    assert (answer.status_code, answer["Location"]) == (307, survivor)
    assert client.get(f"/api/v1/profiles/{other}/", headers=agent).status_code == 307
    assert client.get(f"/api/v1/profiles/{one}/", headers=agent).status_code == 200


def test_queue_lists_waiting_customers_longest_first(client: Client, agent: Headers, deliver: Deliver) -> None:
    for n in range(5):
        deliver(whatsapp_text("hello?", wamid=f"w.{n}", wa_id=f"1555010000{n}", at=AT + n))
    pipeline.drain()
    first = get(client, agent, "/api/v1/queue/?limit=3")
    second = get(client, agent, first["next"])
    assert [r["waiting_since"][-3:-1] for r in first["results"] + second["results"]] == ["20", "21", "22", "23", "24"]
    newest = get(client, agent, "/api/v1/queue/?waiting=all&channel=whatsapp")["results"]
    assert [r["last_entry_at"][-3:-1] for r in newest] == ["24", "23", "22", "21", "20"]
    assert get(client, agent, "/api/v1/queue/?waiting=false")["results"] == []


@pytest.mark.parametrize("name", ["meta-text", "meta-history-threads", "meta-group-text", "meta-smb-message-echo"])
def test_state_of_a_profile_is_what_the_queue_says(client: Client, agent: Headers, deliver: Deliver, name: str) -> None:
    deliver(payload(f"{name}.json"))
    pipeline.drain()
    waiting = {row["profile"] for row in get(client, agent, "/api/v1/queue/")["results"]}
    queued = {row["profile"] for row in get(client, agent, "/api/v1/queue/?waiting=all")["results"]}
    profiles = [row["id"] for row in get(client, agent, "/api/v1/profiles/")["results"]]
    states = {pk: get(client, agent, f"/api/v1/profiles/{pk}/")["state"] for pk in profiles}
    assert states == {pk: "waiting" if pk in waiting else "answered" if pk in queued else "quiet" for pk in profiles}
    assert set(states.values()) == {"waiting" if name == "meta-text" else "answered"}


def test_customer_who_never_wrote_is_quiet(client: Client, agent: Headers, whatsapp: ChannelAccount) -> None:
    Profile.objects.create(id=77)
    ChannelIdentity.objects.create(id=77, account=whatsapp, address="15550100077", profile_id=77)
    assert get(client, agent, "/api/v1/profiles/77/")["state"] == "quiet"


def test_queue_is_filtered_by_channel_at_the_cost_of_the_channel(client: Client, agent: Headers, db: None) -> None:
    many = ChannelAccount.objects.create(provider="whatsapp_cloud", channel="whatsapp", name="Orders")
    rare = ChannelAccount.objects.create(provider="sms_vonage", channel="sms", name="Old number")
    with connection.cursor() as cursor:
        for statement in MANY_CUSTOMERS.split(";"):
            cursor.execute(statement, {"many": many.pk, "rare": rare.pk})
    for query, profiles in {
        "waiting=all&channel=sms": [2, 1],
        "waiting=false&channel=sms&limit=1": [2],
        "waiting=all&channel=whatsapp&channel=sms&limit=2": [20_000, 19_999],
        "channel=sms": [],
    }.items():
        assert [row["profile"] for row in get(client, agent, f"/api/v1/queue/?{query}")["results"]] == profiles
    of_rare = QueueFilter({"channel": ["sms"]}, queryset=QueueRow.objects.order_by("-last_entry_at", "-profile_id"))
    plan = of_rare.qs[:50].explain()
    assert "queue_newest" not in plan, plan
    assert "Seq Scan on timeline_queuerow" not in plan, plan


def test_roles_and_tokens(client: Client, token_for: TokenFor, mira: int) -> None:
    path = f"/api/v1/profiles/{mira}/"
    assert client.get(path).status_code == 401
    assert client.get(path)["WWW-Authenticate"].startswith("Bearer")
    assert client.get(path, headers={"Authorization": "Bearer nonsense"}).status_code == 401
    assert client.get(path, headers={"Authorization": "Bearer"}).status_code == 401
    assert client.get(path, headers=token_for(Role.INGEST)).status_code == 403
    for role in (Role.AGENT, Role.LEAD, Role.ADMIN):
        assert client.get(path, headers=token_for(role)).status_code == 200


def test_token_is_no_wider_than_its_holder_and_ends_with_them(client: Client, mira: int) -> None:
    member = StaffMember.objects.create_staff("was-admin@example.com", role=Role.INGEST)
    headers = {"Authorization": f"Bearer {ApiToken.issue(member, Role.ADMIN)}"}
    path = f"/api/v1/profiles/{mira}/"
    assert client.get(path, headers=headers).status_code == 403
    StaffMember.objects.filter(pk=member.pk).update(role=Role.ADMIN)
    assert client.get(path, headers=headers).status_code == 200
    StaffMember.objects.filter(pk=member.pk).update(is_active=False)
    assert client.get(path, headers=headers).status_code == 401


def test_token_is_stored_as_its_hash(db: None) -> None:
    member = StaffMember.objects.create_staff("agent@example.com")
    token = ApiToken.issue(member, Role.AGENT)
    assert token not in str(ApiToken.objects.values().get())


def test_schema_names_every_operation_and_docs_show_them(client: Client, db: None) -> None:
    schema = client.get("/api/schema/", headers={"Accept": "application/json"})
    assert schema.status_code == 200
    paths = schema.json()["paths"] if schema["Content-Type"].endswith("json") else schema.content.decode()
    for path in ("/api/v1/profiles/", "/api/v1/profiles/{profile_id}/timeline/", "/api/v1/queue/"):
        assert path in paths
    page = client.get("/api/docs/")
    assert page.status_code == 200
    assert b"/api/v1/profiles/{profile_id}/timeline/" in page.content


def test_schema_names_the_errors_that_any_operation_may_answer(client: Client, db: None) -> None:
    document = client.get("/api/schema/?format=json").json()
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status in ("401", "403"):
                assert operation["responses"][status]["content"] == problem, (method, path)
    assert set(document["paths"]["/api/v1/profiles/{profile_id}/"]["get"]["responses"]) == {
        "200", "307", "400", "401", "403", "404",
    }  # fmt: skip
    sending = document["paths"]["/api/v1/profiles/{profile_id}/messages/"]["post"]["responses"]
    assert list(sending) == ["201", "307", "400", "401", "403", "404", "409", "413", "415", "422"]
    assert sending["409"]["content"]["application/problem+json"]["schema"]["$ref"].endswith("/AnsweredSince")
    assert document["components"]["schemas"]["Problem"]["required"] == ["type", "title", "status"]


def test_queries_of_a_profile_and_a_page_do_not_grow(
    client: Client, agent: Headers, mira: int, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(9):
        get(client, agent, f"/api/v1/profiles/{mira}/")
    with django_assert_max_num_queries(5):
        get(client, agent, f"/api/v1/profiles/{mira}/timeline/")


def test_health_tells_the_backlog_without_turning_red(client: Client, deliver: Deliver) -> None:
    deliver(whatsapp_text("hello", wamid="w.1"))
    assert client.get("/livez").status_code == 200
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()["unprocessed"]) == (200, 1)
    metrics = client.get("/metrics").content.decode()
    assert "cxhub_inbox_unprocessed 1.0" in metrics
    assert "cxhub_media_wanted 0.0" in metrics
    assert "cxhub_inbox_oldest_unprocessed_seconds" in metrics


def test_metrics_tell_every_outcome_that_is_counted_and_no_line_twice(client: Client, whatsapp: ChannelAccount) -> None:
    namesake = ChannelAccount.objects.create(provider="sms_twilio", name="Texts", key=f"{whatsapp.key[:6]}0123456789")
    hour = datetime(2026, 11, 22, 23, tzinfo=UTC)
    IntakeCount.objects.bulk_create(
        IntakeCount(account=account, hour=hour, outcome=outcome, count=2)
        for account in (whatsapp, namesake)
        for outcome in IntakeCount.Outcome.values
    )
    answer = client.get("/metrics")
    assert answer.status_code == 200
    told = answer.content.decode()
    for name in ("accepted", "refused_signatures", "duplicates", "too_big", "own", "listed"):
        assert f'cxhub_intake_{name}_total{{account="{whatsapp.key[:6]}"}} 4.0' in told
        assert told.count(f"cxhub_intake_{name}_total{{") == 1


def test_health_reads_only_the_indexes_of_what_is_not_done(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # a table of no rows is quicker to scan
        cursor.execute(f"EXPLAIN {BACKLOG}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert "Seq Scan" not in plan
    assert plan.count("envelope_due") == 1
    assert plan.count("envelope_odd") == 2
