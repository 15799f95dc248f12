"""Snippets: what is known is filled in, and what looks like a variable never goes out as it stands."""

import pytest
from django.test import Client

from channels_ingest.models import Snippet
from channels_ingest.writing.snippets import filled, gap_in, strangers_in
from profiles.models import ChannelIdentity
from tests.pages.conftest import agent, born, line, pages, say
from tests.pages.reading_html import words
from tests.pages.test_composer import HTMX, mira, whatsapp

__all__ = ["agent", "born", "line", "mira", "pages", "say", "whatsapp"]
VALUES = {"customer.first_name": "ليلى", "customer.name": "ليلى 👩🏽‍🚀 {{x}}"}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("مرحبا {customer.first_name} 👋🏽", "مرحبا ليلى 👋🏽"),
        ("Hello {{ customer.first_name }}!", "Hello ليلى!"),
        ("Hello {customer.name}", "Hello ليلى 👩🏽‍🚀 {{x}}"),
        ("About {order.number}", "About ⟦the order's number⟧"),
        ("Hello {{name}}", "Hello ⟦name⟧"),
        ("Hello {{ first name }} {contact.name}", "Hello ⟦first name⟧ ⟦contact.name⟧"),
        ('{"a": 1} {} {{}} {a b} ;-} {', '{"a": 1} {} {{}} {a b} ;-} {'),
    ],
)
def test_variables_are_filled_in_or_leave_a_gap(text: str, shown: str) -> None:
    assert filled(text, VALUES) == shown
    assert bool(gap_in(shown)) == ("⟦" in shown)


def test_what_is_no_variable_of_ours_is_named() -> None:
    assert strangers_in("{{name}} {customer.name} {contact.name} {{name}}") == ["name", "contact.name"]


@pytest.mark.django_db
def test_snippet_with_an_unknown_variable_is_not_kept(pages: Client) -> None:
    told = pages.post("/snippets/", {"name": "hello", "text": "Hello {{name}}"})
    assert told.status_code == 422
    assert "There is no variable name." in words(told)
    assert not Snippet.objects.exists()


@pytest.mark.django_db
def test_gap_is_not_sent(pages: Client, mira: ChannelIdentity) -> None:
    Snippet.objects.create(name="hello", text="Hello {{name}}")  # from before it was refused
    offered = pages.get(f"/customers/{mira.profile_id}/snippets/", {"q": "hel"}, headers=HTMX)
    assert 'data-insert="Hello ⟦name⟧"' in offered.content.decode()
    sent = {"channel_identity": mira.pk, "text": "Hello ⟦name⟧"}
    told = pages.post(f"/customers/{mira.profile_id}/answer/", sent, headers=HTMX)
    assert (told.status_code, "Fill in name first" in words(told)) == (422, True)
