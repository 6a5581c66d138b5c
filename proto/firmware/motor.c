/* SPDX-License-Identifier: MIT */
#include "motor.h"

/* The same everywhere: integers of 32 bits, no state, no order of evaluation. */
static uint32_t hash(uint32_t a, uint32_t b, uint32_t c)
{
	uint32_t x = a * 0x9e3779b1u ^ b * 0x85ebca77u ^ c * 0xc2b2ae3du;

	x ^= x >> 15;
	x *= 0x2c1b3c6du;
	x ^= x >> 12;
	x *= 0x297a2d39u;
	return x ^ x >> 15;
}

/* A value around 0: the sum of four is round enough. */
static int32_t noise(uint32_t a, uint32_t b, uint32_t c)
{
	uint32_t x = hash(a, b, c);

	return (int32_t)(x & 63) + (int32_t)(x >> 8 & 63) + (int32_t)(x >> 16 & 63) +
	       (int32_t)(x >> 24 & 63) - 126;
}

uint32_t motor_cycles(uint32_t run)
{
	return run % 7 == 0 ? 1 + hash(run, 0, 1) % 20 : 60 + hash(run, 0, 1) % 200;
}

uint32_t motor_pause_us(uint32_t run)
{
	return 150000 + hash(run, 0, 2) % 700000;
}

uint16_t motor_voltage_mv(uint32_t run)
{
	return (uint16_t)(6500 + hash(run, 0, 3) % 20 * 100);
}

uint32_t motor_period_us(uint32_t run, uint32_t index)
{
	uint32_t x = hash(run, index, 4);

	if (x % 1009 == 0)
		return UINT32_MAX;
	if (x % 211 == 0)
		return 60000 + x % 40000; /* the needle was held */
	return (uint32_t)((int32_t)(61000000 / motor_voltage_mv(run)) + noise(run, index, 5));
}

uint16_t motor_depth_um(uint32_t run, uint32_t index)
{
	if (hash(run, index, 6) % 401 == 0)
		return UINT16_MAX;
	return (uint16_t)(700 + (int32_t)(hash(run, index / 50, 7) % 200) +
			  noise(run, index, 8) / 8);
}

int32_t motor_current_ma(uint32_t run, uint32_t index)
{
	return 420 + noise(run, index, 9);
}
