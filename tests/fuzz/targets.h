/*
 * Every fuzz target, TARGET(name, mutations): fuzz_NAME.c with its corpus in corpus/NAME/, and how
 * many damaged copies of each file of it the replay runs, fewer where a run costs more.
 */
TARGET(http_request, 30)
TARGET(http_response, 30)
TARGET(http_body, 60)
TARGET(http_path, 200)
TARGET(http_date, 200)
TARGET(http_range, 100)
TARGET(http_cond, 60)
TARGET(http_accept, 100)
TARGET(http_conn, 20)
TARGET(resp, 30)
TARGET(resp_session, 60)
TARGET(pgwire, 60)
TARGET(pgwire_session, 60)
TARGET(json, 60)
TARGET(url, 100)
TARGET(dns, 60)
TARGET(resolv_conf, 30)
TARGET(config, 20)
TARGET(routes, 100)
