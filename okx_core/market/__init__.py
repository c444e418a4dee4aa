"""The market: instruments, the universe of a day, the order book, fees."""
