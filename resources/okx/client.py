"""The OKX client: what the rest of the platform asks an exchange for, in its own words."""

from resources.okx.calls.account import Account
from resources.okx.calls.algo_orders import AlgoOrders
from resources.okx.calls.market_data import MarketData
from resources.okx.calls.trading import Trading


class OkxClient(MarketData, Account, Trading, AlgoOrders):
    """OKX over REST. May be shared by the threads of a pool; times are UTC-aware datetimes."""
