"""Checkpoints by mail, to the addresses that the configuration names and to nobody else.

A mail that was sent is out of the operator's hands, and out of this program's: nothing is read back. Whoever received
it gives it back when the ledger is verified: ``moodle-sync ledger verify --checkpoint FILE``.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

from moodle_sync.clock import Clock
from moodle_sync.config.publish import EmailSettings
from moodle_sync.errors import ConfigError, LedgerUnusable
from moodle_sync.ledger.note import Checkpoint
from moodle_sync.ledger.outside import Kept, Reach, Stored
from moodle_sync.publish.file import file_name

_SUBJECT = "Registre, point de contrôle {number} · Ledger checkpoint {number}"
_TEXT = """\
Bonjour,

Ce message est envoyé par le registre de formation « {origin} ».
Conservez-le tel quel, avec sa pièce jointe, là où vous gardez vos courriers importants. Ne répondez pas.

Pourquoi ? La pièce jointe est un point de contrôle signé : elle fixe l'état du registre à {size} inscriptions pour
l'année {shard}. Elle ne contient aucune donnée personnelle. Si quelqu'un réécrivait le registre plus tard, y compris
celui qui le tient, votre exemplaire permettrait de le montrer. C'est pourquoi il doit rester chez vous.

Le jour d'un contrôle, remettez ce message (ou sa pièce jointe) à la personne qui vérifie. Elle lance :
    moodle-sync ledger verify --checkpoint {file}

Ce point de contrôle ne prouve ni la présence des personnes ni la conformité d'une formation : il prouve que ce qui
était inscrit n'a pas été modifié depuis.

--

Hello,

This message comes from the training ledger "{origin}".
Please keep it as it is, with its attachment, where you keep letters that matter. Do not reply.

Why? The attachment is a signed checkpoint: it fixes the state of the ledger at {size} entries for the year {shard}.
It holds no personal data. If somebody wrote the ledger anew later, even those who keep it, your copy would show it.
That is why it has to stay with you.

When the ledger is checked, give this message (or its attachment) to whoever verifies. They run:
    moodle-sync ledger verify --checkpoint {file}

The checkpoint proves neither that people were present nor that a training conforms to anything: it proves that what
was recorded was not altered since.

--

{note}"""


class EmailPublisher:
    """Sends one mail for the newest checkpoint, with the note in it and attached."""

    newest_only = True

    def __init__(self, settings: EmailSettings, password: Callable[[], str], clock: Clock) -> None:
        self._settings = settings
        self._password = password
        self._clock = clock

    @property
    def place(self) -> str:
        """``email:`` and the domains that it is mailed to: never an address."""
        domains = sorted({address.rpartition("@")[2] for address in self._settings.to})
        return f"email:{', '.join(domains)}"

    def publish(self, checkpoint: Checkpoint, text: str) -> None:
        """Hands the mail to the mail server, for every address.

        Raises:
            LedgerUnusable: the server cannot be reached, or refuses the sender or one of the addresses.
            ConfigError: the password is missing.
        """
        settings = self._settings
        where = f"the mail server {settings.host}:{settings.port}"
        refused = len(settings.to)
        try:
            with self._connect() as server:
                if settings.user is not None:
                    server.login(settings.user, self._password())
                refused = len(server.send_message(self._message(checkpoint, text)))
        except smtplib.SMTPRecipientsRefused:
            pass
        except smtplib.SMTPResponseException as error:
            # The server's own words may hold an address: its code says enough.
            raise LedgerUnusable(f"{where} answers {error.smtp_code} ({type(error).__name__})") from None
        except smtplib.SMTPException as error:
            raise LedgerUnusable(f"{where} cannot be used ({type(error).__name__})") from None
        except ssl.SSLError as error:
            raise LedgerUnusable(f"{where} is not trusted: {error.reason}", hint="Check ca_bundle.") from error
        except OSError as error:
            raise LedgerUnusable(f"{where} cannot be reached: {error.strerror or error}") from error
        if refused:
            raise LedgerUnusable(
                f"{where} refused {refused} of {len(settings.to)} addresses; the others have the mail",
                hint="Mend [publish.email] to. The next run sends it to all of them again.",
            )

    def kept(self, stored: Sequence[Stored]) -> list[Kept]:
        """Nothing: mails are with those who received them."""
        return [
            Kept(
                self.place,
                Reach.OTHERS,
                unreached="a mail is kept by whoever received it: give theirs with --checkpoint",
                readable=False,
            )
        ]

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        if settings.ca_bundle is not None and not settings.ca_bundle.exists():
            raise ConfigError(f"the file of certificate authorities {settings.ca_bundle} does not exist (ca_bundle)")
        if settings.security == "none":
            return smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout)
        context = ssl.create_default_context(cafile=settings.ca_bundle)
        if settings.security == "tls":
            return smtplib.SMTP_SSL(settings.host, settings.port, timeout=settings.timeout, context=context)
        server = smtplib.SMTP(settings.host, settings.port, timeout=settings.timeout)
        try:
            server.starttls(context=context)  # refused when the server does not offer it: never in clear
        except BaseException:
            server.close()
            raise
        return server

    def _message(self, checkpoint: Checkpoint, text: str) -> EmailMessage:
        number = f"{checkpoint.shard}/{checkpoint.size}"
        name = file_name(checkpoint)
        message = EmailMessage()
        message["Subject"] = _SUBJECT.format(number=number)
        message["From"] = self._settings.sender
        message["To"] = ", ".join(self._settings.to)
        message["Date"] = format_datetime(self._clock())
        message["Message-ID"] = make_msgid(domain=self._settings.sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(
            _TEXT.format(origin=checkpoint.origin, size=checkpoint.size, shard=checkpoint.shard, file=name, note=text)
        )
        message.add_attachment(text.encode(), maintype="application", subtype="octet-stream", filename=name)
        return message
