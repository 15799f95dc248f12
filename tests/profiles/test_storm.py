"""Many at once: crossing deliveries, merges against merges, unmerges, undos, marks, boundaries, from 16 connections.

`STORM_SECONDS=30 STORM_SEED=7 pytest -s tests/profiles/test_storm.py` prints what was done. The same hands one after
the other do the same again for the same seed (and PYTHONHASHSEED): what the storm breaks now and then can be found so.
"""

import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from profiles.correcting import draw_boundary, mark, undo, withdraw_boundary, withdraw_sighting
from profiles.identity.values import Sender
from profiles.merging import merge, tell_apart, unmerge
from profiles.models import Boundary, ChannelIdentity, Identifier, Operation, Sighting
from profiles.operations import Done, VerbRefusedError
from tests.profiles.invariants import check
from tests.profiles.world import (
    World,
    answer,
    browsing,
    introduction,
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

SECONDS = float(os.environ.get("STORM_SECONDS", "5"))
THREADS = 16
STEPS = 130
YESTERDAY = timezone.now() - timedelta(hours=25)


def hour(number: float) -> datetime:
    """Lately: what was written longer ago than colleagues worked on it waits for nothing."""
    return YESTERDAY + timedelta(hours=number)


@dataclass
class Hand:
    """One thread: a worker, or a lead with a browser."""

    world: World
    chance: random.Random
    number: int
    done: Counter[str] = field(default_factory=Counter)
    count: int = 0

    def key(self) -> str:
        self.count += 1
        return f"t{self.number}.{self.count}"

    def deliver(self) -> None:
        items = [self.item() for _ in range(self.chance.randint(1, 5))]
        self.world.deliver(items)
        self.done["items"] += len(items)

    def item(self) -> tuple[str, Any]:
        chance, at = self.chance, hour(self.chance.randrange(24) + self.chance.randrange(9) / 10)
        number = chance.randrange(4)
        line = chance.choice("AB")
        more = [user(chance.randrange(3))] if chance.random() < 0.3 else []
        makers: list[Callable[[], tuple[str, Any]]] = [
            lambda: (line, message(self.key(), whatsapp(number, *more, name=chance.choice(["", "Mira", "Tomas"])), at)),
            lambda: (line, message(self.key(), whatsapp_user(number % 3, phone(chance.randrange(4))), at)),
            lambda: ("S", message(self.key(), texting(number), at)),
            lambda: (line, answer(self.key(), whatsapp(number), at)),
            lambda: ("W", message(self.key(), self.shopper(), at, EntryKind.PAGE_VIEW)),
            lambda: ("W", message(self.key(), self.shopper(), at, EntryKind.ORDER)),
            lambda: ("W", message(self.key(), browsing(chance.randrange(2)), at, EntryKind.PAGE_VIEW)),
            lambda: ("W", introduction(self.key(), self.shopper(), at)),
            lambda: (
                "A",
                reaction(self.key(), whatsapp(number), f"t{chance.randrange(THREADS)}.{chance.randrange(50)}", at),
            ),
            lambda: (line, moved(self.key(), number, (number + 1) % 4, at)),
        ]
        weights = [6, 4, 3, 2, 3, 2, 2, 2, 2, 0.3]
        return chance.choices(makers, weights)[0]()

    def shopper(self) -> Sender:
        more = [phone(self.chance.randrange(4))] if self.chance.random() < 0.4 else []
        browser = [visitor(self.chance.randrange(2))] if self.chance.random() < 0.6 else []
        return shopping(self.chance.randrange(3), *more, *browser)

    def repeat(self) -> None:
        if batches := self.world.batches:
            self.world.deliver(batches[self.chance.randrange(len(batches))])

    def pick(self, rows: Any) -> Any:
        found = list(rows.order_by("id"))
        return self.chance.choice(found) if found else None

    def identity(self) -> int:
        """Often one of the same two, so that A to B meets B to A."""
        ids = list(ChannelIdentity.objects.order_by("id").values_list("id", flat=True))
        return ids[self.chance.randrange(min(len(ids), 2 if self.chance.random() < 0.3 else len(ids)))]

    def merge(self) -> Done:
        one, other = self.identity(), self.identity()
        if self.chance.random() < 0.1:
            other = one
        return merge(one, other, actor=self.world.lead)

    def chain(self) -> Done:
        ids = [self.identity() for _ in range(4)]
        done = [merge(one, other, actor=self.world.lead) for one, other in pairwise(ids)]
        return done[-1]

    def unmerge(self) -> Done:
        profile = ChannelIdentity.objects.get(id=self.identity()).profile_id
        mine = list(ChannelIdentity.objects.filter(profile_id=profile).values_list("id", flat=True))
        part = self.chance.sample(mine, self.chance.randint(1, max(1, len(mine) - 1)))
        return unmerge(profile, part, actor=self.world.lead)

    def tell_apart(self) -> Done:
        return tell_apart(self.identity(), self.identity(), actor=self.world.lead)

    def mark(self) -> Done:
        row = self.pick(Identifier.objects.all())
        if row is None:  # nobody was seen yet
            return None
        status = self.chance.choice(["normal", "normal", "generic", "blocked"])
        return mark(row.kind, row.scope, row.value, status, actor=self.world.lead)

    def withdraw(self) -> Done:
        return withdraw_sighting(self.pick(Sighting.objects.all()), actor=self.world.lead)

    def draw(self) -> Done:
        row = ChannelIdentity.objects.get(id=self.identity())
        return draw_boundary(row, hour(self.chance.randrange(24)), actor=self.world.lead)

    def withdraw_boundary(self) -> Done | None:
        row = self.pick(Boundary.objects.all())
        return withdraw_boundary(row, actor=self.world.lead) if row else None

    def undo(self) -> Done | None:
        latest = Operation.objects.order_by("-id").values_list("id", flat=True).first() or 0
        row = self.pick(Operation.objects.filter(id__gt=latest - 20))
        return undo(row, actor=self.world.lead) if row else None

    def work(self) -> None:
        """A colleague does something about a customer, often one who is being merged or writes at the moment."""
        pk, actor, chance = self.identity(), self.world.lead, self.chance
        deeds: list[Callable[[], object]] = [
            lambda: work.assign(pk, chance.choice([actor, None]), actor=actor),
            lambda: work.assign_if_free(pk, actor),
            lambda: work.resolve(pk, actor=actor),
            lambda: work.reopen(pk, actor=actor),
            lambda: work.snooze(pk, timezone.now() + timedelta(days=1), actor=actor),
            lambda: work.wake(pk, actor=actor),
            lambda: work.set_priority(pk, chance.randrange(4), actor=actor),
            lambda: work.tag(pk, chance.choice(["VIP", "vip", "shoes"]), actor=actor),
            lambda: work.untag(pk, "VIP", actor=actor),
            lambda: work.write_note(pk, "Note", actor=actor, key=str(chance.randrange(3))),
        ]
        if entry := self.pick(Entry.objects.filter(kind="message")):
            deeds.append(lambda: work.pin(entry, actor=actor))
        chance.choice(deeds)()

    def act(self) -> None:
        verbs: list[tuple[str, Callable[[], Any], float]] = [
            ("deliver", self.deliver, 8),
            ("repeat", self.repeat, 1),
            ("merge", self.merge, 3),
            ("chain", self.chain, 1),
            ("unmerge", self.unmerge, 3),
            ("tell apart", self.tell_apart, 0.5),
            ("mark", self.mark, 0.7),
            ("withdraw", self.withdraw, 0.5),
            ("boundary", self.draw, 0.5),
            ("no boundary", self.withdraw_boundary, 0.3),
            ("undo", self.undo, 3),
            ("work", self.work, 5),
        ]
        name, verb, _ = self.chance.choices(verbs, [weight for *_, weight in verbs])[0]
        try:
            done = verb()  # each is a transaction of its own
        except (VerbRefusedError, Boundary.DoesNotExist):
            self.done[f"{name} refused"] += 1
        else:
            is_done = not isinstance(done, Done) or done.operation is not None
            self.done[name if is_done else f"{name} in vain"] += 1


@pytest.mark.django_db(transaction=True)
def test_storm_loses_nothing_and_ends_where_the_evidence_says() -> None:
    seed = int(os.environ.get("STORM_SEED", random.randrange(10**6)))
    world = new_world()
    Hand(world, random.Random(seed), THREADS).deliver()
    hands = [Hand(world, random.Random(seed + number), number) for number in range(THREADS)]
    errors: list[BaseException] = []
    end = time.monotonic() + SECONDS

    def run(hand: Hand) -> None:
        try:
            while time.monotonic() < end and not errors:
                hand.act()
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(hand,)) for hand in hands]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = sum((hand.done for hand in hands), Counter[str]())
    print(f"\nseed {seed}:", ", ".join(f"{count} {name}" for name, count in sorted(total.items())))
    assert not errors, f"seed {seed}: {errors[:1]!r}"
    check(world)


@pytest.mark.django_db
@pytest.mark.parametrize("seed", [int(os.environ["STORM_SEED"])] if "STORM_SEED" in os.environ else [2, 45])
def test_the_same_hands_one_after_the_other(seed: int) -> None:
    world, chance = new_world(), random.Random(seed)
    hands = [Hand(world, random.Random(seed * 100 + number), number) for number in range(THREADS)]
    hands[0].deliver()
    for step in range(STEPS):
        chance.choice(hands).act()
        if step % 20 == 19:
            check(world)
