"""The stage: a reply on the whole screen, beside how fast a person reads. Knows no other room of the window."""
