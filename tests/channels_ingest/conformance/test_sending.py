"""An adapter that sends is understood by the provider's play, and understands what it answers, reports and receives."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

import pytest
from django.http import HttpResponse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.sending import (
    Accepted,
    Answer,
    CannotSendError,
    HttpRequest,
    Outgoing,
    Refused,
    SmtpRequest,
    TryLater,
    Unclear,
)
from channels_ingest.registry import ADAPTERS
from channels_ingest.simulator.plays.base import Post, Taken
from tests.channels_ingest.conformance.conftest import Line
from tests.channels_ingest.conformance.description import Description
from tests.channels_ingest.conformance.providers import DESCRIPTIONS
from timeline.entries import AmendmentKind, Delivery
from timeline.models import Amendment, Entry

API_URL = "http://127.0.0.1:9/simulator/provider/key"
REFERENCE = "0b0f7a3e-9f0a-4f5e-8a52-2f1f6a3f7b11"
SENDING = sorted(provider for provider, of in DESCRIPTIONS.items() if of.play is not None)
TEXT = "Olá – “quoted” 😀 + & = % שלום"


@pytest.fixture(params=SENDING)
def of(request: pytest.FixtureRequest) -> Description:
    """Each provider that sends."""
    return DESCRIPTIONS[request.param]


def outgoing(of: Description, text: str = TEXT, status_url: str = "https://hub.example.com/w/") -> Outgoing:
    assert of.person is not None
    more = (of.mail_head and {"mail": of.mail_head}) or {}
    return Outgoing(
        reference=REFERENCE,
        address=of.person.address,
        text=text,
        status_url=f"{status_url}?reference={REFERENCE}",
        **more,
    )


def rendered(of: Description, message: Outgoing, account: AccountSettings) -> HttpRequest | SmtpRequest:
    return of.adapter.render(message, account, api_url=API_URL)  # type: ignore[attr-defined]


def taken_by(of: Description, message: Outgoing, account: AccountSettings) -> Taken:
    """The message as the play took it."""
    request = rendered(of, message, account)
    assert isinstance(request, HttpRequest)
    assert request.url.startswith(API_URL)
    for name, value in request.headers.items():  # what the HTTP client refuses is never sent
        assert name == name.lower()
        assert value == value.strip()
        assert value.isascii()
    assert of.play is not None
    taken = of.play.take(request)
    assert isinstance(taken, Taken), taken
    return taken


def posted(line: Line, post: Post) -> HttpResponse:
    """The hub's answer to what the play posts."""
    parts = urlsplit(post.url)
    headers = {name: value for name, value in post.headers.items() if name.lower() != "content-type"}
    kind = next((value for name, value in post.headers.items() if name.lower() == "content-type"), "")
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    return line.client.post(path, post.body, content_type=kind, headers=headers)


def test_every_adapter_that_sends_has_its_play() -> None:
    able = {provider for provider, adapter in ADAPTERS.items() if hasattr(adapter, "render")}
    assert able == set(SENDING), "add channels_ingest/simulator/plays/PROVIDER.py and name it in the description"


def test_sending_needs_settings_that_the_adapter_has(of: Description) -> None:
    names = {setting.name for setting in of.adapter.settings}
    assert set(of.adapter.sending_settings) <= names  # type: ignore[attr-defined]
    assert of.adapter.sending_settings  # type: ignore[attr-defined]
    assert not of.adapter.api_url.endswith("/")  # type: ignore[attr-defined]


def test_message_is_taken_as_it_was_written(line: Line) -> None:
    of, message = line.of, outgoing(line.of, status_url=line.url)
    taken = taken_by(of, message, line.settings)
    assert of.person is not None
    assert (taken.to, taken.text) == (of.person.address, TEXT)
    assert taken.reference == REFERENCE
    assert of.play is not None
    assert of.adapter.read_answer(of.play.answer(taken)) == Accepted(  # type: ignore[attr-defined]
        provider_message_id=taken.message_id
    )


def test_message_is_written_without_any_credentials(of: Description) -> None:
    """For the simulator, which stands in the provider's place while there are none."""
    taken_by(of, outgoing(of), AccountSettings())


def test_two_messages_have_two_ids(line: Line) -> None:
    ids = {taken_by(line.of, outgoing(line.of), line.settings).message_id for _ in range(5)}
    assert len(ids) == 5


def test_surrogates_and_nul_are_sent_as_something_or_refused_in_words(of: Description) -> None:
    for text in ("a\ud800b", "a\x00b"):
        try:
            rendered(of, outgoing(of, text), AccountSettings())
        except CannotSendError as error:
            reason = str(error)
            assert reason


def reports(line: Line, taken: Taken) -> Iterator[tuple[Delivery, Post]]:
    assert line.of.play is not None
    for state in (Delivery.SENT, Delivery.DELIVERED, Delivery.READ, Delivery.FAILED):
        at = datetime.now(UTC)
        post = line.of.play.status(taken, state, at, line.settings, webhook_url=line.url)
        if post is not None:
            yield state, post


def test_every_status_comes_back_signed_with_our_reference(line: Line) -> None:
    taken = taken_by(line.of, outgoing(line.of, status_url=line.url), line.settings)
    told = list(reports(line, taken))
    assert {Delivery.DELIVERED, Delivery.FAILED} <= {state for state, _ in told} or line.of.reports_nothing
    for state, post in told:
        assert posted(line, post).status_code == 200
        forged = Post(url=post.url, headers=post.headers, body=post.body.replace(b"e", b"f", 1))
        assert posted(line, forged).status_code in (line.of.adapter.refusal_status, 200 if line.of.uncovered else 0)
        line.work()
        amendment = Amendment.objects.order_by("-id").first()
        assert amendment is not None
        assert (amendment.kind, amendment.target_message_id) == (AmendmentKind.STATUS, taken.message_id)
        assert amendment.detail["delivery"] == state
        assert amendment.detail["reference"] == REFERENCE
        if state is Delivery.FAILED:
            assert amendment.detail["errors"][0]["message"]
    assert not Entry.objects.exists()


def test_what_the_person_writes_arrives(line: Line) -> None:
    of = line.of
    assert of.play is not None
    assert of.person is not None
    for text in (TEXT, "second"):
        post = of.play.incoming(of.person, text, datetime.now(UTC), line.settings, webhook_url=line.url, answers="")
        assert posted(line, post).status_code == 200
        assert posted(line, post).status_code == 200
        line.work()
    found = Entry.objects.order_by("id").values_list("channel_identity__address", "text", "direction")
    assert list(found) == [(of.person.address, TEXT, "in"), (of.person.address, "second", "in")]


def test_play_refuses_what_is_no_message(of: Description) -> None:
    assert of.play is not None
    request = rendered(of, outgoing(of), AccountSettings())
    assert isinstance(request, HttpRequest)
    for wrong in (
        replace(request, method="GET"),
        replace(request, url=API_URL + "/elsewhere"),
        replace(request, body=b""),
        replace(request, body=b"\xff\x00{"),
    ):
        answer = of.play.take(wrong)
        assert isinstance(answer, Answer), wrong.url
        outcome = of.adapter.read_answer(answer)  # type: ignore[attr-defined]
        assert isinstance(outcome, Refused), (outcome, answer)
        assert outcome.reason


def test_answers_that_say_nothing_are_unclear(of: Description) -> None:
    """The request may have been read: nobody posts it again by himself."""
    for status in (500, 502, 503, 504):
        for body in (b"", b"{}", b"<html>", b'{"sid": 7}'):
            outcome = of.adapter.read_answer(Answer(status=status, body=body))  # type: ignore[attr-defined]
            assert isinstance(outcome, Unclear), (status, body)
            assert outcome.reason
    assert isinstance(of.adapter.read_answer(Answer(status=200, body=b"")), Unclear)  # type: ignore[attr-defined]


def test_rate_limit_is_tried_again_when_the_provider_says(of: Description) -> None:
    outcome = of.adapter.read_answer(Answer(status=429, body=b"", headers={"retry-after": "17"}))  # type: ignore[attr-defined]
    assert isinstance(outcome, TryLater)
    assert outcome.after_seconds == 17.0


def test_wrong_credentials_are_refused_in_words(of: Description) -> None:
    outcome = of.adapter.read_answer(Answer(status=401, body=b""))  # type: ignore[attr-defined]
    assert isinstance(outcome, Refused)
    assert outcome.reason


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    status=st.integers(0, 999),
    body=st.binary(max_size=80) | st.sampled_from([b"[]", b"null", b'{"code":[]}', b'{"error":7}', b"[" * 9_000]),
    pause=st.text(max_size=8),
)
def test_reading_an_answer_never_raises(of: Description, status: int, body: bytes, pause: str) -> None:
    answer = Answer(status=status, body=body, headers={"retry-after": pause})
    outcome = of.adapter.read_answer(answer)  # type: ignore[attr-defined]
    assert isinstance(outcome, Accepted | Refused | TryLater | Unclear)
    assert not isinstance(outcome, Accepted) or outcome.provider_message_id
