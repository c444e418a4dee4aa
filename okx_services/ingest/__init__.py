"""From exchange to table: `candle_fetch` over REST, `live_candles` over WebSocket, `gap_repair` for what is missing."""
