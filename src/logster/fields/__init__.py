"""What fields of other programs mean, for readers, the search and the command line alike."""
