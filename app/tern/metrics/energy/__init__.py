"""Energy as counters of this computer measure it; never an estimate. One file a source."""
