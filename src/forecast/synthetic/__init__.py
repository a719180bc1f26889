"""Make up a table of cases to try the package on where no data set is at hand."""
