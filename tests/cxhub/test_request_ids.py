"""Whoever reports a fault reads out an id that finds its line in the log."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from cxhub.logs import JsonFormatter


def _fail(request: HttpRequest) -> HttpResponse:
    raise KeyError("whose text is nobody's business")


def _away(request: HttpRequest) -> HttpResponse:
    raise OperationalError("connection refused")


for _view in (_fail, _away):
    _view.login_required = False  # type: ignore[attr-defined]
urlpatterns = [path("fail/", _fail), path("away/", _away)]
handler500 = "cxhub.problems.server_error"


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What the log of requests says, as the hub writes it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logger = logging.getLogger("django.request")
    logger.addHandler(handler)
    yield stream
    logger.removeHandler(handler)


@pytest.mark.urls("tests.cxhub.test_request_ids")
def test_page_that_failed_names_the_line_in_the_log(logged: io.StringIO, db: Any) -> None:
    answer = Client(raise_request_exception=False).get("/fail/", headers={"X-Request-ID": "proxy-0123456789"})
    assert answer.status_code == 500
    assert answer["X-Request-ID"] == "proxy-0123456789"
    page = answer.content.decode()
    assert "proxy-0123456789" in page
    assert 'href="/fail/">' in page  # once more
    assert "data-theme" not in page
    line = json.loads(logged.getvalue())
    assert (line["request"], line["exception"], line["status"]) == ("proxy-0123456789", "KeyError", 500)
    assert "nobody's business" not in logged.getvalue()


@pytest.mark.urls("tests.cxhub.test_request_ids")
def test_page_while_the_database_is_away_says_so_in_the_chosen_theme(db: Any) -> None:
    client = Client(raise_request_exception=False, headers={"Accept-Language": "de"})
    client.cookies["theme"] = "dark"
    answer = client.get("/away/?a=1")
    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    page = answer.content.decode()
    assert "Der Hub ist gleich wieder da" in page
    assert 'data-theme="dark"' in page
    assert 'href="/away/?a=1"' in page
    assert "Noch einmal versuchen" not in client.post("/away/").content.decode()  # what was posted is not asked for


@pytest.mark.parametrize("given", ["", "short", "<script>alert(1)</script>", "0123456789\r\nSet-Cookie: a=b", "9" * 65])
def test_odd_id_is_replaced_by_our_own(client: Client, given: str, db: Any) -> None:
    answer = client.get("/login/", headers={"X-Request-ID": given})
    assert len(answer["X-Request-ID"]) == 12
    assert int(answer["X-Request-ID"], 16) >= 0
