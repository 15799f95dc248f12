"""What colleagues did, and their notes, as the timeline says it."""

from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from profiles.models import StaffMember
from tests.pages.conftest import Born, Say
from tests.pages.reading_html import row_ids, words
from timeline.showing.work_lines import WORK, work_line
from timeline.work import verbs

BY = {"by": "Ana", "actor": 1}
SAID = [
    ({"type": "assigned", "to": 2, "to_name": "Ben"}, "Ana gave this customer to Ben", ""),
    ({"type": "assigned", "to": 1, "to_name": "Ana"}, "Ana took this customer", ""),
    (
        {"type": "assigned", "to": 1, "to_name": "Ana", "by_typing": True},
        "Ana took this customer by starting an answer",
        "",
    ),
    ({"type": "unassigned", "reason": "on leave"}, "Ana gave this customer back: nobody has them", "on leave"),
    ({"type": "resolved"}, "Ana resolved this", ""),
    ({"type": "reopened"}, "Ana reopened this", ""),
    (
        {"type": "snoozed", "until": "2026-11-23T08:00:00+00:00"},
        "Ana put this off until Monday 23 November 2026, 09:00",
        "",
    ),
    ({"type": "woken"}, "Ana brought this back before its time", ""),
    ({"type": "priority", "priority": 3}, "Ana set the priority to urgent", ""),
    ({"type": "priority", "priority": 0}, "Ana set no priority any more", ""),
    ({"type": "tagged", "tag": "VIP"}, "Ana added the tag VIP", ""),
    ({"type": "untagged", "tag": "שלום"}, "Ana took the tag \u2068שלום\u2069 away", ""),
    (
        {"type": "promised", "on": "2026-12-03", "text": "Refund"},
        "Ana promised by Thursday 3 December 2026",
        "Refund",
    ),
    (
        {"type": "kept", "entry": 7, "on": "2026-12-03", "text": "Refund"},
        "Ana kept what was promised by Thursday 3 December 2026",
        "Refund",
    ),
    ({"type": "pinned", "entry": 7}, "Ana pinned an entry", ""),
    ({"type": "unpinned", "entry": 7}, "Ana unpinned an entry", ""),
    # What another release or a mishap wrote is shown as far as it goes.
    ({"type": "snoozed", "until": ["x"]}, "Ana put this off until ", ""),
    ({"type": "priority", "priority": [9]}, "Ana set the priority to [9]", ""),
    ({"type": "promised", "on": "soon"}, "Ana promised by soon", ""),
]


@pytest.mark.parametrize(("detail", "title", "reason"), SAID, ids=[str(case[0]) for case in SAID])
def test_each_deed_is_said_in_words(detail: dict[str, object], title: str, reason: str) -> None:
    with timezone.override(ZoneInfo("Europe/Berlin")):
        found = work_line(detail | BY)
    assert found is not None
    assert found[1:] == (title, reason)


def test_work_stands_on_the_timeline(pages: Client, born: Born, say: Say, agent: StaffMember) -> None:
    mira = born("Mira Lind")
    say(mira, "Where is it?")
    verbs.promise(mira.pk, timezone.localdate() + timedelta(days=1), text="Call <b>back</b>", actor=agent)
    verbs.assign(mira.pk, agent, actor=agent)
    verbs.snooze(mira.pk, timezone.now() + timedelta(days=1), actor=agent)
    shown = words(pages.get(f"/inbox/all/{mira.pk}/"))
    assert "Ana Duarte took this customer" in shown
    assert "Ana Duarte promised by" in shown
    assert "Call <b>back</b>" in shown


def test_note_says_that_only_the_team_reads_it(pages: Client, born: Born, say: Say, agent: StaffMember) -> None:
    ben = StaffMember.objects.create_staff("ben@example.com", name="Ben")
    adler = StaffMember.objects.create_staff("adler@example.com", name="Ben Adler")
    mira = born("Mira Lind")
    say(mira, "Where is it?")
    text = "@Ben Adler please look <script>alert(1)</script>"
    verbs.write_note(mira.pk, text, actor=agent, mentions=[ben.pk, adler.pk])
    page = pages.get(f"/inbox/all/{mira.pk}/")
    html = page.content.decode()
    assert "Note, only your team Ana Duarte" in words(page)
    assert '<strong class="mention"><bdi>@Ben Adler</bdi></strong> please look &lt;script&gt;' in html
    assert '<p class="marks"><strong class="mention"><bdi>@Ben</bdi></strong></p>' in html


def test_every_icon_of_work_is_in_the_sprite() -> None:
    sprite = Path("templates/static/i.svg").read_text()
    assert [icon for icon, _ in WORK.values() if f'id="{icon}"' not in sprite] == []


def test_customer_who_never_wrote_stands_in_the_queue_once_a_colleague_has_them(
    pages: Client, born: Born, agent: StaffMember
) -> None:
    mira, tomas = born("Mira Lind"), born("Tomas Lind")
    verbs.assign(mira.pk, agent, actor=agent)
    verbs.write_note(tomas.pk, "Met at the fair", actor=agent)
    assert row_ids(pages.get("/inbox/all/")) == [mira.pk]
    page = pages.get(f"/inbox/all/{mira.pk}/")
    assert "Ana Duarte took this customer" in words(page)
