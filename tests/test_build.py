"""What the build says of what it is made of."""

import json
import re
import runpy
import subprocess
import sys
import tomllib
from importlib import metadata

import pytest

from .conftest import ROOT


@pytest.fixture(scope="module")
def bill(tmp_path_factory) -> dict:
    target = tmp_path_factory.mktemp("bill") / "sbom.json"
    command = [sys.executable, ROOT / "tools" / "sbom.py", "formsvc", target]
    subprocess.run(command, check=True, capture_output=True)
    return json.loads(target.read_text("utf-8"))


def test_the_bill_names_all_that_the_service_needs(bill):
    needed = [each for each in metadata.requires("formsvc") if "extra ==" not in each]
    named = {part["name"] for part in bill["components"]}
    assert {re.split(r"[\[<>=]", each)[0].lower() for each in needed} <= named
    assert bill["bomFormat"] == "CycloneDX"
    assert bill["metadata"]["component"]["name"] == "formsvc"


def test_every_part_has_its_version_its_licence_and_its_place(bill):
    references = {bill["metadata"]["component"]["bom-ref"]}
    for part in bill["components"]:
        assert part["purl"] == f"pkg:pypi/{part['name']}@{part['version']}"
        assert part["licenses"], part["name"]
        references.add(part["bom-ref"])
    assert {each["ref"] for each in bill["dependencies"]} == references
    assert all(set(each["dependsOn"]) <= references for each in bill["dependencies"])


def test_no_part_is_under_a_licence_that_a_service_cannot_keep(bill):
    text = json.dumps([part["licenses"] for part in bill["components"]])
    assert "AGPL" not in text
    assert "Affero" not in text


def test_hashes_name_packages_and_no_address():
    requirements = runpy.run_path(str(ROOT / "tools" / "hashes.py"))["requirements"]
    archive = {"url": "https://somewhere/x.whl", "archive_info": {"hashes": {"sha256": "ab12"}}}
    report = {
        "install": [
            {"metadata": {"name": "waitress", "version": "3.0.2"}, "download_info": archive},
            {
                "metadata": {"name": "formsvc", "version": "1"},
                "download_info": {"url": "file:///x", "dir_info": {}},
            },
        ]
    }
    assert requirements(report) == ["waitress==3.0.2 --hash=sha256:ab12"]
    del archive["archive_info"]
    with pytest.raises(ValueError, match="waitress"):
        requirements(report)


def test_the_licence_comes_along():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "Apache-2.0"
    assert "Apache License" in (ROOT / "LICENSE").read_text()
