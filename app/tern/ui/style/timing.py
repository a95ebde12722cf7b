"""How long things take in the window that stand in several rooms: what moves, what is said, what can be taken back."""

SLIDE_MS = 140  # what moves shows where it went, and nobody waits for it
COPIED_MS = 1400  # a button says "Copied"
UNDO_S = 10  # what was deleted can be brought back by one click
PAUSE_MS = 2  # between two slices of work, for whatever else the window has to do
