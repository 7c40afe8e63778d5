"""Names, symbols, colours and phrases, shared by everything that is shown. No torch, no figures."""
