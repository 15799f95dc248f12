"""Identity in sentences an agent understands: reasons of reviews, held ties, decisions, operations."""

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from profiles.identity import alike
from profiles.identity.canonical import display_phone
from profiles.identity.values import IdentifierKind


def kind_words(kind: str) -> str:
    """What an agent calls a kind of identifier."""
    return {
        IdentifierKind.CUSTOMER_ID: _("customer number"),
        IdentifierKind.WHATSAPP_USER: _("WhatsApp user"),
        IdentifierKind.PHONE: _("phone number"),
        IdentifierKind.EMAIL: _("e-mail address"),
        IdentifierKind.VISITOR: _("browser"),
        IdentifierKind.ORDER: _("order"),
        alike.USERNAME: _("user name"),
        alike.BIRTH_DATE: _("date of birth"),
    }.get(kind, kind)


def value_words(kind: str, value: str) -> str:
    """An identifier's value as people write it; a browser's id says nothing to anybody."""
    if kind == IdentifierKind.PHONE:
        return display_phone(value)
    return "" if kind == IdentifierKind.VISITOR else value


def grade_words(grade: str) -> str:
    """How far a sighting can be believed."""
    return {
        "decided": _("decided by staff"),
        "proved": _("proved"),
        "weak": _("weak: the sender could be forged"),
        "claimed": _("claimed, not proved"),
    }.get(grade, grade)


def because_words(because: str) -> str:
    """Why a tie was held: a human's decision or the policy's limit."""
    if because == f"limit:{IdentifierKind.CUSTOMER_ID}":
        return _("each has a customer number of their own")
    if because.startswith("limit:"):
        kind = kind_words(because.removeprefix("limit:"))
        return _("together they would have more than one person has of this: %(kind)s") % {"kind": kind}
    return _("a colleague said that they are different people")


def reason_words(reason: Mapping[str, Any]) -> str:
    """One reason of a review."""
    kind, value = str(reason.get("kind", "")), str(reason.get("value", ""))
    facts = {"kind": kind_words(kind) if kind else "", "value": value_words(kind, value) if kind else value}
    code = reason.get("code")
    if code == "held" and reason.get("because") == "different":
        return _("New proof: both have the %(kind)s %(value)s, although a colleague said they are different") % facts
    if code == "held":
        facts["limit"] = because_words(str(reason.get("because", "")))
        return _("Both have the %(kind)s %(value)s, but %(limit)s") % facts
    if code == "claimed":
        return _("One says that the %(kind)s %(value)s is theirs, the other was proved to have it") % facts
    if code == "typed":
        return _("One says that the %(kind)s %(value)s is theirs, a colleague wrote it down for the other") % facts
    if code == "same_name":
        return _("Both are called %(value)s") % facts
    if code == "alike":
        facts["other"] = value_words(kind, str(reason.get("other", "")))
        if facts["value"] == facts["other"]:
            return _("Both have the %(kind)s %(value)s, which nothing has proved") % facts
        return _("Nearly the same %(kind)s: %(value)s and %(other)s") % facts
    return str(code)


def verb_words(verb: str, detail: Mapping[str, Any]) -> str:
    """What an operation did."""
    kind, value = str(detail.get("kind", "")), str(detail.get("value", ""))
    shown = value_words(kind, value) if kind else value
    facts = {"kind": kind_words(kind) if kind else "", "value": shown, "status": str(detail.get("status", ""))}
    if verb == "decide":
        return _("Different people") if detail.get("verdict") == "different" else _("Merged after review")
    if verb == "mark":
        return {
            "generic": _("%(kind)s %(value)s marked as shared"),
            "blocked": _("%(kind)s %(value)s marked as nobody's"),
        }.get(facts["status"], _("%(kind)s %(value)s marked as one person's")) % facts
    if verb == "withdraw":
        return {
            "sighting": _("%(kind)s %(value)s withdrawn") % facts,
            "trait": _("Value withdrawn: %(value)s") % facts,
        }.get(str(detail.get("what")), _("“Somebody else writes since” withdrawn"))
    if verb == "enter":
        named = str(detail.get("name", "")).replace("_", " ").capitalize()
        return _("%(name)s entered: %(value)s") % {**facts, "name": named} if named else _("Fact entered")
    if verb == "undo":
        return _("Undone: %(what)s") % {"what": verb_words(str(detail.get("verb", "")), {})}
    if verb == "add":
        return _("Address written down: %(value)s") % facts if value else _("Address written down")
    return {
        "merge": _("Merged"),
        "unmerge": _("Separated"),
        "split": _("Somebody else writes since then"),
    }.get(verb, verb)


def rule_words(rule: str) -> str:
    """Why a trait shows the value it shows."""
    return {
        "only": _("the only value"),
        "chosen": _("chosen by a colleague while merging"),
        "agent": _("entered by an agent"),
        "proved": _("better proved than the others"),
        "newest": _("the newest"),
    }.get(rule, rule)
