"""Campaigns: brokers that are killed and reopened thousands of times, and what they had promised."""
