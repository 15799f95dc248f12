"""The widget's words in other languages than its own English: they come with the session, so they weigh nothing."""

from collections.abc import Mapping

#: By the names of `widget/hub-chat.js`. Every language has every name.
TEXTS: Mapping[str, Mapping[str, str]] = {
    "de": {
        "chat": "Chat",
        "close": "Schließen",
        "title": "Chatten Sie mit uns",
        "write": "Nachricht schreiben",
        "send": "Senden",
        "hello": "Hallo! Wie können wir helfen?",
        "stay": "Sie können die Seite schließen. Die Antwort wartet hier.",
        "offline": "Sie sind offline. Nachrichten warten.",
        "lost": "Verbindung wird aufgebaut …",
        "sending": "Wird gesendet …",
        "failed": "Nicht gesendet.",
        "again": "Noch einmal",
        "gone": "Nachricht gelöscht",
        "typing": "schreibt …",
    },
    "ar": {
        "chat": "محادثة",
        "close": "إغلاق",
        "title": "تحدث معنا",
        "write": "اكتب رسالة",
        "send": "إرسال",
        "hello": "مرحبًا! كيف يمكننا مساعدتك؟",
        "stay": "يمكنك إغلاق هذه الصفحة. ستجد الرد هنا.",
        "offline": "أنت غير متصل. الرسائل في الانتظار.",
        "lost": "جارٍ إعادة الاتصال…",
        "sending": "جارٍ الإرسال…",
        "failed": "لم تُرسل.",
        "again": "حاول مرة أخرى",
        "gone": "حُذفت الرسالة",
        "typing": "يكتب…",
    },
}


def texts_of(locale: object) -> dict[str, str]:
    """The words for a language tag such as `de-AT`; none where the widget's own are right."""
    return dict(TEXTS.get(locale[:2].lower(), {})) if isinstance(locale, str) else {}
