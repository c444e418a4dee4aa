"""`python -m benchmarks`: run all and write RESULTS.md."""

from benchmarks.report import main

if __name__ == "__main__":
    main()
