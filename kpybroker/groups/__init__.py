"""Group coordination: classic groups and their committed offsets, a machine for each `__consumer_offsets` partition."""
