"""Performs the heroes' stories on a running hub: over HTTP as their providers, their browsers and the agents would."""

import json
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
from django.conf import settings
from django.utils import timezone

from channels_ingest.accounts import settings_of
from channels_ingest.models import Envelope
from channels_ingest.sending.composing import send
from channels_ingest.sending.wishes import Draft, SendRefusedError, Wish
from channels_ingest.simulator.heroes import Act, Beat, Hero
from channels_ingest.simulator.lines import webhook_url
from channels_ingest.simulator.plays.base import Person, Post
from channels_ingest.simulator.plays.registry import PLAYS
from channels_ingest.simulator.posting import ShopPoster
from channels_ingest.simulator.reporting import deliver
from channels_ingest.simulator.shop import SITE, SOURCE, Call
from profiles.identity.values import Standing
from profiles.models import Channel, ChannelAccount, ChannelIdentity, StaffMember

#: After each step of all heroes, for the workers to read it: an answer needs somebody to answer.
STEP_SECONDS = 60.0
PAUSE_SECONDS = 1.0


@dataclass(slots=True)
class _OnStage:
    """A hero with the browser they hold, and where they last wrote."""

    hero: Hero
    session: str = ""
    visitor: str = ""
    last: tuple[ChannelAccount, str] | None = None


@dataclass(slots=True, kw_only=True)
class Stage:
    """Where the stories are performed: the demo's line of each channel, and who answers.

    `settled` returns when everything posted has been read. `failed` counts the steps that were not taken.
    """

    lines: Mapping[str, ChannelAccount]
    agent: StaffMember
    shop: ShopPoster
    client: httpx.Client
    settled: Callable[[], None] = field(default_factory=lambda: await_work)
    failed: int = 0
    _acts: Mapping[Act, Callable[["_OnStage", Beat], bool]] = field(init=False)

    def __post_init__(self) -> None:
        self._acts = {
            Act.LOGS_IN: self._log_in,
            Act.LOOKS: self._look,
            Act.CHATS: self._chat,
            Act.CLAIMS: self._claim,
            Act.WHATSAPP: self._write,
            Act.TEXTS: self._write,
            Act.MAILS: self._write,
            Act.FORGED: self._forge,
            Act.ANSWER: self._answer,
        }

    def perform(self, heroes: Iterable[Hero]) -> None:
        """Every step of every hero, the first steps of all first."""
        stage = [_OnStage(hero) for hero in heroes]
        for one in stage:
            self._count(self._introduce(one.hero))
        for number in range(max(len(one.hero.beats) for one in stage)):
            for one in stage:
                if number < len(one.hero.beats):
                    beat = one.hero.beats[number]
                    self._count(self._acts[beat.act](one, beat))
            self.settled()

    def _count(self, is_done: bool) -> None:
        self.failed += not is_done

    def _introduce(self, hero: Hero) -> bool:
        """The shop's server knows them."""
        identifiers = [
            {"kind": "customer_id", "value": hero.customer_id},
            {"kind": "phone", "value": hero.phone},
            {"kind": "email", "value": hero.email},
        ]
        item = {"source": SOURCE, "identifiers": identifiers, "traits": {"name": hero.name}}
        return self.shop.post(Call(call="identify", key=f"demo-hero-{hero.customer_id}", items=[item]))

    def _write(self, one: _OnStage, beat: Beat) -> bool:
        line = self.lines[beat.act.value]
        one.last = (line, _address(one.hero, line.channel))
        return deliver(self._post(line, one.last[1], one.hero.name, beat))

    def _post(self, line: ChannelAccount, address: str, name: str, beat: Beat) -> Post:
        post = PLAYS[line.provider].incoming(
            Person(address=address, name=name),
            beat.text,
            timezone.now(),
            settings_of(line),
            webhook_url=webhook_url(line),
        )
        return _changed(post, {"Subject": beat.subject}) if beat.subject else post

    def _forge(self, one: _OnStage, beat: Beat) -> bool:
        """Another server wrote the hero's address into a From: no check of the receiver passes."""
        line = self.lines[Channel.EMAIL]
        post = self._post(line, one.hero.email, one.hero.name, beat)
        domain = one.hero.email.rpartition("@")[2]
        headers = [
            {"Name": "Received-SPF", "Value": f"Softfail identity=mailfrom; envelope-from={one.hero.email}"},
            {"Name": "Message-ID", "Value": f"<{uuid.uuid4().hex}@{domain}>"},
        ]
        return deliver(_changed(post, {"Headers": headers}))

    def _log_in(self, one: _OnStage, beat: Beat) -> bool:
        """The hero opens the shop, logged in; its server signs who they are."""
        line, now = self.lines[Channel.CHAT], int(time.time())
        claims: dict[str, Any] = {
            "iss": SOURCE,
            "aud": f"hub:{line.key}",
            "sub": one.hero.customer_id,
            "name": one.hero.name,
            "iat": now,
            "exp": now + 300,
            "jti": uuid.uuid4().hex,
        }
        secret = settings_of(line).secrets["identity_secret"][0]
        return self._open(one, identity_jwt=jwt.encode(claims, secret, algorithm="HS256"))

    def _open(self, one: _OnStage, **more: str) -> bool:
        answer = self._ask("sessions", {"widget_key": self.lines[Channel.CHAT].key, **more})
        if answer is None:
            return False
        one.session, one.visitor = answer["session_token"], answer["visitor_id"]
        return True

    def _look(self, one: _OnStage, beat: Beat) -> bool:
        page = {"url": f"{SITE}{beat.text}", "title": beat.subject}
        return self._in_browser(one, "pages", {"page": page})

    def _chat(self, one: _OnStage, beat: Beat) -> bool:
        done = self._in_browser(one, "messages", {"client_message_id": str(uuid.uuid4()), "text": beat.text})
        one.last = (self.lines[Channel.CHAT], one.visitor)
        return done

    def _claim(self, one: _OnStage, beat: Beat) -> bool:
        return self._in_browser(one, "contact", {"email": beat.text})

    def _in_browser(self, one: _OnStage, call: str, body: Mapping[str, Any]) -> bool:
        if not one.session and not self._open(one):
            return False
        return self._ask(call, body, session=one.session) is not None

    def _ask(self, call: str, body: Mapping[str, Any], *, session: str = "") -> dict[str, Any] | None:
        """What the chat answered; None if it refused."""
        public = urlsplit(settings.PUBLIC_BASE_URL)
        headers = {"Origin": f"{public.scheme}://{public.netloc}"}
        headers |= {"Authorization": f"Bearer {session}"} if session else {}
        url = f"{settings.LOOPBACK_URL}/chat/v1/{call}"
        try:
            answer = self.client.post(url, json=dict(body), headers=headers, timeout=10.0)
        except httpx.TransportError:
            return None
        if not answer.is_success:
            return None
        return dict(answer.json()) if answer.content else {}

    def _answer(self, one: _OnStage, beat: Beat) -> bool:
        assert one.last is not None
        line, address = one.last
        identities = ChannelIdentity.objects.filter(account=line, address=address, standing=Standing.PROVED)
        identity = identities.order_by("-epoch_start").first()
        if identity is None:
            return False
        try:
            send(identity.profile_id, Draft(channel_identity_id=identity.pk, text=beat.text), Wish(author=self.agent))
        except SendRefusedError:
            return False
        return True


def _address(hero: Hero, channel: str) -> str:
    if channel == Channel.EMAIL:
        return hero.email
    return hero.phone.removeprefix("+") if channel == Channel.WHATSAPP else hero.phone


def _changed(post: Post, fields: Mapping[str, Any]) -> Post:
    """The same delivery with other fields: the demo's mailbox is one whose provider signs no bodies."""
    return replace(post, body=json.dumps({**json.loads(post.body), **fields}).encode())


def await_work(seconds: float = STEP_SECONDS) -> None:
    """Returns when everything posted is worked, or after so long.

    And a second later: Meta tells times in whole ones, and two steps within one could change places.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        time.sleep(0.15)
        if not Envelope.objects.filter(state=Envelope.State.RECEIVED).exists():
            time.sleep(PAUSE_SECONDS)
            return
