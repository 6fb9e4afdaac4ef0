"""Whatever ends, what was acknowledged is done, the rest begins anew, and the port is free."""

import json
import os
import signal
import socket
import time

import pytest

from benchmarks.generate import batch

from .serving import Browser, children, free_port, served, until

COUNT = 1200


@pytest.fixture(scope="module")
def lines() -> bytes:
    given = (json.dumps(data, ensure_ascii=False) for data in batch(COUNT))
    return "\n".join(given).encode()


@pytest.fixture
def browser(lines):
    return Browser()


def begun(browser: Browser, server, lines: bytes) -> str:
    """A run that is under way: its path."""
    address = browser.upload(f"{server.address}/review", "一批.jsonl", lines)
    until(lambda: json.loads(browser.get(f"{address}/status"))["done"] > 0)
    told = json.loads(browser.get(f"{address}/status"))
    assert told["state"] == "running", told
    return address.removeprefix(server.address)


def is_done(browser: Browser, server, path: str) -> None:
    """Wait until it is, with every submission in it."""

    def over() -> bool:
        try:
            state = json.loads(browser.get(f"{server.address}{path}/status"))["state"]
        except OSError:
            return False
        assert state != "failed"
        return state == "done"

    until(over, 90)
    assert f"{COUNT}<small> 份" in browser.get(server.address + path)


def helpers(worker: int) -> list[int]:
    """The processes that check for a worker: children of its fork server."""
    return [each for child in children(worker) for each in children(child)]


def is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def test_a_killed_worker_is_begun_anew_and_its_run_again(tmp_path, browser, lines):
    with served(tmp_path, FORMSVC_RUNS=str(tmp_path / "runs")) as server:
        path = begun(browser, server, lines)
        (worker,) = server.workers
        os.kill(worker, signal.SIGKILL)
        is_done(browser, server, path)
        assert server.workers != [worker]
        assert server.process.poll() is None


def test_a_killed_pool_process_costs_no_run(tmp_path, browser, lines):
    with served(tmp_path, FORMSVC_RUNS=str(tmp_path / "runs")) as server:
        path = begun(browser, server, lines)
        (worker,) = server.workers
        until(lambda: helpers(worker))
        os.kill(helpers(worker)[0], signal.SIGKILL)
        is_done(browser, server, path)


def test_sigterm_waits_for_no_run_and_the_next_start_goes_on(tmp_path, browser, lines):
    runs = {"FORMSVC_RUNS": str(tmp_path / "runs")}
    with served(tmp_path, **runs) as server:
        path = begun(browser, server, lines)
        began = time.monotonic()
        server.process.terminate()
        assert server.process.wait(20) == 0
        assert time.monotonic() - began < 5
    with served(tmp_path, **runs) as server:
        is_done(browser, server, path)


def test_a_killed_main_process_leaves_no_orphan_and_the_port_free(tmp_path, browser, lines):
    runs = {"FORMSVC_RUNS": str(tmp_path / "runs")}
    port = free_port()
    with served(tmp_path, port, **runs) as server:
        path = begun(browser, server, lines)
        (worker,) = server.workers
        until(lambda: helpers(worker))
        family = [worker, *children(worker), *helpers(worker)]
        server.process.kill()
        server.process.wait()
        until(lambda: is_free(port), 5)
        until(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in family), 10)
    with served(tmp_path, port, **runs) as server:
        is_done(browser, server, path)


def test_what_is_sealed_can_be_read_by_nobody_meanwhile(tmp_path, browser, lines):
    name = json.loads(lines.splitlines()[0])["person"]["name"].encode()
    with served(tmp_path, FORMSVC_RUNS=str(tmp_path / "runs")) as server:
        begun(browser, server, lines)
        (worker,) = server.workers
        os.kill(worker, signal.SIGKILL)
        key = next(cookie.value for cookie in browser.cookies if cookie.name == "formsvc_runs")
        kept = [path for path in (tmp_path / "runs").rglob("*") if path.is_file()]
        assert sum(path.stat().st_size for path in kept) > len(lines)
        for path in kept:
            content = path.read_bytes()
            assert name not in content
            assert key.encode() not in content


def test_several_processes_and_instances_know_each_others_runs(tmp_path, browser, lines):
    some = {"FORMSVC_RUNS": str(tmp_path / "runs"), "FORMSVC_WORKERS": "2"}
    other = tmp_path / "other"
    other.mkdir()
    with served(tmp_path, **some) as one, served(other, **some) as two:
        assert len(one.workers) == 2
        path = begun(browser, one, lines)
        states = {
            json.loads(browser.get(f"{server.address}{path}/status"))["state"]
            for server in (one, two) * 5
        }
        assert states <= {"running", "done"}
        is_done(browser, two, path)
        is_done(browser, one, path)
        begun_so_often = [
            line for server in (one, two)
            for line in browser.get(f"{server.address}/metrics").splitlines()
            if line.startswith('formsvc_runs_total{outcome="again"}')
        ]  # fmt: skip
        assert all(line.endswith(" 0") for line in begun_so_often)
