"""What a data set is on disk: names, tars, arrays, meta, index, and the readers and checks of each."""
