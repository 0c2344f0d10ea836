"""sendmail(1) and its kin."""
