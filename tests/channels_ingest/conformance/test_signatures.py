"""Nothing is taken that the provider did not sign, and nothing it did sign is refused."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from channels_ingest.accounts import ConnectError, add_secret, connect
from channels_ingest.adapters.base import AccountSettings, Delivery
from channels_ingest.intake import intake
from channels_ingest.models import Envelope, IntakeCount
from tests.channels_ingest.conformance.conftest import Line
from tests.channels_ingest.conformance.description import Description, Signed

URL = "https://hub.example.com/webhooks/p/k/"
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def delivery_of(signed: Signed, *, received_at: datetime = NOW, url: str = URL) -> Delivery:
    headers = {name.lower(): value for name, value in signed.headers.items()}
    whole = f"{url}?{signed.query}" if signed.query else url
    return Delivery(body=signed.body, headers=headers, query=signed.query, url=whole, received_at=received_at)


def account_of(of: Description, *values: str) -> AccountSettings:
    """The account with these values of the signing secret, the rest as described."""
    secrets = {name: (value,) for name, value in of.values.items() if name not in of.plain}
    return AccountSettings(plain=of.plain, secrets=secrets | {of.signing: values or (of.values[of.signing],)})


def signed_of(of: Description, body: bytes, *, secret: str = "", at: datetime = NOW) -> Signed:
    return of.sign(body, secret=secret or of.values[of.signing], url=URL, at=at)


def assert_refused(line: Line, signed: Signed, *, content_type: str = "") -> None:
    before = Envelope.objects.count()
    answer = line.post(signed, content_type=content_type)
    assert answer.status_code == line.of.adapter.refusal_status
    assert Envelope.objects.count() == before


def test_genuine_delivery_is_stored_as_it_came(line: Line) -> None:
    signed = line.signed(line.of.message("hello", "1"))
    assert line.post(signed).status_code == 200
    stored = Envelope.objects.get()
    assert bytes(stored.body) == signed.body
    kept = {*line.of.adapter.kept_headers, ":query"}
    assert {name.lower() for name in stored.headers} <= kept


def test_unsigned_delivery_is_refused_and_counted(line: Line) -> None:
    signed = line.signed(line.of.message("hello", "1"))
    if signed.body == line.of.message("hello", "1"):
        assert_refused(line, Signed(body=signed.body))
    else:  # the signature stands in the body
        assert_refused(line, Signed(body=line.of.message("hello", "1"), headers=signed.headers))
    intake.flush()
    assert IntakeCount.objects.get(account=line.account, outcome="refused").count == 1


@pytest.mark.parametrize("value", ["", " ", "x", "sha256=", "v1,", "Bearer ", "é", "0" * 64, "\ud800" * 3, "a" * 9_000])
def test_no_header_of_the_signature_may_be_missing_or_odd(of: Description, value: str) -> None:
    signed = signed_of(of, of.message("hello", "1"))
    assert of.adapter.verify(delivery_of(signed), account_of(of))
    for name in signed.headers:
        rest = {key: held for key, held in signed.headers.items() if key != name}
        if name.lower() == "content-type":
            continue
        held = signed.headers[name]
        for headers in (rest, {**rest, name: value}, {**rest, name: held[:-1]}, {**rest, name: f"{held}x{value}"}):
            odd = Signed(body=signed.body, headers=headers, query=signed.query)
            assert not of.adapter.verify(delivery_of(odd), account_of(of)), name


def test_delivery_signed_with_another_secret_is_refused(line: Line) -> None:
    assert_refused(line, line.signed(line.of.message("hello", "1"), secret=line.of.another))


def test_old_and_new_secret_are_both_good_until_the_old_is_forgotten(line: Line) -> None:
    of = line.of
    add_secret(line.account, of.signing, of.another)
    line.forget_caches()
    assert line.deliver(of.message("old", "1")).status_code == 200
    assert line.deliver(of.message("new", "2"), secret=of.another).status_code == 200
    values = {**of.values, of.signing: of.another}
    connect(of.adapter.provider, name="Conformance", values=values, forget_old=True)
    line.forget_caches()
    assert line.deliver(of.message("new", "3"), secret=of.another).status_code == 200
    assert_refused(line, line.signed(of.message("old", "4")))


def test_without_its_secret_the_account_cannot_be_connected(of: Description, db: None) -> None:
    required = [setting.name for setting in of.adapter.settings if setting.required]
    assert of.signing in required
    for missing in required:
        values = {name: value for name, value in of.values.items() if name != missing}
        with pytest.raises(ConnectError, match=missing):
            connect(of.adapter.provider, name="Conformance", values=values)


@pytest.mark.parametrize("values", [(), ("",), ("", "")])
def test_without_a_secret_nothing_is_good(of: Description, values: tuple[str, ...]) -> None:
    signed = signed_of(of, of.message("hello", "1"))
    account = account_of(of)
    empty = AccountSettings(plain=account.plain, secrets={**account.secrets, of.signing: values})
    assert not of.adapter.verify(delivery_of(signed), empty)
    assert not of.adapter.verify(delivery_of(signed), AccountSettings())


def test_every_changed_byte_is_refused_or_changes_nothing(of: Description) -> None:
    """`%2B` and `%2b` are one letter: the same message is read and the delivery has the same key."""
    body = of.message("hi", "1")
    signed = signed_of(of, body)
    account, genuine = account_of(of), delivery_of(signed)
    assert of.adapter.verify(genuine, account)
    if of.uncovered:
        return
    accepted = 0
    for place in range(len(body)):
        for bit in range(8):
            flipped = body[:place] + bytes([body[place] ^ (1 << bit)]) + body[place + 1 :]
            forged = delivery_of(Signed(body=flipped, headers=signed.headers, query=signed.query))
            if of.adapter.verify(forged, account):
                accepted += 1
                assert of.adapter.delivery_key(forged) == of.adapter.delivery_key(genuine), flipped
                assert of.adapter.normalise(forged, account, NOW) == of.adapter.normalise(genuine, account, NOW)
    assert accepted <= body.count(b"%") * 2


def test_every_cut_is_refused_or_changes_nothing(of: Description) -> None:
    body = of.message("hi", "1")
    signed = signed_of(of, body)
    account, genuine = account_of(of), delivery_of(signed)
    if of.uncovered:
        return
    for place in range(len(body)):
        for other in (body[:place], body[place + 1 :] if place else body + b" ", body[:place] + b"x" + body[place:]):
            forged = delivery_of(Signed(body=other, headers=signed.headers, query=signed.query))
            if of.adapter.verify(forged, account):
                assert of.adapter.normalise(forged, account, NOW) == of.adapter.normalise(genuine, account, NOW)


def test_what_is_not_covered_is_said_and_made_good(line: Line) -> None:
    """A captured signature that fits another body is good once: the second delivery under it is a duplicate."""
    of = line.of
    if not of.uncovered:
        return
    assert len(of.uncovered) > 40, "say what keeps a captured signature from being used with another body"
    signed = line.signed(of.message("hello", "1"))
    assert line.post(signed).status_code == 200


def test_stamp_is_good_within_its_window_only(of: Description) -> None:
    if of.window is None:
        return
    body, account = of.message("hello", "1"), account_of(of)
    for age, is_good in [
        (timedelta(0), True),
        (of.window - timedelta(seconds=5), True),
        (of.window + timedelta(seconds=5), False),
        (timedelta(days=300), False),
        (-of.window - timedelta(days=2), False),
    ]:
        signed = signed_of(of, body, at=NOW - age)
        assert of.adapter.verify(delivery_of(signed), account) is is_good, age
    unknown = Delivery(body=body, headers=delivery_of(signed_of(of, body)).headers, url=URL)
    assert not of.adapter.verify(unknown, account)


def test_sender_that_does_not_stamp_anew_is_believed_however_late(of: Description) -> None:
    if of.window is not None:
        return
    signed = signed_of(of, of.message("hello", "1"), at=NOW - timedelta(days=7))
    assert of.adapter.verify(delivery_of(signed), account_of(of)) or of.uncovered


def test_replayed_delivery_is_answered_200_and_stored_once(line: Line) -> None:
    signed = line.signed(line.of.message("hello", "1"))
    assert [line.post(signed).status_code for _ in range(3)] == [200, 200, 200]
    assert Envelope.objects.count() == 1
    assert line.deliver(line.of.message("hello", "2")).status_code == 200
    assert Envelope.objects.count() == 2


def test_body_over_the_limit_is_413(line: Line) -> None:
    body = line.of.message("hello", "1") + b" " * line.of.adapter.max_body_bytes
    assert line.deliver(body).status_code == 413
    assert not Envelope.objects.exists()


HEADER_VALUES = st.text(max_size=40) | st.sampled_from(["v1,", "Bearer a.b.c", "sha256=", "," * 30, "1" * 20, "nan"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.binary(max_size=60), values=st.lists(HEADER_VALUES, min_size=8, max_size=8), url=st.text(max_size=40))
def test_verifying_never_raises(of: Description, body: bytes, values: list[str], url: str) -> None:
    names = of.adapter.kept_headers
    headers = dict(zip(names, values, strict=False))
    for address in (URL, url, URL + "?" + url):
        delivery = Delivery(body=body, headers=headers, query=url, url=address, received_at=NOW)
        assert of.adapter.verify(delivery, account_of(of)) is False
        assert 1 <= len(of.adapter.delivery_key(delivery)) <= 128
