"""The store: what people hand in, carried from hand to hand, with a history nobody can change."""
