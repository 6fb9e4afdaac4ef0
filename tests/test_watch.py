"""What can be seen from outside, and what a proxy may say."""

import ipaddress
import json
import os
import re
import signal
import time
import urllib.error
import urllib.request

import pytest

from formsvc.cli import main
from formsvc.config import Settings, from_environment
from formsvc.errors import ConfigError
from formsvc.web import create_app
from formsvc.web.proxies import Proxies
from formsvc.web.rates import Rates
from formsvc.web.tally import Memory, Tally
from formsvc.web.watch import install

from .conftest import valid_samples
from .serving import Browser, served, until

FORM = "jiangxi-training-summary"
GOOD = valid_samples(FORM)[0].read_bytes()
CHECK = f"/api/v1/forms/{FORM}/check?on=2026-03-01"
CANARY = "6217000000987654321"


def status(url: str, body: bytes | None = None, headers: dict | None = None) -> tuple[int, dict]:
    """(status, headers) of an answer, whatever it is."""
    request = urllib.request.Request(url, data=body, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, dict(answer.headers)
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, dict(answer.headers)


def metric(server, line: str) -> float:
    """The value of the metric with this name and these labels; 0 when it is not told."""
    text = Browser().get(f"{server.address}/metrics")
    found = re.search(rf"^{re.escape(line)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0


# Start


def test_the_start_says_where_to_look_in_one_line_and_nothing_else(tmp_path):
    with served(tmp_path, FORMSVC_ACCESS_LOG="off", FORMSVC_WORKERS="2") as server:
        assert status(server.address + CHECK, GOOD)[0] == 200
        said = server.log.read_text().splitlines()
    assert len(said) == 1
    assert f"{server.address}/" in said[0]


def test_a_wrong_setting_ends_the_start_with_one_line(runner, monkeypatch):
    for name, wrong in (
        ("FORMSVC_WORKERS", "0"),
        ("FORMSVC_TRUSTED_PROXIES", "proxy"),
        ("FORMSVC_SECURE_COOKIES", "yes"),
        ("FORMSVC_SECURITY_CONTACT", "somebody"),
    ):
        with pytest.raises(ConfigError, match=name):
            from_environment({name: wrong})
        with monkeypatch.context() as patch:
            patch.setenv(name, wrong)
            result = runner.invoke(main, ["serve"])
        assert result.exit_code == 2
        assert name in result.stderr


def test_a_worker_that_cannot_start_ends_the_service(tmp_path):
    (tmp_path / "runs").symlink_to(tmp_path)
    serving = served(tmp_path, FORMSVC_RUNS=str(tmp_path / "runs"))
    with pytest.raises(AssertionError, match="FORMSVC_RUNS"), serving:  # that is in its log
        pass


# Counters


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("server")
    some = {"FORMSVC_WORKERS": "3", "FORMSVC_RATE": "5", "FORMSVC_RUNS": str(folder / "runs")}
    with served(folder, **some) as running:
        yield running


def test_all_processes_count_together(server):
    line = 'formsvc_requests_total{route="api.check",status="2xx"}'
    before = metric(server, line)
    for _ in range(30):
        assert status(server.address + CHECK, GOOD)[0] == 200
    until(lambda: metric(server, line) == before + 30, 5)
    count = 'formsvc_request_seconds_count{route="api.check"}'
    assert metric(server, count) == before + 30
    assert (
        metric(server, 'formsvc_request_seconds_bucket{route="api.check",le="+Inf"}') == before + 30
    )


def test_a_worker_that_ends_takes_no_count_with_it(server):
    line = 'formsvc_requests_total{route="api.check",status="2xx"}'
    status(server.address + CHECK, GOOD)
    time.sleep(0.3)  # a request is counted when its last byte is handed over
    before = metric(server, line)
    assert before
    workers = set(server.workers)
    for pid in workers:
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(server.workers) == 3 and not workers & set(server.workers))
    assert metric(server, line) == before


def test_metrics_are_open_metrics(server):
    text = Browser().get(f"{server.address}/metrics")
    assert text.endswith("# EOF\n")
    named = set(re.findall(r"^# TYPE (\S+) (?:counter|gauge|histogram)$", text, re.MULTILINE))
    for line in text.splitlines():
        if not line.startswith("#"):
            name = re.fullmatch(
                r'([a-z_]+)(?:\{[a-z]+="[^"]*"(?:,[a-z]+="[^"]*")*\})? [-+.e0-9]+', line
            )
            assert name, line
            assert re.sub(r"_(total|bucket|count|sum)$", "", name[1]) in named
    assert status(f"{server.address}/metrics")[1]["Content-Type"].startswith(
        "application/openmetrics-text; version=1.0.0"
    )


def test_sandbox_calls_are_counted(app):
    fresh = create_app(Settings(runs=None))
    tally = install(fresh)
    fresh.test_client().post("/api/v1/read", data=b"%PDF-1.7 nothing")
    assert re.search(r'formsvc_sandbox_total\{outcome="(refused|stopped)"\} 1', tally.text())


def test_a_tally_has_room_for_every_route(app):
    routes = [rule.endpoint for rule in app.url_map.iter_rules()]
    memory = Memory(2)
    one, two = Tally(routes, memory, 0), Tally(routes, memory, 1)
    one.request("views.rules", 200, 3.0)
    two.request("views.rules", 500, 30.0)
    assert 'formsvc_request_seconds_count{route="views.rules"} 2' in one.text()
    assert one.text() == two.text()


# Rates


def test_too_many_costly_requests_are_told_when_to_come_again(server):
    answers = [status(f"{server.address}/api/v1/verify", b"x") for _ in range(20)]
    refused = [headers for code, headers in answers if code == 429]
    assert len(refused) in range(13, 16)  # five may pass, and a little time goes by
    assert all(1 <= int(headers["Retry-After"]) <= 12 for headers in refused)
    assert status(server.address + CHECK, GOOD)[0] == 200  # which costs little
    assert metric(server, 'formsvc_refused_total{outcome="rate"}') >= 13


def test_a_client_has_its_whole_minute_at_once_and_then_its_share():
    rates = Rates(60)
    assert [rates.wait("10.0.0.1") for _ in range(60)] == [0] * 60
    assert rates.wait("10.0.0.1") in (1, 2)
    assert rates.wait("10.0.0.2") == 0


def test_an_ipv6_client_does_not_become_another_within_its_network():
    rates = Rates(1)
    assert rates.wait("2001:db8::1") == 0
    assert rates.wait("2001:db8::2") > 0
    assert rates.wait("2001:db8:0:1::1") == 0


# The log


def test_the_log_has_a_line_a_request_and_nothing_that_was_typed(tmp_path):
    with served(tmp_path, FORMSVC_RUNS=str(tmp_path / "runs")) as server:
        browser = Browser()
        address = browser.upload(f"{server.address}/unit", f"{CANARY}.json", GOOD)
        browser.get(address)
        status(server.address + CHECK, GOOD)
        for path in (f"/{CANARY}", f"/?q={CANARY}", f"/forms/{CANARY}", f"/unit/{CANARY}"):
            status(server.address + path)
        status(server.address + f"/{CANARY}", None, {"User-Agent": CANARY, "Referer": CANARY})
        until(lambda: server.log.read_text().count("\n") >= 11)
        text = server.log.read_text()
    assert CANARY not in text
    id = address.rpartition("/")[2]
    assert id not in text
    lines = [json.loads(line) for line in text.splitlines()[1:]]
    assert {"run": id[:6], "route": "batches.show"}.items() <= next(
        line.items() for line in lines if line["route"] == "batches.show"
    )
    assert any(line["route"] == "api.check" and line["form"] == FORM for line in lines)
    assert all({"time", "method", "route", "status"} <= line.keys() for line in lines)


# Hosts, cookies, proxies


def test_host_names_are_taken_in_any_case(server):
    assert status(server.address, None, {"Host": "LocalHost"})[0] == 200
    assert status(server.address, None, {"Host": "example.com"})[0] == 400


@pytest.mark.parametrize("secure", [True, False])
def test_cookies_are_secure_where_the_operator_says_so(tmp_path, secure):
    app = create_app(Settings(runs=tmp_path, secure_cookies=secure))
    assert ("Secure" in app.test_client().get("/unit").headers["Set-Cookie"]) is secure


def test_only_a_trusted_proxy_says_who_asks_and_over_what(tmp_path):
    app = create_app(Settings(runs=tmp_path))
    proxy = ipaddress.ip_network("10.1.0.0/16")
    app.wsgi_app = Proxies(app.wsgi_app, (proxy,))
    forwarded = {
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Prefix": "/rencai",
        "X-Forwarded-Host": "LOCALHOST",
    }
    for peer, believed in (("10.1.2.3", True), ("10.2.2.3", False), ("::1", False)):
        answer = app.test_client().get(
            "/unit", headers=forwarded, environ_overrides={"REMOTE_ADDR": peer}
        )
        assert answer.status_code == 200
        assert ("Secure" in answer.headers["Set-Cookie"]) is believed
        assert ('href="/rencai/review"' in answer.text) is believed


def test_security_txt_names_whom_to_tell(tmp_path):
    app = create_app(Settings(runs=tmp_path, security_contacts=("mailto:security@example.org",)))
    answer = app.test_client().get("/.well-known/security.txt")
    assert answer.mimetype == "text/plain"
    assert "Contact: mailto:security@example.org\n" in answer.text
    assert re.search(r"^Expires: \d{4}-\d\d-\d\dT00:00:00Z$", answer.text, re.MULTILINE)
    without = create_app(Settings(runs=tmp_path))
    assert without.test_client().get("/.well-known/security.txt").status_code == 404


@pytest.mark.parametrize(
    ("path", "size", "expected"), [(f"/forms/{FORM}", 4_500_000, 413), ("/unit", 1_500_000, 413)]
)
def test_urlencoded_bodies_keep_the_limit_of_a_form(client, path, size, expected):
    answer = client.post(path, data={"a": "x" * size})
    assert answer.status_code == expected
