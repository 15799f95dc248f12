"""Notes in the box: for colleagues, once however often they are posted, taken back while nobody relies on them."""

from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from channels_ingest.models import OutboxMessage, SavedDraft
from profiles.models import ChannelIdentity, Role, StaffMember
from tests.pages.conftest import Born, agent, born, line, pages, say
from tests.pages.reading_html import words
from tests.pages.test_composer import HTMX, box, mira, whatsapp
from timeline.models import Entry, QueueRow

__all__ = ["agent", "born", "line", "mira", "pages", "say", "whatsapp"]


def write(pages: Client, row: ChannelIdentity, text: str, **more: Any) -> Any:
    fields = {"channel_identity": row.pk, "text": text, "key": "k1", **more}
    return pages.post(f"/customers/{row.profile_id}/note/", fields, headers=HTMX)


def test_note_stands_on_the_timeline_and_goes_to_nobody(
    pages: Client, mira: ChannelIdentity, agent: StaffMember
) -> None:
    nora = StaffMember.objects.create_staff("nora@example.com", role=Role.AGENT, name="Nora Holm")
    waited = QueueRow.objects.get().waiting_since
    told = write(pages, mira, "@nora holm: she called twice")
    assert told.status_code == 201
    assert "she called twice" in words(told)
    note = Entry.objects.get(kind="note")
    assert (note.channel_identity_id, note.detail["mentions"], note.detail["by"]) == (mira.pk, [nora.pk], "Ana Duarte")
    assert not OutboxMessage.objects.exists()
    assert QueueRow.objects.get().waiting_since == waited


def test_box_for_a_note_says_so_in_label_and_button(pages: Client, mira: ChannelIdentity) -> None:
    page = pages.get(f"/customers/{mira.profile_id}/composer/", {"note": "1"}, headers=HTMX)
    assert "Add note" in words(page)
    assert "Send on" not in words(page)
    assert f'action="/customers/{mira.profile_id}/note/"' in page.content.decode()


def test_double_click_is_one_note(pages: Client, mira: ChannelIdentity) -> None:
    assert write(pages, mira, "once").status_code == 201
    assert write(pages, mira, "once").status_code == 201
    assert Entry.objects.filter(kind="note").count() == 1


def test_note_is_taken_back_within_a_minute_by_its_author_alone(pages: Client, mira: ChannelIdentity) -> None:
    write(pages, mira, "wrong customer")
    note = Entry.objects.get(kind="note")
    other = Client()
    other.force_login(StaffMember.objects.create_staff("nora@example.com", role=Role.AGENT, name="Nora Holm"))
    assert other.post(f"/notes/{note.pk}/undo/", {}, headers=HTMX).status_code == 409
    taken = pages.post(f"/notes/{note.pk}/undo/", {}, headers=HTMX)
    assert (taken.status_code, taken.content.decode()) == (200, str(mira.pk))
    assert not Entry.objects.filter(kind="note").exists()
    draft = SavedDraft.objects.get()
    assert (draft.text, draft.is_note) == ("wrong customer", True)
    assert write(pages, mira, "wrong customer").status_code == 422
    assert not Entry.objects.filter(kind="note").exists()


def test_note_that_others_may_have_read_stays(pages: Client, mira: ChannelIdentity) -> None:
    write(pages, mira, "old")
    note = Entry.objects.get(kind="note")
    Entry.objects.filter(pk=note.pk).update(recorded_at=timezone.now() - timedelta(minutes=2))
    assert pages.post(f"/notes/{note.pk}/undo/", {}, headers=HTMX).status_code == 409
    assert Entry.objects.filter(kind="note").exists()


def test_draft_of_a_note_is_no_draft_of_an_answer(pages: Client, mira: ChannelIdentity) -> None:
    fields = {"channel_identity": mira.pk, "text": "she is angry", "note": "1"}
    pages.post(f"/customers/{mira.profile_id}/draft/", fields, headers=HTMX)
    assert "she is angry" not in box(pages, mira.profile_id).content.decode()
    page = pages.get(f"/customers/{mira.profile_id}/composer/", {"note": "1"}, headers=HTMX)
    assert "she is angry</textarea>" in page.content.decode()


def test_empty_note_and_another_customers_address_are_refused(pages: Client, mira: ChannelIdentity, born: Born) -> None:
    assert write(pages, mira, "  ").status_code == 422
    other = born("Somebody", address="15550100077")
    assert write(pages, mira, "x", channel_identity=other.pk).status_code == 422
    assert not Entry.objects.filter(kind="note").exists()


def test_first_keystroke_takes_the_customer_and_a_note_does_not(
    pages: Client, mira: ChannelIdentity, agent: StaffMember
) -> None:
    fields = {"channel_identity": mira.pk, "text": "she is angry", "note": "1"}
    pages.post(f"/customers/{mira.profile_id}/draft/", fields, headers=HTMX)
    assert QueueRow.objects.get().assignee is None
    pages.post(f"/customers/{mira.profile_id}/draft/", {"channel_identity": mira.pk, "text": "H"}, headers=HTMX)
    assert QueueRow.objects.get().assignee == agent
    for _ in range(3):
        pages.post(f"/customers/{mira.profile_id}/draft/", {"channel_identity": mira.pk, "text": "He"}, headers=HTMX)
    assert Entry.objects.filter(kind="work").count() == 1


def test_colleagues_are_offered_by_any_word_of_their_name(pages: Client, agent: StaffMember) -> None:
    StaffMember.objects.create_staff("nora@example.com", role=Role.AGENT, name="Nora Holm")
    StaffMember.objects.create_staff("shop@example.com", role=Role.INGEST, name="Holm shop")
    gone = StaffMember.objects.create_staff("gone@example.com", role=Role.AGENT, name="Holmgren")
    StaffMember.objects.filter(pk=gone.pk).update(is_active=False)
    told = words(pages.get("/colleagues/", {"q": "hol"}, headers=HTMX))
    assert "Nora Holm" in told
    assert "Holm shop" not in told
    assert "Holmgren" not in told
