/* SPDX-License-Identifier: ISC */
/*
 * log.h - what the operator is told
 *
 * error: an operator must act; warning: we degraded; info: state changes
 * only; debug: the rest (queried names appear here only). Messages are lower
 * case, "who: what: why", without a full stop. To syslog when detached, to
 * stderr in the foreground (with priorities "<3>" if systemd reads it).
 */
#ifndef LOG_H
#define LOG_H

#include <stdbool.h>

#include "compat.h"

enum log_level { LEVEL_ERROR, LEVEL_WARNING, LEVEL_INFO, LEVEL_DEBUG };

void log_open(bool foreground, enum log_level level);
void log_set_level(enum log_level level);
void log_error(const char *fmt, ...) PRINTF(1, 2);
void log_warning(const char *fmt, ...) PRINTF(1, 2);
void log_info(const char *fmt, ...) PRINTF(1, 2);
void log_debug(const char *fmt, ...) PRINTF(1, 2);

#endif /* LOG_H */
