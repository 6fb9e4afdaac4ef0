"""A process that works on a store's jobs until it is killed.

python -m tests.store.jobworker DATA DATABASE
"""

import sys
import threading
from pathlib import Path

from formsvc.config import Settings
from formsvc.store.queue import Jobs
from formsvc.store.store import Store
from formsvc.web.filings.work import performers


def main(data: str, address: str) -> None:
    store = Store.open(Settings(data=Path(data), database=address))
    Jobs(store, performers()).start()
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
