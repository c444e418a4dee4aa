"""What happens to models after they were trained: refits, challengers in shadow, drift, comparison, expiry."""
