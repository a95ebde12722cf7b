"""The library: which models are known, how one is fetched, verified and kept. Knows no engine and no window.

The network is used in the ``hub*`` files and nowhere else in Tern.
"""
