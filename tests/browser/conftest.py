"""The served application and a real Chromium in front of it. Nothing is mocked.

Without Chromium these tests fail: `apt-get install chromium-headless-shell`, which is Chromium without
the window around its pages: it makes a new profile in a third of the time.
"""

import json
import shutil
import zipfile
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.generate import batch
from tests.serving import served

_FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
STANDARDS = {
    "type": "tag",
    "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
_VIOLATIONS = """only => axe.run({runOnly: only, resultTypes: ["violations"]}).then(answer =>
    answer.violations.flatMap(each =>
        each.nodes.map(node => `${each.id}: ${node.html.slice(0, 160)}`)))"""


def launched(playwright) -> Browser:
    """The system's Chromium."""
    path = shutil.which("chromium-headless-shell")
    assert path, "these tests need Chromium: apt-get install chromium-headless-shell"
    return playwright.chromium.launch(executable_path=path, args=_FLAGS)


@pytest.fixture(scope="package")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    with served(folder, FORMSVC_RUNS=str(folder / "runs")) as server:
        yield server.address


# Of the package, not the session: its event loop must not run beside that of other tests.
@pytest.fixture(scope="package")
def chromium():
    with sync_playwright() as playwright:
        browser = launched(playwright)
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium, address):
    """open_page(scripts=True, width=1280) → a page of a fresh browser profile.

    A script error, a console error or a request to another host fails the test.
    """
    contexts = []
    complaints: list[str] = []

    def opened(*, scripts: bool = True, width: int = 1280) -> Page:
        context = chromium.new_context(
            base_url=address, java_script_enabled=scripts, locale="zh-CN",
            viewport={"width": width, "height": 900},
        )  # fmt: skip
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(8000)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if _is_bad(said) else None)
        page.on("request", lambda sent: _same_host(sent.url, address, complaints))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not complaints


def _is_bad(said) -> bool:
    # Answers that a test asked for, and those that it held back.
    wanted = "status of 4" in said.text or "net::ERR_FAILED" in said.text
    return said.type == "error" and not wanted


def _same_host(url: str, address: str, complaints: list[str]) -> None:
    if not url.startswith((address, "data:", "blob:", "about:", "chrome-extension:")):
        complaints.append(f"request to {url}")


def violated(page: Page, only: dict = STANDARDS) -> list[str]:
    """What axe finds on a page, by these rules or tags; axe itself goes there once."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(Axe().axe_script)
    return page.evaluate(_VIOLATIONS, only)


@pytest.fixture
def violations():
    """violations(page) → what axe finds, as texts."""
    return violated


@pytest.fixture(scope="session")
def mixed(tmp_path_factory) -> Path:
    """A ZIP of thirty invented submissions, a third of them faulty, and one that is no JSON."""
    path = tmp_path_factory.mktemp("batch") / "各单位.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number, data in enumerate(batch(30, units=8, faulty=0.35)):
            archive.writestr(
                f"{number:03d}-{data['person'].get('name', '无名')}.json", json.dumps(data)
            )
        archive.writestr("坏.json", "{")
    return path
