"""`python -m benchmarks`: every benchmark, one after the other; `benchmarks.soak` is apart."""

from benchmarks import bulk, printing, single, slow, starting

starting.main()
single.main()
printing.main()
bulk.main()
slow.main()
