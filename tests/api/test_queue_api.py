"""The queue over the API: the views and filters of the pages."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from profiles.models import ChannelAccount, ChannelIdentity, Profile, Role, StaffMember, Trait
from timeline.models import QueueRow, Tag

Headers = dict[str, str]


@pytest.fixture
def agent(token_for: Callable[[Role], Headers]) -> Headers:
    return token_for(Role.AGENT)


@pytest.fixture
def rows(agent: Headers, whatsapp: ChannelAccount) -> None:
    """1 waits and is urgent, 2 is the asker's and due, 3 is resolved."""
    now = timezone.now()
    for number in (1, 2, 3):
        Profile.objects.create(id=number, display_name=f"Customer {number}")
        ChannelIdentity.objects.create(id=number, account=whatsapp, address=str(number), profile_id=number)
    me = StaffMember.objects.get()
    Tag.objects.create(key="vip", name="VIP")
    QueueRow.objects.create(profile_id=1, last_entry_at=now, waiting_since=now, priority=3, tags=["VIP"])
    QueueRow.objects.create(profile_id=2, last_entry_at=now, waiting_since=now, due_at=now, assignee=me)
    QueueRow.objects.create(profile_id=3, last_entry_at=now, resolved_at=now)


@pytest.mark.parametrize(
    ("query", "profiles"),
    [
        ("", [1, 2]),
        ("waiting=all&assignee=me", [2]),
        ("waiting=all&assignee=nobody", [3, 1]),
        ("waiting=all&tag=vip", [1]),
        ("waiting=all&tag=vip&tag=other", []),
        ("waiting=all&priority=3&priority=2", [1]),
        ("waiting=all&due_before=2100-01-01T00:00:00Z", [2]),
        ("view=mine", [2]),
        ("view=unassigned", [1]),
        ("view=breaching", [2]),
        ("view=resolved", [3]),
        ("view=mentions", []),
        ("view=waiting&order=urgency", [2, 1]),
        ("view=all&waiting=false", [3]),
    ],
)
def test_views_and_filters(client: Client, agent: Headers, rows: None, query: str, profiles: list[int]) -> None:
    answer = client.get(f"/api/v1/queue/?{query}", headers=agent)
    assert answer.status_code == 200, answer.content
    assert [row["profile"] for row in answer.json()["results"]] == profiles


def test_row_tells_the_work(client: Client, agent: Headers, rows: None) -> None:
    [row] = client.get("/api/v1/queue/?waiting=all&tag=VIP", headers=agent).json()["results"]
    told = {name: row[name] for name in ("assignee", "priority", "tags", "snoozed_until", "resolved_at", "due_at")}
    assert told == {
        "assignee": None,
        "priority": 3,
        "tags": ["VIP"],
        "snoozed_until": None,
        "resolved_at": None,
        "due_at": None,
    }


def test_name_finds_whoever_was_ever_called_so(client: Client, agent: Headers, rows: None) -> None:
    now = timezone.now()
    Trait.objects.create(
        channel_identity_id=1,
        name="name",
        value="Mira Lind",
        source="x",
        grade="claimed",
        first_seen=now,
        last_seen=now,
    )
    [row] = client.get("/api/v1/queue/?q=mira", headers=agent).json()["results"]
    assert row["profile"] == 1


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("view=nonsense", "view"),
        ("view=all&order=due", "order"),
        ("assignee=him", "assignee"),
        ("priority=9", "priority"),
        ("due_before=soon", "due_before"),
        ("tag=" + "x" * 100, "tag"),
    ],
)
def test_bad_filter_is_named(client: Client, agent: Headers, rows: None, query: str, name: str) -> None:
    answer = client.get(f"/api/v1/queue/?{query}", headers=agent)
    assert (answer.status_code, list(answer.json()["errors"])) == (400, [name])
