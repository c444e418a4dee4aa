"""Where prices come from: recorded candles or the synthetic market. Begin with `bars`."""
