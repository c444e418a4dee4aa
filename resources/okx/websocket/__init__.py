"""OKX over WebSocket: parsed messages, and connections that reconnect. Begin with `stream`."""
