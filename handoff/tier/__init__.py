"""The tier of support after go-live: proposed by a table, decided by Client Services."""
