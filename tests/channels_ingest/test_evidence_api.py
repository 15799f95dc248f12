"""The evidence API through HTTP and the real pipeline: what is stored, and what each item becomes."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client

from channels_ingest import envelopes, pipeline
from channels_ingest.accounts import ConnectError, connect
from channels_ingest.models import Envelope, IntakeCount
from channels_ingest.sources import INBOX_KEY, accounts_of
from profiles.models import (
    ApiToken,
    ChannelAccount,
    ChannelIdentity,
    Profile,
    Role,
    Sighting,
    StaffMember,
    Trait,
)
from tests.channels_ingest.evidence import AT, Shop, event, introduction
from timeline.models import Entry, QueueRow

PROBLEM = "application/problem+json"


@pytest.fixture
def shop(client: Client, token_for: Callable[..., dict[str, str]]) -> Shop:
    return Shop(client, token_for(Role.INGEST))


def test_accepted_call_is_a_committed_envelope_with_its_raw_bytes(shop: Shop) -> None:
    body = json.dumps([event("e.1"), event("e.2")], indent=2).encode()
    answer = shop.post("events", body)
    assert (answer.status_code, answer.json()["items"]) == (202, 2)
    assert answer["Location"] == answer.json()["url"]
    [envelope] = Envelope.objects.all()
    assert (bytes(envelope.body or b""), envelope.state) == (body, "received")
    receipt = shop.receipt(answer)
    assert (receipt["state"], [item["outcome"] for item in receipt["items"]]) == ("pending", ["pending", "pending"])


def test_survey_is_an_entry_with_its_score_and_the_customers_words(shop: Shop) -> None:
    said = {"name": "CSAT", "score": 2, "of": 5, "text": " Nobody called back. ", "order": "1042"}
    [outcome] = shop.told("events", event(kind="survey", detail=said))
    entry = Entry.objects.get()
    assert (outcome["outcome"], entry.kind, entry.direction) == ("recorded", "survey", "none")
    assert (entry.text, entry.detail["score"], entry.detail["of"]) == ("Nobody called back.", 2, 5)
    [words_alone] = shop.told("events", event("e.2", kind="survey", detail={"text": "Great"}))
    assert words_alone["outcome"] == "recorded"


def test_event_stands_on_the_timeline_of_its_customer(shop: Shop) -> None:
    [outcome] = shop.told("events", event())
    entry = Entry.objects.select_related("channel_identity", "account").get()
    assert outcome == {
        "index": 0,
        "outcome": "recorded",
        "reason": "",
        "profile": entry.channel_identity.profile_id,
        "entry": entry.pk,
    }
    assert (entry.kind, entry.direction, entry.text) == ("page_view", "none", "Blue jacket")
    assert (entry.account.name, entry.account.channel, entry.account.provider) == ("shop", "store", "trusted_server")
    assert (entry.channel_identity.address, entry.occurred_at.isoformat()) == ("42", "2026-03-01T14:05:00+00:00")


def test_introduction_tells_traits_and_a_name_and_makes_no_entry(shop: Shop) -> None:
    traits = {"first_name": "Mira", "last_name": "Lind", "vip": True, "orders": 3, "home": {"city": "Malmö"}, "x": None}
    [outcome] = shop.told("identify", introduction(traits=traits, occurred_at=AT))
    profile = Profile.objects.get()
    assert (outcome["outcome"], outcome["profile"], outcome["entry"]) == ("recorded", profile.pk, None)
    assert profile.display_name == "Mira Lind"
    assert dict(Trait.objects.values_list("name", "value")) == {
        "first_name": "Mira",
        "last_name": "Lind",
        "name": "Mira Lind",
        "vip": "true",
        "orders": "3",
        "home": '{"city":"Malmö"}',
    }
    assert set(Trait.objects.values_list("grade", "source")) == {("proved", "shop")}
    assert not Entry.objects.exists()


def test_same_introduction_again_adds_nothing(shop: Shop) -> None:
    for _ in range(3):
        shop.told("identify", introduction(traits={"plan": "pro"}))
    assert (ChannelIdentity.objects.count(), Sighting.objects.count(), Trait.objects.count()) == (1, 1, 1)


def test_introduction_without_a_time_counts_as_of_its_receipt(shop: Shop) -> None:
    for plan in ("free", "pro", "free"):
        shop.told("identify", introduction(traits={"plan": plan}))
    assert Trait.objects.order_by("-last_seen").values_list("value", flat=True)[0] == "free"
    assert Sighting.objects.get().occurred_at == Envelope.objects.order_by("id")[0].received_at


def test_event_of_a_server_whose_clock_is_ahead_counts_as_of_its_receipt(shop: Shop) -> None:
    ahead, absurd = ((datetime.now(UTC) + timedelta(hours=hours)).isoformat() for hours in (3, 30))
    outcomes = shop.told("events", [event("e.1", occurred_at=ahead), event("e.2", occurred_at=absurd)])
    assert [outcome["outcome"] for outcome in outcomes] == ["recorded", "refused"]
    assert Entry.objects.get().occurred_at == Envelope.objects.get().received_at


def test_event_is_once_by_source_and_id_also_in_another_batch(shop: Shop) -> None:
    [first] = shop.told("events", event("e.1"))
    again = shop.told("events", [event("e.2"), event("e.1"), event("e.2"), event("e.1", source="crm")])
    assert [item["outcome"] for item in again] == ["recorded", "duplicate", "duplicate", "recorded"]
    assert again[1]["entry"] == first["entry"]
    assert Entry.objects.count() == 3


def test_same_events_again_are_one_delivery_with_one_receipt(shop: Shop) -> None:
    answers = [shop.post("events", [event()]) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json() == answers[1].json()
    assert Envelope.objects.count() == 1


def test_idempotency_key_makes_the_delivery_and_another_body_under_it_is_refused(
    shop: Shop, client: Client, token_for: Callable[..., dict[str, str]]
) -> None:
    first = shop.post("identify", introduction(), **{"Idempotency-Key": "1"})
    again = shop.post("identify", introduction(), **{"Idempotency-Key": "1"})
    assert first.json() == again.json()
    other = shop.post("identify", introduction(traits={"plan": "pro"}), **{"Idempotency-Key": "1"})
    assert (other.status_code, other["Content-Type"]) == (422, PROBLEM)
    assert Envelope.objects.count() == 1
    colleague = Shop(client, token_for(Role.ADMIN))
    assert colleague.post("identify", introduction(), **{"Idempotency-Key": "1"}).status_code == 202
    assert shop.post("events", event(), **{"Idempotency-Key": "1"}).status_code == 202
    assert Envelope.objects.count() == 3
    for odd in ("", "x" * 256, "a\x01"):
        assert shop.post("events", event(), **{"Idempotency-Key": odd}).status_code == 400


def test_refused_item_says_why_and_its_neighbours_are_recorded(shop: Shop) -> None:
    outcomes = shop.told("events", [event("e.1"), event("e.2", kind="scroll"), "odd", event("e.4")])
    assert [item["outcome"] for item in outcomes] == ["recorded", "refused", "refused", "recorded"]
    assert outcomes[1]["reason"] == "kind: expected one of page_view, order, payment, custom, survey"
    assert outcomes[2]["reason"] == "expected an object"
    assert Envelope.objects.get().state == "processed"


def test_receipt_tells_what_is_still_known_after_the_body_was_pruned(shop: Shop) -> None:
    answer = shop.post("events", [event("e.1"), event("e.2", kind="scroll")])
    pipeline.drain()
    envelopes.prune(-1)
    receipt = shop.receipt(answer)
    assert (receipt["state"], receipt["is_pruned"]) == ("done", True)
    [item] = receipt["items"]
    assert (item["index"], item["outcome"]) == (1, "refused")


@pytest.mark.parametrize("receipt", ["nothing", "e-00", "%00", "%ed%a0%80", "e" * 300, "%C3%A9"])
def test_unknown_receipt_is_not_found(shop: Shop, receipt: str) -> None:
    answer = shop.client.get(f"/api/v1/receipts/{receipt}/", headers=shop.headers)
    assert (answer.status_code, answer["Content-Type"]) == (404, PROBLEM)


def test_receipt_of_a_dead_call_says_that_it_failed(shop: Shop) -> None:
    answer = shop.post("events", [event("e.1"), event("e.2", kind="scroll")])
    Envelope.objects.update(state="dead")
    receipt = shop.receipt(answer)
    assert (receipt["state"], [item["outcome"] for item in receipt["items"]]) == ("failed", ["failed", "refused"])


def test_item_costs_no_query_of_its_own_in_a_receipt(shop: Shop, django_assert_max_num_queries: object) -> None:
    answer = shop.post("events", [event(f"e.{n}") for n in range(50)])
    pipeline.drain()
    with django_assert_max_num_queries(6):  # type: ignore[operator]
        assert len(shop.outcomes(answer)) == 50


# In one transaction, as other tests run, the parts of the batch would hold all their locks together.
@pytest.mark.django_db(transaction=True)
def test_thousand_items_are_taken_and_one_more_is_not(shop: Shop) -> None:
    people = [{"kind": "customer_id", "value": "{n}"}, *({"kind": "visitor", "value": f"{{n}}.{m}"} for m in range(7))]
    written = json.dumps(people)
    items = [event(f"e.{n}", identifiers=json.loads(written.replace("{n}", str(n + 1)))) for n in range(1_000)]
    assert shop.post("events", [*items, event("e.1000")]).status_code == 400
    outcomes = shop.told("events", items)
    assert {item["outcome"] for item in outcomes} == {"recorded"}
    assert Envelope.objects.get().attempts == 1
    assert ChannelIdentity.objects.count() == 1_000


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"1",
        b'"x"',
        b"null",
        b"{",
        b"\xff\xfe",
        b'{"a": NaN}',
        b"[" * 100_000,
        b'{"a":' + b"9" * 5_000 + b"}",
    ],
)
def test_body_that_is_no_object_or_list_is_a_problem(shop: Shop, body: bytes) -> None:
    for call in ("identify", "events"):
        answer = shop.post(call, body)
        assert (answer.status_code, answer["Content-Type"]) == (400, PROBLEM)
    assert not Envelope.objects.exists()


def test_too_big_a_body_is_a_problem_and_counted(shop: Shop) -> None:
    answer = shop.post("events", b"[" + b" " * 5_000_000 + b"]")
    assert (answer.status_code, answer["Content-Type"]) == (413, PROBLEM)
    from channels_ingest.intake import intake

    intake.flush()
    assert IntakeCount.objects.get().outcome == "too_big"


@pytest.mark.django_db(transaction=True)
def test_call_that_cannot_be_stored_is_answered_503(shop: Shop) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE channels_ingest_envelope RENAME TO away")
    try:
        answer = shop.post("events", event())
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO channels_ingest_envelope")
    assert (answer.status_code, answer["Content-Type"], answer["Retry-After"]) == (503, PROBLEM, "5")


def test_customer_events_join_what_the_visitor_did_before(shop: Shop) -> None:
    visitor = {"kind": "visitor", "value": "v-7"}
    shop.told("events", event("e.1", identifiers=[visitor]))
    shop.told("events", event("e.2", identifiers=[{"kind": "customer_id", "value": "42"}, visitor]))
    assert sorted(ChannelIdentity.objects.values_list("address", flat=True)) == ["42", "v-7"]
    assert ChannelIdentity.objects.values("profile").distinct().count() == 1


def test_browser_of_a_family_follows_who_is_logged_in(shop: Shop) -> None:
    for hour, name in enumerate(["", "anna", "", "ben", ""]):
        known = [{"kind": "visitor", "value": "v-7"}]
        known += [{"kind": "customer_id", "value": name}] if name else []
        shop.told("events", event(f"e.{hour}", occurred_at=f"2026-03-01T0{hour}:00:00Z", identifiers=known))
    of = {entry.provider_message_id: entry.channel_identity.profile_id for entry in Entry.objects.all()}
    assert of["e.0"] == of["e.1"] == of["e.2"] != of["e.3"] == of["e.4"]


def test_number_of_an_order_finds_the_customer_and_joins_nobody(
    shop: Shop, client: Client, token_for: Callable[..., dict[str, str]]
) -> None:
    for customer in ("42", "43"):
        shop.told(
            "events",
            event(
                f"e.{customer}",
                kind="order",
                detail={"number": 1042, "total": 59.9},
                identifiers=[{"kind": "customer_id", "value": customer}],
            ),
        )
    found = client.get("/api/v1/profiles/?identifier=order:1042", headers=token_for(Role.AGENT)).json()["results"]
    assert len(found) == 2


def test_whatsapp_and_shop_are_one_customer_by_a_proved_phone(
    shop: Shop, client: Client, deliver: Callable[..., object]
) -> None:
    from tests.conftest import whatsapp_text

    deliver(whatsapp_text("Where is my parcel?", wamid="w.1", wa_id="15550100001"))
    pipeline.drain()
    identifiers = [{"kind": "customer_id", "value": "42"}, {"kind": "phone", "value": "+1 555-010-0001"}]
    [outcome] = shop.told("identify", introduction(identifiers=identifiers, traits={"name": "Mira Lind-Berg"}))
    assert ChannelIdentity.objects.values("profile").distinct().count() == 1
    assert Profile.objects.get(id=outcome["profile"]).display_name == "Mira Lind-Berg"


def test_page_views_and_custom_events_move_nobody_in_the_queue(shop: Shop) -> None:
    shop.told("events", [event("e.1"), event("e.2", kind="custom", detail={"name": "Newsletter opened"})])
    assert not QueueRow.objects.exists()
    shop.told("events", event("e.3", kind="order", detail={"number": "1042"}))
    row = QueueRow.objects.get()
    assert row.waiting_since is None
    shop.told("events", event("e.4", occurred_at="2026-03-02T10:00:00Z"))
    assert QueueRow.objects.get().last_entry_at == row.last_entry_at


def test_source_that_an_operator_renamed_keeps_its_line(shop: Shop) -> None:
    shop.told("events", event("e.1"))
    ChannelAccount.objects.filter(name="shop").update(name="Online shop", settings={})
    ChannelAccount.objects.filter(key=INBOX_KEY).update(name="shop")
    shop.told("events", [event("e.2"), event("e.3", source="Online shop")])
    names = list(Entry.objects.order_by("id").values_list("account__name", flat=True))
    assert names[:2] == ["Online shop", "Online shop"]
    assert names[2].startswith("Online shop (")


def test_disabled_source_is_not_recorded_until_it_is_enabled_and_replayed(shop: Shop) -> None:
    shop.told("events", event("e.1"))
    ChannelAccount.objects.filter(name="shop").update(is_enabled=False)
    answer = shop.post("events", event("e.2"))
    pipeline.drain()
    assert [item["outcome"] for item in shop.outcomes(answer)] == ["failed"]
    ChannelAccount.objects.update(is_enabled=True)
    envelopes.replay(Envelope.objects.filter(state="not_understood").values_list("id", flat=True))
    pipeline.drain()
    assert [item["outcome"] for item in shop.outcomes(answer)] == ["recorded"]


def test_session_may_post_with_its_csrf_token_only(db: None) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(StaffMember.objects.create_staff("karin@example.com", role=Role.ADMIN))
    body = json.dumps(event())
    assert browser.post("/api/v1/events/", body, content_type="application/json").status_code == 403
    browser.cookies["csrftoken"] = token = "a" * 32
    posted = browser.post("/api/v1/events/", body, content_type="application/json", headers={"X-CSRFToken": token})
    assert posted.status_code == 202
    form = browser.post("/api/v1/events/", {"csrfmiddlewaretoken": token})
    assert (form.status_code, form["Content-Type"]) == (415, PROBLEM)


def test_token_does_what_its_role_says_and_not_what_its_holder_may(client: Client, db: None) -> None:
    admin = StaffMember.objects.create_staff("karin@example.com", role=Role.ADMIN)
    for role, status in ((Role.AGENT, 403), (Role.LEAD, 403), (Role.INGEST, 202), (Role.ADMIN, 202)):
        headers = {"Authorization": f"Bearer {ApiToken.issue(admin, role)}"}
        assert Shop(client, headers).post("events", event()).status_code == status


def test_connect_and_the_webhooks_know_nothing_of_it(shop: Shop) -> None:
    shop.told("events", event())
    with pytest.raises(ConnectError):
        connect("trusted_server", name="shop", values={})
    for account in ChannelAccount.objects.all():
        path = f"/webhooks/{account.provider}/{account.key}/"
        assert shop.client.post(path, b"{}", content_type="application/json").status_code == 404


@pytest.mark.django_db(transaction=True)
def test_sources_met_by_several_workers_at_once_are_one_line_each() -> None:
    found: list[dict[str, int | None]] = []

    def meet(sources: list[str]) -> None:
        found.append(accounts_of(sources))
        connection.close()

    names = [f"source {n}" for n in range(30)]
    threads = [threading.Thread(target=meet, args=(names[n::2] + names[:n],)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 6
    assert ChannelAccount.objects.count() == len({pk for each in found for pk in each.values()}) == 30
