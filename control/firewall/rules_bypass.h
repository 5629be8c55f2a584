/* SPDX-License-Identifier: ISC */
/*
 * rules_bypass.h - the rules of a datapath below the firewall, as text
 */
#ifndef RULES_BYPASS_H
#define RULES_BYPASS_H

#include "firewall/fw.h"

enum { RULES_BYPASS = 2048 };

/* Is the machine's DNS led into the device? */
bool rules_bypass_led(const struct fw_ruleset *r);

/* A chain of its own; the lines of two; the first lines of output; those of
 * input. Each fills text[RULES_BYPASS], with "" where it has nothing to say. */
void rules_bypass_guard(const struct fw_ruleset *r, char *text);
void rules_bypass_steer(const struct fw_ruleset *r, char *text);
void rules_bypass_answers(const struct fw_ruleset *r, char *text);
void rules_bypass_output(const struct fw_ruleset *r, char *text);
void rules_bypass_input(const struct fw_ruleset *r, char *text);

#endif /* RULES_BYPASS_H */
