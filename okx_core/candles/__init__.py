"""What a candle may be (`rules`, `contract`), what a missing one means (`gaps`), and stretches of bars (`windows`)."""
