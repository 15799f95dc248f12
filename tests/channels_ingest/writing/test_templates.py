"""Templates: as the provider lists them, filled in whole or not sent, and only where WhatsApp and consent allow."""

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from channels_ingest.accounts import connect
from channels_ingest.adapters.base import AccountSettings
from channels_ingest.adapters.sending import Answer, CannotSendError, Outgoing, Template
from channels_ingest.models import BegunTemplate, MessageTemplate, OutboxMessage, SimulatedMessage
from channels_ingest.registry import ADAPTERS
from channels_ingest.sending.composing import send
from channels_ingest.sending.courier import send_due
from channels_ingest.sending.wishes import Draft, SendRefusedError, Wish
from channels_ingest.writing.listing_templates import NotListedError, refresh
from channels_ingest.writing.templates import UnfilledError, built, reading_of, slots_of
from profiles.models import ChannelAccount, ChannelIdentity, StaffMember
from tests.pages.conftest import Born, agent, born, line, pages, say
from tests.pages.reading_html import words
from tests.pages.test_composer import HTMX, mira, whatsapp
from timeline.models import Entry

__all__ = ["agent", "born", "line", "mira", "pages", "say", "whatsapp"]


@pytest.fixture
def listed(whatsapp: ChannelAccount, live_server: Any, settings: Any) -> ChannelAccount:
    """The line's templates are known, from the simulator."""
    settings.LOOPBACK_URL = settings.PUBLIC_BASE_URL = live_server.url
    settings.UNDO_SEND_SECONDS = 0
    assert refresh(whatsapp) == 6
    return whatsapp


def row(name: str, language: str = "en") -> MessageTemplate:
    return MessageTemplate.objects.get(name=name, language=language)


@pytest.mark.django_db(transaction=True)
def test_list_is_the_providers_and_what_was_written_by_hand_stays(listed: ChannelAccount) -> None:
    MessageTemplate.objects.create(account=listed, name="own", language="en", source="hand")
    MessageTemplate.objects.create(account=listed, name="gone", language="en", source="provider")
    MessageTemplate.objects.filter(name="order_update").update(status="PAUSED")
    refresh(listed)
    known = set(MessageTemplate.objects.values_list("name", "status"))
    assert ("own", "APPROVED") in known
    assert ("order_update", "APPROVED") in known
    assert ("return_label", "PENDING") in known
    assert not any(name == "gone" for name, _ in known)


@pytest.mark.django_db(transaction=True)
def test_twilio_lists_contents_under_their_sids(live_server: Any, settings: Any) -> None:
    settings.LOOPBACK_URL = live_server.url
    account = connect("whatsapp_twilio", name="T", values={"auth_token": "t"})
    assert refresh(account) == 6
    found = MessageTemplate.objects.get(shown_name="order_update", language="de")
    assert (found.name[:2], found.status, found.category) == ("HX", "APPROVED", "UTILITY")
    assert [slot.place for slot in slots_of(found, {})] == ["body:1", "body:2", "body:3"]


@pytest.mark.django_db(transaction=True)
def test_picker_shows_what_can_be_sent_first_and_finds_by_any_word(
    pages: Client, mira: ChannelIdentity, listed: ChannelAccount
) -> None:
    page = words(pages.get(f"/addresses/{mira.pk}/templates/", headers=HTMX))
    assert page.index("order_update") < page.index("return_label")
    assert "pending" in page
    found = words(pages.get(f"/addresses/{mira.pk}/templates/", {"q": "unterwegs", "rows": "1"}, headers=HTMX))
    assert "Hallo" in found
    assert "appointment" not in found


@pytest.mark.django_db(transaction=True)
def test_template_is_filled_in_previewed_and_sent_with_its_button(
    pages: Client, mira: ChannelIdentity, listed: ChannelAccount
) -> None:
    order = row("order_update")
    url = f"/addresses/{mira.pk}/templates/{order.pk}/"
    form = pages.get(url, headers=HTMX).content.decode()
    assert 'name="body:1" value="Mira"' in form
    assert 'name="button:0"' in form
    values = {"body:1": "Mira", "body:2": "4711", "body:3": ""}
    seen = words(pages.post(f"{url}preview/", values, headers=HTMX))
    assert "your order 4711 is on its way and arrives on ⟦3⟧" in seen
    assert pages.post(url, values, headers=HTMX).status_code == 422
    assert not OutboxMessage.objects.exists()
    told = pages.post(url, {**values, "body:3": "Friday", "button:0": "4711"}, headers=HTMX)
    assert told.status_code == 201, words(told)
    entry = Entry.objects.get(direction="out")
    assert entry.text == "Hello Mira, your order 4711 is on its way and arrives on Friday."
    assert send_due() == 1
    sent = json.loads(SimulatedMessage.objects.get().extra["template"])
    assert [part["type"] for part in sent["components"]] == ["body", "button"]
    assert sent["components"][1] == {
        "type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "4711"}],
    }  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_begun_template_waits_with_its_values_until_it_is_sent(
    pages: Client, mira: ChannelIdentity, listed: ChannelAccount, agent: StaffMember
) -> None:
    order = row("order_update")
    url, box_url = f"/addresses/{mira.pk}/templates/{order.pk}/", f"/customers/{mira.profile_id}/composer/"
    assert "You have begun" not in words(pages.get(box_url, headers=HTMX))
    values = {"body:1": "Mira", "body:2": "4711 👋🏽\0", "body:3": "", "key": "k1"}
    pages.post(f"{url}preview/", values, headers=HTMX)
    assert "You have begun the template order_update" in words(pages.get(box_url, headers=HTMX))
    form = pages.get(url, headers=HTMX).content.decode()
    assert 'name="body:2" value="4711 👋🏽"' in form
    ben = StaffMember.objects.create_staff("ben@example.com", role="agent")
    other = Client()
    other.force_login(ben)
    assert "You have begun" not in words(other.get(box_url, headers=HTMX))
    sent = {**values, "body:2": "4711", "body:3": "Friday", "button:0": "4711"}
    assert pages.post(url, sent, headers=HTMX).status_code == 201
    pages.post(f"{url}preview/", values, headers=HTMX)  # one that was under way
    assert not BegunTemplate.objects.exists()
    entry = Entry.objects.get(direction="out")
    assert pages.post(f"/messages/{entry.pk}/undo/", headers=HTMX).status_code == 200
    assert BegunTemplate.objects.get(author=agent).values == {
        "body:1": "Mira", "body:2": "4711", "body:3": "Friday", "button:0": "4711",
    }  # fmt: skip
    pages.post(f"{url}preview/", {"key": "k2"}, headers=HTMX)  # all of it deleted
    assert not BegunTemplate.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_marketing_needs_consent_and_pending_is_not_sent_whatever_a_program_claims(
    mira: ChannelIdentity, listed: ChannelAccount, agent: StaffMember
) -> None:
    for name, code in (("autumn_sale", "no_consent"), ("return_label", "template")):
        template = Template(name=name, language="en", parameters=("Mira",))
        with pytest.raises(SendRefusedError) as refused:
            send(mira.profile_id, Draft(channel_identity_id=mira.pk, text="x", template=template), Wish(author=agent))
        assert refused.value.code == code or (name == "autumn_sale" and "marketing" in str(refused.value).lower())
    assert not OutboxMessage.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_closed_window_leads_to_the_templates(pages: Client, mira: ChannelIdentity, listed: ChannelAccount) -> None:
    ChannelIdentity.objects.filter(pk=mira.pk).update(last_inbound_at="2026-01-01T00:00Z")
    page = pages.get(f"/customers/{mira.profile_id}/composer/", headers=HTMX)
    assert "Choose a template" in words(page)
    assert f'hx-get="/addresses/{mira.pk}/templates/"' in page.content.decode()


def named(**components: Any) -> MessageTemplate:
    return MessageTemplate(name="x", language="en", components=list(components.values()))


def test_parameters_are_told_by_name_or_number_and_headers_may_be_pictures() -> None:
    by_name = named(body={"type": "BODY", "text": "{{day}} at {{time}}, {{day}}"})
    values = {"body:day": "Monday", "body:time": "9\n am"}
    assert built(by_name, values) == Template(
        name="x", language="en", parameters=("Monday", "9 am"), names=("day", "time")
    )
    numbered = named(body={"type": "body", "text": "{{2}} {{1}} {{10}}"})
    filled = {"body:1": "a", "body:2": "b", "body:10": "c"}
    assert built(numbered, filled).parameters == ("a", "b", "c")
    assert reading_of(numbered, filled).text == "b a c"
    picture = named(head={"type": "HEADER", "format": "IMAGE"}, body={"type": "BODY", "text": "Look"})
    with pytest.raises(UnfilledError, match="https"):
        built(picture, {"header:0": "javascript:1"})
    made = built(picture, {"header:0": "https://shop.example/a.jpg"})
    message = Outgoing(reference="r", address="1555", text="Look", status_url="", template=made)
    request = ADAPTERS["whatsapp_cloud"].render(message, AccountSettings(), api_url="http://x")  # type: ignore[attr-defined]
    parameter = json.loads(request.body)["template"]["components"][0]["parameters"][0]
    assert parameter == {"type": "image", "image": {"link": "https://shop.example/a.jpg"}}


@pytest.mark.parametrize("components", [None, "x", [1], [{"type": "BODY", "text": 7}], [{"type": "BUTTONS"}], {}])
def test_odd_components_break_nothing(components: Any) -> None:
    odd = MessageTemplate(name="x", language="en", components=components)
    assert slots_of(odd, {}) == []
    assert reading_of(odd, {}).text in ("", "7")
    assert built(odd, {}).parameters == ()


@pytest.mark.parametrize("provider", ["whatsapp_cloud", "whatsapp_twilio"])
@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"data": 7}', b'{"error": {"message": "no"}}', b"<html>"])
def test_answers_that_are_no_list_are_told(provider: str, body: bytes) -> None:
    adapter: Any = ADAPTERS[provider]
    with pytest.raises(CannotSendError):
        adapter.read_templates(Answer(status=400, body=body))


def test_line_that_is_away_says_so_and_keeps_what_was_known(whatsapp: ChannelAccount, settings: Any) -> None:
    settings.LOOPBACK_URL = "http://127.0.0.1:9"
    MessageTemplate.objects.create(account=whatsapp, name="known", language="en")
    with pytest.raises(NotListedError, match="cannot be reached"):
        refresh(whatsapp)
    assert MessageTemplate.objects.get().name == "known"


def test_admin_writes_one_down(whatsapp: ChannelAccount, tmp_path: Any, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "one.json"
    file.write_text(json.dumps({"name": "own", "language": "en", "components": [{"type": "BODY", "text": "Hi {{1}}"}]}))
    call_command("templates", "add", "Nordlicht Shop", str(file))
    call_command("templates", "show", "Nordlicht Shop")
    assert capsys.readouterr().out == "own en - APPROVED hand\n"
    call_command("templates", "remove", "Nordlicht Shop", "own", "en")
    assert not MessageTemplate.objects.exists()
    with pytest.raises(CommandError, match="Nordlicht Shop"):
        call_command("templates", "show", "Nobody")


def test_template_of_another_line_is_not_found(pages: Client, mira: ChannelIdentity, born: Born) -> None:
    other = connect("whatsapp_cloud", name="Other", values={"app_secret": "a", "verify_token": "c"})
    theirs = MessageTemplate.objects.create(account=other, name="x", language="en")
    assert pages.get(f"/addresses/{mira.pk}/templates/{theirs.pk}/", headers=HTMX).status_code == 404
