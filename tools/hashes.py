"""hashes.py: pip's installation report on standard input → requirements with their SHA-256.

Names, versions and hashes alone: where a package came from stands in the report and nowhere else.
"""

import json
import sys
from typing import Any


def requirements(report: dict[str, Any]) -> list[str]:
    """`name==version --hash=sha256:…` of all but checkouts; ValueError where there is no hash."""
    lines = []
    for item in report["install"]:
        if "dir_info" in item["download_info"]:
            continue
        about = item["metadata"]
        digest = item["download_info"].get("archive_info", {}).get("hashes", {}).get("sha256")
        if not digest:
            raise ValueError(f"{about['name']} has no hash")
        lines.append(f"{about['name']}=={about['version']} --hash=sha256:{digest}")
    return sorted(lines, key=str.lower)


if __name__ == "__main__":
    print("\n".join(requirements(json.load(sys.stdin))))
