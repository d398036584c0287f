"""Django's connection to the mail server, but patient where impatience makes doubles.

RFC 5321 section 4.5.3.2.6: a server may take minutes to say that it has taken a mail, and most that do
have taken it. Whoever hangs up before and tries again sends it twice, and again with every further try.
"""

import smtplib
from typing import Any, Final

from django.core.mail.backends.smtp import EmailBackend

from monitor.alerts.answers import LostInData

DATA_TIMEOUT_S: Final = 300.0


class _Patient(smtplib.SMTP):
    def data(self, msg: Any) -> tuple[int, bytes]:
        """Raises LostInData when it stays unknown whether the server has the mail."""
        sock, before = self.sock, self.timeout
        assert sock is not None, "recipients were given over it"
        sock.settimeout(DATA_TIMEOUT_S)
        try:
            code, words = super().data(msg)
        except smtplib.SMTPResponseException:
            raise
        except OSError as error:
            self.close()
            raise LostInData(f"{error} (after the mail was handed over)") from error
        if sock.fileno() != -1:
            sock.settimeout(before)
        return code, words


class _PatientTls(_Patient, smtplib.SMTP_SSL):
    """Encrypted from the start."""


class Backend(EmailBackend):
    """What ``EMAIL_BACKEND`` names."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        return _PatientTls if self.use_ssl else _Patient
