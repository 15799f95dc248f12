"""A line that only named members read: what it says stands nowhere else, and the place where it was is honest."""

import re
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from profiles.models import ApiToken, Channel, ChannelAccount, ChannelIdentity, Role, StaffMember
from profiles.reading_rights import hidden_accounts, open_to_all, restrict
from tests.pages.conftest import Born, Say
from tests.pages.reading_html import words
from timeline.models import Entry
from timeline.search import index

#: Every word of the restricted line; a page that shows one of them has told it.
SECRET = "zebra"
#: Asked for by its beginning, so that a page which repeats the question is not taken for one that answers it.
ASKED = "zebr"


@pytest.fixture
def billing(db: None) -> ChannelAccount:
    account = ChannelAccount.objects.create(provider="email_postmark", channel=Channel.EMAIL, name="Billing e-mail")
    restrict(account, [])
    return account


@pytest.fixture
def mira(born: Born) -> ChannelIdentity:
    return born("Mira Lind", address="4915112345678")


@pytest.fixture
def told(billing: ChannelAccount, mira: ChannelIdentity, born: Born, say: Say) -> list[Entry]:
    """What the restricted line holds of Mira, one of every kind that carries content; her phone holds a question."""
    mailbox = born("", account=billing, profile=mira.profile, address="mira@example.com")
    stored = {"type": "document", "name": f"{SECRET}.pdf", "state": "stored",
              "file": {"sha256": "0" * 64, "mime_type": "application/pdf", "size": 5}}  # fmt: skip
    detail = {"type": "mail", "subject": f"{SECRET} subject", "attachments": [stored], "by": {"name": SECRET}}
    first = say(mailbox, f"{SECRET} one", provider_message_id="mail-1", detail=detail)
    rows = [
        first,
        say(mailbox, f"{SECRET} two", minute=1, detail={"type": "mail", "edits": [{"previous_text": SECRET}]}),
    ]
    rows.append(say(mailbox, f"{SECRET} sent", minute=2, direction="out", delivery="failed", detail={"type": "mail"}))
    for minute, kind in enumerate(("note", "survey", "order", "payment", "custom", "page_view"), start=3):
        facts = {"number": SECRET, "name": SECRET, "title": SECRET, "score": 1, "of": 5, "state": SECRET}
        rows.append(say(mailbox, SECRET, minute=minute, kind=kind, direction="none", detail=facts))
    quoting = {"type": "text", "reply_to": {"provider_message_id": "mail-1"}}
    say(mira, "Where is my order?", minute=20, detail=quoting)
    return rows


@pytest.mark.django_db
def test_brief_knows_that_somebody_answered_and_not_what(
    pages: Client, billing: ChannelAccount, mira: ChannelIdentity, born: Born, say: Say
) -> None:
    mailbox = born("", account=billing, profile=mira.profile, address="mira@example.com")
    say(mira, "Where is my order?")
    side = f"/customers/{mira.profile_id}/side/"
    assert "Not answered" in words(pages.get(side))
    sent = {"direction": "out", "minute": 1, "detail": {"type": "mail", "subject": SECRET, "by": {"name": SECRET}}}
    say(mailbox, f"We will send the {SECRET} by Friday.", delivery="failed", **sent)
    assert "Not answered" in words(pages.get(side))
    say(mailbox, f"We will send the {SECRET} by Friday.", delivery="sent", **sent)
    answer = pages.get(side)
    assert "Not answered" not in words(answer)
    assert SECRET not in words(answer)


@pytest.fixture
def others(billing: ChannelAccount) -> dict[str, StaffMember]:
    made = {
        role: StaffMember.objects.create_staff(f"{role}@example.com", role=role, password="x" * 20, name=role)
        for role in (Role.LEAD, Role.ADMIN)
    }
    named = StaffMember.objects.create_staff("named@example.com", role=Role.AGENT, password="x" * 20, name="Nora")
    restrict(billing, [named])
    return {**made, "named": named}


def every_address(mira: ChannelIdentity, told: list[Entry]) -> list[str]:
    """Every page and every resource of the API that answers GET, with the ids of this customer put in."""
    ids = {
        "profile_id": mira.pk, "entry_id": told[0].pk, "channel_identity_id": told[0].channel_identity_id,
        "account_id": told[0].account_id, "view": "all", "place": "0", "variant": "file", "verdict": "spam",
        "one_id": mira.pk, "other_id": mira.pk, "status": "generic",
    }  # fmt: skip
    found = []

    def walk(patterns: list[Any], before: str) -> None:
        for pattern in patterns:
            route = before + str(pattern.pattern).removeprefix("^").removesuffix("$")
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, route)
            elif isinstance(pattern, URLPattern):
                found.append(re.sub(r"<(?:\w+:)?(\w+)>", lambda name: str(ids.get(name[1], 1)), route))

    walk(get_resolver().url_patterns, "/")
    skipped = ("admin/", "webhooks/", "simulator/", "chat/", "media/", "static", "events", "metrics", "unsubscribe")
    return [path for path in found if not any(path.startswith(f"/{name}") for name in skipped) and "\\" not in path]


QUERIES = (
    f"/search/?q={ASKED}", f"/api/v1/search/?q={ASKED}", "/inbox/all/?ids={pk}", "/inbox/waiting/", "/inbox/spam/",
    "/customers/{pk}/around/?ids={pk}",
    "/customers/{pk}/since/?after=1:1:", "/customers/{pk}/newer/?from={entry}", "/customers/{pk}/older/?from={entry}",
    "/customers/{pk}/find/?find=" + ASKED, "/customers/{pk}/story/?find=" + ASKED, "/customers/{pk}/?entry={entry}",
    "/inbox/all/{pk}/?entry={entry}", "/inbox/all/{pk}/?show=email",
    "/customers/{pk}/print/?from=2026-11-20&to=2026-11-21",
    "/api/v1/profiles/{pk}/timeline/?channel=email", "/api/v1/queue/?waiting=all", "/palette/?q=" + ASKED,
    "/customers/{pk}/composer/?channel_identity={identity}",
)  # fmt: skip


def test_nothing_of_a_restricted_line_is_told_anywhere(pages: Client, mira: ChannelIdentity, told: list[Entry]) -> None:
    while index.step():
        pass
    facts = {"pk": mira.pk, "entry": told[0].pk, "identity": told[0].channel_identity_id}
    paths = every_address(mira, told) + [query.format(**facts) for query in QUERIES]
    assert len(paths) > 60
    answered = 0
    for path in paths:
        for headers in ({}, {"HX-Request": "true"}):
            answer = pages.get(path, headers=headers)
            if answer.status_code == 200 and not answer.streaming:
                answered += 1
                assert SECRET not in answer.content.decode(errors="replace"), path
    assert answered > 60


def test_the_place_is_honest_and_counts(pages: Client, mira: ChannelIdentity, told: list[Entry]) -> None:
    shown = words(pages.get(f"/inbox/all/{mira.pk}/"))
    assert "9 entries in Billing e-mail, restricted" in shown
    assert "1 entry in Billing e-mail, restricted" in shown
    assert "Where is my order?" in shown
    row = pages.get(f"/api/v1/profiles/{mira.pk}/timeline/?channel=email&kind=message").json()["results"][0]
    assert (row["restricted"], row["text"], row["detail"], row["provider_message_id"]) == (True, "", {}, None)
    row = pages.get(f"/api/v1/profiles/{mira.pk}/timeline/?channel=whatsapp").json()["results"][0]
    assert (row["restricted"], row["text"]) == (False, "Where is my order?")


def test_nobody_answers_on_a_line_they_may_not_read(pages: Client, mira: ChannelIdentity, told: list[Entry]) -> None:
    assert "The line Billing e-mail is restricted to named colleagues." in words(
        pages.get(f"/customers/{mira.pk}/composer/")
    )
    body = {"channel_identity": told[0].channel_identity_id, "text": "Hello"}
    answer = pages.post(f"/customers/{mira.pk}/answer/", body, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    answer = pages.post(f"/api/v1/profiles/{mira.pk}/messages/", body, content_type="application/json")
    assert answer.status_code == 422
    assert Entry.objects.filter(direction="out").count() == 1


@pytest.mark.parametrize("who", [Role.LEAD, Role.ADMIN, "named"])
def test_named_members_leads_and_admins_read_it(
    client: Client, mira: ChannelIdentity, told: list[Entry], others: dict[str, StaffMember], who: str
) -> None:
    assert hidden_accounts(others[who]) == frozenset()
    client.force_login(others[who])
    shown = words(client.get(f"/inbox/all/{mira.pk}/"))
    assert f"{SECRET} one" in shown
    assert "restricted" not in shown


def test_token_reads_no_more_than_its_own_role(
    client: Client, mira: ChannelIdentity, told: list[Entry], others: dict[str, StaffMember]
) -> None:
    texts = []
    for role in (Role.AGENT, Role.LEAD):
        token = ApiToken.issue(others[Role.LEAD], role)
        answer = client.get(
            f"/api/v1/profiles/{mira.pk}/timeline/?kind=note", headers={"Authorization": f"Bearer {token}"}
        )
        texts.append([row["text"] for row in answer.json()["results"]])
    assert texts == [[""], [SECRET]]


def test_command_restricts_and_opens(
    pages: Client, agent: StaffMember, mira: ChannelIdentity, told: list[Entry], billing: ChannelAccount
) -> None:
    assert hidden_accounts(agent) == {billing.pk}
    call_command("restrict", "Billing e-mail", "--member", agent.email)
    assert hidden_accounts(agent) == frozenset()
    call_command("restrict", billing.key)
    assert hidden_accounts(agent) == {billing.pk}
    call_command("restrict", billing.key, "--open")
    assert f"{SECRET} one" in words(pages.get(f"/inbox/all/{mira.pk}/"))
    open_to_all(billing)


def test_withheld_entry_is_never_written_back(told: list[Entry]) -> None:
    entry = Entry.objects.get(pk=told[0].pk)
    assert entry.text == f"{SECRET} one"
    entry.is_withheld = True
    with pytest.raises(PermissionDenied):
        entry.save()


def test_no_post_tells_of_a_restricted_line_or_changes_it(
    pages: Client, mira: ChannelIdentity, told: list[Entry]
) -> None:
    kept = {row.pk: (row.text, row.detail, row.original) for row in told}
    asked = {
        "profile": mira.pk, "channel_identity": told[0].channel_identity_id, "entry": told[0].pk, "reason": "because",
        "text": "Hello", "replaces": told[2].pk, "to": "me", "add": "late", "q": ASKED, "token": "x", "what": "since",
    }  # fmt: skip
    answered = 0
    for path in every_address(mira, told):
        more = {"content_type": "application/json"} if path.startswith("/api/") else {}
        answer = pages.post(path, asked, headers={"HX-Request": "true"}, **more)
        answered += answer.status_code not in (404, 405)
        assert answer.status_code < 500, path
        assert SECRET not in answer.content.decode(errors="replace"), path
    assert answered > 40
    assert {row.pk: (row.text, row.detail, row.original) for row in Entry.objects.filter(pk__in=kept)} == kept
