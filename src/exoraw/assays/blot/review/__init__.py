"""The blot page of `exoraw review`: two clicks on a row of bands tell where its lanes run."""
