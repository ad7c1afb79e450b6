"""From people in pictures and videos to what an animation plays."""
