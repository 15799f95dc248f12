"""What a message carries, put into its view: text, files, what it answers, how far it came."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from timeline.entries import Direction
from timeline.models import Entry
from timeline.showing.attachments import attachments_of, formatted_of
from timeline.showing.contents import cards_of, order_of, place_of
from timeline.showing.mails import mail_of
from timeline.showing.parts import list_of, moment_of, object_of, word_of
from timeline.showing.previews import preview_of
from timeline.showing.shapes import DeliveryView, EditView, EntryView, Quote
from timeline.showing.wording import DELIVERIES, DOUBTS, reason_of, type_of

#: Content types that need no word: the text is all there is to say.
PLAIN_TYPES = (None, "text", "mail")


def fill_message(view: EntryView, customer: str, replied_to: Mapping[tuple[int, str], Entry]) -> None:
    entry, detail = view.entry, view.entry.detail
    view.mail = mail_of(detail, entry.text)
    view.type_word = type_of(str(detail.get("type") or ""))[1] if detail.get("type") not in PLAIN_TYPES else ""
    view.attachments = attachments_of(detail, view.channel_word, entry_id=entry.pk)
    view.formatted = formatted_of(detail, entry.pk)
    view.place = place_of(detail)
    view.cards = cards_of(detail)
    view.order = order_of(detail)
    choice = object_of(detail, "choice")
    view.choice = {"button": _("Pressed a button"), "list": _("Chose from a list"), "form": _("Filled in a form")}.get(
        word_of(choice, "kind"), _("Chose") if choice else ""
    )
    view.choice_description = word_of(choice, "description")
    view.quote = _quote(entry, customer, replied_to)
    view.delivery = _delivery(entry) if view.is_out else None
    view.doubt = "" if view.is_out else str(DOUBTS.get(entry.sender_grade or "", ""))
    view.reactions = [r for r in list_of(detail, "reactions") if isinstance(r, dict) and r.get("emoji")]
    view.edits = [
        EditView(previous_text=word_of(edit, "previous_text"), at=moment_of(edit.get("at")))
        for edit in list_of(detail, "edits")
        if isinstance(edit, dict)
    ]
    view.revoked_at = moment_of(detail.get("revoked_at"))
    view.forwarded = {"often": _("Forwarded many times")}.get(
        str(detail.get("forwarded")), _("Forwarded") if detail.get("forwarded") else ""
    )
    view.referral = {key: str(value) for key, value in object_of(detail, "referral").items() if value}
    view.missing_parts = _missing_parts(object_of(detail, "part"))
    view.is_group = bool(detail.get("group"))
    view.mistaken_by = word_of(object_of(detail, "mistaken"), "by")
    view.missing = _missing(view)


def _missing_parts(part: Mapping[str, Any]) -> str:
    """Which parts of a long text have not come, in words."""
    total, came = part.get("total"), part.get("came") or [part.get("number")]
    if not isinstance(total, int) or not isinstance(came, list):
        return ""
    lacking = [str(number) for number in range(1, total + 1) if number not in came]
    said = ngettext(
        "Part %(parts)s of %(total)s has not come", "Parts %(parts)s of %(total)s have not come", len(lacking)
    )
    return said % {"parts": ", ".join(lacking), "total": total} if lacking else ""


def _missing(view: EntryView) -> str:
    entry, detail = view.entry, view.entry.detail
    if entry.is_placeholder and detail.get("raw"):
        return _("The hub cannot read this kind of message yet. It is kept and appears here once it can.")
    if detail.get("type") == "unsupported":
        said = _("%(channel)s does not pass on this kind of message. Ask the customer to send it another way.")
        return said % {"channel": view.channel_word}
    if entry.is_placeholder:
        return _("The content of this message has not arrived yet.")
    has_content = (
        entry.text or view.attachments or view.place or view.cards or view.order or view.choice or view.formatted
    )
    return "" if has_content else _("An empty message.")


def _quote(entry: Entry, customer: str, replied_to: Mapping[tuple[int, str], Entry]) -> Quote | None:
    answered = word_of(object_of(entry.detail, "reply_to"), "provider_message_id")
    other = replied_to.get((entry.account_id, answered)) if answered else None
    if other is None:
        return None
    who = other.account.name if other.direction == Direction.OUT else customer
    return Quote(entry_id=other.pk, who=who, preview=preview_of(other))


def _delivery(entry: Entry) -> DeliveryView | None:
    if not entry.delivery:
        return None
    icon, word, tone = DELIVERIES.get(entry.delivery, DELIVERIES["unknown"])
    detail = entry.detail
    again_id = detail.get("replaced_by")
    return DeliveryView(
        icon=icon,
        word=str(word),
        tone=tone,
        reason=_reason(entry.delivery, detail),
        sends_again=bool(object_of(detail, "by"))
        and entry.delivery in ("failed", "unknown")
        and not again_id
        and "confirmation" not in detail,
        again_id=again_id if isinstance(again_id, int) else None,
        is_simulated=detail.get("is_simulated") is True,
    )


def _reason(delivery: str, detail: Mapping[str, Any]) -> str:
    """Why it failed, why nobody knows, or why it still waits."""
    if delivery == "failed":
        return reason_of(detail.get("errors"))
    return word_of(detail, {"unknown": "doubt", "queued": "delay"}.get(delivery, ""))
