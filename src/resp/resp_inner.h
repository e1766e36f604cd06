/*
 * Between resp_session.c and resp_login.c, not for others: the part of the session that puts the
 * login and judges the answers to it. s->plan[s->step] up to s->plan[s->steps] is what is still
 * to be answered.
 */
#ifndef RESP_RESP_INNER_H
#define RESP_RESP_INNER_H

#include "resp/resp_session.h"

/* Puts the first commands; 1, or RESP_EROOM with nothing written or changed. */
int resp_login_start(struct resp_session *s, struct out *o);

/*
 * One item of the answers. 1, RESP_EAUTH or RESP_ELOGIN with s->refusal set, or RESP_EROOM when
 * the fall-back did not fit: then nothing is written or changed.
 */
int resp_login_item(struct resp_session *s, const struct resp_item *it, struct out *o);

#endif
