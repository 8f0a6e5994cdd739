"""The report's sections: one file is one, each written from the facts alone."""
