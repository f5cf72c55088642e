"""The flow page of `exoraw review`: a tube's density plots, its gates as handles, its numbers at once."""
