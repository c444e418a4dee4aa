"""The exchange's WebSocket: channels, pushes, login and order operations."""
