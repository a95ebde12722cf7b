"""The window itself: it puts the rooms together, and wires them."""
