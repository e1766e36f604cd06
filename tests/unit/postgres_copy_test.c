/* COPY with a server that does not play along; its data and formats are tested with a real one. */
#include "unit/postgres_client.h"

#include "drivers/postgres_copy.h"
#include "drivers/postgres_query.h"

static struct postgres_copy copy;
static size_t rows_put, most;

static void more(struct postgres_copy *c)
{
	note("more;");
	while (rows_put < most && postgres_copy_put(c, SPAN("row\n")) == 0)
		rows_put++;
	if (rows_put == most)
		postgres_copy_end(c);
}

static void data(struct postgres_copy *c, struct span bytes, bool cut)
{
	(void)c;
	note("data %.*s%s;", (int)bytes.n, (const char *)bytes.p, cut ? "..." : "");
}

static void copied(struct postgres_copy *c, int rc)
{
	note("done=%s %u;", postgres_word(rc), (unsigned)c->rows);
}

static void begin_copy(bool in)
{
	begin_ready();
	copy = (struct postgres_copy){.more = more, .data = data, .done = copied};
	rows_put = 0;
	most = 2;
	is_int((in ? postgres_copy_from : postgres_copy_to)(&client, &copy, 5000, SPAN("COPY")), 0,
	       "asked");
	pg_heard(false, "Q", "as a simple query");
}

/* CopyInResponse, CopyOutResponse, CopyBothResponse: text, one column. */
static void say_copy(char letter)
{
	uint8_t bytes[] = {(uint8_t)letter, 0, 0, 0, 9, 0, 0, 1, 0, 0};
	peer_says(&peer, span_of(bytes, sizeof bytes));
}

static void say_data(const char *text)
{
	uint8_t buf[64];
	struct out o = out_init(buf, sizeof buf);
	out_byte(&o, 'd');
	out_be32(&o, (uint32_t)strlen(text) + 4);
	out_str(&o, text);
	peer_says(&peer, out_span_of(&o));
}

static void goes_in(void)
{
	begin_copy(true);
	say_copy('G');
	pg_heard(false, "ddc", "two rows and their end");
	pg_say("CZ");
	UNTIL(noted_has("done"));
	noted_is("more;done=ok 1;", "copied");
	is_int(postgres_copy_put(&copy, SPAN("x")), POSTGRES_EDOWN, "then it is not open");
	is_int(postgres_copy_end(&copy), POSTGRES_EDOWN, "nor to be ended");
	is_int(postgres_copy_fail(&copy, SPAN("x")), POSTGRES_EDOWN, "nor given up");
	ask('z');
	hear_runs(1);
	pg_say(ROW);
	UNTIL(noted_has("z="));
	noted_is("z 7;z=ok;", "and the next request is one again");
	end_calmly("in");
}

static void is_refused(void)
{
	begin_copy(true);
	most = 1000000;
	config.link.out_max = 1 << 20;
	pg_say("EZ");
	UNTIL(noted_has("done"));
	noted_is("done=failed 0;", "before it begins");
	end_calmly("refused");

	begin_copy(true);
	most = SIZE_MAX;
	say_copy('G');
	UNTIL(noted_has("more"));
	UNTIL(rows_put > 0 && net_pending(&client.link.conn) > 0);
	pg_say("E");
	peer_forget(&peer);
	/* Everything that was on its way is passed over. */
	UNTIL((peer_forget(&peer), peer_recv(&peer), net_pending(&client.link.conn) == 0));
	pg_say("Z");
	UNTIL(noted_has("done"));
	ok(noted_has("done=failed 0;") && !noted_has("lost"), "in the middle");
	is_int(postgres_copy_put(&copy, SPAN("x")), POSTGRES_EDOWN, "then it is not open");
	end_calmly("refused in the middle");
}

static void stops_at_the_bound(void)
{
	static uint8_t big[1 << 20];
	begin_copy(true);
	most = SIZE_MAX;
	say_copy('G');
	UNTIL(noted_has("more"));
	is_int(postgres_copy_put(&copy, span_of(big, sizeof big)), POSTGRES_EREQUEST,
	       "a piece that will never fit");
	int rc = 0;
	for (int i = 0; i < 3 && rc == 0; i++)
		rc = postgres_copy_put(&copy, span_of(big, 500000));
	is_int(rc, POSTGRES_EFULL, "some that may");
	size_t before = rows_put;
	ok(net_pending(&client.link.conn) <= 1 << 20, "%zu rows in a bounded buffer", rows_put);
	UNTIL((peer_forget(&peer), peer_recv(&peer), rows_put > before));
	ok(true, "and more when they are sent");
	peer_reset(&peer);
	UNTIL(noted_has("down"));
	ok(noted_has("done=lost 0;"), "lost in the middle");
	is_well_again("bound");
}

static void goes_out(void)
{
	begin_copy(false);
	say_copy('H');
	say_data("one");
	say_data("two");
	pg_say("cCZ");
	UNTIL(noted_has("done"));
	noted_is("data one;data two;done=ok 1;", "copied");
	end_calmly("out");

	begin_copy(false);
	say_copy('H');
	say_data("one");
	pg_say("EZ");
	UNTIL(noted_has("done"));
	noted_is("data one;done=failed 0;", "an error in the middle");
	end_calmly("out, failed");

	begin_copy(false);
	say_copy('H');
	say_data("one");
	pg_say("Z");
	UNTIL(noted_has("down"));
	noted_is("data one;done=broken 0;down(a message that may not come now);",
		 "an end that is none");
	is_well_again("out, broken");
}

/* Nobody asked for it. */
static void is_not_wanted(void)
{
	begin_copy(false);
	say_copy('G');
	UNTIL(pg_has(false, 1));
	ok(pg_got(false)[0] == 'f', "refused with CopyFail");
	peer_forget(&peer);
	pg_say("EZ");
	UNTIL(noted_has("done"));
	noted_is("done=failed 0;", "and failed");
	end_calmly("not wanted");

	begin_copy(true);
	say_copy('W');
	UNTIL(noted_has("down"));
	ok(noted_has("done=broken"), "COPY both ways is not spoken: %s", notes);
	is_well_again("both");
}

static void gives_up(void)
{
	begin_copy(true);
	copy.more = NULL;
	say_copy('G');
	UNTIL(copy.open);
	is_int(postgres_copy_fail(&copy, span_of("a\0b", 3)), 0, "given up");
	UNTIL(pg_has(false, 1));
	is_str(pg_got(false), "f", "with CopyFail");
	peer_forget(&peer);
	pg_say("EZ");
	UNTIL(noted_has("done"));
	noted_is("done=failed 0;", "that is what the server makes of it");
	end_calmly("given up");
}

int main(void)
{
	unsigned before = descriptors();
	goes_in();
	is_refused();
	stops_at_the_bound();
	goes_out();
	is_not_wanted();
	gives_up();
	is_int(descriptors(), before, "no descriptor is left");
	return done();
}
