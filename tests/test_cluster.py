"""The same chunks on a real cluster; a worker that dies takes nothing with it."""

import json
import signal
import subprocess
import sys
import time
from datetime import date

import distributed
import pytest

from benchmarks.generate import batch
from formsvc.bulk import batch as bulk
from formsvc.bulk import results
from formsvc.bulk.executors import HereExecutor, opened
from formsvc.forms import built_in
from formsvc.intake.items import Item
from formsvc.intake.sources import Sources
from formsvc.storage import folder

ON = date(2026, 3, 1)
ROOT = built_in().schemas.parent


def _start(module, *options):
    command = [sys.executable, "-m", f"distributed.cli.{module}", "--no-dashboard", *options]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@pytest.fixture
def cluster(tmp_path):
    """(address of a scheduler on this machine, its two workers)."""
    about = tmp_path / "scheduler.json"
    local = ("--scheduler-file", str(about))
    workers = []
    scheduler = _start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", *local)
    try:
        deadline = time.monotonic() + 30
        while not about.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        limits = ("--no-nanny", "--nthreads", "1", "--host", "127.0.0.1")
        workers += [
            _start("dask_worker", *local, *limits, "--local-directory", str(tmp_path / str(n)))
            for n in (1, 2)
        ]
        address = json.loads(about.read_text())["address"]
        with distributed.Client(address, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=30)
        yield address, workers
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()


@pytest.mark.filterwarnings("ignore")
def test_a_worker_killed_in_the_middle_changes_no_byte(tmp_path, cluster, catalogue):
    address, workers = cluster
    given = [
        Item(f"{number}.json", json.dumps(data, ensure_ascii=False).encode())
        for number, data in enumerate(batch(3000, units=20), 1)
    ]

    def lose_a_worker(done):
        if done >= 600 and workers[0].poll() is None:
            workers[0].send_signal(signal.SIGKILL)
            workers[0].wait()

    on_cluster = bulk.Batch(folder(str(tmp_path / "cluster")), bulk.Job(on=ON))
    with opened(None, address) as (executor, at_once):
        on_cluster.check(given, executor, at_once=max(at_once, 8), progress=lose_a_worker)
    on_cluster.compare()
    here = bulk.Batch(folder(str(tmp_path / "here")), bulk.Job(on=ON))
    here.check(given, HereExecutor(), at_once=1)
    here.compare()
    assert workers[0].poll() is not None
    for name in (results.REPORTS, bulk.KEYS, bulk.SALT):
        assert (tmp_path / "cluster" / name).read_bytes() == (tmp_path / "here" / name).read_bytes()


def test_sources_and_results_may_have_fsspec_addresses(tmp_path, catalogue):
    import fsspec

    memory = fsspec.filesystem("memory")
    lines = [json.dumps(data, ensure_ascii=False) for data in batch(20, units=2)]
    with memory.open("/in/甲/batch.jsonl", "wb") as stream:
        stream.write("\n".join(lines).encode())
    with memory.open("/in/乙/one.json", "wb") as stream:
        stream.write(lines[0].encode())
    items = list(Sources(["memory://in"], catalogue))
    assert len(items) == 21
    remote = bulk.Batch(folder("memory://out"), bulk.Job(on=ON))
    remote.check(items, HereExecutor(), at_once=1)
    remote.compare()
    remote.finish()
    local = bulk.Batch(folder(str(tmp_path)), bulk.Job(on=ON))
    local.check(items, HereExecutor(), at_once=1)
    local.compare()
    assert memory.cat("/out/reports.jsonl") == (tmp_path / results.REPORTS).read_bytes()
    assert {name.rpartition("/")[2] for name in memory.ls("/out", detail=False)} == {
        results.REPORTS,
        bulk.KEYS,
        bulk.SALT,
        bulk.PEOPLE,
    }
