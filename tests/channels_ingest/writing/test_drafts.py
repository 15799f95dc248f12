"""Drafts on the server: one for each author and address, following the customer, gone when sent, shown to nobody."""

import json
from datetime import timedelta
from typing import Any

import pytest
import redis
from django.test import Client
from django.utils import timezone

from channels_ingest.models import OutboxMessage, SavedDraft
from channels_ingest.writing import drafts
from channels_ingest.writing.drafts import Words
from profiles.merging import merge, unmerge
from profiles.models import ChannelAccount, ChannelIdentity, Role, StaffMember
from tests.pages.conftest import Born, Say, agent, born, line, pages, say
from tests.pages.reading_html import words
from tests.pages.test_composer import HTMX, box, mira, whatsapp
from timeline.models import QueueRow
from timeline.nudges import CHAT_CHANNEL

__all__ = ["agent", "born", "line", "mira", "pages", "say", "whatsapp"]


def post_draft(pages: Client, row: ChannelIdentity, text: str, **more: Any) -> Any:
    fields = {"channel_identity": row.pk, "text": text, **more}
    return pages.post(f"/customers/{row.profile_id}/draft/", fields, headers=HTMX)


def test_draft_is_there_again_on_any_machine_and_only_for_its_author(
    pages: Client, mira: ChannelIdentity, client: Client
) -> None:
    assert post_draft(pages, mira, "On its <b>way</b> 😀 שלום").status_code == 204
    assert "On its &lt;b&gt;way&lt;/b&gt; 😀 שלום</textarea>" in box(pages, mira.profile_id).content.decode()
    other = Client()
    other.force_login(StaffMember.objects.create_staff("nora@example.com", role=Role.AGENT, name="Nora Holm"))
    assert "On its" not in box(other, mira.profile_id).content.decode()


def test_empty_draft_is_none(pages: Client, mira: ChannelIdentity) -> None:
    post_draft(pages, mira, "On its way")
    post_draft(pages, mira, "  \n")
    assert not SavedDraft.objects.exists()


def test_draft_of_a_closed_address_stays_and_the_box_opens_there(
    pages: Client, mira: ChannelIdentity, born: Born, say: Say
) -> None:
    chat = born("Mira Lind", account=ChannelAccount.objects.create(provider="webchat", channel="chat", name="Shop"),
                profile=mira.profile, address="visitor-1")  # fmt: skip
    say(chat, "Hello?", minute=5)
    post_draft(pages, mira, "half an answer")
    page = box(pages, mira.profile_id).content.decode()
    assert f'data-home="{mira.pk}"' in page
    assert "half an answer" in page


def test_text_taken_along_leaves_no_second_draft(pages: Client, mira: ChannelIdentity, born: Born) -> None:
    other = born("Mira Lind", account=mira.account, profile=mira.profile, address="15550100002")
    post_draft(pages, mira, "half")
    post_draft(pages, other, "half", moved_from=mira.pk)
    assert list(SavedDraft.objects.values_list("channel_identity", "text")) == [(other.pk, "half")]


def test_draft_follows_its_address_through_merge_and_unmerge(
    pages: Client, mira: ChannelIdentity, born: Born, say: Say, agent: StaffMember
) -> None:
    lead = StaffMember.objects.create_staff("lead@example.com", role=Role.LEAD)
    twin = born("M. Lind", account=mira.account, address="15550100009")
    say(twin, "me too")
    post_draft(pages, twin, "for the twin")
    merge(mira.profile_id, twin.profile_id, actor=lead, reason="same")
    twin.refresh_from_db()
    assert twin.profile_id == mira.profile_id
    assert "for the twin" in box(pages, mira.profile_id).content.decode()
    unmerge(mira.profile_id, [twin.pk], actor=lead, reason="not the same")
    twin.refresh_from_db()
    assert "for the twin" in box(pages, twin.profile_id).content.decode()
    assert "for the twin" not in box(pages, mira.profile_id).content.decode()


def test_draft_saved_from_a_page_that_knows_nothing_of_the_merge_is_kept(
    pages: Client, mira: ChannelIdentity, born: Born, say: Say, agent: StaffMember
) -> None:
    twin = born("M. Lind", account=mira.account, address="15550100009")
    say(twin, "me too")
    left = twin.profile_id
    merge(mira.profile_id, left, actor=StaffMember.objects.create_staff("lead@example.com", role=Role.LEAD))
    fields = {"channel_identity": twin.pk, "text": "for the twin"}
    assert pages.post(f"/customers/{left}/draft/", fields, headers=HTMX).status_code == 204
    assert "for the twin" in box(pages, mira.profile_id).content.decode()
    assert QueueRow.objects.get(profile_id=mira.profile_id).assignee == agent


def test_sent_draft_is_gone_and_a_save_under_way_brings_nothing_back(pages: Client, mira: ChannelIdentity) -> None:
    post_draft(pages, mira, "On its way", key="k1")
    fields = {"channel_identity": mira.pk, "text": "On its way", "key": "k1"}
    assert pages.post(f"/customers/{mira.profile_id}/answer/", fields, headers=HTMX).status_code == 201
    assert not SavedDraft.objects.exists()
    post_draft(pages, mira, "On its way", key="k1")
    assert not SavedDraft.objects.exists()
    assert OutboxMessage.objects.count() == 1


def test_draft_of_another_customers_address_is_refused(pages: Client, mira: ChannelIdentity, born: Born) -> None:
    other = born("Somebody", address="15550100077")
    fields = {"channel_identity": other.pk, "text": "x"}
    assert pages.post(f"/customers/{mira.profile_id}/draft/", fields, headers=HTMX).status_code == 404
    assert not SavedDraft.objects.exists()


@pytest.mark.parametrize("length", [drafts.LONGEST + 1, 5_000_000])
def test_draft_has_a_size(pages: Client, mira: ChannelIdentity, length: int) -> None:
    assert post_draft(pages, mira, "x" * length).status_code in (400, 413, 422)
    assert not SavedDraft.objects.exists()


def test_old_drafts_are_forgotten(mira: ChannelIdentity, agent: StaffMember) -> None:
    drafts.save(agent, mira.pk, Words(text="old"), is_note=True)
    drafts.save(agent, mira.pk, Words(text="new"), is_note=False)
    SavedDraft.objects.filter(is_note=True).update(saved_at=timezone.now() - timedelta(days=31))
    assert drafts.forget_old() == 1
    assert SavedDraft.objects.get().text == "new"


def test_text_of_a_draft_stands_in_no_log(
    pages: Client, mira: ChannelIdentity, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("DEBUG"):
        post_draft(pages, mira, "kettle violet")
        post_draft(pages, mira, "kettle violet", channel_identity="x")
    assert "violet" not in caplog.text


def test_box_without_javascript_keeps_its_draft_too(pages: Client, mira: ChannelIdentity) -> None:
    post_draft(pages, mira, "half an answer")
    assert "half an answer" in words(pages.get(f"/customers/{mira.profile_id}/composer/"))


def test_visitor_of_the_chat_sees_who_writes_and_never_a_mailbox(
    pages: Client, born: Born, say: Say, agent: StaffMember, settings: Any
) -> None:
    shop = ChannelAccount.objects.create(provider="webchat", channel="chat", name="Shop")
    row = born("Mira", account=shop, address="visitor-1")
    say(row, "hi")
    listener = redis.Redis.from_url(settings.REDIS_URL).pubsub()
    listener.subscribe(CHAT_CHANNEL)
    assert listener.get_message(timeout=10)
    try:
        post_draft(pages, row, "I am loo")
        StaffMember.objects.filter(pk=agent.pk).update(name="")
        post_draft(pages, row, "I am looking")
        pages.post(f"/customers/{row.profile_id}/draft/", {"channel_identity": row.pk, "text": "x", "note": "1"})
        heard = []
        while message := listener.get_message(timeout=0.5):
            told = json.loads(message["data"])
            if told.get("visitor") == "visitor-1":
                heard.append((told["type"], told["agent"]))
    finally:
        listener.close()
    assert heard == [("typing", "Ana Duarte"), ("typing", "")]
