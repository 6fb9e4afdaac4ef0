"""The proxy of docs/operating.md, as it stands there, before the real server."""

import configparser
import datetime
import json
import os
import re
import shutil
import ssl
import subprocess
import urllib.request

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from .conftest import ROOT, valid_samples
from .serving import free_port, served, until

FORM = "jiangxi-training-summary"
GOOD = valid_samples(FORM)[0].read_bytes()
GUIDE = (ROOT / "docs" / "operating.md").read_text()
HOST = "rencai.example.gov.cn"


def block(language: str) -> str:
    return re.search(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)[1]


def certify(folder) -> None:
    """A certificate for the host, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "rencai.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "rencai.key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )


@pytest.fixture(scope="module")
def proxied(tmp_path_factory):
    """What asks the service through nginx: `ask(path, body)` → answer."""
    nginx = shutil.which("nginx", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    assert nginx, "apt-get install nginx-light"
    folder = tmp_path_factory.mktemp("proxy")
    certify(folder)
    port = free_port()
    some = {
        "FORMSVC_TRUSTED_PROXIES": "127.0.0.1",
        "FORMSVC_TRUSTED_HOSTS": HOST + ",127.0.0.1",
        "FORMSVC_RUNS": str(folder / "runs"),
        "FORMSVC_WORKERS": "2",
    }
    with served(folder, **some) as server:
        text = block("nginx").replace("443", f"127.0.0.1:{port}").replace("/etc/ssl", str(folder))
        text = text.replace("http://127.0.0.1:8000", server.address)
        temporary = "".join(
            f"{kind}_temp_path {folder}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        user = "user root;" if os.getuid() == 0 else ""  # the folders are its own
        (folder / "nginx.conf").write_text(
            f"daemon off; {user} pid {folder}/pid; error_log {folder}/error.log; events {{}}\n"
            f"http {{ access_log off; {temporary}\n{text}}}"
        )
        command = [nginx, "-c", folder / "nginx.conf", "-e", folder / "error.log"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        trust = ssl.create_default_context(cafile=folder / "rencai.pem")
        trust.check_hostname = False  # the name is asked for in the header below
        opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=trust))

        def ask(path: str, body: bytes | None = None, kind: str = "application/json"):
            headers = {"Host": HOST, "Content-Type": kind}
            request = urllib.request.Request(f"https://127.0.0.1:{port}{path}", body, headers)
            return opener.open(request, timeout=20)

        try:
            until(lambda: _answers(ask))
            yield ask
        finally:
            process.terminate()
            process.wait(10)


def _answers(ask) -> bool:
    try:
        return ask("/rencai/healthz").status == 200
    except OSError:
        return False


def test_pages_and_all_they_name_lie_below_the_prefix(proxied):
    seen, waiting = set(), ["/rencai/"]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        with proxied(path) as answer:
            text = answer.read().decode("utf-8", "replace")
            if "html" not in answer.headers["Content-Type"]:
                continue
        for named in re.findall(r'(?:href|src|action|data-live|data-status)="(/[^"?#]*)', text):
            assert named.startswith("/rencai/"), (path, named)
            if "blank." not in named and not named.endswith(("/live", ".xlsx")):
                waiting.append(named)
    assert len(seen) > 10


def test_a_check_and_a_document_come_through(proxied):
    path = f"/rencai/api/v1/forms/{FORM}/"
    with proxied(f"{path}check?on=2026-03-01", GOOD) as answer:
        assert json.load(answer)["ok"]
    with proxied(f"{path}documents?on=2026-03-01&format=pdf", GOOD) as answer:
        assert answer.read(5) == b"%PDF-"


def test_cookies_are_secure_and_keep_to_the_prefix(proxied):
    with proxied("/rencai/unit") as answer:
        cookie = answer.headers["Set-Cookie"]
    assert "Secure" in cookie
    assert "Path=/rencai" in cookie


def test_a_bulk_upload_comes_through(proxied):
    lines = b"\n".join([GOOD.replace(b"\n", b" ")] * 500)
    with proxied("/rencai/api/v1/bulk?on=2026-03-01", lines, "application/x-ndjson") as answer:
        *_, last = answer.read().splitlines()
    assert json.loads(last)["summary"]["submissions"] == 500


def test_the_counters_are_not_for_the_world(proxied):
    with pytest.raises(urllib.error.HTTPError) as refused:
        proxied("/rencai/metrics")
    assert refused.value.code == 404
    refused.value.close()


def test_the_unit_sets_only_what_there_is():
    unit = configparser.RawConfigParser(strict=False)
    unit.optionxform = str
    unit.read_string(block("ini"))
    assert unit["Service"]["ExecStart"].endswith("formsvc serve")
    for name in re.findall(r"^Environment=(\w+)=", block("ini"), re.MULTILINE):
        assert f"| `{name}` |" in GUIDE
