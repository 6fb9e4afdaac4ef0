"""The wheel carries the forms and works outside the checkout."""

import subprocess
import sys
import zipfile

import pytest

from .conftest import ROOT, valid_samples

SUMMARY = "jiangxi-training-summary"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        folder,
        ROOT,
    ]
    subprocess.run(command, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


def test_the_wheel_carries_schemas_and_templates(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert f"formsvc/schemas/jiangxi/{SUMMARY}/2021-1/form.toml" in names
    assert f"formsvc/templates/jiangxi/{SUMMARY}/2021-1/form.docx" in names
    assert "formsvc/web/static/site.css" in names


def test_an_installed_wheel_checks_and_fills_outside_the_checkout(wheel, tmp_path):
    site = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(site)
    sample = valid_samples(SUMMARY)[0]
    script = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import formsvc; assert formsvc.__file__.startswith(sys.argv[1])\n"
        "from formsvc.cli import main\n"
        "main(['fill', sys.argv[2], '-o', sys.argv[3], '--on', '2026-03-01'])\n"
    )
    target = tmp_path / "out.docx"
    subprocess.run(
        [sys.executable, "-c", script, site, sample, target], check=True, cwd=tmp_path, timeout=60
    )
    assert zipfile.is_zipfile(target)
