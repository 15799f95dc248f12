"""What the simulator is told to do wrong: by an account's setting `simulated_fault`, or by a message's first word.

`#fail 131047` refuses with a provider's code, `#bounce 131026` takes it and reports a failure, `#busy` refuses until
asked again, `#slow` answers after 3 seconds, `#lost-after` takes it and does not answer in time, `#lost-before` neither
takes it nor answers in time, `#repeat` reports everything three times, `#unordered` reports the last first, `#silent`
reports nothing, `#early` reports before it answers. `#unheard`, before what a customer writes, posts no webhook.
"""

import re
from dataclasses import dataclass

from channels_ingest.adapters.base import Setting

FAULTS = (
    *("fail", "bounce", "busy", "slow", "lost-after", "lost-before", "repeat", "unordered", "silent", "early"),
    "unheard",
)
SLOW_SECONDS = 3.0
# A code of `fail` and `bounce` may be a word; after the others a word is the customer's text.
_WRITTEN = re.compile(rf"#(?:(fail|bounce)(?:\s+([\w.-]+))?|({'|'.join(FAULTS)})(?:\s+(\d+))?)(?:\s|$)")

#: Reports in order, with seconds after taking.
STEPS = (("sent", 0.2), ("delivered", 1.0), ("read", 4.0))


def _check(value: str) -> str:
    """What is wrong with a setting's value, in words."""
    if not value or _WRITTEN.fullmatch(value):
        return ""
    return f"expected one of {', '.join(f'#{word}' for word in FAULTS)}, #fail and #bounce with a provider's code"


#: What every line that can send may be connected with.
SETTING = Setting(
    name="simulated_fault",
    meaning="What the simulator does wrong with every message, such as #fail 131047; off for nothing",
    check=lambda value: "" if value == "off" else _check(value),
)


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong; empty when nothing does. `code` is a provider's, where one was given."""

    word: str = ""
    code: str = ""


def fault_of(setting: str, text: str) -> Fault:
    """The fault that `text` asks for, else the account's."""
    found = _WRITTEN.match(text) or _WRITTEN.match(setting)
    return Fault(found[1] or found[3], found[2] or found[4] or "") if found else Fault()


def steps_of(fault: Fault) -> list[list[str | float]]:
    """What will be reported of a message that was taken, as [delivery, seconds after taking]."""
    steps: list[list[str | float]] = [list(step) for step in STEPS]
    if fault.word == "silent":
        return []
    if fault.word == "bounce":
        return [["sent", 0.2], ["failed", 0.6]]
    if fault.word == "unordered":
        return [["read", 0.2], ["delivered", 0.4], ["sent", 0.6]]
    if fault.word == "repeat":
        return [each for step in steps for each in (step, step, step)]
    return steps
