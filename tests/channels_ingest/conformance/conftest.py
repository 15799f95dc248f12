"""One connected line of each provider, and the provider that posts to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings
from django.db import transaction
from django.http import HttpResponse
from django.test import Client

from channels_ingest import accounts, pipeline, routing
from channels_ingest.accounts import connect, settings_of
from channels_ingest.adapters.base import AccountSettings
from channels_ingest.models import Envelope
from profiles.models import ChannelAccount
from tests.channels_ingest.conformance.description import Description, Signed
from tests.channels_ingest.conformance.providers import DESCRIPTIONS


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A connected account, as its provider sees it."""

    of: Description
    account: ChannelAccount
    client: Client

    @property
    def path(self) -> str:
        return f"/webhooks/{self.account.provider}/{self.account.key}/"

    @property
    def url(self) -> str:
        return f"{settings.PUBLIC_BASE_URL}{self.path}"

    @property
    def secret(self) -> str:
        return self.of.values[self.of.signing]

    @property
    def settings(self) -> AccountSettings:
        return settings_of(self.account)

    def signed(self, body: bytes, *, secret: str = "", at: datetime | None = None) -> Signed:
        """`body` as the provider signs it, now unless told otherwise."""
        return self.of.sign(body, secret=secret or self.secret, url=self.url, at=at or datetime.now(UTC))

    def post(self, signed: Signed, *, content_type: str = "", **extra: Any) -> HttpResponse:
        """The hub's answer to the request."""
        path = f"{self.path}?{signed.query}" if signed.query else self.path
        kind = content_type or signed.headers.get("Content-Type") or self.of.content_type
        headers = {name: value for name, value in signed.headers.items() if name != "Content-Type"}
        return self.client.post(path, signed.body, content_type=kind, headers=headers, **extra)

    def deliver(self, body: bytes, *, secret: str = "") -> HttpResponse:
        """The hub's answer to `body`, signed."""
        return self.post(self.signed(body, secret=secret))

    def work(self) -> None:
        """Everything delivered is worked; no envelope may be left over, and none may have broken its worker."""
        worked = pipeline.drain()
        assert worked.faults == 0
        assert not Envelope.objects.filter(state__in=["received", "dead"]).exists()

    @contextmanager
    def rolled_back(self) -> Iterator[None]:
        """What happens within has not happened afterwards."""
        with transaction.atomic():
            yield
            transaction.set_rollback(True)

    def forget_caches(self) -> None:
        """As if every process had just started."""
        accounts._cache.clear()
        routing.Router._settings.clear()


@pytest.fixture(params=sorted(DESCRIPTIONS))
def of(request: pytest.FixtureRequest) -> Description:
    """Each provider in turn."""
    return DESCRIPTIONS[request.param]


@pytest.fixture
def line(of: Description, db: None, client: Client) -> Line:
    account = connect(of.adapter.provider, name="Conformance", values=of.values)
    return Line(of=of, account=account, client=client)
