"""Ages in words, the same as the page's script keeps them."""

from datetime import UTC, datetime, timedelta

import pytest

from timeline.showing.ages import in_words

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago", "short", "span", "words", "long"),
    [
        (timedelta(seconds=-5), "now", "1 min", "1 minute", "just now"),
        (timedelta(seconds=59), "now", "1 min", "1 minute", "just now"),
        (timedelta(minutes=7), "7 min", "7 min", "7 minutes", "7 minutes ago"),
        (timedelta(hours=3), "3 h", "3 h", "3 hours", "3 hours ago"),
        (timedelta(hours=30), "Thu", "30 h", "1 day", "yesterday"),
        (timedelta(days=3), "Tue", "3 d", "3 days", "3 days ago"),
        (timedelta(days=8), "12 Nov", "8 d", "1 week", "last week"),
        (timedelta(days=40), "11 Oct", "40 d", "1 month", "last month"),
        (timedelta(days=900), "3 Jun 2024", "900 d", "2 years", "2 years ago"),
    ],
)
def test_age_is_said_in_each_style(ago: timedelta, short: str, span: str, words: str, long: str) -> None:
    moment = NOW - ago
    assert [in_words(moment, NOW, style) for style in ("short", "span", "words", "long")] == [short, span, words, long]
