"""What if: whatever retrains or replays, answers to public challenges among it."""
