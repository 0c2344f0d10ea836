"""Administration, implemented once: each operation is a function over an `Office`, whoever asks for it and on whichever way."""
