"""Fit models as an experiment file says, on splits that are honest about time and people, and track every run."""
