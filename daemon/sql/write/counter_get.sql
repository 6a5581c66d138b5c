SELECT counter_bits, counter_cycles, counter_on_us, counter_total FROM pen WHERE id = :id
