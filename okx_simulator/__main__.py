"""Entry point of `python -m okx_simulator`."""

from okx_simulator.cli import main

raise SystemExit(main())
