"""The OKX client: what the rest of the platform asks an exchange for, in its own words."""

from resources.okx.account import Account
from resources.okx.algo_orders import AlgoOrders
from resources.okx.market_data import MarketData
from resources.okx.trading import Trading


class OkxClient(MarketData, Account, Trading, AlgoOrders):
    """OKX over REST. May be shared by the threads of a pool; times are UTC-aware datetimes."""
