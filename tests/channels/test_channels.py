"""What every channel owes: it tells all or raises ours, keeps its secrets, and carries hostile names."""

from __future__ import annotations

import email
import email.policy
import logging
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from flows.channel import ChannelRefused, ChannelsConfig, ChannelUnavailable, Declared, connect, kinds, read
from flows.channels import _text, slack
from monitors.errors import ConfigError, RoundsError
from monitors.notice import Notice
from tests.channels.receivers import Heard, http_receiver, mail_receiver

AT = datetime(2026, 3, 2, tzinfo=UTC)
HOSTILE = [
    'x"{y}\\<script>alert(1)</script>\n{{7*7}}',
    "'; DROP TABLE rounds_entries; --\r\nBcc: everyone@example.org",
    "‮evil‬ a\u200bb\u2066c\u2028d\x00\x1b[31m",
    "<!channel> & <https://evil.example|click> *b* `c`",
    "long " * 2048,
    "%s {0} ${jndi:ldap://x} %(name)s",
    "مستشفى 病院 🏥",
]


def notice(name: str = "sepsis", *, over: bool = False, severity: str = "page") -> Notice:
    labels = {
        "alertname": "RoundsFindingBeyondMargin",
        "severity": severity,
        "model_id": name,
        "metric": name,
    }
    said = {key: f"{key} {name}" for key in ("summary", "description", "impact", "runbook_url", "ack_url")}
    return Notice(labels, said, AT, datetime(2026, 3, 9, tzinfo=UTC) if over else None)


@pytest.fixture
def hook() -> Iterator[Heard]:
    with http_receiver() as heard:
        yield heard


@pytest.fixture
def mail(tmp_path: Path) -> Iterator[Heard]:
    with mail_receiver(tmp_path) as heard:
        yield heard


def posting(kind: str, heard: Heard) -> Any:
    environ = {"HOOK": f"http://127.0.0.1:{heard.port}/s3cret-path"}
    return connect("ward", Declared(kind=kind, url_env="HOOK"), environ)


def mailing(heard: Heard, folder: Path, **more: Any) -> Any:
    (folder / "password").write_text("s3cret-word\n")
    keys: dict[str, Any] = {
        "host": "127.0.0.1", "port": heard.port, "sender": "rounds@ward.example", "user": "rounds",
        "to": ["on-call@ward.example"], "password_file": str(folder / "password"),
        "ca_file": str(folder / "cert.pem"),
    }  # fmt: skip
    return connect("mail", Declared(kind="email", **{**keys, **more}), {})


@pytest.fixture(params=kinds())
def channel(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """Each kind with a receiver that listens; a new file in flows/channels/ has to be added here."""
    with ExitStack() as stack:
        if request.param == "log":
            yield connect("log", Declared(kind="log"), {})
        elif request.param == "email":
            yield mailing(stack.enter_context(mail_receiver(tmp_path)), tmp_path)
        else:
            yield posting(request.param, stack.enter_context(http_receiver()))


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_every_channel_takes_every_name(channel: Any, name: str) -> None:
    channel.send([notice(name), notice(name, over=True), notice(name, severity="committee")])


def test_a_webhook_gets_what_alertmanager_would_send_and_every_character_of_it(hook: Heard) -> None:
    sent = [notice(name) for name in HOSTILE] + [notice(over=True)]
    posting("webhook", hook).send(sent)
    (body,) = hook.bodies
    assert (body["version"], body["status"], body["receiver"]) == ("4", "firing", "ward")
    assert set(body) == {
        "version", "groupKey", "truncatedAlerts", "status", "receiver", "groupLabels", "commonLabels",
        "commonAnnotations", "externalURL", "alerts",
    }  # fmt: skip
    assert [a["labels"] for a in body["alerts"]] == [n.labels for n in sent]
    assert [a["annotations"] for a in body["alerts"]] == [n.annotations for n in sent]
    assert body["alerts"][-1]["status"] == "resolved"
    assert body["alerts"][-1]["endsAt"] == "2026-03-09T00:00:00Z"
    assert body["alerts"][0]["endsAt"].startswith("0001-01-01")
    assert len({a["fingerprint"] for a in body["alerts"][:-1]}) == len(HOSTILE)


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_name_in_a_text_stays_on_its_line_and_can_be_seen(name: str) -> None:
    said = slack.message([notice(name)])
    assert len(said) < 10_000
    for hidden in "‮‬\u200b\u2066\u2028\x00\x1b\r":
        assert hidden not in said
    assert "<!channel>" not in said
    assert "<https" not in said
    assert len(said.splitlines()) == len(slack.message([notice("sepsis")]).splitlines())


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_name_adds_no_header_to_a_mail(name: str, mail: Heard, tmp_path: Path) -> None:
    mailing(mail, tmp_path).send([notice(name)])
    made = email.message_from_bytes(mail.bodies[0], policy=email.policy.default)
    assert set(made) == {
        "From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type", "MIME-Version",
        "Content-Transfer-Encoding",
    }  # fmt: skip
    assert made["To"] == "on-call@ward.example"
    assert made.get_content_type() == "text/plain"
    assert f"Key: {notice(name).key}" in made.get_content()


def test_a_password_is_said_only_after_encryption(mail: Heard, tmp_path: Path) -> None:
    mailing(mail, tmp_path).send([notice()])
    assert mail.clear == ["EHLO", "STARTTLS"]
    assert len(mail.logins) == 1


def test_a_mail_server_without_starttls_hears_nothing(tmp_path: Path) -> None:
    with mail_receiver(tmp_path, offers_tls=False) as heard:
        with pytest.raises(ChannelRefused, match="no safe way"):
            mailing(heard, tmp_path).send([notice()])
        assert heard.bodies == heard.logins == []


def test_a_mail_server_nobody_vouches_for_hears_nothing(mail: Heard, tmp_path: Path) -> None:
    with pytest.raises(ChannelRefused, match="no safe way"):
        mailing(mail, tmp_path, ca_file=None).send([notice()])
    assert mail.bodies == mail.logins == []


@pytest.mark.parametrize(("code", "again"), [(451, True), (550, False)])
def test_a_mail_server_that_says_no_is_asked_whether_later(
    mail: Heard, tmp_path: Path, code: int, again: bool
) -> None:
    mail.status = code
    with pytest.raises(RoundsError, match=str(code)) as caught:
        mailing(mail, tmp_path).send([notice()])
    assert caught.value.retryable is again
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("kind", ["webhook", "slack"])
@pytest.mark.parametrize(
    ("status", "again"), [(500, True), (503, True), (429, True), (400, False), (404, False)]
)
def test_a_receiver_that_says_no_is_asked_whether_later(
    hook: Heard, kind: str, status: int, again: bool
) -> None:
    hook.status = status
    with pytest.raises(RoundsError, match=f"channel ward: the receiver answered {status}") as caught:
        posting(kind, hook).send([notice()])
    assert caught.value.retryable is again
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_is_followed(hook: Heard, status: int) -> None:
    with http_receiver() as elsewhere:
        hook.status, hook.location = status, f"http://127.0.0.1:{elsewhere.port}/"
        with pytest.raises(ChannelRefused, match=str(status)):
            posting("webhook", hook).send([notice()])
        assert elsewhere.bodies == []


def test_nobody_there_is_worth_another_try(tmp_path: Path) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        gone = Heard(port=held.getsockname()[1])
    (tmp_path / "cert.pem").write_text("")
    tries: list[Callable[[], None]] = [
        lambda: posting("webhook", gone).send([notice()]),
        lambda: mailing(gone, tmp_path).send([notice()]),
    ]
    for attempt in tries:
        with pytest.raises(ChannelUnavailable) as caught:
            attempt()
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({}, r"\$HOOK is empty"),
        ({"HOOK": "http://ward.example/s3cret"}, "must be https://"),
        ({"HOOK": "file:///etc/s3cret"}, "must start with https://"),
        ({"HOOK": "s3cret"}, "must start with https://"),
    ],
)
def test_an_address_that_cannot_be_used_is_not_repeated(environ: dict[str, str], said: str) -> None:
    with pytest.raises(ChannelRefused, match=said) as caught:
        connect("ward", Declared(kind="webhook", url_env="HOOK"), environ)
    assert "s3cret" not in str(caught.value)


def test_the_log_says_a_page_aloud(caplog: pytest.LogCaptureFixture) -> None:
    channel = connect("log", Declared(kind="log"), {})
    with caplog.at_level(logging.INFO, logger="rounds"):
        channel.send([notice(HOSTILE[0]), notice(over=True)])
    assert [record.levelno for record in caplog.records] == [logging.WARNING, logging.INFO]
    assert all("\n" not in record.getMessage() for record in caplog.records)


def test_no_file_means_the_log_alone(tmp_path: Path) -> None:
    assert list(read(tmp_path / "channels.yaml").channels) == ["log"]
    assert ChannelsConfig().escalation["page"][0].to == "the second on call"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("chanels: {}", "channels.yaml: chanels: is not a known key"),
        ("url: ward", "channels.yaml: url: "),
        ("channels: {a: {kind: pigeon}}", "channels.yaml: channels.a.kind: must be one of email, log, slack"),
        ("channels: {a: {kind: log, loud: 1}}", "channels.yaml: channels.a.loud: is not a known key"),
        ("channels: {a: {kind: slack}}", "channels.yaml: channels.a: name `url_file` or `url_env`"),
        ("channels: {a: {kind: webhook, url: 'https://s3cret'}}", "channels.a.url: is not a known key"),
        ("channels: {a: {kind: log, at_once: [loud]}}", "channels.a.at_once.1: must be 'page', 'ticket'"),
        ("channels: [", "channels.yaml: not YAML"),
        (
            "escalation: {page: [{after: soon, to: x}]}",
            "escalation.page.1.after: must be an ISO 8601 duration",
        ),
    ],
)
def test_a_mistake_in_the_file_is_told_in_our_words(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "channels.yaml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        read(tmp_path / "channels.yaml")
    assert any(said in problem for problem in caught.value.problems), caught.value.problems
    assert "s3cret" not in str(caught.value)


def test_a_subject_names_no_group_and_no_number_of_people() -> None:
    assert _text.subject([notice(), notice("stroke")]) == (
        "[Rounds] ACT NOW: sepsis: summary sepsis and 1 more"
    )
