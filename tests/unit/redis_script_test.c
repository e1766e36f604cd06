/* Scripts: the digest is learned, and the source is sent when the server has lost it. */
#include "drivers/redis_script.h"

#include "unit/redis_client.h"

#define SHA "0123456789012345678901234567890123456789"
#define LOAD "*3\r\n$6\r\nSCRIPT\r\n$4\r\nLOAD\r\n$8\r\nreturn 1\r\n"
#define TAIL "$1\r\n1\r\n$1\r\nk\r\n$1\r\nv\r\n"
#define EVAL "*5\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n" TAIL
#define EVALSHA "*5\r\n$7\r\nEVALSHA\r\n$40\r\n" SHA "\r\n" TAIL
#define DIGEST "$40\r\n" SHA "\r\n"
#define NOSCRIPT "-NOSCRIPT No matching script.\r\n"

static struct redis_script script;

/* What a call needs until it is over: at most two at a time. */
static struct redis_eval evals[2];
static struct span arguments[2][REDIS_SCRIPT_ARGS + 2];
static unsigned calls;

static void call(char name, uint32_t ms)
{
	struct redis_eval *eval = &evals[calls % 2];
	struct span *argv = arguments[calls++ % 2];
	argv[REDIS_SCRIPT_ARGS] = SPAN("k");
	argv[REDIS_SCRIPT_ARGS + 1] = SPAN("v");
	struct ask *a = ask_new(name, NULL);
	asked(a, redis_eval(&client, eval, &a->q, &(struct redis_options){.ms = ms}, &script, 1,
			    REDIS_SCRIPT_ARGS + 2, argv));
}

static void forget(void)
{
	script = (struct redis_script){.source = SPAN("return 1")};
}

static void answers(const char *says, const char *want, const char *name)
{
	peer_say(&peer, says);
	UNTIL(noted > 0);
	noted_is(want, name);
}

static void learns(void)
{
	forget();
	begin_ready();
	call('a', 5000);
	peer_heard(&peer, LOAD EVAL, "first: learns the digest, and does not wait for it");
	answers(DIGEST ":1\r\n", "a=:1;", "the reply");
	call('b', 5000);
	peer_heard(&peer, EVALSHA, "then by the digest");
	answers(":2\r\n", "b=:2;", "the reply");
	call('c', 5000);
	peer_heard(&peer, EVALSHA, "by the digest");
	peer_say(&peer, NOSCRIPT);
	peer_heard(&peer, EVAL, "the server has lost it: the source");
	answers(":3\r\n", "c=:3;", "the reply is of the second");
	call('d', 5000);
	peer_hear(&peer, strlen(EVALSHA));
	answers("-ERR wrong\r\n", "d=-ERR wrong;", "another error");
	peer_forget(&peer);
	call('e', 5000);
	peer_hear(&peer, strlen(EVALSHA));
	peer_forget(&peer);
	answers("*2\r\n+1\r\n" NOSCRIPT, "e=*2 .+1 .-NOSCRIPT No matching script.;",
		"the word inside of a reply means nothing");
	end_calmly("learns");
}

static void asks_again(void)
{
	static const char *const digests[] = {"-NOPERM no\r\n", "$3\r\nabc\r\n", "*1\r\n+x\r\n",
					      "_\r\n"};
	forget();
	begin_ready();
	for (size_t i = 0; i < sizeof digests / sizeof *digests; i++) {
		call('a', 5000);
		peer_heard(&peer, LOAD EVAL, "no digest is known");
		peer_say(&peer, digests[i]);
		answers(NOSCRIPT, "a=-NOSCRIPT No matching script.;",
			"an answer to the source is final");
		ok(!script.known, "row %zu is none", i);
	}
	call('b', 5000);
	peer_heard(&peer, LOAD EVAL, "asked again");
	call('c', 5000);
	peer_heard(&peer, EVAL, "but not twice at a time");
	peer_say(&peer, DIGEST ":1\r\n:2\r\n");
	UNTIL(noted_has("c="));
	noted_is("b=:1;c=:2;", "learned at last");
	ok(script.known, "and kept");
	end_calmly("asks again");
}

static void fails(void)
{
	forget();
	script.known = true;
	memcpy(script.sha1, SHA, sizeof script.sha1);
	begin();
	start();
	call('a', 5000);
	noted_is("a-down;", "without a connection");
	log_in();
	notes_forget();
	call('b', 5000);
	peer_heard(&peer, EVALSHA, "a digest that was given");
	peer_hang_up(&peer);
	UNTIL(noted_has("down"));
	noted_is("b!lost;down(peer closed the connection);", "lost");
	log_in();
	notes_forget();
	call('c', 60);
	UNTIL(noted_has("down"));
	noted_is("c!late;down(deadline passed);", "late");
	log_in();
	notes_forget();
	call('d', 5000);
	peer_heard(&peer, EVALSHA, "by the digest");
	client.ready = false;
	answers(NOSCRIPT, "d!unsent;", "lost by the server, and nothing can be sent: not executed");
	end_calmly("fails");
}

int main(void)
{
	unsigned before = descriptors();
	learns();
	asks_again();
	fails();
	is_int(descriptors(), before, "no descriptor is left");
	return done();
}
