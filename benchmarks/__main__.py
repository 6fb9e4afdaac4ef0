"""`python -m benchmarks`: every benchmark, one after the other."""

from benchmarks import printing, single

single.main()
printing.main()
