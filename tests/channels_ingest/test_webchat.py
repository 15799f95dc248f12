"""Web chat over HTTP and through the pipeline: sessions, messages, what a visitor sees, and what an agent does."""

import base64
import gzip
import hashlib
import json
import re
import time
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from channels_ingest import pipeline
from channels_ingest.accounts import ConnectError, connect
from channels_ingest.models import ChatVisitor, ChatVisitorToken, Envelope, StoredFile
from channels_ingest.webchat import asking, limits, uploads
from channels_ingest.webchat.forgetting import forget_expired
from channels_ingest.webchat.models import ChatUpload
from channels_ingest.webchat.serving import SOURCES
from channels_ingest.webchat.texts import TEXTS
from profiles.models import Boundary, ChannelAccount, ChannelIdentity, Profile, Review, Sighting
from tests.channels_ingest.chatting import ORIGIN, SECRET, Browser, identity
from tests.conftest import payload
from timeline.models import Entry

pytestmark = pytest.mark.django_db
#: A cursor tells transactions apart, so what is read after it must be committed.
committed = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _fresh() -> None:
    asking.forget_sites()
    limits.counts._local.clear()
    limits.counts._paused_until = float("inf")  # what a test counts is its own


@pytest.fixture
def chat() -> ChannelAccount:
    return connect("webchat", name="Shop chat", values={"allowed_origins": ORIGIN, "identity_secret": SECRET})


@pytest.fixture
def browser(client: Client, chat: ChannelAccount) -> Browser:
    opened = Browser(client, chat)
    assert opened.open().status_code == 200
    return opened


def agent_writes(visitor_id: str, text: str, reference: str = "r-1", **more: Any) -> Entry:
    """An answer as `channels_ingest.sending` records it for a channel that delivers itself."""
    identity_ = ChannelIdentity.objects.filter(address=visitor_id).latest("epoch_start")
    return Entry.objects.create(
        **{
            "channel_identity": identity_,
            "account": identity_.account,
            "kind": "message",
            "direction": "out",
            "occurred_at": datetime.now(UTC),
            "provider_message_id": reference,
            "text": text,
            "detail": {"type": "text", "by": {"id": 1, "name": "Ana"}},
            "delivery": "sent",
            **more,
        }
    )


# ---- messages


def test_message_is_a_committed_envelope_before_it_is_acknowledged(browser: Browser) -> None:
    answer = browser.write("Hi, where is my order?", "0197b1f0-6a0e", page={"url": "https://shop.example/orders"})
    assert answer.status_code == 201
    [envelope] = Envelope.objects.all()
    assert envelope.state == "received"
    assert json.loads(bytes(envelope.body or b""))["text"] == "Hi, where is my order?"
    assert envelope.headers["visitor"] == browser.visitor_id
    assert not Entry.objects.exists()
    pipeline.drain()
    entry = Entry.objects.select_related("channel_identity").get()
    assert (entry.kind, entry.direction, entry.text, entry.sender_grade) == (
        "message", "in", "Hi, where is my order?", "proved",
    )  # fmt: skip
    assert entry.channel_identity.address == browser.visitor_id
    assert entry.detail["page"] == {"url": "https://shop.example/orders"}
    assert (entry.provider_message_id, entry.occurred_at) == (answer.json()["id"], envelope.received_at)


def test_message_again_answers_the_same_and_stands_once(browser: Browser) -> None:
    first = browser.write("Hello", "m.1")
    pipeline.drain()
    second = browser.write("Hello", "m.1")
    assert (first.status_code, second.status_code, first.json()) == (201, 200, second.json())
    pipeline.drain()
    assert Entry.objects.count() == 1


def test_client_id_names_one_text_only(browser: Browser) -> None:
    assert browser.write("Hello", "m.1").status_code == 201
    assert browser.write("Something else", "m.1").status_code == 409


def test_client_id_of_one_visitor_suppresses_no_message_of_another(browser: Browser, client: Client) -> None:
    other = Browser(client, browser.account)
    other.open()
    browser.says("mine", client_id="m.1")
    other.says("mine too", client_id="m.1")
    assert sorted(Entry.objects.values_list("text", flat=True)) == ["mine", "mine too"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"client_message_id": "m", "text": ""}, 422),
        ({"client_message_id": "m", "text": " \u200b\n"}, 201),
        ({"client_message_id": "m", "text": "x" * 4_001}, 422),
        ({"client_message_id": "m", "text": "\U0001f600" * 4_000}, 201),
        ({"client_message_id": "", "text": "x"}, 422),
        ({"client_message_id": "m" * 101, "text": "x"}, 422),
        ({"client_message_id": ["m"], "text": "x"}, 422),
        ({"client_message_id": "m", "text": {"a": 1}}, 422),
        ({"client_message_id": "m", "text": "nul \x00 and \ud800 half"}, 201),
        (b"[1]", 400),
        (b"{", 400),
        (b"[" * 60_000, 400),
        (b"x" * 70_000, 413),
    ],
)
def test_odd_bodies(browser: Browser, body: Any, status: int) -> None:
    assert browser.ask("POST", "messages", body).status_code == status
    assert pipeline.drain().faults == 0


def test_body_has_to_say_that_it_is_json(browser: Browser) -> None:
    answer = browser.client.post(
        "/chat/v1/messages",
        "{}",
        content_type="text/plain",
        headers={"Origin": ORIGIN, "Authorization": f"Bearer {browser.session}"},
    )
    assert answer.status_code == 415


# ---- sessions


def test_session_tells_its_tokens_once_and_stores_only_a_hash(browser: Browser) -> None:
    assert browser.opened["identity"] == "anonymous"
    assert len(browser.visitor) == 43
    stored = json.dumps(list(ChatVisitorToken.objects.values("token_hash")))
    assert browser.visitor not in stored
    assert browser.visitor_id.startswith("v_")


def test_browser_that_comes_back_goes_on_and_its_token_rotates(browser: Browser) -> None:
    browser.says("Hello")
    first_token, visitor_id = browser.visitor, browser.visitor_id
    browser.session = ""
    browser.open()
    assert (browser.visitor_id, browser.texts()) == (visitor_id, ["Hello"])
    assert browser.visitor != first_token
    lifetimes = [row.expires_at - datetime.now(UTC) for row in ChatVisitorToken.objects.order_by("id")]
    assert [round(lifetime / timedelta(days=1)) for lifetime in lifetimes] == [1, 180]


def test_unknown_and_expired_visitor_tokens_start_anew(browser: Browser, client: Client) -> None:
    ChatVisitorToken.objects.update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    again = Browser(client, browser.account, visitor=browser.visitor)
    again.open()
    assert again.visitor_id != browser.visitor_id
    assert forget_expired() == 1


def test_ended_session_is_over_for_every_tab_and_the_browser_is_somebody_else(browser: Browser) -> None:
    browser.says("private words")
    tab = browser.session
    assert browser.ask("DELETE", "sessions").status_code == 204
    assert browser.ask("GET", "events").status_code == 401
    browser.session = tab
    assert browser.write("again").status_code == 401
    browser.session = ""
    before = browser.visitor_id
    browser.open()
    assert browser.visitor_id != before
    assert browser.texts() == []


@pytest.mark.parametrize("token", ["", "nonsense", "a:b:c", "x" * 5_000, "é"])
def test_call_without_a_genuine_session_is_refused(browser: Browser, token: str) -> None:
    browser.session = token
    answer = browser.ask("GET", "events", **({} if token else {"Authorization": ""}))
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")


def test_disabled_chat_answers_nobody(browser: Browser) -> None:
    from channels_ingest import accounts

    ChannelAccount.objects.update(is_enabled=False)
    accounts._cache.clear()
    assert browser.write("x").status_code == 404
    assert browser.open().status_code == 404


# ---- origins


@pytest.mark.parametrize(
    "origin",
    [
        *("https://evil.example", "http://shop.example", "https://shop.example:8443", "https://sub.shop.example"),
        *("https://shop.example.evil.example", "https://SHOP.example/", "null", ""),
    ],
)
def test_other_site_is_refused_and_may_read_nothing(browser: Browser, origin: str) -> None:
    browser.origin = origin
    for answer in (browser.write("x"), browser.open(), browser.ask("GET", "events")):
        assert answer.status_code == 403
        assert "Access-Control-Allow-Origin" not in answer


def test_own_site_may_read_and_nothing_carries_credentials(browser: Browser) -> None:
    for answer in (browser.write("x"), browser.ask("OPTIONS", "messages"), browser.ask("GET", "nothing?")):
        if answer.status_code == 404:
            continue
        assert answer["Access-Control-Allow-Origin"] == ORIGIN
        assert "Access-Control-Allow-Credentials" not in answer
        assert not answer.cookies
    preflight = browser.ask("OPTIONS", "messages")
    assert (preflight.status_code, preflight["Access-Control-Allow-Headers"]) == (
        204,
        "Authorization, Content-Type, X-File-Name",
    )


def test_session_of_one_chat_is_none_on_the_site_of_another(browser: Browser, client: Client) -> None:
    other = connect("webchat", name="Other", values={"allowed_origins": "https://other.example"})
    asking.forget_sites()
    stranger = Browser(client, other, origin="https://other.example", session=browser.session, visitor=browser.visitor)
    assert stranger.ask("GET", "events").status_code == 403
    stranger.open()
    assert stranger.visitor_id != browser.visitor_id


@pytest.mark.parametrize("value", ["*", "https://*.shop.example", "shop.example", "https://shop.example/path", ", ,"])
def test_chat_does_not_connect_to_what_is_no_origin(db: None, value: str) -> None:
    with pytest.raises(ConnectError, match="allowed_origins: expected origins"):
        connect("webchat", name="x", values={"allowed_origins": value})


def test_chat_does_not_connect_without_its_sites(db: None) -> None:
    with pytest.raises(ConnectError, match="cannot receive without: allowed_origins"):
        connect("webchat", name="x", values={})


def test_webhook_of_a_chat_takes_nothing(browser: Browser) -> None:
    answer = browser.client.post(f"/webhooks/webchat/{browser.account.key}/", "{}", content_type="application/json")
    assert (answer.status_code, Envelope.objects.count()) == (403, 0)


# ---- what a visitor sees


@committed
def test_answer_arrives_with_its_writer_and_is_told_once(browser: Browser) -> None:
    browser.says("Hello?", client_id="m.1")
    assert [(e["from"], e["client_message_id"]) for e in browser.poll()] == [("visitor", "m.1")]
    assert browser.poll() == []
    agent_writes(browser.visitor_id, "Hi, I am looking.")
    [event] = browser.poll()
    assert (event["from"], event["text"], event["agent"], event["delivery"], event["id"]) == (
        "agent", "Hi, I am looking.", "Ana", "sent", "r-1",
    )  # fmt: skip
    assert browser.poll() == []


@committed
@pytest.mark.parametrize("delivery", ["queued", "failed", "unknown"])
def test_answer_that_is_not_sent_is_not_shown(browser: Browser, delivery: str) -> None:
    browser.says("Hello?")
    browser.poll()
    entry = agent_writes(browser.visitor_id, "not yet", delivery=delivery)
    assert browser.poll() == []
    Entry.objects.filter(id=entry.pk).update(delivery="sent")
    assert browser.texts() == []  # nothing said that the row changed
    with_change(entry)
    assert browser.texts() == ["not yet"]


def with_change(entry: Entry) -> None:
    from timeline.models import CurrentTransaction

    Entry.objects.filter(id=entry.pk).update(changed_in=CurrentTransaction())


@pytest.mark.parametrize("kind", ["note", "work", "identity", "system", "consent", "order", "page_view"])
def test_visitor_sees_no_notes_and_nothing_internal(browser: Browser, kind: str) -> None:
    browser.says("Hello?")
    agent_writes(browser.visitor_id, "She is a difficult one", kind=kind, direction="none", delivery=None)
    assert browser.texts() == ["Hello?"]


def test_visitor_sees_no_other_channel_of_the_same_person(browser: Browser, whatsapp: ChannelAccount) -> None:
    browser.says("Hello?")
    mine = ChannelIdentity.objects.get()
    elsewhere = ChannelIdentity.objects.create(
        id=77_001, account=whatsapp, address=browser.visitor_id, profile_id=mine.profile_id
    )
    agent_writes(browser.visitor_id, "on WhatsApp", channel_identity=elsewhere, account=whatsapp)
    assert browser.texts() == ["Hello?"]


@committed
def test_boundary_hides_what_was_before_it(browser: Browser) -> None:
    browser.says("words of the one before")
    browser.poll()
    cursor = browser.cursor
    Boundary.objects.create(
        account=browser.account, address=browser.visitor_id, starts_at=datetime.now(UTC), source="x", reason="agent"
    )
    assert browser.ask("GET", f"events?after={cursor}").json()["reset"] is True
    assert browser.texts() == []
    browser.says("words of the one after")
    assert browser.texts() == ["words of the one after"]


@committed
def test_late_commit_is_not_missed(browser: Browser) -> None:
    """An answer whose transaction began first and ends last comes after one that overtook it."""
    import psycopg
    from django.db import connection

    browser.says("Hello?")
    browser.poll()
    parts = connection.get_connection_params()
    wanted = {name: parts[name] for name in ("dbname", "user", "password", "host", "port") if parts.get(name)}
    mine = ChannelIdentity.objects.get()
    with psycopg.connect(**wanted) as slow:
        slow.execute(
            "INSERT INTO timeline_entry (channel_identity_id, account_id, kind, direction, occurred_at, recorded_at,"
            " provider_message_id, text, detail, delivery, is_placeholder, is_backfilled, sightings)"
            " VALUES (%s, %s, 'message', 'out', now(), now(), 'slow', 'slow', '{}', 'sent', false, false, '{}')",
            [mine.pk, mine.account_id],
        )
        agent_writes(browser.visitor_id, "quick", "quick")
        assert browser.texts() == ["quick"]
        assert browser.texts() == []
        slow.commit()
    assert browser.texts() == ["slow"]
    assert browser.texts() == []


@pytest.mark.parametrize(
    "cursor", ["x", "1:2:", "2:1:;0", "1:5:9;0", "1:5:3,2;0", "0:0:;0", "9" * 30 + ":1:;0", "1:2:,;0"]
)
def test_cursor_of_another_make_is_refused(browser: Browser, cursor: str) -> None:
    assert browser.ask("GET", f"events?after={cursor}").status_code == 400


def test_cursor_of_the_future_starts_over(browser: Browser) -> None:
    browser.says("Hello?")
    answer = browser.ask("GET", "events?after=900000000000:900000000000:;0.000000").json()
    assert (answer["reset"], [event["text"] for event in answer["events"]]) == (True, ["Hello?"])


def test_long_history_gives_its_newest(browser: Browser) -> None:
    browser.says("first")
    mine = ChannelIdentity.objects.get()
    Entry.objects.bulk_create(
        Entry(channel_identity=mine, account=browser.account, kind="message", direction="out", delivery="sent",
              occurred_at=datetime.now(UTC) + timedelta(seconds=n), text=f"t{n}", provider_message_id=f"t{n}")
        for n in range(150)
    )  # fmt: skip
    texts = browser.texts()
    assert (len(texts), texts[0], texts[-1]) == (100, "t50", "t149")


def test_seen_answers_are_read_on_the_timeline(browser: Browser) -> None:
    browser.says("Hello?")
    for number in (1, 2, 3):
        agent_writes(browser.visitor_id, f"a{number}", f"r-{number}")
    assert browser.ask("POST", "seen", {"state": "delivered", "last": "r-3"}).status_code == 204
    assert browser.ask("POST", "seen", {"last": "r-2"}).status_code == 204
    pipeline.drain()
    states = dict(Entry.objects.filter(direction="out").values_list("provider_message_id", "delivery"))
    assert states == {"r-1": "read", "r-2": "read", "r-3": "delivered"}
    before = Envelope.objects.count()
    browser.ask("POST", "seen", {"last": "r-2"})
    browser.ask("POST", "seen", {"last": "of nobody"})
    assert Envelope.objects.count() == before


# ---- identity


def test_signed_customer_joins_their_profile_and_typed_address_does_not(browser: Browser, client: Client) -> None:
    browser.says("I am anonymous")
    known = connect("webchat", name="Elsewhere", values={"allowed_origins": ORIGIN, "identity_secret": SECRET})
    first = Browser(client, known)
    first.open(identity_jwt=identity(known, email="mira@example.com", email_verified=True, name="Mira Lind"))
    first.says("I am Mira")
    mira = ChannelIdentity.objects.get(account=known).profile_id
    assert Profile.objects.get(id=mira).display_name == "Mira Lind"
    browser.ask("POST", "contact", {"email": "mira@example.com", "name": "Mira Lind"})
    pipeline.drain()
    assert ChannelIdentity.objects.get(account=browser.account).profile_id != mira
    assert Review.objects.get().kind == "claim"
    assert Sighting.objects.get(identifier__kind="email", grade="claimed").channel_identity.account == browser.account
    browser.identify(identity(browser.account))
    pipeline.drain()
    assert ChannelIdentity.objects.values("profile_id").distinct().count() == 1


@pytest.mark.parametrize(
    ("claims", "grade"),
    [
        ({"email": "a@example.com"}, "claimed"),
        ({"email": "a@example.com", "email_verified": False}, "claimed"),
        ({"email": "a@example.com", "email_verified": "true"}, "claimed"),
        ({"email": "a@example.com", "email_verified": True}, "proved"),
        ({"phone": "+46701740605", "phone_verified": True}, "proved"),
        ({"phone_number": "+46701740605", "phone_number_verified": True}, "proved"),
        ({"phone": "+46701740605"}, "claimed"),
    ],
)
def test_addresses_of_a_token_are_proved_only_with_their_flag(
    browser: Browser, claims: dict[str, Any], grade: str
) -> None:
    assert browser.identify(identity(browser.account, **claims)).status_code == 200
    pipeline.drain()
    assert Sighting.objects.get(identifier__kind__in=["email", "phone"]).grade == grade


def test_token_that_proves_nothing_is_refused(browser: Browser) -> None:
    import jwt

    account, now = browser.account, int(time.time())
    claims = {"iss": "shop", "aud": f"hub:{account.key}", "sub": "42", "iat": now, "exp": now + 60, "jti": "j"}
    refused = {
        "other secret": identity(account, secret="another-secret-of-more-than-32-bytes"),
        "no signature": jwt.encode(claims, None, algorithm="none"),
        "other algorithm": jwt.encode(claims, SECRET * 2, algorithm="HS512"),
        "same secret, other algorithm": jwt.encode(claims, SECRET * 2, algorithm="HS384"),
        "other widget": identity(account, aud="hub:another"),
        "no audience": identity(account, aud=None),
        "no sub": identity(account, sub=None),
        "empty sub": identity(account, sub=""),
        "placeholder": identity(account, sub="undefined"),
        "no jti": identity(account, jti=None),
        "no iss": identity(account, iss=None),
        "no exp": identity(account, exp=None),
        "expired": identity(account, iat=now - 500, exp=now - 100),
        "lives too long": identity(account, exp=now + 700),
        "issued long ago to live long": identity(account, iat=now - 5_000, exp=now + 60),
        "from the future": identity(account, iat=now + 300, exp=now + 500),
        "no token": "a.b.c",
        "not text": "{}",
        "endless": "a" * 5_000,
    }
    answers = {}
    for name, token in refused.items():
        limits.counts._local.clear()
        answers[name] = browser.identify(token).status_code
    assert answers == dict.fromkeys(refused, 401)
    assert browser.ask("POST", "identify", {"identity_jwt": 7}).status_code == 401
    assert browser.ask("POST", "identify", {}).status_code == 401
    assert ChatVisitor.objects.get().customer_id == ""
    assert not Envelope.objects.exists()


def test_token_counts_once(browser: Browser, client: Client) -> None:
    token = identity(browser.account)
    assert browser.identify(token).status_code == 200
    thief = Browser(client, browser.account)
    assert thief.open(identity_jwt=token).status_code == 401
    thief.open()
    assert thief.identify(token).status_code == 401
    assert browser.identify(token).status_code == 200  # its own session was proved by it already


def test_wrong_token_says_why_to_the_sites_developers(browser: Browser) -> None:
    answer = browser.identify(identity(browser.account, aud="hub:x"))
    assert answer.json()["detail"] == "identity_jwt: aud must be hub: and the widget key"


def test_log_in_binds_the_running_conversation_and_ends_what_others_hold(browser: Browser, client: Client) -> None:
    browser.says("before the log-in")
    planted = Browser(client, browser.account, session=browser.session, visitor=browser.visitor)
    visitor_id = browser.visitor_id
    browser.identify(identity(browser.account))
    assert (browser.visitor_id, browser.opened["identity"]) == (visitor_id, "verified")
    assert browser.texts() == ["before the log-in"]
    assert planted.ask("GET", "events").status_code == 401
    assert planted.write("in her name").status_code == 401
    planted.session = ""
    planted.open()
    assert planted.visitor_id != visitor_id
    assert planted.texts() == []


def test_another_customer_in_the_same_browser_sees_nothing_of_the_first(browser: Browser) -> None:
    browser.identify(identity(browser.account, sub="1"))
    browser.says("of customer 1")
    first = browser.visitor_id
    browser.identify(identity(browser.account, sub="2"))
    assert browser.visitor_id != first
    assert browser.texts() == []
    browser.says("of customer 2")
    browser.identify(identity(browser.account, sub="1"))
    assert (browser.visitor_id, browser.texts()) == (first, ["of customer 1"])
    assert len(set(ChannelIdentity.objects.values_list("profile_id", flat=True))) == 2


def test_browser_of_a_customer_who_is_not_proved_again_starts_anew(browser: Browser) -> None:
    browser.identify(identity(browser.account))
    browser.says("of a customer")
    session, browser.session = browser.session, ""
    browser.open()
    assert browser.opened["identity"] == "anonymous"
    assert browser.texts() == []
    browser.session = session
    browser.open()
    assert (browser.opened["identity"], browser.texts()) == ("verified", ["of a customer"])


def test_customer_goes_on_in_another_browser_but_a_running_conversation_shows_no_older_one(
    browser: Browser, client: Client
) -> None:
    browser.identify(identity(browser.account))
    browser.says("at home")
    office = Browser(client, browser.account)
    office.open(identity_jwt=identity(browser.account))
    assert office.texts() == ["at home"]
    anonymous = Browser(client, browser.account)
    anonymous.open()
    anonymous.says("at a friend's")
    anonymous.identify(identity(browser.account))
    assert anonymous.texts() == ["at a friend's"]
    pipeline.drain()
    assert len(set(ChannelIdentity.objects.values_list("profile_id", flat=True))) == 1


def test_identity_secret_that_can_be_guessed_is_refused(db: None) -> None:
    with pytest.raises(ConnectError, match="identity_secret: expected at least 32 characters"):
        connect("webchat", name="x", values={"allowed_origins": ORIGIN, "identity_secret": "shop-secret-2026"})


def test_issuer_may_be_pinned_and_the_secret_rotated(browser: Browser) -> None:
    connect("webchat", name="Shop chat", values={"identity_issuer": "shop", "identity_secret": SECRET[::-1]})
    from channels_ingest import accounts

    accounts._cache.clear()
    assert browser.identify(identity(browser.account, iss="another")).status_code == 401
    assert browser.identify(identity(browser.account, secret=SECRET[::-1])).status_code == 200
    assert browser.identify(identity(browser.account)).status_code == 200


def test_key_of_a_pair_may_sign_instead_of_a_secret(client: Client, db: None) -> None:
    import jwt
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    pem = (
        private.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )
    account = connect("webchat", name="Pair", values={"allowed_origins": ORIGIN, "identity_public_key": pem})
    browser = Browser(client, account)
    browser.open()
    claims = jwt.decode(identity(account), options={"verify_signature": False})
    assert browser.identify(jwt.encode(claims, private, algorithm="EdDSA")).status_code == 200
    forged = identity(account, secret="x" * 40)
    assert browser.identify(forged).status_code == 401


# ---- pages


def test_page_stands_on_the_timeline_without_what_opens_something(browser: Browser) -> None:
    url = "https://u:p@shop.example/reset/abc123?utm_source=mail&token=s3cret&q=shoes#access_token=x"
    answer = browser.ask("POST", "pages", {"page": {"url": url, "title": "Reset\n", "referrer": "javascript:alert(1)"}})
    assert answer.status_code == 204
    pipeline.drain()
    entry = Entry.objects.get()
    assert (entry.kind, entry.direction, entry.text) == ("page_view", "none", "Reset")
    assert entry.detail == {"url": "https://shop.example/reset/…?utm_source=mail", "title": "Reset"}
    [envelope] = Envelope.objects.all()
    assert b"s3cret" not in bytes(envelope.body or b"")


def test_same_page_view_again_stands_once(browser: Browser) -> None:
    for _ in range(2):
        browser.ask("POST", "pages", {"id": "p.1", "page": {"url": "https://shop.example/"}})
    pipeline.drain()
    assert Entry.objects.count() == 1


# ---- what is documented


def test_bodies_of_the_documented_protocol_are_taken(browser: Browser) -> None:
    created = json.loads(payload("webchat-session-create.proposed.json")) | {"widget_key": browser.account.key}
    promised = json.loads(payload("webchat-session-reply.proposed.json"))
    answer = browser.ask("POST", "sessions", created).json()
    assert {"session_token", "visitor_token", "visitor_id", "identity", "poll_url"} <= answer.keys() & promised.keys()
    assert browser.ask("GET", answer["poll_url"].removeprefix("/chat/v1/")).status_code == 200
    assert browser.ask("POST", "messages", payload("webchat-message.proposed.json").decode()).status_code == 201
    said = json.loads(payload("webchat-identify-claims.proposed.json"))["claims"]
    now = int(time.time())
    token = identity(browser.account, **said | {"aud": f"hub:{browser.account.key}", "iat": now, "exp": now + 300})
    assert browser.identify(token).status_code == 200
    pipeline.drain()
    named = Sighting.objects.values_list("identifier__kind", "identifier__scope", "identifier__value", "grade")
    assert ("customer_id", "shop.example.com", "user-981", "proved") in named
    assert ("email", "", "customer@example.net", "proved") in named


def test_widget_is_cached_for_a_while_and_under_its_digest_for_ever(client: Client) -> None:
    newest = client.get("/chat/v1/w.js", headers={"Accept-Encoding": "gzip"})
    assert newest["Cache-Control"] == "public, max-age=300"
    assert (newest["Content-Encoding"], newest["Access-Control-Allow-Origin"]) == ("gzip", "*")
    assert gzip.decompress(newest.content) == client.get("/chat/v1/w.js").content
    pinned = client.get(f"/chat/v1/w.{newest['ETag'].strip(chr(34))}.js")
    assert pinned["Cache-Control"] == "public, max-age=31536000, immutable"
    assert client.get("/chat/v1/w.js", headers={"If-None-Match": newest["ETag"]}).status_code == 304
    assert client.get("/chat/v1/w.0123456789abcdef.js").status_code == 404


def test_sample_page_is_there_only_where_the_hub_plays(client: Client, chat: ChannelAccount, settings: Any) -> None:
    assert client.get(f"/chat/v1/sample/{chat.key}/").status_code == 404
    settings.HAS_SIMULATOR_PAGE = True
    answer = client.get(f"/chat/v1/sample/{chat.key}/")
    assert f'data-key="{chat.key}"' in answer.content.decode()
    assert "require-trusted-types-for 'script'" in answer["Content-Security-Policy"]
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    assert client.get("/chat/v1/sample/nobody/").status_code == 404


def test_every_language_has_every_word() -> None:
    source = (SOURCES / "hub-chat.js").read_text(encoding="utf-8")
    own = set(re.findall(r"(\w+): \"", source.partition("const wording = {")[2].partition("};")[0]))
    more = (SOURCES / "hub-more.js").read_text(encoding="utf-8")
    used = set(re.findall(r"\bwording\.(\w+)", source)) | set(re.findall(r"\btexts\.(\w+)", more)) | {"before", "away"}
    assert "hello" in own
    assert own <= used
    assert {language: set(words) for language, words in TEXTS.items()} == {"en": used, "de": used, "ar": used}


def test_connecting_prints_the_line_for_the_site(db: None) -> None:
    out, err = StringIO(), StringIO()
    call_command("connect", "webchat", "--name", "x", "--set", f"allowed_origins={ORIGIN}", stdout=out, stderr=err)
    key = ChannelAccount.objects.get(name="x").key
    assert out.getvalue().splitlines()[-1].endswith(f"/webhooks/webchat/{key}/")
    assert f'data-key="{key}"></script>' in err.getvalue()


# ---- limits


def test_visitor_who_writes_too_much_is_asked_to_wait(browser: Browser) -> None:
    answers = [browser.write(f"m{n}") for n in range(21)]
    assert [a.status_code for a in answers] == [201] * 20 + [429]
    assert answers[-1]["Retry-After"] == "60"


def test_address_that_opens_too_many_sessions_is_asked_to_wait(client: Client, chat: ChannelAccount) -> None:
    answers = [Browser(client, chat).open().status_code for _ in range(31)]
    assert answers == [200] * 30 + [429]


def test_dead_valkey_costs_a_limit_no_time(browser: Browser, settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    limits.counts._valkey, limits.counts._paused_until = None, 0.0
    started = time.monotonic()
    answers = [browser.write(f"m{n}").status_code for n in range(21)]
    assert answers == [201] * 20 + [429]
    assert time.monotonic() - started < 10
    limits.counts._valkey = None


# ---- files


def upload(browser: Browser, content: bytes, name: str = "box.png", **headers: str) -> Any:
    sent = {"Origin": ORIGIN, "Authorization": f"Bearer {browser.session}", "X-File-Name": name, **headers}
    return browser.client.generic(
        "POST", "/chat/v1/uploads", content, "application/octet-stream", headers=sent, REMOTE_ADDR="203.0.113.7"
    )


PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAIAAAD91JpzAAAAFklEQVR4nGP8z8DAwMDAxMDAwMDAAAANHQEDasKb6QAAAABJRU5ErkJggg=="
)


def test_visitors_file_stands_with_the_message_that_names_it(browser: Browser) -> None:
    answer = upload(browser, PNG, "my%20b%C3%B6x.png")
    assert answer.status_code == 201
    assert {k: v for k, v in answer.json().items() if k != "id"} == {
        "name": "my b\u00f6x.png", "mime_type": "image/png", "size": len(PNG),
    }  # fmt: skip
    assert browser.write("", "m-1", upload_ids=[answer.json()["id"]]).status_code == 201
    assert browser.write("", "m-1", upload_ids=[answer.json()["id"]]).status_code == 200
    assert browser.write("other", "m-1").status_code == 409
    pipeline.drain()
    entry = Entry.objects.get()
    [file] = entry.detail["attachments"]
    assert (entry.text, entry.detail["type"], file["type"], file["state"]) == ("", "image", "image", "stored")
    assert file["file"]["sha256"] == hashlib.sha256(PNG).hexdigest()
    assert StoredFile.objects.get().sha256 == file["file"]["sha256"]


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422),
        (b"hello", 422),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", 422),
        (b"<html><script>alert(1)</script>", 422),
        (b"MZ" + bytes(100), 422),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), 422),  # says it is a picture, and is none
        (b"%PDF-1.7 " + bytes(50), 201),
        (b"%PDF-" + bytes(10 * 1024 * 1024), 413),
    ],
    ids=["empty", "text", "svg", "html", "program", "broken", "pdf", "large"],
)
def test_only_pictures_and_pdfs_by_their_own_bytes_are_taken(browser: Browser, content: bytes, status: int) -> None:
    assert upload(browser, content, "x.png").status_code == status
    assert ChatUpload.objects.count() == (status == 201)


def test_file_belongs_to_who_sent_it_and_needs_a_session(
    browser: Browser, client: Client, chat: ChannelAccount
) -> None:
    given = upload(browser, PNG).json()["id"]
    other = Browser(client, chat)
    other.open()
    assert other.write("", upload_ids=[given]).status_code == 422
    assert browser.write("", upload_ids=[given, "x"]).status_code == 422
    assert browser.write("", upload_ids=[given] * 6).status_code == 201  # named twice it is one
    assert browser.write("", upload_ids="x").status_code == 422
    assert browser.write("").status_code == 422
    assert upload(browser, PNG, Authorization="Bearer x").status_code == 401
    assert upload(browser, PNG, Origin="https://evil.example").status_code == 403
    head = {"Origin": ORIGIN, "Authorization": f"Bearer {browser.session}"}
    assert client.head("/chat/v1/uploads", headers=head).status_code == 204
    assert client.head("/chat/v1/uploads", headers={"Origin": ORIGIN}).status_code == 401


def test_visitor_sends_so_much_a_day_and_what_no_message_named_is_forgotten(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MOST_BYTES_OF_VISITOR", 2 * len(PNG))
    assert [upload(browser, PNG).status_code for _ in range(3)] == [201, 201, 413]
    ChatUpload.objects.update(created_at=datetime.now(UTC) - timedelta(days=1, seconds=1))
    assert upload(browser, PNG).status_code == 201
    forget_expired()
    assert ChatUpload.objects.count() == 1


def test_what_a_visitor_says_of_files_is_not_kept(browser: Browser) -> None:
    browser.says("hi", attachments=[{"type": "image", "file": {"sha256": "0" * 64}, "link": "http://169.254.169.254/"}])
    assert "attachments" not in Entry.objects.get().detail


# ---- who it is


@pytest.mark.parametrize(
    ("said", "form"),
    [
        ({}, None),
        ({"ask_who": "never"}, None),
        ({"ask_who": "before"}, "before"),
        ({"ask_who": "before", "hours": "Mon-Sun 00:00-24:00", "time_zone": "UTC"}, "before"),
        ({"ask_who": "away", "hours": "Mon-Sun 00:00-24:00", "time_zone": "UTC"}, None),
        ({"ask_who": "away"}, None),
    ],
)
def test_visitor_is_asked_who_they_are_as_the_line_says(
    client: Client, chat: ChannelAccount, said: dict[str, str], form: str | None
) -> None:
    connect("webchat", name="Shop chat", values=said)
    browser = Browser(client, chat)
    assert browser.open(locale="de").json().get("form") == (form and TEXTS["de"][form])
    browser.says("hello")
    assert "form" not in browser.open().json()


def test_visitor_is_asked_for_an_address_while_nobody_is_there(client: Client, chat: ChannelAccount) -> None:
    now = datetime.now(UTC)
    day = (now + timedelta(days=2)).strftime("%a")
    connect("webchat", name="Shop chat", values={"ask_who": "away", "hours": f"{day} 09:00-10:00", "time_zone": "UTC"})
    assert Browser(client, chat).open().json()["form"] == TEXTS["en"]["away"]
    with pytest.raises(ConnectError, match="ask_who"):
        connect("webchat", name="Shop chat", values={"ask_who": "always"})
