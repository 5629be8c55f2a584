/* SPDX-License-Identifier: ISC */
/*
 * methodsbench.h - methods called as the control socket calls them
 */
#ifndef METHODSBENCH_H
#define METHODSBENCH_H

#include <jansson.h>
#include <string.h>

#include "daemonbench.h"

static json_t *result;
static struct ctl_error error;

/* 0 or the error's code. params: JSON, or NULL. */
static inline int call(const char *method, const char *params, bool admin)
{
	json_t *p = NULL;
	int rc;

	if (params != NULL) {
		p = json_loads(params, JSON_DECODE_ANY, NULL);
		cr_assert_not_null(p, "%s", params);
	}
	json_decref(result);
	result = NULL;
	memset(&error, 0, sizeof(error));
	rc = methods_call(&bench, method, p, admin, &result, &error);
	json_decref(p);
	cr_assert_eq(rc == 0, result != NULL, "%s", method);
	return rc == 0 ? 0 : (int)error.code;
}

static inline void up(bool netcheck, bool lockdown, enum tunnel_state state)
{
	const struct tunnel t = bench_tunnel(state, CAUSE_OTHER);

	bench_up(netcheck, lockdown, &t);
}

/* Parameters of state.set. */
#define CON "{\"state\":\"connecting\",\"relays\":"
#define UP "{\"state\":\"connected\",\"interface\":\"wg0\""
#define R "\"192.0.2.1:51820\""
#define R16 R "," R "," R "," R "," R "," R "," R "," R "," R "," R "," R \
	"," R "," R "," R "," R "," R
#define ERR "{\"state\":\"error\""

#endif /* METHODSBENCH_H */
