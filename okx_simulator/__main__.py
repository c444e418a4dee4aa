"""Entry point of `python -m okx_simulator`."""

from okx_simulator.server.cli import main

raise SystemExit(main())
