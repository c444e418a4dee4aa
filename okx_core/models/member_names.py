"""The names of the members, which settings may know without loading what members are made of."""

DEFAULT_MEMBERS = ("lightgbm_rank_72h", "lightgbm_rank_24h", "ridge_rank_24h")
CHALLENGING_MEMBERS = (
    "catboost_rank_72h", "xgboost_rank_72h", "random_forest_rank_72h", "histogram_boosting_rank_72h", "mlp_rank_24h",
    "lightgbm_top_third_72h",
)  # fmt: skip
MEMBER_NAMES = (*DEFAULT_MEMBERS, *CHALLENGING_MEMBERS)
