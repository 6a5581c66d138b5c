/* SPDX-License-Identifier: MIT */
/*
 * A motor that is not there: run number n is always the same run, so that whoever knows the number
 * knows every cycle of it (tests/e2e/test_firmware.py compiles this file for the PC and compares).
 * A maker has a hall sensor and a timer instead, and drops both motor files.
 */
#ifndef MOTOR_H
#define MOTOR_H

#include <stdint.h>

uint32_t motor_cycles(uint32_t run);   /* of the whole run, 1 and more */
uint32_t motor_pause_us(uint32_t run); /* between its end and the next run's start */
uint16_t motor_voltage_mv(uint32_t run);
uint32_t motor_period_us(uint32_t run, uint32_t index); /* 0xffffffff: the sensor missed it */
uint16_t motor_depth_um(uint32_t run, uint32_t index);	/* 0xffff: not measured */
int32_t motor_current_ma(uint32_t run, uint32_t index);

#endif
