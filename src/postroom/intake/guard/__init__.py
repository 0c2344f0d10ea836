"""The guard before the doors: who is listed, who comes too fast, who has to come again, and what filters (milters) say."""
