/* SPDX-License-Identifier: ISC */
/*
 * line.h - one event of a dry run, as a line for people or a JSON object
 */
#ifndef LINE_H
#define LINE_H

#include <stdio.h>

#include "dryrun.h"

struct line {
	FILE *file;
	const struct judge *judge;
	const char *path;	/* of the capture; told in JSON */
};

/* A dryrun_tell each; context is a struct line. */
dryrun_tell line_text, line_json;

#endif /* LINE_H */
