"""Refusals, time-outs, rate limits and odd statuses: what the simulator is told to do, and what the agent sees."""

import time
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from channels_ingest import pipeline
from channels_ingest.accounts import ConnectError, connect
from channels_ingest.models import OutboxMessage, SimulatedMessage
from channels_ingest.sending import courier, outbox, outcomes, posting
from channels_ingest.sending.composing import send
from channels_ingest.sending.courier import send_due
from channels_ingest.sending.retrying import retry
from channels_ingest.sending.wishes import Draft, SendRefusedError, Wish
from channels_ingest.simulator import api
from profiles.models import ChannelIdentity, StaffMember
from tests.channels_ingest.sending.conftest import Answer, bearer, the_answer, the_message, work
from tests.conftest import Deliver, whatsapp_change, whatsapp_text
from timeline.contact_times import refold_identities
from timeline.models import Entry, QueueRow

pytestmark = pytest.mark.django_db(transaction=True)
State = OutboxMessage.State


def make_due() -> None:
    OutboxMessage.objects.update(next_attempt_at=timezone.now())


def test_refusal_is_failed_with_the_reason_and_the_customer_waits_again(answer: Answer, simulated: str) -> None:
    answer("#fail 131047")
    assert QueueRow.objects.get().waiting_since is None
    work()
    entry, message = the_answer(), the_message()
    assert (entry.delivery, entry.provider_message_id) == ("failed", None)
    assert entry.detail["errors"][0]["code"] == 131047
    assert (message.state, message.closes, message.attempts) == (State.FAILED, "window", 1)
    assert QueueRow.objects.get().waiting_since is not None
    assert not SimulatedMessage.objects.exists()


def test_rate_limit_is_waited_out_and_told(answer: Answer, simulated: str) -> None:
    answer("#busy 130429")
    send_due()
    entry, message = the_answer(), the_message()
    assert (entry.delivery, message.state, message.attempts) == ("queued", State.QUEUED, 1)
    assert entry.detail["delay"] == "WhatsApp limits how fast this line may send"
    assert message.next_attempt_at > timezone.now() + timezone.timedelta(seconds=3)
    make_due()
    work()
    entry = the_answer()
    assert (entry.delivery, the_message().attempts) == ("read", 2)
    assert "delay" not in entry.detail
    assert SimulatedMessage.objects.exclude(to="").count() == 1


def test_rate_limit_of_the_line_holds_its_other_messages_back(
    answer: Answer, simulated: str, mira: ChannelIdentity, deliver: Deliver
) -> None:
    deliver(whatsapp_text("Hi", wamid="in.9", wa_id="15550100009", at=int(time.time())))
    pipeline.drain()
    other = ChannelIdentity.objects.get(address="15550100009")
    answer("#busy 80007")
    answer("Hello", channel_identity=other.pk, profile=other.profile_id)
    assert courier.send_one()
    assert not courier.send_one()
    assert OutboxMessage.objects.filter(state=State.QUEUED).count() == 2


def test_endless_refusal_to_take_it_now_fails_in_the_end(answer: Answer, simulated: str, whatsapp: Any) -> None:
    connect(whatsapp.provider, name=whatsapp.name, values={"simulated_fault": "#fail 130429"})
    answer("Hello")
    for _ in range(len(outbox.RETRY_SECONDS) + 1):
        make_due()
        send_due()
    entry = the_answer()
    assert (entry.delivery, the_message().state, the_message().attempts) == ("failed", State.FAILED, 7)
    assert "tried 7 times" in entry.detail["errors"][0]["message"]


@pytest.mark.parametrize("place", ["profiles_providerblock", "channels_ingest_accountsecret"])
def test_hub_that_cannot_read_tries_again_and_leaves_nothing_in_doubt(answer: Answer, place: str) -> None:
    answer("Hi")
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {place} RENAME TO away")
    try:
        assert courier.send_one()
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE away RENAME TO {place}")
    message = the_message()
    assert (message.state, message.attempts, the_answer().delivery) == (State.QUEUED, 1, "queued")
    assert message.fault_code == "ProgrammingError"


def test_unreachable_provider_is_tried_again(answer: Answer, settings: Any) -> None:
    settings.LOOPBACK_URL = "http://127.0.0.1:9"
    answer("Hello")
    send_due()
    assert (the_answer().delivery, the_message().state) == ("queued", State.QUEUED)


@pytest.mark.parametrize(("fault", "taken"), [("lost-after", 1), ("lost-before", 0)])
def test_time_out_is_unknown_and_never_sent_again_by_itself(
    answer: Answer, simulated: str, monkeypatch: pytest.MonkeyPatch, fault: str, taken: int
) -> None:
    monkeypatch.setattr(posting, "SILENCE_SECONDS", 0.4)
    monkeypatch.setattr(api, "NO_ANSWER_SECONDS", 1.0)
    answer(f"#{fault}")
    send_due()
    assert (the_answer().delivery, the_message().state) == ("unknown", State.UNKNOWN)
    assert the_answer().detail["doubt"] == "the provider did not answer in time"
    make_due()
    assert send_due() == 0
    assert SimulatedMessage.objects.count() == taken
    work()
    # What was taken is reported with our reference, and so it is known after all.
    assert the_answer().delivery == ("read" if taken else "unknown")
    assert the_message().state == (State.SENT if taken else State.UNKNOWN)
    if taken:
        assert the_answer().provider_message_id == SimulatedMessage.objects.get().message_id


@pytest.mark.parametrize("fault", ["early", "repeat", "unordered", "slow"])
def test_odd_statuses_end_in_the_same_state(answer: Answer, simulated: str, fault: str) -> None:
    answer(f"#{fault} hello")
    work()
    entry = the_answer()
    assert (entry.delivery, the_message().state) == ("read", State.SENT)
    assert sorted(entry.detail["delivery_times"]) == ["delivered", "read", "sent"]
    assert Entry.objects.filter(direction="out").count() == 1


def test_no_status_at_all_leaves_it_sent(answer: Answer, simulated: str) -> None:
    answer("#silent")
    work()
    assert the_answer().delivery == "sent"


def test_failure_reported_later_is_failed_and_waits_again(answer: Answer, simulated: str) -> None:
    answer("#bounce 131026")
    work()
    assert (the_answer().delivery, the_message().state) == ("failed", State.SENT)
    assert QueueRow.objects.get().waiting_since is not None


def echo_of(message_id: str) -> dict[str, Any]:
    message = {"from": "15550783881", "to": "15550100001", "id": message_id, "timestamp": str(int(time.time()))}
    return whatsapp_change("smb_message_echoes", message_echoes=[{**message, "type": "text", "text": {"body": "Hi"}}])


@pytest.mark.parametrize("comes", ["before the answer", "after the answer"])
def test_echo_of_our_own_message_is_no_second_one(answer: Answer, deliver: Deliver, comes: str) -> None:
    from channels_ingest.adapters.sending import Accepted

    answer("Hi")
    message = outbox.claim()
    assert message is not None
    if comes == "before the answer":
        deliver(echo_of("wamid.1"))
        pipeline.drain()
    outcomes.note(message.pk, Accepted(provider_message_id="wamid.1"), is_simulated=False)
    if comes == "after the answer":
        deliver(echo_of("wamid.1"))
        pipeline.drain()
    entry = the_answer()
    assert (entry.id, entry.provider_message_id, entry.delivery) == (message.entry_id, "wamid.1", "sent")
    assert QueueRow.objects.get().last_entry_id == entry.id


def test_reaction_that_came_before_the_answer_is_on_our_message(answer: Answer, deliver: Deliver) -> None:
    from channels_ingest.adapters.sending import Accepted

    answer("Hi")
    message = outbox.claim()
    assert message is not None
    reaction = {"from": "15550100001", "id": "in.2", "timestamp": str(int(time.time())), "type": "reaction"}
    deliver(whatsapp_change(messages=[{**reaction, "reaction": {"message_id": "wamid.1", "emoji": "👍"}}]))
    pipeline.drain()
    assert Entry.objects.get(is_placeholder=True).provider_message_id == "wamid.1"
    outcomes.note(message.pk, Accepted(provider_message_id="wamid.1"), is_simulated=False)
    entry = the_answer()
    assert (entry.provider_message_id, len(entry.detail["reactions"])) == ("wamid.1", 1)
    assert not Entry.objects.filter(is_placeholder=True).exists()


@pytest.mark.parametrize("first", ["echo", "reaction"])
def test_status_with_our_reference_ends_the_doubt_whatever_came_before(
    answer: Answer, deliver: Deliver, first: str
) -> None:
    answer("Hi")
    message = outbox.claim()
    assert message is not None
    OutboxMessage.objects.update(claimed_at=timezone.now() - timezone.timedelta(minutes=5))
    assert outbox.give_up_on_lost() == 1
    reaction = {"from": "15550100001", "id": "in.2", "timestamp": str(int(time.time())), "type": "reaction"}
    reaction["reaction"] = {"message_id": "wamid.1", "emoji": "👍"}  # type: ignore[assignment]
    deliver(echo_of("wamid.1") if first == "echo" else whatsapp_change(messages=[reaction]))
    pipeline.drain()
    status = {"id": "wamid.1", "status": "delivered", "timestamp": str(int(time.time())), "recipient_id": "15550100001"}
    deliver(whatsapp_change(statuses=[{**status, "biz_opaque_callback_data": str(message.reference)}]))
    pipeline.drain()
    entry = the_answer()
    assert (entry.id, entry.provider_message_id, entry.delivery) == (message.entry_id, "wamid.1", "delivered")
    assert ("reactions" in entry.detail, the_message().state) == (first == "reaction", State.SENT)
    assert Entry.objects.filter(provider_message_id="wamid.1").count() == 1
    assert refold_identities([entry.channel_identity_id]) == 0
    assert QueueRow.objects.get().last_entry_id is not None


def test_provider_that_gives_two_messages_one_id_loses_neither(answer: Answer) -> None:
    from channels_ingest.adapters.sending import Accepted

    for text in ("One", "Two"):
        answer(text)
        message = outbox.claim()
        assert message is not None
        assert outcomes.note(message.pk, Accepted(provider_message_id="wamid.1"), is_simulated=False) == State.SENT
    sent = Entry.objects.filter(direction="out").order_by("id")
    assert list(sent.values_list("text", "delivery")) == [("One", "sent"), ("Two", "sent")]


def test_page_that_saw_an_echo_which_went_can_still_answer(answer: Answer, deliver: Deliver) -> None:
    from channels_ingest.adapters.sending import Accepted

    answer("Hi")
    message = outbox.claim()
    assert message is not None
    deliver(echo_of("wamid.1"))
    pipeline.drain()
    seen = Entry.objects.latest("id").pk
    outcomes.note(message.pk, Accepted(provider_message_id="wamid.1"), is_simulated=False)
    assert not Entry.objects.filter(id=seen).exists()
    assert answer("And?", last_seen_entry=seen).status_code == 201
    assert answer("And?", last_seen_entry=seen + 99).status_code == 422


def test_status_without_our_reference_waits_for_the_answer(answer: Answer, deliver: Deliver) -> None:
    from channels_ingest.adapters.sending import Accepted

    answer("Hi")
    message = outbox.claim()
    assert message is not None
    status = {"id": "wamid.1", "status": "delivered", "timestamp": str(int(time.time())), "recipient_id": "15550100001"}
    deliver(whatsapp_change(statuses=[status]))
    pipeline.drain()
    assert the_answer().delivery == "queued"
    outcomes.note(message.pk, Accepted(provider_message_id="wamid.1"), is_simulated=False)
    assert the_answer().delivery == "delivered"


def test_reference_of_another_line_proves_nothing(answer: Answer, deliver: Deliver) -> None:
    from tests.conftest import APP_SECRET, VERIFY_TOKEN

    other = connect("whatsapp_cloud", name="Other", values={"app_secret": APP_SECRET, "verify_token": VERIFY_TOKEN})
    answer("Hi")
    message = outbox.claim()
    assert message is not None
    status = {"id": "wamid.1", "status": "delivered", "timestamp": str(int(time.time())), "recipient_id": "1"}
    status["biz_opaque_callback_data"] = str(message.reference)
    deliver(whatsapp_change(statuses=[status]), account=other)
    pipeline.drain()
    assert (the_answer().delivery, the_message().state) == ("queued", State.SENDING)


def test_messages_to_one_address_go_out_in_the_order_of_writing(answer: Answer, simulated: str) -> None:
    answer("#busy first")
    answer("second")
    send_due()
    assert [m.state for m in OutboxMessage.objects.order_by("id")] == [State.QUEUED, State.QUEUED]
    make_due()
    send_due()
    assert [m.text for m in SimulatedMessage.objects.exclude(to="").order_by("id")] == ["#busy first", "second"]


def test_claim_that_nobody_finished_becomes_unknown(answer: Answer) -> None:
    answer("Hi")
    assert outbox.claim() is not None
    assert outbox.give_up_on_lost() == 0
    OutboxMessage.objects.update(claimed_at=timezone.now() - timezone.timedelta(seconds=outbox.LEASE_SECONDS + 1))
    assert outbox.give_up_on_lost() == 1
    assert (the_answer().delivery, the_message().state) == ("unknown", State.UNKNOWN)
    assert outbox.claim() is None


def test_address_that_closed_while_the_message_waited_is_not_written_to(
    answer: Answer, simulated: str, mira: ChannelIdentity
) -> None:
    from profiles.models import ConsentEvent

    answer("Hi")
    now = timezone.now()
    ConsentEvent.objects.create(
        channel_identity=mira, purpose="all", is_granted=False, source="keyword", key="k", occurred_at=now
    )
    send_due()
    assert (the_answer().delivery, the_message().fault_code) == ("failed", "opted_out")
    assert not SimulatedMessage.objects.exists()


def test_failed_message_is_sent_again_once_however_often_it_is_asked(
    answer: Answer, simulated: str, client: Any, nora: StaffMember
) -> None:
    answer("#fail 131000")
    send_due()
    failed = the_answer()
    OutboxMessage.objects.update(state=State.FAILED)
    Entry.objects.filter(id=failed.id).update(text="Hi", delivery="failed")
    headers = bearer(nora)
    url = f"/api/v1/messages/{failed.id}/retry/"
    told = [client.post(url, {}, content_type="application/json", headers=headers) for _ in range(2)]
    assert [each.status_code for each in told] == [201, 201]
    assert told[0].json()["id"] == told[1].json()["id"]
    assert told[0].json()["detail"]["replaces"] == failed.id
    work()
    assert Entry.objects.get(id=told[0].json()["id"]).delivery == "read"
    again = client.post(
        f"/api/v1/messages/{told[0].json()['id']}/retry/", {}, content_type="application/json", headers=headers
    )
    assert (again.status_code, again.json()["code"]) == (422, "not_failed")


def test_message_that_arrived_after_all_is_not_sent_again(answer: Answer, mira: ChannelIdentity) -> None:
    """It was reported between the click and the locks."""
    answer("Hi")
    failed = the_message()
    OutboxMessage.objects.update(state=State.SENT)
    Entry.objects.filter(id=failed.entry_id).update(delivery="delivered")
    failed.state = State.UNKNOWN
    draft = Draft(channel_identity_id=mira.pk, text="Hi")
    assert failed.author is not None
    with pytest.raises(SendRefusedError) as refused:
        send(mira.profile_id, draft, Wish(author=failed.author, replaces=failed))
    assert (refused.value.code, OutboxMessage.objects.count()) == ("not_failed", 1)


def test_failed_message_of_another_customer_is_not_replaced(
    answer: Answer, mira: ChannelIdentity, deliver: Deliver
) -> None:
    deliver(whatsapp_text("Hi", wamid="in.9", wa_id="15550100009", at=int(time.time())))
    pipeline.drain()
    other = ChannelIdentity.objects.get(address="15550100009")
    answer("Hi")
    OutboxMessage.objects.update(state=State.FAILED)
    Entry.objects.filter(direction="out").update(delivery="failed")
    failed = the_message()
    assert failed.author is not None
    draft = Draft(channel_identity_id=other.pk, text="Hi")
    with pytest.raises(SendRefusedError) as refused:
        send(other.profile_id, draft, Wish(author=failed.author, replaces=failed))
    assert (refused.value.code, the_answer().detail.get("replaced_by")) == ("elsewhere", None)


def test_message_sent_again_has_its_quote(answer: Answer, mira: ChannelIdentity, nora: StaffMember) -> None:
    question = Entry.objects.get(provider_message_id="in.1")
    answer("Hi", answers=question.pk)
    OutboxMessage.objects.update(state=State.FAILED)
    Entry.objects.filter(direction="out").update(delivery="failed")
    again = retry(the_message(), Wish(author=nora))
    assert OutboxMessage.objects.get(entry=again).words == {"reply_to": {"provider_message_id": "in.1"}}


def test_simulator_answers_nobody_else(answer: Answer, client: Any, whatsapp: Any) -> None:
    url = f"/simulator/whatsapp_cloud/{whatsapp.key}/1/messages"
    assert client.post(url, {}, content_type="application/json").status_code == 403
    headers = {"X-Cxhub-Simulator": "0" * 64}
    assert client.post(url, {}, content_type="application/json", headers=headers).status_code == 403


def test_simulator_does_not_play_for_a_line_with_credentials(client: Any, whatsapp: Any) -> None:
    from channels_ingest.accounts import add_secret
    from channels_ingest.sending.lines import simulator_secret

    add_secret(whatsapp, "access_token", "EAAB")
    whatsapp.settings["phone_number_id"] = "1"
    whatsapp.save()
    headers = {"X-Cxhub-Simulator": simulator_secret(whatsapp.key)}
    url = f"/simulator/whatsapp_cloud/{whatsapp.key}/1/messages"
    assert client.post(url, {}, content_type="application/json", headers=headers).status_code == 404


def test_messages_of_dead_senders_hold_no_other_customer_up(answer: Answer, mira: ChannelIdentity) -> None:
    for number in range(outbox.MOST_AT_ONCE + 1):
        row = ChannelIdentity.objects.create(
            id=20_000 + number,
            account=mira.account,
            address=f"1555030000{number}",
            profile_id=mira.profile_id,
            last_inbound_at=timezone.now(),
        )
        answer("Hello", channel_identity=row.pk)
    assert [outbox.claim() is not None for _ in range(4)] == [True, True, True, False]
    OutboxMessage.objects.filter(state=State.SENDING).update(
        claimed_at=timezone.now() - timezone.timedelta(seconds=outbox.POST_SECONDS + 1)
    )
    assert outbox.claim() is not None


def test_fault_that_nobody_knows_is_refused_when_connecting(whatsapp: Any) -> None:
    with pytest.raises(ConnectError, match="simulated_fault"):
        connect(whatsapp.provider, name=whatsapp.name, values={"simulated_fault": "#explode"})
