"""What happened next: definitions of outcomes, follow-up and censoring, and the flow of cases."""
