"""The calls of the exchange by subject, in our own words."""
