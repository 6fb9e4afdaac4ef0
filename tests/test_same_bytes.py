"""The same submission gives the same PDF, whoever makes it: threads, processes, workers."""

import hashlib
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from formsvc import Press, fill, submissions
from formsvc.bulk.batch import loaded
from formsvc.documents import Bound, pack

from .conftest import valid_samples

FORM = "jiangxi-training-summary"
NAMES = [path.name for path in valid_samples(FORM)]


def digest(name: str) -> str:
    form = loaded()[0][FORM]
    path = next(path for path in valid_samples(FORM) if path.name == name)
    raw = fill(form, submissions.parse(path.read_bytes()).data, "pdf")
    return hashlib.sha256(raw).hexdigest()


@pytest.fixture(scope="module")
def here() -> list[str]:
    return [digest(name) for name in NAMES]


def test_threads_make_the_same_bytes(here):
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(digest, NAMES * 2)) == here * 2


def test_another_process_makes_the_same_bytes_in_any_order(here):
    code = (
        "import json; from tests.test_same_bytes import NAMES, digest;"
        "print(json.dumps({name: digest(name) for name in reversed(NAMES)}))"
    )
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert json.loads(made) == dict(zip(NAMES, here, strict=True))


def test_dask_workers_make_the_same_bytes(here):
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=2, dashboard_address=":0", processes=True
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        assert client.gather(client.map(digest, NAMES, pure=False)) == here


def test_a_pack_is_the_same_after_anything_else(here):
    form = loaded()[0][FORM]
    datas = [submissions.parse(path.read_bytes()).data for path in valid_samples(FORM)]
    bound = [Bound(f"{number}", form, data) for number, data in enumerate(datas)]
    first = pack(bound, Press(), title="包", duplex=True)
    digest(NAMES[0])
    assert pack(bound, Press(), title="包", duplex=True) == first
