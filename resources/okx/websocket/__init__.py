"""OKX over WebSocket: what it says, parsed, and connections that come back."""
