-- SPDX-License-Identifier: MIT
-- Closes what story.begin opens.

	ORDER BY 1, 2, 3 LIMIT :limit
) few
	LEFT JOIN client c ON c.id = few.client
	LEFT JOIN personal cn ON cn.entry = c.number_entry AND cn.field = 'number'
	LEFT JOIN personal cm ON cm.entry = c.name_entry AND cm.field = 'name'
ORDER BY few.at_us, few.n, few.id
