"""The durable account: rows, their SQLite file and the events that clients receive."""
