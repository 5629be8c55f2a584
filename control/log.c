/* SPDX-License-Identifier: ISC */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <syslog.h>

enum { LINE = 1024 };

static const int priorities[] = {
	[LEVEL_ERROR] = LOG_ERR, [LEVEL_WARNING] = LOG_WARNING,
	[LEVEL_INFO] = LOG_INFO, [LEVEL_DEBUG] = LOG_DEBUG,
};

static enum log_level threshold = LEVEL_INFO;
static bool to_stderr = true;
static bool prefixed;	/* sd-daemon(3): "<3>" in front of the line */

void log_open(bool foreground, enum log_level level)
{
	to_stderr = foreground;
	prefixed = foreground && getenv("JOURNAL_STREAM") != NULL;
	threshold = level;
	if (!foreground)
		openlog("sallyportd", LOG_PID | LOG_NDELAY, LOG_DAEMON);
}

void log_set_level(enum log_level level)
{
	threshold = level;
}

/* What others sent may be in the text: one event stays one line. */
static void make_printable(char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < ' ' || *text == 0x7f)
			*text = '?';
}

static void put(enum log_level level, const char *fmt, va_list ap) PRINTF(2, 0);

static void put(enum log_level level, const char *fmt, va_list ap)
{
	char text[LINE];

	if (level > threshold)
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	make_printable(text);
	if (!to_stderr)
		syslog(priorities[level], "%s", text);
	else if (prefixed)
		fprintf(stderr, "<%d>%s\n", priorities[level], text);
	else
		fprintf(stderr, "%s\n", text);
}

void log_error(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(LEVEL_ERROR, fmt, ap);
	va_end(ap);
}

void log_warning(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(LEVEL_WARNING, fmt, ap);
	va_end(ap);
}

void log_info(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(LEVEL_INFO, fmt, ap);
	va_end(ap);
}

void log_debug(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	put(LEVEL_DEBUG, fmt, ap);
	va_end(ap);
}
