"""A shop's lines, customers and staff for the pages; entries are written as the pipeline writes them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from profiles.models import Channel, ChannelAccount, ChannelIdentity, Profile, Role, StaffMember
from tests.pages.browsing import PASSWORD, live_process, live_stream, open_page
from timeline.models import Entry
from timeline.queue import refold

__all__ = ["PASSWORD", "live_process", "live_stream", "open_page"]
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)

Say = Callable[..., Entry]
Born = Callable[..., ChannelIdentity]


@pytest.fixture(autouse=True)
def _quick_pages(settings: Any, tmp_path: Path) -> None:
    """Static files come from the sources without collectstatic, and logging in is quick."""
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.STATIC_ROOT = tmp_path
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # the real one takes its time


@pytest.fixture
def agent(db: None) -> StaffMember:
    return StaffMember.objects.create_staff("ana@example.com", role=Role.AGENT, password=PASSWORD, name="Ana Duarte")


@pytest.fixture
def pages(client: Client, agent: StaffMember) -> Client:
    """A browser in which Ana is logged in."""
    client.force_login(agent)
    return client


@pytest.fixture
def line(db: None) -> ChannelAccount:
    return ChannelAccount.objects.create(provider="whatsapp_cloud", channel=Channel.WHATSAPP, name="Nordlicht Shop")


@pytest.fixture
def born(line: ChannelAccount) -> Born:
    """Makes a customer: a channel identity with a profile of its own, or on the profile given."""
    numbers = iter(range(2001, 3000))

    def make(
        name: str, *, account: ChannelAccount = line, profile: Profile | None = None, **more: Any
    ) -> ChannelIdentity:
        number = next(numbers)
        own = Profile.objects.create(id=number, display_name=name)
        address = more.pop("address", f"1555010{number}")
        return ChannelIdentity.objects.create(
            id=number, account=account, address=address, profile=profile or own, **more
        )

    return make


@pytest.fixture
def say() -> Say:
    """Writes an entry `minute` minutes after noon, and folds what is folded from it."""

    def write(
        sender: ChannelIdentity, text: str = "", *, minute: float = 0, direction: str = "in", **more: Any
    ) -> Entry:
        at = NOON + timedelta(minutes=minute)
        entry = Entry.objects.create(
            **{
                "channel_identity": sender,
                "account": sender.account,
                "kind": "message",
                "direction": direction,
                "occurred_at": at,
                "text": text,
                "detail": {"type": "text"},
                **more,
            }
        )
        sender.first_seen = min(sender.first_seen or at, at)
        sender.last_seen = max(sender.last_seen or at, at)
        if direction == "in":
            sender.last_inbound_at = max(sender.last_inbound_at or at, at)
        elif direction == "out":
            sender.last_outbound_at = max(sender.last_outbound_at or at, at)
        sender.save()
        refold([sender.profile_id])
        return entry

    return write
