"""What was just done, said at the foot of the next page, with the way to take it back."""

from django.contrib import messages
from django.http import HttpRequest
from django.utils.translation import gettext as _

from profiles.models import Profile
from profiles.operations import Done
from timeline.showing.wording import isolated

UNDO, AGAIN, POST, WORK = "undo", "again", "post", "work"


def say_done(request: HttpRequest, words: str, done: Done, *, nothing: str, action: str = UNDO) -> None:
    """The next page says `words` and offers to undo the operation (or to do it again); `nothing` if there was none."""
    if done.operation is None:
        messages.info(request, nothing)
    else:
        messages.success(request, words, extra_tags=f"{action} {done.operation.pk}")


def say_put_off(request: HttpRequest, words: str, review_id: int) -> None:
    """The next page says `words` and offers to bring the review back."""
    messages.info(request, words, extra_tags=f"back {review_id}")


def say_simply(request: HttpRequest, words: str) -> None:
    """The next page says what was done; taking it back is on the page itself."""
    messages.info(request, words)


def say_refused(request: HttpRequest, reason: str) -> None:
    """The next page says why something could not be done."""
    messages.error(request, reason)


def say_moved(request: HttpRequest, current: int) -> None:
    """The next page says that the customer who was asked for is part of this one."""
    name = Profile.objects.filter(id=current).values_list("display_name", flat=True).first()
    messages.info(request, _("This customer was merged into %(name)s") % {"name": isolated(name or f"#{current}")})


def say_undoable(request: HttpRequest, words: str, url: str) -> None:
    """The next page says `words` and offers to take it back by a post to the url."""
    messages.success(request, words, extra_tags=f"{POST} {url}")


def say_work(request: HttpRequest, words: str, token: str) -> None:
    """What is said next are `words`, with the offer to take back what the token of `timeline.pages.acting` holds."""
    messages.success(request, words, extra_tags=f"{WORK} {token}")
