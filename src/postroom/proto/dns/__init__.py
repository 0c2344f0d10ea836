"""DNS as mail needs it: questions, answers and their errors as values. No resolver and no socket."""
