"""A local exchange that serves OKX API v5: prices from a tape, a durable account, no real money.

`exchange` wires one together; `server` starts it. `rest` and `websocket` are what clients call, `engine` is what
happens to their orders.

Where it is simpler than OKX:

- One account, one book model: orders take from a ladder around the tape's path and fill at their own price
  when the path reaches them, always in full. There is no queue, no self-trade and no market impact.
- Prices: last, index and mark are the same point on the path; a swap has no basis to its pair. One price
  band of ten percent for every instrument.
- Margin: cross only, net positions only, USDT only. One maintenance rate for every size instead of tiers;
  a margin call cancels the swap orders and closes every position at once at the price of the moment, for
  the taker fee. Losses beyond the cash realise the profit of other positions first; the insurance fund
  pays the rest. There is no auto-deleveraging.
- Funding rates come from a hash of pair and time, every eight hours.
- Algo orders: conditional, oco, trigger and move_order_stop. A take-profit attached as a limit order
  (tpOrdKind limit) waits for its trigger like any other, a split one is refused, and attached orders
  cannot be amended. Attached orders of swaps are reduce-only.
- The dead man's switch has one scope: its tag is echoed, and every order of the book goes.
- Refused, and said so: isolated margin, two-way positions, coin-margined swaps, futures, options, twap,
  chase, iceberg.
"""
