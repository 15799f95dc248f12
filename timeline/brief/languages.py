"""The words that the rules of the brief know, by language; all folded (`sentences.folded`). docs/brief.md states them.

A language of its own is a line in each table. Whole phrases are listed where one word would also tell a story: "when".
"""

from collections.abc import Mapping

#: How people begin a question whose mark they leave out; parts of a regular expression.
OPENINGS: Mapping[str, tuple[str, ...]] = {
    "en": (
        r"where(?: is|'s| are| can| do| did| does)|when(?: is| will| can| do| does| are)|which one|who (?:is|can)",
        r"how (?:much|many|long|do|can|does)|can (?:you|i|we)|could (?:you|i|we)|would you|will you|do you|did you",
        r"have you|is there|are there|is it|what(?: is|'s| are| about| time| do| does)|any news",
        r"why (?:is|are|did|do|was|has|have)",
    ),
    "de": (
        r"wo (?:ist|bleibt|sind|kann|finde)|wann (?:ist|kommt|kommen|kann|wird|bekomme|erhalte|geht)|wieso|weshalb",
        r"wie (?:viel|lange|kann|geht|ist)|warum (?:ist|wurde|habe|kommt|geht|kann)|konn(?:en|ten) sie|kannst du",
        r"konnte?t ihr|haben sie|habt ihr|hast du|gibt es|kann ich|darf ich|was (?:ist|kostet|muss|kann)|welche[rs]? ",
    ),
    "es": (
        r"donde (?:esta|estan|puedo)|cuando (?:llega|llegara|puedo|me|van|sale)|cuanto|cuantos|por que ",
        r"como (?:puedo|hago|se)|puedo |podria[ns]? |me puede[ns]? |que (?:pasa|paso|hago)",
    ),
    "pt": (
        r"onde (?:esta|estao|fica|posso)|quando (?:chega|vai|posso|vem)|quanto|quantos|posso |podem? me |poderiam? ",
        r"voces? (?:tem|pode|podem|vao)|tem (?:como|previsao)|o que (?:aconteceu|houve|faco)",
    ),
    "fr": (
        r"ou (?:est|sont|en est|puis)|quand (?:est|arrive|sera|puis|vais|aurai)|combien|pourquoi|est-ce que|peut-on",
        r"comment (?:puis|faire|je)|pouvez[- ]vous|pourriez[- ]vous|avez[- ]vous|puis-je|y a[- ]t[- ]il",
    ),
    "it": (
        r"dov'e|dove (?:e|sono|posso)|quando (?:arriva|posso|sara)|quant[oi]|come (?:posso|faccio)",
        r"potete |potrei |avete ",
    ),
    "nl": (
        r"waar (?:is|blijft|zijn|kan)|wanneer (?:komt|kan|is|wordt|krijg)|hoe (?:lang|veel|kan)|kunt u|kun je",
        r"kunnen jullie|hebben jullie|is er",
    ),
}

#: Words of a sentence that asks for something without a question, whole.
REQUESTS: Mapping[str, str] = {
    "en": "please|pls",
    "de": "bitte",
    "es": "por favor",
    "pt": "por favor|por gentileza",
    "fr": "s'il (?:vous|te) plait|svp",
    "it": "per favore|per cortesia",
    "nl": "alstublieft|alsjeblieft|graag",
}

_EMPTY = {
    "en": "a an the is are am be i you we my your our me it this that to of in on at for with and or do does did can "
    "could please hi hello hey still yet",
    "de": "der die das den dem ein eine ist sind ich sie wir mein meine meinen ihr und oder mit fur zu in im noch "
    "bitte hallo",
    "es": "el la los las un una es son yo mi su de en que y o por para con hola favor",
    "pt": "o a os as um uma meu minha e do da no na com ola por favor",
    "fr": "le la les des un une mon ma mes je vous nous du et ou est pour avec bonjour",
    "it": "il lo la gli un una mio mia sono e di per con ciao",
    "nl": "de het een mijn is ik u en of met voor hallo",
}
#: Words that are in every question; they make no two of them alike.
EMPTY = frozenset(word for words in _EMPTY.values() for word in words.split())

#: We say that something will be; parts of a regular expression.
WILL: Mapping[str, str] = {
    "en": r"will|shall|we'll|i'll|you'll|it'll|arrives?|ships?|is expected|promise|going to",
    "de": r"werde[nt]?|wird|melde[nt]? (?:mich|wir|uns)|kommt|liefern|schicken|senden|erhalten sie"
    r"|bekommen sie|verspreche",
    "es": r"\w+(?:aremos|eremos|iremos)|vamos a|le (?:envio|llega)|llega",
    "pt": r"chega|vou|vamos",
    "fr": r"\w+(?:erai|irai|erons|irons|errons|erez|irez|errez)|sera|recevrez|arrivera|enverra|livrera",
    "it": r"\w+(?:eremo|iremo)|arriva",
    "nl": r"zullen|zal|komt|sturen|krijgt u",
}
#: The future of Spanish and Portuguese is told by its accent alone, so this one is not folded.
WILL_ACCENTED = r"\w+(?:aré|ará|eré|erá|iré|irá|arás|arei|erei|irei)"
#: Refused, asked for or on a condition: no promise. "No later than" and the Portuguese "no sábado" refuse nothing.
WILL_NOT: Mapping[str, str] = {
    "en": r"not|cannot|can't|won't|unable|closed|if|unless|please"
    r"|no(?! later| (?:proximo )?(?:sabado|domingo|dia|maximo|mais))",
    "de": r"kein(?:e[rnms]?)?|nicht|leider|geschlossen|wenn|falls|sofern|bitte",
    "es": r"si|se(?! \w+(?:ara|era|ira)\b)|cerrado|favor",
    "pt": r"nao|fechado",
    "fr": r"fermes?|ne|pas|s'il|svp",
    "it": r"non|chiuso|per favore",
    "nl": r"niet|geen|als|gesloten|graag|alstublieft",
}

#: Strong words, whole. Few, and such that everybody would agree on them.
STRONG: Mapping[str, tuple[str, ...]] = {
    "en": ("unacceptable", "ridiculous", "disgusting", "scam", "furious", "outrageous", "lawyer", "worst"),
    "de": ("unverschamt", "unverschamtheit", "frechheit", "betrug", "inakzeptabel", "anwalt", "sauerei"),
    "es": ("inaceptable", "estafa", "verguenza", "indignante", "abogado", "pesimo", "pesima"),
    "pt": ("inaceitavel", "absurdo", "golpe", "vergonha", "advogado", "procon", "pessimo", "pessima"),
    "fr": ("inacceptable", "arnaque", "honteux", "scandaleux", "avocat", "inadmissible"),
    "it": ("inaccettabile", "truffa", "vergogna", "vergognoso", "avvocato", "pessimo"),
    "nl": ("onacceptabel", "oplichting", "belachelijk", "schandalig", "advocaat"),
}
