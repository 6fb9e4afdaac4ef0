"""`python -m benchmarks`: every benchmark, one after the other."""

from benchmarks import bulk, printing, single

single.main()
printing.main()
bulk.main()
