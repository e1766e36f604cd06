/* What a server may do to a client that logs in with a password, a name and a database. */
#ifndef TESTS_REDIS_HOSTILE_LOGINS_H
#define TESTS_REDIS_HOSTILE_LOGINS_H

#include "integration/redis_hostile_rows.h"

#define LOGIN(name_, wrong_, want_, ...)                                                       \
	{                                                                                      \
		.name = name_, .wrong = wrong_, .want = want_, .says = "+new\r\n", __VA_ARGS__ \
	}
#define INFO(mode)                                                                        \
	"%7\r\n+server\r\n+redis\r\n+version\r\n+7.0.15\r\n+proto\r\n:3\r\n+id\r\n:5\r\n" \
	"+mode\r\n+" mode "\r\n+role\r\n+master\r\n+modules\r\n*0\r\n"
/*
 * [want]: what [down] has in its words; without it, the login holds. [rc]: it held, and then the
 * connection was lost.
 */
static const struct hostile logins[] = {
	LOGIN("all that Redis 7 tells", INFO("standalone"), ""),
	LOGIN("a cluster's node", INFO("cluster"), ""),
	LOGIN("an empty map", "%0\r\n", ""),
	LOGIN("an array instead of a map", "*2\r\n+server\r\n+redis\r\n", ""),
	LOGIN("a streamed map", "%?\r\n+server\r\n+redis\r\n.\r\n", ""),
	LOGIN("an attribute and a map", "|1\r\n+a\r\n+b\r\n" HOSTILE_WELCOME, ""),
	LOGIN("a push and a map", ">1\r\n+hi\r\n" HOSTILE_WELCOME, "", .pushes = 1),
	LOGIN("RESP2 alone", HOSTILE_OLD, ""),
	LOGIN("RESP2 alone, in other words",
	      "-ERR unknown command `HELLO`, with args beginning with: "
	      "`3`, `AUTH`, `default`, `secret`, \r\n",
	      ""),
	LOGIN("a proxy without RESP3", "-NOPROTO unsupported protocol version\r\n", ""),
	LOGIN("a text", "+OK\r\n", "unexpected answer"),
	LOGIN("a number", ":3\r\n", "unexpected answer"),
	LOGIN("a null", "_\r\n", "unexpected answer"),
	LOGIN("a set", "~1\r\n+a\r\n", "unexpected answer"),
	LOGIN("a bulk", "$2\r\nOK\r\n", "unexpected answer"),
	LOGIN("garbage", "what\r\n", "unknown type byte"),
	LOGIN("a map that is garbage inside", "%1\r\n+server\r\nwhat\r\n", "unknown type byte"),
	LOGIN("a map of 2^32", "%4294967296\r\n", "above a limit"),
	LOGIN("a map too deep", TEN("%1\r\n+k\r\n") TEN("%1\r\n+k\r\n"), "too deep"),
	LOGIN("an answer of HTTP", "HTTP/1.1 400 Bad Request\r\n\r\n", "unknown type byte"),
	LOGIN("a bare LF", "-ERR no\n", "CRLF"),
	LOGIN("answers to more than was asked",
	      HOSTILE_WELCOME "+OK\r\n+OK\r\n+OK\r\n+OK\r\n+OK\r\n", "reply without a request",
	      .rc = RESP_EUNASKED),
	LOGIN("an endless line", endless, "above a limit"),
	LOGIN("WRONGPASS", "-WRONGPASS invalid username-password pair\r\n", "WRONGPASS"),
	LOGIN("WRONGPASS as a blob", "!13\r\nWRONGPASS bad\r\n", "WRONGPASS"),
	LOGIN("NOAUTH", "-NOAUTH HELLO must be called with the client already authenticated\r\n",
	      "NOAUTH"),
	LOGIN("NOPERM", "-NOPERM this user has no permissions to run the 'hello' command\r\n",
	      "NOPERM"),
	LOGIN("LOADING", "-LOADING Redis is loading the dataset in memory\r\n", "LOADING"),
	LOGIN("MASTERDOWN", "-MASTERDOWN Link with MASTER is down\r\n", "MASTERDOWN"),
	LOGIN("BUSY", "-BUSY Redis is busy running a script\r\n", "BUSY"),
	LOGIN("an error without a class", "-no\r\n", "no"),
	LOGIN("an error without words", "-\r\n", "login failed"),
	LOGIN("too many clients", "-ERR max number of clients reached\r\n", "max number of clients",
	      .end = CLOSES),
	LOGIN("protected mode", "-DENIED Redis is running in protected mode\r\n", "DENIED",
	      .end = CLOSES),
	LOGIN("an echo of the password", "-ERR wrong: secret\r\n", "ERR"),
	LOGIN("an end", "", "closed the connection", .end = CLOSES),
	LOGIN("a reset", "", "reset", .end = RESETS),
	LOGIN("half an answer and an end", "%1\r\n$6\r\nser", "closed the connection",
	      .end = CLOSES),
	LOGIN("silence", "", "deadline", .hurried = true),
	LOGIN("half an answer and silence", "%1\r\n$6\r\nser", "deadline", .hurried = true),
	LOGIN("a byte now and then", "%1\r\n$6\r\nserver\r\n$5\r\nredis\r\n", "deadline",
	      .hurried = true, .way = DRIPS),
	LOGIN("a flood of pushes", ">1\r\n+hi\r\n", "deadline", .hurried = true, .way = FLOODS),
	LOGIN("a flood of attributes", "|1\r\n+a\r\n+b\r\n", "deadline", .hurried = true,
	      .way = FLOODS),
	LOGIN("no such database", "-ERR DB index is out of range\r\n", "out of range",
	      .to = "SELECT"),
	LOGIN("SELECT in a cluster", "-ERR SELECT is not allowed in cluster mode\r\n",
	      "SELECT is not allowed", .to = "SELECT"),
	LOGIN("SELECT without permission",
	      "-NOPERM this user has no permissions to run the 'select' command\r\n", "NOPERM",
	      .to = "SELECT"),
	LOGIN("SELECT answered by a number", ":1\r\n", "unexpected answer", .to = "SELECT"),
	LOGIN("SELECT answered by a map", HOSTILE_WELCOME, "unexpected answer", .to = "SELECT"),
	LOGIN("SELECT not answered", "", "deadline", .to = "SELECT", .hurried = true),
	LOGIN("SELECT answered by garbage", "\r\n", "unknown type byte", .to = "SELECT"),
	LOGIN("an end at SELECT", "", "closed the connection", .to = "SELECT", .end = CLOSES),
	LOGIN("a wrong password, by RESP2", "-WRONGPASS invalid username-password pair\r\n",
	      "WRONGPASS", .to = "AUTH", .old = true),
	LOGIN("an invalid password, by RESP2", "-ERR invalid password\r\n", "invalid password",
	      .to = "AUTH", .old = true),
	LOGIN("no password wanted, by RESP2", "-ERR Client sent AUTH, but no password is set\r\n",
	      "no password is set", .to = "AUTH", .old = true),
	LOGIN("AUTH answered by a number", ":1\r\n", "unexpected answer", .to = "AUTH",
	      .old = true),
	LOGIN("AUTH not answered", "", "deadline", .to = "AUTH", .old = true, .hurried = true),
	LOGIN("CLIENT unknown", "-ERR unknown command 'CLIENT'\r\n", "", .to = "CLIENT",
	      .old = true),
	LOGIN("CLIENT without permission",
	      "-NOPERM this user has no permissions to run the 'client' command\r\n", "",
	      .to = "CLIENT", .old = true),
	LOGIN("CLIENT answered by garbage", "what", "unknown type byte", .to = "CLIENT",
	      .old = true),
};

#endif
