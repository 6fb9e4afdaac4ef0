"""sbom.py NAME FILE: what an installed package is made of, as CycloneDX 1.6 JSON.

Told by the metadata of what is installed: NAME and all that it needs here, without extras. No time
and no random number is in it: the same installation gives the same file.
"""

import json
import re
import sys
from importlib import metadata
from typing import Any

from packaging.requirements import Requirement


def bill(name: str) -> dict[str, Any]:
    """The bill of one package. Raises PackageNotFoundError when it is not installed."""
    needs = _needs(name)
    root = metadata.distribution(name)
    parts = [_component(each) for each in sorted(needs) if each != _plain(name)]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": {**_component(root.name), "type": "application"}},
        "components": parts,
        "dependencies": [
            {"ref": _address(each), "dependsOn": sorted(map(_address, needs[each]))}
            for each in sorted(needs)
        ],
    }


def _needs(name: str) -> dict[str, set[str]]:
    """What each package needs directly, from NAME on."""
    found: dict[str, set[str]] = {}
    waiting = [_plain(name)]
    while waiting:
        each = waiting.pop()
        if each in found:
            continue
        asked = map(Requirement, metadata.requires(each) or [])
        wanted = (r for r in asked if r.marker is None or r.marker.evaluate({"extra": ""}))
        found[each] = {_plain(requirement.name) for requirement in wanted}
        waiting += found[each]
    return found


def _component(name: str) -> dict[str, Any]:
    distribution = metadata.distribution(name)
    about = distribution.metadata
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": _address(name),
        "name": _plain(name),
        "version": distribution.version,
        "purl": _address(name),
    }
    licence = about.get("License-Expression")
    if licence:
        component["licenses"] = [{"expression": licence}]
    elif told := _licence_told(about):
        component["licenses"] = [{"license": {"name": told}}]
    return component


def _licence_told(about: Any) -> str:
    """In a classifier, or in the first line of the old field."""
    classifiers = about.get_all("Classifier") or []
    kinds = [each.rpartition(" :: ")[2] for each in classifiers if each.startswith("License ::")]
    return kinds[0] if kinds else (about.get("License") or "").partition("\n")[0]


def _address(name: str) -> str:
    return f"pkg:pypi/{_plain(name)}@{metadata.version(name)}"


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    with open(sys.argv[2], "w", encoding="utf-8") as stream:
        json.dump(bill(sys.argv[1]), stream, indent=1, ensure_ascii=False)
