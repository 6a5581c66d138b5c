/* SPDX-License-Identifier: MIT */
/* How a serial device is opened and described; serial.c chooses the way. */
#ifndef TRANSPORT_SERIAL_PORT_H
#define TRANSPORT_SERIAL_PORT_H

#include <sys/types.h>

#include "transport/transport.h"

/*
 * By libserialport: opens the real port at @real_path (no symlink) raw, 8N1, without flow control.
 * *ret_fd is the caller's; it blocks nobody and is CLOEXEC. -ENODEV: libserialport cannot take this
 * path; -EINVAL: the port cannot do this baud rate; or the system's error.
 */
int serial_port_open(const char *real_path, const struct serial_policy *policy, int *ret_fd);
/* -ENODEV: not a port that libserialport knows. */
int serial_port_describe(const char *real_path, struct serial_info *ret);

/* By termios, on the caller's open @fd. A pseudo-terminal has no speed and takes any baud rate.
 * -EINVAL, or the system's error. */
int serial_raw_setup(int fd, const struct serial_policy *policy);
/*
 * After either: a read of an idle port waits instead of looking like the port's end (libserialport
 * wants it the other way), and closing the port drops no modem line.
 */
int serial_raw_finish(int fd);
bool serial_is_pseudo(dev_t rdev);

/*
 * Who else has the terminal @rdev open: "name[pid]", caller frees with free(). NULL when nobody is
 * seen; without privileges only processes of the same user can be.
 */
char *serial_holder(dev_t rdev);
/* Whether the kernel writes its messages to the terminal called @name ("ttyS0"): it belongs to the
 * kernel, not to a pen. */
bool serial_is_console(const char *name);

#endif
