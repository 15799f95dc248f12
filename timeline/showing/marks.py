"""What is told by neighbouring entries: one header for one speaker, sessions, and runs that fold into one line.

All of it follows from the entries shown and nothing else. `story.js` does the same once older or live entries have
joined the page, so that a timeline read in pieces looks like one read at once; a browser test compares the two.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from timeline.entries import EntryKind
from timeline.showing.ages import span
from timeline.showing.shapes import Day, EntryView, Fold

#: Messages of one sender on one channel this close together share one header.
GROUP_GAP = timedelta(minutes=3)
#: Whoever says or looks at nothing for longer has left; what follows is another session.
SESSION_GAP = timedelta(minutes=30)
BROWSING = (EntryKind.PAGE_VIEW, EntryKind.CUSTOM)
#: What folds -> how many must stand in a row.
LEAST: dict[str, int] = {"pages": 3, "work": 2, "order": 2, "withheld": 2}
#: Of a fold so many entries are named.
NAMED = 3


def mark_days(days: Sequence[Day], *, opened: int | None = None) -> None:
    """Headers, session labels and folds are set; the fold of the entry `opened` is open."""
    for day in days:
        previous: EntryView | None = None
        for view in day.entries:
            view.is_continued = previous is not None and _continues(view, previous)
            previous = view
        for run in _runs(day.entries):
            _fold(run, is_open=any(view.entry.pk == opened for view in run))
    _tell_surveys(view for day in days for view in day.entries)
    for session, is_resolved in _sessions(view for day in days for view in day.entries):
        _label(session, is_resolved=is_resolved)


def _tell_surveys(views: Iterable[EntryView]) -> None:
    """An answer to "how was it?" leads to the end of the conversation that it is about."""
    said: EntryView | None = None
    previous: EntryView | None = None
    for view in views:
        if view.entry.kind == EntryKind.SURVEY and not view.entry.is_withheld:
            view.about = said if said is not previous else None
        elif view.entry.kind == EntryKind.MESSAGE:
            said = view
        previous = view


def _continues(view: EntryView, previous: EntryView) -> bool:
    near = view.entry.occurred_at - previous.entry.occurred_at <= GROUP_GAP
    return bool(near and view.group_key and view.group_key == previous.group_key)


def _runs(views: Iterable[EntryView]) -> Iterable[list[EntryView]]:
    """Neighbours that fold together, long enough to."""
    run: list[EntryView] = []
    for view in views:
        if run and not _follows(view, run[-1]):
            if _is_long(run):
                yield run
            run = []
        run.append(view)
    if _is_long(run):
        yield run


def _follows(view: EntryView, previous: EntryView) -> bool:
    if not view.fold_key or view.fold_key != previous.fold_key:
        return False
    return view.fold_key != "pages" or view.entry.occurred_at - previous.entry.occurred_at <= SESSION_GAP


def _is_long(run: Sequence[EntryView]) -> bool:
    return bool(run and run[0].fold_key) and len(run) >= LEAST[run[0].fold_key.partition(":")[0]]


def _fold(run: Sequence[EntryView], *, is_open: bool) -> None:
    """The run stands behind one line. Of an order the newest card stays, with its steps above it."""
    kind = run[0].fold_key.partition(":")[0]
    run[0].fold = Fold(kind=kind, icon=FOLD_ICONS[kind], words=_fold_words(kind, run), is_open=is_open)
    for view in run[:-1] if kind == "order" else run:
        view.is_folded, view.is_unfolded = not is_open, is_open


FOLD_ICONS = {"pages": "globe", "work": "list-checks", "order": "package", "withheld": "lock"}


def _fold_words(kind: str, run: Sequence[EntryView]) -> str:
    if kind == "order":
        return " → ".join(f"{view.fold_word} {clock_of(view.entry.occurred_at)}" for view in run)
    names = list(dict.fromkeys(view.fold_word for view in run))
    named = ", ".join(names[:NAMED]) + (", …" if len(names) > NAMED else "")
    if kind == "withheld":
        return _("{n} entries in {names}, restricted").format(n=len(run), names=named)
    if kind == "work":
        return _("{n} changes: {names}").format(n=len(run), names=named)
    seconds = (run[-1].entry.occurred_at - run[0].entry.occurred_at).total_seconds()
    return _("{n} pages, {time}: {names}").format(n=len(run), time=span(int(seconds)), names=named)


def _sessions(views: Iterable[EntryView]) -> Iterable[tuple[list[EntryView], bool]]:
    """Each session, and whether a colleague called the matter done after its last word."""
    session: list[EntryView] = []
    is_resolved = False
    for view in views:
        if view.outcome:
            is_resolved = view.outcome == "resolved"
        if view.entry.kind != EntryKind.MESSAGE and view.entry.kind not in BROWSING:
            continue
        if session and view.entry.occurred_at - session[-1].entry.occurred_at > SESSION_GAP:
            yield session, is_resolved
            session = []
        session.append(view)
        is_resolved = False
    if session:
        yield session, is_resolved


def _label(session: Sequence[EntryView], *, is_resolved: bool) -> None:
    """The first entry says when the session was and on which channels; one message needs no such line."""
    said = [view for view in session if view.entry.kind == EntryKind.MESSAGE]
    if len(said) < 2:
        return
    channels = ""
    for word in dict.fromkeys(view.channel_word for view in said):
        channels = _("{one} then {next}").format(one=channels, next=word) if channels else word
    start, end = clock_of(session[0].entry.occurred_at), clock_of(session[-1].entry.occurred_at)
    time = start if start == end else f"{start}–{end}"
    words = _("Session {time}, {channels}, resolved") if is_resolved else _("Session {time}, {channels}")
    session[0].session = words.format(time=time, channels=channels)


def clock_of(moment: datetime) -> str:
    """The time of day in the agent's zone."""
    return f"{timezone.localtime(moment):%H:%M}"
