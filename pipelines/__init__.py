"""One thin module per DVC stage: parameters and paths in, a library call, files out."""
