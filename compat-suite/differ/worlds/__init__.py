"""What random scripts are about: one file for each world, with `script(dice)` and what its requests are made of."""
