"""Guessing passwords: refused after ten failures, before a hash is computed, and never many hashes at once."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.db import connection
from django.test import Client
from django.utils import timezone

from profiles.models import FailedLogin, StaffMember
from tests.pages.conftest import PASSWORD

PROXY = ("HTTP_X_FORWARDED_PROTO", "https")


class CountingHasher(MD5PasswordHasher):
    """Counts the passwords it looks at, and how many at once."""

    seconds = 0.0
    verified = running = most_at_once = 0
    lock = threading.Lock()

    def verify(self, password: str, encoded: str) -> bool:
        kind = type(self)
        with self.lock:
            kind.verified, kind.running = kind.verified + 1, kind.running + 1
            kind.most_at_once = max(kind.most_at_once, kind.running)
        time.sleep(self.seconds)
        with self.lock:
            kind.running -= 1
        return super().verify(password, encoded)


@pytest.fixture(autouse=True)
def _counted(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["tests.pages.test_login_throttle.CountingHasher"]
    CountingHasher.verified = CountingHasher.running = CountingHasher.most_at_once = 0
    CountingHasher.seconds = 0.0


def attempt(client: Client, email: str = "ana@example.com", password: str = "wrong", **more: Any) -> Any:
    return client.post("/login/", {"email": email, "password": password}, **more)


def test_eleventh_attempt_on_an_account_is_refused_unseen_wherever_it_comes_from(
    client: Client, agent: StaffMember
) -> None:
    for n in range(10):
        assert attempt(client, REMOTE_ADDR=f"192.0.2.{n}").status_code == 422
    seen = CountingHasher.verified
    refused = attempt(client, " ANA@example.com", PASSWORD, REMOTE_ADDR="192.0.2.99")
    assert (refused.status_code, CountingHasher.verified) == (429, seen)
    assert "Please wait a quarter of an hour" in refused.content.decode()
    assert 890 <= int(refused["Retry-After"]) <= 900
    FailedLogin.objects.update(failed_at=timezone.now() - timedelta(minutes=15))
    assert attempt(client, password=PASSWORD).status_code == 302


def test_eleventh_attempt_from_an_address_is_refused_whoever_is_tried(client: Client, agent: StaffMember) -> None:
    for n in range(10):
        assert attempt(client, f"guess{n}@example.com").status_code == 422
    assert attempt(client, password=PASSWORD).status_code == 429
    assert attempt(client, password=PASSWORD, REMOTE_ADDR="192.0.2.1").status_code == 302


def test_coming_in_forgives_the_account_and_not_the_address(client: Client, agent: StaffMember) -> None:
    for _ in range(9):
        attempt(client)
    assert attempt(client, password=PASSWORD).status_code == 302
    client.logout()
    assert attempt(client).status_code == 422
    assert attempt(client, password=PASSWORD).status_code == 429
    assert attempt(client, password=PASSWORD, REMOTE_ADDR="192.0.2.1").status_code == 302


@pytest.mark.parametrize(
    ("one", "other", "status"),
    [
        ("203.0.113.5", "203.0.113.6", 302),
        ("203.0.113.5", "1.1.1.1, 203.0.113.5", 429),  # what a caller claims stands before what the proxy saw
        ("2001:db8:1:2::3", "2001:db8:1:2:ffff::9", 429),
        ("2001:db8:1:2::3", "2001:db8:1:3::3", 302),
        ("", "", 302),  # a proxy that does not tell: everybody would be one address
    ],
)
def test_behind_the_proxy_the_address_is_what_the_proxy_saw(
    client: Client, agent: StaffMember, settings: Any, one: str, other: str, status: int
) -> None:
    settings.SECURE_PROXY_SSL_HEADER = PROXY
    for n in range(10):
        attempt(client, f"guess{n}@example.com", HTTP_X_FORWARDED_FOR=one)
    assert attempt(client, password=PASSWORD, HTTP_X_FORWARDED_FOR=other).status_code == status


def test_failures_are_kept_as_keyed_hashes_and_not_for_long(client: Client, agent: StaffMember) -> None:
    attempt(client)
    assert "ana@" not in str(list(FailedLogin.objects.values()))
    FailedLogin.objects.update(failed_at=timezone.now() - timedelta(minutes=16))
    attempt(client)
    assert FailedLogin.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_few_passwords_are_looked_at_at_once_and_who_waits_long_is_told(agent: StaffMember) -> None:
    CountingHasher.seconds = 0.7

    def guess(n: int) -> int:
        try:
            return attempt(Client(), REMOTE_ADDR=f"192.0.2.{n}").status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(guess, range(8)))
    assert CountingHasher.most_at_once == 2
    assert statuses == [422] * 4 + [429] * 4
