"""The evidence API through HTTP and the real pipeline: what is stored, what each item becomes, what is refused."""

import json
from collections.abc import Callable

import pytest
from django.test import Client

from channels_ingest.models import Envelope
from profiles.models import Profile, Role, Trait
from tests.channels_ingest.evidence import AT, Shop, event, introduction
from timeline.models import Entry

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
    assert [item["outcome"] for item in shop.outcomes(answer)] == ["pending", "pending"]


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
