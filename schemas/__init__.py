"""What our data means: frozen records, their Arrow forms, and the drawing of controls. Imports nothing of ours."""
