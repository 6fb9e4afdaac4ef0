"""Settings from the environment, with defaults that serve on this machine alone."""

import base64
import ipaddress
import os
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from formsvc.documents import HOUSE, Press
from formsvc.errors import ConfigError
from formsvc.forms import Shelf, built_in

_SEED_BYTES = 32

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class SignOn:
    """An OpenID Connect provider, and how this service is known to it."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator may set. Sizes in bytes.

    FORMSVC_SCHEMAS, FORMSVC_TEMPLATES: folders with an office's own forms, beside the forms that
    come along; FORMSVC_BUILT_IN=off leaves the latter out.
    FORMSVC_HOST, FORMSVC_PORT: where `formsvc serve` listens.
    FORMSVC_WORKERS: processes that serve; FORMSVC_THREADS: requests that each works on at once.
    FORMSVC_PATIENCE: seconds that a client may be silent, or stall, before it is cut off.
    FORMSVC_FONTS: folders with the office's own fonts, separated by the system's path separator.
    FORMSVC_KEY: file with the Ed25519 seed (32 bytes, raw or base64) that signs printed codes.
    FORMSVC_PUBLIC_KEY: file with the public key, as long and written alike, that checks signatures
    where FORMSVC_KEY is not set.
    FORMSVC_RUNS: where background runs keep their sealed results, by default a folder of its own
    under the system's temporary one; FORMSVC_RUN_MINUTES: how long they are kept.
    FORMSVC_TRUSTED_HOSTS: comma-separated host names that requests may be addressed to.
    FORMSVC_TRUSTED_PROXIES: comma-separated addresses or networks whose X-Forwarded-… holds.
    FORMSVC_SECURE_COOKIES: on when browsers come over TLS and no trusted proxy says so.
    FORMSVC_RATE: costly requests a minute and client. FORMSVC_ACCESS_LOG: a line a request.
    FORMSVC_DATA: folder of the store, made when it is not there; without it nothing is remembered.
    FORMSVC_DATABASE: postgresql://… for more than one machine, by default a file in that folder;
    FORMSVC_KEYS: the file with the store's keys; FORMSVC_MATERIALS: a folder, or an address such as
    s3://bucket/materials, for files that people hand in; by default both lie in that folder.
    FORMSVC_JOB_DAYS: how long what people had done in the background of the store is kept.
    FORMSVC_REGISTRATION: who gets an account, `invited` by link alone, or `open` to all who read
    the mail of the address that they give.
    FORMSVC_OIDC_ISSUER, FORMSVC_OIDC_CLIENT_ID, FORMSVC_OIDC_CLIENT_SECRET (a file with it): the
    office's own single sign-on (OpenID Connect).
    FORMSVC_SCAN_COMMAND: a program that looks for viruses in what it reads, such as `clamdscan -`:
    its exit code is 0 for clean, 1 for infected.
    FORMSVC_TSA: address of an RFC 3161 authority that stamps each day of the history;
    FORMSVC_TSA_CA: a PEM file with the certificates that the authority's must come from.
    FORMSVC_SMTP: smtp://user@host:port (STARTTLS), smtps://… or, inside an office that has no TLS
    and asks for no password, smtp+plain://…; FORMSVC_SMTP_PASSWORD: the file with the password;
    FORMSVC_MAIL_FROM: who mails are from. FORMSVC_ADDRESS: https://… that leads to this service.
    FORMSVC_SECURITY_CONTACT: comma-separated addresses (mailto:, https:, tel:) in security.txt.
    """

    shelves: tuple[Shelf, ...] = ()
    host: str = "127.0.0.1"
    port: int = 8000
    threads: int = 4
    workers: int = 1
    patience: int = 20
    trusted_hosts: tuple[str, ...] = ("127.0.0.1", "localhost")
    press: Press = HOUSE
    runs: Path | None = None
    run_minutes: int = 120
    trusted_proxies: tuple[Network, ...] = ()
    secure_cookies: bool = False
    rate: int = 600
    access_log: bool = True
    security_contacts: tuple[str, ...] = ()
    data: Path | None = None
    database: str = ""
    keys: Path | None = None
    materials: str = ""
    job_days: int = 7
    open_registration: bool = False
    sign_on: SignOn | None = None
    scan_command: tuple[str, ...] = ()
    tsa: str = ""
    tsa_roots: bytes = b""
    smtp: str = ""
    smtp_password: str = ""
    mail_from: str = ""
    address: str = ""


def from_environment(environment: Mapping[str, str] | None = None) -> Settings:
    """Read FORMSVC_… variables; ConfigError names a wrong one."""
    given = os.environ if environment is None else environment
    defaults = Settings()
    return Settings(
        shelves=_shelves(given),
        host=given.get("FORMSVC_HOST", defaults.host),
        port=_number(given, "FORMSVC_PORT", defaults.port, 65535),
        threads=_number(given, "FORMSVC_THREADS", defaults.threads, 64),
        workers=_number(given, "FORMSVC_WORKERS", defaults.workers, 64),
        patience=_number(given, "FORMSVC_PATIENCE", defaults.patience, 600),
        runs=Path(given["FORMSVC_RUNS"]) if given.get("FORMSVC_RUNS") else None,
        run_minutes=_number(given, "FORMSVC_RUN_MINUTES", defaults.run_minutes, 24 * 60),
        press=Press(
            _folders(given, "FORMSVC_FONTS"),
            _key(given, "FORMSVC_KEY"),
            _key(given, "FORMSVC_PUBLIC_KEY"),
        ),
        trusted_hosts=tuple(
            name.lower() for name in _names(given, "FORMSVC_TRUSTED_HOSTS", defaults.trusted_hosts)
        ),
        trusted_proxies=_networks(given, "FORMSVC_TRUSTED_PROXIES"),
        secure_cookies=_switch(given, "FORMSVC_SECURE_COOKIES", default=False),
        rate=_number(given, "FORMSVC_RATE", defaults.rate, 1_000_000),
        access_log=_switch(given, "FORMSVC_ACCESS_LOG", default=True),
        security_contacts=_contacts(given, "FORMSVC_SECURITY_CONTACT"),
        data=Path(given["FORMSVC_DATA"]) if given.get("FORMSVC_DATA") else None,
        database=given.get("FORMSVC_DATABASE", ""),
        keys=Path(given["FORMSVC_KEYS"]) if given.get("FORMSVC_KEYS") else None,
        materials=given.get("FORMSVC_MATERIALS", ""),
        job_days=_number(given, "FORMSVC_JOB_DAYS", defaults.job_days, 366),
        open_registration=_registration(given),
        sign_on=_sign_on(given),
        scan_command=tuple(shlex.split(given.get("FORMSVC_SCAN_COMMAND", ""))),
        tsa=_address(given, "FORMSVC_TSA", "http://", "https://"),
        tsa_roots=_content(given, "FORMSVC_TSA_CA", needed_by="FORMSVC_TSA"),
        smtp=_address(given, "FORMSVC_SMTP", "smtp://", "smtps://", "smtp+plain://"),
        smtp_password=_content(given, "FORMSVC_SMTP_PASSWORD").decode().strip(),
        mail_from=given.get("FORMSVC_MAIL_FROM", ""),
        address=_address(given, "FORMSVC_ADDRESS", "http://", "https://").rstrip("/"),
    )


def _registration(given: Mapping[str, str]) -> bool:
    value = given.get("FORMSVC_REGISTRATION") or "invited"
    if value not in ("invited", "open"):
        raise ConfigError(f"FORMSVC_REGISTRATION: {value!r} is neither invited nor open")
    return value == "open"


def _sign_on(given: Mapping[str, str]) -> SignOn | None:
    names = ["FORMSVC_OIDC_ISSUER", "FORMSVC_OIDC_CLIENT_ID", "FORMSVC_OIDC_CLIENT_SECRET"]
    issuer, client, place = (given.get(name, "") for name in names)
    if not (issuer or client or place):
        return None
    for name in names:
        if not given.get(name):
            raise ConfigError(f"{name}: is missing; single sign-on needs all of {', '.join(names)}")
    parts = urlsplit(issuer)
    is_here = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_here):
        raise ConfigError(f"{names[0]}: {issuer!r} is no https:// address")
    try:
        secret = Path(place).read_text("utf-8").strip()
    except (OSError, ValueError) as error:
        raise ConfigError(f"{names[2]}: {error}") from error
    if not secret:
        raise ConfigError(f"{names[2]}: {place} is empty")
    return SignOn(issuer.rstrip("/"), client, secret)


def _shelves(given: Mapping[str, str]) -> tuple[Shelf, ...]:
    """Where forms stand: those that come along, and the office's own."""
    schemas, templates = _folder(given, "FORMSVC_SCHEMAS"), _folder(given, "FORMSVC_TEMPLATES")
    along = _switch(given, "FORMSVC_BUILT_IN", default=True)
    if schemas is None:
        if templates or not along:
            raise ConfigError("FORMSVC_SCHEMAS: is missing; it names the folder of your own forms")
        return ()
    own = Shelf(schemas, templates or schemas.parent / "templates", schemas.parent / "samples")
    return (built_in(), own) if along else (own,)


def _folder(given: Mapping[str, str], name: str) -> Path | None:
    value = given.get(name)
    if not value:
        return None
    if not Path(value).is_dir():
        raise ConfigError(f"{name}: {value} is not a folder")
    return Path(value)


def _folders(given: Mapping[str, str], name: str) -> tuple[Path, ...]:
    folders = tuple(Path(part) for part in given.get(name, "").split(os.pathsep) if part)
    for folder in folders:
        if not folder.is_dir():
            raise ConfigError(f"{name}: {folder} is not a folder")
    return folders


def _key(given: Mapping[str, str], name: str) -> bytes | None:
    value = given.get(name)
    if not value:
        return None
    try:
        content = Path(value).read_bytes()
        seed = content if len(content) == _SEED_BYTES else base64.b64decode(content, validate=False)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{name}: {error}") from error
    if len(seed) != _SEED_BYTES:
        raise ConfigError(f"{name}: {value} does not hold a key of {_SEED_BYTES} bytes")
    return seed


def _address(given: Mapping[str, str], name: str, *schemes: str) -> str:
    value = given.get(name, "")
    if value and not (value.startswith(schemes) and value.isprintable()):
        raise ConfigError(f"{name}: {value!r} does not begin with {' or '.join(schemes)}")
    return value


def _content(given: Mapping[str, str], name: str, needed_by: str = "") -> bytes:
    """What a file holds; b"" for none."""
    value = given.get(name)
    if not value:
        if given.get(needed_by):
            raise ConfigError(f"{name}: is missing; {needed_by} needs it")
        return b""
    try:
        return Path(value).read_bytes()
    except OSError as error:
        raise ConfigError(f"{name}: {error}") from error


def _number(given: Mapping[str, str], name: str, default: int, highest: int) -> int:
    value = given.get(name)
    if not value:
        return default
    if not (value.isascii() and value.isdigit() and 1 <= int(value) <= highest):
        raise ConfigError(f"{name}: {value!r} is not a whole number from 1 to {highest}")
    return int(value)


def _names(given: Mapping[str, str], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    value = given.get(name)
    return tuple(part.strip() for part in value.split(",") if part.strip()) if value else default


def _switch(given: Mapping[str, str], name: str, *, default: bool) -> bool:
    value = given.get(name) or ("on" if default else "off")
    if value not in ("on", "off"):
        raise ConfigError(f"{name}: {value!r} is neither on nor off")
    return value == "on"


def _networks(given: Mapping[str, str], name: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part) for part in _names(given, name, ()))
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from None


def _contacts(given: Mapping[str, str], name: str) -> tuple[str, ...]:
    contacts = _names(given, name, ())
    for contact in contacts:
        if not contact.startswith(("mailto:", "https://", "tel:")) or not contact.isprintable():
            raise ConfigError(f"{name}: {contact!r} is no mailto:, https: or tel: address")
    return contacts
