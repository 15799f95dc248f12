"""Many at once: one answer wins, one key is one message, and no sender takes another's."""

from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection

from channels_ingest.models import OutboxMessage, SimulatedMessage
from channels_ingest.sending.composing import send
from channels_ingest.sending.courier import send_due
from channels_ingest.sending.wishes import AnsweredSinceError, Draft, SendRefusedError, Wish
from profiles.merging import merge, unmerge
from profiles.models import ChannelIdentity, Role, StaffMember
from profiles.operations import VerbRefusedError
from tests.channels_ingest.sending.conftest import together
from timeline.models import Entry

pytestmark = pytest.mark.django_db(transaction=True)
CLIENTS = 16


@pytest.fixture
def colleagues(db: None) -> list[StaffMember]:
    return [StaffMember.objects.create_staff(f"a{n}@example.com", role=Role.AGENT) for n in range(CLIENTS)]


def trying(work: Callable[[], Entry]) -> str:
    try:
        work()
    except (AnsweredSinceError, SendRefusedError, VerbRefusedError) as error:
        return type(error).__name__
    return "sent"


def test_of_sixteen_who_saw_the_same_one_answers(mira: ChannelIdentity, colleagues: list[StaffMember]) -> None:
    seen = Entry.objects.latest("id").pk
    draft = Draft(channel_identity_id=mira.pk, text="On its way.")
    told = together(
        [
            partial(trying, partial(send, mira.profile_id, draft, Wish(author=author, last_seen_entry=seen)))
            for author in colleagues
        ]
    )
    assert Counter(told) == {"sent": 1, "AnsweredSinceError": CLIENTS - 1}
    assert OutboxMessage.objects.count() == 1


def test_sixteen_requests_under_one_key_are_one_message(mira: ChannelIdentity, nora: StaffMember) -> None:
    draft = Draft(channel_identity_id=mira.pk, text="On its way.")
    told = together([partial(send, mira.profile_id, draft, Wish(author=nora, key="k")) for _ in range(CLIENTS)])
    assert len({entry.pk for entry in told}) == 1
    assert Entry.objects.filter(direction="out").count() == 1


def test_senders_side_by_side_post_each_message_once(
    mira: ChannelIdentity, colleagues: list[StaffMember], simulated: str
) -> None:
    for number, author in enumerate(colleagues * 2):
        send(mira.profile_id, Draft(channel_identity_id=mira.pk, text=f"#silent {number}"), Wish(author=author))
    together([send_due] * 6)
    while send_due():  # those that found an earlier one on its way left the rest
        pass
    texts = list(SimulatedMessage.objects.order_by("id").values_list("text", flat=True))
    assert texts == [f"#silent {number}" for number in range(CLIENTS * 2)]
    assert set(Entry.objects.filter(direction="out").values_list("delivery", flat=True)) == {"sent"}


def test_answers_while_customers_merge_and_part_go_where_they_were_meant(
    mira: ChannelIdentity, colleagues: list[StaffMember], elias: StaffMember
) -> None:
    other = ChannelIdentity.objects.create(
        id=10_001, account=mira.account, address="15550100009", profile_id=mira.profile_id
    )
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO profiles_profile (id, display_name, created_at) VALUES (10001, 'Jo', now())")
    ChannelIdentity.objects.filter(pk=other.pk).update(profile_id=10_001, last_inbound_at=mira.last_inbound_at)

    def marry() -> None:
        for _ in range(6):
            merge(mira.profile_id, 10_001, actor=elias)
            unmerge(mira.profile_id, [other.pk], actor=elias)

    def write(author: StaffMember, home: int, target: int) -> list[str]:
        draft = Draft(channel_identity_id=target, text=f"for {target}")
        return [trying(partial(send, home, draft, Wish(author=author))) for _ in range(6)]

    homes = [(mira.profile_id, mira.pk), (mira.profile_id, other.pk), (10_001, other.pk)]
    writers = [partial(write, author, *homes[n % 3]) for n, author in enumerate(colleagues[:9])]
    told = Counter(word for words in together([marry, *writers])[1:] for word in words)
    assert set(told) <= {"sent", "SendRefusedError"}, told
    rows = OutboxMessage.objects.select_related("entry")
    assert rows.count() == told["sent"]
    assert all(row.entry.text == f"for {row.channel_identity_id}" for row in rows)
    assert all(row.entry.channel_identity_id == row.channel_identity_id for row in rows)
