"""Crafted query strings and addresses: an answer that says what was wrong, never a crash."""

from collections.abc import Callable

import pytest
from django.test import Client

from channels_ingest import pipeline
from profiles.models import ChannelIdentity, Operation, Role, StaffMember
from tests.conftest import Deliver, whatsapp_text

#: Texts that PostgreSQL, Python's `int` or a cursor's decoder may stumble over.
ODD = ["%00", "a%00b", "%ff%fe", "%ed%a0%80", "9" * 30, "-" + "9" * 30, "9" * 5_000, "1e9", "%D9%A1", "WzEsMl0%00"]
API = [
    "profiles/?after={odd}", "profiles/?limit={odd}", "profiles/?identifier={odd}",
    "profiles/?identifier=customer_id:{odd}", "profiles/?identifier=customer_id@{odd}:x",
    "profiles/?identifier=phone:{odd}", "profiles/?identifier=email:x&after={odd}",
    "profiles/{id}/?x={odd}", "profiles/{id}/timeline/?before={odd}", "profiles/{id}/timeline/?limit={odd}",
    "profiles/{id}/timeline/?channel={odd}", "profiles/{id}/timeline/?kind={odd}",
    "queue/?after={odd}", "queue/?limit={odd}", "queue/?waiting={odd}", "queue/?channel={odd}",
    "profiles/{odd}/", "profiles/{odd}/timeline/",
]  # fmt: skip
PAGES = [
    "inbox/all/?after={odd}", "inbox/all/?ids={odd}", "inbox/waiting/?ids=1,{odd}", "inbox/{odd}/", "inbox/all/{odd}/",
    "customers/{odd}/", "customers/{id}/older/?before={odd}", "customers/{id}/since/?after={odd}",
    "customers/{id}/since/?after=1:1:&view={odd}", "customers/{id}/around/?ids={odd}&view={odd}",
    "login/?next={odd}", "login/?next=/{odd}", "login/link/{odd}/",
]  # fmt: skip


@pytest.fixture
def mira(deliver: Deliver) -> int:
    deliver(whatsapp_text("hello", wamid="w.1"))
    pipeline.drain()
    return ChannelIdentity.objects.get().profile_id


@pytest.mark.parametrize("path", API)
def test_api_answers_odd_input(client: Client, token_for: Callable[..., dict[str, str]], mira: int, path: str) -> None:
    headers = token_for(Role.AGENT)
    for odd in ODD:
        answer = client.get("/api/v1/" + path.format(id=mira, odd=odd), headers=headers)
        assert answer.status_code in (200, 400, 404), (odd, answer.status_code)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("is_fragment", [False, True])
def test_pages_answer_odd_input(client: Client, mira: int, path: str, is_fragment: bool) -> None:
    client.force_login(StaffMember.objects.create_staff("agent@example.com"))
    headers = {"HX-Request": "true"} if is_fragment else {}
    for odd in ODD:
        answer = client.get("/" + path.format(id=mira, odd=odd), headers=headers)
        assert answer.status_code in (200, 302, 404), (odd, answer.status_code)


@pytest.mark.parametrize("identifier", ["customer_id@a%00b:c", "customer_id:a%00b", "%00:x"])
def test_identifier_with_a_nul_is_a_problem(
    client: Client, token_for: Callable[..., dict[str, str]], db: None, identifier: str
) -> None:
    answer = client.get(f"/api/v1/profiles/?identifier={identifier}", headers=token_for(Role.AGENT))
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")
    assert list(answer.json()["errors"]) == ["identifier"]


DEEP = [b"[" * 100_000, b'{"a":' * 5_000]
HALF = b'{"channel_identity": 1, "said": "a\\udfffb", "reason": "x"}'


@pytest.mark.parametrize("body", [*DEEP, HALF], ids=["list", "object", "half a sign"])
def test_body_that_is_nested_too_deep_or_quotes_half_a_sign_is_a_problem(
    client: Client, token_for: Callable[..., dict[str, str]], mira: int, body: bytes
) -> None:
    url = f"/api/v1/profiles/{mira}/consent/"
    answer = client.post(url, body, content_type="application/json", headers=token_for(Role.AGENT))
    assert (answer.status_code, answer["Content-Type"]) == (400, "application/problem+json")


def test_reason_with_a_nul_is_written_down_without(client: Client, deliver: Deliver, mira: int) -> None:
    deliver(whatsapp_text("hello", wa_id="15550100099", wamid="w.2"))
    pipeline.drain()
    other = ChannelIdentity.objects.exclude(profile_id=mira).get().profile_id
    client.force_login(StaffMember.objects.create_staff("lead@example.com", role=Role.LEAD))
    merged = client.post(f"/merges/compare/{mira}/{other}/", {"verdict": "same", "reason": "a\0b"})
    assert (merged.status_code, Operation.objects.get().reason) == (302, "ab")
