"""Notices by mail, to a real mail server."""

import socket
import ssl
import subprocess
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from sqlalchemy import func, select

from formsvc.config import Settings
from formsvc.errors import ConfigError
from formsvc.store import mailing
from formsvc.store.mailing import Mailer, NotSent, Post
from formsvc.store.models import Notice, QueuedMail

from .world import submission

# A mail is written of rows that test_meetings and test_life prove on both.
DATABASES = ("sqlite",)


class Box:
    """What came in; `refused` addresses are not taken."""

    def __init__(self) -> None:
        self.letters = []
        self.refused: dict[str, str] = {}

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802  # aiosmtpd's
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802  # aiosmtpd's
        letter = message_from_bytes(envelope.content, policy=policy.default)
        self.letters.append((envelope.rcpt_tos[0], letter["Subject"], letter.get_content()))
        return "250 OK"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "9", "-subj", "/CN=localhost", "-keyout", "key.pem", "-out",
         "cert.pem", "-addext", "subjectAltName=DNS:localhost"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    return folder


@pytest.fixture
def box():
    return Box()


@pytest.fixture
def server(box, certificate):
    """A server that takes mail over TLS from who knows the password."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")

    def known(_server, _session, _envelope, _mechanism, data):
        return AuthResult(success=(data.login, data.password) == (b"a@corp.cn", b"secret"))

    with socket.create_server(("localhost", 0)) as free:
        port = free.getsockname()[1]
    running = Controller(
        box, hostname="localhost", port=port, tls_context=context, require_starttls=True,
        authenticator=known, auth_required=True,
    )  # fmt: skip
    running.start()
    yield port
    running.stop()


@pytest.fixture
def mailer(server, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert.pem"))
    address = f"smtp://a%40corp.cn@localhost:{server}"
    return Mailer.of(Settings(smtp=address, smtp_password="secret"))


def unsent(store) -> int:
    with store.reading() as work:
        return work.session.scalar(select(func.count()).where(Notice.mailed.is_(None)))


def test_notices_are_sent_once_and_name_nobody_else(world, box, mailer):
    settings = replace(world.store.settings, address="https://rc.example.cn")
    store = replace(world.store, settings=settings)
    id = world.handed_in(world.actor("申报人"), "江西某大学")
    assert mailing.send_due(store, mailer) == unsent(store) + 1 == 1
    assert mailing.send_due(store, mailer) == 0
    ((to, subject, text),) = box.letters
    assert (to, subject) == ("单位@example.cn", "人才项目申报：有新的通知")
    assert submission()["person"]["name"] not in text
    assert world.filing(id).number in text
    assert f"https://rc.example.cn/filings/{id}" in text


def test_a_refused_address_holds_nobody_else_up_and_is_not_tried_for_ever(world, box, mailer):
    world.handed_in(world.actor("申报人"), "江西某大学")
    box.refused["单位@example.cn"] = "450 later"
    assert mailing.send_due(world.store, mailer) == 0
    assert unsent(world.store) == 1
    box.refused["单位@example.cn"] = "550 nobody"
    assert mailing.send_due(world.store, mailer) == 0
    assert unsent(world.store) == 0


def waiting(store) -> int:
    with store.reading() as work:
        return work.session.scalar(select(func.count()).select_from(QueuedMail))


def test_a_letter_waits_sealed_until_the_server_answers_and_is_sent_once(store, box, mailer, clock):
    nobody = Mailer.of(Settings(smtp="smtp+plain://localhost:9"))
    woken = []
    post = Post(store, nobody, lambda: woken.append(True))
    post.put("a@b.cn", "邀请", "链接 https://secret.example/")
    assert woken
    assert not post.answers()
    assert mailer.answers()
    with store.reading() as work:
        assert b"secret" not in work.session.scalar(select(QueuedMail.sealed))
    assert mailing.send_letters(store, nobody) == 0
    assert waiting(store) == 1
    box.refused["a@b.cn"] = "450 later"
    assert mailing.send_letters(store, mailer) == 0
    box.refused.clear()
    assert mailing.send_letters(store, mailer) == 0, "not at once again"
    clock.now += timedelta(minutes=1)
    assert mailing.send_letters(store, mailer) == 1
    assert mailing.send_letters(store, mailer) == waiting(store) == 0
    assert [(to, subject) for to, subject, _ in box.letters] == [("a@b.cn", "邀请")]


def test_a_letter_is_dropped_with_what_it_is_good_for(store, box, mailer, clock):
    Post(store, mailer).put("a@b.cn", "邀请", "三天内打开", days=3)
    clock.now += timedelta(days=3)
    assert mailing.send_letters(store, mailer) == 0
    assert waiting(store) == 0
    assert box.letters == []


def test_without_an_answer_notices_wait_but_not_for_ever(world, mailer, clock):
    world.handed_in(world.actor("申报人"), "江西某大学")
    nobody = Mailer.of(Settings(smtp="smtp+plain://localhost:9"))
    assert mailing.send_due(world.store, nobody) == 0
    with pytest.raises(NotSent):
        nobody.mail("a@b.cn", "s", "t")
    clock.now += timedelta(days=8)
    assert mailing.send_due(world.store, mailer) == 0


def test_a_server_whose_certificate_nobody_knows_gets_no_mail(server, box):
    stranger = Mailer.of(Settings(smtp=f"smtp://localhost:{server}"))
    with pytest.raises(NotSent):
        stranger.mail("a@b.cn", "s", "t")
    assert box.letters == []


def test_a_password_is_not_sent_in_the_clear():
    with pytest.raises(ConfigError, match="clear"):
        Mailer.of(Settings(smtp="smtp+plain://a@localhost", smtp_password="secret"))
