"""A small time-stamping authority: `openssl ts` behind a web server of its own."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

_CONFIG = """
[req]
distinguished_name = dn
[dn]
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[leaf]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
signer_cert = {folder}/leaf.pem
signer_key = {folder}/leaf.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
"""


class Office:
    """What the authority has: its root certificate, and whether it answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.is_open = True
        self.asked = 0
        self.address = ""
        folder.mkdir()
        (folder / "c.cnf").write_text(_CONFIG.format(folder=folder))
        (folder / "serial").write_text("01")
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650"]
        self._openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem",
                      "-subj", "/CN=root", "-config", "c.cnf", "-extensions", "ca")  # fmt: skip
        self._openssl("req", "-x509", *key, "-keyout", "leaf.key", "-out", "leaf.pem",
                      "-subj", "/CN=stamps", "-config", "c.cnf", "-extensions", "leaf",
                      "-CA", "ca.pem", "-CAkey", "ca.key")  # fmt: skip

    @property
    def root(self) -> bytes:
        return (self.folder / "ca.pem").read_bytes()

    def answer(self, query: bytes) -> bytes:
        (self.folder / "query").write_bytes(query)
        self._openssl("ts", "-reply", "-config", "c.cnf", "-queryfile", "query", "-out", "reply")
        return (self.folder / "reply").read_bytes()

    def _openssl(self, *arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=self.folder, check=True, capture_output=True)


@contextmanager
def serving(folder: Path) -> Iterator[Office]:
    office = Office(folder)

    class Desk(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            office.asked += 1
            query = self.rfile.read(int(self.headers["Content-Length"]))
            if not office.is_open:
                self.send_error(503)
                return
            reply = office.answer(query)
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(reply)))
            self.end_headers()
            self.wfile.write(reply)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Desk)
    office.address = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield office
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
