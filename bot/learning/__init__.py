"""Learning the weights of the score's parts from what was shown and what visitors made of it."""
