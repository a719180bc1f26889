"""Each speed, memory or quality claim of the README as a command that prints the figure."""
