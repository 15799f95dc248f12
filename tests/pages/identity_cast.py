"""People of a shop whose identity is in doubt, told through the same functions as the pipeline's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from profiles.identity.values import Grade, IdentifierKind, SeenIdentifier, Sender
from profiles.models import ChannelAccount, ChannelIdentity, ConsentEvent, Operation, Review, Role, StaffMember
from profiles.resolution import SenderSeen, identify
from profiles.reviews import raise_reviews
from profiles.traits import TraitTold, rename, tell
from tests.pages.browsing import PASSWORD
from timeline.models import Entry
from timeline.queue import refold

Identifiers = tuple[tuple[str, str, str], ...]


@dataclass
class Town:
    """Lines by channel, and what makes people and their stories; `now` is the end of all of them."""

    lines: dict[str, ChannelAccount]
    lead: StaffMember
    now: datetime = field(default_factory=timezone.now)

    @transaction.atomic
    def seen(
        self,
        channel: str,
        address: str,
        *identifiers: tuple[str, str, str],
        name: str = "",
        days: float = 30,
        traits: Mapping[str, str] | None = None,
    ) -> int:
        """A sender with identifiers (kind, value, grade), last told `days` ago; returns the channel identity."""
        at = self.now - timedelta(days=days)
        account = self.lines[channel]
        found = tuple(
            SeenIdentifier(IdentifierKind(kind), value, "shop" if kind == "customer_id" else "", Grade(grade))
            for kind, value, grade in identifiers
        )
        sender = Sender(address=address, identifiers=found)
        source = f"{address}.{days}"
        done = identify([SenderSeen(account_id=account.pk, sender=sender, occurred_at=at, source=source)])
        raise_reviews(done.found)
        pk = done.channel_identity_ids[0]
        told = {"name": name, **(traits or {})}
        source_name = "profile"
        tell(
            TraitTold(channel_identity_id=pk, name=n, value=v, source=source_name, grade="claimed", told_at=at)
            for n, v in told.items()
            if v
        )
        self.fold(pk)
        return pk

    @transaction.atomic
    def said(self, identity_id: int, *texts: str, days: float = 30, direction: str = "in") -> None:
        """Messages, an hour apart, the first `days` ago; "> " starts one of ours. The first is the source of what was
        seen then."""
        identity = ChannelIdentity.objects.select_related("account").get(pk=identity_id)
        for number, text in enumerate(texts):
            at = self.now - timedelta(days=days) + timedelta(hours=number)
            way = "out" if text.startswith("> ") else direction
            Entry.objects.create(
                channel_identity=identity,
                account=identity.account,
                kind="message",
                direction=way,
                occurred_at=at,
                text=text.removeprefix("> "),
                detail={"type": "text"},
                delivery="read" if way == "out" else None,
                provider_message_id=f"{identity.address}.{days}" + (f".{number}" if number else ""),
            )
            identity.first_seen = min(identity.first_seen or at, at)
            identity.last_seen = max(identity.last_seen or at, at)
            if way == "in":
                identity.last_inbound_at = max(identity.last_inbound_at or at, at)
            else:
                identity.last_outbound_at = max(identity.last_outbound_at or at, at)
        identity.save()
        self.fold(identity_id)

    def consents(self, identity_id: int, *, is_granted: bool, days: float = 20) -> None:
        """The customer's word on marketing."""
        ConsentEvent.objects.create(
            channel_identity_id=identity_id,
            purpose="marketing",
            is_granted=is_granted,
            source="keyword",
            key=f"{identity_id}.{days}",
            occurred_at=self.now - timedelta(days=days),
        )

    @transaction.atomic
    def fold(self, identity_id: int) -> None:
        profile_id = self.profile(identity_id)
        rename([profile_id])
        refold([profile_id])

    def profile(self, identity_id: int) -> int:
        """Who the channel identity belongs to now."""
        return ChannelIdentity.objects.get(pk=identity_id).profile_id

    def claim(self, name: str = "Mira Lind", number: str = "46701740611") -> tuple[int, int]:
        """Two customers, one of whom typed the number that the other writes from; a review is open for them."""
        one = self.seen("whatsapp", number, ("phone", f"+{number}", "proved"), name=name, days=40)
        self.said(one, "Hej! Is the Tarn down jacket back in M?", "> It is, from tomorrow 🙂", days=40)
        other = self.seen(
            "email",
            f"{number}@posteo.example",
            ("email", f"{number}@posteo.example", "proved"),
            ("phone", f"+{number}", "claimed"),
            name=f"{name} (work)",
            days=3,
        )
        self.said(other, "Where is my order? You can also call me on my mobile.", days=3)
        return one, other


Told = Callable[[], Town]


@pytest.fixture
def town(db: None) -> Town:
    """A shop with five lines and a lead."""
    lines = {
        channel: ChannelAccount.objects.create(provider=provider, channel=channel, name=name)
        for channel, provider, name in (
            ("whatsapp", "whatsapp_cloud", "Lindqvist: Orders"),
            ("email", "email_postmark", "hello@lindqvist.example"),
            ("sms", "sms_twilio", "Lindqvist: Texts"),
            ("chat", "webchat", "lindqvist.example"),
            ("store", "trusted", "Lindqvist: Shop"),
        )
    }
    lead = StaffMember.objects.create_staff("elias@example.com", role=Role.LEAD, password=PASSWORD, name="Elias Berg")
    return Town(lines, lead)


def latest_operation() -> Operation:
    return Operation.objects.latest("id")


def open_review() -> Review:
    return Review.objects.latest("id")
