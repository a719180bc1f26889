"""Say why a forecast is what it is: contributions that add up, in log-odds, in people in 100, and in words."""
