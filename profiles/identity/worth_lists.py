"""The lists behind `worth`: words and domains that stand for nobody or for many, each with its source."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: What programs send instead of an id. PostHog, "Identifying users" (refused ids); Segment, "Identity resolution
#: settings" (suggested blocked values); Mixpanel, "Server-side events with no logged-in user" (rejected values).
PROGRAM_PLACEHOLDERS = _words(
    """
    anonymous guest distinctid distinct_id id not_authenticated email undefined true false null none nan -1 anon nil
    n/a na unknown [] {} lmy47d
    (null) (none) (nil) (empty) (unknown) notset not_set not-set unset
    userid user_id customerid customer_id visitorid visitor_id anonymous_user
    """
) | {"(not set)", "not set", "not available", "not provided"}  # the first is Google Analytics' own

#: What people type where a field must not stay empty. A machine's id may be any of these, so they bind contact data
#: only. "No" and the like in English, German, French and Spanish.
TYPED_PLACEHOLDERS = _words(
    """
    nobody noone noemail nomail no-email no-mail no_email nophone nonumber keine keiner kein unbekannt niemand aucun
    inconnu personne ninguno desconocido nadie
    xxx abc abcd asdf asdfasdf asd qwe qwerty qwertz azerty test testing tester demo dummy fake sample example foo bar
    foobar user name mail . .. ... ? ??? x
    """
) | {"no email", "no phone", "keine angabe"}

#: Words of both lists that are also names, initials or boxes of people at a domain of their own.
PERSONAL_NAMES = _words("id na anon guest user name abc abcd asd foo bar demo kein tester x personne true sample")

#: Nobody's mail arrives there: RFC 2606, RFC 6761, RFC 6762 (.local), RFC 8375 (home.arpa), ICANN 2024 (.internal).
RESERVED_DOMAINS = _words(
    "example.com example.net example.org example test invalid localhost localdomain local internal home.arpa"
)

#: Mailboxes of a role. RFC 2142, then the usual ones by language; without dots, hyphens and accents.
ROLES = _words(
    # RFC 2142 sections 3 to 5
    """
    info marketing sales support abuse noc security postmaster hostmaster usenet news webmaster www uucp ftp
    """
    # English
    """
    admin administrator root contact hello hi help helpdesk service services customerservice customercare care team
    office mail email reception enquiries inquiries feedback billing accounts accounting accountspayable invoice
    invoices finance payments payroll orders order shop store purchasing procurement returns shipping logistics hr jobs
    careers recruiting recruitment press media pr legal privacy compliance dpo gdpr it itsupport sysadmin management
    board reservations booking bookings events newsletter notifications notification alerts alert updates mailer daemon
    system server robot bot test testing postoffice everyone all staff community members
    """
    # German
    """
    kontakt anfrage anfragen buero buro zentrale empfang sekretariat verwaltung poststelle post hallo kundenservice
    kundendienst kundenbetreuung buchhaltung rechnung rechnungen rechnungswesen faktura vertrieb verkauf einkauf
    bestellung bestellungen versand retoure retouren reklamation bewerbung bewerbungen personal karriere presse
    datenschutz impressum redaktion technik geschaeftsfuehrung geschaftsfuhrung praxis kanzlei termin termine
    """
    # French
    """
    accueil bonjour commercial commerciale ventes vente facturation comptabilite compta secretariat direction
    administration serviceclient serviceclients clients client commande commandes achats livraison rh recrutement
    boutique magasin mairie agence
    """
    # Spanish
    """
    contacto hola ventas venta facturacion facturas contabilidad administracion soporte ayuda atencionalcliente
    atencioncliente clientes pedidos pedido compras envios recepcion secretaria rrhh empleo prensa informacion tienda
    gerencia oficina
    """
)

#: Mailboxes of machines, which add numbers and tags behind these words; without dots, hyphens and accents.
MACHINE_MAILBOX = (
    r"(?:no|donot|dont)reply|mailerdaemon|bounces?(?:\d|\+|$)|autoreply|keineantwort|nichtantworten|nepasrepondre"
    r"|noresponder|noresponda|undeliver"
)
