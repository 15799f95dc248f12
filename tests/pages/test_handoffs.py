"""Where a customer changes channel, in words: on the timeline and above the reply box."""

from datetime import timedelta

import pytest
from django.test import Client

from profiles.models import ChannelAccount, ChannelIdentity, Identifier, Role, Sighting, StaffMember
from profiles.ties import Tie, ties_between
from tests.pages.conftest import NOON, Born, Say
from tests.pages.reading_html import words


@pytest.fixture
def chat(db: None) -> ChannelAccount:
    return ChannelAccount.objects.create(provider="webchat", channel="chat", name="Site")


@pytest.fixture
def visitor(born: Born, chat: ChannelAccount) -> ChannelIdentity:
    return born("Mira Lind", account=chat, address="visitor-1")


@pytest.fixture
def mira(born: Born, visitor: ChannelIdentity) -> ChannelIdentity:
    """Her phone, on the same profile."""
    return born("", profile=visitor.profile, address="4915112345678")


def see(identity: ChannelIdentity, grade: str, kind: str = "phone", value: str = "+4915112345678") -> None:
    identifier, _ = Identifier.objects.get_or_create(kind=kind, scope="", value=value, join_key=value)
    Sighting.objects.create(
        identifier=identifier, channel_identity=identity, grade=grade, source="s", occurred_at=NOON - timedelta(days=1)
    )


def test_handoff_stands_at_the_switch_and_above_the_reply_box(
    pages: Client, visitor: ChannelIdentity, mira: ChannelIdentity, say: Say
) -> None:
    see(mira, "proved")
    see(visitor, "proved")
    say(visitor, "Where is my order?")
    asked = say(mira, "Hello?", minute=4)
    page = pages.get(f"/inbox/all/{visitor.pk}/")
    told = (
        "Continued on WhatsApp , 4 min after Web chat . Last unanswered: Where is my order?"
        " Same person: Phone +49 1511 2345678, verified in Web chat."
    )
    assert words(page).count(told) == 2
    html = page.content.decode()
    assert f'data-reply-on="{mira.pk}"' in html.partition('id="handoff"')[2]
    assert f'data-reply-on="{visitor.pk}"' in html
    assert "Not the same person" not in words(page)
    say(mira, "It is on its way", minute=9, direction="out", delivery="sent")
    assert words(pages.get(f"/inbox/all/{visitor.pk}/")).count(told) == 1
    since = pages.get(f"/customers/{visitor.pk}/since/?after=1:1:", headers={"HX-Request": "true"})
    assert f'id="e-{asked.pk}"' in since.content.decode()
    assert words(since).count("Continued on WhatsApp") == 1


def test_lead_may_say_that_it_is_somebody_else(
    client: Client, visitor: ChannelIdentity, mira: ChannelIdentity, say: Say
) -> None:
    client.force_login(StaffMember.objects.create_staff("lea@example.com", role=Role.LEAD, password="x" * 20))
    say(visitor, "Where is my order?")
    say(mira, "Hello?", minute=4)
    html = client.get(f"/inbox/all/{visitor.pk}/").content.decode()
    assert f'href="/customers/{visitor.pk}/separate/">Not the same person' in html


def test_first_message_of_an_older_page_knows_what_was_before_it(
    pages: Client, visitor: ChannelIdentity, mira: ChannelIdentity, say: Say
) -> None:
    say(visitor, "Where is my order?")
    first = say(mira, "Hello?", minute=4)
    later = [say(mira, f"Hello? {number}", minute=5 + number) for number in range(60)]
    page = pages.get(f"/customers/{visitor.pk}/older/?from={later[0].pk}", headers={"HX-Request": "true"})
    assert words(page).count("Continued on WhatsApp") == 1
    cut = pages.get(f"/customers/{visitor.pk}/newer/?from={first.pk - 1}", headers={"HX-Request": "true"})
    assert words(cut).count("Continued on WhatsApp") == 1
    whole = pages.get(f"/inbox/all/{visitor.pk}/").content.decode()
    assert "Continued on" in whole.partition('id="handoff"')[2]


def test_strongest_direct_tie_is_told(visitor: ChannelIdentity, mira: ChannelIdentity) -> None:
    pair = (visitor.pk, mira.pk)
    assert ties_between([pair]) == {}
    see(visitor, "claimed")
    see(mira, "proved")
    assert ties_between([pair]) == {}
    see(visitor, "weak")
    assert ties_between([pair]) == {pair: Tie("phone", "+4915112345678", ("weak", "proved"))}
    for identity in (visitor, mira):
        see(identity, "proved", "customer_id", "42")
    assert ties_between([pair]) == {pair: Tie("customer_id", "42", ("proved", "proved"))}
