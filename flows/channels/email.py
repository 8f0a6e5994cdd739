"""E-mail over SMTP, with STARTTLS before anything is said and the password from a file."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from flows.addresses import LOOPBACK
from flows.channel import TIMEOUT, ChannelRefused, ChannelUnavailable
from flows.channels._post import secret
from flows.channels._text import subject, text
from monitors.notice import Notice

_Mailbox = Annotated[str, Field(pattern=r"^[^\s@,<>\"]+@[^\s@,<>\"]+$")]


class Settings(BaseModel):
    """The server, who signs, and who reads."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    host: str
    port: int = Field(587, ge=1, le=65535)
    sender: _Mailbox
    to: tuple[_Mailbox, ...] = Field(min_length=1)
    user: str | None = None
    password_file: str | None = Field(None, description="A file that holds the password.")
    starttls: bool = Field(True, description="Off only for a relay on this machine.")
    ca_file: str | None = Field(None, description="The hospital's own certificate authority.")

    @model_validator(mode="after")
    def _encrypted(self) -> Self:
        if not self.starttls and self.host not in LOOPBACK:
            raise ValueError("starttls: may be off only for a relay on this machine (127.0.0.1)")
        return self


class Email:
    """Sends one message to all readers."""

    def __init__(self, name: str, settings: Settings, password: str | None) -> None:
        self.name = name
        self._settings = settings
        self._password = password

    def send(self, alerts: Sequence[Notice]) -> None:
        """Send them as one message."""
        held = self._settings
        try:
            with smtplib.SMTP(held.host, held.port, timeout=TIMEOUT) as server:
                if held.starttls:
                    server.starttls(context=ssl.create_default_context(cafile=held.ca_file))
                if held.user is not None and self._password is not None:
                    server.login(held.user, self._password)
                server.send_message(message(held, alerts))
        except smtplib.SMTPResponseException as error:
            # 4xx is "later", 5xx is "no"; its text may repeat what we said, so it is left out.
            kind = ChannelUnavailable if 400 <= error.smtp_code < 500 else ChannelRefused
            raise kind(f"channel {self.name}: the mail server answered {error.smtp_code}") from None
        except smtplib.SMTPRecipientsRefused as error:
            codes = sorted({code for code, _ in error.recipients.values()})
            kind = ChannelUnavailable if all(400 <= code < 500 for code in codes) else ChannelRefused
            raise kind(f"channel {self.name}: the mail server refused the readers ({codes})") from None
        except (smtplib.SMTPNotSupportedError, ssl.SSLError) as error:
            said = f"channel {self.name}: no safe way to the mail server ({type(error).__name__})"
            raise ChannelRefused(said) from None
        except (smtplib.SMTPException, OSError) as error:
            said = f"channel {self.name}: the mail server cannot be reached ({type(error).__name__})"
            raise ChannelUnavailable(said) from None


def message(settings: Settings, alerts: Sequence[Notice]) -> EmailMessage:
    """The message: plain text, its headers one line each."""
    made = EmailMessage()
    made["From"] = settings.sender
    made["To"] = ", ".join(settings.to)
    made["Subject"] = subject(alerts)
    made["Date"] = formatdate()
    made["Message-ID"] = make_msgid(domain=settings.sender.rpartition("@")[2])
    made["Auto-Submitted"] = "auto-generated"  # so that no holiday notice answers
    made.set_content("\n\n".join(text(alert) for alert in alerts), cte="base64")
    return made


def connect(name: str, settings: Settings, environ: Mapping[str, str]) -> Email:
    """The mail server, with the password read now."""
    if settings.password_file is None:
        return Email(name, settings, None)
    return Email(name, settings, secret(name, settings.password_file, None, environ))
