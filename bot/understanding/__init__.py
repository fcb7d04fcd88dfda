"""From a message to a `Turn`: language, limits, words and their meaning in the catalogue, negation, intent."""
