DELETE FROM tail WHERE id BETWEEN :first AND :last
