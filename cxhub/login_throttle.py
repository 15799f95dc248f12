"""Guessing passwords is slow and cheap to refuse: failures are counted in PostgreSQL, before anything is hashed."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from profiles.callers import address_of
from profiles.models import FailedLogin

#: An account, or an address, is refused after this many failures within the window, until the first of them is older.
MOST_FAILURES = 10
WINDOW = timedelta(minutes=15)
#: A hash takes a core for a good part of a second; more at once would take the receiver's threads with them.
HASHES_AT_ONCE = 2
PATIENCE_SECONDS = 1.0

_hashing = threading.BoundedSemaphore(HASHES_AT_ONCE)


class ThrottledError(Exception):
    """This attempt is not looked at; `retry_after_seconds` is when another may be."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(f"try again in {retry_after_seconds} s")
        self.retry_after_seconds = retry_after_seconds


class BusyError(ThrottledError):
    """Too many passwords are being checked at this moment; nobody did anything wrong."""


@contextmanager
def hashing() -> Iterator[None]:
    """One of the few turns to hash a password in this process. Raises BusyError after a short wait."""
    if not _hashing.acquire(timeout=PATIENCE_SECONDS):
        raise BusyError(5)
    try:
        yield
    finally:
        _hashing.release()


def subjects_of(request: HttpRequest, email: str) -> list[str]:
    """What a failure of this attempt counts against: the account, whether it exists or not, and the address."""
    address = address_of(request)
    named = [f"account {email}", *([f"address {address}"] if address else [])]
    return [salted_hmac("cxhub.login_throttle", name, algorithm="sha256").hexdigest() for name in named]


def check(subjects: Sequence[str]) -> None:
    """Each subject may still try. Raises ThrottledError."""
    now = timezone.now()
    for subject in subjects:
        recent = FailedLogin.objects.filter(subject=subject, failed_at__gt=now - WINDOW).order_by("-failed_at")
        times = list(recent.values_list("failed_at", flat=True)[:MOST_FAILURES])
        if len(times) >= MOST_FAILURES:
            raise ThrottledError(int((times[-1] + WINDOW - now).total_seconds()) + 1)


def note_failure(subjects: Sequence[str]) -> None:
    """The failure counts against each subject; those too old to count are gone."""
    FailedLogin.objects.bulk_create([FailedLogin(subject=subject) for subject in subjects])
    FailedLogin.objects.filter(failed_at__lt=timezone.now() - WINDOW).delete()


def forgive(subjects: Sequence[str]) -> None:
    """Somebody came in: the account's failures were its owner's. The address keeps its own, or one account would
    buy it guesses at all others."""
    FailedLogin.objects.filter(subject=subjects[0]).delete()
