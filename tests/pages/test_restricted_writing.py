"""Who may not read a line writes nothing on it, sends nothing of it on, and destroys nothing there."""

from io import BytesIO
from typing import Any

import pytest
from django.test import Client

from channels_ingest.accounts import connect
from channels_ingest.models import OutboxMessage
from channels_ingest.writing.models import MessageTemplate
from channels_ingest.writing.uploads import take
from profiles.models import ChannelAccount, ChannelIdentity, StaffMember
from profiles.reading_rights import open_to_all, restrict
from tests.pages.conftest import Born, Say
from tests.pages.reading_html import words
from tests.pages.test_composer import HTMX, mira, whatsapp
from timeline.models import Entry
from timeline.search import index
from timeline.search.within import MOST_HITS

__all__ = ["mira", "whatsapp"]

SECRET = "zebra"
PDF = b"%PDF-1.7 paper"


@pytest.fixture(autouse=True)
def _storage(settings: Any, tmp_path: Any) -> None:
    media = settings.STORAGES["media"]
    settings.STORAGES = {
        **settings.STORAGES,
        "media": {**media, "OPTIONS": {**media["OPTIONS"], "location": str(tmp_path / "media")}},
    }


@pytest.fixture
def billing(db: None) -> ChannelAccount:
    account = connect("whatsapp_cloud", name="Billing", values={"app_secret": "s", "verify_token": "v"})
    restrict(account, [])
    return account


@pytest.fixture
def there(mira: ChannelIdentity, billing: ChannelAccount, born: Born) -> ChannelIdentity:
    """Mira's address on the restricted line."""
    return born("", account=billing, profile=mira.profile, address=mira.address)


@pytest.fixture
def failed(there: ChannelIdentity, say: Say, agent: StaffMember) -> Entry:
    """What a colleague sent there, with a file, and what failed."""
    upload = take(BytesIO(PDF), name=f"{SECRET}.pdf", declared_type="", size=len(PDF), author=agent)
    detail = {"type": "document", "subject": SECRET, "attachments": [{"name": f"{SECRET}.pdf", "state": "stored"}]}
    entry = say(there, f"{SECRET} bill", direction="out", delivery="failed", detail=detail)
    OutboxMessage.objects.create(
        entry=entry,
        account=there.account,
        channel_identity=there,
        author=agent,
        state="failed",
        words={"uploads": [str(upload.pk)]},
    )
    return entry


def test_what_failed_there_is_not_sent_on_from_an_open_line(
    pages: Client, mira: ChannelIdentity, failed: Entry
) -> None:
    answers = [
        pages.post(f"/messages/{failed.pk}/again/", {"channel_identity": mira.pk}, headers=HTMX),
        pages.post(
            f"/api/v1/messages/{failed.pk}/retry/", {"channel_identity": mira.pk}, content_type="application/json"
        ),
    ]
    assert [answer.status_code for answer in answers] == [422, 422]
    assert OutboxMessage.objects.count() == 1


def test_answer_in_its_place_does_not_destroy_what_failed(pages: Client, mira: ChannelIdentity, failed: Entry) -> None:
    before = Entry.objects.values("text", "detail", "original").get(pk=failed.pk)
    body = {"channel_identity": mira.pk, "text": "Hello", "replaces": failed.pk}
    assert pages.post(f"/customers/{mira.profile_id}/answer/", body, headers=HTMX).status_code == 422
    assert Entry.objects.values("text", "detail", "original").get(pk=failed.pk) == before


def test_message_of_a_line_closed_meanwhile_is_not_taken_back_empty(
    pages: Client, mira: ChannelIdentity, whatsapp: ChannelAccount
) -> None:
    body = {"channel_identity": mira.pk, "text": "On its way"}
    assert pages.post(f"/customers/{mira.profile_id}/answer/", body, headers=HTMX).status_code == 201
    sent = Entry.objects.get(direction="out")
    restrict(whatsapp, [])
    assert pages.post(f"/messages/{sent.pk}/undo/", headers=HTMX).status_code == 409
    open_to_all(whatsapp)
    assert Entry.objects.get(pk=sent.pk).text == "On its way"


def test_note_is_not_written_where_its_author_could_not_read_it(
    pages: Client, mira: ChannelIdentity, there: ChannelIdentity
) -> None:
    answer = pages.post(
        f"/customers/{mira.profile_id}/note/", {"channel_identity": there.pk, "text": "Remember"}, headers=HTMX
    )
    assert answer.status_code == 422
    assert "The line Billing is restricted to named colleagues." in words(answer)
    body = {"do": "note", "channel_identity": there.pk, "text": "Remember"}
    answer = pages.post(f"/api/v1/profiles/{mira.profile_id}/work/", body, content_type="application/json")
    assert answer.status_code == 422
    assert not Entry.objects.filter(kind="note").exists()


def test_note_written_before_is_not_taken_back_empty(
    pages: Client, mira: ChannelIdentity, whatsapp: ChannelAccount
) -> None:
    body = {"channel_identity": mira.pk, "text": "Remember"}
    assert pages.post(f"/customers/{mira.profile_id}/note/", body, headers=HTMX).status_code == 201
    note = Entry.objects.get(kind="note")
    restrict(whatsapp, [])
    assert pages.post(f"/notes/{note.pk}/undo/", headers=HTMX).status_code == 409
    open_to_all(whatsapp)
    assert Entry.objects.get(pk=note.pk).text == "Remember"


def test_templates_of_the_line_are_its_own(pages: Client, there: ChannelIdentity) -> None:
    body = [{"type": "BODY", "text": SECRET}]
    row = MessageTemplate.objects.create(account=there.account, name=SECRET, language="en", components=body)
    for path in ("", f"{row.pk}/"):
        assert pages.get(f"/addresses/{there.pk}/templates/{path}", headers=HTMX).status_code == 404


def test_message_nobody_here_may_read_is_judged_by_who_may(pages: Client, there: ChannelIdentity, say: Say) -> None:
    entry = say(there, SECRET)
    assert pages.get(f"/entries/{entry.pk}/spam/").status_code == 404
    assert pages.post(f"/entries/{entry.pk}/spam/", {"reason": "because"}).status_code == 404
    assert Entry.objects.get(pk=entry.pk).set_aside == ""


def test_address_there_is_blocked_and_let_in_by_who_reads_the_line(
    pages: Client, mira: ChannelIdentity, there: ChannelIdentity, say: Say
) -> None:
    entry = say(there, SECRET)
    side = words(pages.get(f"/customers/{mira.profile_id}/reach/", headers=HTMX))
    api = f"/api/v1/profiles/{mira.profile_id}"
    answers = [
        pages.post(f"/addresses/{there.pk}/block/", {"reason": "insults"}),
        pages.post(f"{api}/block/", {"channel_identities": [there.pk]}, content_type="application/json"),
        pages.post(f"/api/v1/messages/{entry.pk}/spam/", {"is_spam": True}, content_type="application/json"),
    ]
    assert [answer.status_code for answer in answers] == [403, 403, 404]
    assert "The line Billing is restricted to named colleagues." in words(answers[0])
    assert side.count("Block …") == 1
    pages.post(f"/addresses/{mira.pk}/block/", {"reason": "insults", "everywhere": "on"})
    assert blocked() == {mira.pk}
    ChannelIdentity.objects.filter(pk=there.pk).update(blocked_at=entry.occurred_at)
    assert pages.post(f"/addresses/{there.pk}/unblock/", {"reason": "sorry"}).status_code == 403
    assert pages.post(f"{api}/unblock/", {}, content_type="application/json").json() == {"changed": True}
    assert blocked() == {there.pk}


def blocked() -> set[int]:
    return set(ChannelIdentity.objects.exclude(blocked_at=None).values_list("id", flat=True))


def test_search_finds_what_lies_behind_a_restricted_line(
    pages: Client, mira: ChannelIdentity, there: ChannelIdentity, say: Say
) -> None:
    """And says nothing of how often the restricted line has the word."""
    say(mira, f"the {SECRET} of the zoo")
    rows = [
        Entry(channel_identity=there, account=there.account, kind="message", direction="in", text=SECRET,
              occurred_at=mira.last_inbound_at)
        for _ in range(MOST_HITS + 50)
    ]  # fmt: skip
    Entry.objects.bulk_create(rows)
    while index.step():
        pass
    found = pages.get(f"/api/v1/search/?q={SECRET}&limit=5").json()
    assert (len(found["entries"]), found["entries_next"]) == (1, None)
    assert "of the zoo" in words(pages.get(f"/search/?q={SECRET}"))
    within = pages.get(f"/customers/{mira.profile_id}/find/?find={SECRET}")
    assert "of the zoo" in words(within)
