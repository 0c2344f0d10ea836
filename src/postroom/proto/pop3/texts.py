"""What the server says to people, in the languages of LANG.

RFC 6856 §3 (LANG), RFC 4647 §3.4 (lookup of a language range). Words only: status, response code and figures that a program reads are put
before them by `proto.pop3.server`. English is ASCII, since no client has to expect more before it asked for another language.
"""

from __future__ import annotations

import enum

LANGUAGES = {"en": "English", "de": "Deutsch", "fr": "Français"}
ENGLISH = "en"


class Text(enum.Enum):
    """One member for each thing to say; its value is how it is said in English, German and French."""

    READY = (
        "{host} POP3 server ready",
        "{host} POP3-Server bereit",
        "{host} serveur POP3 prêt",
    )
    NAME_TAKEN = (
        "Name accepted, now send PASS",
        "Name angenommen, nun PASS senden",
        "Nom accepté, envoyez maintenant PASS",
    )
    MAILDROP = (
        "{user}'s maildrop has {count} message{s} ({octets} octets)",
        "Das Postfach von {user} hat {count} Nachricht{en} ({octets} Oktette)",
        "La boîte de {user} contient {count} message{s} ({octets} octets)",
    )
    MESSAGES = (
        "{count} message{s} ({octets} octets)",
        "{count} Nachricht{en} ({octets} Oktette)",
        "{count} message{s} ({octets} octets)",
    )
    OCTETS = ("octets", "Oktette", "octets")  # behind their number
    TOP_FOLLOWS = (
        "Top of message follows",
        "Anfang der Nachricht folgt",
        "Le début du message suit",
    )
    UNIQUE_IDS = ("Unique-ids follow", "Eindeutige Kennungen folgen", "Les identifiants suivent")
    MARKED = (
        "message {number} deleted",
        "Nachricht {number} gelöscht",
        "message {number} supprimé",
    )
    UNMARKED = (
        "maildrop has {count} message{s} ({octets} octets)",
        "Das Postfach hat {count} Nachricht{en} ({octets} Oktette)",
        "La boîte contient {count} message{s} ({octets} octets)",
    )
    NOTHING_DONE = ("Nothing done", "Nichts getan", "Rien de fait")
    CAPABILITIES = ("Capability list follows", "Liste der Fähigkeiten folgt", "La liste des capacités suit")
    MECHANISMS = ("Mechanisms follow", "Anmeldeverfahren folgen", "Les mécanismes suivent")
    LANGUAGE_LIST = ("Language listing follows:", "Liste der Sprachen folgt:", "La liste des langues suit :")
    LANGUAGE_SET = ("Language changed", "Sprache gewechselt", "Langue changée")
    UTF8_ON = ("UTF8 mode is on", "UTF8-Betrieb ist an", "Le mode UTF8 est activé")
    BEGIN_TLS = ("Begin TLS negotiation", "TLS-Aushandlung beginnen", "Commencez la négociation TLS")
    SIGNING_OFF = (
        "{host} POP3 server signing off",
        "{host} POP3-Server meldet sich ab",
        "{host} serveur POP3, au revoir",
    )
    SIGNING_OFF_EMPTY = (
        "{host} POP3 server signing off (maildrop empty)",
        "{host} POP3-Server meldet sich ab (Postfach leer)",
        "{host} serveur POP3, au revoir (boîte vide)",
    )
    SIGNING_OFF_LEFT = (
        "{host} POP3 server signing off ({count} message{s} left)",
        "{host} POP3-Server meldet sich ab (noch {count} Nachricht{en})",
        "{host} serveur POP3, au revoir (reste {count} message{s})",
    )

    BARE_LF = (
        "Line ended by LF alone: end each line with CRLF (telnet does so; use nc -C, openssl s_client -crlf)",
        "Zeile endet mit LF allein: jede Zeile mit CRLF beenden (telnet tut es; nc -C, openssl s_client -crlf)",
        "Ligne terminée par LF seul : terminez chaque ligne par CRLF (telnet ; nc -C, openssl s_client -crlf)",
    )
    LINE_TOO_LONG = (
        "Line too long: at most {most} octets before the CRLF",
        "Zeile zu lang: höchstens {most} Oktette vor dem CRLF",
        "Ligne trop longue : au plus {most} octets avant CRLF",
    )
    CONTROL_CHARACTERS = (
        "Control character in the command: only printable characters and one CRLF at the end",
        "Steuerzeichen im Befehl: nur druckbare Zeichen und ein CRLF am Ende",
        "Caractère de contrôle : seulement des caractères imprimables et un CRLF à la fin",
    )
    UNKNOWN = (
        "Unknown command, here work: {verbs}",
        "Unbekannter Befehl, hier gehen: {verbs}",
        "Commande inconnue, ici : {verbs}",
    )
    LOGIN_FIRST = (
        "Not before the login: USER and PASS come first",
        "Nicht vor der Anmeldung: erst USER und PASS",
        "Pas avant l'ouverture de session : d'abord USER et PASS",
    )
    LOGGED_IN = (
        "Not after the login",
        "Nicht nach der Anmeldung",
        "Pas après l'ouverture de session",
    )
    USAGE = ("Syntax: {syntax}", "Syntax: {syntax}", "Syntaxe : {syntax}")
    NOT_A_NUMBER = (
        "Not a number: {syntax}, with decimal digits only",
        "Keine Zahl: {syntax}, nur mit Dezimalziffern",
        "Pas un nombre : {syntax}, en chiffres décimaux seulement",
    )
    NO_SUCH_MESSAGE = (
        "no such message, only {count} message{s} in maildrop",
        "keine solche Nachricht, nur {count} Nachricht{en} im Postfach",
        "pas de tel message, seulement {count} message{s} dans la boîte",
    )
    ALREADY_DELETED = (
        "message {number} already deleted",
        "Nachricht {number} ist schon gelöscht",
        "message {number} déjà supprimé",
    )
    USER_FIRST = ("Send USER first", "Erst USER senden", "Envoyez d'abord USER")
    NOT_UTF8 = (
        "Name or password is not UTF-8, or holds a character that neither may",
        "Name oder Kennwort ist nicht UTF-8 oder enthält ein verbotenes Zeichen",
        "Nom ou mot de passe : UTF-8 invalide ou caractère interdit",
    )
    TLS_FIRST = (
        "No passwords in clear: send STLS first, or connect with TLS",
        "Keine Kennwörter im Klartext: erst STLS senden oder mit TLS verbinden",
        "Pas de mot de passe en clair : envoyez d'abord STLS ou connectez-vous en TLS",
    )
    NO_APOP = ("APOP is not available", "APOP steht nicht zur Verfügung", "APOP n'est pas disponible")
    NO_SUCH_MECHANISM = (
        "Mechanism not available, here work: {mechanisms}",
        "Anmeldeverfahren nicht verfügbar, hier gehen: {mechanisms}",
        "Mécanisme indisponible, ici : {mechanisms}",
    )
    SASL_SYNTAX = (
        "The response is not what the mechanism expects: base64 of its parts",
        "Die Antwort ist nicht, was das Verfahren erwartet: base64 seiner Teile",
        "La réponse n'est pas celle du mécanisme : base64 de ses parties",
    )
    SASL_CANCELLED = ("Authentication cancelled", "Anmeldung abgebrochen", "Authentification annulée")
    WRONG_CREDENTIALS = (
        "Wrong name or password",
        "Name oder Kennwort falsch",
        "Nom ou mot de passe incorrect",
    )
    TOO_MANY_SESSIONS = (
        "Too many sessions of this account are open: end one of them first",
        "Zu viele Sitzungen dieses Kontos sind offen: erst eine davon beenden",
        "Trop de sessions ouvertes pour ce compte : fermez-en une d'abord",
    )
    LOGIN_DELAY = (
        "Logged in a moment ago: wait {seconds} seconds between logins",
        "Eben erst angemeldet: {seconds} Sekunden zwischen Anmeldungen warten",
        "Session toute récente : attendez {seconds} secondes entre deux connexions",
    )
    NO_STLS = (
        "TLS is not available here",
        "TLS steht hier nicht zur Verfügung",
        "TLS n'est pas disponible ici",
    )
    TLS_ACTIVE = (
        "Command not permitted when TLS active",
        "Nicht erlaubt, TLS besteht schon",
        "Commande interdite : TLS est déjà actif",
    )
    STLS_AFTER_UTF8 = (
        "STLS comes before UTF8 (RFC 6856 section 2.1)",
        "STLS kommt vor UTF8 (RFC 6856 Abschnitt 2.1)",
        "STLS vient avant UTF8 (RFC 6856 section 2.1)",
    )
    STLS_PIPELINED = (
        "Bytes came behind STLS and before TLS: closing, nothing of them was done",
        "Nach STLS und vor TLS kamen Bytes: Verbindung wird beendet, nichts davon wurde getan",
        "Des octets suivaient STLS avant TLS : fermeture, rien n'a été exécuté",
    )
    NO_SUCH_LANGUAGE = (
        "No such language, LANG alone lists them",
        "Diese Sprache gibt es nicht, LANG allein zählt sie auf",
        "Langue inconnue, LANG seul en donne la liste",
    )
    GONE = (
        "The message was removed meanwhile by another session",
        "Die Nachricht wurde inzwischen von einer anderen Sitzung entfernt",
        "Le message a été retiré entre-temps par une autre session",
    )
    READ_ONLY = (
        "Who has no name here reads, and removes nothing",
        "Wer hier keinen Namen hat, liest und entfernt nichts",
        "Qui n'a pas de nom ici lit, et ne retire rien",
    )
    TRY_LATER = (
        "Local error, nothing was changed: try again later",
        "Interner Fehler, nichts wurde verändert: später erneut versuchen",
        "Erreur locale, rien n'a été modifié : réessayez plus tard",
    )
    NOT_REMOVED = (
        "some deleted messages not removed",
        "manche gelöschte Nachrichten wurden nicht entfernt",
        "certains messages supprimés n'ont pas été retirés",
    )
    SHUTTING_DOWN = (
        "The server is closing, try again later",
        "Der Server wird beendet, später erneut versuchen",
        "Le serveur s'arrête, réessayez plus tard",
    )
    LOGIN_ENDED = (
        "What you have logged in with is not good any more",
        "Womit Sie sich angemeldet haben, gilt nicht mehr",
        "Ce avec quoi vous vous êtes connecté n'est plus valable",
    )
    NOT_HTTP = ("This is POP3, not HTTP", "Hier ist POP3, nicht HTTP", "Ici POP3, pas HTTP")
    TOO_MANY_ERRORS = ("Too many errors, closing", "Zu viele Fehler, Ende", "Trop d'erreurs, fermeture")

    def words(self, language: str, **values: object) -> str:
        """The words in one of `LANGUAGES`; `count` also decides on the plural."""
        template = self.value[_COLUMN[language]]
        if not values:
            return template
        if "count" in values:
            one = values["count"] == 1
            values.update(s="" if one else "s", en="" if one else "en")
        return template.format(**values)


MAX_SUBTAGS = 8  # of a range of languages that are looked at
_COLUMN = {tag: column for column, tag in enumerate(LANGUAGES)}


def find_language(language_range: str) -> str | None:
    """The tag of `LANGUAGES` for a range such as `de`, `DE-ch`: RFC 4647 §3.4 (lookup); None when there is none."""
    parts = language_range.lower().split("-")[:MAX_SUBTAGS]
    while parts:
        if (tag := "-".join(parts)) in LANGUAGES:
            return tag
        parts.pop()
    return None
