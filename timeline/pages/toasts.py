"""What was just done, said at the foot of the next page, with the way to take it back."""

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from profiles.models import Profile
from profiles.operations import Done
from timeline.pages.recent import BACK, POST, UNDO, WORK, remember
from timeline.showing.wording import isolated


def say_done(request: HttpRequest, words: str, done: Done, *, nothing: str, action: str = UNDO) -> None:
    """The next page says `words` and offers to undo the operation (or to do it again); `nothing` if there was none."""
    if done.operation is None:
        messages.info(request, nothing)
    else:
        _offer(request, words, action, str(done.operation.pk))


def say_undo(request: HttpRequest, words: str, operation_id: int) -> None:
    """The next page says `words` and offers to undo the operation, also to an agent who may undo no others."""
    _offer(request, words, UNDO, str(operation_id))


def say_put_off(request: HttpRequest, words: str, review_id: int) -> None:
    """The next page says `words` and offers to bring the review back."""
    _offer(request, words, BACK, str(review_id), level=messages.INFO)


def say_simply(request: HttpRequest, words: str) -> None:
    """The next page says what was done; taking it back is on the page itself."""
    messages.info(request, words)


def say_refused(request: HttpRequest, reason: str) -> None:
    """The next page says why something could not be done."""
    messages.error(request, reason)


def say_moved(request: HttpRequest, current: int) -> None:
    """The next page says, once, that the customer who was asked for is part of this one.

    An open page may ask for several parts of the customer before it is left.
    """
    name = Profile.objects.filter(id=current).values_list("display_name", flat=True).first()
    words = _("This customer was merged into %(name)s") % {"name": isolated(name or f"#{current}")}
    waiting = messages.get_messages(request)
    if words not in [said.message for said in waiting]:
        messages.info(request, words)
    if not isinstance(waiting, list):
        waiting.used = False  # looked at, not yet shown


def say_undoable(request: HttpRequest, words: str, url: str) -> None:
    """The next page says `words` and offers to take it back by a post to the url."""
    _offer(request, words, POST, url)


def say_work(request: HttpRequest, words: str, token: str) -> None:
    """What is said next are `words`, with the offer to take back what the token of `timeline.pages.acting` holds."""
    _offer(request, words, WORK, token)


def _offer(request: HttpRequest, words: str, kind: str, value: str, *, level: int = messages.SUCCESS) -> None:
    messages.add_message(request, level, words, extra_tags=f"{kind} {value}")
    remember(request, words, kind, value)
