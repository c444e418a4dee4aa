"""The names of the members, which settings may know without loading what members are made of."""

import re

DEFAULT_MEMBERS = ("lightgbm_rank_72h", "lightgbm_rank_24h", "ridge_rank_24h")
CHALLENGING_MEMBERS = (
    "catboost_rank_72h", "xgboost_rank_72h", "random_forest_rank_72h", "histogram_boosting_rank_72h", "mlp_rank_24h",
    "lightgbm_top_third_72h",
)  # fmt: skip
MEASURED_VARIANTS = (
    "lightgbm_rank_72h_stopped", "lightgbm_rank_24h_stopped", "lightgbm_top_third_72h_balanced", "lightgbm_profit_72h",
    "lightgbm_profit_72h_balanced", "lightgbm_breakout_24h", "lightgbm_breakout_24h_balanced", "lightgbm_rebound_24h",
    "lightgbm_rebound_24h_balanced",
)  # fmt: skip
MEMBER_NAMES = (*DEFAULT_MEMBERS, *CHALLENGING_MEMBERS, *MEASURED_VARIANTS)
# A member that a search has found ends with a digest of it; only the home's database knows which there are.
FOUND_MEMBER = re.compile(r"[a-z_]+_\d+h_[0-9a-f]{8}")
