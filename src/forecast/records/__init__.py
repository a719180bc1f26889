"""What happened: the canonical records of a force, their readers and checks, and the offence taxonomy."""
