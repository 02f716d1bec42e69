"""The small language of predicates and quantities: parse it, name its parts; it knows no values."""
