"""The brief over the API: lines with their entries, who may ask, what since means."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from profiles.models import ApiToken, ChannelAccount, ChannelIdentity, Profile, Role, StaffMember
from timeline.models import Entry

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BEN = {"by": {"id": 99, "name": "Ben"}}


@pytest.fixture
def token() -> str:
    return ApiToken.issue(StaffMember.objects.create_staff("ana@hub.example", role=Role.AGENT), Role.AGENT)


@pytest.fixture
def mira() -> ChannelIdentity:
    line = ChannelAccount.objects.create(provider="whatsapp_cloud", channel="whatsapp", name="Shop")
    Profile.objects.create(id=2001, display_name="Mira Lind")
    return ChannelIdentity.objects.create(id=2001, account=line, address="15550102001", profile_id=2001)


def say(mira: ChannelIdentity, text: str, *, minute: int = 0, direction: str = "in", **more: Any) -> Entry:
    return Entry.objects.create(
        channel_identity=mira,
        account=mira.account,
        kind=more.pop("kind", "message"),
        direction=direction,
        occurred_at=NOON + timedelta(minutes=minute),
        text=text,
        detail=more.pop("detail", {"type": "text"}),
        **more,
    )


def brief(client: Client, token: str, profile_id: int = 2001, **query: str) -> Any:
    return client.get(f"/api/v1/profiles/{profile_id}/brief/", query, headers={"Authorization": f"Bearer {token}"})


def test_lines_lead_to_their_entries(client: Client, token: str, mira: ChannelIdentity) -> None:
    say(
        mira,
        "Yes, we ship there.",
        minute=1,
        direction="out",
        delivery="sent",
        detail={"by": {"id": 99, "name": "Ben"}},
    )
    asked = say(mira, "Good. Where is my order 1042?", minute=2)
    document = brief(client, token).json()
    assert (document["since"], document["entries_since"], document["entries_read"]) == ("2026-11-20T12:01:00Z", 1, 2)
    (line,) = document["lines"]
    assert (line["rule"], line["entry"], line["quote"]) == ("question", asked.pk, "Where is my order 1042?")
    assert line["words"].startswith("Not answered, asked on WhatsApp")


def test_since_is_the_callers_to_say(client: Client, token: str, mira: ChannelIdentity) -> None:
    say(mira, "Sent", minute=1, direction="out", delivery="sent", detail=BEN)
    rules = [line["rule"] for line in brief(client, token, since="2026-11-20T12:00:00+00:00").json()["lines"]]
    assert rules == ["colleagues"]
    assert brief(client, token, since="2026-11-20T12:02:00Z").json()["lines"] == []
    for odd in ("yesterday", "2026-11-20T12:02:00", "2026-99-99T00:00:00Z"):
        assert brief(client, token, since=odd).status_code == 400


def test_entries_of_any_shape_are_read(client: Client, token: str, mira: ChannelIdentity) -> None:
    odd: list[Any] = [
        {},
        {"type": 5, "attachments": {"a": 1}, "by": [1], "errors": "x"},
        {"type": "mail", "subject": ["x"]},
    ]
    for number, detail in enumerate(odd):
        for kind in ("message", "order", "payment", "survey", "work", "note", "custom"):
            say(mira, "\u202e???", kind=kind, minute=number, detail=detail)
            say(mira, "x", kind=kind, minute=number, detail=detail, direction="out", delivery="failed")
    assert brief(client, token).status_code == 200


def test_revoked_question_is_no_question(client: Client, token: str, mira: ChannelIdentity) -> None:
    say(mira, "Where is my order?", detail={"type": "text", "revoked_at": NOON.isoformat()})
    assert brief(client, token).json()["lines"] == []


def test_only_readers_may_ask_and_a_merged_id_leads_on(client: Client, token: str, mira: ChannelIdentity) -> None:
    assert client.get("/api/v1/profiles/2001/brief/").status_code == 401
    shop = ApiToken.issue(StaffMember.objects.create_staff("shop@hub.example", role=Role.INGEST), Role.INGEST)
    assert brief(client, shop).status_code == 403
    assert brief(client, token, 77).status_code == 404
    Profile.objects.create(id=2002)
    ChannelIdentity.objects.create(id=2002, account=mira.account, address="2", profile_id=2001)
    moved = brief(client, token, 2002)
    assert (moved.status_code, moved["Location"].endswith("/api/v1/profiles/2001/brief/")) == (307, True)


def test_brief_is_one_query_besides_finding_the_customer(
    client: Client, token: str, mira: ChannelIdentity, django_assert_max_num_queries: Any
) -> None:
    for number in range(600):
        say(mira, f"Where is parcel {number}?", minute=number)
    brief(client, token)
    with django_assert_max_num_queries(5):  # token, member, whether the id is current, the last visit, the entries
        document = brief(client, token).json()
    assert (document["entries_read"], document["entries_since"], document["is_cut"]) == (500, 500, True)
