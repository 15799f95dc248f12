"""Who has a customer, what is put off, promised, tagged and noted: entries, and the state folded from them."""
