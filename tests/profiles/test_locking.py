"""What happens should two transactions wait for each other after all."""

import threading

import pytest
from django.db import OperationalError, connection, transaction

from profiles.locking import done_again_after_deadlock, lock_rows
from profiles.models import Profile

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def both() -> list[int]:
    return [Profile.objects.create(id=pk).pk for pk in (1, 2)]


def test_who_was_ended_by_a_deadlock_does_it_again(both: list[int], caplog: pytest.LogCaptureFixture) -> None:
    met, done, tries = threading.Barrier(2), list[int](), list[int]()

    @done_again_after_deadlock
    def cross(first: int, second: int) -> None:
        tries.append(first)
        with transaction.atomic():
            lock_rows("profiles_profile", [first])
            if tries.count(first) == 1:
                met.wait(20)
            lock_rows("profiles_profile", [second])
            done.append(first)

    def run(*ids: int) -> None:
        try:
            cross(*ids)
        finally:
            connection.close()

    hands = [threading.Thread(target=run, args=ids) for ids in (both, both[::-1])]
    for hand in hands:
        hand.start()
    for hand in hands:
        hand.join()
    assert sorted(done) == both
    assert len(tries) == 3
    assert "deadlock" in caplog.text


def test_part_of_a_transaction_is_not_done_again(both: list[int]) -> None:
    tries = []

    @done_again_after_deadlock
    def fail() -> None:
        tries.append(1)
        with connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE EXCEPTION 'so' USING ERRCODE = 'deadlock_detected'; END $$")

    with pytest.raises(OperationalError), transaction.atomic():
        fail()
    assert len(tries) == 1
    with pytest.raises(OperationalError):
        fail()
    assert len(tries) == 4
