"""Looking at a data directory without touching it: what is in each file, and whether all of it is sound."""
