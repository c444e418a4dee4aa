"""The candle contract (`rules`, `contract`), missing bars (`gaps`), and stretches of bars (`windows`)."""
