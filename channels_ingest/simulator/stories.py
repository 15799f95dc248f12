"""A month at Lindqvist & Daughters, outdoor gear: who wrote to which of its numbers, and what became of it.

`happenings` is a pure function of the lines, the anchor time and the seed: the same month has the same message ids.
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from channels_ingest.simulator.payloads import Happening, Line, media, wamid_of
from channels_ingest.simulator.people import Person, new_number, people
from channels_ingest.simulator.phones import Phone
from channels_ingest.simulator.plots import Beat, Plot, plots

SEED = 1874  # the year on the shop's sign
DAYS = 30
SHOP_HOURS = (7, 17)  # UTC; what is due at night is answered the next morning
BATCH = 8

ITEMS = (  # all with sleeves, shoulders and a zip, so that every plot fits every one
    "Fjällvind shell", "Harbour parka", "Moss fleece", "Granite overshirt", "Kittiwake anorak", "Drizzle rain coat",
    "Tarn down jacket", "Lichen softshell", "Skerry windbreaker", "Vidda winter coat", "Cairn insulated jacket",
    "Brook rain jacket",
)  # fmt: skip
BOOTS = ("Lundhags", "Meindls", "old leather boots", "hiking boots", "Scarpas")
SIZES = (("XS", "S"), ("S", "M"), ("M", "L"), ("L", "XL"))
COLOURS = ("black", "navy", "rust", "forest green", "ochre", "stone")
CITIES = (
    "Malmö", "Leeds", "Rotterdam", "Lyon", "Bergen", "Aarhus", "Inverness", "Leipzig", "Bilbao", "Turin", "Gdańsk",
    "Portland", "Keswick", "Uppsala", "Galway", "Innsbruck",
)  # fmt: skip
CARRIERS = ("DHL", "PostNord", "UPS", "DPD", "FedEx", "GLS")
STREETS = ("Mill Lane", "Birch Road", "Harbour Street", "Kungsgatan", "Church Hill", "Station Road", "Lindenweg")
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
CLOSINGS = {
    "en": (
        "You're welcome, {first}!",
        "Any time, {first} 🙂",
        "Glad we could help. Have a good day!",
        "Thank you, {first}!",
        "With pleasure! Write any time.",
        "Good to hear, {first}. Take care!",
        "That's what we're here for 🙂",
        "Thanks for letting us know, {first}.",
    ),
    "sv": ("Så bra, tack {first}!", "Varsågod!", "Ha en fin dag, {first} 🙂"),
    "de": ("Sehr gerne, {first}!", "Gerne! Einen schönen Tag noch."),
    "fr": ("Avec plaisir, {first} !", "Bonne journée, {first} 🙂"),
    "es": ("¡De nada, {first}!", "¡Un placer! Que tengas buen día."),
    "pt": ("De nada, {first}!", "Por nada, um ótimo dia 🙂"),
    "it": ("Di nulla, {first}!", "Grazie a lei, buona giornata!"),
    "nl": ("Graag gedaan, {first}!", "Fijne dag nog!"),
    "pl": ("Nie ma za co, {first}!", "Miłego dnia!"),
    "tr": ("Rica ederiz, {first}!",),
    "ja": ("こちらこそありがとうございました。", "またのご利用をお待ちしております。"),
    "zh": ("不客气，祝您旅途愉快！", "谢谢 {first}！"),
    "ko": ("감사합니다, 좋은 하루 되세요!",),
    "ar": ("على الرحب والسعة {first}!", "نتشرف بخدمتك دائماً 🌹"),
    "he": ("בשמחה, {first}!", "תודה לך ויום נעים!"),
}
AGENTS = ("Nora", "Elias", "Ines", "Johan", "Maja")


def happenings(lines: Mapping[str, Line], anchor: datetime, *, seed: int = SEED) -> list[Happening]:
    """Everything Meta reports of the `DAYS` before `anchor`, in order of time. `lines`: orders, repairs, wholesale."""
    chance = random.Random(seed)  # noqa: S311  (stories, not secrets)
    everybody = people(seed)
    found: list[Happening] = []
    told: set[str] = set()
    for number, (cast, plot) in enumerate(_casting(everybody, chance)):
        # The first time, every plot is told to its end.
        days = chance.uniform(12, DAYS) if plot.name not in told else None
        told.add(plot.name)
        telling = _Telling(lines, plot, cast, anchor, random.Random(f"{seed}/{number}"), days_ago=days)  # noqa: S311
        found += telling.tell()
    return sorted(found, key=lambda happening: happening.at)


def deliveries(told: Sequence[Happening]) -> Iterator[list[Happening]]:
    """What was told of one line, in batches as Meta posts them, still in order of time."""
    for start in range(0, len(told), BATCH):
        yield list(told[start : start + BATCH])


def _casting(everybody: Sequence[Person], chance: random.Random) -> Iterator[tuple[list[Person], Plot]]:
    """Who plays in which plot: everybody in one, half in two; every plot by somebody; groups are drawn from them."""
    solo = [plot for plot in plots() if not plot.group]
    untold = set(solo)
    for person in everybody:
        spoken = person.home.language if chance.random() < 0.75 else "en"
        fitting = [plot for plot in solo if plot.language == spoken] or [plot for plot in solo if plot.language == "en"]
        if not person.customer.wa_id:  # what needs a number: moving to another one, and Meta's own preferences
            fitting = [plot for plot in fitting if not {"moves", "stops"} & {beat.verb for beat in plot.beats}]
        roles = min(len(fitting), 1 + (chance.random() < 0.5) + (chance.random() < 0.15))
        weights = [plot.weight for plot in fitting]
        chosen = [*[plot for plot in fitting if plot in untold][:1], *chance.choices(fitting, weights, k=roles)][:roles]
        untold -= set(chosen)
        for plot in dict.fromkeys(chosen):
            yield [person], plot
    numbered = [person for person in everybody if person.customer.wa_id and person.home.language == "en"]
    for plot in plots():
        if plot.group:
            yield chance.sample(numbered, plot.group), plot


class _Telling:
    """One plot, told of one cast: the clock runs from beat to beat and the story breaks off at the anchor."""

    def __init__(
        self,
        lines: Mapping[str, Line],
        plot: Plot,
        cast: list[Person],
        anchor: datetime,
        chance: random.Random,
        *,
        days_ago: float | None = None,
    ) -> None:
        self.lines = lines
        self.plot = plot
        self.cast = cast
        self.anchor = anchor
        self.chance = chance
        self.seed = f"{anchor.isoformat()}/{chance.random()}"
        self.phones: dict[tuple[str, str], Phone] = {}
        self.line = plot.line
        self.words = self._words()
        self.clock = self._beginning(days_ago)

    def tell(self) -> list[Happening]:
        """What happened until the anchor."""
        found: list[Happening] = []
        for beat in self.plot.beats:
            if beat.line:
                self.line = beat.line
                continue
            self.clock = self._next_moment(beat)
            if self.clock > self.anchor:
                break
            found += self._business(beat) if beat.who == "s" else [self._customer(beat)]
        else:
            found += self._closing()
        return [happening for happening in found if happening.at <= self.anchor]

    def _closing(self) -> list[Happening]:
        """A last friendly word of the shop where the customer had theirs; now and then it is forgotten."""
        last = [beat for beat in self.plot.beats if beat.who and beat.verb not in _WORDLESS][-1]
        if self.plot.group or last.who != "c" or self.chance.random() < 0.06:
            return []
        beat = Beat(after=timedelta(minutes=25), who="s", wordings=CLOSINGS[self.plot.language])
        self.clock = self._next_moment(beat)
        return self._business(beat)

    def _beginning(self, days_ago: float | None) -> datetime:
        """Half of the stories begin in the last three days unless told when, and hardly any at night."""
        if days_ago is None:
            recent = self.chance.random() < 0.55
            days_ago = self.chance.uniform(0.05, 3) if recent else self.chance.uniform(3, DAYS)
        day = self.anchor - timedelta(days=days_ago)
        hour = self.chance.choices(range(24), [1] * 6 + [4, 7, 9, 10, 10, 9, 9, 8, 8, 8, 8, 8, 9, 9, 8, 6, 3, 2])[0]
        begins = day.replace(hour=hour, minute=self.chance.randrange(60), second=self.chance.randrange(60))
        if begins > self.anchor - timedelta(minutes=4):
            begins = self.anchor - timedelta(minutes=self.chance.uniform(4, 400))
        return begins.replace(microsecond=0)

    def _next_moment(self, beat: Beat) -> datetime:
        """When `beat` happens; the shop sleeps at night."""
        moment = self.clock + beat.after * self.chance.uniform(0.6, 1.5)
        opens, closes = SHOP_HOURS
        if beat.who == "s" and not opens <= moment.hour < closes:
            moment += timedelta(days=moment.hour >= closes)
            moment = moment.replace(hour=opens, minute=self.chance.randrange(50))
        return moment.replace(microsecond=0)

    def _words(self) -> dict[str, str]:
        """What the words in braces stand for in this story."""
        pick = self.chance.choice
        size, bigger = pick(SIZES)
        return {
            "first": self.cast[0].called,
            "order": f"LD-{self.chance.randrange(20000, 29999)}",
            "rma": f"R-{self.chance.randrange(1000, 9999)}",
            "price": f"€{pick((19, 24, 29, 35, 42, 49, 65, 79))}",
            "size": size,
            "bigger": bigger,
            "item": pick(ITEMS),
            "boots": pick(BOOTS),
            "colour": pick(COLOURS),
            "city": pick(CITIES),
            "carrier": pick(CARRIERS),
            "street": pick(STREETS),
            "weekday": pick(WEEKDAYS),
            "agent": pick(AGENTS),
        }

    def _phone(self, who: str) -> Phone:
        """The phone of that member of the cast, talking with the current line."""
        member = int(who[1:] or 1) - 1
        person = self.cast[member]
        key = (who, self.line)
        if key not in self.phones:
            self.phones[key] = Phone(self.lines[self.line], person.customer, seed=f"{self.seed}/{who}")
        return self.phones[key]

    def _wording(self, beat: Beat) -> str:
        return self.chance.choice(beat.wordings).format_map(self.words)

    def _business(self, beat: Beat) -> list[Happening]:
        """The shop answers, and what became of it; not everybody lets the others see that they read."""
        phone, wording = self._phone("c"), self._wording(beat)
        if beat.verb == "reacts":
            return [phone.is_reacted_to(wording, at=self.clock)]
        if beat.verb in ("image", "document"):
            content = _attachment(beat.verb, wording, beat.filename.format_map(self.words), self.seed + str(self.clock))
            answer = phone.is_answered(beat.verb, content, at=self.clock)
        elif beat.verb == "contact":
            answer = phone.is_answered("contacts", _cards(wording), at=self.clock)  # type: ignore[arg-type]
        else:
            answer = phone.is_answered("text", {"body": wording}, at=self.clock)
        seen_after = timedelta(minutes=self.chance.uniform(0.2, 45)) if self.chance.random() < 0.85 else None
        return [answer, *phone.receives(at=self.clock, seen_after=seen_after, failure=beat.failure)]

    def _customer(self, beat: Beat) -> Happening:
        """The customer, or a member of the group, does something."""
        phone, wording = self._phone(beat.who), self._wording(beat)
        if beat.verb == "moves":
            return phone.moves_to(new_number(self.cast[0], self.chance), at=self.clock)
        if self.plot.group:
            group = wamid_of(self.seed, "group").removeprefix("wamid.").rstrip("=")
            return phone.writes(wording, at=self.clock, group_id=group)
        if beat.verb == "says":
            # Now and then somebody swipes the shop's message to quote it.
            return (phone.answers if self.chance.random() < 0.1 else phone.writes)(wording, at=self.clock)
        if beat.verb in _MEDIA:
            filename = beat.filename.format_map(self.words)
            return phone.sends(_MEDIA[beat.verb], at=self.clock, caption=wording, filename=filename)
        return _DEEDS[beat.verb](phone, wording, self.clock)


def _attachment(kind: str, caption: str, filename: str, seed: str) -> dict[str, Any]:
    """A file the shop sends."""
    return media(kind, seed, caption=caption, filename=filename)


_WORDLESS = ("reacts", "edits", "deletes", "stops", "moves")
_MEDIA = {"image": "image", "voice": "audio", "video": "video", "document": "document", "sticker": "sticker"}


def _location(phone: Phone, wording: str, at: datetime) -> Happening:
    name, address, latitude, longitude = (part.strip() for part in wording.split(";"))
    place: dict[str, Any] = {"latitude": float(latitude), "longitude": float(longitude)}
    if name:
        place |= {"name": name, "address": address}
    return phone.shares("location", place, at=at)


def _cards(wording: str) -> list[dict[str, Any]]:
    """A contact card of `Name; number`."""
    name, number = (part.strip() for part in wording.split(";"))
    return [
        {
            "name": {"formatted_name": name, "first_name": name.split()[0]},
            "phones": [{"phone": number, "wa_id": "".join(filter(str.isdigit, number)), "type": "MOBILE"}],
        }
    ]


def _order(phone: Phone, wording: str, at: datetime) -> Happening:
    """A basket of `SKU xCOUNT @PRICE, ...; text`."""
    basket, _, note = wording.partition(";")
    items = []
    for line in basket.split(","):
        sku, quantity, price = line.split()
        items.append(
            {
                "product_retailer_id": sku,
                "quantity": int(quantity.removeprefix("x")),
                "item_price": float(price.removeprefix("@")),
                "currency": "EUR",
            }
        )
    content = {"catalog_id": "194836987003835", "text": note.strip(), "product_items": items}
    return phone.shares("order", content, at=at)


def _button(phone: Phone, wording: str, at: datetime) -> Happening:
    reply = {"id": wording.lower().replace(" ", "-"), "title": wording}
    return phone.shares("interactive", {"type": "button_reply", "button_reply": reply}, at=at)


def _list(phone: Phone, wording: str, at: datetime) -> Happening:
    title, _, description = (part.strip() for part in wording.partition(";"))
    reply = {"id": title.lower().replace(" ", "-"), "title": title, "description": description}
    return phone.shares("interactive", {"type": "list_reply", "list_reply": reply}, at=at)


def _form(phone: Phone, wording: str, at: datetime) -> Happening:
    """A filled-in form of `Name; field=value; ...`."""
    name, *fields = (part.strip() for part in wording.split(";"))
    answers = ", ".join(f'"{field.partition("=")[0]}": "{field.partition("=")[2]}"' for field in fields)
    reply = {"response_json": f"{{{answers}}}", "body": "Sent", "name": name}
    return phone.shares("interactive", {"type": "nfm_reply", "nfm_reply": reply}, at=at)


def _ad(phone: Phone, wording: str, at: datetime) -> Happening:
    referral = {
        "source_url": "https://ads.example.com/autumn",
        "source_id": "120226305854810726",
        "source_type": "ad",
        "headline": "Made for bad weather",
        "body": "This week: our favourite shell at a friendly price.",
        "media_type": "image",
        "ctwa_clid": "demo-" + "".join(phone.seed[-8:].split(".")),
    }
    return phone.writes(wording, at=at, referral=referral)


_DEEDS: Mapping[str, Callable[[Phone, str, datetime], Happening]] = {
    "reacts": lambda phone, wording, at: phone.reacts(wording, at=at),
    "edits": lambda phone, wording, at: phone.edits(wording, at=at),
    "deletes": lambda phone, wording, at: phone.deletes(at=at),
    "stops": lambda phone, wording, at: phone.prefers("stop", at=at),
    "unsubscribes": lambda phone, wording, at: phone.shares("button", {"payload": wording, "text": wording}, at=at),
    "forward": lambda phone, wording, at: phone.writes(wording, at=at, context={"frequently_forwarded": True}),
    "contact": lambda phone, wording, at: phone.shares("contacts", _cards(wording), at=at),
    "location": _location,
    "order": _order,
    "picks": _button,
    "lists": _list,
    "form": _form,
    "ad": _ad,
}
