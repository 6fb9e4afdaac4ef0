"""`python -m benchmarks`: every benchmark, one after the other; `benchmarks.soak` is apart."""

from benchmarks import asking, bulk, printing, single, slow, starting, workers

starting.main()
single.main()
printing.main()
bulk.main()
asking.main()
workers.main()
slow.main()
