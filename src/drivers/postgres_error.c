#include "drivers/postgres.h"

const char *postgres_strerror(int rc)
{
	switch (rc) {
	case POSTGRES_EDOWN:
		return "not connected: not sent";
	case POSTGRES_EFULL:
		return "too much is in flight: not sent";
	case POSTGRES_ELOST:
		return "the connection was lost: perhaps executed";
	case POSTGRES_ELATE:
		return "no answer before the deadline: perhaps executed";
	case POSTGRES_EFAILED:
		return "the server refused it";
	case POSTGRES_EUNSENT:
		return "the connection was lost before it was sent";
	case POSTGRES_EPROTO:
		return "the server broke the protocol: perhaps executed";
	case POSTGRES_EREQUEST:
		return "a request that the protocol cannot say: not sent";
	case POSTGRES_ETARGET:
		return "a connection string that cannot be followed";
	default:
		return rc <= NET_ENONAME ? net_strerror(rc) : pgwire_strerror(rc);
	}
}

bool postgres_is_unsent(int rc)
{
	return rc == POSTGRES_EDOWN || rc == POSTGRES_EFULL || rc == POSTGRES_EUNSENT ||
	       rc == POSTGRES_EREQUEST;
}
