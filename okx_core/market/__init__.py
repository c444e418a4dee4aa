"""What is known of a market: instruments, the universe of a day, the order book, fees."""
