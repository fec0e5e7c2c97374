"""Conversations of several steps: written like cases, one file per story."""
