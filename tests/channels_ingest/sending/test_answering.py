"""Who may answer, on which address, with what, and what a second one who answers is told."""

import time
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from channels_ingest import pipeline
from channels_ingest.accounts import add_secret
from channels_ingest.models import IntakeCount, OutboxMessage
from profiles.merging import merge, unmerge
from profiles.models import ChannelAccount, ChannelIdentity, ConsentEvent, Role, StaffMember
from tests.channels_ingest.sending.conftest import CUSTOMER, Answer, bearer, the_answer
from tests.conftest import Deliver, whatsapp_text
from timeline.models import Entry

DAY = 24 * 60 * 60


def closed(told: Any) -> str:
    assert told.status_code == 422, told.content
    assert told["Content-Type"] == "application/problem+json"
    assert told.json()["detail"]
    assert not OutboxMessage.objects.exists()
    assert not Entry.objects.filter(direction="out").exists()
    return str(told.json()["code"])


def newest(profile_id: int) -> int:
    return Entry.objects.filter(channel_identity__profile_id=profile_id).latest("id").pk


def test_ingest_token_may_not_answer(client: Client, mira: ChannelIdentity, nora: StaffMember) -> None:
    told = client.post(
        f"/api/v1/profiles/{mira.profile_id}/messages/",
        {"channel_identity": mira.pk, "text": "Hello"},
        content_type="application/json",
        headers=bearer(nora, Role.INGEST),
    )
    assert told.status_code == 403
    assert not Entry.objects.filter(direction="out").exists()


@pytest.mark.parametrize(("text", "code"), [("", "empty"), (" \n\t ", "empty"), ("x" * 4_097, "too_long")])
def test_text_that_cannot_be_sent_is_refused_with_the_reason(answer: Answer, text: str, code: str) -> None:
    assert closed(answer(text)) == code


def test_text_is_sent_as_it_is(answer: Answer) -> None:
    text = "  שלום 👩‍👩‍👧‍👦\n\u202edetrevni\u202c  " + "x" * 4_000
    assert answer(text).json()["text"] == text


@pytest.mark.parametrize("text", ["ab\ud800c", "ab\x00c"])
def test_text_that_cannot_be_stored_is_told_so(answer: Answer, text: str) -> None:
    assert answer(text).status_code == 400
    assert not Entry.objects.filter(direction="out").exists()


def test_copies_of_what_is_no_mail_are_refused(answer: Answer) -> None:
    assert closed(answer("Hi", cc=["jonas@x.example"])) == "cc"


def test_more_than_24_hours_after_the_customer_only_a_template_goes_out(answer: Answer, mira: ChannelIdentity) -> None:
    ChannelIdentity.objects.filter(pk=mira.pk).update(last_inbound_at=timezone.now() - timezone.timedelta(hours=24))
    assert closed(answer()) == "window"
    told = answer("", template={"name": "parcel_update", "language": "en", "parameters": ["1042"]})
    assert told.status_code == 201, told.content
    assert told.json()["detail"]["template"] == {"name": "parcel_update", "language": "en", "parameters": ["1042"]}


def test_group_member_cannot_be_answered(answer: Answer, mira: ChannelIdentity) -> None:
    ChannelIdentity.objects.filter(pk=mira.pk).update(reply_refusal="group")
    assert closed(answer()) == "group"


def test_opt_out_of_all_messages_closes_the_address_and_of_marketing_only_marketing(
    answer: Answer, mira: ChannelIdentity
) -> None:
    word = ConsentEvent(channel_identity=mira, purpose="marketing", is_granted=False, source="keyword", key="k.1")
    word.occurred_at = timezone.now()
    word.save()
    assert closed(answer("Sale!", purpose="marketing")) == "marketing_opted_out"
    assert answer("Your parcel").status_code == 201
    OutboxMessage.objects.all().delete()
    Entry.objects.filter(direction="out").delete()
    everything = ConsentEvent(channel_identity=mira, purpose="all", is_granted=False, source="keyword", key="k.2")
    everything.occurred_at = timezone.now()
    everything.save()
    assert closed(answer("Your parcel")) == "opted_out"


def test_switched_off_line_refuses(answer: Answer, whatsapp: ChannelAccount) -> None:
    ChannelAccount.objects.update(is_enabled=False)
    assert closed(answer()) == "line_off"


def test_half_configured_line_refuses_and_is_not_simulated(answer: Answer, whatsapp: ChannelAccount) -> None:
    add_secret(whatsapp, "access_token", "EAAB")
    told = answer()
    assert closed(told) == "credentials"
    assert "phone_number_id" in told.json()["detail"]


def test_address_of_another_customer_is_refused(answer: Answer, mira: ChannelIdentity, deliver: Deliver) -> None:
    deliver(whatsapp_text("Hi", wamid="in.9", wa_id="15550100009", at=int(time.time())))
    pipeline.drain()
    other = ChannelIdentity.objects.get(address="15550100009")
    assert closed(answer(channel_identity=other.pk)) == "elsewhere"
    assert closed(answer(channel_identity=2**40)) == "elsewhere"


def test_answer_at_a_merged_customer_is_redirected_and_after_unmerging_goes_to_the_right_one(
    answer: Answer, mira: ChannelIdentity, deliver: Deliver, elias: StaffMember
) -> None:
    deliver(whatsapp_text("Hi", wamid="in.9", wa_id="15550100009", at=int(time.time())))
    pipeline.drain()
    other = ChannelIdentity.objects.get(address="15550100009")
    own = other.profile_id
    merge(mira.profile_id, own, actor=elias)
    assert answer(channel_identity=other.pk, profile=own).status_code == 307
    assert answer("To the second number", channel_identity=other.pk).status_code == 201
    assert the_answer().channel_identity_id == other.pk
    unmerge(mira.profile_id, [other.pk], actor=elias)
    told = answer("To the second number", channel_identity=other.pk)
    assert (told.status_code, told.json()["code"]) == (422, "elsewhere")


def test_number_that_changed_hands_is_closed_for_its_former_owner(
    answer: Answer, mira: ChannelIdentity, elias: StaffMember
) -> None:
    from profiles.correcting import draw_boundary

    draw_boundary(mira, timezone.now(), actor=elias, reason="new owner")
    assert closed(answer()) == "passed_on"


def test_second_answer_is_told_of_the_first_and_may_insist(
    answer: Answer, mira: ChannelIdentity, elias: StaffMember
) -> None:
    seen = newest(mira.profile_id)
    first = answer("On its way.", last_seen_entry=seen)
    assert first.status_code == 201
    second = answer("I shall look.", author=elias, last_seen_entry=seen)
    assert second.status_code == 409
    assert second["Content-Type"] == "application/problem+json"
    colleague = second.json()["newest_answer"]
    assert (colleague["id"], colleague["text"]) == (first.json()["id"], "On its way.")
    assert colleague["detail"]["by"]["name"] == "Nora Holm"
    assert answer("I shall look.", author=elias, last_seen_entry=colleague["id"]).status_code == 201
    assert answer("And now?", last_seen_entry=first.json()["id"]).status_code == 409


def test_own_earlier_answer_and_a_failed_one_stop_nobody(
    answer: Answer, mira: ChannelIdentity, elias: StaffMember
) -> None:
    seen = newest(mira.profile_id)
    assert answer("One", last_seen_entry=seen).status_code == 201
    assert answer("Two", last_seen_entry=seen).status_code == 201
    Entry.objects.filter(direction="out").update(delivery="failed")
    assert answer("Three", author=elias, last_seen_entry=seen).status_code == 201


def test_repeated_request_is_one_message(answer: Answer) -> None:
    first, again = answer(key="k-1"), answer(key="k-1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert OutboxMessage.objects.count() == 1
    other = answer("Another text", key="k-1")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key")
    assert answer("Another text", key="k-2").status_code == 201


def test_key_of_one_member_is_not_anothers(answer: Answer, elias: StaffMember) -> None:
    assert answer(key="1").json()["id"] != answer(author=elias, key="1").json()["id"]


@pytest.mark.parametrize(
    "body", [{"text": "no address"}, {"channel_identity": "x", "text": "a"}, {"channel_identity": 1, "text": 5}]
)
def test_odd_body_is_told_what_is_wrong(client: Client, mira: ChannelIdentity, nora: StaffMember, body: Any) -> None:
    told = client.post(
        f"/api/v1/profiles/{mira.profile_id}/messages/", body, content_type="application/json", headers=bearer(nora)
    )
    assert told.status_code in (400, 422)
    assert not Entry.objects.filter(direction="out").exists()


def test_unknown_customer_is_404(answer: Answer) -> None:
    assert answer(profile=2**40).status_code == 404


def test_quote_is_of_the_same_address(answer: Answer, mira: ChannelIdentity) -> None:
    quoted = Entry.objects.get(direction="in")
    told = answer(answers=quoted.pk)
    assert told.json()["detail"]["reply_to"] == {"provider_message_id": "in.1"}
    refused = answer("Two", answers=2**40)
    assert (refused.status_code, refused.json()["code"]) == (422, "answers")
    assert mira.address == CUSTOMER


def test_figures_tell_what_waits_and_what_nobody_knows(
    answer: Answer, client: Client, whatsapp: ChannelAccount
) -> None:
    IntakeCount.objects.create(account=whatsapp, hour=timezone.now(), outcome="own", count=3)
    answer("One")
    answer("Two")
    OutboxMessage.objects.filter(entry__text="Two").update(state="unknown")
    told = client.get("/metrics").content.decode()
    assert "cxhub_outbox_queued 1.0" in told
    assert "cxhub_outbox_unknown 1.0" in told
    assert "cxhub_intake_own_total" in told
    assert client.get("/readyz").json()["oldest_unsent_seconds"] >= 0
