"""What a data set or a run was made with, as it is stored there, and how that differs from what is asked."""
