"""What the server says to people, in other languages: German and French, by the English words.

RFC 5255 §3.2. A test sees that all fixed words of status responses stand here; words with a number or a list in them, and what a command that cannot be
read was expected to be, stay English. Not here: which language is spoken (`serve.imap.mailboxes.language`).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

LANGUAGES: Final = ("en", "de", "fr")
OTHER_USERS: Final = MappingProxyType({"de": "Andere Benutzer", "fr": "Autres utilisateurs"})
_WORDS: Final = {
    "A URL leads to nothing": ("Eine URL führt ins Leere", "Une URL ne mène à rien"),
    "A URL that can be signed names its message here and who may read it": (
        "Eine URL, die unterschrieben werden kann, nennt ihre Nachricht hier und wer sie lesen darf",
        "Une URL qui peut être signée nomme son message ici et qui peut le lire",
    ),
    "A command is a tag, a space and a verb, such as: a1 NOOP": (
        "Ein Befehl ist eine Marke, ein Leerzeichen und ein Verb, zum Beispiel: a1 NOOP",
        "Une commande est une étiquette, une espace et un verbe, par exemple : a1 NOOP",
    ),
    "A mailbox has one use, of those that LIST shows or \\Important": (
        "Ein Postfach hat einen Zweck, von denen, die LIST zeigt, oder \\Important",
        "Une boîte a un seul usage, parmi ceux que montre LIST ou \\Important",
    ),
    "A level of a mailbox name has no / and no wildcard * or %": (
        "Eine Ebene eines Postfachnamens hat kein / und keinen Platzhalter * oder %",
        "Un niveau d'un nom de boîte n'a ni / ni joker * ou %",
    ),
    "A level of a mailbox name is not . or .. and does not begin with # or ~": (
        "Eine Ebene eines Postfachnamens ist nicht . oder .. und beginnt nicht mit # oder ~",
        "Un niveau d'un nom de boîte n'est ni . ni .. et ne commence pas par # ou ~",
    ),
    "A limit is at least 1; for none, leave the resource out": (
        "Eine Grenze ist mindestens 1; für keine wird die Ressource weggelassen",
        "Une limite vaut au moins 1 ; pour aucune, omettez la ressource",
    ),
    "A limit is named once": (
        "Eine Grenze wird einmal genannt",
        "Une limite est nommée une seule fois",
    ),
    "A mailbox cannot lie in itself": (
        "Ein Postfach kann nicht in sich selbst liegen",
        "Une boîte ne peut être dans elle-même",
    ),
    "A mailbox name has no control or invisible characters and no space around it": (
        "Ein Postfachname hat keine Steuer- oder unsichtbaren Zeichen und keine Leerzeichen am Rand",
        "Un nom de boîte n'a ni caractères de contrôle ou invisibles, ni espaces autour",
    ),
    "A mailbox name is in Unicode's normalization form C": (
        "Ein Postfachname ist in der Normalform C von Unicode",
        "Un nom de boîte est dans la forme normale C d'Unicode",
    ),
    "A mailbox stays in its account": (
        "Ein Postfach bleibt in seinem Konto",
        "Une boîte reste dans son compte",
    ),
    "A message went meanwhile": (
        "Eine Nachricht ist inzwischen fort",
        "Un message a disparu entre-temps",
    ),
    "A part is encoded in a way that is unknown here": (
        "Ein Teil ist auf eine hier unbekannte Weise kodiert",
        "Une partie est codée d'une manière inconnue ici",
    ),
    "After ENABLE UIDONLY messages have no numbers: use the command with UID": (
        "Nach ENABLE UIDONLY haben Nachrichten keine Nummern: der Befehl braucht UID",
        "Après ENABLE UIDONLY les messages n'ont pas de numéro : utilisez la commande avec UID",
    ),
    "After ENABLE UTF8=ACCEPT a search names no charset": (
        "Nach ENABLE UTF8=ACCEPT nennt eine Suche keinen Zeichensatz",
        "Après ENABLE UTF8=ACCEPT une recherche ne nomme pas de jeu de caractères",
    ),
    "All URLs are invalid now": ("Alle URLs sind jetzt ungültig", "Toutes les URL sont invalides à présent"),
    "An account has at most 10000 mailboxes": (
        "Ein Konto hat höchstens 10000 Postfächer",
        "Un compte a au plus 10000 boîtes",
    ),
    "An earlier search with UPDATE has this tag": (
        "Eine frühere Suche mit UPDATE hat diese Marke",
        "Une recherche antérieure avec UPDATE porte cette étiquette",
    ),
    "An empty message: nothing was appended": (
        "Eine leere Nachricht: nichts wurde angehängt",
        "Un message vide : rien n'a été ajouté",
    ),
    "Another mailbox has this use already": (
        "Ein anderes Postfach hat diesen Zweck schon",
        "Une autre boîte a déjà cet usage",
    ),
    "Appended": ("Angehängt", "Ajouté"),
    "Authentication credentials invalid": ("Die Anmeldedaten sind ungültig", "Identifiants invalides"),
    "Begin TLS now": ("Jetzt TLS beginnen", "Commencez TLS maintenant"),
    "Closed": ("Geschlossen", "Fermée"),
    "Compression is on already": ("Es wird schon komprimiert", "La compression est déjà active"),
    "Copied": ("Kopiert", "Copié"),
    "Created": ("Angelegt", "Créée"),
    "DEFLATE is on behind this line": (
        "Nach dieser Zeile gilt DEFLATE",
        "DEFLATE est actif après cette ligne",
    ),
    "Deleted": ("Gelöscht", "Supprimée"),
    "ENABLE UTF8=ACCEPT first (RFC 6855)": (
        "Zuerst ENABLE UTF8=ACCEPT (RFC 6855)",
        "D'abord ENABLE UTF8=ACCEPT (RFC 6855)",
    ),
    "Enabled": ("Eingeschaltet", "Activé"),
    "Everything acknowledged is durable": (
        "Alles, was bestätigt wurde, ist gesichert",
        "Tout ce qui est confirmé est enregistré",
    ),
    "Expunged": ("Entfernt", "Effacé"),
    "FILTER is in UTF-8": ("FILTER ist in UTF-8", "FILTER est en UTF-8"),
    "Fetched": ("Geholt", "Lu"),
    "Flags that are kept": ("Flaggen, die behalten werden", "Drapeaux conservés"),
    "Goodbye": ("Auf Wiedersehen", "Au revoir"),
    "Highest": ("Der höchste", "Le plus haut"),
    "INBOX and Other Users are taken at the top": (
        "INBOX und Other Users sind oben vergeben",
        "INBOX et Other Users sont pris au premier niveau",
    ),
    "IDLE ends with a line that says DONE": (
        "IDLE endet mit einer Zeile, die DONE sagt",
        "IDLE se termine par une ligne qui dit DONE",
    ),
    "Idle ended": ("IDLE ist beendet", "IDLE est terminé"),
    "Internal error, try again later": (
        "Interner Fehler, später wieder versuchen",
        "Erreur interne, réessayez plus tard",
    ),
    "Its id": ("Seine Kennung", "Son identifiant"),
    "Left": ("Verlassen", "Quittée"),
    "Listed": ("Aufgelistet", "Énuméré"),
    "Local error in processing, try again later": (
        "Fehler bei der Verarbeitung, später wieder versuchen",
        "Erreur de traitement, réessayez plus tard",
    ),
    "Logged in": ("Angemeldet", "Connecté"),
    "Logged out": ("Abgemeldet", "Déconnecté"),
    "Logged out for inactivity": ("Abgemeldet, weil nichts geschah", "Déconnecté pour inactivité"),
    "Messages have no numbers any more": (
        "Nachrichten haben keine Nummern mehr",
        "Les messages n'ont plus de numéro",
    ),
    "Moved": ("Verschoben", "Déplacé"),
    "No further updates": ("Keine weiteren Neuigkeiten", "Plus de mises à jour"),
    "No mailbox is selected": ("Kein Postfach ist ausgewählt", "Aucune boîte n'est sélectionnée"),
    "No such language": ("Diese Sprache gibt es hier nicht", "Cette langue n'existe pas ici"),
    "No such mailbox": ("Dieses Postfach gibt es nicht", "Cette boîte n'existe pas"),
    "No such quota root": ("Diese Quota-Wurzel gibt es nicht", "Cette racine de quota n'existe pas"),
    "Nobody is logged in now": ("Niemand ist jetzt angemeldet", "Personne n'est connecté à présent"),
    "Not permitted": ("Nicht erlaubt", "Non autorisé"),
    "Nothing done": ("Nichts getan", "Rien fait"),
    "Nothing may follow STARTTLS before TLS has begun": (
        "Auf STARTTLS darf nichts folgen, bevor TLS begonnen hat",
        "Rien ne doit suivre STARTTLS avant que TLS ait commencé",
    ),
    "Nothing new": ("Nichts Neues", "Rien de nouveau"),
    "Numbers of messages say nothing where no mailbox is selected": (
        "Nummern sagen nichts, wo kein Postfach ausgewählt ist",
        "Les numéros ne disent rien là où aucune boîte n'est sélectionnée",
    ),
    "Octets came behind STARTTLS in the clear": (
        "Hinter STARTTLS kamen Oktette im Klartext",
        "Des octets en clair ont suivi STARTTLS",
    ),
    "Only URLs of one's own messages are signed, for known kinds of access": (
        "Nur URLs eigener Nachrichten werden unterschrieben, für bekannte Arten des Zugangs",
        "Seules les URL de ses propres messages sont signées, pour des accès connus",
    ),
    "Only over TLS": ("Nur über TLS", "Seulement par TLS"),
    "Only the administrator sets quotas": (
        "Nur die Verwaltung setzt Quotas",
        "Seul l'administrateur fixe les quotas",
    ),
    "Only what is found in the selected mailbox alone can be saved": (
        "Nur was im ausgewählten Postfach allein gefunden wird, kann gespeichert werden",
        "Seul ce qui est trouvé dans la boîte sélectionnée peut être gardé",
    ),
    "Only what is found in the selected mailbox can be kept up to date": (
        "Nur was im ausgewählten Postfach gefunden wird, kann aktuell gehalten werden",
        "Seul ce qui est trouvé dans la boîte sélectionnée peut être tenu à jour",
    ),
    "Pleased to meet you": ("Angenehm", "Enchanté"),
    "Predicted next UID": ("Die nächste UID", "Prochain UID"),
    "Renamed": ("Umbenannt", "Renommée"),
    "Replacement is there": ("Der Ersatz ist da", "Le remplacement est là"),
    "Replaced": ("Ersetzt", "Remplacé"),
    "Rights are given to accounts, by their address, and to anyone": (
        "Rechte bekommen Konten, über ihre Adresse, und anyone",
        "Les droits se donnent aux comptes, par leur adresse, et à anyone",
    ),
    "Rights changed": ("Rechte geändert", "Droits modifiés"),
    "STARTTLS is not offered here": (
        "STARTTLS wird hier nicht angeboten",
        "STARTTLS n'est pas proposé ici",
    ),
    "Say ENABLE QRESYNC first (RFC 7162 section 3.2.5)": (
        "Zuerst ENABLE QRESYNC (RFC 7162 section 3.2.5)",
        "D'abord ENABLE QRESYNC (RFC 7162 section 3.2.5)",
    ),
    "Searched": ("Gesucht", "Recherché"),
    "Searched one mailbox": ("Ein Postfach durchsucht", "Une boîte parcourue"),
    "Searched, and saved": ("Gesucht und gespeichert", "Recherché et gardé"),
    "Select a mailbox first": ("Zuerst ein Postfach auswählen", "Sélectionnez d'abord une boîte"),
    "Selected": ("Ausgewählt", "Sélectionnée"),
    "Set": ("Gesetzt", "Défini"),
    "Signed": ("Unterschrieben", "Signé"),
    "Some had changed and were left alone": (
        "Einige waren geändert und blieben, wie sie sind",
        "Certains avaient changé et sont restés tels quels",
    ),
    "Some of the messages are gone": (
        "Einige der Nachrichten sind fort",
        "Certains messages ont disparu",
    ),
    "Some of the messages are gone: nothing was done": (
        "Einige der Nachrichten sind fort: nichts wurde getan",
        "Certains messages ont disparu : rien n'a été fait",
    ),
    "Some of the messages are gone: the others were moved": (
        "Einige der Nachrichten sind nicht mehr da: die anderen wurden verschoben",
        "Certains des messages ont disparu : les autres ont été déplacés",
    ),
    "Some of the messages have been expunged": (
        "Einige der Nachrichten wurden entfernt",
        "Certains messages ont été effacés",
    ),
    "Sorted": ("Sortiert", "Trié"),
    "Still at it": ("Noch dabei", "Toujours en cours"),
    "Stored": ("Gespeichert", "Enregistré"),
    "Strings in that charset cannot be read here": (
        "Texte in diesem Zeichensatz sind hier nicht lesbar",
        "Ce jeu de caractères ne se lit pas ici",
    ),
    "Subscribed": ("Abonniert", "Abonné"),
    "Such binary content cannot be kept: encode it": (
        "Solcher Binärinhalt kann nicht behalten werden: kodieren",
        "Un tel contenu binaire ne peut être gardé : codez-le",
    ),
    "TLS has begun already": ("TLS hat schon begonnen", "TLS a déjà commencé"),
    "TLS is not to be had at the moment": (
        "TLS ist gerade nicht zu haben",
        "TLS n'est pas disponible pour le moment",
    ),
    "That is the place": ("Das ist der Ort", "Voilà le lieu"),
    "That is the quota": ("Das ist die Quota", "Voilà le quota"),
    "That is what this server can do": ("Das kann dieser Server", "Voilà ce que ce serveur sait faire"),
    "The INBOX cannot be renamed": (
        "INBOX kann nicht umbenannt werden",
        "INBOX ne peut être renommée",
    ),
    "The INBOX cannot be deleted": ("INBOX kann nicht gelöscht werden", "INBOX ne peut être supprimée"),
    "The first that was not read": ("Die erste ungelesene", "Le premier non lu"),
    "The initial response is not base64": (
        "Die erste Antwort ist nicht Base64",
        "La réponse initiale n'est pas en base64",
    ),
    "The language is changed": ("Jetzt wird Deutsch gesprochen", "On parle français à présent"),
    "The login is given up": ("Die Anmeldung ist abgebrochen", "La connexion est abandonnée"),
    "The limits are set": (
        "Die Grenzen sind gesetzt",
        "Les limites sont fixées",
    ),
    "The mailbox exists already": ("Das Postfach gibt es schon", "La boîte existe déjà"),
    "The mailbox has mailboxes below it: delete them first": (
        "Unter dem Postfach liegen andere: diese zuerst löschen",
        "La boîte en contient d'autres : supprimez-les d'abord",
    ),
    "The mailbox is disabled": ("Das Postfach ist gesperrt", "La boîte est désactivée"),
    "The mailbox is full": ("Das Postfach ist voll", "La boîte est pleine"),
    "The mailbox is open for reading only: SELECT it to change it": (
        "Das Postfach ist nur zum Lesen offen: mit SELECT kann es geändert werden",
        "La boîte est en lecture seule : SELECT pour la modifier",
    ),
    "The mailbox that was selected is closed": (
        "Das ausgewählte Postfach ist geschlossen",
        "La boîte sélectionnée est fermée",
    ),
    "The mailbox that was selected is deleted": (
        "Das ausgewählte Postfach ist gelöscht",
        "La boîte sélectionnée est supprimée",
    ),
    "The message is gone: nothing was done": (
        "Die Nachricht ist fort: nichts wurde getan",
        "Le message a disparu : rien n'a été fait",
    ),
    "The message was refused": ("Die Nachricht wurde abgelehnt", "Le message a été refusé"),
    "The message is too big": ("Die Nachricht ist zu groß", "Le message est trop grand"),
    "The only algorithm is DEFLATE": (
        "Das einzige Verfahren ist DEFLATE",
        "Le seul algorithme est DEFLATE",
    ),
    "The only mechanism is INTERNAL": (
        "Das einzige Verfahren ist INTERNAL",
        "Le seul mécanisme est INTERNAL",
    ),
    "The owner of a mailbox has all rights always": (
        "Der Eigentümer eines Postfachs hat immer alle Rechte",
        "Le propriétaire d'une boîte a toujours tous les droits",
    ),
    "The response is not base64": ("Die Antwort ist nicht Base64", "La réponse n'est pas en base64"),
    "The result has become too large": (
        "Das Ergebnis ist zu groß geworden",
        "Le résultat est devenu trop grand",
    ),
    "The selected mailbox is there no more": (
        "Das ausgewählte Postfach gibt es nicht mehr",
        "La boîte sélectionnée n'existe plus",
    ),
    "What you have logged in with is not good any more": (
        "Womit Sie sich angemeldet haben, gilt nicht mehr",
        "Ce avec quoi vous vous êtes connecté n'est plus valable",
    ),
    "The server is shutting down": ("Der Server wird beendet", "Le serveur s'arrête"),
    "The system is busy, try again later": (
        "Das System ist ausgelastet, später wieder versuchen",
        "Le système est occupé, réessayez plus tard",
    ),
    "There are as many entries as are kept: remove some": (
        "Mehr Einträge werden nicht behalten: einige entfernen",
        "Il y a autant d'entrées que permis : enlevez-en",
    ),
    "There are no such events here": (
        "Solche Ereignisse gibt es hier nicht",
        "De tels événements n'existent pas ici",
    ),
    "There is no JMAP here": ("JMAP gibt es hier nicht", "Il n'y a pas de JMAP ici"),
    "There is no limit": ("Es gibt keine Grenze", "Il n'y a pas de limite"),
    "There is no message with such a number": (
        "Es gibt keine Nachricht mit einer solchen Nummer",
        "Aucun message n'a un tel numéro",
    ),
    "There is no message with such a uid": (
        "Es gibt keine Nachricht mit einer solchen UID",
        "Aucun message n'a un tel UID",
    ),
    "There is no room for it": ("Dafür ist kein Platz", "Il n'y a pas de place pour cela"),
    "There is no such filter, or it is no search": (
        "Diesen Filter gibt es nicht, oder er ist keine Suche",
        "Ce filtre n'existe pas, ou n'est pas une recherche",
    ),
    "There is no such message": ("Eine solche Nachricht gibt es nicht", "Il n'y a pas de tel message"),
    "There is a new key": ("Es gibt einen neuen Schlüssel", "Il y a une nouvelle clé"),
    "There was more than can be told: say NOTIFY again": (
        "Es war mehr, als gesagt werden kann: NOTIFY erneut geben",
        "Il y avait plus à dire que possible : redonnez NOTIFY",
    ),
    "There was nothing to cancel": ("Es gab nichts zu beenden", "Il n'y avait rien à annuler"),
    "This account has too many sessions: end one first": (
        "Dieses Konto hat zu viele Sitzungen: zuerst eine beenden",
        "Ce compte a trop de sessions : fermez-en une",
    ),
    "This is IMAP, not HTTP": ("Das ist IMAP, nicht HTTP", "C'est IMAP, pas HTTP"),
    "Those are the batches": ("Das sind die Abschnitte", "Voilà les lots"),
    "Those are the entries": ("Das sind die Einträge", "Voilà les entrées"),
    "Those are the languages": ("Das sind die Sprachen", "Voilà les langues"),
    "Those are the namespaces": ("Das sind die Namensräume", "Voilà les espaces de noms"),
    "Those are the numbers": ("Das sind die Zahlen", "Voilà les nombres"),
    "Those are the rights": ("Das sind die Rechte", "Voilà les droits"),
    "Those are your rights": ("Das sind deine Rechte", "Voilà vos droits"),
    "Those rights can be given": ("Diese Rechte können gegeben werden", "Ces droits peuvent être donnés"),
    "Threaded": ("In Fäden gelegt", "Mis en fils"),
    "Too many commands that are none": (
        "Zu viele Befehle, die keine sind",
        "Trop de commandes qui n'en sont pas",
    ),
    "Too many failed logins": ("Zu viele misslungene Anmeldungen", "Trop d'échecs de connexion"),
    "Too many failed logins, try again later": (
        "Zu viele misslungene Anmeldungen, später wieder versuchen",
        "Trop d'échecs de connexion, réessayez plus tard",
    ),
    "Too much for another account at once: do it in parts": (
        "Zu viel auf einmal für ein anderes Konto: in Teilen tun",
        "Trop à la fois pour un autre compte : procédez par parties",
    ),
    "UIDs are valid": ("UIDs gelten", "Les UID sont valides"),
    "URLs of this mailbox are invalid now": (
        "URLs dieses Postfachs sind jetzt ungültig",
        "Les URL de cette boîte sont invalides à présent",
    ),
    "Unsubscribed": ("Abbestellt", "Désabonné"),
    "VANISHED needs ENABLE QRESYNC": (
        "VANISHED braucht ENABLE QRESYNC",
        "VANISHED demande ENABLE QRESYNC",
    ),
    "What came is not deflate (RFC 4978)": (
        "Was kam, ist nicht deflate (RFC 4978)",
        "Ce qui est venu n'est pas deflate (RFC 4978)",
    ),
    "What follows cannot be told from a literal": (
        "Was folgt, ist von einem Literal nicht zu unterscheiden",
        "La suite ne se distingue pas d'un littéral",
    ),
    "What this session knows of the mailbox is too old": (
        "Was diese Sitzung von dem Postfach weiß, ist zu alt",
        "Ce que cette session sait de la boîte est trop ancien",
    ),
    "With its filters this is too long a search": (
        "Mit ihren Filtern ist diese Suche zu lang",
        "Avec ses filtres cette recherche est trop longue",
    ),
    "You will hear of it": ("Davon wird berichtet", "Vous en serez averti"),
    "You will hear of nothing": ("Es wird nichts berichtet", "Vous ne serez averti de rien"),
}  # English: German, French
TRANSLATIONS: Final = MappingProxyType(
    {
        "de": MappingProxyType({english: german for english, (german, _) in _WORDS.items()}),
        "fr": MappingProxyType({english: french for english, (_, french) in _WORDS.items()}),
    }
)
