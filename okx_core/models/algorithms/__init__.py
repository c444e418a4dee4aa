"""The learning algorithms of members, a file per kind, each with a fit and a load; and the baselines."""
