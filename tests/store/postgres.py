"""A real PostgreSQL, started by the tests in a folder of its own and gone with them."""

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url, text


def binaries() -> Path:
    """The newest installed version's programs."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    assert found, "PostgreSQL is missing: apt-get install postgresql"
    return found[-1].parent


@contextmanager
def server() -> Iterator[str]:
    """The address of a cluster's first database. It listens on a socket in its folder alone."""
    root = Path(tempfile.mkdtemp(prefix="formsvc-pg-"))
    # PostgreSQL does not run as root.
    as_user = {"user": "postgres", "group": "postgres"} if os.getuid() == 0 else {}
    if as_user:
        owner = pwd.getpwnam("postgres")
        os.chown(root, owner.pw_uid, owner.pw_gid)
    run = {"cwd": root, "stdout": subprocess.DEVNULL, "stderr": subprocess.STDOUT, **as_user}
    data = root / "data"
    subprocess.run([binaries() / "initdb", "-D", data, "-U", "formsvc", "-A", "trust",
                    "-E", "UTF8", "--no-locale", "--no-sync"], check=True, **run)  # fmt: skip
    control = [binaries() / "pg_ctl", "-D", data, "-w"]
    # The machine does not lose its power in a test: what was written is there, synced or not.
    options = (
        f"-c listen_addresses= -c unix_socket_directories={root} -c max_connections=200"
        " -c fsync=off -c full_page_writes=off"
    )
    subprocess.run([*control, "-o", options, "-l", root / "log", "start"], check=True, **run)
    try:
        yield f"postgresql://formsvc@/postgres?host={root}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, **run)
        shutil.rmtree(root, ignore_errors=True)


def database(address: str, like: str = "template1") -> str:
    """A new database in a cluster, empty or with what another one holds; its address."""
    name = f"store_{uuid.uuid4().hex[:12]}"
    place, _, rest = address.partition("?")
    place = place.rpartition("/")[0]
    engine = create_engine(
        f"{place}/postgres?{rest}".replace("postgresql:", "postgresql+psycopg:"),
        isolation_level="AUTOCOMMIT",
    )
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {like}"))
    engine.dispose()
    return f"{place}/{name}?{rest}"


def copy(address: str) -> str:
    """A new database with what the one at an address holds, to which nobody is connected."""
    return database(address, make_url(address).database or "")
