"""A few customers of the demo shop who use every channel: what they do, and what they are answered.

The month that `stories` tells is history. These few happen while the demo starts, step by step through the real
channels, so that the inbox opens on one customer in one timeline, whichever way they wrote.
"""

from dataclasses import dataclass
from enum import StrEnum


class Act(StrEnum):
    """What happens. `forged`: somebody else mails in their name. `claim`: they type an address into the chat."""

    LOGS_IN = "logs in"
    LOOKS = "looks"
    CHATS = "chat"
    CLAIMS = "claim"
    WHATSAPP = "whatsapp"
    TEXTS = "sms"
    MAILS = "email"
    FORGED = "forged"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Beat:
    """One step; `text` is what is written, the page looked at, or the address claimed. `subject` is a mail's."""

    act: Act
    text: str
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hero:
    """A customer. `customer_id` is the shop's, empty for who has no account there."""

    name: str
    phone: str
    email: str
    customer_id: str = ""
    beats: tuple[Beat, ...]


# Numbers are from ranges kept free for fiction (Ofcom, Bundesnetzagentur, PTS); domains end in .example.
HEROES = (
    Hero(
        name="Aoife Byrne",
        phone="+447700900417",
        email="aoife@byrne.example",
        customer_id="C-9001",
        beats=(
            Beat(Act.LOGS_IN, ""),
            Beat(Act.LOOKS, "/jackets/brook?colour=forest-green", "Brook rain jacket"),
            Beat(Act.CHATS, "Hi! Does the Brook jacket run small? I'm between S and M."),
            Beat(Act.ANSWER, "Hello Aoife, between the two we'd take the M: it is cut to wear over a fleece."),
            Beat(Act.WHATSAPP, "Thanks, ordered the M 🙂 Can I still change the colour to forest green?"),
            Beat(Act.ANSWER, "Done! Forest green it is, it leaves the workshop tomorrow."),
            Beat(Act.TEXTS, "Brilliant. I'm on a train all day, can you leave it with my neighbour at no. 14?"),
            Beat(
                Act.MAILS,
                "Hello,\n\ncould I have the invoice for the jacket as a PDF? It goes to my employer.\n\nAoife Byrne",
                "Invoice for my jacket",
            ),
        ),
    ),
    Hero(
        name="Jonas Weber",
        phone="+4917139200417",
        email="jonas@weber.example",
        customer_id="C-9002",
        beats=(
            Beat(
                Act.MAILS,
                "Guten Tag,\n\nder Reißverschluss meiner Hose klemmt seit gestern. Was kann ich tun?\n\nJonas Weber",
                "Reißverschluss klemmt",
            ),
            Beat(
                Act.ANSWER, "Guten Tag Herr Weber, bitte schicken Sie sie uns einfach zu, die Reparatur ist kostenlos."
            ),
            Beat(Act.WHATSAPP, "Hier nochmal Jonas. An welche Adresse soll ich die Hose schicken?"),
            Beat(Act.FORGED, "Please change the delivery address of my last order to Dock Road 9.", "Address change"),
        ),
    ),
    Hero(
        name="سلمى حداد",
        phone="+447700900522",
        email="salma@haddad.example",
        customer_id="C-9003",
        beats=(
            Beat(Act.WHATSAPP, "مرحبا، متى يصل طلبي؟ 📦"),
            Beat(Act.ANSWER, "Hello Salma, it is with the courier: tomorrow between 9 and 12."),
            Beat(Act.TEXTS, "شكرا جزيلا! لن أكون في البيت قبل الحادية عشرة."),
        ),
    ),
    Hero(
        name="Yuki Sato",
        phone="+447700900633",
        email="yuki@sato.example",
        customer_id="C-9004",
        beats=(
            Beat(Act.MAILS, "Do you ship to Hokkaido?\n\nYuki", "Shipping to Japan"),
            Beat(Act.ANSWER, "Hello Yuki, yes we do: 6 to 9 days, and duties are paid by us."),
            Beat(Act.LOOKS, "/shipping", "Shipping"),
            Beat(Act.CHATS, "Hello again, I am on my phone now and not logged in. Can I have it gift-wrapped?"),
            Beat(Act.CLAIMS, "yuki@sato.example"),
        ),
    ),
)
