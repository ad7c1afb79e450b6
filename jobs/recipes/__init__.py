"""Settings by name: curations and trainings."""
