/* SPDX-License-Identifier: ISC */
#include "question.h"

#include <string.h>

#include "counters.h"

void question_spell(uint8_t *out, const uint8_t *name, size_t len,
		    const uint8_t *bits)
{
	for (size_t i = 0; i < len; i++) {
		bool flip = (bits[i / 8] >> (i % 8) & 1) != 0;

		/* Length octets are at most 63, so never in 'a'..'z'. */
		out[i] = flip && name[i] >= 'a' && name[i] <= 'z' ?
			 name[i] & 0xdf : name[i];
	}
}

size_t question_build(const struct question *q,
		      const struct question_server *s,
		      uint8_t out[static QUESTION_MESSAGE])
{
	uint8_t head[DNSMSG_HEADER] = {
		(uint8_t)(s->id >> 8), (uint8_t)s->id,
		DNSFLAG_RD >> 8, 0, 0, 1,	/* one question */
	};
	uint8_t tail[4] = {
		(uint8_t)(q->type >> 8), (uint8_t)q->type, 0, DNSCLASS_IN,
	};
	static const uint8_t opt[QUESTION_OPT] = {
		[2] = DNSTYPE_OPT,
		[3] = QUESTION_RESPONSE >> 8, QUESTION_RESPONSE & 0xff,
	};
	size_t len = sizeof(head) + q->name_len + sizeof(tail);

	head[11] = s->large;		/* additional records */
	memcpy(out, head, sizeof(head));
	memcpy(out + sizeof(head), s->spelt, q->name_len);
	memcpy(out + sizeof(head) + q->name_len, tail, sizeof(tail));
	if (!s->large)
		return len;
	memcpy(out + len, opt, sizeof(opt));
	return len + sizeof(opt);
}

int question_mismatch(const struct question *q,
		      const struct question_server *s, const struct dnsmsg *m)
{
	if (m->id != s->id)
		return COUNT_BAD_ID;
	if ((m->flags & (DNSFLAG_QR | DNSFLAG_OPCODE)) != DNSFLAG_QR)
		return COUNT_BAD_QR;
	if (m->qtype != q->type ||
	    !dnsname_equal(&m->qname, q->name, q->name_len))
		return COUNT_BAD_QUESTION;
	/* A question's name has no hops: compare it as it stands. */
	if (memcmp(m->msg.p + DNSMSG_HEADER, s->spelt, q->name_len) != 0)
		return COUNT_BAD_CASE;
	return -1;
}
