"""Subject and copies of a mail: the thread's own, without ourselves."""

import json
from typing import Any

import pytest
from django.test import Client

from channels_ingest.accounts import connect
from channels_ingest.models import OutboxMessage, SavedDraft, SimulatedMessage
from channels_ingest.sending.courier import send_due
from channels_ingest.writing.mail_fields import AddressError, copies_of
from profiles.models import ChannelAccount, ChannelIdentity
from tests.pages.conftest import Born, Say, agent, born, line, pages, say
from tests.pages.test_composer import HTMX, box
from timeline.models import Entry

__all__ = ["agent", "born", "line", "pages", "say"]


@pytest.fixture
def mailbox(db: None) -> ChannelAccount:
    values = {"token": "a1b2c3d4e5f6a7b8c9d0", "authserv_id": "mx.hub.example", "from": "support@hub.example"}
    return connect("email_mime", name="Support", values=values)


@pytest.fixture
def mail(born: Born, say: Say, mailbox: ChannelAccount) -> ChannelIdentity:
    row = born("Mira Lind", account=mailbox, address="mira@customer.example", standing="proved")
    detail = {
        "type": "mail",
        "subject": "Where is my parcel?",
        "to": ["support+t42.k9x@hub.example", "Partner@Other.example"],
        "cc": ["boss@customer.example", "mira@customer.example", "support@hub.example", "not an address"],
        "message_id": "<m1@customer.example>",
    }
    say(row, "Where is it?", detail=detail)
    return row


def answer(pages: Client, row: ChannelIdentity, **fields: Any) -> Any:
    body = {"channel_identity": row.pk, "text": "On its way.", **fields}
    return pages.post(f"/customers/{row.profile_id}/answer/", body, headers=HTMX)


def test_box_offers_the_threads_subject_and_everybody_else_on_it(pages: Client, mail: ChannelIdentity) -> None:
    page = box(pages, mail.profile_id).content.decode()
    assert 'name="subject" value="Re: Where is my parcel?"' in page
    assert 'name="cc" value="Partner@Other.example, boss@customer.example"' in page


def test_re_stands_once(pages: Client, mail: ChannelIdentity, say: Say) -> None:
    say(mail, "again", minute=5, detail={"type": "mail", "subject": "AW: Where is my parcel?", "to": []})
    page = box(pages, mail.profile_id).content.decode()
    assert 'name="subject" value="AW: Where is my parcel?"' in page


def test_mail_waits_and_says_for_how_long(pages: Client, mail: ChannelIdentity, settings: Any) -> None:
    told = answer(pages, mail, subject="Re: Where is my parcel?", cc="boss@customer.example")
    assert told.status_code == 201
    entry = Entry.objects.get(direction="out")
    assert f'action="/messages/{entry.pk}/undo/"' in told.content.decode()
    assert 'data-held="5"' in told.content.decode()
    assert send_due() == 0
    taken = pages.post(f"/messages/{entry.pk}/undo/", {}, headers=HTMX)
    assert (taken.status_code, taken.content.decode()) == (200, str(mail.pk))
    draft = SavedDraft.objects.get()
    assert (draft.text, draft.subject, draft.cc) == (
        "On its way.", "Re: Where is my parcel?", "boss@customer.example",
    )  # fmt: skip
    settings.UNDO_SEND_SECONDS = 0
    assert "data-held" not in answer(pages, mail).content.decode()


@pytest.mark.django_db(transaction=True)
def test_new_thread_answers_nothing(pages: Client, mail: ChannelIdentity, live_server: Any, settings: Any) -> None:
    settings.LOOPBACK_URL = settings.PUBLIC_BASE_URL = live_server.url
    settings.UNDO_SEND_SECONDS = 0
    assert answer(pages, mail, subject="Your invoice", new_thread="1").status_code == 201
    assert answer(pages, mail, subject="Re: Where is my parcel?").status_code == 201
    assert send_due() == 2, list(OutboxMessage.objects.values_list("state", "fault"))
    fresh, reply = [json.dumps(row.extra) + row.subject for row in SimulatedMessage.objects.order_by("id")]
    assert "Your invoice" in fresh
    assert "m1@customer.example" not in fresh
    assert "m1@customer.example" in reply


def test_odd_copy_is_named_and_nothing_is_sent(pages: Client, mail: ChannelIdentity) -> None:
    told = answer(pages, mail, cc="boss@customer.example, bo ss@x")
    assert told.status_code == 422
    assert "bo ss@x is no e-mail address" in told.content.decode()
    assert not OutboxMessage.objects.exists()


def test_copies_are_read_as_people_write_them() -> None:
    typed = 'Boss <boss@x.example>; "A, B" ab@x.example\nBOSS@x.example'
    with pytest.raises(AddressError):
        copies_of(typed)
    assert copies_of("Boss <boss@x.example>; ab@x.example,\nBOSS@x.example") == ("boss@x.example", "ab@x.example")
    with pytest.raises(AddressError):
        copies_of("a@x.example\r\nBcc: evil@x.example")
    with pytest.raises(AddressError, match="50 people"):
        copies_of(",".join(f"a{n}@x.example" for n in range(51)))
