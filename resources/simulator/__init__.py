"""The admin port of the simulated exchange."""
