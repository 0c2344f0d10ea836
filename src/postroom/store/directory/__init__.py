"""Who has mail here, as it is looked up."""
