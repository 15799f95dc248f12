"""The tags that every page is made of, which remember what they worked out."""

from datetime import UTC, datetime

import pytest
from django.template import engines
from django.utils import timezone, translation

MOMENT = datetime(2026, 11, 22, 17, 4, 5, tzinfo=UTC)


def rendered(source: str, **context: object) -> str:
    return str(engines["django"].from_string("{% load i18n hub %}" + source).render(context))


def test_words_of_a_template_follow_the_language_of_each_page() -> None:
    template = engines["django"].from_string("{% load i18n hub %}{% translate 'Reply' %}")
    said = []
    for language in ("en", "de", "en"):
        with translation.override(language):
            said.append(template.render({}))
    assert said == ["Reply", "Antworten", "Reply"]


def test_words_with_a_percent_sign_or_an_ampersand_stay_as_they_are_written() -> None:
    assert rendered("{% translate '100 % of A &amp; B' %}") == "100 % of A &amp; B"


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("{% translate 'Reply' as word %}[{{ word }}]", "[Reply]"),
        ("{% translate word %}", "&lt;b&gt;"),
        ("{% translate 'Reply' noop %}", "Reply"),
    ],
)
def test_other_ways_to_translate_are_djangos(tag: str, said: str) -> None:
    assert rendered(tag, word="<b>") == said


def test_a_time_says_the_whole_moment_in_zone_and_language_of_the_page() -> None:
    with timezone.override("America/New_York"), translation.override("de"):
        assert rendered("{% clock moment %}", moment=MOMENT) == (
            '<time datetime="2026-11-22T12:04:05-05:00" title="Sonntag, 22. November 2026, 12:04:05 EST">12:04</time>'
        )
    with timezone.override("Europe/Berlin"), translation.override("en"):
        assert rendered("{% clock moment %}", moment=MOMENT) == (
            '<time datetime="2026-11-22T18:04:05+01:00" title="Sunday 22 November 2026, 18:04:05 CET">18:04</time>'
        )
