"""What was known: the catalogue of features, the history kernel, the matrix of features, and the facts behind them."""
