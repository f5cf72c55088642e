"""The correction pages of `exoraw review`: a small web app on this computer alone; assays bring the pages."""
