"""An independent audit of the words: lines are written as visitors get them, then matched against their facts."""
