"""Order intents and positions: sizes, ids and arithmetic, in Decimal."""
