/* SPDX-License-Identifier: ISC */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "ctlproto.h"

static int run(void *arg, const char *method, json_t *params,
	       json_t **result, struct ctl_error *error)
{
	++*(unsigned int *)arg;
	if (strcmp(method, "echo") == 0) {
		*result = json_incref(params != NULL ? params : json_null());
		return 0;
	}
	if (strcmp(method, "none") == 0)
		return 0;
	error->code = CTL_FAILED;
	if (strcmp(method, "cut") == 0)
		return why_set(&error->why, -1, "caf\xc3");
	strcpy(error->step, "listen");
	return why_set(&error->why, -1, "port 53 is held by dnsmasq");
}

#define CALL(method) "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\"}"
#define RESULT(value) "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":" value "}"
#define ERROR(id, code, text) "{\"jsonrpc\":\"2.0\",\"id\":" id \
	",\"error\":{\"code\":" code ",\"message\":\"" text "\"}}"
#define BATCH16 "1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1"
#define PARSE "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,"
#define SAID(s) s, sizeof(s) - 1

static const struct {
	const char *what;
	const char *line;
	size_t len;
	const char *want;	/* "": no answer; with a comma at the end, only
				 * how it begins */
} lines[] = {
	{ "a call", SAID(CALL("echo")), RESULT("null") },
	{ "id is a string", SAID("{\"jsonrpc\":\"2.0\",\"id\":\"x\","
	  "\"method\":\"echo\"}"),
	  "{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"result\":null}" },
	{ "id is null", SAID("{\"jsonrpc\":\"2.0\",\"id\":null,"
	  "\"method\":\"echo\"}"),
	  "{\"jsonrpc\":\"2.0\",\"id\":null,\"result\":null}" },
	{ "id is an object", SAID("{\"jsonrpc\":\"2.0\",\"id\":{},"
	  "\"method\":\"echo\"}"), ERROR("null", "-32600",
	  "\\\"id\\\" is a string, a number or null") },
	{ "no id, no answer", SAID("{\"jsonrpc\":\"2.0\","
	  "\"method\":\"echo\"}"), "" },
	{ "no id, bad params", SAID("{\"jsonrpc\":\"2.0\","
	  "\"method\":\"echo\",\"params\":1}"), "" },
	{ "no id, failing", SAID("{\"jsonrpc\":\"2.0\",\"method\":\"fail\"}"),
	  "" },
	{ "params", SAID("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\","
	  "\"params\":{\"on\":true}}"), RESULT("{\"on\":true}") },
	{ "params are an array", SAID("{\"jsonrpc\":\"2.0\",\"id\":1,"
	  "\"method\":\"echo\",\"params\":[1]}"),
	  ERROR("1", "-32602", "\\\"params\\\" is not an object") },
	{ "version 1.0", SAID("{\"jsonrpc\":\"1.0\",\"id\":1,"
	  "\"method\":\"echo\"}"),
	  ERROR("1", "-32600", "\\\"jsonrpc\\\" is not \\\"2.0\\\"") },
	{ "no version", SAID("{\"id\":1,\"method\":\"echo\"}"),
	  ERROR("1", "-32600", "\\\"jsonrpc\\\" is not \\\"2.0\\\"") },
	{ "method is a number", SAID("{\"jsonrpc\":\"2.0\",\"id\":1,"
	  "\"method\":7}"),
	  ERROR("1", "-32600", "\\\"method\\\" is not a string") },
	{ "a step fails", SAID(CALL("fail")),
	  "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32002,"
	  "\"message\":\"port 53 is held by dnsmasq\","
	  "\"data\":{\"step\":\"listen\"}}}" },
	{ "sentence cut inside a character", SAID(CALL("cut")),
	  ERROR("1", "-32002", "caf?") },
	{ "method without a result", SAID(CALL("none")),
	  ERROR("1", "-32603", "there is no result") },

	{ "batch of none", SAID("[]"),
	  ERROR("null", "-32600", "a batch holds 1 to 16 requests") },
	{ "batch of 17", SAID("[1," BATCH16 "]"),
	  ERROR("null", "-32600", "a batch holds 1 to 16 requests") },
	{ "batch of 16", SAID("[" BATCH16 "]"),
	  "[{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600," },
	{ "batch without ids", SAID("[{\"jsonrpc\":\"2.0\","
	  "\"method\":\"echo\"}]"), "" },
	{ "batch in a batch", SAID("[[]]"),
	  "[{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32600,"
	  "\"message\":\"a request is an object\"}}]" },

	{ "garbage", SAID("GET / HTTP/1.1\r"), PARSE },
	{ "a number", SAID("1"),
	  ERROR("null", "-32600", "a request is an object") },
	{ "NUL behind a request", SAID("{}\0"), PARSE },
	{ "NUL in a string", SAID("{\"a\":\"\0\"}"), PARSE },
	{ "escaped NUL", SAID("{\"a\":\"\\u0000\"}"), PARSE },
	{ "not UTF-8", SAID("{\"a\":\"\xff\"}"), PARSE },
	{ "overlong UTF-8", SAID("{\"a\":\"\xc0\xaf\"}"), PARSE },
	{ "half a surrogate pair", SAID("{\"a\":\"\\ud800\"}"), PARSE },
	{ "a member twice", SAID("{\"id\":1,\"id\":2}"), PARSE },
	{ "integer over 64 bits", SAID("{\"id\":99999999999999999999}"),
	  PARSE },
	{ "two objects on a line", SAID("{} {}"), PARSE },
};

Test(ctlproto, lines)
{
	for (size_t i = 0; i < NITEMS(lines); i++) {
		unsigned int runs = 0;
		struct ctlproto p = { .run = run, .arg = &runs };
		json_t *answer = ctlproto_answer(&p, lines[i].line,
						 lines[i].len);
		char *text = answer != NULL ? json_dumps(answer, JSON_COMPACT)
					    : strdup("");
		size_t len = strlen(lines[i].want);

		if (len == 0 || lines[i].want[len - 1] != ',')
			len++;

		cr_expect_eq(strncmp(text, lines[i].want, len), 0, "%s: %s",
			     lines[i].what, text);
		free(text);
		json_decref(answer);
	}
}

Test(ctlproto, without_id_is_carried_out)
{
	static const char line[] = "{\"jsonrpc\":\"2.0\",\"method\":\"echo\"}";
	unsigned int runs = 0;
	struct ctlproto p = { .run = run, .arg = &runs };

	cr_expect_null(ctlproto_answer(&p, line, strlen(line)));
	cr_expect_eq(runs, 1);
}

Test(ctlproto, deep_nesting)
{
	static char line[60000];
	struct ctlproto p = { .run = run };
	json_t *answer;

	memset(line, '[', sizeof(line));
	answer = ctlproto_answer(&p, line, sizeof(line));
	cr_expect_eq(json_integer_value(json_object_get(
			json_object_get(answer, "error"), "code")), CTL_PARSE);
	json_decref(answer);
}

Test(ctlproto, event_is_stamped)
{
	json_t *m = ctlproto_event(json_pack("{s:s}", "event", "state"));
	json_t *params = json_object_get(m, "params");

	cr_expect_str_eq(json_string_value(json_object_get(m, "method")),
			 "event");
	cr_expect_null(json_object_get(m, "id"));
	/* 2020-01-01: milliseconds, not seconds. */
	cr_expect_gt(json_integer_value(json_object_get(params, "time_ms")),
		     1577836800000LL);
	json_decref(m);
}
