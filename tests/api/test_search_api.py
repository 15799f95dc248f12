"""`/api/v1/search/`: every way an agent may write what they look for, past and present, and the shape of the answer."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.test import Client

from channels_ingest import pipeline
from profiles.identity.values import Grade, IdentifierKind, SeenIdentifier, Sender
from profiles.merging import merge
from profiles.models import Boundary, ChannelAccount, ChannelIdentity, Role, StaffMember, Trait
from profiles.name_search import index_names
from profiles.operations import Operation
from profiles.resolution import SenderSeen, identify
from profiles.traits import TraitTold, rename, tell
from tests.conftest import Deliver, whatsapp_text

Headers = dict[str, str]
AT = datetime(2026, 3, 1, tzinfo=UTC)
Meet = Callable[..., int]


@pytest.fixture
def agent(token_for: Callable[[Role], Headers]) -> Headers:
    return token_for(Role.AGENT)


@pytest.fixture
def meet(db: None) -> Meet:
    """Makes a sender known by identifiers and a name; returns the profile."""
    line = ChannelAccount.objects.create(provider="generic_signed", channel="sms", name="Line")

    def seen(address: str, *identifiers: tuple[str, str], name: str = "", at: datetime = AT) -> int:
        found = tuple(SeenIdentifier(IdentifierKind(kind), value, "", Grade.PROVED) for kind, value in identifiers)
        sender = Sender(address=address, identifiers=found)
        done = identify([SenderSeen(account_id=line.pk, sender=sender, occurred_at=at, source=address)])
        pk = done.channel_identity_ids[0]
        told = TraitTold(channel_identity_id=pk, name="name", value=name, source="profile", grade="claimed", told_at=at)
        tell([told])
        profile_id = ChannelIdentity.objects.get(pk=pk).profile_id
        rename([profile_id])
        return profile_id

    return seen


def search(client: Client, headers: Headers, asked: str, **more: Any) -> Any:
    answer = client.get("/api/v1/search/", {"q": asked, **more}, headers=headers)
    assert answer.status_code == 200, answer.content
    return answer.json()


def found(client: Client, headers: Headers, asked: str) -> list[int]:
    return [row["profile"] for row in search(client, headers, asked)["customers"]]


@pytest.mark.parametrize(
    "asked",
    [
        "+49 1511 2345678", "0049 1511 2345678", "(0)1511 / 234 56 78", "01511-2345678", "01511.2345678",
        "4915112345678", " 4915112345678", "tel:+4915112345678", "345678", "+4915112", "٠١٥١١٢٣٤٥٦٧٨",
        "Mira@Lindhaus.DE", "mira@lind", "mira", "@lindhaus.de", "K-58", "k-5812", "#K-5812", "DE.7712", "de.77",
        "O-1042", "#O-1042", "o-10", "Mira Lind", "lind mir", "MIRA", "Mirra Lindt", "míra", "Mria",
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_indexed", [True, False])
def test_customer_is_found_by(client: Client, agent: Headers, meet: Meet, asked: str, is_indexed: bool) -> None:
    mira = meet(
        "+4915112345678", ("phone", "+4915112345678"), ("email", "mira@lindhaus.de"), ("customer_id", "K-5812"),
        ("whatsapp_user", "DE.7712"), ("order", "O-1042"), name="Mira Lind",
    )  # fmt: skip
    meet("+4915187654321", ("phone", "+4915187654321"), ("email", "tomas@berg.de"), name="Tomás Berg")
    if is_indexed:
        assert index_names() == 2
    assert found(client, agent, asked) == [mira]


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("Mohammed Al-Farsi", "Muhammad"), ("Katharina Größler", "Katarina Groesler"), ("王小明", "小明"),
        ("王小明", "明"), ("محمد فاطمة", "فاطمه"), ("שרה כהן", "כהן"), ("Łukasz Żak", "lukasz zak"),
        ("Иван Петров", "петр"), ("Micheal Smith", "Michael Smith"), ("ÁLVARO", "alv"), ("김민수", "김민"),
        ("Nguyễn Thị Hoa", "nguyen thi"), ("O'Neill", "oneill"), ("Jean-Pierre", "jean pierre"),
    ],
)  # fmt: skip
def test_name_is_found_by(client: Client, agent: Headers, meet: Meet, name: str, asked: str) -> None:
    one = meet("A1", name=name)
    meet("A2", name="Somebody Else")
    index_names()
    assert found(client, agent, asked) == [one]


def test_closest_name_comes_first(client: Client, agent: Headers, meet: Meet) -> None:
    slip, beginning, whole = (
        meet("A1", name="Anne Bergh"),
        meet("A2", name="Anna Bergmann"),
        meet("A3", name="Anna Berg"),
    )
    index_names()
    assert found(client, agent, "anna berg") == [whole, beginning, slip]


def test_past_number_says_so_and_comes_after_its_holder(client: Client, agent: Headers, meet: Meet) -> None:
    old = meet("+4915112345678", ("phone", "+4915112345678"), name="Old Holder")
    identity = ChannelIdentity.objects.get()
    moved = AT.replace(month=6)
    Boundary.objects.create(
        account=identity.account, address=identity.address, starts_at=moved, source="provider", reason="changed"
    )
    new = meet("+4915112345678", ("phone", "+4915112345678"), name="New Holder", at=moved)
    rows = search(client, agent, "+49 1511 2345678")["customers"]
    assert rows == [
        {"profile": new, "display_name": "New Holder",
         "matched": [{"kind": "phone", "value": "+4915112345678", "is_past": False}]},
        {"profile": old, "display_name": "Old Holder",
         "matched": [{"kind": "phone", "value": "+4915112345678", "is_past": True}]},
    ]  # fmt: skip


def test_merged_customer_is_found_as_the_survivor_by_either_name(client: Client, agent: Headers, meet: Meet) -> None:
    one, other = meet("A1", name="Mira Lind"), meet("A2", name="Kajsa Oberg")
    index_names()
    lead = StaffMember.objects.create_staff("lead@example.com", role=Role.LEAD)
    merge(one, other, actor=lead)
    assert found(client, agent, "kajsa") == found(client, agent, "lind") == found(client, agent, f"#{other}") == [one]


def test_withdrawn_name_finds_nobody(client: Client, agent: Headers, meet: Meet) -> None:
    meet("A1", name="Wrong Person")
    index_names()
    lead = StaffMember.objects.create_staff("lead@example.com", role=Role.LEAD)
    Trait.objects.update(withdrawn_by=Operation.objects.create(verb="withdraw", actor=lead))
    assert found(client, agent, "wrong") == []


def test_answer_has_the_shape_of_the_contract(client: Client, agent: Headers, deliver: Deliver) -> None:
    deliver(whatsapp_text("Where is <b>my parcel</b>?", wamid="w.1"))
    pipeline.drain()
    document = search(client, agent, "parc")
    [hit] = document.pop("entries")
    assert document == {
        "customers": [], "customers_next": None, "entries_next": None, "entries_searched_back_to": None,
        "is_complete": False,
    }  # fmt: skip
    assert hit["snippet"] == [
        {"text": "Where is <b>my ", "is_match": False},
        {"text": "parcel", "is_match": True},
        {"text": "</b>?", "is_match": False},
    ]
    assert hit["entry"]["text"] == "Where is <b>my parcel</b>?"
    assert (hit["profile"], hit["display_name"]) == (hit["entry"]["channel_identity"], "Mira Lind")
    assert hit["url"] == f"/customers/{hit['profile']}/?entry={hit['entry']['id']}"


def test_pages_of_both_lists(client: Client, agent: Headers, meet: Meet, deliver: Deliver) -> None:
    people = {meet(f"A{n}", name=f"Mira Number{n}") for n in range(5)}
    for n in range(5):
        deliver(whatsapp_text(f"for mira {n}", wamid=f"w.{n}"))
    pipeline.drain()
    first = search(client, agent, "mira", limit=4)
    assert (len(first["customers"]), len(first["entries"])) == (4, 4)
    rest = follow(client, agent, first["customers_next"])
    assert rest["entries"] == []
    seen = {row["profile"] for row in first["customers"] + rest["customers"]}
    assert people < seen
    assert len(seen) == 6  # with the sender called Mira Lind
    older = follow(client, agent, first["entries_next"])
    assert older["customers"] == []
    assert [row["entry"]["text"] for row in first["entries"] + older["entries"]] == [
        f"for mira {n}" for n in (4, 3, 2, 1, 0)
    ]


def follow(client: Client, headers: Headers, url: str) -> Any:
    parts = urlsplit(url)
    answer = client.get(f"{parts.path}?{parts.query}", headers=headers)
    assert answer.status_code == 200
    return answer.json()


@pytest.mark.parametrize(
    "asked", ["%", "_", "\\", "'", '"', "a\0b", "\ud800".encode("utf-8", "surrogatepass"), "x" * 5_000, "1" * 400, "☎",
              "--", "' OR 1=1", "+", "@", "#", "#99999999999999999999999", "a:b:*&|!()<->", "\u202e"],
)  # fmt: skip
def test_odd_question_finds_nobody(client: Client, agent: Headers, meet: Meet, asked: Any) -> None:
    meet("A1", ("phone", "+4915112345678"), ("email", "mira@lindhaus.de"), name="Mira Lind")
    assert found(client, agent, asked) == []


@pytest.mark.parametrize("query", [{}, {"q": ""}, {"q": "  "}, {"q": "a", "limit": "0"}, {"q": "a", "before": "x"},
                                   {"q": "a", "after_customer": "x"}])  # fmt: skip
def test_wrong_question_is_a_problem(client: Client, agent: Headers, query: dict[str, str]) -> None:
    answer = client.get("/api/v1/search/", query, headers=agent)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
