"""What agents do to customers from the queue, and the views they do it in, without a script."""

import json
import time
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, connections, transaction
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from profiles.merging import merge
from profiles.models import ChannelAccount, Role, StaffMember
from tests.pages.conftest import Born, Say
from tests.pages.reading_html import link_to_more, row_ids, words
from timeline.models import Entry, QueueRow, SavedView
from timeline.pages import acting
from timeline.pages.acting import Change, Wish
from timeline.work import verbs

SCRIPT = {"HX-Request": "true"}


@pytest.fixture
def noah(db: None) -> StaffMember:
    return StaffMember.objects.create_staff("noah@example.com", role=Role.LEAD, name="Noah Berg")


def post(pages: Client, action: str, **fields: Any) -> HttpResponse:
    return pages.post(f"/work/{action}/", {"view": "waiting", **fields}, headers=SCRIPT)


def test_views_hold_whom_they_name_in_their_order(
    pages: Client, agent: StaffMember, noah: StaffMember, born: Born, say: Say
) -> None:
    mine, his, free, late, asleep, done = (born(name) for name in ("Mine", "His", "Free", "Late", "Asleep", "Done"))
    for number, customer in enumerate((mine, his, free, late, asleep, done)):
        say(customer, "Hello?", minute=number)
    now = timezone.now()
    verbs.assign(mine.profile_id, agent, actor=agent)
    verbs.assign(late.profile_id, agent, actor=agent)
    verbs.assign(his.profile_id, noah, actor=agent)
    verbs.snooze(asleep.profile_id, now + timedelta(hours=1), actor=agent)
    verbs.resolve(done.profile_id, actor=agent)
    verbs.write_note(free.pk, "Ana, look", actor=noah, mentions=[agent.pk])
    verbs.write_note(his.pk, "Me", actor=noah, mentions=[noah.pk])
    QueueRow.objects.filter(pk=late.pk).update(due_at=now - timedelta(minutes=5))
    QueueRow.objects.filter(pk=free.pk).update(due_at=now + timedelta(hours=5))
    shown = {
        view: row_ids(pages.get(f"/inbox/{view}/"))
        for view in ("mine", "unassigned", "waiting", "breaching", "snoozed", "mentions", "resolved", "all")
    }
    assert shown == {
        "mine": [late.pk, mine.pk],
        "unassigned": [free.pk],
        "waiting": [mine.pk, his.pk, free.pk, late.pk],
        "breaching": [late.pk],
        "snoozed": [asleep.pk],
        "mentions": [free.pk],
        "resolved": [done.pk],
        "all": [done.pk, asleep.pk, late.pk, free.pk, his.pk, mine.pk],
    }
    everybody = ",".join(str(row.pk) for row in (mine, his, free, late, asleep, done))
    for view, customers in shown.items():
        asked = pages.get(f"/inbox/{view}/?ids={everybody}", headers=SCRIPT)
        assert sorted(row_ids(asked)) == sorted(customers), view
    assert "Overdue by 5 min" in words(pages.get("/inbox/mine/"))


@pytest.mark.parametrize("view", ["mine", "waiting", "all", "resolved", "mentions"])
def test_each_view_pages_by_key_without_gap_or_double(
    pages: Client, agent: StaffMember, born: Born, say: Say, view: str
) -> None:
    customers = [born(f"Customer {number}") for number in range(65)]
    for number, customer in enumerate(customers):
        say(customer, "Hello", minute=number // 4)  # several of each same minute
    if view == "mine":
        QueueRow.objects.update(assignee=agent)
        QueueRow.objects.filter(pk__lt=2030).update(due_at=timezone.now())
        QueueRow.objects.filter(pk__gt=2050).update(waiting_since=None)
    if view == "resolved":
        QueueRow.objects.update(resolved_at=timezone.now())
    if view == "mentions":
        for customer in customers:
            say(customer, "Ana!", kind="note", direction="none", detail={"mentions": [agent.pk]})
    page = pages.get(f"/inbox/{view}/")
    seen = row_ids(page)
    while more := link_to_more(page):
        page = pages.get(more, headers=SCRIPT)
        seen += row_ids(page)
        assert len(seen) < 100
    assert sorted(seen) == [customer.pk for customer in customers]


def test_filters_narrow_and_stay_on_the_way(pages: Client, agent: StaffMember, born: Born, say: Say) -> None:
    store = ChannelAccount.objects.create(provider="email_mime", channel="email", name="Mail")
    one, other = born("One"), born("Other", account=store)
    say(one, "Hello?")
    say(other, "Hello?", minute=1)
    verbs.tag(one.profile_id, "VIP", actor=agent)
    verbs.set_priority(one.profile_id, 3, actor=agent)
    queries = {
        "channel=email": [other.pk],
        "tag=vip": [one.pk],
        "tag=none": [],
        "priority=3&priority=2": [one.pk],
        "assignee=nobody": [other.pk, one.pk],
        "assignee=me": [],
        "waiting=false": [],
        "assignee=me%00&channel=pigeon&due_before=never": [other.pk, one.pk],
    }
    assert {query: row_ids(pages.get(f"/inbox/all/?{query}")) for query in queries} == queries
    page = pages.get("/inbox/all/?tag=vip&priority=3")
    assert "Tag: vip" in words(page)
    assert "Urgent" in words(page)
    assert f"/inbox/all/{one.pk}/?queue=tag%3Dvip%26priority%3D3" in page.content.decode()
    opened = pages.get(f"/inbox/all/{one.pk}/?queue=tag%3Dvip%26priority%3D3")
    assert row_ids(opened) == [one.pk]
    assert "Nobody here matches the filters" in words(pages.get("/inbox/all/?tag=none"))


def test_saved_view_is_ones_own_until_a_lead_shares_it(
    pages: Client, agent: StaffMember, noah: StaffMember, client: Client, born: Born, say: Say
) -> None:
    mira = born("Mira")
    say(mira, "Hello?")
    verbs.set_priority(mira.profile_id, 3, actor=agent)
    kept = pages.post("/inbox/waiting/save/?priority=3", {"name": "Mine!", "is_shared": "on"})
    assert kept["Location"] == "/inbox/mine-2/"
    assert not SavedView.objects.get().is_shared
    assert row_ids(pages.get("/inbox/mine-2/")) == [mira.pk]
    lead = Client()
    lead.force_login(noah)
    assert lead.get("/inbox/mine-2/").status_code == 404
    assert lead.get(f"/inbox/mine-2/{mira.pk}/").status_code == 200  # the customer all the same
    lead.post("/inbox/all/save/", {"name": "Everybody’s", "is_shared": "on"})
    assert "Everybody’s" in words(pages.get("/inbox/all/"))
    assert pages.post("/inbox/everybodys/remove/").status_code == 404
    assert pages.post("/inbox/mine-2/change/", {"name": "Burning"})["Location"] == "/inbox/mine-2/"
    assert pages.post("/inbox/mine-2/remove/")["Location"] == "/inbox/waiting/"
    assert "Removed: Burning" in words(pages.get("/inbox/waiting/"))
    assert pages.get("/inbox/mine-2/").status_code == 404
    pages.post("/inbox/mine-2/bring-back/")
    assert row_ids(pages.get("/inbox/mine-2/")) == [mira.pk]


def test_action_without_a_script_leads_back_and_can_be_taken_back(
    pages: Client, agent: StaffMember, born: Born, say: Say
) -> None:
    mira = born("Mira Lind")
    say(mira, "Hello?")
    fields = {"view": "waiting", "profile": mira.pk, "open": "1"}
    answer = pages.post("/work/assign/", {**fields, "to": "me"})
    assert answer["Location"] == f"/inbox/waiting/{mira.pk}/"
    page = pages.get(answer["Location"])
    assert "Yours now: Mira Lind" in words(page)
    token = page.content.decode().split('name="token" value="')[1].split('"')[0]
    assert pages.post("/work/undo/", {"view": "waiting", "token": token})["Location"] == f"/inbox/waiting/{mira.pk}/"
    assert QueueRow.objects.get().assignee is None
    pages.post("/work/undo/", {"view": "waiting", "token": token})
    assert [entry.detail["type"] for entry in Entry.objects.filter(kind="work").order_by("id")] == [
        "assigned",
        "unassigned",
    ]
    assert pages.post("/work/undo/", {"token": "x"}).status_code == 302


def test_undo_leaves_what_a_colleague_changed_meanwhile(
    pages: Client, agent: StaffMember, noah: StaffMember, born: Born, say: Say
) -> None:
    mira = born("Mira")
    say(mira, "Hello?")
    page = post(pages, "assign", profile=mira.pk, to="me")
    token = page.content.decode().split('name="token" value="')[1].split('"')[0]
    verbs.assign(mira.profile_id, noah, actor=noah)
    answer = pages.post("/work/undo/", {"token": token}, headers=SCRIPT)
    assert "Left as it is, since somebody changed it again" in words(answer)
    assert QueueRow.objects.get().assignee == noah


def test_resolve_goes_on_to_who_is_next_in_the_view(pages: Client, born: Born, say: Say) -> None:
    one, two, three = (born(name) for name in ("One", "Two", "Three"))
    for number, customer in enumerate((one, two, three)):
        say(customer, "Hello?", minute=number)
    ways = []
    for customer in (two, three, one):
        answer = pages.post("/work/resolve/", {"view": "waiting", "profile": customer.pk, "open": "1", "go": "next"})
        ways.append(answer["Location"])
    assert ways == [f"/inbox/waiting/{three.pk}/", f"/inbox/waiting/{one.pk}/", "/inbox/waiting/"]
    again = pages.post("/work/resolve/", {"view": "waiting", "profile": one.pk, "open": "1", "go": "next"})
    assert again["Location"] == "/inbox/waiting/"
    assert Entry.objects.filter(kind="work").count() == 3


def test_several_are_told_honestly(pages: Client, agent: StaffMember, born: Born, say: Say) -> None:
    customers = [born(f"Customer {number}") for number in range(3)]
    for customer in customers:
        say(customer, "Hello?")
    verbs.assign(customers[0].profile_id, agent, actor=agent)
    answer = post(pages, "assign", profile=[customer.pk for customer in customers], to="me")
    assert "Yours now: 2 customers · 1 was so already" in words(answer)
    changed = [str(customers[1].pk), str(customers[2].pk)]
    assert json.loads(answer["HX-Trigger"]) == {"hub:changed": {"target": "body", "ids": changed}}
    too_many = post(pages, "resolve", profile=list(range(1, 102)))
    assert "Choose at most 100 customers at once." in words(too_many)
    assert "Choose a customer first." in words(post(pages, "resolve"))
    assert not QueueRow.objects.filter(resolved_at__isnull=False).exists()


@pytest.mark.parametrize(
    ("action", "fields", "refusal"),
    [
        ("assign", {"to": "999999"}, "Choose a colleague."),
        ("assign", {"to": "x" * 50}, "Choose a colleague."),
        ("snooze", {"until": "never"}, "Choose a day and a time."),
        ("snooze", {"until": "2020-01-01T00:00:00Z"}, "Choose a time that lies ahead."),
        ("snooze", {"at": "2026-02-30T10:00"}, "Choose a day and a time."),
        ("tag", {"add": " , "}, "Write up to 10 tags."),
        ("tag", {"add": "x" * 99}, "A tag has at most 50 characters."),
        ("priority", {"priority": "9"}, "Choose a priority."),
        ("promise", {"on": "2026-13-01"}, "Choose a day."),
        ("promise", {"on": "2020-01-01"}, "Choose a day that lies ahead."),
    ],
)
def test_odd_wish_is_asked_again_with_the_reason(
    pages: Client, born: Born, say: Say, action: str, fields: dict[str, str], refusal: str
) -> None:
    mira = born("Mira")
    say(mira, "Hello?")
    answer = post(pages, action, profile=mira.pk, asked="1", **fields)
    assert answer.status_code == 200
    assert refusal in words(answer)
    assert not Entry.objects.filter(kind="work").exists()
    assert pages.post(f"/work/{action}/", {"profile": mira.pk, "asked": "1", **fields}).status_code == 422


def test_second_press_changes_nothing(pages: Client, born: Born, say: Say) -> None:
    mira = born("Mira")
    say(mira, "Hello?")
    day = (timezone.localdate() + timedelta(days=1)).isoformat()
    wishes = [
        ("assign", {"to": "me"}),
        ("tag", {"add": "VIP"}),
        ("priority", {"priority": "2"}),
        ("promise", {"on": day, "text": "A label"}),
        ("snooze", {"until": (timezone.now() + timedelta(days=1)).isoformat()}),
        ("resolve", {}),
    ]
    for action, fields in wishes:
        post(pages, action, profile=mira.pk, **fields)
        assert "It was so already" in words(post(pages, action, profile=mira.pk, **fields)), action
    assert Entry.objects.filter(kind="work").count() == 6


@pytest.mark.parametrize(
    ("view", "said"),
    [
        ("mine", "You have no customers"),
        ("unassigned", "Everyone who waits has somebody"),
        ("breaching", "No answer is due soon"),
        ("snoozed", "Nobody is put off"),
        ("mentions", "Nobody mentioned you"),
        ("resolved", "Nobody is resolved"),
        ("spam", "No spam"),
    ],
)
def test_empty_view_says_what_will_be_there(pages: Client, born: Born, say: Say, view: str, said: str) -> None:
    say(born("Mira"), "Hi!", direction="out")
    assert said in words(pages.get(f"/inbox/{view}/"))


def token_in(page: HttpResponse) -> str:
    return page.content.decode().split('name="token" value="')[1].split('"')[0]


def test_one_that_cannot_be_keeps_nobody_else_from_it(
    pages: Client, agent: StaffMember, born: Born, say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verbs, "MOST_TAGS", 1)
    full, two, three = (born(name) for name in ("Full", "Two", "Three"))
    for customer in (full, two, three):
        say(customer, "Hello?")
    verbs.tag(full.profile_id, "VIP", actor=agent)
    everybody = [two.pk, full.pk, three.pk]
    answer = post(pages, "tag", profile=everybody, add="Late")
    assert "Tagged Late: 2 customers · Left 1 as it is: A customer has at most 1 tags." in words(answer)
    assert json.loads(answer["HX-Trigger"])["hub:changed"]["ids"] == [str(two.pk), str(three.pk)]
    assert pages.post("/work/undo/", {"token": token_in(answer)}, headers=SCRIPT).status_code == 200
    tags = dict(QueueRow.objects.values_list("pk", "tags"))
    assert tags == {full.pk: ["VIP"], two.pk: [], three.pk: []}
    answer = post(pages, "tag", profile=[full.pk], add="Late")
    assert "A customer has at most 1 tags." in words(answer)


def test_undo_goes_on_behind_one_that_cannot_be(
    pages: Client, agent: StaffMember, noah: StaffMember, born: Born, say: Say
) -> None:
    his, free = born("His"), born("Free")
    for customer in (his, free):
        say(customer, "Hello?")
    verbs.assign(his.profile_id, noah, actor=agent)
    page = post(pages, "assign", profile=[free.pk, his.pk], to="me")
    StaffMember.objects.filter(pk=noah.pk).update(is_active=False)
    answer = pages.post("/work/undo/", {"token": token_in(page)}, headers=SCRIPT)
    assert "Left 1 as it is: This colleague cannot have customers." in words(answer)
    assert json.loads(answer["HX-Trigger"])["hub:changed"]["ids"] == [str(free.pk)]
    assert dict(QueueRow.objects.values_list("pk", "assignee_id")) == {his.pk: agent.pk, free.pk: None}


def test_undo_brings_back_a_customer_whose_first_snooze_has_run_out(
    pages: Client, agent: StaffMember, born: Born, say: Say
) -> None:
    mira, later = born("Mira"), timezone.now() + timedelta(hours=30)
    say(mira, "Hello?")
    soon = timezone.now() + timedelta(seconds=1.2)
    verbs.snooze(mira.profile_id, soon, actor=agent)
    page = post(pages, "snooze", profile=mira.pk, until=later.isoformat())
    while timezone.now() <= soon:
        time.sleep(0.1)
    answer = pages.post("/work/undo/", {"token": token_in(page)}, headers=SCRIPT)
    assert "Taken back: Mira" in words(answer)
    assert QueueRow.objects.get().snoozed_until is None


def test_old_id_of_a_merged_customer_means_who_they_are_now(
    pages: Client, agent: StaffMember, born: Born, say: Say
) -> None:
    mira, other = born("Mira Lind"), born("M. Lind")
    for customer in (mira, other):
        say(customer, "Hello?")
    page = post(pages, "assign", profile=other.pk, to="me")
    merge(mira.profile_id, other.profile_id, actor=agent, reason="the same")
    answer = post(pages, "priority", profile=[other.pk, mira.pk], priority="3")
    assert json.loads(answer["HX-Trigger"])["hub:changed"]["ids"] == [str(mira.pk)]
    answer = pages.post("/work/undo/", {"token": token_in(page)}, headers=SCRIPT)
    assert "Taken back:" in words(answer)
    assert QueueRow.objects.get().assignee is None


@pytest.mark.django_db(transaction=True)
def test_undo_gives_back_whom_a_colleague_had_assigned_in_the_same_moment(
    pages: Client, agent: StaffMember, noah: StaffMember, born: Born, say: Say
) -> None:
    mira = born("Mira Lind")
    say(mira, "Hello?")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            verbs.assign(mira.profile_id, noah, actor=noah)
            verbs.promise(mira.profile_id, timezone.localdate(), text="A call", actor=noah)
            wishes = [
                Wish(field="assignee", value=agent.pk),
                Wish(field="promise", value=timezone.localdate().isoformat(), tag="A call"),
            ]
            asked = pool.submit(done_in_a_thread, mira.profile_id, wishes, agent)
            wait_until_blocked(asked)
        changes = asked.result(timeout=20)
    assert [(change.field, change.before, change.after) for change in changes] == [("assignee", noah.pk, agent.pk)]


def done_in_a_thread(profile_id: int, wishes: list[Wish], actor: StaffMember) -> list[Change]:
    try:
        return acting.do([profile_id], wishes, actor=actor)[0]
    finally:
        connections.close_all()


def wait_until_blocked(asked: Future[list[Change]]) -> None:
    """Somebody else waits for a lock that this transaction holds."""
    for _ in range(200):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"
            )
            if cursor.fetchone()[0]:
                return
        if asked.done():
            asked.result()
        time.sleep(0.05)
    raise AssertionError("nobody waits")
