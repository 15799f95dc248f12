"""A claim becomes proved when the code that was sent to it comes back from where it was made."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from channels_ingest.confirming import MOST_AN_HOUR, TRIES, CannotConfirmError, digits_of, new_code
from channels_ingest.messages import Message
from channels_ingest.models import ConfirmationCode
from profiles.correcting import draw_boundary, withdraw_sighting
from profiles.identity.values import Grade, Sender
from profiles.merging import merge
from profiles.models import ChannelIdentity, Review, Sighting
from profiles.review_queue import open_reviews
from tests.profiles.world import World, browsing, email, mailing, message, new_world, phone, texting
from timeline.entries import Direction

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> World:
    return new_world()


def chatting() -> Sender:
    """A visitor of the shop who says that a mailbox is theirs."""
    return browsing(0, email(0, Grade.CLAIMED))


def written(key: str, sender: Sender, text: str, at: datetime) -> Message:
    return Message(
        sender=sender,
        provider_message_id=key,
        occurred_at=at,
        direction=Direction.IN,
        text=text,
        detail={"type": "text"},
    )


def claimed(world: World) -> Sighting:
    """The claim, beside the customer whom the mailbox was proved to belong to."""
    now = timezone.now()
    world.deliver([("M", message("mail", mailing(0), now - timedelta(days=9)))])
    world.deliver([("W", message("hello", chatting(), now - timedelta(minutes=1)))])
    return Sighting.objects.get(grade=Grade.CLAIMED)


def profiles() -> int:
    return len(set(ChannelIdentity.objects.values_list("profile_id", flat=True)))


def test_code_that_comes_back_proves_the_claim_and_joins(world: World) -> None:
    code = new_code(claimed(world), actor=world.lead)
    assert profiles() == 2
    typed = f" {digits_of(code)[:3]} {digits_of(code)[3:]}\n"
    world.deliver([("W", written("code", browsing(0), typed, timezone.now()))])
    assert profiles() == 1
    proof = Sighting.objects.get(channel_identity__account=world.lines["W"], identifier__kind="email", grade="proved")
    assert proof.source == "code"
    code.refresh_from_db()
    assert (code.used_by, code.tries_left) == ("code", TRIES)


def test_claim_raises_a_review_that_the_code_answers(world: World) -> None:
    sighting = claimed(world)
    assert Review.objects.filter(kind="claim").count() == 1
    code = new_code(sighting, actor=world.lead)
    world.deliver([("W", written("code", browsing(0), digits_of(code), timezone.now()))])
    assert open_reviews(limit=10) == []


def test_code_typed_by_somebody_else_proves_nothing(world: World) -> None:
    code = new_code(claimed(world), actor=world.lead)
    world.deliver([("W", written("code", browsing(1), digits_of(code), timezone.now()))])
    assert profiles() == 3
    code.refresh_from_db()
    assert code.used_by == ""


def test_five_wrong_codes_end_it(world: World) -> None:
    code = new_code(claimed(world), actor=world.lead)
    wrong = f"{(int(digits_of(code)) + 1) % 1_000_000:06d}"
    for number in range(TRIES):
        world.deliver([("W", written(f"wrong {number}", browsing(0), wrong, timezone.now()))])
    world.deliver([("W", written("late", browsing(0), digits_of(code), timezone.now()))])
    assert profiles() == 2


def test_many_guesses_in_one_delivery_are_no_more_than_five(world: World) -> None:
    code = new_code(claimed(world), actor=world.lead)
    digits, now = int(digits_of(code)), timezone.now()
    guesses = [f"{(digits - 20 + n) % 1_000_000:06d}" for n in range(21)]
    world.deliver([("W", written(f"guess {n}", browsing(0), text, now)) for n, text in enumerate(guesses)])
    assert profiles() == 2


def test_code_counts_once_and_not_for_ever(world: World) -> None:
    sighting = claimed(world)
    code = new_code(sighting, actor=world.lead)
    late = code.expires_at + timedelta(seconds=1)
    world.deliver([("W", written("late", browsing(0), digits_of(code), late))])
    assert profiles() == 2


def test_newer_code_ends_the_older(world: World) -> None:
    sighting = claimed(world)
    old = new_code(sighting, actor=world.lead)
    new = new_code(sighting, actor=world.lead)
    now = timezone.now() + timedelta(seconds=1)
    world.deliver([("W", written("old", browsing(0), digits_of(old), now))])
    assert profiles() == 2
    world.deliver([("W", written("new", browsing(0), digits_of(new), now))])
    assert profiles() == 1


def test_code_for_a_claim_that_was_withdrawn_proves_nothing(world: World) -> None:
    sighting = claimed(world)
    code = new_code(sighting, actor=world.lead)
    withdraw_sighting(sighting, actor=world.lead, reason="a fraud")
    world.deliver([("W", written("code", browsing(0), digits_of(code), timezone.now()))])
    assert profiles() == 2
    assert not Sighting.objects.filter(source="code").exists()


def test_code_is_not_for_who_has_the_address_now(world: World) -> None:
    sighting = claimed(world)
    code = new_code(sighting, actor=world.lead)
    draw_boundary(sighting.channel_identity, timezone.now(), actor=world.lead)
    world.deliver([("W", written("code", browsing(0), digits_of(code), timezone.now()))])
    assert not Sighting.objects.filter(source="code", identifier__kind="email").exists()


def test_message_of_somebody_else_with_the_same_id_proves_nothing(world: World) -> None:
    code = new_code(claimed(world), actor=world.lead)
    now = timezone.now()
    world.deliver(
        [("W", written("code", browsing(0), digits_of(code), now)), ("W", written("code", browsing(1), "Hello", now))]
    )
    proved = Sighting.objects.filter(channel_identity__account=world.lines["W"], identifier__kind="email")
    assert proved.filter(grade="proved").count() == 1


def test_same_message_delivered_again_says_the_same(world: World) -> None:
    code = new_code(claimed(world), actor=world.lead)
    again = written("code", browsing(0), digits_of(code), timezone.now())
    world.deliver([("W", again)])
    world.deliver([("W", again), ("W", again)])
    assert Sighting.objects.filter(identifier__kind="email", grade="proved").count() == 2
    assert profiles() == 1


def test_text_around_the_digits_is_no_code(world: World) -> None:
    code = new_code(claimed(world), actor=world.lead)
    for number, text in enumerate(("my code is {}", "{}1", "", "١٢٣٤٥٦")):
        world.deliver([("W", written(f"m{number}", browsing(0), text.format(digits_of(code)), timezone.now()))])
    code.refresh_from_db()
    assert (profiles(), code.tries_left) == (2, TRIES)


def test_codes_to_one_mailbox_are_few(world: World) -> None:
    sighting = claimed(world)
    for _ in range(MOST_AN_HOUR):
        new_code(sighting, actor=world.lead)
    with pytest.raises(CannotConfirmError) as refused:
        new_code(sighting, actor=world.lead)
    assert refused.value.code == "too_many"
    assert ConfirmationCode.objects.count() == MOST_AN_HOUR


def test_sender_that_can_be_forged_cannot_redeem(world: World) -> None:
    now = timezone.now()
    world.deliver([("M", message("mail", mailing(1, email(0, Grade.CLAIMED), is_proved=False), now))])
    sighting = Sighting.objects.get(grade=Grade.CLAIMED, identifier__value="mira@lindhaus.de")
    with pytest.raises(CannotConfirmError) as refused:
        new_code(sighting, actor=world.lead)
    assert refused.value.code == "forgeable"


def test_what_is_proved_already_needs_no_code(world: World) -> None:
    world.deliver([("S", message("sms", texting(0), timezone.now()))])
    with pytest.raises(CannotConfirmError) as refused:
        new_code(Sighting.objects.get(), actor=world.lead)
    assert refused.value.code == "no_claim"


def test_claimed_phone_is_proved_the_same_way(world: World) -> None:
    now = timezone.now()
    world.deliver(
        [("S", message("sms", texting(2), now)), ("W", message("hi", browsing(0, phone(2, Grade.CLAIMED)), now))]
    )
    code = new_code(Sighting.objects.get(grade=Grade.CLAIMED), actor=world.lead)
    world.deliver([("W", written("code", browsing(0), digits_of(code), timezone.now()))])
    assert profiles() == 1


def test_code_after_a_merge_is_still_theirs(world: World) -> None:
    code = new_code(claimed(world), actor=world.lead)
    one, other = sorted(ChannelIdentity.objects.values_list("profile_id", flat=True))
    merge(one, other, actor=world.lead)
    world.deliver([("W", written("code", browsing(0), digits_of(code), timezone.now()))])
    assert Sighting.objects.filter(channel_identity__account=world.lines["W"], grade="proved").count() == 2
