"""Errors outside the API's own views: problem documents below `/api/`, pages elsewhere."""

import contextlib
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client

from profiles.models import ApiToken, Role, StaffMember

PROBLEM = "application/problem+json"


def test_unknown_api_address_is_a_problem_and_another_a_page(client: Client, db: None) -> None:
    for path in ("/api/", "/api/v1/nothing/", "/api/v2/profiles/", "/api/v1/profiles/x/"):
        answer = client.get(path)
        assert (answer.status_code, answer["Content-Type"]) == (404, PROBLEM)
        assert answer.json() == {"type": "about:blank", "title": "Not Found", "status": 404}
    assert client.get("/nothing/")["Content-Type"].startswith("text/html")


def test_request_for_another_host_is_a_problem(client: Client, db: None) -> None:
    answer = client.get("/api/v1/profiles/", headers={"Host": "elsewhere.example"})
    assert (answer.status_code, answer["Content-Type"], answer.json()["title"]) == (400, PROBLEM, "Bad Request")


@pytest.mark.django_db(transaction=True)
def test_failing_view_is_a_problem_without_a_reason_and_another_a_page(caplog: Any) -> None:
    member = StaffMember.objects.create_staff("agent@example.com")
    client = Client(raise_request_exception=False)
    client.force_login(member)
    headers = {"Authorization": f"Bearer {ApiToken.issue(member, Role.AGENT)}"}
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE timeline_queuerow RENAME TO away")
    try:
        api, page = client.get("/api/v1/queue/", headers=headers), client.get("/inbox/all/")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("ALTER TABLE away RENAME TO timeline_queuerow")
    assert (api.status_code, api["Content-Type"]) == (500, PROBLEM)
    assert api.json() == {"type": "about:blank", "title": "Internal Server Error", "status": 500}
    assert (page.status_code, page["Content-Type"]) == (500, "text/html; charset=utf-8")


@pytest.mark.django_db(transaction=True)
def test_while_postgresql_is_away_it_is_worth_asking_again() -> None:
    member = StaffMember.objects.create_staff("agent@example.com")
    client = Client(raise_request_exception=False)
    client.force_login(member)
    headers = {"Authorization": f"Bearer {ApiToken.issue(member, Role.AGENT)}"}
    answers = []
    for path in ("/api/v1/queue/", "/inbox/all/"):
        with contextlib.suppress(OperationalError), connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        answers.append(client.get(path, headers=headers))
        connection.close()
    assert [(answer.status_code, answer["Retry-After"]) for answer in answers] == [(503, "5"), (503, "5")]
    assert answers[0].json() == {"type": "about:blank", "title": "Service Unavailable", "status": 503}
    assert "Nothing is lost" in answers[1].content.decode()
