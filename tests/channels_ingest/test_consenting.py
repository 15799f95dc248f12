"""What customers write about consent: the ledger, the provider's blocks, what is open, and what waits."""

from itertools import permutations

import pytest

from channels_ingest.adapters.sending import Refused
from channels_ingest.messages import ConsentChange
from channels_ingest.sending.models import OutboxMessage
from channels_ingest.sending.outcomes import note
from profiles.consent import Purpose, address_state, address_states
from profiles.identity.values import Standing
from profiles.models import ConsentEvent, ProviderBlock
from tests.channels_ingest.saying import Customer, account, at, failure, put
from timeline.models import Entry, QueueRow

pytestmark = pytest.mark.django_db

SERVICE, MARKETING = Purpose.SERVICE, Purpose.MARKETING


def states(customer: Customer) -> tuple[str, str]:
    """The codes of service and marketing, empty where open."""
    return address_state(customer.identity, SERVICE).code, address_state(customer.identity.pk, MARKETING).code


def ledger() -> list[tuple[str, bool, str, str]]:
    rows = ConsentEvent.objects.order_by("occurred_at", "id")
    return [(row.purpose, row.is_granted, row.source, row.evidence) for row in rows]


def waits(customer: Customer) -> bool:
    row = QueueRow.objects.filter(profile=customer.identity.profile_id).first()
    return bool(row and row.waiting_since)


def test_stop_by_text_message_closes_everything_until_start() -> None:
    mira = Customer(account("sms"))
    mira.writes("Where is my parcel?", 0)
    assert (states(mira), waits(mira)) == (("", "no_consent"), True)
    mira.writes("Stop.", 1)
    assert ledger() == [("all", False, "keyword", "m1")]
    state = address_state(mira.identity)
    assert (state.code, state.reason) == ("opted_out", "The customer opted out of all messages on this line")
    assert state.since == at(1)
    mira.writes("START", 2)
    assert states(mira) == ("", "no_consent")
    assert ledger() == [("all", False, "keyword", "m1"), ("all", True, "keyword", "m2")]


def test_stop_has_its_line_and_its_message_and_waits_for_nobody() -> None:
    mira = Customer(account("sms"))
    mira.writes("STOP", 0)
    rows = Entry.objects.order_by("id").values_list("kind", "text", "set_aside", "provider_message_id")
    assert list(rows) == [("message", "STOP", "keyword", "m0"), ("consent", "", "", "m0:consent-all")]
    consent = Entry.objects.get(kind="consent")
    assert consent.detail == {
        "type": "consent",
        "purpose": "all",
        "is_granted": False,
        "source": "keyword",
        "evidence": "m0",
    }
    assert not waits(mira)
    mira.writes("But where is my parcel?", 1)
    assert waits(mira)


def test_stop_on_whatsapp_ends_marketing_and_stopall_everything() -> None:
    mira = Customer(account("whatsapp"), "15550100001")
    mira.writes("stop", 0)
    assert states(mira) == ("", "marketing_opted_out")
    mira.writes("STOP ALL", 1)
    assert states(mira) == ("opted_out", "opted_out")
    mira.writes("Start", 2)
    assert states(mira) == ("", "")  # they asked for it
    assert ledger()[-2:] == [("marketing", True, "keyword", "m2"), ("all", True, "keyword", "m2")]


def test_start_takes_back_what_was_refused_and_agrees_to_nothing_else() -> None:
    mira = Customer(account("whatsapp"), "15550100001")
    mira.writes("Start", 0)
    assert (ledger(), waits(mira)) == ([], True)  # what many write first
    mira.writes("STOPALL", 1)
    mira.writes("Start", 2)
    assert states(mira) == ("", "no_consent")
    mira.writes("subscribe", 3)
    assert states(mira) == ("", "")
    assert ledger() == [
        ("all", False, "keyword", "m1"),
        ("all", True, "keyword", "m2"),
        ("marketing", True, "keyword", "m3"),
    ]


def test_stop_under_a_picture_is_one() -> None:
    mira = Customer(account("sms"))
    mira.writes("STOP", 0, detail={"type": "image"})
    assert ledger() == [("all", False, "keyword", "m0")]


REPEATED = "\n\nOn Apr 3, 2012, at 4:19 PM, News <news@shop.example> wrote:\n\n" + "> Our new tents\n" * 60


@pytest.mark.parametrize(
    ("text", "subject", "said"),
    [
        ("", "Unsubscribe", [("marketing", False, "keyword", "m0")]),
        ("  \n", "STOP.", [("marketing", False, "keyword", "m0")]),
        ("STOP", "Re: News", [("marketing", False, "keyword", "m0")]),
        (f"STOP{REPEATED}", "Re: News", [("hold", False, "probable", "m0")]),
        (f"Please take me off your list.{REPEATED}", "Re: News", [("hold", False, "probable", "m0")]),
        ("Thank you\nMira", "unsubscribe", [("hold", False, "probable", "m0")]),
        (f"Where is my tent?{REPEATED}To unsubscribe write STOP", "Re: News", []),
        (f"Thanks!{REPEATED}> STOP", "Re: News", []),
        ("", "Which bus stop?", []),
    ],
)
def test_mail_says_it_above_what_its_program_repeats(text: str, subject: str, said: list[tuple[object, ...]]) -> None:
    mira = Customer(account("email"), "mira@home.example")
    mira.writes(text, 0, detail={"type": "mail", "subject": subject})
    assert ledger() == said
    assert waits(mira) is (not said or said[0][0] == "hold")


def test_word_of_the_carriers_is_no_stop_on_whatsapp() -> None:
    mira = Customer(account("whatsapp"), "15550100001")
    mira.writes("Cancel", 0)
    assert (ledger(), waits(mira)) == ([], True)


@pytest.mark.parametrize("order", [*permutations(range(3))])
def test_order_of_arrival_does_not_matter(order: tuple[int, ...]) -> None:
    mira = Customer(account("sms"))
    said = [("STOP", 1), ("START", 2), ("unsubscribe", 3)]
    for place in order:
        mira.writes(*said[place])
    assert states(mira)[0] == "opted_out"
    mira.writes("STOP", 1)  # once more, as providers do
    assert len(ledger()) == 3


def test_yes_is_an_opt_in_only_after_an_opt_out() -> None:
    mira = Customer(account("sms"))
    mira.writes("Yes", 0)
    assert (ledger(), waits(mira)) == ([], True)
    mira.writes("STOP", 1)
    mira.writes("YES", 2)
    assert states(mira)[0] == ""
    mira.writes("yes!", 3)
    assert [row[:2] for row in ledger()] == [("all", False), ("all", True)]


def test_stop_and_yes_in_one_batch() -> None:
    mira = Customer(account("sms"))
    put(mira.line, mira.message("STOP", 1), mira.message("yes", 2))
    assert [row[:2] for row in ledger()] == [("all", False), ("all", True)]
    put(mira.line, mira.message("STOP", 1), mira.message("yes", 2))
    assert len(ledger()) == 2


def test_provider_that_reads_the_text_wins() -> None:
    mira = Customer(account("sms"))

    def told(text: str, minutes: float, kind: str) -> None:
        message = mira.message(text, minutes, detail={"opt_out": kind})
        key, source = f"m{minutes}:consent", "provider"
        change = ConsentChange(
            sender=mira.sender, key=key, purpose="all", granted=kind == "start", occurred_at=at(minutes), source=source
        )
        put(mira.line, *([message] if kind == "help" else [message, change]))

    told("HALT", 0, "stop")
    assert [row[:3] for row in ledger()] == [("all", False, "provider")]
    [block] = ProviderBlock.objects.all()
    assert (block.purpose, block.is_blocked, block.address) == ("all", True, "+15550100001")
    told("stop", 1, "help")
    assert len(ledger()) == 1
    told("UNSTOP", 2, "start")
    assert (states(mira)[0], len(ledger())) == ("", 2)
    assert list(Entry.objects.filter(kind="message").order_by("id").values_list("set_aside", flat=True)) == [
        "keyword",
        "",
        "keyword",
    ]


def test_probable_opt_out_holds_marketing_and_waits_for_a_human() -> None:
    mira = Customer(account("sms"))
    mira.writes("Please stop texting me", 0)
    assert ledger() == [("hold", False, "probable", "m0")]
    assert (states(mira), waits(mira)) == (("", "held"), True)
    assert Entry.objects.get(kind="consent").provider_message_id == "m0:hold"


def test_refused_send_blocks_the_pair_and_no_other() -> None:
    orders, news = Customer(account("sms", "Orders")), Customer(account("sms", "News"))
    for customer in (orders, news):
        customer.writes("Hello", 0)
    refused = Refused(code="21610", reason="opted out", closes="opted_out")
    entry = Entry.objects.create(
        channel_identity=orders.identity, account=orders.line, kind="message", direction="out", occurred_at=at(1)
    )
    row = OutboxMessage.objects.create(
        entry=entry, account=orders.line, channel_identity=orders.identity, state=OutboxMessage.State.SENDING
    )
    assert note(row.pk, refused, is_simulated=False) == "failed"
    assert (states(orders)[0], states(news)[0]) == ("provider_block", "")


def test_forged_mail_opts_nobody_out_but_is_looked_at() -> None:
    line = account("email")
    mira, forger = (Customer(line, "mira@home.example", standing) for standing in (Standing.PROVED, Standing.FAILED))
    mira.writes("Hello", 0)
    forger.writes("unsubscribe", 1)
    assert ledger() == [("hold", False, "probable", "m1")]
    forger.writes("START", 2, key="m2")
    assert len(ledger()) == 1
    mira.writes("unsubscribe", 3)
    assert states(mira) == ("", "marketing_opted_out")


@pytest.mark.parametrize(
    "more",
    [
        {"detail": {"automatic": "auto_reply"}},
        {"detail": {"type": "location"}},
        {"detail": {"type": "contacts"}},
        {"out": True},
    ],
)
def test_what_the_customer_did_not_write_says_nothing(more: dict) -> None:  # type: ignore[type-arg]
    mira = Customer(account("sms"))
    put(mira.line, mira.message("STOP", 0, **more))
    assert ledger() == []


def test_opt_out_binds_one_line_only() -> None:
    orders, news = Customer(account("sms", "Orders")), Customer(account("sms", "News"))
    orders.writes("Hello", 0)
    news.writes("STOP", 1)
    assert (states(orders)[0], states(news)[0]) == ("", "opted_out")
    both = address_states([orders.identity.pk, news.identity.pk])
    assert [both[each.identity.pk].is_open for each in (orders, news)] == [True, False]


@pytest.mark.parametrize(
    ("channel", "code", "closed"),
    [
        ("sms", "21610", ("provider_block", "provider_block")),
        ("sms", 21610, ("provider_block", "provider_block")),
        ("whatsapp", 131050, ("", "provider_marketing_block")),
        ("sms", 30003, ("", "no_consent")),
    ],
)
@pytest.mark.parametrize("status_first", [True, False])
def test_failed_status_may_be_a_block(channel: str, code: object, closed: tuple[str, str], status_first: bool) -> None:
    mira = Customer(account(channel))
    mira.writes("Hello", 0)
    sent, failed = mira.message("Hi", 1, out=True), failure("m1", 2, code)
    for item in (failed, sent) if status_first else (sent, failed):
        put(mira.line, item)
    assert states(mira) == closed


def test_only_the_provider_lifts_its_block() -> None:
    mira = Customer(account("sms"))
    mira.gets("Hi", 1)
    put(mira.line, failure("m1", 2, "21610"))
    mira.writes("I am back", 3)
    assert states(mira)[0] == "provider_block"
    mira.writes("START", 4)
    assert states(mira)[0] == ""
    put(mira.line, failure("m1", 2, "21610"))
    assert states(mira)[0] == ""


def test_any_number_of_addresses_costs_three_queries(django_assert_num_queries) -> None:  # type: ignore[no-untyped-def]
    mira = Customer(account("sms"))
    mira.writes("STOP", 0)
    pk = mira.identity.pk
    with django_assert_num_queries(3):
        assert not address_state(pk).is_open
    assert address_states([]) == {}
