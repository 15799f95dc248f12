"""Mails as big as a stranger likes: a story stays as small as its bounds, and the rest of each is a click away."""

import pytest
from django.test import Client

from profiles.models import Channel, ChannelAccount, ChannelIdentity
from profiles.reading_rights import restrict
from tests.pages.conftest import Born, Say
from tests.pages.reading_html import words
from timeline.models import Entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def mira(born: Born) -> ChannelIdentity:
    mailbox = ChannelAccount.objects.create(provider="email_mime", channel=Channel.EMAIL, name="Support")
    return born("Mira", account=mailbox, address="mira@example.com")


def story(pages: Client, customer: ChannelIdentity) -> str:
    return pages.get(f"/inbox/all/{customer.profile_id}/").content.decode()


def test_story_of_endless_texts_is_bounded_and_each_is_whole_on_its_own_page(
    pages: Client, mira: ChannelIdentity, say: Say
) -> None:
    small = len(story(pages, mira))
    text = "".join(f"line {number}\n" for number in range(25_000))
    repeats = "Hello\n\nOn Apr 3, 2012, at 4:19 PM, bob wrote:\n" + "> x\n" * 2_900 + "> " + "y" * 250_000
    for minute in range(5):
        entry = say(mira, text, minute=minute, detail={"type": "mail"})
        say(mira, repeats, minute=minute + 10, detail={"type": "mail"})
        say(mira, "z" * 60_000, minute=minute + 20)
    page = story(pages, mira)
    assert len(page) - small < 15 * 32_000
    assert page.count("Only the beginning is here.") == 15
    assert "line 1500\n" in page
    assert "line 2500\n" not in page
    address = f"/entries/{entry.pk}/whole/"
    assert f'href="{address}"' in page
    whole = pages.get(address).content.decode()
    assert text in whole
    assert f"?entry={entry.pk}#e-{entry.pk}" in whole


def test_whole_text_is_kept_from_whom_the_line_is(pages: Client, mira: ChannelIdentity, say: Say) -> None:
    entry = say(mira, "secret")
    assert pages.get(f"/entries/{entry.pk}/whole/").status_code == 200
    restrict(mira.account, [])
    assert pages.get(f"/entries/{entry.pk}/whole/").status_code == 404
    assert pages.get(f"/entries/{entry.pk + 1}/whole/").status_code == 404


def test_endless_subject_copies_and_files_take_little_room(pages: Client, mira: ChannelIdentity, say: Say) -> None:
    copies = [f"p{number}@crowd.example" for number in range(100)]
    files = [{"type": "document", "name": f"file {number}.pdf", "state": "gone"} for number in range(100)]
    say(mira, "Hello", detail={"type": "mail", "subject": "S" * 1_000, "cc": copies, "attachments": files})
    page = story(pages, mira)
    said = words(pages.get(f"/inbox/all/{mira.profile_id}/"))
    assert "S" * 299 + "…" in page
    assert "Copies to 100 addresses" in said
    assert "Show 88 more files" in said
    assert page.index("file 11.pdf") < page.index("Show 88 more files") < page.index("file 12.pdf")
    Entry.objects.all().delete()
    say(mira, "Hello", detail={"type": "mail", "cc": copies[:8], "attachments": files[:12]})
    said = words(pages.get(f"/inbox/all/{mira.profile_id}/"))
    assert "Copy to p0@crowd.example, p1@crowd.example" in said
    assert "more file" not in said
