"""The work API: deeds by any agent, once each, in words when they cannot be; merged ids lead to the survivor."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from profiles.merging import merge
from profiles.models import ChannelAccount, Role, StaffMember
from tests.api.test_identity_api import Api
from tests.timeline.work.cast import line, says
from timeline.models import Entry

TokenFor = Callable[[Role], dict[str, str]]
NOW = timezone.now()


@pytest.fixture
def api(client: Client, token_for: TokenFor) -> Api:
    return Api(client, token_for(Role.AGENT))


@pytest.fixture
def orders(db: None) -> ChannelAccount:
    return line("Orders")


@pytest.fixture
def mira(orders: ChannelAccount) -> int:
    return says(orders, "1", "m1", NOW)


@pytest.fixture
def ben(db: None) -> StaffMember:
    return StaffMember.objects.create_staff("ben@shop.example", name="Ben", role=Role.LEAD)


def test_deeds_and_the_state_after_each(api: Api, mira: int, ben: StaffMember) -> None:
    path = f"profiles/{mira}/work"
    until = (timezone.now() + timedelta(days=1)).replace(microsecond=0)
    today = timezone.localdate().isoformat()
    done = api.post(path, do="assign", to=ben.pk, reason="knows shoes")
    assert done["entry"]["kind"] == "work"
    assert done["entry"]["detail"]["reason"] == "knows shoes"
    assert done["work"]["assignee"] == {"id": ben.pk, "name": "Ben"}
    assert api.post(path, do="assign", to=ben.pk)["entry"] is None
    api.post(path, do="prioritise", priority=2)
    api.post(path, do="tag", tag="VIP")
    promised = api.post(path, do="promise", on=today, text="Refund")["entry"]["id"]
    note = api.post(path, do="note", text="Was kind", mentions=[ben.pk])["entry"]
    assert (note["kind"], note["text"], note["channel_identity"]) == ("note", "Was kind", mira)
    api.post(path, do="pin", entry=note["id"])
    api.post(path, do="snooze", until=until.isoformat())
    assert api.get(f"{path}/") == {
        "assignee": {"id": ben.pk, "name": "Ben"},
        "priority": 2,
        "tags": ["VIP"],
        "snoozed_until": until.isoformat().replace("+00:00", "Z"),
        "resolved_at": None,
        "due_at": None,
        "promises": [{"entry": promised, "on": today, "text": "Refund", "by": "agent@example.com"}],
        "pinned": [note["id"]],
    }
    api.post(path, do="wake")
    api.post(path, do="untag", tag="vip")
    api.post(path, do="unpin", entry=note["id"])
    api.post(path, do="keep_promise", entry=promised)
    api.post(path, do="assign", to=None)
    resolved = api.post(path, do="resolve", reason="sent")["work"]
    assert resolved["resolved_at"] is not None
    assert (resolved["assignee"], resolved["tags"], resolved["promises"], resolved["pinned"]) == (None, [], [], [])
    assert api.post(path, do="reopen")["work"]["resolved_at"] is None


def test_me_takes_and_only_a_free_one_if_asked(api: Api, mira: int, ben: StaffMember) -> None:
    path = f"profiles/{mira}/work"
    api.post(path, do="assign", to=ben.pk)
    refused = api.post(path, 409, do="assign", to="me", only_if_free=True)
    assert refused["detail"] == "Ben has this customer."
    assert api.post(path, do="assign", to="me")["work"]["assignee"]["id"] != ben.pk


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"do": "dance"}, 400),
        ({"do": ["assign"]}, 400),
        ({"do": "assign"}, 400),
        ({"do": "assign", "to": "you"}, 400),
        ({"do": "assign", "to": True}, 400),
        ({"do": "assign", "to": 2**70}, 400),
        ({"do": "assign", "to": 999_999}, 400),
        ({"do": "snooze", "until": "soon"}, 400),
        ({"do": "snooze", "until": "2020-01-01T00:00:00Z"}, 422),
        ({"do": "prioritise", "priority": 4}, 400),
        ({"do": "tag", "tag": "x" * 51}, 422),
        ({"do": "tag", "tag": "x" * 201}, 400),
        ({"do": "promise", "on": "2020-01-01"}, 422),
        ({"do": "pin", "entry": 999_999}, 400),
        ({"do": "keep_promise", "entry": 999_999}, 400),
        ({"do": "note", "text": ""}, 400),
        ({"do": "note", "text": "x", "mentions": [999_999]}, 422),
        ({"do": "note", "text": "x", "channel_identity": 999_999}, 400),
        ({"do": "resolve", "reason": "x" * 501}, 400),
    ],
)
def test_odd_deeds_are_refused_in_words(api: Api, mira: int, body: dict[str, Any], status: int) -> None:
    problem = api.post(f"profiles/{mira}/work", status, **body)
    assert problem["detail"]
    assert not Entry.objects.exclude(kind="message").exists()


def test_note_with_a_key_is_written_once(api: Api, client: Client, mira: int) -> None:
    headers = api.headers | {"Idempotency-Key": "k-1"}
    body = {"do": "note", "text": "Was kind"}
    path = f"/api/v1/profiles/{mira}/work/"
    ids = {client.post(path, body, "application/json", headers=headers).json()["entry"]["id"] for _ in range(3)}
    assert len(ids) == 1
    assert api.post(f"profiles/{mira}/work", **body)["entry"]["id"] not in ids
    assert Entry.objects.filter(kind="note").count() == 2


def test_nobody_pins_what_is_somebody_elses(api: Api, mira: int, orders: ChannelAccount) -> None:
    tomas = says(orders, "2", "t1", NOW)
    theirs = Entry.objects.get(provider_message_id="t1").pk
    api.post(f"profiles/{mira}/work", 400, do="pin", entry=theirs)
    api.post(f"profiles/{mira}/work", 400, do="note", text="x", channel_identity=tomas)


def test_merged_id_leads_to_the_survivor(
    api: Api, client: Client, mira: int, orders: ChannelAccount, ben: StaffMember
) -> None:
    tomas = says(orders, "2", "t1", NOW)
    merge(mira, tomas, actor=ben)
    for answer in (
        client.get(f"/api/v1/profiles/{tomas}/work/", headers=api.headers),
        client.post(f"/api/v1/profiles/{tomas}/work/", {"do": "resolve"}, "application/json", headers=api.headers),
    ):
        assert answer.status_code == 307
        assert answer["Location"].endswith(f"/api/v1/profiles/{mira}/work/")
    api.post("profiles/999999/work", 404, do="resolve")


def test_server_token_does_no_work(client: Client, token_for: TokenFor, mira: int) -> None:
    server = Api(client, token_for(Role.INGEST))
    server.post(f"profiles/{mira}/work", 403, do="resolve")
    server.get(f"profiles/{mira}/work/", 403)
