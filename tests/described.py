"""What schemathesis cannot know of the interface (see described.toml)."""

import requests
import schemathesis

LARGEST = 10**18 - 1
FILINGS = 8
"""So many submissions of a store are asked for, by their ids."""


@schemathesis.hook
def before_call(context, case, kwargs):
    """Ask for what there is: most of what is made up is nowhere, and what is not there is 404."""
    named = case.body.get("form") if isinstance(case.body, dict) else None
    if "form" in case.path_parameters and isinstance(named, str) and named.isascii() and named:
        case.path_parameters["form"] = named  # else hardly any would meet the rules of its form
    filing = case.path_parameters.get("filing")
    if isinstance(filing, int) and 0 < filing <= LARGEST:
        case.path_parameters["filing"] = filing % FILINGS + 1
        if "If-Match" in (case.headers or {}) and len(case.headers["If-Match"]) % 2:
            case.headers["If-Match"] = tag(case, kwargs)


def tag(case, kwargs) -> str:
    """What a submission is based on now."""
    address = f"{case.operation.base_url}/api/v1/submissions/{case.path_parameters['filing']}"
    headers = kwargs.get("headers") or {}
    return requests.get(address, headers=headers, timeout=10).headers.get("ETag", '"1"')
