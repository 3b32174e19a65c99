# A build is not imported: it has run, and there is nothing to keep as it is declared.
