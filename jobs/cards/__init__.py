"""What others want to be told of a data set: cards in the forms of hubs, standards and laws."""
