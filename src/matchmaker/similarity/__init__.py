"""The parts of a score: built once from C capabilities, then ``similarities(problems)`` of shape (P, C)."""
