/* SPDX-License-Identifier: MIT */
/*
 * What the firmware asks of a board. A maker writes another board_*.c and keeps the rest. Times are
 * microseconds since the board was powered up or reset.
 */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "pw_log.h"

/* Clocks, UART, pages of the log. Called once, first of all. */
void board_init(void);

/* The one counter: 64 bits, steady, never set, never back. From any context. */
uint64_t board_ticks(void);
/* Sleeps until an interrupt: a byte from the host, the motor, or @tick_us at the latest. Returns at
 * once if there are bytes. */
void board_sleep(uint64_t tick_us);

/* What the host sent, up to @cap bytes; 0 if nothing. Interrupts fill a buffer of BOARD_RX bytes
 * meanwhile. */
size_t board_receive(uint8_t *out, size_t cap);
/* How many bytes board_send() takes now without waiting. */
size_t board_room(void);
void board_send(const uint8_t *data, size_t len); /* len: at most board_room() */

/* Memory that outlives power, in pages (pw_log.h says what is expected of it). */
extern const struct pw_store board_store;

/* 64 bits that differ from board to board and from time to time, never 0. */
uint64_t board_random(void);
/* This board's own number, from where the factory put it. */
const char *board_serial(void);
/* enum pw_boot_reason */
uint8_t board_boot_reason(void);

void board_led(bool on);

#endif
