"""Who gets in, who does not, and what the pages give away to whom."""

import pytest
from django.test import Client

from profiles.models import LoginLink, Role, StaffMember
from tests.pages.conftest import PASSWORD, Born, Say

PRIVATE = ["/", "/inbox/all/", "/inbox/waiting/", "/inbox/all/2001/", "/customers/2001/",
           "/customers/2001/older/?before=x", "/customers/2001/since/?after=1:1:",
           "/customers/2001/around/?ids=2001"]  # fmt: skip


@pytest.mark.parametrize("path", PRIVATE)
def test_nobody_is_sent_to_log_in_and_brought_back(client: Client, db: None, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 302
    assert response["Location"].startswith("/login/?next=%2F")


@pytest.mark.parametrize("path", PRIVATE)
def test_fragment_without_a_session_is_refused(client: Client, db: None, path: str) -> None:
    response = client.get(path, headers={"HX-Request": "true"})
    assert (response.status_code, response.content) == (401, b"")


@pytest.mark.parametrize("path", PRIVATE)
def test_server_account_reads_no_page(client: Client, db: None, path: str) -> None:
    client.force_login(StaffMember.objects.create_staff("robot@example.com", role=Role.INGEST))
    assert client.get(path).status_code == 403


def test_password_opens_the_page_that_asked(client: Client, agent: StaffMember) -> None:
    form = {"email": " Ana@Example.com", "password": PASSWORD, "next": "/inbox/waiting/"}
    response = client.post("/login/", form)
    assert (response.status_code, response["Location"]) == (302, "/inbox/waiting/")
    assert client.get("/inbox/waiting/").status_code == 200


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "inbox", "no name of a URL"]
)
def test_log_in_leads_nowhere_else(client: Client, agent: StaffMember, target: str) -> None:
    response = client.post("/login/", {"email": "ana@example.com", "password": PASSWORD, "next": target})
    assert response["Location"] == "/"


def test_wrong_password_and_unknown_person_read_the_same(client: Client, agent: StaffMember) -> None:
    wrong = client.post("/login/", {"email": "ana@example.com", "password": "not the password"})
    unknown = client.post("/login/", {"email": "eva@example.com", "password": "not the password"})
    message = "That e-mail and password do not go together."
    assert (wrong.status_code, unknown.status_code) == (422, 422)
    assert message in wrong.content.decode()
    assert message in unknown.content.decode()


def test_server_account_and_former_colleague_cannot_log_in(client: Client, agent: StaffMember) -> None:
    StaffMember.objects.create_staff("robot@example.com", role=Role.INGEST, password=PASSWORD)
    StaffMember.objects.filter(pk=agent.pk).update(is_active=False)
    for email in ("robot@example.com", "ana@example.com"):
        assert client.post("/login/", {"email": email, "password": PASSWORD}).status_code == 422


def test_fetching_a_link_does_not_use_it_up(client: Client, agent: StaffMember) -> None:
    path = f"/login/link/{LoginLink.issue(agent)}/"
    assert client.get(path).status_code == 200
    assert client.get(path).status_code == 200
    assert client.post(path)["Location"] == "/login/password/"
    assert client.get("/inbox/all/").status_code == 200


def test_link_works_once_and_says_so(client: Client, agent: StaffMember) -> None:
    path = f"/login/link/{LoginLink.issue(agent)}/"
    client.post(path)
    client.logout()
    assert client.post(path).status_code == 410
    assert client.get("/inbox/all/").status_code == 302


def test_new_link_makes_the_older_ones_of_its_member_void(client: Client, agent: StaffMember) -> None:
    other = StaffMember.objects.create_staff("other@example.com", role=Role.AGENT)
    old, of_other, new = LoginLink.issue(agent), LoginLink.issue(other), LoginLink.issue(agent)
    assert client.post(f"/login/link/{old}/").status_code == 410
    assert LoginLink.redeem(of_other) == other
    assert LoginLink.redeem(new) == agent


def test_link_lets_choose_a_password_once(client: Client, agent: StaffMember) -> None:
    client.post(f"/login/link/{LoginLink.issue(agent)}/")
    assert client.post("/login/password/", {"password": "short"}).status_code == 422
    assert client.post("/login/password/", {"password": "a quite new pass phrase"})["Location"] == "/"
    agent.refresh_from_db()
    assert agent.check_password("a quite new pass phrase")
    assert client.get("/inbox/all/").status_code == 200
    assert client.get("/login/password/")["Location"] == "/login/"


def test_log_out_takes_a_post_and_ends_streams(pages: Client, agent: StaffMember) -> None:
    assert pages.get("/logout/").status_code == 405
    assert pages.post("/logout/")["Location"] == "/login/"
    agent.refresh_from_db()
    assert agent.access_revision == 1
    assert pages.get("/inbox/all/").status_code == 302


def test_pages_are_private_and_strict(pages: Client, born: Born, say: Say) -> None:
    mira = born("Mira Lind")
    say(mira, "Hello")
    response = pages.get(f"/inbox/all/{mira.pk}/")
    policy = response["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert response["Cache-Control"] == "no-store"
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert "camera=()" in response["Permissions-Policy"]
    assert "HX-Request" in response["Vary"]


def test_pages_hold_no_inline_script_style_or_handler(pages: Client, born: Born, say: Say) -> None:
    mira = born("Mira Lind")
    say(mira, "Hello")
    for path in (f"/inbox/all/{mira.pk}/", "/inbox/waiting/"):
        html = pages.get(path).content.decode()
        assert "<style" not in html
        assert " style=" not in html
        assert " onclick=" not in html
        assert "hx-on" not in html
        assert "javascript:" not in html
        assert html.count("<script") == html.count("<script src=")
