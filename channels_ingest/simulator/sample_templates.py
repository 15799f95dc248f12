"""The templates of a simulated WhatsApp line, in Meta's form and in Twilio's."""

from typing import Any

Json = dict[str, Any]

_UPDATE_EN = "Hello {{1}}, your order {{2}} is on its way and arrives on {{3}}."
_UPDATE_DE = "Hallo {{1}}, Ihre Bestellung {{2}} ist unterwegs und kommt am {{3}} an."


def _body(text: str, *examples: str) -> Json:
    return {"type": "BODY", "text": text} | ({"example": {"body_text": [list(examples)]}} if examples else {})


TEMPLATES: tuple[Json, ...] = (
    {
        "name": "order_update",
        "language": "en",
        "status": "APPROVED",
        "category": "UTILITY",
        "components": [
            _body(_UPDATE_EN, "Mira", "4711", "Friday"),
            {
                "type": "BUTTONS",
                "buttons": [{"type": "URL", "text": "Follow it", "url": "https://shop.example/track/{{1}}"}],
            },
        ],
    },
    {
        "name": "order_update",
        "language": "de",
        "status": "APPROVED",
        "category": "UTILITY",
        "components": [_body(_UPDATE_DE, "Mira", "4711", "Freitag")],
    },
    {
        "name": "question_open",
        "language": "en",
        "status": "APPROVED",
        "category": "UTILITY",
        "components": [
            {
                "type": "HEADER",
                "format": "TEXT",
                "text": "Your question of {{1}}",
                "example": {"header_text": ["Monday"]},
            },
            _body("Hello {{1}}, we have an answer to your question. Shall we go on here?", "Mira"),
            {"type": "FOOTER", "text": "Answer STOP to hear no more"},
            {
                "type": "BUTTONS",
                "buttons": [{"type": "QUICK_REPLY", "text": "Yes"}, {"type": "QUICK_REPLY", "text": "Not now"}],
            },
        ],
    },
    {
        "name": "appointment_reminder",
        "language": "en",
        "status": "APPROVED",
        "category": "UTILITY",
        "components": [
            {
                "type": "BODY",
                "text": "Hello {{customer_name}}, we expect you on {{day}} at {{time}}.",
                "example": {"body_text_named_params": [{"param_name": "customer_name", "example": "Mira"}]},
            }
        ],
    },
    {
        "name": "autumn_sale",
        "language": "en",
        "status": "APPROVED",
        "category": "MARKETING",
        "components": [_body("{{1}}, everything warm is 20 % off until Sunday.", "Mira")],
    },
    {
        "name": "return_label",
        "language": "en",
        "status": "PENDING",
        "category": "UTILITY",
        "components": [_body("Hello {{1}}, here is your return label.", "Mira")],
    },
)


def as_meta() -> Json:
    """Meta's page of all of them."""
    rows = [{"id": str(1_000 + number), **row} for number, row in enumerate(TEMPLATES)]
    return {"data": rows, "paging": {"cursors": {"before": "A", "after": "Z"}}}


def as_twilio() -> Json:
    """Twilio's page of contents."""
    return {
        "contents": [_content(number, row) for number, row in enumerate(TEMPLATES)],
        "meta": {"next_page_url": None},
    }


def _content(number: int, row: Json) -> Json:
    body = next(part for part in row["components"] if part["type"] == "BODY")
    examples = body.get("example", {}).get("body_text", [[]])[0]
    return {
        "sid": f"HX{number:032x}",
        "friendly_name": row["name"],
        "language": row["language"],
        "variables": {str(place): value for place, value in enumerate(examples, start=1)},
        "types": {"twilio/text": {"body": body["text"]}},
        "approval_requests": {
            "name": row["name"],
            "status": row["status"].lower(),
            "category": row["category"],
            "content_type": "twilio/text",
        },
    }
