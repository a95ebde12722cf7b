"""The terminal: one file a command. Each module has ``register(subparsers)`` and ``run(args) -> int``."""
