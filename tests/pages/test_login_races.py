"""One-time links and threads: only one caller wins."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from profiles.models import LoginLink, Role, StaffMember

AT_ONCE = 8


@pytest.mark.django_db(transaction=True)
def test_link_redeemed_at_the_same_moment_lets_one_in() -> None:
    member = StaffMember.objects.create_staff("ana@example.com", role=Role.AGENT)
    for _ in range(10):
        secret, barrier = LoginLink.issue(member), Barrier(AT_ONCE)

        def redeem(_n: int, secret: str = secret, barrier: Barrier = barrier) -> StaffMember | None:
            connection.ensure_connection()
            barrier.wait()
            try:
                return LoginLink.redeem(secret)
            finally:
                connection.close()

        with ThreadPoolExecutor(AT_ONCE) as pool:
            assert [found for found in pool.map(redeem, range(AT_ONCE)) if found] == [member]


def test_link_of_a_former_colleague_opens_nothing(db: None) -> None:
    member = StaffMember.objects.create_staff("ana@example.com", role=Role.AGENT)
    secret = LoginLink.issue(member)
    StaffMember.objects.filter(pk=member.pk).update(is_active=False)
    assert LoginLink.redeem(secret) is None
