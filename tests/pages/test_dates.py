"""Days and moments written out, each language in its own way."""

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone, translation

from timeline.showing.dates import FORMATS, written

AT = datetime(2026, 3, 2, 23, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("style", "english", "german"),
    [
        ("time", "00:05", "00:05"),
        ("day", "3 Mar", "3. Mär"),
        ("day, year", "3 Mar 2026", "3. Mär 2026"),
        ("weekday", "Tue 3 Mar", "Di, 3. Mär"),
        ("weekday, time", "Tue 00:05", "Di, 00:05"),
        ("moment", "Tue 3 Mar, 00:05", "Di, 3. Mär, 00:05"),
        ("date", "3 March 2026", "3. März 2026"),
        ("date, time", "3 March 2026, 00:05", "3. März 2026, 00:05"),
        ("long", "Tuesday 3 March", "Dienstag, 3. März"),
        ("long, year", "Tuesday 3 March 2026", "Dienstag, 3. März 2026"),
        ("long, time", "Tuesday 3 March 2026, 00:05", "Dienstag, 3. März 2026, 00:05"),
        ("exact", "Tuesday 3 March 2026, 00:05:09 CET", "Dienstag, 3. März 2026, 00:05:09 CET"),
    ],
)
def test_moment_is_written_in_the_agents_language_and_zone(style: str, english: str, german: str) -> None:
    with timezone.override("Europe/Berlin"):
        assert written(AT, style) == english
        with translation.override("de"):
            assert written(AT, style) == german


def test_every_style_is_written_above() -> None:
    assert len(FORMATS) == 12
    assert written(date(2026, 3, 3), "weekday") == "Tue 3 Mar"
