"""The models: what is here, what can be had, and bringing one in."""
