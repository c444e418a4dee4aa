"""Backtest: recorded signals traded hour by hour with shared cash and costs, and its statistics."""
