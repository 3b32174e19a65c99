# What was run cannot be imported: write the resource, and it runs a build of its own.
