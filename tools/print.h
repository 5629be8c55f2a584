/* SPDX-License-Identifier: ISC */
/*
 * print.h - output for people: aligned, safe, in colour on a terminal
 *
 * What comes from outside goes through print_text(): it cannot move the
 * cursor, change colours or turn the writing direction.
 */
#ifndef PRINT_H
#define PRINT_H

#include <stdbool.h>
#include <stdio.h>

#include "compat.h"

enum print_paint { PAINT_PLAIN, PAINT_HEAD, PAINT_GOOD, PAINT_WARN, PAINT_BAD,
		   PAINT__N };

struct print {
	FILE *file;
	bool colour;
	bool blocks;		/* the terminal knows U+2588 */
	unsigned int width;	/* columns */
	unsigned int label;	/* columns of a row's label */
};

/* To stdout. Plain in a pipe, with NO_COLOR (no-color.org) or plain set. */
void print_init(struct print *p, bool plain);

/* Control characters come out as \xNN, \u{NNNN}. */
void print_text(FILE *file, const char *text);
/* The same, but line feeds and tabs stay. */
void print_lines(FILE *file, const char *text);
/* Columns that print_text() takes. */
unsigned int print_width(const char *text);

/* In colour if there is any. */
void print_painted(struct print *p, enum print_paint paint, const char *text);
/* Followed by spaces up to width columns. */
void print_padded(struct print *p, unsigned int width, const char *text);

/* "head: text" */
void print_head(struct print *p, const char *head, enum print_paint paint,
		const char *text);
/* "  label:    text", the texts of all rows aligned. */
void print_row(struct print *p, const char *label, enum print_paint paint,
	       const char *text);

/* A row of items, separated by commas, broken where the line ends. */
struct print_list {
	struct print *print;
	unsigned int column;
	bool any;
};
void print_list_begin(struct print_list *l, struct print *p,
		      const char *label);
void print_list_item(struct print_list *l, const char *text);
void print_list_end(struct print_list *l);

#endif /* PRINT_H */
