"""A story on paper."""

import pytest
from django.test import Client
from django.utils import timezone

from profiles.models import ChannelIdentity
from tests.pages.conftest import Born, Say
from tests.pages.reading_html import entry_ids, words


@pytest.fixture
def mira(born: Born) -> ChannelIdentity:
    return born("Mira Lind", address="4915112345678")


def test_range_is_printed_with_who_and_when(
    pages: Client, mira: ChannelIdentity, say: Say, caplog: pytest.LogCaptureFixture
) -> None:
    before = say(mira, "the day before", minute=-60 * 24)
    first = say(mira, "in the night", minute=-60 * 12)
    last = say(mira, "in the evening", minute=60 * 11.9)
    after = say(mira, "the day after", minute=60 * 12)
    with caplog.at_level("INFO", logger="cxhub.printed"):
        page = pages.get(f"/customers/{mira.pk}/print/?from=2026-11-20&to=2026-11-20")
    assert entry_ids(page) == [first.pk, last.pk]
    assert before.pk < after.pk
    told = words(page)
    assert "Mira Lind WhatsApp +49 1511 2345678 20 November 2026 to 20 November 2026, times in UTC. 2 entries." in told
    assert "Printed by Ana Duarte" in told
    [record] = [one for one in caplog.records if one.name == "cxhub.printed"]
    assert (record.profile, record.count) == (mira.pk, 2)  # type: ignore[attr-defined]


def test_day_on_paper_is_a_date(pages: Client, mira: ChannelIdentity, say: Say) -> None:
    today = say(mira, "Hello", occurred_at=timezone.now())
    page = pages.get(f"/customers/{mira.pk}/print/").content.decode()
    assert f">{today.occurred_at:%A} {today.occurred_at.day} {today.occurred_at:%B %Y}</time></h2>" in page
    assert "Today</time>" not in page


def test_day_is_the_agents(pages: Client, mira: ChannelIdentity, say: Say) -> None:
    say(mira, "noon in Greenwich")
    late = say(mira, "next morning in Tokyo", minute=60 * 4)
    pages.cookies["zone"] = "Asia/Tokyo"
    assert entry_ids(pages.get(f"/customers/{mira.pk}/print/?from=2026-11-21&to=2026-11-21")) == [late.pk]


@pytest.mark.parametrize("asked", ["", "?from=x&to=9999-99-99", "?from=0001-01-01", "?from=2026-12-01&to=2026-11-20"])
def test_odd_range_is_taken_for_the_usual_one(pages: Client, mira: ChannelIdentity, asked: str) -> None:
    assert pages.get(f"/customers/{mira.pk}/print/{asked}").status_code == 200


def test_moved_and_unknown_customers(pages: Client, mira: ChannelIdentity, born: Born) -> None:
    other = born("", profile=mira.profile)
    assert pages.get(f"/customers/{other.pk}/print/")["Location"] == f"/customers/{mira.pk}/print/"
    assert pages.get("/customers/99/print/").status_code == 404
