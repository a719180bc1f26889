"""Forecast and explain: a file of cases in bounded memory, or one case of it."""
