"""What the ticket pages show, worked out from rows in a fixed number of queries; no rule, no right is decided here."""
