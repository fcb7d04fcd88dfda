"""From an interest to a slate: what is allowed, candidates, parts of the score, choice, reasons, what is missing."""
