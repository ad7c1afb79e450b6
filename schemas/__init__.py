"""What our data means: frozen records, their Arrow forms, drawn controls. Imports nothing of ours."""
