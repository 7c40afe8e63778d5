"""RNN, GRU and LSTM from scratch: cells, unrolling, backward through time, and traces."""
