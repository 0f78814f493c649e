"""The verbs of accounts: the only place that writes what a unit, a person, a registration or a password is."""
