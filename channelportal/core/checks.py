"""System checks: wrong settings and missing rows, each with an id and the remedy."""
