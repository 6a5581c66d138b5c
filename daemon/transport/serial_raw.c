/* SPDX-License-Identifier: MIT */
/* Terminals by termios: what libserialport cannot take. */
#include "transport/serial_port.h"

#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <termios.h>

static const struct {
	uint32_t baud;
	speed_t speed;
} speeds[] = {
	{300, B300},	     {600, B600},	  {1200, B1200},       {1800, B1800},
	{2400, B2400},	     {4800, B4800},	  {9600, B9600},       {19200, B19200},
	{38400, B38400},     {57600, B57600},	  {115200, B115200},   {230400, B230400},
	{460800, B460800},   {500000, B500000},	  {576000, B576000},   {921600, B921600},
	{1000000, B1000000}, {1152000, B1152000}, {1500000, B1500000}, {2000000, B2000000},
	{2500000, B2500000}, {3000000, B3000000}, {3500000, B3500000}, {4000000, B4000000},
};

bool serial_is_pseudo(dev_t rdev)
{
	return major(rdev) >= 136 &&
	       major(rdev) <= 143; /* the kernel's list of devices: Unix98 slaves */
}

static int set_speed(int fd, struct termios *tio, uint32_t baud)
{
	struct stat st;

	for (size_t i = 0; i < ELEMENTSOF(speeds); i++)
		if (speeds[i].baud == baud)
			return cfsetspeed(tio, speeds[i].speed) < 0 ? -errno : 0;
	if (fstat(fd, &st) < 0)
		return -errno;
	return serial_is_pseudo(st.st_rdev) ? 0 : -EINVAL;
}

static int set_line(int fd, enum serial_line wanted, int bit)
{
	if (wanted == SERIAL_LINE_KEEP)
		return 0;
	if (ioctl(fd, wanted == SERIAL_LINE_ASSERT ? TIOCMBIS : TIOCMBIC, &bit) == 0)
		return 0;
	/* A terminal without modem lines keeps what it has not. */
	return errno == ENOTTY || errno == EINVAL ? 0 : -errno;
}

int serial_raw_setup(int fd, const struct serial_policy *policy)
{
	struct termios tio;
	int r;

	if (tcgetattr(fd, &tio) < 0)
		return -errno;
	cfmakeraw(&tio);
	tio.c_cflag &= ~(tcflag_t)(CSTOPB | CRTSCTS | HUPCL);
	tio.c_cflag |= CREAD | CLOCAL;
	r = set_speed(fd, &tio, policy->baud);
	if (r < 0)
		return r;
	if (tcsetattr(fd, TCSANOW, &tio) < 0)
		return -errno;
	r = set_line(fd, policy->dtr, TIOCM_DTR);
	return r < 0 ? r : set_line(fd, policy->rts, TIOCM_RTS);
}

int serial_raw_finish(int fd)
{
	struct termios tio;

	if (tcgetattr(fd, &tio) < 0)
		return -errno;
	tio.c_cflag &= ~(tcflag_t)HUPCL;
	tio.c_cc[VMIN] = 1;
	tio.c_cc[VTIME] = 0;
	return tcsetattr(fd, TCSANOW, &tio) < 0 ? -errno : 0;
}
