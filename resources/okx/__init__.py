"""The OKX REST client: the same code against the simulator and the real hosts."""
