"""The words with which mail programs mark what they repeat, hand on or add, by language. Tables for `quoting`.

A word that is missing here costs an agent a longer mail; a word too many could hide what a customer wrote.
"""

import re

#: Marks of direction that programs put before Hebrew and Arabic, and others that nobody sees.
INVISIBLE = "\u200b\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"

_FROM = (
    "from|von|de|da|van|od|fra|från|lähettäjä|от|від|kimden|gönderen|feladó|expéditeur|από|差出人|发件人|寄件者|寄件人"
    "|보낸 사람|من|מאת"
)
_SUBJECT = (
    "subject|betreff|objet|asunto|oggetto|assunto|onderwerp|temat|ämne|emne|aihe|тема|konu|tárgy|předmět|predmet|θέμα"
    "|件名|主题|主旨|제목|الموضوع|נושא"
)
_DATE = (
    "date|sent|datum|gesendet|envoyé|fecha|enviado(?: el| em)?|data|inviato|verzonden|wysłano|skickat|sendt|lähetetty"
    "|дата|отправлено|надіслано|tarih|gönderildi|elküldve|dátum|odesláno|odoslané|ημερομηνία|送信日時|日時|发送时间"
    "|日期|보낸 날짜|날짜|تاريخ|أرسلت|נשלח|תאריך"
)
_TO = (
    "to|an|à|para|a|aan|do|till|til|vastaanottaja|кому|kime|alıcı|címzett|komu|προς|宛先|收件人|收件者|받는 사람|إلى|אל"
)


def _field(words: str) -> re.Pattern[str]:
    return re.compile(rf"[ *]{{0,3}}(?:{words})[ *]{{0,3}}[:：]", re.IGNORECASE)


FROM_FIELD, SUBJECT_FIELD = _field(_FROM), _field(_SUBJECT)
#: What a repeated head begins with, and any line of one.
FIRST_FIELD = _field(f"{_FROM}|{_SUBJECT}|{_DATE}|{_TO}")
FIELD = re.compile(r"[ *]{0,3}[^\W\d_][^:：]{0,20}[:：]")

#: The whole of what stands between the dashes above a mail that is answered.
ORIGINAL = re.compile(
    r"original (?:message|appointment|e-?mail)|reply message|(?:ursprüngliche|original)[ -]?nachricht|originalnachricht"
    r"|message d['’]origine|message original|mensaje original|mensagem original|messaggio originale"
    r"|oorspronkelijk(?:e)? bericht|oprindelig meddelelse|opprinnelig melding|ursprungligt meddelande"
    r"|originalmeddelande|alkuperäinen viesti|wiadomość oryginalna|oryginalna wiadomość|původní zpráva"
    r"|pôvodná správa|eredeti üzenet|исходное сообщение|оригинальное сообщение|orijinal (?:ileti|mesaj|e-?posta)"
    r"|özgün ileti|原始邮件|原始郵件|邮件原件|元のメッセージ|원본 메(?:시|세)지|הודעה מקורית|الرسالة الأصلية",
    re.IGNORECASE,
)
#: The same above one that is handed on.
FORWARDED = re.compile(
    r"(?:begin )?forwarded (?:message|e-?mail)(?: follows)?"
    r"|(?:anfang der )?weitergeleiteten? (?:nachricht|e-?mail)|message (?:transféré|transmis)"
    r"|début du message (?:réexpédié|transféré)"
    r"|mensaje reenviado|inicio del mensaje reenviado|mensagem (?:encaminhada|reencaminhada)|messaggio inoltrato"
    r"|inizio messaggio inoltrato|doorgestuurd bericht|begin doorgestuurd bericht|videresendt meddelelse"
    r"|vidarebefordrat (?:meddelande|brev)|välitetty viesti|(?:wiadomość )?przekazana(?: wiadomość)?"
    r"|přeposlaná zpráva|továbbított üzenet|пересылаемое сообщение|iletilen (?:ileti|mesaj)|转发(?:的)?邮件|轉寄郵件"
    r"|転送(?:された)?メッセージ|전달된 메(?:시|세)지|הודעה שהועברה|رسالة معاد توجيهها",
    re.IGNORECASE,
)
#: What a subject begins with when a mail hands another on.
FORWARD_SUBJECT = re.compile(
    r"\s*(?:fwd?|wg|tr|rv|enc|rif|i|doorst|vb|vl|vid|pd|továbbítás|fs|ilt|пересл|转发|轉寄|転送|전달|הועבר)\s?[:：]",
    re.IGNORECASE,
)

#: "wrote", in the line above a quote.
WROTE = re.compile(
    r"\b(?:wrote|schrieb|a écrit|escribió|ha escrit|ha scritto|schreef|escreveu|napisał\(?a?\)?|pisze|skrev"
    r"|kirjoitti|napsal\(?a?\)?|napísal\(?a?\)?|írta|пиш(?:е|ет)|написа(?:л|ла|в|ла)\b|έγραψε|yazdı|şunu yazdı|a scris"
    r"|viết)|写道|寫道|のメール|さんは書きました|님이 작성|كتب|כתב",
    re.IGNORECASE,
)
#: A customer who tells what was written, rather than a program.
TOLD_BY_WRITER = re.compile(
    r"\b(?:you wrote|i wrote|we wrote|wrote (?:to )?(?:me|us)|schrieb (?:mir|uns|ich)\b|schrieben sie|m['’]a écrit"
    r"|j['’]ai écrit|me escribió|mi ha scritto|schreef (?:mij|me|u|ik)\b)",
    re.IGNORECASE,
)
#: An answer whose writer says that the rest of it stands in the old text.
ANSWERS_WITHIN = re.compile(
    r"\b(?:in-?line|below|beneath|in (?:red|blue|green|bold|capitals|caps|colou?r)|unten|s\. ?u\.|darunter"
    r"|in (?:rot|blau|grün|fett)|dazwischen|ci-dessous|plus bas|en (?:rouge|bleu|vert|gras)|(?:más )?abajo"
    r"|en (?:rojo|azul|verde)|(?:qui )?sotto|in (?:rosso|blu)|hieronder|onder|in het (?:rood|blauw)|abaixo"
    r"|em (?:vermelho|azul)|ниже|нижче|poniżej|níže|nedan|nedenfor|alla|aşağıda)\b|למטה|בהמשך|أدناه|以下|下記|아래",
    re.IGNORECASE,
)

_MACHINES = (
    "i(?:phone|pad|pod)|android|samsung|galaxy|huawei|honor|xiaomi|redmi|oneplus|pixel|nokia|motorola|sony|xperia|lg|htc"
    "|blackberry|windows|mac|macbook|outlook|mail|e-?mail|yahoo!?|gmx|web\\.de|t-?online|telekom|t-mobile|verizon|at&t"
    "|vodafone|o2|orange|sfr|free|proton(?:mail)?|aol|hotmail|gmail|spark|bluemail|airmail|k-9|fairemail|thunderbird"
    "|smartphone|handy|mobiltelefon|mobil(?:e|en)?|phone|telefon|téléphone|portable|móvil|celular|telefono|telefoon"
    "|mobiel|mobieltje|tablet|device|gerät|appareil|dispositivo|app|aplikace|aplikacji|моего|мого|my|mein(?:em|er)?|mon"
    "|ma|mi|mio|meu|mijn|min|mojego|moje|for|für|pour|para|per|voor|mobile|from|von|with|mit|using|the|der|dem|il|la|del"
    "|secure|pro|max|plus|mini|ultra|note|se|air|lte|4g|5g|ios|nine|gesendet|aus|versendet|geschickt|версии|почты|яндекс"
    "|яндекс\\.почты|mail\\.ru|xl|fold|flip|edge|work|verschickt|envoyé|enviado|inviato|verzonden|wysłane|kindle|fire"
)
_MACHINE = rf"(?:{_MACHINES}|\d{{1,3}}[a-z]?)"
_RUN = rf"{_MACHINE}(?:[ ,.]{{1,3}}{_MACHINE}){{0,9}}"
_LINK = r"(?: ?<https?://[^\s<>]{1,200}>)?"
#: What a telephone's program adds: all its words name machines and programs, for "Sent from Berlin" is a customer's.
SENT_FROM = re.compile(
    rf"(?:sent (?:from|with|via)|gesendet (?:von|mit|aus)|diese nachricht wurde von|envoyé (?:de|depuis|avec)"
    rf"|enviado (?:desde|do|de|com)|inviato (?:da|dal|con)|verzonden (?:vanaf|met)|skickat från|sendt fra|wysłane z"
    rf"|odesláno z|отправлено (?:с|из)|надіслано з|נשלח מה) ?-?{_RUN}(?: שלי)?\.?{_LINK}"
    rf"|von mein(?:em|er) {_RUN} (?:gesendet|versendet|verschickt|geschickt)\.?"
    rf"|get (?:outlook|yahoo mail|bluemail) for (?:ios|android|mac|windows){_LINK}|(?:iphone|ipad|android)から送信",
    re.IGNORECASE,
)
