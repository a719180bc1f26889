"""Keep which model is live: registration, stages, the gate, promotion and its ledger, expiry."""
