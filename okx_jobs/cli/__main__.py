"""`python -m okx_jobs.cli`: the command `okxsignal`."""

from okx_jobs.cli.main import main

if __name__ == "__main__":
    main()
