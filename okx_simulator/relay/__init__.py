"""Paper trading on live prices: OKX's public data passed through, orders filled here.

Every public answer is OKX's own, at most a moment old, asked for within OKX's limits and marked with the
header `x-relayed-from`. Orders of the account never leave this machine: they are matched against the book
that OKX shows. Resting orders and stops are looked at once a second, at the price of that second, so what
happens between two looks is not seen; trailing stops, which need every price, are refused, and so are
swaps. Public WebSocket channels are not relayed: connect to OKX for them.
"""
