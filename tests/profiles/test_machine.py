"""The identity core as a state machine: deliveries in any order, humans who merge, unmerge and change their minds.

`MACHINE_RUNS=300 MACHINE_STEPS=60 pytest tests/profiles/test_machine.py` is the deep run.
"""

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from profiles.adding import TypedAddress, add_address
from profiles.correcting import draw_boundary, mark, undo, withdraw_boundary, withdraw_sighting
from profiles.identity.values import Grade, IdentifierKind, Sender
from profiles.merging import merge, tell_apart, unmerge
from profiles.models import Boundary, ChannelIdentity, Identifier, Operation, Sighting, StaffMember
from profiles.operations import Done, VerbRefusedError
from tests.profiles.invariants import check
from tests.profiles.snapshot import partition, snapshot, timelines
from tests.profiles.world import (
    PHONES,
    World,
    answer,
    browsing,
    consent,
    customer,
    email,
    introduction,
    mailing,
    message,
    moved,
    new_world,
    phone,
    reaction,
    shopping,
    texting,
    user,
    visitor,
    whatsapp,
    whatsapp_user,
)
from timeline.entries import EntryKind
from timeline.models import Entry
from timeline.work import verbs as work
from timeline.work.reading import work_of

RUNS, STEPS = int(os.environ.get("MACHINE_RUNS", "12")), int(os.environ.get("MACHINE_STEPS", "25"))

phones, users, emails = st.integers(0, 3), st.integers(0, 2), st.integers(0, 1)
customers, visitors = st.integers(0, 2), st.integers(0, 1)
#: Few, so that much happens at the same moment.
#: In the last half day: what was written longer ago than colleagues worked on it waits for nothing.
MIDNIGHT = timezone.now() - timedelta(hours=12)
hours = st.integers(0, 11).map(lambda number: MIDNIGHT + timedelta(hours=number))
names = st.sampled_from(["", "", "Mira", "Tomas"])
claims = st.lists(
    st.one_of(
        st.builds(lambda n: phone(n, Grade.CLAIMED), phones),
        st.builds(lambda n: email(n, Grade.CLAIMED), emails),
        st.builds(lambda n: customer(n, Grade.CLAIMED), customers),
    ),
    max_size=1,
)
on_whatsapp = st.builds(
    lambda number, more, claimed, name: whatsapp(number, *map(user, more), *claimed, name=name),
    phones,
    st.lists(users, max_size=1),
    claims,
    names,
)
as_whatsapp_user = st.builds(
    lambda number, more, name: whatsapp_user(number, *map(phone, more), name=name),
    users,
    st.lists(phones, max_size=1),
    names,
)
by_text = st.builds(texting, phones)
by_mail = st.builds(lambda n, is_proved: mailing(n, is_proved=is_proved), emails, st.booleans())
in_shop = st.builds(
    lambda number, more, mails, browser, name: shopping(
        number, *map(phone, more), *map(email, mails), *map(visitor, browser), name=name
    ),
    customers,
    st.lists(phones, max_size=1),
    st.lists(emails, max_size=1),
    st.lists(visitors, max_size=1),
    names,
)
in_browser = st.builds(lambda n, claimed: browsing(n, *claimed), visitors, claims)
writers = st.one_of(
    st.tuples(st.sampled_from("AB"), st.one_of(on_whatsapp, as_whatsapp_user)),
    st.tuples(st.just("S"), by_text),
    st.tuples(st.just("M"), by_mail),
)
shoppers = st.tuples(st.just("W"), st.one_of(in_shop, in_shop, in_browser))
kinds_of_event = st.sampled_from([EntryKind.PAGE_VIEW, EntryKind.ORDER])


class Machine(RuleBasedStateMachine):
    """Each run lives in a transaction of its own that is rolled back."""

    def __init__(self) -> None:
        super().__init__()
        self.outer = transaction.atomic()
        self.outer.__enter__()
        self.world: World = new_world()
        self.count = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.outer.__exit__(None, None, None)

    def key(self) -> str:
        self.count += 1
        return f"m{self.count}"

    def profile(self, number: int) -> int:
        """One of the current profiles."""
        current = sorted(set(partition().values()))
        return current[number % len(current)]

    def tried(self, verb: Callable[[], Done]) -> Done | None:
        """What the verb did; None when it was refused."""
        try:
            with transaction.atomic():
                return verb()
        except VerbRefusedError:
            return None

    # What is delivered

    @rule(batch=st.lists(st.tuples(writers, hours), min_size=1, max_size=3))
    def somebody_writes(self, batch: list[Any]) -> None:
        self.world.deliver([(line, message(self.key(), sender, at)) for (line, sender), at in batch])

    @rule(batch=st.lists(st.tuples(shoppers, hours, kinds_of_event), min_size=1, max_size=4))
    def somebody_shops(self, batch: list[Any]) -> None:
        self.world.deliver([(line, message(self.key(), sender, at, kind)) for (line, sender), at, kind in batch])

    @rule(sender=in_shop, at=hours)
    def shop_introduces(self, sender: Any, at: Any) -> None:
        self.world.deliver([("W", introduction(self.key(), sender, at))])

    @rule(writer=writers, at=hours)
    def staff_answers(self, writer: Any, at: Any) -> None:
        line, sender = writer
        self.world.deliver([(line, answer(self.key(), sender, at))])

    @rule(moves=st.lists(st.tuples(st.sampled_from("AB"), phones, phones, hours), min_size=1, max_size=2))
    def somebody_moves(self, moves: list[Any]) -> None:
        self.world.deliver([(line, moved(self.key(), old, new, at)) for line, old, new, at in moves if old != new])

    @rule(number=phones, at=hours, granted=st.booleans())
    def somebody_consents(self, number: int, at: Any, granted: bool) -> None:
        self.world.deliver([("A", consent(self.key(), whatsapp(number), at, granted=granted))])

    @precondition(lambda self: self.count)
    @rule(number=phones, at=hours, to=st.integers(0, 40))
    def somebody_reacts(self, number: int, at: Any, to: int) -> None:
        """To a message that is there, or will be, or never."""
        goal = f"m{to % (self.count + 2)}"
        self.world.deliver([("A", reaction(self.key(), whatsapp(number), goal, at))])

    @precondition(lambda self: self.world.batches)
    @rule(number=st.integers(0, 99))
    def provider_repeats(self, number: int) -> None:
        self.world.deliver(self.world.batches[number % len(self.world.batches)])

    # What humans do

    @precondition(lambda self: self.world.facts)
    @rule(one=st.integers(0, 20), other=st.integers(0, 20))
    def lead_merges(self, one: int, other: int) -> None:
        self.tried(lambda: merge(self.profile(one), self.profile(other), actor=self.world.lead))

    @precondition(lambda self: self.world.facts)
    @rule(one=st.integers(0, 20), other=st.integers(0, 20), later=st.lists(st.tuples(writers, hours), max_size=1))
    def lead_merges_and_unmerges(self, one: int, other: int, later: list[Any]) -> None:
        """Ids and timelines are as before, with what came meanwhile from the same senders."""
        first, second = self.profile(one), self.profile(other)
        known = partition()
        before, stood = partition(void=False), timelines()
        if self.tried(lambda: merge(first, second, actor=self.world.lead)) is None or first == second:
            return
        part = [pk for pk, profile in known.items() if profile == max(first, second)]
        self.tried(lambda: unmerge(first, part, actor=self.world.lead))
        assert partition(void=False) == before
        assert timelines() == stood

    @precondition(lambda self: self.world.facts)
    @rule(one=st.integers(0, 20), keep=st.integers(0, 255))
    def lead_unmerges(self, one: int, keep: int) -> None:
        profile = self.profile(one)
        part = [pk for n, pk in enumerate(_members(profile)) if keep >> (n % 8) & 1]
        rest = [pk for pk in _members(profile) if pk not in part]
        done = self.tried(lambda: unmerge(profile, part, actor=self.world.lead))
        if done and done.operation:
            now = partition()
            assert len({now[pk] for pk in part}) == len({now[pk] for pk in rest}) == 1
            assert now[part[0]] != now[rest[0]]

    @precondition(lambda self: self.world.facts)
    @rule(one=st.integers(0, 20), line=st.sampled_from("ABS"), number=phones, at=hours)
    def staff_write_an_address_down(self, one: int, line: str, number: int, at: Any) -> None:
        """Whoever has the number keeps it; nobody else joins the customer by what was typed."""
        profile, before = self.profile(one), partition()
        value = PHONES[number]
        address = value if line == "S" else value.removeprefix("+")
        account = self.world.lines[line].pk
        typed = TypedAddress(account_id=account, address=address, kind=IdentifierKind.PHONE, value=value)

        def verb() -> Done:
            return add_address(profile, typed, actor=self.world.lead, at=at)[0]

        done = self.tried(verb)
        if done is None or done.operation is None:
            return
        after = partition()
        if born := after.keys() - before.keys():
            self.world.note(
                [
                    (
                        line,
                        introduction(
                            self.key(), Sender(address=address, identifiers=(phone(number, Grade.CLAIMED),)), at
                        ),
                    )
                ]
            )
            assert len(born) == 1
            assert {after[pk] for pk in born} == {profile}
            assert {pk: after[pk] for pk in before} == before

    @precondition(lambda self: self.world.facts)
    @rule(one=st.integers(0, 20), other=st.integers(0, 20))
    def lead_tells_apart(self, one: int, other: int) -> None:
        self.tried(lambda: tell_apart(self.profile(one), self.profile(other), actor=self.world.lead))

    @precondition(lambda self: self.world.facts)
    @rule(number=st.integers(0, 50), status=st.sampled_from(["normal", "generic", "blocked"]))
    def lead_marks(self, number: int, status: str) -> None:
        row = _pick(Identifier.objects.order_by("id"), number)
        self.tried(lambda: mark(row.kind, row.scope, row.value, status, actor=self.world.lead))

    @precondition(lambda self: self.world.facts)
    @rule(number=st.integers(0, 99))
    def lead_withdraws_a_sighting(self, number: int) -> None:
        row = _pick(Sighting.objects.order_by("id"), number)
        self.tried(lambda: withdraw_sighting(row, actor=self.world.lead))

    @precondition(lambda self: self.world.facts)
    @rule(number=st.integers(0, 20), since=hours)
    def lead_draws_a_boundary(self, number: int, since: Any) -> None:
        row = _pick(ChannelIdentity.objects.order_by("id"), number)
        self.tried(lambda: draw_boundary(row, since, actor=self.world.lead))

    @precondition(lambda self: Boundary.objects.exists())
    @rule(number=st.integers(0, 20))
    def lead_withdraws_a_boundary(self, number: int) -> None:
        row = _pick(Boundary.objects.order_by("address", "starts_at"), number)
        self.tried(lambda: withdraw_boundary(row, actor=self.world.lead))

    @precondition(lambda self: Operation.objects.exists())
    @rule(back=st.integers(0, 8))
    def lead_undoes(self, back: int) -> None:
        """Any operation, an undo included, in any order."""
        row = _pick(Operation.objects.order_by("-id"), back)
        self.tried(lambda: undo(row, actor=self.world.lead))

    @precondition(lambda self: self.world.facts)
    @rule(verb=st.integers(0, 6), one=st.integers(0, 50), other=st.integers(0, 255), at=hours)
    def lead_does_and_undoes(self, verb: int, one: int, other: int, at: Any) -> None:
        """Undo of the last operation gives exactly what was before."""
        before, last = snapshot(), Operation.objects.order_by("-id").values_list("id", flat=True).first()
        verbs: list[Callable[[], None]] = [
            lambda: self.lead_merges(one, other),
            lambda: self.lead_unmerges(one, other),
            lambda: self.lead_tells_apart(one, other),
            lambda: self.lead_marks(one, ["normal", "generic", "blocked"][other % 3]),
            lambda: self.lead_withdraws_a_sighting(one),
            lambda: self.lead_draws_a_boundary(one, at),
            lambda: self.lead_undoes(one % 9) if last else None,
        ]
        verbs[verb]()
        newest = Operation.objects.order_by("-id").first()
        if newest is not None and newest.pk != last:
            undo(newest, actor=self.world.lead)
            assert snapshot() == before

    # What colleagues do

    @precondition(lambda self: self.world.facts)
    @rule(one=st.integers(0, 20), deed=st.integers(0, 10), what=st.integers(0, 5))
    def colleague_works(self, one: int, deed: int, what: int) -> None:
        profile, actor = self.profile(one), self.world.lead
        tag = ["VIP", "vip", "shoes"][what % 3]
        deeds: list[Callable[[], object]] = [
            lambda: work.assign(profile, [actor, self.colleague(), None][what % 3], actor=actor),
            lambda: work.resolve(profile, actor=actor),
            lambda: work.resolve(profile, actor=actor),
            lambda: work.reopen(profile, actor=actor),
            lambda: work.snooze(profile, timezone.now() + timedelta(days=1 + what), actor=actor),
            lambda: work.wake(profile, actor=actor),
            lambda: work.set_priority(profile, what % 4, actor=actor),
            lambda: work.tag(profile, tag, actor=actor),
            lambda: work.untag(profile, tag, actor=actor),
            lambda: work.promise(profile, timezone.localdate() + timedelta(days=what), text="", actor=actor),
            lambda: work.write_note(_pick(ChannelIdentity.objects.order_by("id"), what).pk, "Note", actor=actor),
        ]
        deeds[deed]()

    @precondition(lambda self: Entry.objects.filter(kind="message").exists())
    @rule(number=st.integers(0, 50), is_pin=st.booleans())
    def colleague_pins(self, number: int, is_pin: bool) -> None:
        entry = _pick(Entry.objects.exclude(kind__in=("work", "identity")).order_by("id"), number)
        (work.pin if is_pin else work.unpin)(entry, actor=self.world.lead)

    @precondition(lambda self: Entry.objects.filter(detail__type="promised").exists())
    @rule(number=st.integers(0, 20))
    def colleague_keeps_a_promise(self, number: int) -> None:
        entry = _pick(Entry.objects.filter(detail__type="promised").order_by("id"), number)
        work.keep_promise(entry, actor=self.world.lead)

    def colleague(self) -> StaffMember:
        return StaffMember.objects.get_or_create(email="colleague@lindhaus.de")[0]

    @precondition(lambda self: self.world.facts)
    @rule(one=st.integers(0, 20), other=st.integers(0, 20), priority=st.integers(0, 3))
    def colleagues_work_on_the_whole_before_it_is_unmerged(self, one: int, other: int, priority: int) -> None:
        """Each side then has exactly what it had, and what was done to the whole."""
        first, second = self.profile(one), self.profile(other)
        known, actor, colleague, tag = partition(), self.world.lead, self.colleague(), f"whole {self.key()}"
        before = {pk: work_of(pk) for pk in (first, second)}
        if first == second or self.tried(lambda: merge(first, second, actor=actor)) is None:
            return
        survivor, gone = sorted((first, second))
        work.tag(survivor, tag, actor=actor)
        work.promise(survivor, timezone.localdate(), text=tag, actor=actor)
        is_given = work.assign(survivor, colleague, actor=actor) is not None
        is_urgent = work.set_priority(survivor, priority, actor=actor) is not None
        promised = next(each for each in work_of(survivor).promises if each.text == tag)
        part = [pk for pk, profile in known.items() if profile == gone]
        if self.tried(lambda: unmerge(survivor, part, actor=actor)) is None:
            return
        for pk, had in before.items():
            assert work_of(pk) == replace(
                had,
                tags=tuple(sorted({*had.tags, tag})),
                promises=tuple(sorted({*had.promises, promised}, key=lambda each: (each.on, each.entry_id))),
                assignee=colleague if is_given else had.assignee,
                priority=priority if is_urgent else had.priority,
            )

    @invariant()
    def all_is_well(self) -> None:
        check(self.world)


def _members(profile_id: int) -> list[int]:
    return list(
        ChannelIdentity.objects.filter(profile_id=profile_id, void_in=None).order_by("id").values_list("id", flat=True)
    )


def _pick(rows: Any, number: int) -> Any:
    found = list(rows)
    return found[number % len(found)]


@pytest.mark.django_db
def test_hub_says_what_the_evidence_says_whatever_happens() -> None:
    is_deep = "MACHINE_RUNS" in os.environ
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=not is_deep,
            database=None,
            phases=[Phase.generate, Phase.shrink] if is_deep else [Phase.generate],  # shrinking takes minutes
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
