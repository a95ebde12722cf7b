"""How Tern looks: colours, sizes, icons and the controls drawn with them. Knows no page."""
