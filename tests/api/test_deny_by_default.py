"""Every URL is either guarded or named here as open, so a new one cannot be open by accident."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from profiles.models import Role, StaffMember

#: What nobody has to log in for, and why.
OPEN = {
    "webhooks/<str:provider>/<str:key>/": "signed by the provider; 404 for an unknown key",
    "media/<str:token>/<str:name>": "signed links that expire; without cookie or session",
    "chat/v1/sessions": "a visitor's first call, from the chat's own sites; 404 for an unknown key",
    "unsubscribe/<str:token>/": "the token is signed; it takes an opt-out and shows nothing of the customer",
    "chat/v1/w.js": "the widget, for every site",
    "chat/v1/w.<slug:digest>.js": "the widget, for every site",
    "chat/v1/more.<slug:digest>.js": "what the widget loads, for every site",
    "chat/v1/sample/<str:key>/": "a sample page without data; 404 unless the hub plays",
    "livez": "says that the process answers",
    "readyz": "counts and ages only",
    "metrics": "counts and ages only",
    "login/": "the way in",
    "login/link/<str:secret>/": "the way in",
    "logout/": "the way out",
    "session/": "says who is logged in, null for nobody",
    "session/log-in/": "the way in again",
    "fault/": "words for what failed, of nobody; the session may have ended",
    "panes/<int:queue>.<int:side>.css": "two widths, of nobody",
    "api/schema/": "the contract, no data",
    "api/docs/": "the contract, no data",
}
#: What an ingest token is for; it may ask nothing else.
INGEST = {"api/v1/identify/", "api/v1/events/", "api/v1/receipts/<str:receipt>/"}
VALUES = {
    "<str:provider>": "whatsapp_cloud", "<str:key>": "k", "<str:secret>": "s", "<slug:view>": "all",
    "<str:receipt>": "r", "<str:token>": "t", "<str:name>": "n", "<str:place>": "0", "<slug:variant>": "file",
    "<slug:status>": "generic", "<slug:verdict>": "spam", "<slug:action>": "resolve",
}  # fmt: skip


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    for pattern in resolver.url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern, route)
        elif isinstance(pattern, URLPattern):
            yield route


ROUTES = sorted(set(routes(get_resolver())))


def path_of(route: str) -> str:
    for part, value in VALUES.items():
        route = route.replace(part, value)
    return "/" + re.sub(r"<int:\w+>", "1", route)


@pytest.mark.parametrize("route", [route for route in ROUTES if route not in OPEN])
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_stranger_gets_nothing(client: Client, db: None, route: str, method: str) -> None:
    answer = getattr(client, method)(path_of(route))
    assert answer.status_code in (302, 401, 403, 405), (route, answer.status_code)
    if answer.status_code == 302:
        assert answer["Location"].startswith("/login/")


@pytest.mark.parametrize("route", [route for route in ROUTES if route not in OPEN | dict.fromkeys(INGEST)])
def test_ingest_role_reads_nothing(client: Client, db: None, route: str) -> None:
    client.force_login(StaffMember.objects.create_staff("server@example.com", role=Role.INGEST))
    answer = client.get(path_of(route))
    assert answer.status_code in (302, 401, 403, 405) or route == "login/password/", (route, answer.status_code)


@pytest.mark.parametrize("route", sorted(INGEST))
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("role", [Role.AGENT, Role.LEAD])
def test_evidence_is_not_for_those_who_read(client: Client, db: None, route: str, method: str, role: Role) -> None:
    client.force_login(StaffMember.objects.create_staff("agent@example.com", role=role))
    assert getattr(client, method)(path_of(route)).status_code == 403


def test_every_open_url_is_still_there() -> None:
    assert set(OPEN) | INGEST <= set(ROUTES)
