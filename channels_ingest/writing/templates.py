"""Templates as somebody fills them in: which words are missing, how it will read, and whether it may be sent."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from channels_ingest.adapters.base import clean
from channels_ingest.adapters.sending import Template
from channels_ingest.sending.guards import MARKETING, Closed
from channels_ingest.writing.models import MessageTemplate

APPROVED = "APPROVED"
LONGEST_VALUE = 1_024
_SLOT = re.compile(r"\{\{\s*([A-Za-z0-9_]{1,60})\s*\}\}")
_MEDIA = {"IMAGE": "image", "VIDEO": "video", "DOCUMENT": "document"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One thing to be filled in: `place` is where, such as `body:1`; `label` says so in words."""

    place: str
    label: str
    example: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the message will read; what is not filled in shows as a gap."""

    header: str
    body: str
    footer: str
    buttons: tuple[str, ...]

    @property
    def text(self) -> str:
        """All that is said, as the timeline keeps it."""
        return "\n".join(part for part in (self.header, self.body, self.footer) if part)


class UnfilledError(ValueError):
    """Something is missing, or cannot stand where it does; the message says what."""


def verdict_on(account_id: int, template: Template, purpose: str) -> tuple[str, Closed | None]:
    """For which purpose a template is sent, and why it cannot be. One the hub does not know is left to WhatsApp."""
    row = MessageTemplate.objects.filter(account_id=account_id, name=template.name, language=template.language).first()
    if row is None:
        return purpose, None
    if row.status != APPROVED:
        said = _("WhatsApp has not approved this template (%(status)s).") % {"status": row.status.lower()}
        return purpose, Closed("template", said)
    return (MARKETING if row.category == "MARKETING" else purpose), None


def slots_of(row: MessageTemplate, values: Mapping[str, str]) -> list[Slot]:
    """What is to be filled in, in the order of reading."""
    found = []
    for place, label, example in _places(_components(row)):
        found.append(Slot(place=place, label=label, example=example, value=values.get(place, "")))
    return found


def _places(components: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    for part in components:
        kind = str(part.get("type", "")).upper()
        if kind == "HEADER" and (media := _MEDIA.get(str(part.get("format", "")).upper())):
            yield "header:0", _("Link to the %(kind)s at the top") % {"kind": media}, "https://"
        elif kind == "HEADER":
            for name in _names(part.get("text"))[:1]:
                yield f"header:{name}", _("Heading"), _example(part, "header_text", 0)
        elif kind == "BODY":
            for number, name in enumerate(_names(part.get("text"))):
                shown = _("Text %(number)s") % {"number": name} if name.isdigit() else name.replace("_", " ")
                yield f"body:{name}", shown, _example(part, "body_text", number)
        elif kind == "BUTTONS":
            for number, button in enumerate(_dicts(part.get("buttons"))):
                if _asks(button):
                    said = _("Button %(name)s") % {"name": button.get("text", number + 1)}
                    yield f"button:{number}", said, ""


def _asks(button: Mapping[str, Any]) -> bool:
    kind = str(button.get("type", "")).upper()
    return kind == "COPY_CODE" or (kind == "URL" and bool(_SLOT.search(str(button.get("url", "")))))


def reading_of(row: MessageTemplate, values: Mapping[str, str]) -> Reading:
    """How it will read with these values."""
    said = {"HEADER": "", "BODY": "", "FOOTER": ""}
    buttons: list[str] = []
    for part in _components(row):
        kind = str(part.get("type", "")).upper()
        if kind == "BUTTONS":
            buttons += [str(button.get("text", "")) for button in _dicts(part.get("buttons"))]
        elif kind in said:
            said[kind] = _filled(str(part.get("text") or ""), kind.lower(), values)
    return Reading(header=said["HEADER"], body=said["BODY"], footer=said["FOOTER"], buttons=tuple(buttons))


def _filled(text: str, kind: str, values: Mapping[str, str]) -> str:
    return _SLOT.sub(lambda match: values.get(f"{kind}:{match[1]}") or f"⟦{match[1]}⟧", text)


def built(row: MessageTemplate, values: Mapping[str, str]) -> Template:
    """The template as it is sent. Raises UnfilledError."""
    checked = {}
    for slot in slots_of(row, values):
        value = " ".join(clean(slot.value).split())  # Meta refuses a parameter with a line break
        if not value:
            raise UnfilledError(_("Fill in: %(label)s") % {"label": slot.label})
        if len(value) > LONGEST_VALUE:
            raise UnfilledError(_("%(label)s is too long.") % {"label": slot.label})
        if slot.example == "https://" and not value.startswith("https://"):
            raise UnfilledError(_("%(label)s has to begin with https://") % {"label": slot.label})
        checked[slot.place] = value
    names = [place.partition(":")[2] for place in checked if place.startswith("body:")]
    header = next((place for place in checked if place.startswith("header:")), "")
    return Template(
        name=row.name,
        language=row.language,
        parameters=tuple(checked[f"body:{name}"] for name in names),
        names=tuple(names) if names and not all(name.isdigit() for name in names) else (),
        header=checked.get(header, ""),
        header_kind=_header_kind(row),
        buttons=tuple(_buttons(row, checked)),
    )


def values_of(row: MessageTemplate, template: Template) -> dict[str, str]:
    """What was filled in, by place: the way back from `built`. Raises UnfilledError for more than there is room for."""
    places = [slot.place for slot in slots_of(row, {})]
    body = [place for place in places if place.startswith("body:")]
    named = [f"body:{name}" for name in template.names] or body
    if len(template.parameters) > len(named):
        said = _("The template takes %(most)d parameters and %(told)d came.")
        raise UnfilledError(said % {"most": len(named), "told": len(template.parameters)})
    values = dict(zip(named, template.parameters, strict=False))
    values |= {place: template.header for place in places if place.startswith("header:")}
    return values | {f"button:{place}": value for place, _kind, value in template.buttons}


def completed(account_id: int, template: Template) -> tuple[Template, str]:
    """The template as it is sent and how it will read; one that the hub does not know stays as told, without a text.

    Raises UnfilledError.
    """
    row = MessageTemplate.objects.filter(account_id=account_id, name=template.name, language=template.language).first()
    if row is None or row.status != APPROVED:
        return template, ""
    values = values_of(row, template)
    return built(row, values), reading_of(row, values).text


def _header_kind(row: MessageTemplate) -> str:
    heads = (part for part in _components(row) if str(part.get("type", "")).upper() == "HEADER")
    return next((_MEDIA.get(str(part.get("format", "")).upper(), "text") for part in heads), "text")


def _buttons(row: MessageTemplate, checked: Mapping[str, str]) -> Iterator[tuple[int, str, str]]:
    for part in _components(row):
        for number, button in enumerate(_dicts(part.get("buttons"))):
            if value := checked.get(f"button:{number}"):
                yield number, "copy_code" if str(button.get("type", "")).upper() == "COPY_CODE" else "url", value


def _names(text: object) -> list[str]:
    """The names of the slots of a text, each once; numbers in their order."""
    found = list(dict.fromkeys(_SLOT.findall(text))) if isinstance(text, str) else []
    return sorted(found, key=int) if all(name.isdigit() for name in found) else found


def _example(part: Mapping[str, Any], name: str, number: int) -> str:
    """What Meta was told as an example, to show what is meant."""
    example = part.get("example")
    values = example.get(name) if isinstance(example, Mapping) else None
    if isinstance(values, list) and values and isinstance(values[0], list):
        values = values[0]
    return str(values[number]) if isinstance(values, list) and len(values) > number else ""


def _components(row: MessageTemplate) -> list[Mapping[str, Any]]:
    return _dicts(row.components)


def _dicts(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
