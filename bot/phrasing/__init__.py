"""Words: the prompts, the language model, the check against the facts, the plain sentences."""
