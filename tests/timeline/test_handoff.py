"""When a change of channel is a hand-off: each case written out."""

from datetime import UTC, datetime, timedelta

import pytest

from timeline.handoff import Event, Spoken, current, handoffs

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
WORDS = {"chat": "chat", "whatsapp": "whatsapp", "mail": "email"}


def story(*lines: str) -> list[Spoken]:
    """`chat asked 0` is a message by chat at noon, `whatsapp answered 90` an answer 90 minutes later."""
    found = []
    for number, line in enumerate(lines, start=1):
        channel, event, minute = line.split()
        found.append(
            Spoken(
                entry_id=number,
                channel_identity=list(WORDS).index(channel) + 1,
                channel=channel,
                at=NOON + timedelta(minutes=float(minute)),
                event=Event(event),
                said=line,
            )
        )
    return found


#: what was said -> [entry that is a hand-off, gap in minutes, entry that nobody had answered]
CASES = {
    "first message": (["chat asked 0"], []),
    "same channel": (["chat asked 0", "chat asked 5"], []),
    "four minutes later elsewhere": (["chat asked 0", "whatsapp asked 4"], [(2, 4, 1)]),
    "open for a day": (["chat asked 0", "whatsapp asked 1440"], [(2, 1440, 1)]),
    "open for longer": (["chat asked 0", "whatsapp asked 1441"], []),
    "answered, within two hours": (["chat asked 0", "chat answered 10", "whatsapp asked 130"], [(3, 120, None)]),
    "answered, later": (["chat asked 0", "chat answered 10", "whatsapp asked 131"], []),
    "resolved counts as answered": (["chat asked 0", "chat resolved 1", "whatsapp asked 121"], []),
    "resolved, soon after": (["chat asked 0", "chat resolved 1", "whatsapp asked 20"], [(3, 20, None)]),
    "answered elsewhere": (["chat asked 0", "mail answered 5", "whatsapp asked 10"], [(3, 10, None)]),
    "the gap is from the last word there": (
        ["chat asked 0", "chat answered 30", "chat asked 31", "whatsapp asked 40"],
        [(4, 9, 3)],
    ),
    "to and fro": (
        ["chat asked 0", "whatsapp asked 4", "chat asked 6"],
        [(2, 4, 1), (3, 2, 2)],
    ),
    "over three channels": (["mail asked 0", "chat asked 60", "whatsapp asked 70"], [(2, 60, 1), (3, 10, 2)]),
    "only one message is the switch": (["chat asked 0", "whatsapp asked 4", "whatsapp asked 5"], [(2, 4, 1)]),
    "our own message on another channel is none": (["chat asked 0", "whatsapp answered 4"], []),
}


@pytest.mark.parametrize(("lines", "expected"), CASES.values(), ids=CASES.keys())
def test_handoff(lines: list[str], expected: list[tuple[int, int, int | None]]) -> None:
    found = handoffs(story(*lines))
    told = [
        (one.message.entry_id, one.gap.total_seconds() / 60, one.unanswered.entry_id if one.unanswered else None)
        for one in found
    ]
    assert told == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["chat asked 0", "whatsapp asked 4"], 2),
        (["chat asked 0", "whatsapp asked 4", "whatsapp asked 9"], 2),
        (["chat asked 0", "whatsapp asked 4", "whatsapp answered 9"], None),
        (["chat asked 0", "whatsapp asked 4", "chat answered 9"], None),
        (["chat asked 0", "whatsapp asked 4", "chat resolved 9"], None),
        (["chat asked 0", "whatsapp asked 4", "chat asked 9"], 3),
        (["chat asked 0", "chat answered 4"], None),
    ],
)
def test_handoff_is_current_until_somebody_answers(lines: list[str], expected: int | None) -> None:
    found = current(story(*lines))
    assert (found.message.entry_id if found else None) == expected
