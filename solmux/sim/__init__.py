"""Simulated BMCs with believable servers behind them, and a faulty link."""
